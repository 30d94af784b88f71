"""Trains the prior of references: ``python -m linking.training.train_columns [--schemas N] [--out FILE]``.

Everything is learned from generated schemas. Those of the archetypes in ``HELD_BACK`` take no part in fitting: one half
of them calibrates, the other half tells the figures that are printed and stored. No public database takes part.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.links import Column
from linking.profiles import ColumnProfile
from linking.references import reference_candidates
from linking.scoring import WEIGHTS
from linking.semantics import NameVectors
from linking.training.archetypes import ARCHETYPES
from linking.training.generate import generate_schema
from linking.trees import Forest
from linking.workspace import Workspace

__all__ = ["HELD_BACK", "MONOTONE", "collect", "expected_calibration_error", "fit", "main"]

HELD_BACK = ("bank", "hotel", "logistics", "research")
MONOTONE = {
    "containment": 1, "row_containment": 1, "name_score": 1, "name_margin": 1, "containment_margin": 1, "name_equal": 1,
    "name_table": 1, "meaning_table": 1, "meaning_margin": 1, "tail_measure": -1, "head_measure": -1, "complexity": -1, "name_trigram": 1, "head_id_name": 1,
    "tail_id_name": 1, "same_table_rivals": -1,
}  # fmt: skip
_TREES = 120


def collect(
    seeds: Sequence[int], archetypes: Sequence[str], vectors: NameVectors | None
) -> tuple[list[Mapping[str, float]], list[bool], list[int]]:
    """Features, labels and schema numbers of all candidates of generated schemas."""
    features: list[Mapping[str, float]] = []
    labels: list[bool] = []
    groups: list[int] = []
    workspace = Workspace()
    for number, seed in enumerate(seeds):
        schema = generate_schema(seed, archetypes)
        with workspace.using(schema.data):
            for candidate in reference_candidates(workspace, vectors):
                pair = (side_of(candidate.tail), side_of(candidate.head))
                if pair not in schema.ignored:
                    features.append(candidate.features)
                    labels.append(pair in schema.references)
                    groups.append(number)
        if number % 20 == 0:
            sys.stderr.write(f"{number} of {len(seeds)} schemas, {sum(labels)} references of {len(labels)} candidates\n")
    workspace.close()
    return features, labels, groups


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
    return _export(model)


def _export(model: Any) -> Forest:
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


def calibrate(forest: Forest, x: NDArray[np.float64], y: NDArray[np.bool_]) -> Forest:
    """Platt scaling on data that took no part in fitting."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0).fit(forest.log_odds(x)[:, None], y)
    return Forest(
        forest.roots, forest.feature, forest.threshold, forest.left, forest.right, forest.missing_left, forest.value,
        forest.bias, float(model.coef_[0, 0]), float(model.intercept_[0]),
    )  # fmt: skip


def expected_calibration_error(p: NDArray[np.float64], y: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean distance between said and observed frequency over equally wide bins (Guo et al. 2017)."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs(p[place == b].mean() - y[place == b].mean()) * (place == b).mean() for b in set(place.tolist())))


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, prints the figures and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_columns", description=main.__doc__)
    parser.add_argument("--schemas", type=int, default=300)
    parser.add_argument("--encoder", default="extraction.encoder_minilm:load_encoder", help="module:function")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "columns.json")
    options = parser.parse_args(arguments)
    used = [a for a in ARCHETYPES if a not in HELD_BACK]
    module, _, function = options.encoder.partition(":")
    vectors = NameVectors(getattr(importlib.import_module(module), function)())
    features, labels, schemas = collect(range(options.schemas), used, vectors)
    held, held_labels, groups = collect(range(10_000, 10_000 + options.schemas // 4), HELD_BACK, vectors)
    names = sorted(set().union(*features))
    # One training schema in four has no encoder, so that the model also serves without one.
    features = [{k: v for k, v in f.items() if g % 4 or not k.startswith("meaning")} for f, g in zip(features, schemas, strict=True)]
    x, y = _matrix(names, features), np.array(labels)
    x_held, y_held, half = _matrix(names, held), np.array(held_labels), np.array(groups) % 2 == 0
    np.savez_compressed(options.out.with_suffix(".features.npz"), x=x, y=y, x_held=x_held, y_held=y_held, half=half, names=names)
    forest = calibrate(fit(names, x, y), x_held[half], y_held[half])
    p = 1 / (1 + np.exp(-forest.log_odds(x_held[~half])))
    figures = {**_figures(p, y_held[~half]), "train_candidates": len(y), "train_references": int(y.sum())}
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    data = json.loads(options.out.read_text()) if options.out.exists() else {"kinds": {}}
    data["version"] = "columns-1"
    data["kinds"]["reference"] = {
        "names": names,
        "mean": [round(float(v), 5) for v in np.nanmean(x, axis=0)],
        "scale": [round(max(float(v), 1e-3), 5) for v in np.nanstd(x, axis=0)],
        "forest": forest.to_dict(),
        "figures": figures,
    }
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n")


def _matrix(names: Sequence[str], features: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    return np.array([[f.get(name, np.nan) for name in names] for f in features], np.float64)


def _figures(p: NDArray[np.float64], y: NDArray[np.bool_]) -> dict[str, float]:
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
