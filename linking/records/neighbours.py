"""Nearest neighbours in a sparse space: exact lists of the k most similar rows, and their update after a few rows changed.

One product of both tables, in blocks of rows and columns, serves both directions; the blocks are spread over the processors.
Ties are broken by row number, so that the lists do not depend on the blocks, and an update gives exactly what a new computation
would give.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from linking.records.parallel import in_order
from linking.records.ranking import best_first

__all__ = ["Neighbours", "nearest_lists", "row_lists", "updated_lists"]

Csr: TypeAlias = sparse.csr_matrix
Float: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
Entries: TypeAlias = tuple[Ids, Ids, Float]
"""Ends, the rows at their other ends, and how similar both are."""
BLOCK_NONZERO = 1_000_000
"""Upper bound on stored products of one block: larger ones fit into no cache, and their memory has to be asked for anew."""
COLUMNS = 1 << 15
"""Columns of one block: what the product adds up for them fits into the cache of a processor."""
BUFFER = 500_000
"""Entries that may beat a list are merged into the lists when so many have come together."""
PARTS = 32
"""A row is looked through in so many parts: the k-th best of the best of each is at most the k-th best of all."""
MANY = 8
"""Rows with so many times k entries left are cut one by one."""
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
    rows, columns = _Lists(_empty(left.shape[0], k)), _Lists(_empty(right.shape[0], k))
    _search(left, right, k, rows, columns)
    return rows.merged(), columns.merged()


def row_lists(left: Csr, right: Csr, k: int) -> Neighbours:
    """The lists of all left rows."""
    rows = _Lists(_empty(left.shape[0], k))
    _search(left, right, k, rows, None)
    return rows.merged()


def updated_lists(lists: Neighbours, stale: Ids, changed: Ids, left: Csr, right: Csr) -> Neighbours:
    """Lists after some rows changed: ``stale`` left rows anew, the others with the ``changed`` right rows let in."""
    k = lists.row.shape[1]
    row, score = lists.row.copy(), lists.score.copy()
    fresh = row_lists(left[stale], right, k)
    row[stale], score[stale] = fresh.row, fresh.score
    settled = np.ones(len(row), bool)
    settled[stale] = False
    least = np.where(row[:, -1] == NONE, 0, score[:, -1])
    made = _Lists(Neighbours(row, score))

    def better(block: _Block) -> Entries:
        entries = block.product().tocoo()
        kept = settled[entries.col] & (entries.data >= least[entries.col])
        return entries.col[kept].astype(np.int64), changed[block.start + entries.row[kept]], entries.data[kept]

    for entries in in_order(better, _blocks(right[changed], left, left.shape[0])):
        made.add(entries)
    return made.merged()


class _Lists:
    """The best entries of each end so far. Those that beat an end's list are gathered, and merged into it many at once."""

    def __init__(self, lists: Neighbours) -> None:
        self._lists = lists
        self._found: list[Entries] = []
        self._count = 0
        self.least = np.ascontiguousarray(lists.score[:, -1])

    def add(self, entries: Entries) -> None:
        self._found.append(entries)
        self._count += len(entries[0])
        if self._count > BUFFER:
            self.merged()

    def merged(self) -> Neighbours:
        """All lists, with everything that was added."""
        if not self._count:
            return self._lists
        ends, others, scores = (np.concatenate(x) for x in zip(*self._found, strict=True))
        self._found, self._count = [], 0
        row, score = self._lists.row, self._lists.score
        mark = np.zeros(len(row), bool)
        mark[ends] = True
        touched = np.flatnonzero(mark)
        known, place = np.nonzero(row[touched] != NONE)
        made = _best(
            np.concatenate([known, (np.cumsum(mark) - 1)[ends]]),
            np.concatenate([row[touched][known, place].astype(np.int64), others]),
            np.concatenate([score[touched][known, place], scores]),
            len(touched),
            row.shape[1],
        )
        row[touched], score[touched] = made.row, made.score
        self.least[touched] = made.score[:, -1]
        return self._lists


@dataclass(frozen=True, slots=True)
class _Block:
    """Rows of the product from ``start`` on, in the columns from ``column`` on."""

    start: int
    column: int
    rows: Csr
    columns: Csr

    def product(self) -> Csr:
        return (self.rows @ self.columns).tocsr()


def _search(left: Csr, right: Csr, k: int, rows: _Lists, columns: _Lists | None) -> None:
    """Adds to the lists what may belong there.

    Blocks are added in order, so that an entry as good as the last one of a list, which comes later, has a larger number.
    """

    def found(block: _Block) -> tuple[Entries, Entries | None]:
        product = block.product()
        own = np.nextafter(rows.least[block.start : block.start + product.shape[0]], np.float32(np.inf))
        if not block.column:
            own = np.maximum(own, _bound(product, k))
        kept = np.flatnonzero(product.data >= np.repeat(own, np.diff(product.indptr)))
        row, column, score = _chosen(product, kept, k)
        best = row + block.start, column + block.column, score
        if columns is None:
            return best, None
        last = block.column + product.shape[1]
        other = np.nextafter(columns.least[block.column : last], np.float32(np.inf))
        kept = np.flatnonzero(product.data >= other[product.indices])
        if len(kept) > 2 * k * product.shape[1]:
            # Nothing is known of most columns yet: they are cut as rows are.
            by_column = _part(product, kept).tocsc()
            turned = sparse.csr_matrix((by_column.data, by_column.indices, by_column.indptr))
            enough = np.repeat(_bound(turned, k), np.diff(turned.indptr))
            column, row, score = _chosen(turned, np.flatnonzero(turned.data >= enough), k)
        else:
            row, column, score = _entries(product, kept)
        return best, (column + block.column, row + block.start, score)

    for best, others in in_order(found, _blocks(left, right, COLUMNS)):
        rows.add(best)
        if columns is not None and others is not None:
            columns.add(others)


def _blocks(left: Csr, right: Csr, width: int) -> Iterator[_Block]:
    """The product of left with the transposed right one, in blocks: all rows for the first columns, then for the next ones."""
    filled = np.flatnonzero(np.diff(left.indptr))
    for column in range(0, right.shape[0], max(width, 1)):
        columns = right[column : column + width].T.tocsr()
        cost = np.zeros(left.shape[0])
        if len(filled):
            lengths = np.diff(columns.indptr).astype(np.float64)
            cost[filled] = np.add.reduceat(lengths[left.indices], left.indptr[filled])
        for start, stop in _row_blocks(np.minimum(cost, columns.shape[1])):
            yield _Block(start, column, left[start:stop], columns)


def _row_blocks(cost: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    start = 0
    total = np.cumsum(cost)
    while start < len(cost):
        limit = (total[start - 1] if start else 0) + BLOCK_NONZERO
        stop = max(int(np.searchsorted(total, limit, side="right")), start + 1)
        yield start, stop
        start = stop


def _bound(product: Csr, k: int) -> Float:
    """Of each row a score that k entries at least reach; 0 where it has few entries."""
    parts = max(PARTS, 2 * k)
    lengths = np.diff(product.indptr)
    bound = np.zeros(len(lengths), np.float32)
    long = np.flatnonzero(lengths >= 2 * parts)
    if not len(long):
        return bound
    starts = product.indptr[long].astype(np.int64)[:, None] + lengths[long][:, None] * np.arange(parts + 1) // parts
    # What lies between the end of a row and the next long one is looked at, too, and left out.
    best = np.maximum.reduceat(product.data, np.minimum(starts.ravel(), product.nnz - 1)).reshape(starts.shape)
    bound[long] = np.partition(best[:, :parts], parts - k, axis=1)[:, parts - k]
    return bound


def _chosen(product: Csr, kept: Ids, k: int) -> Entries:
    """The entries at these places, but for rows with very many of them: of those the k best, the smallest numbers first."""
    row, column, score = _entries(product, kept)
    counts = np.bincount(row, minlength=product.shape[0])
    many = np.flatnonzero(counts > MANY * k)
    if len(many):
        stays = np.ones(len(kept), bool)
        bounds = np.concatenate([[0], np.cumsum(counts)])
        for one in many.tolist():
            inside = slice(bounds[one], bounds[one + 1])
            stays[inside] = _among_best(column[inside], score[inside], k)
        row, column, score = row[stays], column[stays], score[stays]
    return row, column, score


def _among_best(number: Ids, score: Float, k: int) -> NDArray[np.bool_]:
    """Marks the k best scores; among equals the smallest numbers."""
    least = np.partition(score, len(score) - k)[len(score) - k]
    stays: NDArray[np.bool_] = score > least
    tied = np.flatnonzero(score == least)
    spare = k - int(stays.sum())
    stays[tied[np.argpartition(number[tied], spare - 1)[:spare]]] = True
    return stays


def _entries(product: Csr, kept: Ids) -> Entries:
    row = np.searchsorted(product.indptr, kept, side="right") - 1
    return row, product.indices[kept].astype(np.int64), product.data[kept]


def _part(product: Csr, kept: Ids) -> Csr:
    bounds = np.searchsorted(kept, product.indptr)
    return sparse.csr_matrix((product.data[kept], product.indices[kept], bounds), product.shape)


def _best(end: Ids, other: Ids, score: Float, size: int, k: int) -> Neighbours:
    """The k best entries of each end, by score, then by the other row."""
    order = best_first(end, score, other)
    end = end[order]
    rank = np.arange(len(end)) - np.searchsorted(end, np.arange(size))[end]
    chosen = rank < k
    made = _empty(size, k)
    made.row[end[chosen], rank[chosen]] = other[order][chosen]
    made.score[end[chosen], rank[chosen]] = score[order][chosen]
    return made


def _empty(size: int, k: int) -> Neighbours:
    return Neighbours(np.full((size, k), NONE, np.int32), np.zeros((size, k), np.float32))
