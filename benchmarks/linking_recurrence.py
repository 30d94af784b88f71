"""Whether things recur: two tables in which a thing is once, or several times in one of them or in both.

The tasks are made up (of seeds that nothing was trained on; at most two fields, or more) and disturbed copies of the public pairs
of tables, some of whose records are repeated, each time worsened anew, and the same with repeated records in the right table
alone (scored by a prior that never saw the set or its relatives). What the data decides is compared with counting a record's
likely partners, whatever these are (the baseline), and in the notes with presuming that a thing is once in every table and with
the best of the four possible decisions, which needs the truth.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.linking_entities import COPIES, TRAINED_ON, score, without
from benchmarks.report import Report
from linking.records.made_up import made_up
from linking.records.matching import match_records
from linking.records.options import MatchOptions
from linking.records.prepared import Prepared, prepare
from linking.records.prior import FEW_FIELDS, Prior, load_prior
from linking.records.training import Labelled, disturb, read_labelled, tasks_of, worsen

FIRST_SEED, MADE_UP, MADE_UP_MANY, DISTURBED = 1_000, 260, 120, 16
LEAST_RECORDS = 10
DECISIONS = ((True, True), (True, False), (False, True), (False, False))
REPEATS, WRONG = (0.05, 0.2, 0.5), (0.1, 0.3)
"""Shares of right records with another copy, and of values with an error; half as many are gone."""
LIKELY, REPEATED = 2.5, 0.15
"""Log odds and share of the baseline."""


def run(report: Report, seed: int, data: Path) -> None:
    """Adds mean F1 per kind of task."""
    figures: dict[str, list[tuple[float, ...]]] = {}
    for kind, task, prior in (*_made_up(seed), *_public(seed, data)):
        if not task.records.dirty and min(task.records.shape) >= LEAST_RECORDS:
            size = "few" if len(task.records.fields) <= FEW_FIELDS else "many"
            figures.setdefault(f"recurrence.{kind}.{size}.f1", []).append(_figures(task, prior))
    for key, rows in figures.items():
        served, counted, unique, best = np.mean(rows, axis=0).tolist()
        note = f"{len(rows)} tasks; counting partners; always once {unique:.3f}, best decision {best:.3f}"
        report.add(key, served, baseline=counted, note=note)


def _figures(task: Labelled, prior: Prior) -> tuple[float, ...]:
    """F1 as served, by the baseline, with things once, and by the best decision."""
    prepared = prepare(task.records, MatchOptions())
    found = {}
    for once in DECISIONS:
        matching = match_records(task.records, MatchOptions(once=once), prior=prior, prepared=prepared)
        found[once] = score(task, matching)[2]
    served = match_records(task.records, prior=prior, prepared=prepared).once
    return found[served], found[_counted(prepared, prior)], found[True, True], max(found.values())


def _counted(prepared: Prepared, prior: Prior) -> tuple[bool, bool]:
    likely = prepared.pairs.take(prior.log_odds(prepared) > LIKELY)
    partners = [np.unique(end, return_counts=True)[1] for end in (likely.left, likely.right)]
    left, right = (not len(p) or float((p > 1).mean()) <= REPEATED for p in partners)
    return left, right


def _made_up(seed: int) -> Iterator[tuple[str, Labelled, Prior]]:
    start = FIRST_SEED * (1 + seed)
    for count, fields in ((MADE_UP, FEW_FIELDS), (MADE_UP_MANY, 8)):
        for k in range(start, start + count):
            yield "made_up", made_up(k, fields), load_prior()


def _public(seed: int, data: Path) -> Iterator[tuple[str, Labelled, Prior]]:
    folders = sorted(p for p in (data / "entity_resolution").glob("*") if p.is_dir())
    labelled = [read_labelled(folder) for folder in folders]
    tasks = {x.name: tasks_of(x, COPIES) for x in labelled if x.name in TRAINED_ON}
    for source in labelled:
        prior = without(source.name, tasks) if source.name in TRAINED_ON else load_prior()
        generator = np.random.default_rng([seed, 7, *source.name.encode()])
        for task in (source, *(disturb(source, generator) for _ in range(DISTURBED))):
            yield "public", task, prior
        if not source.records.dirty:
            for repeat in REPEATS:
                for wrong in WRONG:
                    task = repeated(source, repeat, wrong, generator)
                    yield "copied", task, prior
                    yield "copied", of_fields(task, FEW_FIELDS, generator), prior


def repeated(source: Labelled, repeat: float, wrong: float, generator: np.random.Generator) -> Labelled:
    """The task with each right record as often as a geometric law says, and a share of all right values with an error or gone."""
    times = generator.geometric(1 - repeat, source.records.shape[1])
    rows = pa.array(np.repeat(np.arange(len(times)), times))
    fields = []
    for field in source.records.fields:
        right = worsen(field.right.take(rows).to_pylist(), wrong / 2, wrong, generator)
        fields.append(replace(field, right=right))
    uids = pa.array([str(k) for k in range(len(rows))])
    records = replace(source.records, right_uids=uids, fields=tuple(fields))
    return replace(source, records=records, right_entity=source.right_entity[rows.to_numpy()])


def of_fields(task: Labelled, count: int, generator: np.random.Generator) -> Labelled:
    """The task with so many of its fields."""
    chosen = np.sort(generator.permutation(len(task.records.fields))[:count]).tolist()
    return replace(task, records=replace(task.records, fields=tuple(task.records.fields[k] for k in chosen)))
