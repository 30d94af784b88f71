"""Models side by side: the sum of their scores, each with the weight that is best on held-out links."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from linking.prediction.ranking import filtered_rankings
from linking.prediction.triples import Ids, TripleSet

__all__ = ["Held", "Mean", "Mixture", "Part", "Scorer", "chosen"]

_CHOSEN_ON = 1_500
"""At most so many held-out links choose the weights."""


class Scorer(Protocol):
    """Anything that scores all entities as tails."""

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Mean:
    """The mean of models of one kind that differ in their seeds."""

    models: tuple[Scorer, ...]

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """Scores of all entities as tails, float32 [queries, entities]."""
        total = self.models[0].scores(head, relation)
        for model in self.models[1:]:
            total = total + model.scores(head, relation)
        return np.asarray(total / np.float32(len(self.models)), np.float32)


@dataclass(frozen=True)
class Part:
    """``name`` is what people are told: decoder, encoder or rules."""

    name: str
    model: Scorer
    weight: float = 1.0


@dataclass(frozen=True)
class Mixture:
    """The weighted sum of its parts."""

    parts: tuple[Part, ...]

    @property
    def names(self) -> str:
        """``decoder, encoder and rules``, say."""
        *first, last = (part.name for part in self.parts)
        return f"{', '.join(first)} and {last}" if first else last

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """Scores of all entities as tails, float32 [queries, entities]."""
        return _weighted([(part.weight, part.model.scores(head, relation)) for part in self.parts])


@dataclass(frozen=True)
class Held:
    """Held-out links and all links that a ranking of them leaves out."""

    data: TripleSet
    asked: Ids
    known: Ids

    def sample(self) -> "Held":
        """At most as many links as choose weights, always the same."""
        order = np.random.default_rng(0).permutation(len(self.asked))
        return Held(self.data, self.asked[order[:_CHOSEN_ON]], self.known)

    def mrr(self, *mixtures: Mixture) -> list[float]:
        """Filtered MRR of each mixture; a model that stands in several of them scores each query once."""

        def scores(head: Ids, relation: Ids) -> Iterator[NDArray[np.float32]]:
            models = {id(part.model): part.model for mixture in mixtures for part in mixture.parts}
            found = {key: model.scores(head, relation) for key, model in models.items()}
            for mixture in mixtures:
                yield _weighted([(p.weight, found[id(p.model)]) for p in mixture.parts])

        return [ranking.mrr for ranking in filtered_rankings(self.data, self.asked, self.known, scores)]


def chosen(held: Held, mixtures: Sequence[Mixture]) -> Mixture:
    """The mixture with the best MRR on a sample of the held-out links, the first of equal ones."""
    values = held.sample().mrr(*mixtures)
    return mixtures[int(np.argmax(values))]


def _weighted(parts: Sequence[tuple[float, NDArray[np.float32]]]) -> NDArray[np.float32]:
    total = np.float32(parts[0][0]) * parts[0][1]
    for weight, scores in parts[1:]:
        total = total + np.float32(weight) * scores
    return np.asarray(total, np.float32)
