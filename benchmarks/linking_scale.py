"""Record matching at scale: made-up people, half of them in both tables, with errors. ``BIFROST_BENCH_SCALE=100000``."""

import resource
import time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.report import Report
from linking.records import match_tables

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


def run_scale(report: Report, size: int, seed: int) -> None:
    """Matches two tables of ``size`` people that share half of them, then a sync of a thousand changed records."""
    left, right = tables(size, seed)
    clock = time.perf_counter()
    matching = match_tables(left, right)
    seconds = time.perf_counter() - clock
    k = matching.accepted
    shared = size // 2
    hits = int((matching.pairs.left[k] - (size - shared) == matching.pairs.right[k]).sum())
    key = f"entities.scale_{size}"
    report.add(f"{key}.f1", 2 * hits / max(int(k.sum()) + shared, 1))
    report.add(f"{key}.seconds", seconds, note=", ".join(f"{n} {s:.0f}" for n, s in matching.seconds.items()))
    report.add(f"{key}.peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    report.add(f"{key}.candidates", len(matching.pairs))
    clock = time.perf_counter()
    changed = [f"l/{x}" for x in range(min(CHANGED, size))]
    match_tables(left, right, only=changed)
    report.add(f"{key}.incremental_seconds", time.perf_counter() - clock, note=f"{len(changed):,} changed records")


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
