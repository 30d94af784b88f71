"""Trains the prior of references: ``python -m linking.training.train_columns [--schemas N] [--examples FILE] [--out FILE]``.

Everything is learned from generated schemas. Those of the archetypes in ``HELD_BACK`` take no part in fitting the trees:
one half of them fits the choice among rivals (which also calibrates), the other half tells the figures that are printed
and stored. No public database takes part.
"""

import argparse
import importlib
import json
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.links import Column
from linking.column_graph import ColumnGraph, build_graph
from linking.profiles import ColumnProfile
from linking.references import reference_candidates
from linking.scoring import CHOICE_INPUTS, WEIGHTS, Choice, choice_inputs, odds_shares
from linking.semantics import NameVectors
from linking.training.archetypes import ARCHETYPES
from linking.training.generate import generate_schema
from linking.trees import Forest
from linking.workspace import Workspace

__all__ = [
    "HELD_BACK",
    "MONOTONE",
    "Examples",
    "collect",
    "expected_calibration_error",
    "export_forest",
    "figures_of",
    "fit",
    "load",
    "main",
]

HELD_BACK = ("bank", "hotel", "logistics", "research")
MONOTONE = {
    "containment": 1, "row_containment": 1, "name_score": 1, "name_margin": 1, "containment_margin": 1, "name_equal": 1,
    "name_table": 1, "tail_measure": -1, "head_measure": -1, "complexity": -1, "name_trigram": 1, "head_id_name": 1,
    "tail_id_name": 1, "same_table_rivals": -1, "meaning_table": 1, "meaning_margin": 1, "meaning_context": 1,
}  # fmt: skip
_TREES = 140
_MEANINGS = ("meaning_column", "meaning_context", "meaning_margin", "meaning_table")


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates of generated schemas: features [n, names], labels, and the schema and tail column of each."""

    names: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.bool_]
    schema: NDArray[np.int64]
    tail: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_]) -> "Examples":
        return Examples(self.names, self.x[chosen], self.y[chosen], self.schema[chosen], self.tail[chosen])

    def column(self, name: str) -> NDArray[np.float64]:
        return self.x[:, self.names.index(name)]


def collect(
    seeds: Sequence[int], archetypes: Sequence[str], vectors: NameVectors | None
) -> tuple[Examples, list[ColumnGraph]]:
    """The candidates of generated schemas with what is true of them, and the column graph of each schema."""
    graphs: list[ColumnGraph] = []
    labels: list[bool] = []
    schemas: list[int] = []
    tails: list[int] = []
    names: tuple[str, ...] = ()
    workspace = Workspace()
    for number, seed in enumerate(seeds):
        schema = generate_schema(seed, archetypes)
        with workspace.using(schema.data):
            # One schema in four is read without the encoder, so that the model also serves without one.
            used = vectors if seed % 4 else None
            candidates = [
                c
                for c in reference_candidates(workspace, used)
                if (side_of(c.tail), side_of(c.head)) not in schema.ignored
            ]
            if not candidates:
                continue
            names = names or tuple(sorted({*candidates[0].features, *_MEANINGS}))
            graphs.append(build_graph(workspace.columns(), candidates, names, used))
        labels += [(side_of(c.tail), side_of(c.head)) in schema.references for c in candidates]
        schemas += [seed] * len(candidates)
        tails += graphs[-1].tail.tolist()
        if number % 20 == 0:
            sys.stderr.write(
                f"{number} of {len(seeds)} schemas, {sum(labels)} references of {len(labels)} candidates\n"
            )
    workspace.close()
    x = np.concatenate([graph.candidates for graph in graphs]).astype(np.float64)
    return Examples(names, x, np.array(labels), np.array(schemas), np.array(tails)), graphs


def side_of(profile: ColumnProfile) -> Column:
    """A profile as a side of a link type."""
    return Column(profile.source, profile.dataset, (profile.name,))


def fit(names: Sequence[str], x: NDArray[np.float64], y: NDArray[np.bool_]) -> Forest:
    """Gradient boosting with monotone constraints where a feature can only speak for or only against a reference."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=_TREES, learning_rate=0.08, max_depth=5, max_leaf_nodes=16, min_samples_leaf=25, l2_regularization=2.0,
        monotonic_cst=[MONOTONE.get(name, 0) for name in names], random_state=0, early_stopping=False,
    )  # fmt: skip
    model.fit(x, y)
    return export_forest(model)


def export_forest(model: Any) -> Forest:
    roots: list[int] = []
    columns: dict[str, list[Any]] = {k: [] for k in ("feature", "threshold", "left", "right", "missing_left", "value")}
    for (tree,) in model._predictors:
        offset = len(columns["feature"])
        roots.append(offset)
        for node in tree.nodes:
            leaf = bool(node["is_leaf"])
            columns["feature"].append(-1 if leaf else int(node["feature_idx"]))
            columns["threshold"].append(0.0 if leaf else float(node["num_threshold"]))
            columns["left"].append(offset if leaf else offset + int(node["left"]))
            columns["right"].append(offset if leaf else offset + int(node["right"]))
            columns["missing_left"].append(bool(node["missing_go_to_left"]))
            columns["value"].append(float(node["value"]) if leaf else 0.0)
    return Forest.from_dict({"roots": roots, **columns, "bias": float(np.ravel(model._baseline_prediction)[0])})


def choice_matrix(forest: Forest, examples: Examples) -> NDArray[np.float64]:
    """What the choice among rivals is made by, float64 [n, len(CHOICE_INPUTS)]."""
    z = forest.log_odds(examples.x)
    shares = odds_shares(z, list(zip(examples.schema.tolist(), examples.tail.tolist(), strict=True)))
    rows = [dict(zip(examples.names, row, strict=True)) for row in examples.x.tolist()]
    return np.array([choice_inputs(v, s, row) for v, s, row in zip(z, shares, rows, strict=True)], np.float64)


def fit_choice(forest: Forest, examples: Examples) -> Choice:
    """How sure a candidate is, given its rivals; on schemas that took no part in fitting the trees."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=2_000).fit(choice_matrix(forest, examples), examples.y)
    return Choice(tuple(round(float(w), 5) for w in model.coef_[0]), round(float(model.intercept_[0]), 5))


def expected_calibration_error(p: NDArray[np.float64], y: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean distance between said and observed frequency over equally wide bins (Guo et al. 2017)."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    return float(
        sum(abs(p[place == b].mean() - y[place == b].mean()) * (place == b).mean() for b in set(place.tolist()))
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, prints the figures and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_columns", description=main.__doc__)
    parser.add_argument("--schemas", type=int, default=300)
    parser.add_argument("--encoder", default="extraction.encoder_minilm:load_encoder", help="module:function")
    parser.add_argument(
        "--examples", type=Path, help="file to keep the examples in, and to read them from if it exists"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS / "columns.json")
    options = parser.parse_args(arguments)
    if options.examples and options.examples.exists():
        train, held = load(options.examples)
    else:
        module, _, function = options.encoder.partition(":")
        vectors = NameVectors(getattr(importlib.import_module(module), function)())
        train, graphs = collect(range(options.schemas), [a for a in ARCHETYPES if a not in HELD_BACK], vectors)
        held, held_graphs = collect(range(10_000, 10_000 + options.schemas // 3), HELD_BACK, vectors)
        if options.examples:
            _save(options.examples, train, held)
            with options.examples.with_suffix(".graphs.pickle").open("wb") as file:
                pickle.dump((graphs, held_graphs), file)
    forest = fit(train.names, train.x, train.y)
    half = held.schema % 2 == 0
    choice, test = fit_choice(forest, held.take(half)), held.take(~half)
    z = choice_matrix(forest, test) @ np.array(choice.weights) + choice.bias
    figures = {**figures_of(1 / (1 + np.exp(-z)), test.y), "candidates": len(train.y), "references": int(train.y.sum())}
    sys.stdout.write(
        json.dumps({**figures, "choice": dict(zip(CHOICE_INPUTS, choice.weights, strict=True))}, indent=1) + "\n"
    )
    data = json.loads(options.out.read_text()) if options.out.exists() else {"kinds": {}}
    data["version"] = "columns-1"
    data["kinds"]["reference"] = {
        "names": list(train.names),
        "mean": [round(float(v), 5) for v in np.nanmean(train.x, axis=0)],
        "scale": [round(max(float(v), 1e-3), 5) for v in np.nanstd(train.x, axis=0)],
        "forest": forest.to_dict(),
        "choice": {"weights": list(choice.weights), "bias": choice.bias},
        "figures": figures,
    }
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n")


def _save(path: Path, train: Examples, held: Examples) -> None:
    arrays = {
        f"{part}_{field}": getattr(e, field) for part, e in (("train", train), ("held", held)) for field in _FIELDS
    }
    np.savez_compressed(path, names=np.array(train.names), **arrays)


def load(path: Path) -> tuple[Examples, Examples]:
    data = np.load(path)
    names = tuple(str(name) for name in data["names"])
    train, held = (Examples(names, *(data[f"{part}_{field}"] for field in _FIELDS)) for part in ("train", "held"))
    return train, held


_FIELDS = ("x", "y", "schema", "tail")


def figures_of(p: NDArray[np.float64], y: NDArray[np.bool_]) -> dict[str, float]:
    said = p >= 0.5
    right = float((said & y).sum())
    precision, recall = right / max(float(said.sum()), 1), right / max(float(y.sum()), 1)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 4),
        "ece": round(expected_calibration_error(p, y), 4),
    }


if __name__ == "__main__":
    main()
