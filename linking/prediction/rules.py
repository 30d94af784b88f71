"""Rules of the form ``relation(x, y) <- path(x, y)``, mined from a graph and applied to complete it.

Bottom-up in the manner of AnyBURL (Meilicke et al. 2019): paths of one to three edges between the ends of sampled edges are
the rules, their confidence is the share of pairs joined by the path that the relation joins too. They say what a decoder
learns slowly on sparse graphs; together both are better than either.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from linking.prediction.triples import Ids, TripleSet

__all__ = ["Rule", "RuleModel", "mine_rules"]

_SAMPLE = 600
"""Edges per relation from which rules are read, and start vertices by which they are judged."""
_FAN_OUT = 50
_SUPPORT = 2
_KEPT = 120
_SMOOTHING = 5.0
_LEAST = 0.01
Matrix: TypeAlias = Any
"""A scipy.sparse.csr_matrix (scipy has no types)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``body`` are the relations of the path, reverse ones included; ``confidence`` is smoothed towards 0."""

    body: tuple[int, ...]
    confidence: float


class RuleModel:
    """Scores tails by the rules that reach them. ``rules`` by relation, the surest first; ``r + n`` is the reverse of ``r``."""

    def __init__(self, adjacency: Sequence[Matrix], rules: Mapping[int, Sequence[Rule]]) -> None:
        self.adjacency = adjacency
        self.rules = rules

    def shorter(self, length: int) -> "RuleModel":
        """Only the rules of at most so many edges."""
        return RuleModel(
            self.adjacency, {r: [x for x in rules if len(x.body) <= length] for r, rules in self.rules.items()}
        )

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """``-log(1 - confidence)`` of the best rule that leads from head to tail, 0 without one, float32 [queries, entities].

        The sum over rules (a noisy-or) was tried and is worse: rules that say the same are counted many times.
        """
        entities = self.adjacency[0].shape[0]
        found = np.zeros((len(head), entities), np.float32)
        for r in np.unique(relation).tolist():
            rows = np.flatnonzero(relation == r)
            starts = _starts(head[rows], entities)
            cache: dict[tuple[int, ...], Matrix] = {}
            for rule in self.rules.get(r, ()):
                reached = _reached(starts, rule.body, self.adjacency, cache).tocoo()
                said = np.float32(-np.log1p(-min(rule.confidence, 0.999)))
                at = rows[reached.row], reached.col
                found[at] = np.maximum(found[at], said)
        return found


def mine_rules(data: TripleSet, *, length: int = 3, seed: int = 0) -> RuleModel:
    """The rules of all relations and their reverses. A minute for a hundred thousand edges."""
    entities, count = len(data.entities), 2 * len(data.relations)
    both = data.with_reciprocals(data.triples)
    adjacency = [_matrix(both[both[:, 1] == r], entities) for r in range(count)]
    generator = np.random.default_rng(seed)
    order = np.lexsort((both[:, 2], both[:, 1], both[:, 0]))
    edges = both[order]
    bounds = np.searchsorted(edges[:, 0], np.arange(entities + 1))
    rules: dict[int, list[Rule]] = {}
    for r in range(count):
        mine = both[both[:, 1] == r]
        if not len(mine):
            continue
        chosen = mine[generator.choice(len(mine), min(_SAMPLE, len(mine)), replace=False)]
        bodies = Counter(
            body
            for h, _, t in chosen.tolist()
            for body in _bodies(h, t, edges, bounds, length, len(data.relations), generator)
        )
        bodies.pop((r,), None)
        likely = [body for body, n in bodies.most_common(4 * _KEPT) if n >= min(_SUPPORT, len(mine))]
        judged = (_judge(body, r, adjacency, generator) for body in likely)
        best = sorted(
            (rule for rule in judged if rule.confidence >= _LEAST), key=lambda rule: (-rule.confidence, rule.body)
        )
        rules[r] = best[:_KEPT]
    return RuleModel(adjacency, rules)


def _matrix(triples: Ids, entities: int) -> Matrix:
    ones = np.ones(len(triples), np.float32)
    return sp.csr_matrix((ones, (triples[:, 0], triples[:, 2])), shape=(entities, entities))


def _starts(heads: Ids, entities: int) -> Matrix:
    ones = np.ones(len(heads), np.float32)
    return sp.csr_matrix((ones, (np.arange(len(heads)), heads)), shape=(len(heads), entities))


def _reached(
    starts: Matrix, body: tuple[int, ...], adjacency: Sequence[Matrix], cache: dict[tuple[int, ...], Matrix]
) -> Matrix:
    """Where the path leads from each start, as zeros and ones; never back to the start."""
    if body not in cache:
        before = starts if len(body) == 1 else _walk(starts, body[:-1], adjacency, cache)
        cache[body] = _ones(before @ adjacency[body[-1]])
    found: Matrix = cache[body] - cache[body].multiply(starts)
    found.eliminate_zeros()
    return found


def _walk(
    starts: Matrix, body: tuple[int, ...], adjacency: Sequence[Matrix], cache: dict[tuple[int, ...], Matrix]
) -> Matrix:
    if body not in cache:
        before = starts if len(body) == 1 else _walk(starts, body[:-1], adjacency, cache)
        cache[body] = _ones(before @ adjacency[body[-1]])
    return cache[body]


def _ones(matrix: Matrix) -> Matrix:
    matrix.data[:] = 1.0
    return matrix


def _judge(body: tuple[int, ...], relation: int, adjacency: Sequence[Matrix], generator: np.random.Generator) -> Rule:
    """Confidence over the pairs that the path joins from sampled vertices where it begins."""
    begin = np.flatnonzero(np.diff(adjacency[body[0]].indptr))
    chosen = generator.choice(begin, min(_SAMPLE, len(begin)), replace=False)
    reached = _reached(_starts(chosen, adjacency[0].shape[0]), body, adjacency, {})
    hits = reached.multiply(adjacency[relation][chosen]).nnz
    return Rule(body, hits / (reached.nnz + _SMOOTHING))


def _bodies(
    head: int, tail: int, edges: Ids, bounds: Ids, length: int, relations: int, generator: np.random.Generator
) -> set[tuple[int, ...]]:
    """The relations of the paths from head to tail that visit no vertex twice; of hubs some edges are followed."""

    def out(vertex: int) -> Ids:
        begin, end = int(bounds[vertex]), int(bounds[vertex + 1])
        if end - begin <= _FAN_OUT:
            return edges[begin:end, 1:]
        return edges[begin + np.sort(generator.choice(end - begin, _FAN_OUT, replace=False)), 1:]

    def reverse(relation: int) -> int:
        return relation - relations if relation >= relations else relation + relations

    back: dict[int, list[int]] = {}
    for relation, vertex in out(tail).tolist():
        back.setdefault(vertex, []).append(reverse(relation))
    found: set[tuple[int, ...]] = set()
    for first, vertex in out(head).tolist():
        if vertex == tail:
            found.add((first,))
        elif vertex != head:
            found.update((first, last) for last in back.get(vertex, ()))
            if length < 3:
                continue
            for second, middle in out(vertex).tolist():
                if middle not in (head, tail, vertex) and second != reverse(first):
                    found.update((first, second, last) for last in back.get(middle, ()) if last != reverse(second))
    return found
