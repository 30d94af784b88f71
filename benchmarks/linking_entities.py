"""Record matching on every folder of ``entity_resolution``, each with a prior that never saw it or a relative of it.

For a folder that the shipped prior was trained on (``TRAINED_ON``) it is trained anew on all others; any other folder meets
the shipped prior, which never saw it (``f1``). ``f1_shipped`` is the shipped prior, whatever it saw.
Baselines of the same run: character 3-grams with unique mapping (average linkage inside one table), Splink 4, and
questions chosen at random. ``answers_saved`` is how many random answers do the work of one chosen by the system.
"""

import os
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report
from linking.records.adapt import Answers
from linking.records.blocking import Pairs
from linking.records.candidates import block
from linking.records.compare import Comparer
from linking.records.decide import cluster_records, unique_mapping
from linking.records.matching import Matching, match_records
from linking.records.options import MatchOptions
from linking.records.prior import Prior, load_prior
from linking.records.questions import choose_rows
from linking.records.training import Labelled, Task, read_labelled, tasks_of, train

BARS = {
    "abt_buy": (0.955, 0.965),
    "abt_buy_open": (0.89, 0.91),
    "dblp_acm": (0.987, 0.992),
    "restaurants": (0.87, None),
    "febrl4": (0.998, None),
    "fake_1000": (0.93, None),
    "cora": (0.87, None),
}
TRAINED_ON = frozenset({"abt_buy", "abt_buy_open", "cora", "dblp_acm", "fake_1000", "febrl4", "restaurants"})
ANSWERS = 100
ROUND = 10
DRAWS = 8
COPIES = 8


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the figures of all folders."""
    folders = sorted(p for p in (data / "entity_resolution").glob("*") if p.is_dir())
    labelled = [read_labelled(folder) for folder in folders]
    tasks = {x.name: tasks_of(x, COPIES) for x in labelled if x.name in TRAINED_ON}
    for task in labelled:
        _one(report, task, without(task.name, tasks) if task.name in TRAINED_ON else load_prior(), seed)


def _one(report: Report, task: Labelled, prior: Prior, seed: int) -> None:
    name = f"entities.{task.name}"
    bar = BARS.get(task.name, (None, None))
    clock = time.perf_counter()
    matching = match_records(task.records, prior=prior)
    seconds = time.perf_counter() - clock
    precision, recall, f1 = score(task, matching)
    low, high = interval(task, matching, seed)
    report.add(f"{name}.f1", f1, baseline=baseline(task), bar=bar[0], note=f"95% {low:.3f}-{high:.3f}; 3-grams")
    if os.environ.get("BIFROST_BENCH_SPLINK", "1") == "1":
        from benchmarks.linking_splink import splink_f1

        report.add(f"{name}.f1_over_splink", f1, baseline=splink_f1(task), note="Splink 4")
    seen = "trained on this, too" if task.name in TRAINED_ON else "never saw this"
    report.add(f"{name}.f1_shipped", score(task, match_records(task.records))[2], note=f"prior {seen}")
    report.add(
        f"{name}.precision", matching.precision()[0], baseline=precision, note="estimated; the true one beside it"
    )
    report.add(f"{name}.recall", matching.recall()[0], baseline=recall, note="estimated; the true one beside it")
    report.add(f"{name}.blocking_recall", _blocking_recall(task, matching), note="of the pairs that count")
    report.add(f"{name}.reduction_ratio", matching.reduction_ratio)
    report.add(f"{name}.seconds", seconds)
    report.add(f"{name}.peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    chosen = asked(task, matching, seed, prior=prior)
    best, spread = drawn(task, matching, seed, "best", prior=prior)
    any_pair, _ = drawn(task, matching, seed, "any", prior=prior)
    note = f"random, of each record's best: mean of {DRAWS} draws, standard deviation {spread:.3f}"
    report.add(f"{name}.f1_at_100", chosen[-1], baseline=best[-1], bar=bar[1], note=note)
    report.add(f"{name}.f1_at_20", chosen[20 // ROUND - 1], baseline=best[20 // ROUND - 1])
    report.add(f"{name}.answers_saved", saved(chosen, any_pair), note="against random candidates")
    report.add(f"{name}.answers_saved_of_best", saved(chosen, best), note="against random best candidates")


def saved(chosen: Sequence[float], random: Sequence[float]) -> float:
    """How many times fewer chosen answers reach the F1 of a hundred random ones."""
    enough = next((k for k, value in enumerate(chosen) if value >= random[-1]), len(chosen) - 1)
    return ANSWERS / ((enough + 1) * ROUND)


def score(task: Labelled, matching: Matching) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs: accepted pairs of two tables, all pairs inside clusters of one."""
    if task.records.dirty:
        label = matching.clusters()[0]
        found, hits = (
            inside(label),
            inside(np.unique(np.stack([label, task.left_entity]), axis=1, return_inverse=True)[1]),
        )
    else:
        accepted = matching.pairs.take(matching.accepted)
        found = len(accepted)
        hits = int((task.left_entity[accepted.left] == task.right_entity[accepted.right]).sum())
    precision, recall = hits / max(found, 1), hits / max(task.true_pairs, 1)
    return precision, recall, 2 * hits / max(found + task.true_pairs, 1)


def inside(label: NDArray[np.int64]) -> int:
    """Pairs of records that have the same label."""
    sizes = np.unique(np.ravel(label), return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def interval(task: Labelled, matching: Matching, seed: int, rounds: int = 200) -> tuple[float, float]:
    """A 95% bootstrap interval of F1 over left records (two tables) or true entities (one table)."""
    generator = np.random.default_rng(seed)
    if task.records.dirty:
        label = matching.clusters()[0]
        units, unit = np.unique(task.left_entity, return_inverse=True)
        found, hits, true = (np.zeros(len(units)) for _ in range(3))
        for k in range(len(label)):
            # A record's share in its pairs: half of those with each other record.
            same = label == label[k]
            mine = task.left_entity == task.left_entity[k]
            found[unit[k]] += (same.sum() - 1) / 2
            true[unit[k]] += (mine.sum() - 1) / 2
            hits[unit[k]] += ((same & mine).sum() - 1) / 2
    else:
        n = task.records.shape[0]
        accepted = matching.pairs.take(matching.accepted)
        found = np.bincount(accepted.left, minlength=n).astype(float)
        right = task.left_entity[accepted.left] == task.right_entity[accepted.right]
        hits = np.bincount(accepted.left[right], minlength=n).astype(float)
        entities, counts = np.unique(task.right_entity, return_counts=True)
        place = np.minimum(np.searchsorted(entities, task.left_entity), len(entities) - 1)
        true = np.where(entities[place] == task.left_entity, counts[place], 0).astype(float)
    values = []
    for _ in range(rounds):
        drawn = np.bincount(generator.integers(0, len(found), len(found)), minlength=len(found))
        values.append(2 * (drawn @ hits) / max(float(drawn @ (found + true)), 1.0))
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def baseline(task: Labelled) -> float:
    """Character 3-gram TF-IDF over all attributes, unique mapping from .3, or average linkage from .5 in one table."""
    comparer = Comparer(task.records)
    pairs = block(comparer, MatchOptions(neighbours=60 if task.records.dirty else 10))
    alike = comparer.overall(pairs)["grams"]
    if task.records.dirty:
        label = cluster_records(pairs, alike, task.records.shape[0], threshold=0.5)
        hits = inside(np.unique(np.stack([label, task.left_entity]), axis=1, return_inverse=True)[1])
        return 2 * hits / max(inside(label) + task.true_pairs, 1)
    chosen = pairs.take(unique_mapping(pairs, alike) & (alike >= 0.3))
    hits = int((task.left_entity[chosen.left] == task.right_entity[chosen.right]).sum())
    return 2 * hits / max(len(chosen) + task.true_pairs, 1)


def asked(
    task: Labelled,
    matching: Matching,
    seed: int | Sequence[int],
    *,
    random: str | None = None,
    prior: Prior | None = None,
) -> list[float]:
    """F1 after each round of ten answers from the truth, up to a hundred.

    ``random`` draws from any candidates, or from the ``best`` of each record: any other candidate is nearly always a
    plain no.
    """
    generator = np.random.default_rng(seed)
    left, right, same = (np.zeros(0, np.int64) for _ in range(3))
    current, values = matching, []
    answers: Answers | None = None
    for _ in range(ANSWERS // ROUND):
        if random is None:
            k, _ = choose_rows(current, ROUND, answers)
        else:
            k = generator.choice(_open(current, answers, best=random == "best"), ROUND, replace=False)
        left = np.append(left, current.pairs.left[k])
        right = np.append(right, current.pairs.right[k])
        same = task.left_entity[left] == task.right_entity[right]
        answers = Answers(Pairs(left, right), same)
        current = match_records(task.records, prepared=current.prepared, answers=answers, prior=prior)
        values.append(score(task, current)[2])
    return values


def drawn(
    task: Labelled, matching: Matching, seed: int, how: str, *, prior: Prior | None = None
) -> tuple[list[float], float]:
    """:func:`asked` at random, mean F1 after each round over :data:`DRAWS` draws, and how far they differ in the end.

    A single draw says little: whether it reaches a thousandth more makes two to ten times fewer answers out of the same.
    """
    curves = np.array([asked(task, matching, [seed, draw], random=how, prior=prior) for draw in range(DRAWS)])
    return curves.mean(axis=0).tolist(), float(curves[:, -1].std())


def _open(matching: Matching, answers: Answers | None, *, best: bool) -> NDArray[np.int64]:
    free = np.ones(len(matching.pairs), bool)
    if best:
        order = np.lexsort((-matching.log_odds, matching.pairs.left))
        left = matching.pairs.left[order]
        free[order[1:][left[1:] == left[:-1]]] = False
    if answers is not None:
        free[answers.locate(matching.pairs, matching.records.shape[1])[0]] = False
    return np.flatnonzero(free)


def _blocking_recall(task: Labelled, matching: Matching) -> float:
    """The share of true pairs among the candidates; in one table, of those that a chain of true candidates joins."""
    pairs = matching.pairs
    true = task.left_entity[pairs.left] == task.right_entity[pairs.right]
    if not task.records.dirty:
        return float(true.sum()) / max(task.true_pairs, 1)
    joined = replace(matching, accepted=true).clusters()[0]
    return inside(joined) / max(task.true_pairs, 1)


def without(name: str, tasks: Mapping[str, Sequence[Task]]) -> Prior:
    """The prior trained without a folder and its relatives."""

    return train([t for key, made in tasks.items() if not related(name, key) for t in made])


def related(name: str, other: str) -> bool:
    """Whether two data sets may hold the same records: their names begin alike, but for a number at the end."""
    a, b = name.rstrip("0123456789"), other.rstrip("0123456789")
    return a.startswith(b) or b.startswith(a)
