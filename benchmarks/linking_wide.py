"""Proposals over many tables: a made-up company whose keys are consecutive numbers that all overlap, as in an ERP system.

Sizes are ``BIFROST_BENCH_TABLES`` (tables, ``300`` or ``100,300,1000``). Each run has a process of its own, so that its peak
memory is its own. Keys and references are stripped; the truth is what the generator made.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.linking_references import inclusion_and_names
from benchmarks.report import Report, f1_score
from bifrost.catalog import Progress
from bifrost.links import Column, LinkKind
from linking.linker import BifrostLinker
from linking.memory import MemoryData

AREAS = (
    "sales", "stock", "plant", "fleet", "staff", "bank", "asset", "tax", "mail", "audit", "quality", "travel", "lab", "press",
    "export", "repair", "energy", "safety", "legal", "school",
)  # fmt: skip
THINGS = (
    "order", "item", "contract", "visit", "machine", "batch", "report", "request", "permit", "room", "shift", "tool",
    "payment", "route", "sample", "notice", "claim", "budget", "course", "device",
)  # fmt: skip
HUBS = ("customer", "product", "employee", "site")
"""Tables of the whole company that many others refer to."""
STATES = ("open", "closed", "draft", "void")
_PER_AREA = 15


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the figures of all sizes. ``data`` is not read."""
    for size in map(int, os.environ.get("BIFROST_BENCH_TABLES", "100,300").split(",")):
        command = [sys.executable, "-m", "benchmarks.linking_wide", str(size), str(seed)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        baseline = figures.pop("baseline_f1")
        for name, value in figures.items():
            compared = (baseline, "all values contained, best-named column") if name == "f1" else (None, "")
            report.add(f"wide.{size}.{name}", value, baseline=compared[0], note=compared[1])


def company(size: int, seed: int) -> tuple[MemoryData, set[tuple[str, ...]]]:
    """So many tables, and which column refers to which."""
    generator = np.random.default_rng(seed)
    made: dict[str, int] = {}
    truth: set[tuple[str, ...]] = set()
    data = MemoryData()
    for hub in HUBS[:size]:
        made[hub] = int(generator.integers(300, 2_000))
        data.add_rows("erp", hub, _rows(hub, made[hub], {}, generator))
    while len(made) < size:
        number = len(made) - len(HUBS)
        area, thing = number // _PER_AREA, THINGS[(number % _PER_AREA + number // _PER_AREA) % len(THINGS)]
        where = AREAS[area % len(AREAS)] + ("" if area < len(AREAS) else str(area // len(AREAS) + 1))
        name = f"{where}_{thing}"
        near = [other for other in made if other.startswith(f"{where}_")]
        parents = set(generator.choice(near, min(len(near), int(generator.integers(0, 3))), replace=False).tolist())
        parents |= set(generator.choice(HUBS, int(generator.integers(0, 3)), replace=False).tolist())
        made[name] = int(np.exp(generator.uniform(np.log(30), np.log(2_000))))
        columns = {f"{parent.removeprefix(where + '_')}_id": parent for parent in sorted(parents)}
        truth |= {(str(_side(name, column)), str(_side(parent, "id"))) for column, parent in columns.items()}
        data.add_rows("erp", name, _rows(thing, made[name], {c: made[p] for c, p in columns.items()}, generator))
    return data, truth


def _side(table: str, column: str) -> Column:
    return Column("erp", table, (column,))


def _rows(thing: str, count: int, references: dict[str, int], generator: np.random.Generator) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {
        "id": list(range(1, count + 1)),
        "name": [f"{thing} {''.join(generator.choice(list('aeioulmnrst'), 6))}" for _ in range(count)],
        "state": generator.choice(STATES, count).tolist(),
        "amount": generator.gamma(2, 50, count).round(2).tolist(),
        "made_on": [
            f"20{y:02d}-{m:02d}-{d:02d}" for y, m, d in generator.integers(1, (25, 13, 29), (count, 3)).tolist()
        ],
        "quantity": generator.integers(1, 40, count).tolist(),
    }
    for column, heads in references.items():
        columns[column] = generator.integers(1, heads + 1, count).tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def measure(size: int, seed: int) -> dict[str, float]:
    """Proposes once without an answer, then once more with nothing changed."""
    data, truth = company(size, seed)
    linker = BifrostLinker()
    before = time.perf_counter(), time.process_time()
    found = linker.propose(data, (), (), _told)
    figures = {"seconds": time.perf_counter() - before[0], "cpu_seconds": time.process_time() - before[1]}
    again = time.perf_counter()
    linker.propose(data, (), (), _told)
    figures["again_seconds"] = time.perf_counter() - again
    linker.close()
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    likely = [t for t in found if t.kind is LinkKind.REFERENCE and t.probability >= 0.5]
    figures["f1"] = f1_score({(str(t.tail), str(t.head)) for t in likely}, truth)[2]
    figures["baseline_f1"] = f1_score(inclusion_and_names(data), truth)[2]
    return figures | {"proposals": len(found)}


def _told(progress: Progress) -> None:
    print(f"{time.perf_counter():9.1f} {progress.message}", file=sys.stderr)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
