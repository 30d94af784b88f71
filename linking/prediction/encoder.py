"""A CompGCN-like encoder over the whole graph (Vashishth et al. 2020), decoded by the ComplEx decoder's product.

Plain torch: messages are entity times relation embeddings, averaged per direction with ``index_add_``.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linking.prediction.decoder import Decoder, DecoderOptions
from linking.prediction.triples import TripleSet

__all__ = ["GraphEncoder", "train_encoder"]

Ids = NDArray[np.int64]


class GraphEncoder(torch.nn.Module):
    """One message-passing layer with a residual, on top of a decoder's embeddings."""

    def __init__(self, decoder: Decoder, data: TripleSet, dropout: float = 0.2) -> None:
        super().__init__()
        self.decoder = decoder
        width = 2 * decoder.rank
        edges = torch.from_numpy(data.with_reciprocals(data.triples))
        self.source, self.kind, self.target = edges[:, 0], edges[:, 1], edges[:, 2]
        degree = torch.bincount(self.target, minlength=len(data.entities)).clamp_min(1)
        self.share = (1 / degree)[self.target][:, None]
        self.incoming = torch.nn.Linear(width, width, bias=False)
        self.gate = torch.nn.Parameter(torch.zeros(width))
        self.dropout = torch.nn.Dropout(dropout)
        torch.nn.init.eye_(self.incoming.weight)

    def forward(self) -> Tensor:
        """Embeddings of all entities, [entities, 2 * rank]."""
        entity = self.decoder.entity
        message = self.decoder.product(entity[self.source], self.decoder.relation[self.kind]) * self.share
        pooled = torch.zeros_like(entity).index_add_(0, self.target, message)
        # At first the gate is closed and the encoder equals its decoder; training opens it where neighbours help.
        mixed: Tensor = self.gate * self.dropout(torch.tanh(self.incoming(pooled)))
        return entity + mixed

    @torch.no_grad()
    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """Scores of all entities as tails, float32 [queries, entities]."""
        self.eval()
        entity = self()
        query = self.decoder.product(entity[torch.from_numpy(head)], self.decoder.relation[torch.from_numpy(relation)])
        return np.asarray((query @ entity.T).numpy())


def train_encoder(
    decoder: Decoder,
    data: TripleSet,
    options: DecoderOptions,
    validate: Callable[[GraphEncoder], float],
    epochs: int = 5,
) -> tuple[GraphEncoder, float]:
    """Fine-tunes an encoder from a trained decoder; returns the best state by ``validate`` and its value."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = GraphEncoder(decoder, data)
    optimiser = torch.optim.Adagrad(model.parameters(), lr=options.learning_rate / 10)
    queries = data.queries(data.triples)
    generator = np.random.default_rng(options.seed)
    clock = time.process_time()
    best = validate(model)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    for _ in range(epochs):
        model.train()
        order = generator.permutation(len(queries))
        for start in range(0, len(order), 4 * options.batch):
            chosen = order[start : start + 4 * options.batch]
            counts = queries.bounds[chosen + 1] - queries.bounds[chosen]
            owner = np.repeat(np.arange(len(chosen)), counts)
            offsets = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
            tails = torch.from_numpy(queries.tails[queries.bounds[chosen][owner] + offsets])
            entity = model()
            query = decoder.product(
                entity[torch.from_numpy(queries.head[chosen])],
                decoder.relation[torch.from_numpy(queries.relation[chosen])],
            )
            scores = query @ entity.T
            index = torch.from_numpy(owner)
            loss = (torch.logsumexp(scores, dim=1)[index] - scores[index, tails]).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        value = validate(model)
        if value > best:
            best, state = value, {k: v.clone() for k, v in model.state_dict().items()}
        if time.process_time() - clock > options.seconds:
            break
    model.load_state_dict(state)
    return model, best
