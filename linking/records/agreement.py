"""Fellegi-Sunter weights per field, estimated without labels by expectation maximisation over the candidate pairs.

Fellegi and Sunter 1969, A theory for record linkage; Winkler 1988 for the estimation; value frequencies as in
Winkler 1989: agreement on a rare value says more than on a frequent one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "Agreement", "estimate", "level_of"]

BOUNDS = np.array([0.45, 0.65, 0.8, 0.92, 0.999], np.float32)
LEVELS = len(BOUNDS) + 1
"""Levels of similarity of two present values; the last one is equality."""
MISSING = -1


def level_of(similarity: NDArray[np.float32]) -> NDArray[np.int8]:
    """The level of each similarity in [0, 1]; NaN (a side is absent) gives MISSING."""
    levels = np.searchsorted(BOUNDS, np.nan_to_num(similarity, nan=0.0), side="right").astype(np.int8)
    return np.where(np.isnan(similarity), np.int8(MISSING), levels)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Natural log Bayes factors: ``weights[field, level]``, and the prior log odds of a candidate pair to match."""

    weights: NDArray[np.float64]
    prior: float

    def contributions(self, levels: NDArray[np.int8], rarity: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each field adds to the log odds of each pair, float32 [pairs, fields]; absent values add nothing.

        ``rarity`` is the natural log of how much rarer the agreed value is than the field's average, 0 where unequal.
        """
        fields = np.arange(levels.shape[1])
        base = self.weights[fields, np.maximum(levels, 0)]
        # Half the log keeps a unique value in a field full of errors from deciding alone.
        base = np.where(levels == LEVELS - 1, base + 0.5 * rarity, base)
        return np.where(levels == MISSING, 0.0, base).astype(np.float32)


def estimate(
    levels: NDArray[np.int8], background: NDArray[np.int8], start: NDArray[np.float32], rounds: int = 15
) -> Agreement:
    """Estimates the weights from candidate pairs and random pairs.

    ``levels`` [pairs, fields] of the candidates, ``background`` of random pairs (which hardly ever match), ``start``
    the first guess of each candidate's probability to match.
    """
    fields = levels.shape[1]
    u = np.stack([_frequencies(background[:, f], np.ones(len(background))) for f in range(fields)])
    responsibility = start.astype(np.float64)
    weights = np.zeros((fields, LEVELS))
    prior = 0.0
    for _ in range(rounds):
        m = np.stack([_frequencies(levels[:, f], responsibility) for f in range(fields)])
        weights = _monotone(np.clip(np.log(m / u), -6, 8))
        share = float(np.clip(responsibility.mean(), 1e-4, 0.5))
        prior = float(np.log(share / (1 - share)))
        updated = _score(weights, prior, levels)
        # Fields depend on each other, so the posterior of plain multiplication is too sure: its logit is tempered.
        new = 1 / (1 + np.exp(-np.clip(0.7 * updated, -30, 30)))
        new = 0.5 * new + 0.5 * start
        if np.abs(new - responsibility).mean() < 1e-4:
            break
        responsibility = new
    return Agreement(weights, prior)


def _score(weights: NDArray[np.float64], prior: float, levels: NDArray[np.int8]) -> NDArray[np.float64]:
    fields = np.arange(levels.shape[1])
    terms = np.where(levels == MISSING, 0.0, weights[fields, np.maximum(levels, 0)])
    return np.asarray(terms.sum(axis=1) + prior)


def _frequencies(levels: NDArray[np.int8], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    present = levels >= 0
    counts = np.bincount(levels[present], weight[present], LEVELS) + 0.5
    return np.asarray(counts / counts.sum())


def _monotone(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """More similar never counts less: a running maximum from the level below."""
    return np.maximum.accumulate(weights, axis=1)
