"""Trains the graph encoder: each edge is hidden, and asked for among vertices that are no answer."""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linking.gnn_backend import Backend
from linking.prediction.encoder import EncoderOptions, PathEncoder, Reached
from linking.prediction.triples import Ids, TripleSet

__all__ = ["train_encoder"]

_REPORTED = 10


def train_encoder(
    data: TripleSet, options: EncoderOptions, backend: Backend, report: Callable[[str], None] | None = None
) -> PathEncoder:
    """Learns from edges drawn at random; the learning rate falls to zero by the end, also where time ends it early."""
    torch.set_num_threads(options.threads)
    model = PathEncoder(data, options, backend)
    optimiser = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    questions = _Questions(data, options)
    steps = max(1, min(options.asked, options.passes * len(questions.edges)) // options.batch)
    clock = time.process_time()
    recent = 0.0
    for step in range(steps):
        done = max(step / steps, (time.process_time() - clock) / options.seconds)
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * min(1.0, 1.5 * (1 - done))
        loss = questions.loss(model)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        recent += (float(loss.detach()) - recent) / min(step + 1, 300)
        if report is not None and (step + 1) % max(1, steps // _REPORTED) == 0:
            spent = time.process_time() - clock
            report(f"Learning from neighbours, step {step + 1} of {steps}: error {recent:.3f}, {spent:.0f} s")
    return model


class _Questions:
    """Batches of edges, both directions, and of vertices that do not answer them."""

    def __init__(self, data: TripleSet, options: EncoderOptions) -> None:
        self.edges = data.with_reciprocals(data.triples)
        self.options = options
        self.entities = len(data.entities)
        self.kinds = 2 * len(data.relations)
        self.known = data.queries(data.triples)
        self.key = self.known.head * self.kinds + self.known.relation
        self.generator = np.random.default_rng(options.seed)

    def loss(self, model: PathEncoder) -> Tensor:
        """Cross-entropy of the hidden tails of a batch. Other true tails are neither hidden nor counted as wrong."""
        rows = self.generator.integers(0, len(self.edges), self.options.batch)
        asked = self.edges[rows]
        wanted = torch.from_numpy(self._candidates(asked))
        head, relation, tail = (torch.from_numpy(asked[:, k].copy()) for k in range(3))
        found = model(head, relation, model.neighbours.without(rows), wanted.ravel())
        return torch.nn.functional.cross_entropy(_table(found, wanted), tail)

    def _candidates(self, asked: Ids) -> NDArray[np.bool_]:
        """Which vertices compete per question, bool [questions, entities]: the tail and some that are no answer."""
        negatives = self.options.negatives
        if negatives >= self.entities:
            chosen = np.ones((len(asked), self.entities), bool)
        else:
            chosen = np.zeros((len(asked), self.entities), bool)
            drawn = self.generator.integers(0, self.entities, (len(asked), negatives))
            np.put_along_axis(chosen, drawn, values=True, axis=1)
        place = np.searchsorted(self.key, asked[:, 0] * self.kinds + asked[:, 1])
        for row, (k, tail) in enumerate(zip(place.tolist(), asked[:, 2].tolist(), strict=True)):
            chosen[row, self.known.tails[self.known.bounds[k] : self.known.bounds[k + 1]]] = False
            chosen[row, tail] = True
        return chosen


def _table(found: Reached, wanted: Tensor) -> Tensor:
    """Scores float32 [questions, entities], very low where a vertex does not compete."""
    scores = torch.where(wanted, found.elsewhere[:, None], torch.tensor(-1e9)).ravel()
    return scores.index_copy(0, found.pairs, found.score).view(wanted.shape)
