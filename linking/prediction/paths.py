"""Paths that speak for a predicted link, weighted by how often such a path goes with such a link."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.prediction.triples import TripleSet

__all__ = ["Path", "PathFinder"]

Ids = NDArray[np.int64]
FAN_OUT = 200
"""At most so many edges of a vertex are followed: paths through hubs explain little and cost much."""
SAMPLE = 300


@dataclass(frozen=True, slots=True)
class Path:
    """``vertices`` from head to tail and the relations between them; a relation starting with ``^`` runs backwards.

    ``confidence`` is the smoothed share of sampled pairs joined by the same relations that also have the predicted link.
    """

    vertices: tuple[str, ...]
    relations: tuple[str, ...]
    confidence: float


class PathFinder:
    """Finds paths of one to three edges between two vertices of a graph."""

    def __init__(self, data: TripleSet, seed: int = 0) -> None:
        self.data = data
        both = data.with_reciprocals(data.triples)
        both = both[np.lexsort((both[:, 2], both[:, 1], both[:, 0]))]
        self.relation, self.tail = both[:, 1], both[:, 2]
        self.bounds = np.searchsorted(both[:, 0], np.arange(len(data.entities) + 1))
        self.edges = {(int(h), int(r), int(t)) for h, r, t in both}
        self.seed = seed
        self._confidence: dict[tuple[int, tuple[int, ...]], float] = {}

    def between(self, head: str, relation: str, tail: str, limit: int = 3) -> list[Path]:
        """The most telling paths for ``(head, relation, tail)``, one per sequence of relations; the link itself is none."""
        numbers = self.data.entity_number
        h, t, r = numbers[head], numbers[tail], self.data.relation_number[relation]
        found: dict[tuple[int, ...], tuple[int, ...]] = {}
        for relations, vertices in self._walks(h, t):
            if relations != (r,):
                found.setdefault(relations, vertices)
        ranked = sorted(((self.confidence(r, body), body) for body in found), reverse=True)[:limit]
        return [
            Path(
                tuple(self.data.entities[v] for v in (h, *found[body], t)),
                tuple(self._name(x) for x in body),
                confidence,
            )
            for confidence, body in ranked
        ]

    def confidence(self, relation: int, body: tuple[int, ...]) -> float:
        """Of sampled vertex pairs joined by ``body``, the share that ``relation`` joins too."""
        key = (relation, body)
        if key not in self._confidence:
            generator = np.random.default_rng([self.seed, relation, *body])
            starts = self.data.with_reciprocals(self.data.triples)
            starts = np.unique(starts[starts[:, 1] == body[0], 0])
            hits = seen = 0
            for start in generator.choice(starts, min(SAMPLE, len(starts)), replace=False).tolist():
                end = self._random_walk(start, body, generator)
                if end is not None and end != start:
                    seen += 1
                    hits += (start, relation, end) in self.edges
            self._confidence[key] = hits / (seen + 5)
        return self._confidence[key]

    def _walks(self, head: int, tail: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """(relations, inner vertices) of all walks of one to three edges that visit no vertex twice."""
        walks: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        back = self._out(tail)
        # Edges into the tail, by where they come from: the reverses of the edges that leave it.
        into: dict[int, list[int]] = {}
        for relation, vertex in back:
            into.setdefault(vertex, []).append(self._reverse(relation))
        for relation, vertex in self._out(head):
            if vertex == tail:
                walks.append(((relation,), ()))
                continue
            if vertex == head:
                continue
            walks.extend(((relation, last), (vertex,)) for last in into.get(vertex, ()))
            for second, middle in self._out(vertex):
                if middle not in (head, tail, vertex):
                    walks.extend(((relation, second, last), (vertex, middle)) for last in into.get(middle, ()))
        return walks

    def _out(self, vertex: int) -> list[tuple[int, int]]:
        begin, end = int(self.bounds[vertex]), int(self.bounds[vertex + 1])
        end = min(end, begin + FAN_OUT)
        return list(zip(self.relation[begin:end].tolist(), self.tail[begin:end].tolist(), strict=True))

    def _random_walk(self, start: int, body: tuple[int, ...], generator: np.random.Generator) -> int | None:
        at = start
        for relation in body:
            begin, end = self.bounds[at], self.bounds[at + 1]
            low, high = np.searchsorted(self.relation[begin:end], [relation, relation + 1])
            if low == high:
                return None
            at = int(self.tail[begin + generator.integers(low, high)])
        return at

    def _reverse(self, relation: int) -> int:
        count = len(self.data.relations)
        return relation - count if relation >= count else relation + count

    def _name(self, relation: int) -> str:
        names = self.data.relations
        return names[relation] if relation < len(names) else "^" + names[relation - len(names)]
