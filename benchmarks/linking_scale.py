"""Record matching at scale: made-up people, half of them in both tables, with errors.

Sizes are ``BIFROST_BENCH_SCALE`` (records per table, ``100000`` or ``100000,1000000``). Each run has a process of its own, so that
its peak memory is its own; ``BIFROST_BENCH_SPLINK=0`` leaves Splink out.

``python -m benchmarks.linking_scale blocking 100000 0`` compares ways of blocking, ``identical`` instead of ``blocking`` matches
two tables of which half of the records are the same, letter by letter.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks.report import Report
from linking.records.adapt import Answers
from linking.records.alignment import records_of
from linking.records.blocking import union
from linking.records.candidates import find_candidates
from linking.records.compare import Comparer
from linking.records.matching import Matching, match_records, rematch_records
from linking.records.options import MatchOptions
from linking.records.sync import change_between

SYLLABLES = [
    "an",
    "ber",
    "cor",
    "da",
    "el",
    "fi",
    "gon",
    "ha",
    "is",
    "ju",
    "kor",
    "la",
    "mi",
    "nor",
    "ol",
    "pe",
    "ra",
    "sen",
]
CHANGED = 1_000
ANSWERS = 100
RULES = (
    ("phone",), ("surname", "born"), ("given", "born"), ("street", "given"), ("street", "surname"),
    ("given", "surname", "city"),
)  # fmt: skip
"""What Splink blocks by: equal values, as its tutorials do for people."""


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the figures of all sizes. ``data`` is not read."""
    sizes = [int(size) for size in os.environ.get("BIFROST_BENCH_SCALE", "100000").split(",")]
    with_splink = os.environ.get("BIFROST_BENCH_SPLINK", "1") == "1"
    for size in sizes:
        own = _measured("bifrost", size, seed)
        peer = _measured("splink", size, seed) if with_splink else {}
        for name, value in own.items():
            report.add(f"scale.{size}.{name}", value, baseline=peer.get(name), note="Splink 4" if name in peer else "")


def _measured(system: str, size: int, seed: int) -> dict[str, float]:
    """The figures of one run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.linking_scale", system, str(size), str(seed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_bifrost(size: int, seed: int) -> dict[str, float]:
    """Matches two tables of ``size`` people that share half of them, then a sync of a thousand changed records."""
    left, right = tables(size, seed)
    clock = _Clock()
    records = records_of(left, right)
    matching = match_records(records)
    figures = clock.figures()
    shared = size // 2
    true = matching.pairs.left - (size - shared) == matching.pairs.right
    figures |= _quality(int((true & matching.accepted).sum()), int(matching.accepted.sum()), shared)
    figures["blocking_recall"] = float(true.sum()) / shared
    figures["candidates"] = len(matching.pairs)
    figures["reduction_ratio"] = matching.reduction_ratio
    print({n: round(s) for n, s in matching.seconds.items()}, file=sys.stderr)
    figures["answers_seconds"] = _answered(matching, true, seed)
    after = _synced(left, seed), _synced(right, seed + 1)
    clock = _Clock()
    fresh = records_of(*after)
    change = change_between(records, fresh)
    assert change is not None
    again = rematch_records(matching, fresh, change)
    figures["sync_seconds"], figures["sync_cpu_seconds"] = clock.figures()["seconds"], clock.figures()["cpu_seconds"]
    figures["sync_differs"] = (
        len(_merged(again) ^ _merged(match_records(fresh, like=matching))) if size <= 100_000 else -1
    )
    return figures


def run_blocking(size: int, seed: int) -> dict[str, float]:
    """The share of true pairs among candidates, and what finding them costs, by 3-grams and by runs of five bytes."""
    records = records_of(*tables(size, seed))
    figures: dict[str, float] = {}
    for name, fragments, budgets in (("grams", False, (5e3, 1e3)), ("fragments", True, (1e3, 5e2))):
        comparer = Comparer(records, fragments=fragments)
        for budget in budgets:
            options = MatchOptions(budget_per_record=budget, large_budget_per_record=budget)
            clock = _Clock()
            found = find_candidates(comparer, options)
            figures[f"{name}_{budget:.0f}_cpu_seconds"] = clock.figures()["cpu_seconds"]
            of_left, of_right = found.lists[0]
            nearest = union([of_left.pairs(), of_right.pairs()[::-1]], size, dirty=False)
            for what, pairs in (("nearest", nearest), ("found", found.found), ("kept", found.pairs)):
                true = pairs.left - (size - size // 2) == pairs.right
                figures[f"{name}_{budget:.0f}_{what}_recall"] = float(true.sum()) / (size // 2)
            figures[f"{name}_{budget:.0f}_found"] = len(found.found)
    return figures


def run_identical(size: int, seed: int) -> dict[str, float]:
    """Matches two tables of ``size`` people, half of whom are in both without any error."""
    shared = size // 2
    columns = _people(size + (size - shared), np.random.default_rng(seed))
    left = _table({n: v[:size] for n, v in columns.items()}, "l")
    right = _table({n: v[size - shared :] for n, v in columns.items()}, "r")
    clock = _Clock()
    matching = match_records(records_of(left, right))
    figures = clock.figures()
    true = matching.pairs.left - (size - shared) == matching.pairs.right
    return figures | _quality(int((true & matching.accepted).sum()), int(matching.accepted.sum()), shared)


def _answered(matching: Matching, true: NDArray[np.bool_], seed: int) -> float:
    """Seconds to learn from a hundred answers about random pairs, half of them merged ones."""
    generator = np.random.default_rng(seed)
    merged = generator.choice(np.flatnonzero(matching.accepted), ANSWERS // 2, replace=False)
    position = np.unique(np.append(merged, generator.integers(0, len(true), ANSWERS // 2)))
    clock = time.perf_counter()
    answers = Answers(matching.pairs.take(position), true[position])
    match_records(matching.records, matching.options, answers=answers, prepared=matching.blocked)
    return time.perf_counter() - clock


def _synced(table: pa.Table, seed: int) -> pa.Table:
    """The table after half of CHANGED records got another street: so many of both tables change as CHANGED says."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(table.num_rows, min(CHANGED // 2, table.num_rows), replace=False)
    street = table["street"].combine_chunks()
    moved = np.zeros(table.num_rows, bool)
    moved[rows] = True
    other = street.take(pa.array(generator.integers(0, table.num_rows, table.num_rows)))
    at = table.schema.get_field_index("street")
    return table.set_column(at, "street", pc.if_else(pa.array(moved), other, street))


def _merged(matching: Matching) -> set[tuple[int, int]]:
    pairs = matching.pairs.take(matching.accepted)
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def run_splink(size: int, seed: int) -> dict[str, float]:
    """The same tables with Splink 4: its tutorial's set-up for people, trained by expectation maximisation, unique mapping."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    left, right = (t.rename_columns(["unique_id", *t.column_names[1:]]) for t in tables(size, seed))
    clock = _Clock()
    frames = [t.set_column(0, "unique_id", pa.array(range(size))).to_pandas().replace("", None) for t in (left, right)]
    names = [
        cl.JaroWinklerAtThresholds(n, [0.92, 0.8]).configure(term_frequency_adjustments=True)
        for n in ("given", "surname")
    ]
    names.append(cl.JaroWinklerAtThresholds("street", [0.92, 0.8]))
    names.append(cl.ExactMatch("city").configure(term_frequency_adjustments=True))
    codes = [cl.DamerauLevenshteinAtThresholds(n, [1, 2]) for n in ("born", "phone")]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[*names, *codes],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in RULES],
        probability_two_random_records_match=0.5 / size,
    )
    linker = Linker(frames, settings, DuckDBAPI())
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (("phone",), ("surname", "born")):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    best = found.sort_values("match_weight", ascending=False)
    best = best[~best["unique_id_l"].duplicated() & ~best["unique_id_r"].duplicated()]
    figures = clock.figures()
    shared = size // 2
    hits = int((best["unique_id_l"].astype(int) - (size - shared) == best["unique_id_r"].astype(int)).sum())
    return figures | _quality(hits, len(best), shared)


def _quality(hits: int, found: int, true: int) -> dict[str, float]:
    return {"precision": hits / max(found, 1), "recall": hits / true, "f1": 2 * hits / max(found + true, 1)}


class _Clock:
    """Wall and processor seconds from its making, and the peak memory of the process."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def figures(self) -> dict[str, float]:
        return {
            "seconds": time.perf_counter() - self._start[0],
            "cpu_seconds": time.process_time() - self._start[1],
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def tables(size: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """The right table holds the second half of the left one, misspelt, and as many strangers."""
    generator = np.random.default_rng(seed)
    shared = size // 2
    columns = _people(size + (size - shared), generator)
    left = {n: v[:size] for n, v in columns.items()}
    right = {n: _errors(v[size - shared :], generator) for n, v in columns.items()}
    return _table(left, "l"), _table(right, "r")


def _people(count: int, generator: np.random.Generator) -> dict[str, list[str]]:
    def words(parts: int, kinds: int) -> list[str]:
        pool = ["".join(generator.choice(SYLLABLES, parts)) for _ in range(kinds)]
        # Names are as unevenly spread as in life.
        index = np.minimum((generator.pareto(1.0, count) * kinds / 20).astype(int), kinds - 1)
        return [pool[x] for x in index.tolist()]

    first, last, street, city = words(2, 800), words(3, 20_000), words(4, 40_000), words(3, 2_000)
    number, year, month, day = (generator.integers(a, b, count) for a, b in ((1, 200), (1930, 2010), (1, 13), (1, 29)))
    return {
        "given": first,
        "surname": last,
        "street": [f"{s} street {n}" for s, n in zip(street, number.tolist(), strict=True)],
        "city": city,
        "born": [f"{y}-{m:02d}-{d:02d}" for y, m, d in zip(year.tolist(), month.tolist(), day.tolist(), strict=True)],
        "phone": [str(x) for x in generator.integers(10**8, 10**9, count).tolist()],
    }


def _errors(values: list[str], generator: np.random.Generator) -> list[str]:
    made = list(values)
    chance: NDArray[np.float64] = generator.random(len(values))
    for k in np.flatnonzero(chance < 0.2).tolist():
        at = int(generator.integers(0, len(made[k]) - 1))
        made[k] = made[k][:at] + made[k][at + 1] + made[k][at] + made[k][at + 2 :]
    for k in np.flatnonzero(chance > 0.9).tolist():
        made[k] = ""
    return made


def _table(columns: dict[str, list[str]], prefix: str) -> pa.Table:
    size = len(next(iter(columns.values())))
    uids = pa.array([f"{prefix}/{k}" for k in range(size)], pa.string())
    return pa.table({"_uid": uids, **{n: pa.array(v, pa.string()) for n, v in columns.items()}})


if __name__ == "__main__":
    runs = {"bifrost": run_bifrost, "splink": run_splink, "blocking": run_blocking, "identical": run_identical}
    print(json.dumps(runs[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))))
