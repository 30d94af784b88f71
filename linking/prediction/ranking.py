"""Filtered ranking metrics of link prediction (Bordes et al. 2013), ties counted at their mean rank."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.prediction.triples import TripleSet

__all__ = ["Ranking", "filtered_ranking"]

Ids = NDArray[np.int64]
Score = Callable[[Ids, Ids], NDArray[np.float32]]
"""Scores of all entities as tails, float32 [queries, entities], for heads and relations (reciprocal ones included)."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Mean reciprocal rank and hits at 1, 3 and 10, over tails and heads; ``reciprocal`` are the single values."""

    mrr: float
    hits: tuple[float, float, float]
    reciprocal: NDArray[np.float64]


def filtered_ranking(data: TripleSet, asked: Ids, known: Ids, score: Score, batch: int = 256) -> Ranking:
    """Ranks the true tail and head of each triple of ``asked`` among entities that ``known`` does not rule out."""
    answers = data.queries(known)
    key = answers.head * (2 * len(data.relations)) + answers.relation
    both = data.with_reciprocals(asked)
    rank = np.zeros(len(both))
    for start in range(0, len(both), batch):
        part = both[start : start + batch]
        scores = score(part[:, 0], part[:, 1]).copy()
        rows = np.arange(len(part))
        true = scores[rows, part[:, 2]].copy()
        wanted = part[:, 0] * (2 * len(data.relations)) + part[:, 1]
        place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
        for k in np.flatnonzero(key[place] == wanted).tolist() if len(key) else []:
            scores[k, answers.tails[answers.bounds[place[k]] : answers.bounds[place[k] + 1]]] = -np.inf
        scores[rows, part[:, 2]] = true
        above = (scores > true[:, None]).sum(axis=1)
        equal = (scores == true[:, None]).sum(axis=1)
        rank[start : start + batch] = above + (equal + 1) / 2
    reciprocal = 1 / rank
    hits = tuple(float((rank <= k).mean()) if len(rank) else 0.0 for k in (1, 3, 10))
    return Ranking(float(reciprocal.mean()) if len(rank) else 0.0, (hits[0], hits[1], hits[2]), reciprocal)
