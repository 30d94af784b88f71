"""Fellegi-Sunter weights per field, estimated without labels by expectation maximisation over the candidate pairs.

Fellegi and Sunter 1969, A theory for record linkage; Winkler 1988 for the estimation; value frequencies as in
Winkler 1989: agreement on a rare value says more than on a frequent one.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

__all__ = ["LEVELS", "Agreement", "estimate", "level_of", "told_apart"]

BOUNDS = np.array([0.45, 0.65, 0.8, 0.92, 0.999], np.float32)
LEVELS = len(BOUNDS) + 1
"""Levels of similarity of two present values; the last one is equality."""
MISSING = -1
ROUNDS = 15
RARE, DOUBT = 0.05, 2.0
"""Random pairs added to each level, and how many matching pairs as random pairs are added to the matching ones."""
FEWEST = 0.5
"""Fewer matches are none."""


def level_of(similarity: NDArray[np.float32]) -> NDArray[np.int8]:
    """The level of each similarity in [0, 1]; NaN (a side is absent) gives MISSING."""
    levels = np.searchsorted(BOUNDS, np.nan_to_num(similarity, nan=0.0), side="right").astype(np.int8)
    return np.where(np.isnan(similarity), np.int8(MISSING), levels)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Natural log Bayes factors: ``weights[field, level]``, and the prior log odds of a candidate pair to match.

    ``apart`` are such weights for judging by: a level that was hardly seen says nothing there, whereas ``weights`` describe
    pairs to the prior, which was trained on them. ``anywhere`` are the log odds of any pair of records to match, candidate or
    not, by ``apart``; None where the fields cannot tell.
    """

    weights: NDArray[np.float64]
    prior: float
    apart: NDArray[np.float64] | None = None
    anywhere: float | None = None

    def contributions(self, levels: NDArray[np.int8], rarity: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each field adds to the log odds of each pair, float32 [pairs, fields]; absent values add nothing.

        ``rarity`` is the natural log of how much rarer the agreed value is than the field's average, 0 where unequal.
        """
        return _weighed(self.weights, levels, rarity)

    def judged(self, levels: NDArray[np.int8], rarity: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """The log odds of each pair by its fields alone, float64 [pairs]; None where they cannot tell."""
        if self.apart is None or self.anywhere is None:
            return None
        return np.asarray(_weighed(self.apart, levels, rarity).sum(axis=1, dtype=np.float64) + self.anywhere)


def _weighed(
    weights: NDArray[np.float64], levels: NDArray[np.int8], rarity: NDArray[np.float32]
) -> NDArray[np.float32]:
    fields = np.arange(levels.shape[1])
    base = weights[fields, np.maximum(levels, 0)]
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


def told_apart(
    agreement: Agreement,
    levels: NDArray[np.int8],
    background: NDArray[np.int8],
    rarity: NDArray[np.float32],
    start: NDArray[np.float32],
    possible: float,
) -> Agreement:
    """Adds ``apart`` and ``anywhere``; ``possible`` is the number of all pairs of records, candidates or not."""
    fields = range(levels.shape[1])
    random = np.stack([_counts(background[:, f], np.ones(len(background))) for f in fields])
    u = (random + RARE) / (random + RARE).sum(axis=1, keepdims=True)

    def weights(likely: NDArray[np.float64]) -> NDArray[np.float64]:
        matching = np.stack([_counts(levels[:, f], likely) for f in fields])
        total = matching.sum(axis=1, keepdims=True)
        m = (matching + DOUBT * u) / (total + DOUBT)
        bayes = np.clip(np.log(m / u), -6, 8)
        mass = matching + u * total + 1e-9
        return np.stack([isotonic_regression(w, weights=n).x for w, n in zip(bayes, mass, strict=True)])

    likely = start.astype(np.float64)
    apart = agreement.weights
    for _ in range(ROUNDS):
        apart = weights(likely)
        share = float(np.clip(likely.mean(), 1e-4, 0.5))
        odds = _score(apart, float(np.log(share / (1 - share))), levels)
        likely = 0.5 / (1 + np.exp(-np.clip(0.7 * odds, -30, 30))) + 0.5 * start
    total = _weighed(apart, levels, rarity).sum(axis=1)
    return replace(agreement, apart=apart, anywhere=_anywhere(total, possible))


def _anywhere(total: NDArray[np.float32], possible: float) -> float | None:
    """The log odds of one of the ``possible`` pairs to match that explain themselves: with them the candidates, whose log Bayes
    factors are ``total``, match as often as they say. Pairs that are no candidates hardly match. None where no pair does: too
    little is known of a pair, by one field for instance.
    """
    matches, odds = possible**0.5, 0.0
    for _ in range(2 * ROUNDS):
        odds = float(np.log(matches / max(possible - matches, 1.0)))
        matches = float((1 / (1 + np.exp(-np.clip(total + odds, -30, 30)))).sum(dtype=np.float64))
        if matches <= FEWEST:
            return None
    return odds


def _score(weights: NDArray[np.float64], prior: float, levels: NDArray[np.int8]) -> NDArray[np.float64]:
    fields = np.arange(levels.shape[1])
    terms = np.where(levels == MISSING, 0.0, weights[fields, np.maximum(levels, 0)])
    return np.asarray(terms.sum(axis=1) + prior)


def _frequencies(levels: NDArray[np.int8], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = _counts(levels, weight) + 0.5
    return np.asarray(counts / counts.sum())


def _counts(levels: NDArray[np.int8], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    present = levels >= 0
    return np.asarray(np.bincount(levels[present], weight[present], LEVELS), np.float64)


def _monotone(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """More similar never counts less: a running maximum from the level below."""
    return np.maximum.accumulate(weights, axis=1)
