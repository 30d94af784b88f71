"""A graph encoder that follows paths: messages start at the head of a query and carry what relations they ran over.

The neural Bellman-Ford network of Zhu et al. 2021, kept to the vertices that were reached (Zhang and Yao 2022) so that it is
cheap on processors. It knows no vertex by name: what it learns holds for vertices and edges that it never saw.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from linking.gnn_backend import Backend
from linking.prediction.frontier import Frontier, Neighbours
from linking.prediction.triples import Ids, TripleSet

__all__ = ["EncoderOptions", "PathEncoder", "Reached"]

_CELLS = 4_000_000
"""At most so many pairs of query and vertex, and of query and edge, in one batch of scores."""


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """``layers`` is the longest path followed. ``asked`` edges are asked for in training, at most ``passes`` times the graph.

    ``negatives`` vertices stand for all that are no answer. ``seconds`` of processor time end training early.
    """

    width: int = 32
    layers: int = 4
    batch: int = 16
    asked: int = 100_000
    passes: int = 20
    negatives: int = 512
    learning_rate: float = 5e-3
    seconds: float = 600.0
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """``score`` float32 [n] of the pairs that paths reach; all other vertices of query k score ``elsewhere[k]``."""

    pairs: Tensor
    score: Tensor
    elsewhere: Tensor


class PathEncoder(nn.Module):
    """``layers`` rounds of messages; each state is ``width`` numbers per pair of query and vertex."""

    def __init__(self, data: TripleSet, options: EncoderOptions, backend: Backend) -> None:
        super().__init__()
        torch.manual_seed(options.seed)
        kinds, width = 2 * len(data.relations), options.width
        self.backend = backend
        self.neighbours = Neighbours(data, seed=options.seed)
        self.query = nn.Embedding(kinds, width)
        self.relation = nn.ModuleList(nn.Linear(width, kinds * width) for _ in range(options.layers))
        self.update = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(options.layers))
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(options.layers))
        self.output = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def on(self, data: TripleSet) -> None:
        """From now on the paths of ``data``, which has the same relations, are followed; nothing is learnt anew."""
        self.neighbours = Neighbours(data)

    def forward(
        self, head: Tensor, relation: Tensor, left: Tensor | None = None, wanted: Tensor | None = None
    ) -> Reached:
        """Queries int64 [b]. Only edges in ``left`` are followed; only pairs in ``wanted`` (bool [b * entities]) are scored."""
        query = self.query(relation)
        entities = self.neighbours.entities
        frontier = Frontier(torch.arange(len(head)) * entities + head, entities)
        state = query
        for layer in range(len(self.relation)):
            last = wanted if layer == len(self.relation) - 1 else None
            frontier, state = self._step(layer, frontier, state, query, left, last)
        known = query[frontier.query]
        score = self.output(torch.cat([state, known], dim=1)).squeeze(1)
        elsewhere = self.output(torch.cat([torch.zeros_like(query), query], dim=1)).squeeze(1)
        return Reached(frontier.pairs, score, elsewhere)

    def _step(
        self, layer: int, frontier: Frontier, state: Tensor, query: Tensor, left: Tensor | None, wanted: Tensor | None
    ) -> tuple[Frontier, Tensor]:
        """One round: every pair keeps its state and adds what its neighbours send; pairs reached first start at zero."""
        sender, edge, reached = self.neighbours.follow(frontier, left, wanted)
        kept = torch.arange(len(frontier.pairs)) if wanted is None else torch.nonzero(wanted[frontier.pairs]).ravel()
        mark = torch.zeros(len(query) * frontier.entities, dtype=torch.bool)
        mark[reached] = True
        mark[frontier.pairs[kept]] = True
        pairs = torch.nonzero(mark).ravel()
        place = torch.empty(len(mark), dtype=torch.int64)
        place[pairs] = torch.arange(len(pairs))
        kinds = self.query.num_embeddings
        meaning = self.relation[layer](query).view(len(query) * kinds, -1)
        weights = meaning[frontier.query[sender] * kinds + self.neighbours.relation[edge]]
        received = self.backend.weighted_sum((sender, place[reached]), len(pairs), state, weights)
        own = torch.zeros_like(received).index_copy(0, place[frontier.pairs[kept]], state[kept])
        changed = self.norm[layer](torch.relu(self.update[layer](torch.cat([own, received], dim=1))))
        return Frontier(pairs, frontier.entities), own + changed

    @torch.no_grad()
    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """Scores of all entities as tails, float32 [queries, entities]; in batches of bounded size."""
        self.eval()
        entities = self.neighbours.entities
        batch = max(1, _CELLS // max(entities, len(self.neighbours.target)))
        result = np.empty((len(head), entities), np.float32)
        for start in range(0, len(head), batch):
            part = slice(start, start + batch)
            found = self(torch.from_numpy(head[part]), torch.from_numpy(relation[part]))
            full = found.elsewhere[:, None].repeat(1, entities).ravel()
            full[found.pairs] = found.score
            result[part] = full.view(-1, entities).numpy()
        return result
