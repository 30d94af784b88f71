"""Trains the shipped prior on labelled matching tasks and on many disturbed copies of them.

``python -m linking.records.training [--copies N] [--half] [--out FILE]`` reads every folder of
``$BIFROST_DATA/entity_resolution``; with ``--half`` one half of the entities of each, so that the other half can test.
Copies drop columns, blank values, add typing errors, take parts of the rows, split one table into two, or put two
together, so that the prior meets tasks of all kinds and cannot lean on what one data set happens to look like.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from linking.records.alignment import UID, records_of
from linking.records.fields import Field, Records, kind_of
from linking.records.options import MatchOptions
from linking.records.prepared import MULTIPLE_FEATURES, Prepared, prepare
from linking.records.prior import WEIGHTS, Prior, load_prior
from linking.trees import Forest

__all__ = [
    "DEV",
    "TEST",
    "Labelled",
    "Task",
    "disturb",
    "forest_of",
    "half",
    "prepared_task",
    "read_labelled",
    "tasks_of",
    "train",
    "typo",
    "worsen",
]

Ids = NDArray[np.int64]
AGAINST = frozenset({"codes_conflict", "numbers_conflict"})
FREE = frozenset({"present", "evidence", "size", "likeness_low", "likeness_high"})
ROWS = 2_500
DEV, TEST = 0, 1
"""Halves of the entities: to train on, and to test with."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A matching task with its truth: two records match where their entity numbers are equal."""

    name: str
    records: Records
    left_entity: Ids
    right_entity: Ids

    @property
    def true_pairs(self) -> int:
        left = np.unique(self.left_entity, return_counts=True)
        if self.records.dirty:
            return int((left[1] * (left[1] - 1) // 2).sum())
        right = np.unique(self.right_entity, return_counts=True)
        _, a, b = np.intersect1d(left[0], right[0], return_indices=True)
        return int((left[1][a] * right[1][b]).sum())

    @property
    def unique(self) -> bool:
        """Whether no entity occurs twice in a table."""
        sides = (self.left_entity, self.right_entity)
        return not self.records.dirty and all(len(np.unique(s)) == len(s) for s in sides)


@dataclass(frozen=True, slots=True)
class Task:
    """A prepared task; ``weight`` is its say in training."""

    name: str
    prepared: Prepared
    unique: bool
    truth: NDArray[np.bool_]
    weight: float


def read_labelled(folder: Path) -> Labelled:
    """Reads ``left.csv, right.csv, matches.csv`` or ``records.csv, clusters.csv``; the first column is the id."""
    if (folder / "left.csv").exists():
        left, right = _table(folder / "left.csv"), _table(folder / "right.csv")
        matches = _table(folder / "matches.csv")
        parents = _merged(left[UID].to_pylist(), right[UID].to_pylist(), zip(*_columns(matches), strict=True))
        return Labelled(folder.name, records_of(left, right), *parents)
    table = _table(folder / "records.csv")
    cluster = dict(zip(*_columns(_table(folder / "clusters.csv")), strict=True))
    numbers = {c: k for k, c in enumerate(sorted(set(cluster.values())))}
    entity = np.array([numbers[cluster[u]] for u in table[UID].to_pylist()], np.int64)
    return Labelled(folder.name, records_of(table, None), entity, entity)


def _table(path: Path) -> pa.Table:
    names = pa_csv.open_csv(path).schema.names
    convert = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    table = pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(newlines_in_values=True), convert_options=convert)
    return table.rename_columns([UID, *names[1:]])


def _columns(table: pa.Table) -> tuple[list[str], list[str]]:
    return table.column(0).to_pylist(), table.column(1).to_pylist()


def _merged(left: Sequence[str], right: Sequence[str], matches: Any) -> tuple[Ids, Ids]:
    """Entity numbers of both sides, from the matching id pairs (their transitive closure)."""
    parent = np.arange(len(left) + len(right))

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = int(parent[x])
        return x

    first = {u: k for k, u in enumerate(left)}
    second = {u: k + len(left) for k, u in enumerate(right)}
    for a, b in matches:
        parent[find(first[a])] = find(second[b])
    entity = np.array([find(k) for k in range(len(parent))], np.int64)
    return entity[: len(left)], entity[len(left) :]


def disturb(source: Labelled, generator: np.random.Generator) -> Labelled:
    """A copy of a task with other columns, gaps, errors, rows or sides."""
    records, entities = source.records, (source.left_entity, source.right_entity)
    rows: list[Ids] = [np.arange(n) for n in records.shape]
    values = [(f.left.to_pylist(), f.right.to_pylist()) for f in records.fields]
    dirty = records.dirty
    if dirty and generator.random() < 0.4:
        order = generator.permutation(len(rows[0]))
        cut = int(generator.integers(len(order) // 4, 3 * len(order) // 4))
        rows, dirty = [order[:cut], order[cut:]], False
    elif not dirty and generator.random() < 0.3:
        values = [(a + b, a + b) for a, b in values]
        entities = (np.concatenate(entities),) * 2
        rows, dirty = [np.arange(sum(records.shape))] * 2, True
    rows = [_part(r, generator, ROWS * (1 + dirty)) for r in rows]
    copied = bool(generator.random() < 0.35)
    if copied:
        # Some records become many: each occurrence is worsened on its own below.
        rows = [_repeated(r, generator) for r in rows]
    if dirty:
        rows[1] = rows[0]
    keep = np.arange(len(values))
    if len(values) > 1 and generator.random() < 0.6:
        keep = np.sort(generator.choice(len(values), generator.integers(1, len(values) + 1), replace=False))
    blank, wrong = (float(generator.choice([0.1, 0.3] if copied else [0, 0, 0.1, 0.3])) for _ in range(2))
    fields = []
    for k in keep.tolist():
        columns = [worsen([values[k][s][r] for r in rows[s].tolist()], blank, wrong / 2, generator) for s in (0, 1)]
        left, right = columns[0], columns[0] if dirty else columns[1]
        kind = kind_of(left if dirty else pa.concat_arrays([left, right]))
        fields.append(Field(records.fields[k].name, kind, left, right))
    uids = [pa.array([str(x) for x in r.tolist()], pa.string()) for r in rows]
    made = Records(uids[0], uids[1], tuple(fields), dirty)
    return Labelled(source.name, made, entities[0][rows[0]], entities[1][rows[1]])


def _part(rows: Ids, generator: np.random.Generator, limit: int) -> Ids:
    size = min(max(int(len(rows) * generator.uniform(0.2, 1)), 20), limit, len(rows))
    return np.sort(generator.choice(rows, size, replace=False))


def _repeated(rows: Ids, generator: np.random.Generator) -> Ids:
    """A third as many different rows, each repeated up to about twenty times, a few of them often."""
    different = generator.choice(rows, max(len(rows) // 3, 1), replace=False)
    share = generator.pareto(1.5, len(different)) + 0.2
    times = np.minimum(np.round(share / share.sum() * len(rows)).astype(int), 20)
    return np.repeat(different, np.maximum(times, 1))


def worsen(values: list[str], blank: float, wrong: float, generator: np.random.Generator) -> pa.Array:
    """Texts of which a share is blank and another has an error; ``values`` are changed, too."""
    for k in np.flatnonzero(generator.random(len(values)) < wrong).tolist():
        values[k] = typo(values[k], generator)
    gone = generator.random(len(values)) < blank
    return pa.array(["" if g else v for g, v in zip(gone, values, strict=True)], pa.string())


def typo(value: str, generator: np.random.Generator) -> str:
    """One error: a letter lost, swapped, added or replaced, or a word lost, cut to its first letter or moved."""
    if len(value) < 3:
        return value
    words = value.split(" ")
    kind = int(generator.integers(7 if len(words) > 1 else 4))
    if kind >= 4:
        at = int(generator.integers(len(words)))
        word = words.pop(at)
        if kind == 5:
            words.insert(at, word[:1])
        elif kind == 6:
            words.insert(int(generator.integers(len(words) + 1)), word)
        return " ".join(words)
    at = int(generator.integers(0, len(value) - 1))
    letter = "aeiorst123"[int(generator.integers(10))]
    before, here, after, rest = value[:at], value[at], value[at + 1], value[at + 2 :]
    kinds = (before + after + rest, before + after + here + rest, before + letter + here + after + rest,
             before + letter + after + rest)  # fmt: skip
    return kinds[kind]


def tasks_of(source: Labelled, copies: int, seed: int = 0) -> list[Task]:
    """The task itself and ``copies`` disturbed ones, prepared."""
    generator = np.random.default_rng([seed, *source.name.encode()])
    made = [source, *(disturb(source, generator) for _ in range(copies))]
    return [prepared_task(labelled, 4.0 if k == 0 else 1.0) for k, labelled in enumerate(made)]


def prepared_task(labelled: Labelled, weight: float) -> Task:
    """A task blocked and compared, to learn from."""
    prepared = prepare(labelled.records, MatchOptions())
    truth = labelled.left_entity[prepared.pairs.left] == labelled.right_entity[prepared.pairs.right]
    return Task(labelled.name, prepared, labelled.unique, truth, weight)


def train(tasks: Sequence[Task]) -> Prior:
    """Fits the forest. The one for records of few fields, which saw made-up tasks alone, stays as it is shipped."""
    return Prior(forest_of(tasks), load_prior().few)


def forest_of(tasks: Sequence[Task]) -> Forest:
    """Every task in which things may recur has the same say, whatever its size, times its weight."""
    several = [t for t in tasks if not t.unique]
    return _fit(
        [t.prepared.multiple for t in several],
        [t.truth for t in several],
        [np.full(len(t.truth), t.weight * min(1.0, 3_000 / max(len(t.truth), 1))) for t in several],
    )


def _fit(
    features: Sequence[NDArray[np.float32]],
    truth: Sequence[NDArray[np.bool_]],
    weight: Sequence[NDArray[np.float64]],
) -> Forest:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=80, l2_regularization=10,
        monotonic_cst=[0 if n in FREE else -1 if n in AGAINST else 1 for n in MULTIPLE_FEATURES], max_features=0.5,
        random_state=0, early_stopping=False,
    )  # fmt: skip
    model.fit(np.concatenate(features), np.concatenate(truth), sample_weight=np.concatenate(weight))
    return _export(model)


def _export(model: Any) -> Forest:
    nodes = np.concatenate([tree.nodes for (tree,) in model._predictors])
    sizes = np.array([len(tree.nodes) for (tree,) in model._predictors])
    roots = np.cumsum(sizes) - sizes
    shift = np.repeat(roots, sizes)
    leaf = nodes["is_leaf"].astype(bool)
    return Forest(
        roots=roots,
        feature=np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, shift, shift + nodes["left"].astype(np.int64)),
        right=np.where(leaf, shift, shift + nodes["right"].astype(np.int64)),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=np.where(leaf, nodes["value"], 0.0),
        bias=float(np.ravel(model._baseline_prediction)[0]),
    )


def half(source: Labelled, part: int) -> Labelled:
    """The entities whose number, scrambled, is even (part 0) or odd (part 1), with their records of both tables."""

    def chosen(entity: Ids) -> Ids:
        return np.flatnonzero((entity * 2_654_435_761 >> 16) % 2 == part)

    left = chosen(source.left_entity)
    right = left if source.records.dirty else chosen(source.right_entity)
    fields = tuple(
        Field(f.name, f.kind, f.left.take(pa.array(left)), f.right.take(pa.array(right))) for f in source.records.fields
    )
    records = Records(
        source.records.left_uids.take(pa.array(left)), source.records.right_uids.take(pa.array(right)), fields,
        source.records.dirty,
    )  # fmt: skip
    return Labelled(source.name, records, source.left_entity[left], source.right_entity[right])


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains on all folders and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.records.training", description=main.__doc__)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--half", action="store_true", help="train on half of the entities only")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    data = Path(os.environ.get("BIFROST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    tasks: list[Task] = []
    for folder in sorted((data / "entity_resolution").iterdir()):
        source = read_labelled(folder)
        tasks += tasks_of(half(source, DEV) if options.half else source, options.copies)
    made: Mapping[str, object] = train(tasks).to_dict()
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
