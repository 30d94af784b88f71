"""The vertices that paths from the head of a query reach, for many queries at once."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from linking.prediction.triples import Ids, TripleSet

__all__ = ["Frontier", "Neighbours"]


@dataclass(frozen=True, slots=True)
class Frontier:
    """Pairs of query and vertex as ``query * entities + vertex``, sorted, int64 [n]."""

    pairs: Tensor
    entities: int

    @property
    def query(self) -> Tensor:
        return self.pairs // self.entities

    @property
    def vertex(self) -> Tensor:
        return self.pairs % self.entities


class Neighbours:
    """The edges of a graph and their reverses by where they begin. ``most`` bounds the edges followed in one step."""

    def __init__(self, data: TripleSet, most: int = 4_000_000, seed: int = 0) -> None:
        both = data.with_reciprocals(data.triples)
        order = np.argsort(both[:, 0], kind="stable")
        self.entities = len(data.entities)
        self.relation = torch.from_numpy(both[order, 1].copy())
        self.target = torch.from_numpy(both[order, 2].copy())
        self.bounds = torch.from_numpy(np.searchsorted(both[order, 0], np.arange(self.entities + 1)))
        place = np.empty(len(both), np.int64)
        place[order] = np.arange(len(both))
        self._place = place
        self._most = most
        self._generator = torch.Generator().manual_seed(seed)

    def without(self, rows: Ids) -> Tensor:
        """Which edges are left, bool [edges], without those of ``with_reciprocals`` at ``rows`` and their reverses."""
        left = torch.ones(len(self.target), dtype=torch.bool)
        half = len(self.target) // 2
        left[self._place[rows]] = False
        left[self._place[(rows + half) % (2 * half)]] = False
        return left

    def follow(self, frontier: Frontier, left: Tensor | None, wanted: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Position in the frontier, edge, and pair reached of all edges that leave it; of too many a sample.

        Only edges in ``left`` are followed, and only to pairs that ``wanted`` (bool [queries * entities]) holds.
        """
        vertex = frontier.vertex
        start = self.bounds[vertex]
        count = self.bounds[vertex + 1] - start
        sender = torch.repeat_interleave(torch.arange(len(vertex)), count)
        edge = torch.arange(len(sender)) - torch.repeat_interleave(count.cumsum(0) - count, count) + start[sender]
        if left is not None:
            kept = left[edge]
            sender, edge = sender[kept], edge[kept]
        reached = frontier.query[sender] * self.entities + self.target[edge]
        if wanted is not None:
            kept = wanted[reached]
            sender, edge, reached = sender[kept], edge[kept], reached[kept]
        if len(edge) > self._most:
            kept = torch.randperm(len(edge), generator=self._generator)[: self._most].sort().values
            sender, edge, reached = sender[kept], edge[kept], reached[kept]
        return sender, edge, reached
