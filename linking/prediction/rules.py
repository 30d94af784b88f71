"""Rules of the form ``relation(x, y) <- path(x, y)``, mined from a graph and applied to complete it.

Bottom-up in the manner of AnyBURL (Meilicke et al. 2019): paths of one to three edges between the ends of sampled edges are
the rules, their confidence is the share of pairs joined by the path that the relation joins too. They say what a decoder
learns slowly on sparse graphs; together both are better than either.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.prediction.simple_paths import Body, PathCounts, SimplePaths
from linking.prediction.triples import Ids, TripleSet

__all__ = ["Rule", "RuleModel", "mine_rules"]

_SAMPLE = 600
"""Edges per relation from which rules are read, and start vertices by which they are judged."""
_FAN_OUT = 50
_SUPPORT = 2
_KEPT = 120
_SMOOTHING = 5.0
_LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Rule:
    """``body`` are the relations of the path, reverse ones included; ``confidence`` is smoothed towards 0."""

    body: Body
    confidence: float


class RuleModel:
    """Scores tails by the rules that reach them. ``rules`` by relation, the surest first; ``r + n`` is the reverse of ``r``."""

    def __init__(self, paths: SimplePaths, rules: Mapping[int, Sequence[Rule]]) -> None:
        self.paths = paths
        self.rules = rules

    @property
    def longest(self) -> int:
        """How many edges the longest rule follows."""
        return max((len(rule.body) for rules in self.rules.values() for rule in rules), default=1)

    def shorter(self, length: int) -> "RuleModel":
        """Only the rules of at most so many edges."""
        return RuleModel(
            self.paths, {r: [x for x in rules if len(x.body) <= length] for r, rules in self.rules.items()}
        )

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """``-log(1 - confidence)`` of the best rule that leads from head to tail, 0 without one, float32 [queries, entities].

        The sum over rules (a noisy-or) was tried and is worse: rules that say the same are counted many times.
        """
        found = np.zeros((len(head), self.paths.entities), np.float32)
        for r in np.unique(relation).tolist():
            rows = np.flatnonzero(relation == r)
            counts = PathCounts(self.paths, head[rows])
            for rule in self.rules.get(r, ()):
                reached = counts.to(rule.body).tocoo()
                said = np.float32(-np.log1p(-min(rule.confidence, 0.999)))
                at = rows[reached.row], reached.col
                found[at] = np.maximum(found[at], said)
        return found


def mine_rules(data: TripleSet, *, length: int = 3, seed: int = 0) -> RuleModel:
    """The rules of all relations and their reverses. A minute for a hundred thousand edges."""
    entities, count = len(data.entities), 2 * len(data.relations)
    both = data.with_reciprocals(data.triples)
    paths = SimplePaths(both, entities, len(data.relations))
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
        judged = (_judge(body, r, paths, generator) for body in likely)
        best = sorted(
            (rule for rule in judged if rule.confidence >= _LEAST), key=lambda rule: (-rule.confidence, rule.body)
        )
        rules[r] = best[:_KEPT]
    return RuleModel(paths, rules)


def _judge(body: Body, relation: int, paths: SimplePaths, generator: np.random.Generator) -> Rule:
    """Confidence over the pairs that the path joins from sampled vertices where it begins."""
    begin = paths.starting(body[0])
    chosen = generator.choice(begin, min(_SAMPLE, len(begin)), replace=False)
    reached = PathCounts(paths, chosen).to(body)
    hits = reached.multiply(paths.adjacency[relation][chosen]).nnz
    return Rule(body, hits / (reached.nnz + _SMOOTHING))


def _bodies(
    head: int, tail: int, edges: Ids, bounds: Ids, length: int, relations: int, generator: np.random.Generator
) -> set[Body]:
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
    found: set[Body] = set()
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
