"""Edges of a link type as columns, for those that are many and say nothing but which records belong together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bifrost.links import LinkEdge
from bifrost.values import Evidence

__all__ = ["LinkColumns"]

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class LinkColumns:
    """Edges that have their evidence in common and nothing else to say. Iterating gives each as a :class:`LinkEdge`.

    ``tail`` and ``head`` are uids, string [edges]; ``score`` float64 [edges]; ``places`` int64 [edges, 2] are the places of
    both ends as :class:`bifrost.ports.Reading` has them, -1 where they are not known.
    """

    tail: pa.ChunkedArray
    head: pa.ChunkedArray
    score: NDArray[np.float64]
    places: NDArray[np.int64]
    evidence: Evidence
    passed: Callable[[int], object] = lambda _: None
    """Told how many edges have been iterated over, now and then."""

    def __len__(self) -> int:
        return len(self.score)

    def __iter__(self) -> Iterator[LinkEdge]:
        for start in range(0, len(self), _BATCH):
            ends = self.tail.slice(start, _BATCH).to_pylist(), self.head.slice(start, _BATCH).to_pylist()
            for tail, head, score in zip(*ends, self.score[start : start + _BATCH].tolist(), strict=True):
                yield LinkEdge(tail, head, score, self.evidence)
            self.passed(min(start + _BATCH, len(self)))

    def where(self, wanted: NDArray[np.bool_]) -> "LinkColumns":
        """Some of the edges."""
        if wanted.all():
            return self
        mask = pa.array(wanted)
        return replace(
            self,
            tail=self.tail.filter(mask),
            head=self.head.filter(mask),
            score=self.score[wanted],
            places=self.places[wanted],
        )
