"""How many paths of given relations lead from some vertices to all others, where no path visits a vertex twice.

A walk that may turn back reaches the tail of an edge by that edge itself and two edges more (``r, s, t`` over a neighbour of
the tail): a rule judged by such walks explains a link by the link.
"""

from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from linking.prediction.triples import Ids

__all__ = ["Body", "Matrix", "PathCounts", "SimplePaths"]

Body: TypeAlias = tuple[int, ...]
"""One to three relations; ``r + n`` is the reverse of ``r``."""
Matrix: TypeAlias = Any
"""A scipy.sparse.csr_matrix (scipy has no types)."""


class SimplePaths:
    """Edges as one sparse matrix per relation, reverse ones included."""

    def __init__(self, triples: Ids, entities: int, relations: int) -> None:
        """``triples`` int64 [n, 3] with their reverses."""
        self.entities, self.relations = entities, relations
        proper = triples[triples[:, 0] != triples[:, 2]]
        self.adjacency = [_matrix(proper[proper[:, 1] == r], entities) for r in range(2 * relations)]
        self._round: dict[tuple[int, int], NDArray[np.float32]] = {}

    def starting(self, relation: int) -> Ids:
        """The vertices that edges of a relation leave."""
        return np.flatnonzero(np.diff(self.adjacency[relation].indptr))

    def back(self, relation: int) -> Matrix:
        """The edges of a relation, from tail to head."""
        return self.adjacency[(relation + self.relations) % (2 * self.relations)]

    def there_and_back(self, first: int, second: int) -> NDArray[np.float32]:
        """Per vertex the walks over ``first`` and ``second`` that end where they begin."""
        key = first, second
        if key not in self._round:
            both = self.adjacency[first].multiply(self.back(second))
            self._round[key] = np.asarray(both.sum(axis=1), np.float32).ravel()
        return self._round[key]


class PathCounts:
    """Paths from ``heads``; what several bodies share is computed once."""

    def __init__(self, paths: SimplePaths, heads: Ids) -> None:
        self.paths, self.heads = paths, heads
        ones = np.ones(len(heads), np.float32)
        self._start: Matrix = sp.csr_matrix((ones, (np.arange(len(heads)), heads)), shape=(len(heads), paths.entities))
        self._found: dict[Body, Matrix] = {}

    def to(self, body: Body) -> Matrix:
        """Paths over the relations of ``body`` from each head to each vertex, csr float32 [heads, entities]."""
        if body not in self._found:
            self._found[body] = self._count(body)
        return self._found[body]

    def _count(self, body: Body) -> Matrix:
        adjacency = self.paths.adjacency
        if len(body) == 1:
            return adjacency[body[0]][self.heads]
        found = self.to(body[:-1]) @ adjacency[body[-1]]
        if len(body) == 3:
            found = found - self._turned_back(body)
        found = sp.csr_matrix(found - found.multiply(self._start))
        found.data[found.data < 0.5] = 0.0
        found.eliminate_zeros()
        return found

    def _turned_back(self, body: Body) -> Matrix:
        """Walks head, a, b, a where b is not the head."""
        first, (second, third) = self.to(body[:1]), body[1:]
        over_any = first.multiply(self.paths.there_and_back(second, third)[None, :])
        over_head = first.multiply(self.paths.back(second)[self.heads]).multiply(
            self.paths.adjacency[third][self.heads]
        )
        return over_any - over_head


def _matrix(triples: Ids, entities: int) -> Matrix:
    ones = np.ones(len(triples), np.float32)
    return sp.csr_matrix((ones, (triples[:, 0], triples[:, 2])), shape=(entities, entities))
