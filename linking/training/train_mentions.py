"""Trains the prior of mentions: ``python -m linking.training.train_mentions [--cases N] [--more MODULE:FUNCTION] [--out FILE]``.

Learned from generated documents over generated schemas (:mod:`linking.training.documents`) and, where ``--more`` names a
function that gives further cases for a split ("train" or "test"), from those. The archetypes in ``HELD_BACK`` take no part in
fitting; one half of their cases calibrates (Platt 1999), the other half tells the figures that are printed and stored.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.ports import LinkingData
from linking.mentions.propose import mention_candidates
from linking.scoring import WEIGHTS
from linking.training.archetypes import ARCHETYPES
from linking.training.documents import WrittenCase, write_case
from linking.training.train_columns import HELD_BACK, export_forest, figures_of
from linking.trees import Forest
from linking.workspace import Workspace

__all__ = ["Mentions", "collect", "fit", "main"]

NAMES = (
    "accepted_share", "ambiguity", "code_share", "document_share", "edges", "exact_case", "id_name", "kind_share",
    "labelled_share", "length", "named", "named_share", "number_share", "one_word", "per_text", "repaired_share",
    "rival_overlap", "same_table", "several_words", "stronger_rival", "support", "text_column", "top_share", "weak_share",
)  # fmt: skip
MONOTONE = {
    "accepted_share": 1, "document_share": 1, "edges": 1, "id_name": 1, "kind_share": 1, "labelled_share": 1, "named": 1,
    "named_share": 1, "number_share": -1, "one_word": -1, "same_table": -1, "stronger_rival": -1, "support": 1,
    "top_share": -1, "ambiguity": -1, "weak_share": -1,
}  # fmt: skip
_TRUE_SHARE = 0.5
_TREES = 60


@dataclass(frozen=True, slots=True)
class Mentions:
    """Candidates: features [n, names], whether most of their links are right, and the case of each."""

    x: NDArray[np.float64]
    y: NDArray[np.bool_]
    case: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_]) -> "Mentions":
        return Mentions(self.x[chosen], self.y[chosen], self.case[chosen])


def collect(cases: Iterable[WrittenCase | None], workspace: Workspace) -> Mentions:
    """The candidates of all cases. One is right when at least half of its links are."""
    rows: list[list[float]] = []
    labels: list[bool] = []
    numbers: list[int] = []
    for number, case in enumerate(cases):
        if case is None:
            continue
        data: LinkingData = case.data
        with workspace.using(data):
            for candidate in mention_candidates(data, workspace):
                right = sum(head in case.truth.get(tail, ()) for tail, head in candidate.edges)
                rows.append([candidate.features[name] for name in NAMES])
                labels.append(right >= _TRUE_SHARE * len(candidate.edges))
                numbers.append(number)
        if number % 50 == 0:
            sys.stderr.write(f"{number} cases, {sum(labels)} right of {len(labels)} candidates\n")
    return Mentions(np.array(rows, np.float64), np.array(labels), np.array(numbers))


def fit(examples: Mentions) -> Forest:
    """Gradient boosting with monotone constraints where a feature can only speak for or only against."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=_TREES, learning_rate=0.08, max_depth=4, max_leaf_nodes=10, min_samples_leaf=20, l2_regularization=4.0,
        monotonic_cst=[MONOTONE.get(name, 0) for name in NAMES], random_state=0, early_stopping=False,
    )  # fmt: skip
    model.fit(examples.x, examples.y)
    return export_forest(model)


def calibrated(forest: Forest, examples: Mentions) -> Forest:
    """The forest with slope and shift fitted on examples that took no part in fitting it."""
    from sklearn.linear_model import LogisticRegression

    z = forest.log_odds(examples.x)[:, None]
    model = LogisticRegression(C=10.0, max_iter=1_000).fit(z, examples.y)
    data = forest.to_dict() | {"slope": float(model.coef_[0, 0]), "shift": float(model.intercept_[0])}
    return Forest.from_dict(data)


def reliability(p: NDArray[np.float64], y: NDArray[np.bool_], bins: int = 5) -> list[dict[str, float]]:
    """Per bin of said probabilities: how many, the mean said and the share that is right."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    bins_used = [place == b for b in range(bins) if (place == b).any()]
    return [
        {"n": int(b.sum()), "said": round(float(p[b].mean()), 3), "right": round(float(y[b].mean()), 3)}
        for b in bins_used
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, prints the figures and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_mentions", description=main.__doc__)
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--more", default="", help="module:function that gives further cases for a split")
    parser.add_argument(
        "--examples", type=Path, help="file to keep the examples in, and to read them from if it exists"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS / "columns.json")
    options = parser.parse_args(arguments)
    if options.examples and options.examples.exists():
        stored = np.load(options.examples)
        train, held, test = (Mentions(*(stored[f"{part}_{f}"] for f in _FIELDS)) for part in _PARTS)
    else:
        train, held, test = _splits(options.cases, options.more)
        if options.examples:
            parts = zip(_PARTS, (train, held, test), strict=True)
            np.savez_compressed(options.examples, **{f"{p}_{f}": getattr(e, f) for p, e in parts for f in _FIELDS})
    forest = calibrated(fit(train), held)
    p = 1 / (1 + np.exp(-forest.log_odds(test.x)))
    figures: dict[str, Any] = dict(figures_of(p, test.y))
    figures |= {"candidates": len(train.y), "tested": len(test.y), "reliability": reliability(p, test.y)}
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    data: dict[str, Any] = (
        json.loads(options.out.read_text()) if options.out.exists() else {"kinds": {}, "version": "columns-1"}
    )
    data["kinds"]["mention"] = {
        "names": list(NAMES),
        "mean": [round(float(v), 5) for v in train.x.mean(axis=0)],
        "scale": [round(max(float(v), 1e-3), 5) for v in train.x.std(axis=0)],
        "forest": forest.to_dict(),
        "figures": figures,
    }
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n")


_PARTS = ("train", "held", "test")
_FIELDS = ("x", "y", "case")


def _splits(cases: int, more: str) -> tuple[Mentions, Mentions, Mentions]:
    """Examples to fit, to calibrate and to test."""
    others, half = [a for a in ARCHETYPES if a not in HELD_BACK], cases // 2
    workspace = Workspace()
    train = collect(_cases(range(cases), others, more, "train", workspace), workspace)
    held = collect(_cases(range(10_000, 10_000 + half), HELD_BACK, more, "calibrate", workspace), workspace)
    test = collect(_cases(range(20_000, 20_000 + half), HELD_BACK, more, "test", workspace), workspace)
    workspace.close()
    return train, held, test


def _cases(
    seeds: Iterable[int], archetypes: Sequence[str], more: str, split: str, workspace: Workspace
) -> Iterator[WrittenCase | None]:
    """The generated cases, then those of ``more``; ``workspace`` is the one that reads them next."""
    for seed in seeds:
        yield write_case(seed, archetypes, workspace)
    if more:
        module, _, function = more.partition(":")
        yield from getattr(importlib.import_module(module), function)(split)


if __name__ == "__main__":
    main()
