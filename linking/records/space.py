"""A space of terms: the records of both tables by their 3-grams or words, and likeness of pairs in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from linking.records.parallel import each
from linking.records.terms import Terms, TermStatistics, merged_codes
from linking.records.vectors import shared_terms, sums

__all__ = ["Space"]

Csr: TypeAlias = sparse.csr_matrix
Float: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
BLOCK = 50_000
ROWS = 200_000


@dataclass(frozen=True)
class Space:
    """``left`` and ``right`` have one vocabulary; in one table both are the same object."""

    left: Terms
    right: Terms
    statistics: TermStatistics

    @classmethod
    def of(cls, left: Terms, right: Terms, statistics: TermStatistics | None = None) -> "Space":
        """``statistics`` are those of this data where none are given."""
        if statistics is None:
            sides = [left] if right is left else [left, right]
            frequency = sum(np.bincount(s.counts.indices, minlength=len(s.codes)) for s in sides)
            texts = sum(s.counts.shape[0] for s in sides)
            statistics = TermStatistics.of(left.codes, np.asarray(frequency, np.float64), texts)
        return cls(left, right, statistics)

    def changed(self, sides: Sequence[Terms], old: Sequence[Ids]) -> "Space":
        """The same space after a sync: row k of a side is its row ``old[k]``, or the next one of ``sides`` where negative."""
        codes = merged_codes([self.left.codes, *(s.codes for s in sides)])
        pairs = zip((self.left, self.right), sides, old, strict=False)
        made = [before.over(codes).with_rows(rows, fresh.over(codes)) for before, fresh, rows in pairs]
        return Space(made[0], made[-1], self.statistics)

    @property
    def codes(self) -> Ids:
        return self.left.codes

    @cached_property
    def weights(self) -> Float:
        return self.statistics.weigh(self.codes)

    @cached_property
    def _lengths(self) -> tuple[Float, Float, Float, Float]:
        """Length of the rows of left and right with weights as they are, then with their squares."""
        made: list[Float] = []
        for weights in (self.weights, self.weights**2):
            left = _row_lengths(self.left.counts, weights)
            made += [left, left if self.right is self.left else _row_lengths(self.right.counts, weights)]
        return made[0], made[1], made[2], made[3]

    def cosines(self, i: Ids, j: Ids) -> tuple[Float, Float]:
        """Cosine of TF-IDF vectors, and with the weights squared, of left row ``i[k]`` and right row ``j[k]``."""
        plain, sharp = np.zeros(len(i), np.float32), np.zeros(len(i), np.float32)

        def compare(block: slice) -> None:
            shared = shared_terms(self.left.counts, self.right.counts, i[block], j[block])
            plain[block], sharp[block] = self.cosines_of(shared, i[block], j[block])

        each(compare, _blocks(len(i)))
        return plain, sharp

    def cosines_of(self, shared: Csr, i: Ids, j: Ids) -> tuple[Float, Float]:
        """Like :meth:`cosines`, of pairs whose shared terms are known."""
        weights = self.weights[shared.indices]
        first, second, third, fourth = self._lengths
        once = shared.data * weights * weights
        plain = sums(once, shared.indptr) / np.maximum(first[i] * second[j], 1e-12)
        sharp = sums(once * weights * weights, shared.indptr) / np.maximum(third[i] * fourth[j], 1e-12)
        return np.minimum(plain, 1).astype(np.float32), np.minimum(sharp, 1).astype(np.float32)

    def sharp(self, i: Ids, j: Ids) -> Float:
        """The second of :meth:`cosines`."""
        return self.cosines(i, j)[1]

    def within(self, side: int, i: Ids, j: Ids) -> Float:
        """Cosine of rows of one side (0 left, 1 right) with each other."""
        counts, lengths = (self.left.counts, self.right.counts)[side], self._lengths[side]
        result = np.zeros(len(i), np.float32)

        def compare(block: slice) -> None:
            shared = shared_terms(counts, counts, i[block], j[block])
            weights = self.weights[shared.indices]
            total = sums(shared.data * weights * weights, shared.indptr)
            result[block] = total / np.maximum(lengths[i[block]] * lengths[j[block]], 1e-12)

        each(compare, _blocks(len(i)))
        return np.minimum(result, 1)

    def vectors(self, keep: NDArray[np.bool_], side: int, rows: Ids | None = None) -> Csr:
        """TF-IDF vectors of one side (of these rows), over the terms to keep; their length is that over all terms."""
        counts, lengths = (self.left.counts, self.right.counts)[side], self._lengths[side]
        if rows is not None:
            counts, lengths = counts[rows], lengths[rows]
        place = np.cumsum(keep) - 1
        starts = range(0, max(counts.shape[0], 1), ROWS)
        parts = [_kept(counts, lengths, self.weights, keep, place, start) for start in starts]
        return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")


def _kept(counts: Csr, lengths: Float, weights: Float, keep: NDArray[np.bool_], place: Ids, start: int) -> Csr:
    part = counts[start : start + ROWS]
    chosen = np.flatnonzero(keep[part.indices])
    bounds = np.searchsorted(chosen, part.indptr)
    index = part.indices[chosen]
    length = np.repeat(np.maximum(lengths[start : start + ROWS], 1e-12), np.diff(bounds))
    data = part.data[chosen] * weights[index] / length
    shape = part.shape[0], max(int(keep.sum()), 1)
    made = sparse.csr_matrix((data, place[index].astype(np.int32), bounds), shape=shape)
    made.has_sorted_indices = True
    return made


def _row_lengths(counts: Csr, weights: Float) -> Float:
    result = np.zeros(counts.shape[0], np.float32)
    for start in range(0, counts.shape[0], ROWS):
        part = counts[start : start + ROWS]
        values = part.data * weights[part.indices]
        result[start : start + ROWS] = np.sqrt(sums(values * values, part.indptr))
    return result


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]
