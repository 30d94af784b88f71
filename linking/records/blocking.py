"""Blocking: candidate pairs from the nearest neighbours in cheap sparse spaces, never all pairs."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Pairs", "best_of_each", "nearest", "union"]

Csr: TypeAlias = sparse.csr_matrix
BLOCK_NONZERO = 20_000_000
"""Upper bound on stored products of one row block (about 240 MB)."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs as two arrays of row numbers, sorted by (left, right), without duplicates."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.left)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Pairs":
        return Pairs(self.left[index], self.right[index])


def nearest(
    left: Csr, right: Csr, k: int, *, budget: float, dirty: bool, rows: NDArray[np.int64] | None = None
) -> Pairs:
    """The ``k`` most similar right rows of each left row and the ``k`` most similar left rows of each right row.

    Terms are dropped, the most frequent first, until the sparse product costs at most ``budget`` multiplications.
    With ``rows`` only pairs that touch these left rows are found.
    """
    if left.nnz == 0 or right.nnz == 0:
        return union([], right.shape[0], dirty=dirty)
    left, right = _affordable(left, right, budget)
    found = [_top(left, right, k, rows)]
    if not dirty:
        j, i = _top(right, left if rows is None else left[rows], k, None)
        found.append((i if rows is None else rows[i], j))
    return union(found, right.shape[0], dirty=dirty)


def union(found: list[tuple[NDArray[np.int64], NDArray[np.int64]]], width: int, *, dirty: bool) -> Pairs:
    """Merges candidate lists. In one table pairs are put in order and a record is never paired with itself."""
    codes = [np.zeros(0, np.int64)]
    for i, j in found:
        if dirty:
            keep = i != j
            i, j = np.minimum(i, j)[keep], np.maximum(i, j)[keep]
        codes.append(i.astype(np.int64) * width + j)
    code = np.unique(np.concatenate(codes))
    return Pairs(code // max(width, 1), code % max(width, 1))


def best_of_each(pairs: Pairs, score: NDArray[np.float32], shape: tuple[int, int], count: int) -> NDArray[np.bool_]:
    """Marks the pairs that are among the ``count`` best of their left or of their right record."""
    kept = np.zeros(len(pairs), bool)
    for end, size in zip((pairs.left, pairs.right), shape, strict=True):
        order = np.lexsort((-score, end))
        first = np.searchsorted(end[order], np.arange(size))
        kept[order[np.arange(len(end)) - first[end[order]] < count]] = True
    return kept


def _affordable(left: Csr, right: Csr, budget: float) -> tuple[Csr, Csr]:
    df_left = np.bincount(left.indices, minlength=left.shape[1]).astype(np.float64)
    df_right = np.bincount(right.indices, minlength=right.shape[1]).astype(np.float64)
    cost = df_left * df_right
    order = np.argsort(cost, kind="stable")
    keep = np.zeros(len(cost), bool)
    keep[order[np.cumsum(cost[order]) <= budget]] = True
    keep &= cost > 0
    return left[:, keep].tocsr(), right[:, keep].tocsr()


def _top(left: Csr, right: Csr, k: int, rows: NDArray[np.int64] | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    source = left if rows is None else left[rows]
    transposed = right.T.tocsr()
    df_right = np.diff(transposed.indptr)
    cost = np.zeros(source.shape[0])
    np.add.at(cost, np.repeat(np.arange(source.shape[0]), np.diff(source.indptr)), df_right[source.indices])
    out_i: list[NDArray[np.int64]] = []
    out_j: list[NDArray[np.int64]] = []
    for start, stop in _row_blocks(np.minimum(cost, right.shape[0])):
        product = (source[start:stop] @ transposed).tocsr()
        best = _largest(product, k)
        out_i.append(np.repeat(np.arange(start, stop), np.minimum(np.diff(product.indptr), k)))
        out_j.append(product.indices[best].astype(np.int64))
    i = np.concatenate(out_i) if out_i else np.zeros(0, np.int64)
    j = np.concatenate(out_j) if out_j else np.zeros(0, np.int64)
    return (i if rows is None else rows[i]), j


def _largest(product: Csr, k: int) -> NDArray[np.int64]:
    """Positions in ``product.data`` of the k largest entries of each row."""
    bounds = product.indptr
    chosen = [np.zeros(0, np.int64)]
    for begin, end in itertools.pairwise(bounds.tolist()):
        if end - begin <= k:
            chosen.append(np.arange(begin, end))
        else:
            chosen.append(begin + np.argpartition(product.data[begin:end], end - begin - k)[end - begin - k :])
    return np.concatenate(chosen)


def _row_blocks(cost: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    start = 0
    total = np.cumsum(cost)
    while start < len(cost):
        limit = (total[start - 1] if start else 0) + BLOCK_NONZERO
        stop = max(int(np.searchsorted(total, limit, side="right")), start + 1)
        yield start, stop
        start = stop
