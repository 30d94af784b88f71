"""Rivals: how a pair stands against the other candidate pairs of its two records."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.records.blocking import Pairs
from linking.records.ranking import best_first

__all__ = ["Rivals", "rivals_of"]

Float = NDArray[np.float32]
Ids = NDArray[np.int64]
DEPTH = 3
"""So many of the best rivals are averaged."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """Per pair and end: the score of the best other pair of that record (``-inf`` without one) and its other record.

    ``left_record[k]`` is the right-hand record that rivals ``pairs.right[k]`` for ``pairs.left[k]``, -1 without one;
    ``right_record[k]`` the left-hand record that rivals ``pairs.left[k]`` for ``pairs.right[k]``.
    ``mean`` is the mean score of the best three rivals, averaged over both ends; a missing rival scores 0.
    """

    left_score: Float
    right_score: Float
    left_record: Ids
    right_record: Ids
    mean: Float

    def margins(self, score: Float, limit: float) -> tuple[Float, Float]:
        """Smaller and larger of the two margins, clipped to +-``limit``; a pair without rivals has the full margin."""
        left = np.clip(score - self.left_score, -limit, limit)
        right = np.clip(score - self.right_score, -limit, limit)
        return np.minimum(left, right), np.maximum(left, right)


def rivals_of(pairs: Pairs, score: Float, shape: tuple[int, int], *, dirty: bool) -> Rivals:
    """The best rivals at both ends of each pair. In one table a record's rivals stand on either side of its pairs."""
    n = len(pairs)
    if dirty:
        ends = np.concatenate([pairs.left, pairs.right])
        others = np.concatenate([pairs.right, pairs.left])
        best, record, mean = _at_end(ends, others, np.concatenate([score, score]), shape[0])
        left, right = (best[:n], record[:n], mean[:n]), (best[n:], record[n:], mean[n:])
    else:
        left = _at_end(pairs.left, pairs.right, score, shape[0])
        right = _at_end(pairs.right, pairs.left, score, shape[1])
    return Rivals(left[0], right[0], left[1], right[1], ((left[2] + right[2]) / 2).astype(np.float32))


def _at_end(end: Ids, other: Ids, score: Float, size: int) -> tuple[Float, Ids, Float]:
    """For each entry the best score among the other entries with the same end, that entry's other record, and the mean."""
    order = best_first(end, score)
    starts = np.searchsorted(end[order], np.arange(size + 1))
    best, record = _runner_up(end, other, score, order, starts)
    return best, record, _mean_of_others(end, score, order, starts)


def _runner_up(end: Ids, other: Ids, score: Float, order: Ids, starts: Ids) -> tuple[Float, Ids]:
    count = len(end)
    first = order[np.minimum(starts[:-1], max(count - 1, 0))] if count else np.zeros(len(starts) - 1, np.int64)
    lengths = np.diff(starts)
    second = order[np.minimum(starts[:-1] + 1, max(count - 1, 0))] if count else first
    is_first = np.zeros(count, bool)
    is_first[first[lengths > 0]] = True
    rival = np.where(is_first, second[end], first[end])
    alone = is_first & (lengths[end] < 2)
    best = np.where(alone, -np.inf, score[rival]).astype(np.float32)
    return best, np.where(alone, -1, other[rival])


def _mean_of_others(end: Ids, score: Float, order: Ids, starts: Ids) -> Float:
    size = len(starts) - 1
    rank = np.empty(len(end), np.int64)
    rank[order] = np.arange(len(end)) - starts[end[order]]
    positive = np.maximum(score, 0)
    best = np.bincount(end[rank <= DEPTH], positive[rank <= DEPTH], minlength=size)
    last = np.bincount(end[rank == DEPTH], positive[rank == DEPTH], minlength=size)
    own = np.where(rank < DEPTH, positive, last[end])
    return ((best[end] - own) / DEPTH).astype(np.float32)
