"""Trains the prior of join tables: ``python -m linking.training.train_join_tables [--schemas N] [--out FILE]``.

Learned from generated schemas, in which join tables are marked. Their rows are made to differ in what they join, some get a
number of their own; some other tables lose theirs, and some differ in the two records they name as well. References come from
the shipped scorer, so that its doubts and errors are part of what is learned. A ridge regression with the signs of ``SIGNS``
gives the log-odds. It replaces the shipped weights only if its F1 is better on the archetypes in ``HELD_OUT``, which take no part
in fitting.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bifrost.links import LinkKind
from bifrost.values import DatasetInfo, DatasetKind
from linking.candidates import find_references
from linking.join_tables import join_features, join_tables, proposal_of
from linking.logistic import fit_logistic
from linking.memory import MemoryData
from linking.scoring import WEIGHTS, adapt, load_priors
from linking.training.archetypes import ARCHETYPES
from linking.training.generate import GeneratedSchema, generate_schema
from linking.training.train_columns import figures_of
from linking.workspace import Workspace

__all__ = ["SIGNS", "Example", "examples", "fit"]

SIGNS = {
    "reference_odds": 1, "both_ends": 1, "repeats_expected": 1, "others": -1, "amounts": -1, "dates": -1, "own_key": -1,
    "named_by_ends": 1, "declared_key": 1, "same_ends": 0,
}  # fmt: skip
"""The features, and whether more of one may only speak for (1) or against (-1) a join table."""
HELD_OUT = ("research", "school", "logistics", "bank")
NAMES = tuple(SIGNS)
PENALTY = 1.0
PLAIN = 4
"""Of schemas without a join table, which say little, one of so many takes part."""


@dataclass(frozen=True, slots=True)
class Example:
    """Features of a table with two references, and whether it is a join table of these two."""

    features: Mapping[str, float]
    joins: bool


def examples(seeds: Sequence[int], archetypes: Sequence[str]) -> Iterator[Example]:
    """All examples of generated schemas, the same for the same arguments."""
    scorers = {LinkKind.REFERENCE: adapt(load_priors()[LinkKind.REFERENCE], [], [])}
    workspace = Workspace()
    for seed in seeds:
        schema = generate_schema(seed, archetypes)
        if not schema.joins and seed % PLAIN:
            continue
        with workspace.using(_as_joined(schema, random.Random(seed))) as loaded:  # noqa: S311
            references = find_references(loaded, scorers).references
            for found in join_tables(loaded, references):
                features = join_features(loaded, found, proposal_of(found))
                if features is not None:
                    true = all((r.tail, r.head) in schema.references for r in (found.tail, found.head))
                    yield Example(features, true and (found.table.source, found.table.dataset) in schema.joins)
    workspace.close()


def _as_joined(schema: GeneratedSchema, rng: random.Random) -> MemoryData:
    """The schema's tables with the rows and keys that join tables, and others, may have."""
    data = MemoryData()
    naming: dict[tuple[str, str], list[str]] = {}
    for tail, _ in sorted(schema.references):
        naming.setdefault((tail.source, tail.dataset), []).extend(tail.columns)
    for summary in schema.data.datasets():
        table = (summary.source, summary.info.name)
        rows = [row for batch in schema.data.rows(*table) for row in batch.drop_columns(["_uid"]).to_pylist()]
        joins, own = table in schema.joins, schema.keys.get(table, "")
        if len(naming.get(table, ())) == 2 and (joins or rng.random() < 0.5):
            rows = list({tuple(str(row.get(c)) for c in naming[table]): row for row in rows}.values())
        if joins and rng.random() < 0.4:
            rows = [{"id": n, **row} for n, row in enumerate(rows, rng.choice([1, 1_000]))]
        if not joins and own and len(naming.get(table, ())) == 2 and rng.random() < 0.3:
            rows = [{name: value for name, value in row.items() if name != own} for row in rows]
        info = DatasetInfo(summary.info.name, DatasetKind.TABLE, summary.info.columns)
        data.add_rows(*table, rows, info if not rows else None)
    return data


def fit(chosen: Sequence[Example]) -> dict[str, Any]:
    """The entry of the weights file."""
    x = np.array([[e.features[n] for n in NAMES] for e in chosen], np.float64)
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 0.1)
    z = np.clip((x - mean) / scale, -4, 4).astype(np.float32)
    y = np.array([e.joins for e in chosen])
    unit: dict[str, Any] = {"mean": np.zeros(len(NAMES)), "scale": np.ones(len(NAMES))}
    sign, used = np.array(list(SIGNS.values())), np.ones(len(NAMES), bool)
    while True:
        model = fit_logistic((z * used).astype(np.float32), y, penalty=PENALTY, **unit)
        wrong = used & (sign * model.weights < 0)
        if not wrong.any():
            break
        used &= ~wrong
    return {
        "names": list(NAMES), "mean": mean.round(5).tolist(), "scale": scale.round(5).tolist(),
        "weights": (model.weights * used).round(4).tolist(), "bias": round(float(model.bias), 4),
    }  # fmt: skip


def probabilities(entry: Mapping[str, Any], chosen: Sequence[Example]) -> np.ndarray:
    x = np.array([[e.features[n] for n in NAMES] for e in chosen], np.float64)
    z = np.clip((x - entry["mean"]) / np.array(entry["scale"]), -4, 4) @ np.array(entry["weights"]) + entry["bias"]
    return np.asarray(1 / (1 + np.exp(-z)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_join_tables", description=main.__doc__)
    parser.add_argument("--schemas", type=int, default=160)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "columns.json")
    options = parser.parse_args()
    others = [a for a in ARCHETYPES if a not in HELD_OUT]
    train = list(examples(range(options.schemas), others))
    test = list(examples(range(20_000, 20_000 + options.schemas // 2), HELD_OUT))
    entry, y = fit(train), np.array([e.joins for e in test])
    data = json.loads(options.out.read_text(encoding="utf-8"))
    shipped = data["kinds"]["join_table"]
    figures = {name: figures_of(probabilities(e, test), y) for name, e in (("trained", entry), ("shipped", shipped))}
    sys.stdout.write(json.dumps({**figures, "candidates": len(train), "tested": len(test)}, indent=1) + "\n")
    if figures["trained"]["f1"] <= figures["shipped"]["f1"]:
        sys.stdout.write("What was trained is no better; the shipped weights stay.\n")
        return
    data["kinds"]["join_table"] = {**entry, "figures": {**figures["trained"], "tested": len(test)}}
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
