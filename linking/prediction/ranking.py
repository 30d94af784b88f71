"""Filtered ranking metrics of link prediction (Bordes et al. 2013), ties counted at their mean rank."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.prediction.triples import Ids, Queries, TripleSet

__all__ = ["Ranking", "filtered_ranking", "filtered_rankings"]

Scores = NDArray[np.float32]
Score = Callable[[Ids, Ids], Scores]
"""Scores of all entities as tails, float32 [queries, entities], for heads and relations (reciprocal ones included)."""
_CELLS = 16_000_000
"""At most so many scores at a time."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Mean reciprocal rank and hits at 1, 3 and 10, over tails and heads; ``reciprocal`` are the single values."""

    mrr: float
    hits: tuple[float, float, float]
    reciprocal: NDArray[np.float64]


def filtered_ranking(data: TripleSet, asked: Ids, known: Ids, score: Score) -> Ranking:
    """Ranks the true tail and head of each triple of ``asked`` among entities that ``known`` does not rule out."""
    return filtered_rankings(data, asked, known, lambda head, relation: [score(head, relation)])[0]


def filtered_rankings(
    data: TripleSet, asked: Ids, known: Ids, scores: Callable[[Ids, Ids], Iterable[Scores]]
) -> list[Ranking]:
    """The rankings of several models at once, whose scores may share work. The scores are overwritten."""
    answers = data.queries(known)
    kinds = 2 * len(data.relations)
    key = answers.head * kinds + answers.relation
    both = data.with_reciprocals(asked)
    batch = max(1, min(256, _CELLS // max(len(data.entities), 1)))
    parts: list[list[NDArray[np.float64]]] = []
    for start in range(0, len(both), batch):
        part = both[start : start + batch]
        ruled_out = _known_tails(answers, key, part[:, 0] * kinds + part[:, 1])
        parts.append([_ranks(part[:, 2], table, ruled_out) for table in scores(part[:, 0], part[:, 1])])
    return [_summary(np.concatenate(ranks)) for ranks in zip(*parts, strict=True)] or [_summary(np.zeros(0))]


def _known_tails(answers: Queries, key: Ids, wanted: Ids) -> list[Ids]:
    """All known answers of each question, by its number in ``key``, which is sorted."""
    if not len(key):
        return []
    place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    last = np.where(key[place] == wanted, answers.bounds[place + 1], answers.bounds[place])
    return [answers.tails[a:b] for a, b in zip(answers.bounds[place].tolist(), last.tolist(), strict=True)]


def _ranks(tails: Ids, table: Scores, known: Sequence[Ids]) -> NDArray[np.float64]:
    rows = np.arange(len(tails))
    true = table[rows, tails].copy()
    for row, others in enumerate(known):
        table[row, others] = -np.inf
    table[rows, tails] = true
    above = (table > true[:, None]).sum(axis=1)
    equal = (table == true[:, None]).sum(axis=1)
    return np.asarray(above + (equal + 1) / 2, np.float64)


def _summary(rank: NDArray[np.float64]) -> Ranking:
    reciprocal = 1 / rank
    hits = tuple(float((rank <= k).mean()) if len(rank) else 0.0 for k in (1, 3, 10))
    return Ranking(float(reciprocal.mean()) if len(rank) else 0.0, (hits[0], hits[1], hits[2]), reciprocal)
