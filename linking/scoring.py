"""Probabilities of link types: a prior trained on public and generated schemas, adapted by the answers of this project.

The prior of each kind is a model over explicit features (:mod:`linking.trees` or a linear model) whose output is
calibrated. Answers adapt it by Bayesian logistic regression around the prior: the log-odds of the prior enter with
weight one, all features with weight zero, and the judged link types move these weights as far as the precision allows.
"""

import json
import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.links import AUTOMATIC, Judgement, LinkKind, LinkType, Verdict, corrected_ends, link_type_id
from linking.logistic import fit_logistic
from linking.trees import Forest

__all__ = [
    "CHOICE_INPUTS",
    "CORRECTION",
    "HIERARCHY",
    "KINDRED",
    "Adapted",
    "Choice",
    "Prior",
    "adapt",
    "answers",
    "choice_inputs",
    "gnn_trust",
    "load_priors",
    "odds_shares",
]

WEIGHTS = Path(__file__).parent / "weights"
_PRECISION_SLOPE = 40.0
"""Log-odds reach 10: with less, one mistaken answer to a sure question would overturn everything that is sure."""
_PRECISION_FEATURE = 2.0
"""Per feature: all features together move an equal candidate by about half the error of one answer."""
_PRECISION_BIAS = 3.0
_LIMIT = 12.0
_LABELS = {Verdict.CONFIRM: True, Verdict.REJECT: False, Verdict.DELETE: False}


CORRECTION = "gnn_correction"
"""The feature that holds what the GNN adds to the log-odds."""
HIERARCHY = "hierarchy_odds"
"""The feature that holds what the shape of a table's reference to itself adds (linking/hierarchies.py)."""
KINDRED = "kindred_odds"
"""The feature that holds what columns of the same name and the span of values add (linking/kindred.py)."""
CHOICE_INPUTS = ("log_odds", "log_share", "foreign_id", "foreign_id_share", "pointing")


@dataclass(frozen=True, slots=True)
class Choice:
    """Weighs a candidate's own log-odds against those of its rivals for the same tail column (:func:`choice_inputs`)."""

    weights: tuple[float, ...]
    bias: float


def odds_shares(log_odds: NDArray[np.float64], groups: Sequence[Hashable]) -> list[float]:
    """The share of each candidate's odds among all candidates of its group, in (0, 1]."""
    odds = np.exp(np.clip(log_odds, -_LIMIT, _LIMIT)).tolist()
    total: dict[Hashable, float] = defaultdict(float)
    for group, value in zip(groups, odds, strict=True):
        total[group] += value
    return [value / total[group] for group, value in zip(groups, odds, strict=True)]


def choice_inputs(log_odds: float, share: float, features: Mapping[str, float]) -> list[float]:
    """A column that is named like an identifier, but not of its own table, refers to something: the question is to what."""
    own = features.get("tail_named_own_table", 0.0) >= 0.7 or features.get("tail_key_like", 0.0) > 0
    named = features.get("tail_id_name", 0.0) > 0 and not features.get("tail_measure", 0.0)
    foreign = float(named and not own)
    log_share = math.log(max(share, 1e-4))
    return [log_odds, log_share, foreign, foreign * log_share, features.get("tail_preposition", 0.0)]


@dataclass(frozen=True, slots=True)
class Prior:
    """Log-odds from features. ``mean`` and ``scale`` standardise features for adaptation; a missing feature is its mean."""

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    forest: Forest | None
    version: str
    clip: float = 4.0
    """Standardised features are cut at this many standard deviations."""
    choice: Choice | None = None

    def matrix(self, features: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
        """Features as float64 [n, names], NaN where one is missing."""
        rows = [[f.get(name, math.nan) for name in self.names] for f in features]
        return np.array(rows, np.float64).reshape(len(features), len(self.names))

    def standardised(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Zero mean, unit variance, clipped, 0 where missing."""
        return np.clip(np.nan_to_num((matrix - self.mean) / self.scale, nan=0.0), -self.clip, self.clip)

    def shares(self, features: Sequence[Mapping[str, float]], groups: Sequence[Hashable]) -> list[float]:
        """The share of each candidate among the rivals of its group; stored as the feature ``odds_share``."""
        if self.forest is None:
            return [1.0] * len(features)
        if not features:
            return []
        kindred = np.array([f.get(KINDRED, 0.0) for f in features])
        return odds_shares(self.forest.log_odds(self.matrix(features)) + kindred, groups)

    def log_odds(
        self,
        features: Sequence[Mapping[str, float]],
        *,
        corrected: bool = True,
        matrix: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Calibrated log-odds, float64 [n]; with the GNN's correction where the features hold one, unless told not to.

        ``matrix`` is :meth:`matrix` of the features, where it is at hand.
        """
        matrix = self.matrix(features) if matrix is None else matrix
        if self.forest is not None:
            z = self.forest.log_odds(matrix)
            if self.choice is not None and len(z):
                x = [choice_inputs(v, f.get("odds_share", 1.0), f) for v, f in zip(z.tolist(), features, strict=True)]
                z = np.array(x) @ np.array(self.choice.weights) + self.choice.bias
            z = np.asarray(z + np.array([f.get(HIERARCHY, 0.0) + f.get(KINDRED, 0.0) for f in features]))
            if corrected:
                z = z + np.array([f.get(CORRECTION, 0.0) for f in features])
            return np.clip(z, -_LIMIT, _LIMIT)
        return np.clip(self.standardised(matrix) @ self.weights + self.bias, -_LIMIT, _LIMIT)


@cache
def load_priors(folder: Path = WEIGHTS) -> Mapping[LinkKind, Prior]:
    """The shipped priors of all kinds."""
    data: dict[str, Any] = json.loads((folder / "columns.json").read_text())
    return {LinkKind(kind): _prior(entry, data["version"]) for kind, entry in data["kinds"].items()}


@cache
def gnn_trust(folder: Path = WEIGHTS) -> float:
    """The share of the shipped GNN's correction that is added, in [0, 1]; 0 unless it won where neither model was trained."""
    data: dict[str, Any] = json.loads((folder / "columns.json").read_text())
    entry = data.get("gnn", {})
    return float(entry["trust"]) if entry.get("serves") and (folder / "column_gnn.npz").exists() else 0.0


def _prior(entry: Mapping[str, Any], version: str) -> Prior:
    names = tuple(entry["names"])
    size = len(names)
    return Prior(
        names,
        np.array(entry.get("mean", [0.0] * size), np.float64),
        np.array(entry.get("scale", [1.0] * size), np.float64),
        np.array(entry.get("weights", [0.0] * size), np.float64),
        float(entry.get("bias", 0.0)),
        Forest.from_dict(entry["forest"]) if "forest" in entry else None,
        version,
        float(entry.get("clip", 4.0)),
        Choice(tuple(entry["choice"]["weights"]), float(entry["choice"]["bias"])) if "choice" in entry else None,
    )


@dataclass(frozen=True, slots=True)
class Adapted:
    """A prior with what answers taught: ``slope`` on its log-odds, ``weights`` on standardised features, ``bias``."""

    prior: Prior
    slope: float
    weights: NDArray[np.float64]
    bias: float

    def probability(self, features: Sequence[Mapping[str, float]], *, corrected: bool = True) -> NDArray[np.float64]:
        """Probabilities in (0, 1), float64 [n]; ``corrected`` False is what the explicit features alone say."""
        if not features:
            return np.zeros(0)
        matrix = self.prior.matrix(features)
        z = self.slope * self.prior.log_odds(features, corrected=corrected, matrix=matrix) + self.bias
        z = z + self.prior.standardised(matrix) @ self.weights
        return np.asarray(1 / (1 + np.exp(-np.clip(z, -_LIMIT, _LIMIT))), np.float64)


def adapt(
    prior: Prior,
    features: Sequence[Mapping[str, float]],
    labels: Sequence[bool],
    weights: Sequence[float] | None = None,
) -> Adapted:
    """Maximum a posteriori; a few milliseconds for hundreds of answers. No answers: the prior."""
    size = len(prior.names)
    if not features:
        return Adapted(prior, 1.0, np.zeros(size), 0.0)
    matrix = prior.matrix(features)
    odds = prior.log_odds(features, matrix=matrix)
    fitted = fit_logistic(
        np.column_stack([odds, prior.standardised(matrix)]), np.array(labels, np.float64), offset=odds,
        penalty=np.array([_PRECISION_SLOPE] + [_PRECISION_FEATURE * size] * size), bias_penalty=_PRECISION_BIAS,
        weight=None if weights is None else np.array(weights, np.float64), mean=np.zeros(size + 1), scale=np.ones(size + 1),
    )  # fmt: skip
    return Adapted(prior, max(1.0 + float(fitted.weights[0]), 0.05), fitted.weights[1:], fitted.bias)


def answers(
    kind: LinkKind, known: Sequence[LinkType], judgements: Sequence[Judgement]
) -> tuple[list[Mapping[str, float]], list[bool]]:
    """The training examples in the judgements about link types of a kind: features as stored, right or not.

    The newest answer of a person about a link type counts; undone, unsure and deferred ones do not. A correction to other
    columns or to another kind says that the proposal was wrong and that what it was corrected to is right. One that only
    turns, renames or limits it says that these columns belong together.
    """
    types = {link_type.id: link_type for link_type in known}
    latest: dict[str, tuple[Mapping[str, float], bool | None]] = {}
    for judgement in judgements:
        live = "|" not in judgement.subject and judgement.undone_at is None and judgement.by != AUTOMATIC
        if not live or judgement.subject not in types:
            continue
        link_type = types[judgement.subject]
        label = _LABELS.get(judgement.verdict)
        if label and judgement.correction is not None:
            right = corrected_ends(link_type, judgement.correction)
            ends = frozenset((link_type.tail, link_type.head))
            label = right[0] is link_type.kind and frozenset(right[1:3]) == ends
            made = types.get(link_type_id(*right))
            if not label and made is not None:
                latest[made.id] = made.features, True
        latest[link_type.id] = judgement.features or link_type.features, label
    found = [(f, y) for id, (f, y) in latest.items() if types[id].kind is kind and f and y is not None]
    return [f for f, _ in found], [y for _, y in found]
