"""Nearest neighbours in a sparse space: exact lists of the k most similar rows, and their update after a few rows changed.

One product of both tables, in blocks of rows, serves both directions. Ties are broken by row number, so that an update gives
exactly what a new computation would give.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Neighbours", "nearest_lists", "updated_lists"]

Csr: TypeAlias = sparse.csr_matrix
Float: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
BLOCK_NONZERO = 8_000_000
"""Upper bound on stored products of one row block (about 100 MB, and twice that to sort them)."""
BUFFER = 500_000
"""Entries that may beat a column's list are merged into the lists when so many, or one list for each, have come together."""
NONE = -1


@dataclass(frozen=True, slots=True)
class Neighbours:
    """``row`` [records, k] are rows of the other table, most similar first, then by row number; NONE where there are fewer.

    ``score`` [records, k] is their similarity, 0 where there is none.
    """

    row: NDArray[np.int32]
    score: Float

    def pairs(self) -> tuple[Ids, Ids]:
        """Record and neighbour of each entry."""
        record, place = np.nonzero(self.row != NONE)
        return record, self.row[record, place].astype(np.int64)

    def moved(self, old: Ids, new: Ids) -> "Neighbours":
        """Rows renumbered: record k was ``old[k]`` (negative: it has no list yet), neighbour j is now ``new[j]``.

        Lists that lose a neighbour (negative in ``new``) become stale: all NONE.
        """
        row = np.where(old[:, None] >= 0, self.row[np.maximum(old, 0)], NONE)
        score = np.where(row == NONE, 0, self.score[np.maximum(old, 0)])
        place = np.where(row == NONE, NONE, new[np.maximum(row, 0)]) if len(new) else row
        lost = ((row != NONE) & (place == NONE)).any(axis=1) | (old < 0)
        place[lost], score[lost] = NONE, 0
        return Neighbours(place.astype(np.int32), score.astype(np.float32))


def nearest_lists(left: Csr, right: Csr, k: int) -> tuple[Neighbours, Neighbours]:
    """The lists of all left rows and of all right rows."""
    transposed = right.T.tocsr()
    columns = _ColumnLists(right.shape[0], k)
    rows = [_empty(0, k)]
    for start, product in _products(left, transposed):
        rows.append(_row_lists(product, k))
        columns.add(product, start)
    return _stacked(rows), columns.lists()


def row_lists(left: Csr, right: Csr, k: int) -> Neighbours:
    """The lists of all left rows."""
    products = _products(left, right.T.tocsr())
    return _stacked([_empty(0, k), *(_row_lists(product, k) for _, product in products)])


def updated_lists(lists: Neighbours, stale: Ids, changed: Ids, left: Csr, right: Csr) -> Neighbours:
    """Lists after some rows changed: ``stale`` left rows anew, the others with the ``changed`` right rows let in."""
    k = lists.row.shape[1]
    row, score = lists.row.copy(), lists.score.copy()
    fresh = row_lists(left[stale], right, k)
    row[stale], score[stale] = fresh.row, fresh.score
    settled = np.ones(len(row), bool)
    settled[stale] = False
    least = np.where(row[:, -1] == NONE, 0, score[:, -1])
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))]
    for start, product in _products(right[changed], left.T.tocsr()):
        entries = product.tocoo()
        better = settled[entries.col] & (entries.data >= least[entries.col])
        column = entries.col[better].astype(np.int64)
        found.append((column, changed[start + entries.row[better]], entries.data[better]))
    ends, others, scores = (np.concatenate(x) for x in zip(*found, strict=True))
    touched = np.flatnonzero(np.bincount(ends, minlength=len(row)))
    known, place = np.nonzero(row[touched] != NONE)
    made = _best(
        np.concatenate([known, np.searchsorted(touched, ends)]),
        np.concatenate([row[touched][known, place], others]),
        np.concatenate([score[touched][known, place], scores]),
        len(touched),
        k,
    )
    row[touched], score[touched] = made.row, made.score
    return Neighbours(row, score)


class _ColumnLists:
    """The best rows of each column so far. Only entries that beat a column's list are kept, which soon are few."""

    def __init__(self, size: int, k: int) -> None:
        self._k, self._size = k, size
        self._lists = _empty(size, k)
        self._found: list[tuple[Ids, Ids, Float]] = []
        self._count = 0
        self._least = np.zeros(size, np.float32)

    def add(self, product: Csr, start: int) -> None:
        """Rows of the product follow each other from ``start``."""
        better = np.flatnonzero(product.data > self._least[product.indices])
        bounds = np.searchsorted(better, product.indptr)
        entries = sparse.csr_matrix((product.data[better], product.indices[better], bounds), product.shape)
        if entries.nnz > self._size * self._k:
            # Long columns are cut to their best one by one, which is faster than sorting all entries.
            by_column = entries.tocsc()
            lists = _row_lists(sparse.csr_matrix((by_column.data, by_column.indices, by_column.indptr)), self._k)
            column, row = lists.pairs()
            score = lists.score[lists.row != NONE]
        else:
            by_row = entries.tocoo()
            column, row, score = by_row.col.astype(np.int64), by_row.row.astype(np.int64), by_row.data
        self._found.append((column, row + start, score))
        self._count += len(column)
        if self._count > max(self._size * self._k, BUFFER):
            self._merge()

    def lists(self) -> Neighbours:
        self._merge()
        return self._lists

    def _merge(self) -> None:
        column, place = np.nonzero(self._lists.row != NONE)
        known = column, self._lists.row[column, place].astype(np.int64), self._lists.score[column, place]
        ends, others, scores = (np.concatenate(x) for x in zip(known, *self._found, strict=True))
        self._found, self._count = [], 0
        self._lists = _best(ends, others, scores, self._size, self._k)
        self._least = np.ascontiguousarray(self._lists.score[:, -1])


def _best(end: Ids, other: Ids, score: Float, size: int, k: int) -> Neighbours:
    """The k best entries of each end, by score, then by the other row."""
    order = np.lexsort((other, -score, end))
    end = end[order]
    rank = np.arange(len(end)) - np.searchsorted(end, np.arange(size))[end]
    chosen = rank < k
    made = _empty(size, k)
    made.row[end[chosen], rank[chosen]] = other[order][chosen]
    made.score[end[chosen], rank[chosen]] = score[order][chosen]
    return made


def _row_lists(product: Csr, k: int) -> Neighbours:
    bounds, data = product.indptr, product.data
    least = np.zeros(product.shape[0], np.float32)
    for row in np.flatnonzero(np.diff(bounds) > k).tolist():
        values = data[bounds[row] : bounds[row + 1]]
        least[row] = np.partition(values, len(values) - k)[len(values) - k]
    # Everything as good as the k-th best; among equals the row number decides.
    chosen = data >= np.repeat(least, np.diff(bounds))
    for row in np.flatnonzero(np.diff(np.r_[0, np.cumsum(chosen)][bounds]) > 2 * k).tolist():
        # Of many identical records not all are sorted.
        inside = slice(bounds[row], bounds[row + 1])
        tied = np.flatnonzero(data[inside] == least[row])
        spare = k - int((data[inside] > least[row]).sum())
        chosen[bounds[row] + np.delete(tied, np.argpartition(product.indices[inside][tied], spare - 1)[:spare])] = False
    place = np.flatnonzero(chosen)
    record = np.searchsorted(bounds, place, side="right") - 1
    return _best(record, product.indices[place].astype(np.int64), data[place], product.shape[0], k)


def _products(left: Csr, transposed: Csr) -> Iterator[tuple[int, Csr]]:
    """The product in blocks of rows with their first row."""
    cost = np.zeros(left.shape[0])
    lengths = np.diff(transposed.indptr)
    filled = np.flatnonzero(np.diff(left.indptr))
    if len(filled):
        cost[filled] = np.add.reduceat(lengths[left.indices].astype(np.float64), left.indptr[filled])
    for start, stop in _row_blocks(np.minimum(cost, transposed.shape[1])):
        yield start, (left[start:stop] @ transposed).tocsr()


def _row_blocks(cost: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    start = 0
    total = np.cumsum(cost)
    while start < len(cost):
        limit = (total[start - 1] if start else 0) + BLOCK_NONZERO
        stop = max(int(np.searchsorted(total, limit, side="right")), start + 1)
        yield start, stop
        start = stop


def _empty(size: int, k: int) -> Neighbours:
    return Neighbours(np.full((size, k), NONE, np.int32), np.zeros((size, k), np.float32))


def _stacked(lists: list[Neighbours]) -> Neighbours:
    return Neighbours(np.concatenate([x.row for x in lists]), np.concatenate([x.score for x in lists]))
