"""Names alone: the fifty tasks of AutoFJ (Li et al., SIGMOD 2021), names of things in two releases of DBpedia, one column each.

``BIFROST_NAMES`` is the folder ``autofj/benchmark`` of the Python package ``autofj``, which holds one folder per task with
``left.csv``, ``right.csv`` and ``gt.csv``. Of the tasks in alphabetical order every second one was looked at while constants
were chosen (dev); the others are the test. The shipped prior knows none of them. Means over the tasks; the baseline is
character 3-grams with unique mapping from .3.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as pa_csv

from benchmarks.linking_entities import asked, baseline, score
from benchmarks.report import Report
from linking.records.alignment import UID, records_of
from linking.records.matching import match_records
from linking.records.training import Labelled

VARIABLE = "BIFROST_NAMES"
FEWEST = 150
"""Records of the smaller table from which on answers are asked for."""
ROUNDS = 1_000


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the means of both halves. ``data`` is not used."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        report.add("names.tasks", 0, note=f"skipped: set {VARIABLE} to the folder autofj/benchmark")
        return
    tasks = list(_tasks(Path(folder)))
    for half, name in ((0, "dev"), (1, "test")):
        _half(report, f"names.{name}", tasks[half::2], seed)


def _half(report: Report, key: str, tasks: Sequence[Labelled], seed: int) -> None:
    figures, answered = [], []
    for task in tasks:
        matching = match_records(task.records)
        figures.append((*score(task, matching), baseline(task), matching.precision()[0]))
        if min(task.records.shape) >= FEWEST:
            curves = (asked(task, matching, seed, random=how)[-1] for how in (None, "best"))
            answered.append((figures[-1][2], *curves))
    precision, recall, f1, grams, estimated = np.mean(figures, axis=0).tolist()
    low, high = _interval(np.array([f[2] for f in figures]), seed)
    report.add(f"{key}.f1", f1, baseline=grams, note=f"95% {low:.3f}-{high:.3f} of {len(tasks)} tasks; 3-grams")
    report.add(f"{key}.precision", precision, note=f"{estimated:.3f} estimated")
    report.add(f"{key}.recall", recall)
    before, chosen, random = np.mean(answered, axis=0).tolist()
    note = f"random best; without answers {before:.3f}, {len(answered)} tasks"
    report.add(f"{key}.f1_at_100", chosen, baseline=random, note=note)


def _interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    drawn = np.random.default_rng(seed).choice(values, (ROUNDS, len(values))).mean(axis=1)
    return float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


def _tasks(folder: Path) -> Iterator[Labelled]:
    for path in sorted(p for p in folder.iterdir() if (p / "gt.csv").exists()):
        left, right, truth = (_table(path / name) for name in ("left.csv", "right.csv", "gt.csv"))
        place = {uid: k for k, uid in enumerate(left[UID].to_pylist())}
        partner = dict(zip(truth["id_r"].to_pylist(), truth["id_l"].to_pylist(), strict=True))
        # A right record without a partner is a thing of its own.
        entity = [place.get(partner.get(uid), len(place) + k) for k, uid in enumerate(right[UID].to_pylist())]
        yield Labelled(path.name, records_of(left, right), np.arange(len(place)), np.array(entity, np.int64))


def _table(path: Path) -> pa.Table:
    texts = pa_csv.ConvertOptions(column_types=dict.fromkeys(("id", "title", "id_l", "id_r"), pa.string()))
    table = pa_csv.read_csv(path, convert_options=texts)
    return table.rename_columns([UID if name == "id" else name for name in table.column_names])
