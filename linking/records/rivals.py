"""Rivals: how a pair stands against the other candidate pairs of its two records."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.records.blocking import Pairs

__all__ = ["Rivals", "mean_rival", "rivals_of"]

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rivals:
    """Per pair and end: the score of the best other pair of that record (``-inf`` without one) and its other record.

    ``left_record[k]`` is the right-hand record that rivals ``pairs.right[k]`` for ``pairs.left[k]``, -1 without one;
    ``right_record[k]`` the left-hand record that rivals ``pairs.left[k]`` for ``pairs.right[k]``.
    """

    left_score: Float
    right_score: Float
    left_record: NDArray[np.int64]
    right_record: NDArray[np.int64]

    def margins(self, score: Float, limit: float) -> tuple[Float, Float]:
        """Smaller and larger of the two margins, clipped to +-``limit``; a pair without rivals has the full margin."""
        left = np.clip(score - self.left_score, -limit, limit)
        right = np.clip(score - self.right_score, -limit, limit)
        return np.minimum(left, right), np.maximum(left, right)


def rivals_of(pairs: Pairs, score: Float, shape: tuple[int, int], *, dirty: bool) -> Rivals:
    """The best rival at both ends of each pair. In one table a record's rivals stand on either side of its pairs."""
    n = len(pairs)
    if dirty:
        ends = np.concatenate([pairs.left, pairs.right])
        others = np.concatenate([pairs.right, pairs.left])
        best, record = _runner_up(ends, others, np.concatenate([score, score]), shape[0])
        return Rivals(best[:n], best[n:], record[:n], record[n:])
    left_best, left_record = _runner_up(pairs.left, pairs.right, score, shape[0])
    right_best, right_record = _runner_up(pairs.right, pairs.left, score, shape[1])
    return Rivals(left_best, right_best, left_record, right_record)


def _runner_up(
    end: NDArray[np.int64], other: NDArray[np.int64], score: Float, size: int
) -> tuple[Float, NDArray[np.int64]]:
    """For each entry the best score among the other entries with the same end, and that entry's other record."""
    count = len(end)
    order = np.lexsort((-score, end))
    starts = np.searchsorted(end[order], np.arange(size + 1))
    first = order[np.minimum(starts[:-1], max(count - 1, 0))] if count else np.zeros(size, np.int64)
    lengths = np.diff(starts)
    second = order[np.minimum(starts[:-1] + 1, max(count - 1, 0))] if count else first
    is_first = np.zeros(count, bool)
    is_first[first[lengths > 0]] = True
    rival = np.where(is_first, second[end], first[end])
    alone = is_first & (lengths[end] < 2)
    best = np.where(alone, -np.inf, score[rival]).astype(np.float32)
    return best, np.where(alone, -1, other[rival])


def mean_rival(pairs: Pairs, score: Float, shape: tuple[int, int], *, dirty: bool, depth: int = 3) -> Float:
    """The mean score of the best ``depth`` rivals, averaged over both ends; a missing rival scores 0."""
    n = len(pairs)
    if dirty:
        mean = _mean_of_others(
            np.concatenate([pairs.left, pairs.right]), np.concatenate([score, score]), shape[0], depth
        )
        return ((mean[:n] + mean[n:]) / 2).astype(np.float32)
    left = _mean_of_others(pairs.left, score, shape[0], depth)
    return ((left + _mean_of_others(pairs.right, score, shape[1], depth)) / 2).astype(np.float32)


def _mean_of_others(end: NDArray[np.int64], score: Float, size: int, depth: int) -> Float:
    order = np.lexsort((-score, end))
    starts = np.searchsorted(end[order], np.arange(size + 1))
    rank = np.empty(len(end), np.int64)
    rank[order] = np.arange(len(end)) - starts[end[order]]
    positive = np.maximum(score, 0)
    best = np.bincount(end[rank <= depth], positive[rank <= depth], minlength=size)
    last = np.bincount(end[rank == depth], positive[rank == depth], minlength=size)
    own = np.where(rank < depth, positive, last[end])
    return ((best[end] - own) / depth).astype(np.float32)
