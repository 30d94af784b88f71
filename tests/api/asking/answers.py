"""What a question's answer is, computed in plain Python from the vertices and edges of a store: the fourth opinion.

Answers are values that compare with ``==`` after :func:`same`: sorted ids, a number, a text, or a Counter of groups.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bifrost.graph import Direction, Edge, Vertex
from bifrost.ports import GraphView
from bifrost.values import Value
from tests.api.asking.questions import Condition, Groups, Hop, Identities, Linked, Measure, Ordered, Question, Total

__all__ = ["Answer", "Model", "plain", "same"]

Answer = Any


def plain(value: Value) -> str | float | bool:
    """A value the same from every surface: numbers as floats, moments in UTC (without a zone they are UTC), days as such."""
    match value:
        case bool() | str():
            return value
        case int() | float() | Decimal():
            return float(value)
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        case _:
            return value.isoformat()


def same(left: Answer, right: Answer) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(left, Counter) and isinstance(right, Counter):
        return left == right
    return type(left) is type(right) and bool(left == right)


def _kind(value: Value) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case datetime():
            return "datetime"
        case _:
            return type(value).__name__


def _exact(value: Value) -> Any:
    match value:
        case float():
            return Decimal(repr(value))
        case int() if not isinstance(value, bool):
            return Decimal(value)
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "in": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a.startswith(b),
}


def holds(values: Sequence[Value], condition: Condition) -> bool:
    if condition.op in ("exists", "missing"):
        return bool(values) is (condition.op == "exists")
    test = _TESTS[condition.op]
    return any(
        _kind(value) == _kind(wanted) and test(_exact(value), _exact(wanted))
        for value in values
        for wanted in condition.values
    )


@dataclass
class Model:
    """All vertices and edges of a graph."""

    vertices: dict[str, Vertex]
    edges: list[Edge]

    @classmethod
    def of(cls, view: GraphView) -> "Model":
        vertices: dict[str, Vertex] = {}
        edges: list[Edge] = []
        cursor = None
        while True:
            page = view.vertices(after=cursor, limit=500)
            vertices |= {vertex.id: vertex for vertex in page.items}
            if (cursor := page.cursor) is None:
                break
        while True:
            found = view.edges(after=cursor, limit=500)
            edges += found.items
            if (cursor := found.cursor) is None:
                return cls(vertices, edges)

    def ends(self, question: Question) -> list[str]:
        """Ids, once per way; once each where the question says so."""
        ids = [vertex.id for vertex in self.vertices.values() if self._passes(vertex, question.label, question.where)]
        for hop in question.hops:
            ids = [end for id in ids for end in self._hop(id, hop)]
        return list(dict.fromkeys(ids)) if question.distinct else ids

    def answer(self, question: Question) -> Answer | None:
        """None where the question has no single answer: the mean of nothing, an order of things without the property."""
        ends = [self.vertices[id] for id in self.ends(question)]
        match question.ask:
            case Identities():
                return sorted(vertex.id for vertex in ends)
            case Total():
                return len(ends)
            case Measure(name, how):
                values = [value for vertex in ends for value in vertex.properties.get(name, ())]
                return measured(how, values)
            case Groups(name):
                return Counter(plain(value) for vertex in ends for value in vertex.properties.get(name, ()))
            case Ordered(name, descending, skip, first):
                keys = [vertex.properties.get(name, ()) for vertex in ends]
                if any(len(values) != 1 for values in keys) or len(set(keys)) < len(keys):
                    return None
                ends.sort(key=lambda vertex: vertex.properties[name][0], reverse=descending)
                return [vertex.id for vertex in ends[skip : skip + first]]

    def _passes(self, vertex: Vertex, label: str | None, where: Iterable[Condition | Linked]) -> bool:
        return (label is None or vertex.label == label) and all(self._holds(vertex, one) for one in where)

    def _holds(self, vertex: Vertex, condition: Condition | Linked) -> bool:
        if isinstance(condition, Condition):
            return holds(vertex.properties.get(condition.name, ()), condition)
        hop = Hop(condition.direction, condition.label, condition.other, condition.where)
        return (next(self._hop(vertex.id, hop), None) is None) is condition.none

    def _hop(self, id: str, hop: Hop) -> Iterator[str]:
        return (end for direction in (Direction.OUT, Direction.IN) for end in self._one_way(id, hop, direction))

    def _one_way(self, id: str, hop: Hop, direction: Direction) -> Iterator[str]:
        if hop.direction not in (direction, Direction.BOTH):
            return
        for edge in self.edges:
            near, far = (edge.tail, edge.head) if direction is Direction.OUT else (edge.head, edge.tail)
            if near != id or hop.label not in (None, edge.label):
                continue
            fits = all(holds(edge.properties.get(one.name, ()), one) for one in hop.edge)
            if fits and self._passes(self.vertices[far], hop.other, hop.where):
                yield far


def measured(how: str, values: list[Value]) -> Answer | None:
    if how == "count":
        return len(values)
    if how == "distinct":
        return len({plain(value) for value in values})
    if not values:
        return None
    if how in ("min", "max"):
        return plain((min if how == "min" else max)(values, key=_exact))
    total = math.fsum(float(value) for value in values if isinstance(value, int | float | Decimal))
    return total / len(values) if how == "mean" else total
