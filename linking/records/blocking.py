"""Blocking: candidate pairs from the nearest neighbours in cheap sparse spaces, never all pairs."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from linking.records.neighbours import nearest_lists, row_lists
from linking.records.terms import distinct

__all__ = ["Pairs", "affordable", "best_of_each", "nearest", "union"]

Csr: TypeAlias = sparse.csr_matrix
Ids: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs as two arrays of row numbers, sorted by (left, right), without duplicates."""

    left: Ids
    right: Ids

    def __len__(self) -> int:
        return len(self.left)

    def take(self, index: Ids | NDArray[np.bool_] | slice) -> "Pairs":
        return Pairs(self.left[index], self.right[index])

    def positions(self, left: Ids, right: Ids) -> Ids:
        """Where the pairs (``left[k]``, ``right[k]``) stand, -1 for those that are not here or have a negative row."""
        if not len(self):
            return np.full(len(left), -1)
        width = int(self.right.max()) + 1
        code, wanted = self.left * width + self.right, left * width + right
        place = np.minimum(np.searchsorted(code, wanted), len(code) - 1)
        known = (code[place] == wanted) & (left >= 0) & (right >= 0) & (right < width)
        return np.where(known, place, -1)


def nearest(left: Csr, right: Csr, k: int, *, budget: float, dirty: bool, rows: Ids | None = None) -> Pairs:
    """The ``k`` most similar right rows of each left row and the ``k`` most similar left rows of each right row.

    Terms are dropped, the most frequent first, until the sparse product costs at most ``budget`` multiplications.
    With ``rows`` only pairs that touch these left rows are found.
    """
    keep = affordable(left, right, budget)
    left, right = left[:, keep].tocsr(), right[:, keep].tocsr()
    chosen = left if rows is None else left[rows]
    if dirty:
        found = [row_lists(chosen, right, k).pairs()]
    else:
        of_left, of_right = nearest_lists(chosen, right, k)
        found = [of_left.pairs(), of_right.pairs()[::-1]]
    if rows is not None:
        found = [(rows[i], j) for i, j in found]
    return union(found, right.shape[0], dirty=dirty)


def union(found: list[tuple[Ids, Ids]], width: int, *, dirty: bool) -> Pairs:
    """Merges candidate lists. In one table pairs are put in order and a record is never paired with itself."""
    codes = [np.zeros(0, np.int64)]
    for i, j in found:
        if dirty:
            keep = i != j
            i, j = np.minimum(i, j)[keep], np.maximum(i, j)[keep]
        codes.append(i.astype(np.int64) * width + j)
    code = distinct(np.concatenate(codes))
    return Pairs(code // max(width, 1), code % max(width, 1))


def best_of_each(pairs: Pairs, score: NDArray[np.float32], shape: tuple[int, int], count: int) -> NDArray[np.bool_]:
    """Marks the pairs that are among the ``count`` best of their left or of their right record, those as good included.

    Scores must not be negative.
    """
    kept = np.zeros(len(pairs), bool)
    # Bits of positive floats are ordered as the floats are; sorting whole keys is faster than sorting positions.
    worse = np.int64(0xFFFFFFFF) - np.maximum(score, 0).astype(np.float32).view(np.uint32).astype(np.int64)
    for end, size in zip((pairs.left, pairs.right), shape, strict=True):
        key = end << 32 | worse
        ranked = np.sort(key)
        bounds = np.searchsorted(ranked, np.arange(size + 1) << 32)
        last = np.minimum(bounds[:-1] + count, bounds[1:]) - 1
        kept |= key <= ranked[last[end]]
    return kept


def affordable(left: Csr, right: Csr, budget: float) -> NDArray[np.bool_]:
    """Marks the terms of both sides that a product within ``budget`` multiplications has room for, rare ones first."""
    df_left = np.bincount(left.indices, minlength=left.shape[1]).astype(np.float64)
    df_right = np.bincount(right.indices, minlength=right.shape[1]).astype(np.float64)
    cost = df_left * df_right
    order = np.argsort(cost, kind="stable")
    keep = np.zeros(len(cost), bool)
    keep[order[np.cumsum(cost[order]) <= budget]] = True
    return np.asarray(keep & (cost > 0))
