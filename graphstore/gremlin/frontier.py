"""Where the traversers of a plan on arrays stand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore.gremlin.arrays import Rows, Snapshot

__all__ = ["SMALL", "Frontier", "Indices", "TooManyError", "bincount", "countable", "sides"]

Indices = NDArray[Any]
_MOST = 2.0**62
"""Traversers that are counted in 64 bits; one more hop is told before it could overflow."""


class TooManyError(Exception):
    """More traversers than 64 bits count: the interpreter, whose numbers have any length, has to go on."""


@dataclass(slots=True)
class Frontier:
    """Where traversers are: indices of vertices or edges, and how many are at each (None: one).

    ``dense``: the indices are all vertices, and counts may be zero; :meth:`sparse` leaves those out.
    """

    edges: bool
    indices: Indices
    counts: Indices | None = None
    dense: bool = False

    def sparse(self) -> "Frontier":
        if not self.dense or self.counts is None:
            return self
        there = np.flatnonzero(self.counts)
        return Frontier(self.edges, there, self.counts[there])

    def total(self) -> int:
        return len(self.indices) if self.counts is None else int(self.counts.sum())

    def kept(self, mask: NDArray[np.bool_]) -> "Frontier":
        return Frontier(self.edges, self.indices[mask], None if self.counts is None else self.counts[mask])

    def merged(self, size: int) -> "Frontier":
        """Equal indices become one with a larger count."""
        if len(self.indices) > size // 8:
            counts = bincount(self.indices, self.counts, size)
            found = np.flatnonzero(counts)
            return Frontier(self.edges, found, counts[found])
        found, inverse = np.unique(self.indices, return_inverse=True)
        return Frontier(self.edges, found, bincount(inverse, self.counts, len(found)))


def bincount(indices: Indices, counts: Indices | None, size: int) -> Indices:
    if counts is None:
        return np.bincount(indices, minlength=size)
    if len(counts) and float(counts.max()) * len(counts) < 2**52:
        return np.bincount(indices, counts, size).astype(np.int64)
    countable(counts)
    total = np.zeros(max(size, int(indices.max()) + 1 if len(indices) else 0), np.int64)
    np.add.at(total, indices, counts)
    return total


def countable(counts: Indices) -> None:
    """Raises TooManyError where so many traversers cannot be counted."""
    if len(counts) and float(counts.max()) * len(counts) >= _MOST and float(counts.sum(dtype=np.float64)) >= _MOST:
        raise TooManyError


SMALL = 2_500
"""Frontiers up to this size are not merged: merging would cost more than it saves."""


def sides(direction: str, snapshot: Snapshot) -> tuple[Rows, ...]:
    """The adjacency of a direction: out, in, or both."""
    if direction == "OUT":
        return (snapshot.out,)
    return (snapshot.into,) if direction == "IN" else (snapshot.out, snapshot.into)
