"""Trains the prior of same-concept columns: ``python -m linking.training.train_concepts DATA [--out FILE]``.

``DATA`` holds folders ``schema_matching/<name>`` with ``tables/*.csv``, ``target.csv`` and ``truth/*.csv``. The weights are
those of a logistic regression over the features of :mod:`linking.concepts`; how well they carry over to a table that took
no part is what ``python -m benchmarks.linking --only schema`` measures, leaving out one table at a time.
"""

import argparse
import csv
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.concepts import ColumnText, Matrix, concept_features, text_of, with_combinations
from linking.memory import MemoryData
from linking.scoring import WEIGHTS, Prior
from linking.semantics import NameVectors
from linking.workspace import Workspace

__all__ = ["Matching", "fit_concepts", "load_matchings", "main"]

_REGULARISATION = 0.03
_CLIP = 50.0
"""Similarities are rare and far above their mean: the tail is what matters."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A table to be matched with a target: features of all pairs and the true pairs."""

    name: str
    left: Sequence[ColumnText]
    right: Sequence[ColumnText]
    features: Mapping[str, Matrix]
    truth: frozenset[tuple[str, str]]

    def labels(self) -> NDArray[np.bool_]:
        """bool [left, right]."""
        return np.array([[(a.name, b.name) in self.truth for b in self.right] for a in self.left])


def load_matchings(folder: Path, vectors: NameVectors | None) -> list[Matching]:
    """All tables of one matching task, with features."""
    target = _columns(folder / "target.csv")
    found = []
    for path in sorted((folder / "tables").glob("*.csv")):
        left = _columns(path)
        rows = [tuple(row.values())[:2] for row in _read(folder / "truth" / path.name)]
        truth = frozenset((str(a), str(b)) for a, b in rows)
        found.append(Matching(path.stem, left, target, concept_features(left, target, vectors), truth))
    return found


def _read(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _columns(path: Path) -> list[ColumnText]:
    rows = [{name: value or None for name, value in row.items()} for row in _read(path)]
    data = MemoryData()
    info = DatasetInfo(path.stem, DatasetKind.TABLE, tuple(ColumnInfo(name) for name in rows[0]))
    data.add_rows("files", path.stem, rows, info)
    workspace = Workspace()
    with workspace.using(data):
        table = workspace.table("files", path.stem)
        found = [text_of(profile) for profile in table.columns.values()] if table else []
    workspace.close()
    return found


def fit_concepts(matchings: Sequence[Matching]) -> Prior:
    """A logistic regression over all pairs of some tables."""
    from sklearn.linear_model import LogisticRegression

    names = tuple(sorted(with_combinations(matchings[0].features)))
    stacked = []
    for matching in matchings:
        combined = with_combinations(matching.features)
        stacked.append(np.stack([combined[name].ravel() for name in names], axis=1))
    x = np.concatenate(stacked)
    y = np.concatenate([matching.labels().ravel() for matching in matchings])
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = LogisticRegression(C=_REGULARISATION, max_iter=5_000).fit(np.clip((x - mean) / scale, -_CLIP, _CLIP), y)
    return Prior(
        names, mean, scale, model.coef_[0].astype(np.float64), float(model.intercept_[0]), None, "columns-1", _CLIP
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains on all tables found and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_concepts", description=main.__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="extraction.encoder_minilm:load_encoder", help="module:function")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "columns.json")
    options = parser.parse_args(arguments)
    module, _, function = options.encoder.partition(":")
    vectors = NameVectors(getattr(importlib.import_module(module), function)())
    folders = sorted(path.parent for path in options.data.glob("schema_matching/*/target.csv"))
    prior = fit_concepts([matching for folder in folders for matching in load_matchings(folder, vectors)])
    data: dict[str, Any] = {"version": "columns-1", "kinds": {}}
    if options.out.exists():
        data = json.loads(options.out.read_text())
    data["kinds"]["same_concept"] = {
        "names": list(prior.names),
        "mean": [round(float(v), 6) for v in prior.mean],
        "scale": [round(float(v), 6) for v in prior.scale],
        "weights": [round(float(v), 6) for v in prior.weights],
        "bias": round(prior.bias, 6),
        "clip": prior.clip,
    }
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
