"""ComplEx with N3 regularisation and reciprocal relations, trained one-against-all.

Trouillon et al. 2016; Lacroix et al. 2018 (N3, reciprocals); relation prediction as an auxiliary objective after
Chen et al. 2021. The softmax over all entities is computed once per distinct (head, relation).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linking.prediction.triples import Queries, TripleSet

__all__ = ["Decoder", "DecoderOptions", "train_decoder"]

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DecoderOptions:
    """``rank`` complex dimensions; ``seconds`` stops training early, after a whole epoch.

    ``relation_weight`` is the share of relation prediction in the loss. ``sample`` entities stand for all in the
    softmax of a batch where a graph has more of them (0: always all).
    """

    rank: int = 256
    epochs: int = 50
    batch: int = 512
    learning_rate: float = 0.1
    regularisation: float = 0.008
    relation_weight: float = 0.0
    sample: int = 0
    patience: int = 3
    check_every: int = 5
    seconds: float = 1_800.0
    threads: int = 1
    seed: int = 0


class Decoder(torch.nn.Module):
    """Embeddings are stored as [n, 2 * rank]: real parts, then imaginary parts."""

    def __init__(self, entities: int, relations: int, rank: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.rank = rank
        self.entity = torch.nn.Parameter(torch.randn(entities, 2 * rank, generator=generator) * 1e-3)
        self.relation = torch.nn.Parameter(torch.randn(2 * relations, 2 * rank, generator=generator) * 1e-3)

    def product(self, head: Tensor, relation: Tensor) -> Tensor:
        """The complex product of two batches of embeddings."""
        a, b = head[:, : self.rank], head[:, self.rank :]
        c, d = relation[:, : self.rank], relation[:, self.rank :]
        return torch.cat([a * c - b * d, a * d + b * c], dim=1)

    def relation_query(self, head: Tensor, tail: Tensor) -> Tensor:
        """What a relation is multiplied with to score (head, ?, tail)."""
        a, b = head[:, : self.rank], head[:, self.rank :]
        c, d = tail[:, : self.rank], tail[:, self.rank :]
        return torch.cat([a * c + b * d, a * d - b * c], dim=1)

    @torch.no_grad()
    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """Scores of all entities as tails, float32 [queries, entities]."""
        query = self.product(self.entity[torch.from_numpy(head)], self.relation[torch.from_numpy(relation)])
        return np.asarray((query @ self.entity.T).numpy())


def train_decoder(
    data: TripleSet,
    options: DecoderOptions,
    validate: Callable[[Decoder], float] | None = None,
    report: Callable[[str], None] | None = None,
) -> Decoder:
    """Trains on ``data``; with ``validate`` (higher is better) the best state seen is kept and training stops early."""
    torch.set_num_threads(options.threads)
    model = Decoder(len(data.entities), len(data.relations), options.rank, options.seed)
    optimiser = torch.optim.Adagrad(model.parameters(), lr=options.learning_rate)
    queries = data.queries(data.triples)
    generator = np.random.default_rng(options.seed)
    clock = time.process_time()
    best, best_state, stale = -np.inf, None, 0
    for epoch in range(1, options.epochs + 1):
        order = generator.permutation(len(queries))
        for start in range(0, len(order), options.batch):
            loss = _loss(model, queries, order[start : start + options.batch], options, generator)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        late = time.process_time() - clock > options.seconds
        if validate is not None and (epoch % options.check_every == 0 or late or epoch == options.epochs):
            value = validate(model)
            if report is not None:
                spent = time.process_time() - clock
                report(
                    f"Learning from links, round {epoch} of at most {options.epochs}: quality {value:.3f} of 1, {spent:.0f} s"
                )
            if value > best:
                best, stale = value, 0
                best_state = {k: v.clone() for k, v in model.state_dict().items()}
            else:
                stale += 1
        if late or stale >= options.patience:
            break
    if best_state is not None:
        model.load_state_dict(best_state)
    return model


def _loss(
    model: Decoder, queries: Queries, chosen: Ids, options: DecoderOptions, generator: np.random.Generator
) -> Tensor:
    counts = queries.bounds[chosen + 1] - queries.bounds[chosen]
    owner_array = np.repeat(np.arange(len(chosen)), counts)
    offsets = np.arange(len(owner_array)) - np.repeat(np.cumsum(counts) - counts, counts)
    tails = queries.tails[queries.bounds[chosen][owner_array] + offsets]
    owner = torch.from_numpy(owner_array)
    head = model.entity[torch.from_numpy(queries.head[chosen])]
    relation = model.relation[torch.from_numpy(queries.relation[chosen])]
    query = model.product(head, relation)
    tail = model.entity[torch.from_numpy(tails)]
    if options.sample and options.sample < len(model.entity):
        others = generator.choice(len(model.entity), options.sample, replace=False)
        # The entities left out count through those drawn; the true tails are added by hand.
        scores = query @ model.entity[torch.from_numpy(others)].T + float(np.log(len(model.entity) / len(others)))
        positive = (query[owner] * tail).sum(dim=1)
        normaliser = torch.logaddexp(torch.logsumexp(scores, dim=1)[owner], positive)
        fit = (normaliser - positive).sum()
    else:
        scores = query @ model.entity.T
        normaliser = torch.logsumexp(scores, dim=1)
        fit = (normaliser[owner] - scores[owner, torch.from_numpy(tails)]).sum()
    loss = fit
    if options.relation_weight:
        asked = model.relation_query(head[owner], tail) @ model.relation.T
        loss = loss + options.relation_weight * torch.nn.functional.cross_entropy(
            asked, torch.from_numpy(queries.relation[chosen])[owner], reduction="sum"
        )
    penalty = sum((_cubes(part, model.rank) for part in (head[owner], relation[owner], tail)), torch.zeros(()))
    return (loss + options.regularisation * penalty) / len(owner)


def _cubes(embedding: Tensor, rank: int) -> Tensor:
    """The sum of the cubed moduli (N3)."""
    real, imaginary = embedding[:, :rank], embedding[:, rank:]
    return ((real**2 + imaginary**2).clamp_min(1e-20) ** 1.5).sum()
