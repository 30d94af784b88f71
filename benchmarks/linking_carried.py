"""Answers carried to other projects: what a hundred answers about pairs of one task are worth for another one.

The made-up tasks of ``benchmarks/linking_answers.py``, twice (another project of the same kind has other people, words and
errors), and the folders of ``entity_resolution``. The constants of carrying were chosen on the made-up tasks of the seeds 0 to 2;
other seeds, and all folders, are unseen. ``one_worst`` and ``one_best`` are what a single other task changes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.linking_answers import papers, people, products, recurring
from benchmarks.linking_entities import ANSWERS, ROUND, score
from benchmarks.report import Report
from bifrost.links import PairLesson
from linking.records.adapt import Answers
from linking.records.blocking import Pairs
from linking.records.matching import Matching, match_records
from linking.records.questions import choose_rows
from linking.records.training import Labelled, read_labelled

__all__ = ["run"]

MADE = {"people": people, "products": products, "papers": papers, "recurring": recurring}
AGAIN = 1_000
"""What is added to the seed of the second project."""


def run(report: Report, seed: int, data: Path) -> None:
    """Per task F1 without answers and after 20 and 100, carried from all other tasks, beside the same without."""
    tasks = {
        f"{name}{project}": made(np.random.default_rng([seed + project * AGAIN, len(name)]))
        for project in (0, 1)
        for name, made in MADE.items()
    }
    folders = sorted(p for p in (data / "entity_resolution").glob("*") if p.is_dir())
    tasks |= {folder.name: read_labelled(folder) for folder in folders}
    matched = {name: match_records(task.records) for name, task in tasks.items()}
    alone = {name: _asked(task, matched[name]) for name, task in tasks.items()}
    lessons = {name: lesson for name, (_, lesson) in alone.items() if lesson is not None}
    changes = []
    for name, task in tasks.items():
        others = _others(name, lessons)
        carried, _ = _asked(task, matched[name], others)
        for count in (0, 20, ANSWERS):
            at = count // ROUND
            key = f"carried.{name}.f1" + (f"_at_{count}" if count else "")
            report.add(key, carried[at], baseline=alone[name][0][at], note="carried from all other tasks; not carried")
        changes.append(carried[0] - alone[name][0][0])
        single = [_asked(task, matched[name], (lesson,), 0)[0][0] - alone[name][0][0] for lesson in others]
        report.add(f"carried.{name}.one_worst", min(single), note="change of F1 by a single other task")
        report.add(f"carried.{name}.one_best", max(single), note="change of F1 by a single other task")
    report.add("carried.mean_change", float(np.mean(changes)), note="of F1 without an answer, over all tasks")
    report.add("carried.worst_change", min(changes), note="of F1 without an answer, over all tasks")


def _others(name: str, lessons: Mapping[str, PairLesson]) -> tuple[PairLesson, ...]:
    return tuple(lesson for other, lesson in lessons.items() if other != name)


def _asked(
    task: Labelled, matching: Matching, lessons: Sequence[PairLesson] = (), rounds: int = ANSWERS // ROUND
) -> tuple[list[float], PairLesson | None]:
    """F1 before and after each round of answers from the truth to the system's own questions, and what they teach."""
    left, right = np.zeros(0, np.int64), np.zeros(0, np.int64)
    values: list[float] = []
    current = matching
    for n in range(rounds + 1):
        answers = Answers(Pairs(left, right), task.left_entity[left] == task.right_entity[right], tuple(lessons))
        current = match_records(task.records, prepared=matching.blocked, answers=answers)
        values.append(score(task, current)[2])
        if n < rounds:
            k, _ = choose_rows(current, ROUND, answers)
            left, right = np.append(left, current.pairs.left[k]), np.append(right, current.pairs.right[k])
    return values, current.lesson
