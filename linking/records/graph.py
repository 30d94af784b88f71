"""The graph signal: what it says for a candidate pair that both records are linked to the same things.

Without a label, pairs that are surely the same by what they say themselves are compared with *decoys*: of the same records, the
nearest strangers. Sharing an artist says little where strangers of the same title share it as well; relatives who share an
address are each other's decoys. A logistic regression over what pairs share gives the log-likelihood ratio, by which the log odds
of all pairs are corrected. It counts only where it tells pairs apart that it was not fitted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from linking.records.blocking import Pairs
from linking.records.linked import Linked, Overlap, overlap, said
from linking.records.prepared import Prepared

__all__ = ["GraphSignal", "evidence_of", "graph_features", "learn_signal"]

Float = NDArray[np.float32]
Double = NDArray[np.float64]
Ids = NDArray[np.int64]
PER_WAY = ("share", "amount", "linked")
SURE = 0.9
UNLIKE = 0.1
NEAREST = 2
LEAST = 10
"""Sure pairs and decoys below which nothing is learnt."""
MOST = 20_000
PENALTY = 2.0
LARGEST = 6.0
"""The largest correction of the log odds."""
SHOWN = 0.05
"""What adds less than this to the log odds is not named as evidence."""
GAIN = 2.0
"""By how many standard errors the held-out likelihood must rise."""


@dataclass(frozen=True, slots=True, eq=False)
class GraphSignal:
    """What links are worth in a task: weights per way and feature, and whether they are trusted.

    ``ways`` are the names of what records are linked to, in the order of the weights, float64 [ways * PER_WAY].
    """

    ways: tuple[str, ...]
    weights: Double
    trusted: bool
    gain: float

    def parts(self, features: Float) -> Float:
        """What each way adds to the log odds, float32 [pairs, ways]."""
        if not self.trusted:
            return np.zeros((len(features), len(self.ways)), np.float32)
        parts = (features * self.weights).reshape(len(features), len(self.ways), len(PER_WAY)).sum(axis=2)
        return np.asarray(parts, np.float32)

    def correction(self, features: Float) -> Float:
        """float32 [pairs]."""
        return np.asarray(np.clip(self.parts(features).sum(axis=1), -LARGEST, LARGEST), np.float32)


def graph_features(linked: Sequence[Linked], pairs: Pairs) -> Float:
    """float32 [pairs, ways * PER_WAY]."""
    made = [_described(overlap(one, pairs)) for one in linked]
    return np.hstack(made) if made else np.zeros((len(pairs), 0), np.float32)


def evidence_of(linked: Sequence[Linked], signal: GraphSignal, pairs: Pairs) -> list[dict[str, float]]:
    """Per pair what links add to its log odds, by words such as "links:share 7 of 9: products of orders"."""
    made: list[dict[str, float]] = [{} for _ in range(len(pairs))]
    parts = signal.parts(graph_features(linked, pairs))
    for one, column in zip(linked, parts.T, strict=True):
        told = np.flatnonzero(np.abs(column) >= SHOWN)
        for k, words in zip(told.tolist(), said(one, pairs.take(told)), strict=True):
            made[k][f"links:{words}"] = round(float(column[k]), 3)
    return made


def _described(found: Overlap) -> Float:
    return np.stack([found.share, np.log1p(found.amount), found.present.astype(np.float32)], axis=1)


def learn_signal(
    prepared: Prepared, base: Float, won: NDArray[np.bool_], features: Float, ways: tuple[str, ...]
) -> GraphSignal:
    """Weights from sure pairs and their decoys, by ``base`` log odds. ``won`` marks pairs that no better one rules out."""
    p = 1 / (1 + np.exp(-base.astype(np.float64)))
    sure = np.flatnonzero((p >= SURE) & won)
    decoys, weight = _decoys(prepared, p, won, sure)
    nothing = GraphSignal(ways, np.zeros(features.shape[1]), False, 0.0)
    if min(len(sure), len(decoys)) < LEAST or not features.any():
        return nothing
    generator = np.random.default_rng(0)
    sure = generator.permutation(sure)[:MOST]
    order = generator.permutation(len(decoys))[:MOST]
    decoys, weight = decoys[order], weight[order]
    rows = np.r_[sure, decoys]
    x = features[rows].astype(np.float64)
    y = np.r_[np.ones(len(sure)), np.zeros(len(decoys))]
    weights = np.r_[np.full(len(sure), 1.0), weight * len(sure) / weight.sum()]
    fold = prepared.pairs.left[rows] % 2
    gains = np.concatenate([_gain(x, y, weights, fold == k) for k in (0, 1)])
    held = np.r_[weights[fold == 0], weights[fold == 1]]
    mean = float(np.average(gains, weights=held))
    error = float(np.sqrt(np.average((gains - mean) ** 2, weights=held) * (held**2).sum()) / held.sum())
    return GraphSignal(ways, _fit(x, y, weights), mean > GAIN * error, mean)


def _gain(x: Double, y: Double, weight: Double, held: NDArray[np.bool_]) -> Double:
    """By how much the log-likelihood of each held-out row rises over that of a coin."""
    beta = _fit(x[~held], y[~held], weight[~held])
    z = np.clip(x[held] @ beta, -LARGEST, LARGEST)
    return np.asarray(np.log(2) - np.logaddexp(0, np.where(y[held] > 0, -z, z)))


def _fit(x: Double, y: Double, weight: Double) -> Double:
    """Ridge logistic regression without a constant; to share more never speaks against a pair, to share nothing never for it."""
    sign = np.where(y > 0, 1.0, -1.0)

    def loss(beta: Double) -> tuple[float, Double]:
        z = sign * (x @ beta)
        p = 1 / (1 + np.exp(np.clip(z, -30, 30)))
        value = float(weight @ np.logaddexp(0, -z)) + PENALTY / 2 * float(beta @ beta)
        return value, np.asarray(PENALTY * beta - x.T @ (weight * sign * p))

    ways = x.shape[1] // len(PER_WAY)
    bounds = [(0, None), (0, None), (None, 0)] * ways
    return np.asarray(minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x)


def _decoys(prepared: Prepared, p: Double, won: NDArray[np.bool_], sure: Ids) -> tuple[Ids, Double]:
    """The strangers nearest to the records of sure pairs, and their weights: nearer ones count more."""
    pairs, likeness = prepared.pairs, prepared.table.overall["mix"].astype(np.float64)
    shape = prepared.comparer.records.shape
    strange = np.flatnonzero((p <= UNLIKE) | ~won)
    chosen = np.zeros(len(pairs), bool)
    ends = [(pairs.left, pairs.left, shape[0]), (pairs.right, pairs.right, shape[1])]
    if prepared.comparer.records.dirty:
        ends += [(pairs.left, pairs.right, shape[0]), (pairs.right, pairs.left, shape[0])]
    reach = np.zeros(len(pairs))
    for end, of, size in ends:
        best = np.zeros(size)
        np.maximum.at(best, of[sure], likeness[sure])
        mine = strange[best[end[strange]] > 0]
        order = mine[np.lexsort((-likeness[mine], end[mine]))]
        start = np.searchsorted(end[order], end[order])
        near = order[np.arange(len(order)) - start < NEAREST]
        chosen[near] = True
        reach[near] = np.maximum(reach[near], np.minimum(likeness[near] / best[end[near]], 1))
    found = np.flatnonzero(chosen)
    return found, np.maximum(reach[found], 0.05) ** 2
