"""Duplicates inside one table: the two tables of each folder of ``entity_resolution`` put together, like a company's own catalogue.

Nothing says any more which records are of one origin, so its variants and its namesakes compete with the other's descriptions.
The prior never saw the folder or its relatives. ``copied`` are the same with a twelfth of the records twice more, a third of the
values of these with a typing error. The baseline is average linkage over character 3-grams from .5.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.linking_entities import COPIES, TRAINED_ON, baseline, score, without
from benchmarks.report import Report
from linking.records.fields import Field, Records, kind_of
from linking.records.matching import match_records
from linking.records.prior import load_prior
from linking.records.training import Labelled, read_labelled, tasks_of, typo

AGAIN, WRONG = 1 / 12, 0.3


def run(report: Report, seed: int, data: Path) -> None:
    """Adds F1, precision and recall per folder of two tables."""
    folders = sorted(p for p in (data / "entity_resolution").glob("*") if p.is_dir())
    labelled = [read_labelled(folder) for folder in folders]
    tasks = {x.name: tasks_of(x, COPIES) for x in labelled if x.name in TRAINED_ON}
    for source in labelled:
        if source.records.dirty:
            continue
        prior = without(source.name, tasks) if source.name in TRAINED_ON else load_prior()
        together = one_table(source)
        for task in (together, copied(together, np.random.default_rng(seed))):
            matching = match_records(task.records, prior=prior)
            precision, recall, f1 = score(task, matching)
            report.add(f"one_table.{task.name}.f1", f1, baseline=baseline(task), note="3-grams")
            report.add(f"one_table.{task.name}.precision", precision, note=f"{matching.precision()[0]:.3f} estimated")
            report.add(f"one_table.{task.name}.recall", recall)


def one_table(source: Labelled) -> Labelled:
    """A task of two tables as one of a single table."""
    columns = {f.name: pa.concat_arrays([f.left, f.right]) for f in source.records.fields}
    return _task(source.name, columns, np.concatenate([source.left_entity, source.right_entity]))


def copied(source: Labelled, generator: np.random.Generator) -> Labelled:
    """A task of one table with more copies of some records."""
    size = len(source.left_entity)
    rows = np.concatenate([np.arange(size), np.repeat(generator.choice(size, int(size * AGAIN), replace=False), 2)])
    columns = {}
    for field in source.records.fields:
        values = field.left.take(pa.array(rows)).to_pylist()
        for k in range(size, len(rows)):
            if generator.random() < WRONG:
                values[k] = typo(values[k], generator)
        columns[field.name] = pa.array(values, pa.string())
    return _task(f"{source.name}.copied", columns, source.left_entity[rows])


def _task(name: str, columns: dict[str, pa.Array], entity: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Labelled:
    fields = tuple(Field(column, kind_of(values), values, values) for column, values in columns.items())
    uids = pa.array([str(k) for k in range(len(entity))], pa.string())
    return Labelled(name, Records(uids, uids, fields, True), entity, entity)
