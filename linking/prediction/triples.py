"""Triples of a graph as arrays of entity and relation numbers, with reciprocal relations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bifrost.errors import InputError

__all__ = ["Ids", "Queries", "Triple", "TripleSet", "index_triples"]

Ids: TypeAlias = NDArray[np.int64]
Triple: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Queries:
    """Distinct (head, relation) with all their tails: ``tails[bounds[k]:bounds[k + 1]]`` answer query ``k``."""

    head: Ids
    relation: Ids
    bounds: Ids
    tails: Ids

    def __len__(self) -> int:
        return len(self.head)


@dataclass(frozen=True)
class TripleSet:
    """``triples`` int64 [n, 3] (head, relation, tail). Relation ``r + len(relations)`` is the reverse of ``r``."""

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    triples: Ids

    @cached_property
    def entity_number(self) -> Mapping[str, int]:
        return {e: k for k, e in enumerate(self.entities)}

    @cached_property
    def relation_number(self) -> Mapping[str, int]:
        return {r: k for k, r in enumerate(self.relations)}

    def encode(self, triples: Iterable[Triple]) -> Ids:
        """Numbers of further triples; those with an entity or relation that training did not see are left out."""
        e, r = self.entity_number, self.relation_number
        rows = [(e[h], r[p], e[t]) for h, p, t in triples if h in e and t in e and p in r]
        return np.array(rows, np.int64).reshape(-1, 3)

    def with_reciprocals(self, triples: Ids) -> Ids:
        """The triples and their reverses."""
        reverse = triples[:, [2, 1, 0]] + np.array([0, len(self.relations), 0])
        return np.concatenate([triples, reverse])

    def queries(self, triples: Ids) -> Queries:
        """The distinct questions that the triples and their reverses answer."""
        both = self.with_reciprocals(triples)
        both = both[np.lexsort((both[:, 2], both[:, 1], both[:, 0]))]
        new = np.ones(len(both), bool)
        new[1:] = (both[1:, :2] != both[:-1, :2]).any(axis=1)
        starts = np.flatnonzero(new)
        return Queries(both[starts, 0], both[starts, 1], np.append(starts, len(both)), both[:, 2])


def index_triples(triples: Sequence[Triple]) -> TripleSet:
    """Numbers entities and relations in alphabetical order. Raises InputError without triples."""
    if not triples:
        raise InputError("There are no links to learn from.", remedy="Confirm a link type and build the graph first.")
    entities = tuple(sorted({t[0] for t in triples} | {t[2] for t in triples}))
    relations = tuple(sorted({t[1] for t in triples}))
    empty = TripleSet(entities, relations, np.zeros((0, 3), np.int64))
    return TripleSet(entities, relations, np.unique(empty.encode(triples), axis=0))
