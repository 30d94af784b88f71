"""Decoys: what the best candidate of a record looks like when its true partner is absent, learnt from the task itself.

Where a record has one partner at most, its second-best candidate is a stranger if its best one is the partner: a *decoy*,
the nearest stranger that the other table has to offer. That is also what stands first for a record without a partner.
Comparing the scores of first candidates (targets) with those of decoys therefore tells, without labels, how many
records have a partner and how likely each pair is one: ``1 - share of strangers * density of decoys / density of targets``.
Decoys of records that have no partner are second-best strangers and too easy, so decoys count by the probability
that their record has one, in a few rounds of expectation maximisation. The idea is target-decoy competition (Elias and
Gygi 2007) with the two-groups model of Efron 2004, carried over from mass spectrometry to record matching.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.records.blocking import Pairs
from linking.records.ranking import best_first

__all__ = ["Curve", "Decoys", "judge_by_decoys"]

Float = NDArray[np.float32]
Double = NDArray[np.float64]
Ids = NDArray[np.int64]
MARGIN = 0.75
"""How much the lead over the best rival of a record counts beside the score itself."""
BINS = 200
ROUNDS = 8
CLEAR = 0.95
"""At first, records whose best candidate scores above this quantile of decoys are taken to have a partner."""
MUCH_LARGER = 2
"""A table so many times as large as the other says nothing of how many of its records have a partner."""
LEAST = 10
"""With fewer decoys there is nothing to learn from."""
LOWEST_STRANGERS = 0.005
SUREST = 1e-3


@dataclass(frozen=True, slots=True)
class Curve:
    """How likely a pair is a stranger: ``share`` times ``ratio`` (of decoy over target density) of its score's bin.

    It was learnt from ``records`` first candidates.
    """

    edges: Double
    ratio: Double
    share: float
    records: int

    def matching(self, surplus: Double) -> Double:
        """The probability of a match, kept away from 0 and 1."""
        true = 1 - self.share * self.ratio[np.searchsorted(self.edges, surplus, side="right")]
        return np.clip(true, SUREST, 1 - SUREST)


@dataclass(frozen=True, slots=True)
class Decoys:
    """``surplus`` orders the pairs: the score plus the lead over rivals. ``log_odds`` are those of a true match.

    ``matches`` is the estimated number of pairs that match; None where there was too little to learn from, and the
    log odds are 0. ``curves`` are what was learnt, of each side where a record has one partner at most.
    ``measure`` is the number of the likeness that was judged.
    """

    surplus: Float
    log_odds: Float
    matches: float | None
    curves: tuple[Curve, ...] = ()
    measure: int = 0


@dataclass(frozen=True, slots=True)
class _End:
    """First candidates and decoys of the records of one table, and the bin edges of their scores."""

    targets: Double
    decoys: Double
    has_decoy: NDArray[np.bool_]

    def fit(self, strangers: float | None = None) -> Curve:
        """Bin edges, the ratio of decoy over target density in each bin (falling), and the share of strangers."""
        decoys = self.decoys[self.has_decoy]
        edges = np.unique(np.quantile(np.r_[self.targets, decoys], np.linspace(0, 1, BINS + 1)[1:-1]))
        target_bin = np.searchsorted(edges, self.targets, side="right")
        decoy_bin = np.searchsorted(edges, decoys, side="right")
        target_share = np.bincount(target_bin, minlength=len(edges) + 1) / len(self.targets)
        order, ascending = np.argsort(decoys), np.sort(self.targets)
        partnered = (self.targets > np.quantile(decoys, CLEAR)).astype(float)
        share, ratio = 1.0, np.ones(len(edges) + 1)
        for _ in range(ROUNDS):
            # Squared, lest many records that hardly have a partner outweigh the few that surely do.
            weight = partnered[self.has_decoy] ** 2 + 1e-6
            decoy_share = np.bincount(decoy_bin, weight, minlength=len(edges) + 1) / weight.sum()
            ratio = _falling_ratio(target_share, decoy_share)
            if strangers is None:
                # Half of all decoys lie below their median; so do half of the strangers, and hardly any partner.
                half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
                middle = decoys[order][min(int(half), len(order) - 1)]
                share = 2 * float(np.searchsorted(ascending, middle)) / len(ascending)
            else:
                share = strangers
            share = float(np.clip(share, LOWEST_STRANGERS, 1))
            partnered = np.clip(1 - share * ratio[target_bin], 0, 1)
        return Curve(edges, ratio, share, len(self.targets))


def judge_by_decoys(
    pairs: Pairs,
    score: Float,
    shape: tuple[int, int],
    once: tuple[bool, bool] = (True, True),
    learnt: Decoys | None = None,
) -> Decoys:
    """Judges all pairs by a score of likeness (the margin of which matters, not its scale, about 0 to 1).

    ``once`` tells whether a left record, and a right record, has at most one partner; decoys are made on those sides
    only, at least one. With ``learnt`` its curves judge and nothing is estimated.
    """
    value = score.astype(np.float64)
    ends = [_ranked(end, score, n) for end, n in zip((pairs.left, pairs.right), shape, strict=True)]
    lead = [value - np.where(rank == 0, best[1][end], best[0][end]) for end, rank, best in ends]
    surplus = value + sum(MARGIN * lead[k] for k in (0, 1) if once[k])
    if learnt is None:
        found: list[_End] = []
        for k in (0, 1):
            if not once[k]:
                continue
            end, rank, best = ends[k]
            other = MARGIN * lead[1 - k] if once[1 - k] else 0.0
            without_first = value + other + MARGIN * (value - best[2][end])
            targets, decoys = _at(end, rank == 0, surplus, shape[k]), _at(end, rank == 1, without_first, shape[k])
            present = ~np.isnan(targets)
            found.append(_End(targets[present], decoys[present], ~np.isnan(decoys[present])))
        matches, curves = _learn(found)
    else:
        matches, curves = learnt.matches, learnt.curves
    if matches is None:
        return Decoys(surplus.astype(np.float32), np.zeros(len(pairs), np.float32), None)
    # Both sides have the same matches. Where one has many more records, most of them are strangers, and what its first
    # candidates look like says little about the matches.
    weights = np.array([1 / curve.records for curve in curves])
    probability = np.zeros(len(pairs))
    for curve, weight in zip(curves, weights / weights.sum(), strict=True):
        probability += weight * curve.matching(surplus)
    log_odds = np.log(probability / (1 - probability))
    return Decoys(surplus.astype(np.float32), log_odds.astype(np.float32), matches, curves)


def _learn(found: Sequence[_End]) -> tuple[float | None, tuple[Curve, ...]]:
    """The number of matches and the curve of each side; None where there are too few decoys."""
    if not found or min(int(f.has_decoy.sum()) for f in found) < LEAST:
        return None, ()
    # Both sides have the same number of matches; strangers are rather over- than underestimated. Of a table that is much
    # larger the share that matches is too small to be told.
    smallest = min(len(f.targets) for f in found)
    sizeable = [f for f in found if len(f.targets) <= MUCH_LARGER * smallest]
    matches = max(len(f.targets) * (1 - f.fit().share) for f in sizeable)
    strangers = [float(np.clip(1 - matches / len(f.targets), LOWEST_STRANGERS, 1)) for f in found]
    return matches, tuple(f.fit(share) for f, share in zip(found, strangers, strict=True))


def _ranked(end: Ids, score: Float, size: int) -> tuple[Ids, Ids, list[Double]]:
    """The end itself, each pair's rank among the pairs of its record, and each record's three best scores (else 0)."""
    order = best_first(end, score)
    first = np.searchsorted(end[order], np.arange(size))
    rank = np.empty(len(end), np.int64)
    rank[order] = np.arange(len(end)) - first[end[order]]
    best = []
    for k in range(3):
        values = np.zeros(size)
        values[end[rank == k]] = score[rank == k]
        best.append(values)
    return end, rank, best


def _at(end: Ids, chosen: NDArray[np.bool_], value: Double, size: int) -> Double:
    result = np.full(size, np.nan)
    result[end[chosen]] = value[chosen]
    return result


def _falling_ratio(targets: Double, decoys: Double) -> Double:
    """Density of decoys over that of targets per bin, made to fall with the score by pooling adjacent violators."""
    total = np.maximum(targets + decoys, 1e-12)
    values: list[float] = []
    weights: list[float] = []
    counts: list[int] = []
    for value, weight in zip((targets / total).tolist(), total.tolist(), strict=True):
        values.append(value)
        weights.append(weight)
        counts.append(1)
        while len(values) > 1 and values[-2] > values[-1]:
            both = weights[-2] + weights[-1]
            values[-2:] = [(values[-2] * weights[-2] + values[-1] * weights[-1]) / both]
            weights[-2:] = [both]
            counts[-2:] = [counts[-2] + counts[-1]]
    share = np.clip(np.repeat(values, counts), SUREST, 1 - SUREST)
    return np.asarray((1 - share) / share)
