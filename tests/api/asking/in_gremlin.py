"""Questions as Gremlin scripts."""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bifrost.graph import Direction
from bifrost.values import Value
from tests.api.asking.questions import (
    Condition,
    Groups,
    Hop,
    Identities,
    Linked,
    Measure,
    NotExpressibleError,
    Ordered,
    Question,
    Total,
)

__all__ = ["gremlin"]

_PREDICATES = {"contains": "containing", "starts_with": "startingWith", "in": "within"}
_SIDES = {Direction.OUT: "in", Direction.IN: "out", Direction.BOTH: "other"}


class _Script:
    def __init__(self) -> None:
        self.bindings: dict[str, Any] = {}

    def bind(self, value: Any) -> str:
        name = f"x{len(self.bindings)}"
        self.bindings[name] = value
        return name

    def value(self, value: Value) -> str:
        match value:
            case Decimal():
                return f"{value}m"
            case time():
                raise NotExpressibleError  # there is no literal for a time of the day
            case datetime() | date():
                return f"datetime('{value.isoformat()}')"
        return self.bind(value)

    def condition(self, condition: Condition | Linked) -> str:
        if isinstance(condition, Linked):
            inner = f"__.{condition.direction.value}({self.bind(condition.label)})"
            inner += self.vertex(condition.other, condition.where)
            return f".{'not' if condition.none else 'where'}({inner})"
        name = self.bind(condition.name)
        if condition.op in ("exists", "missing"):
            return f".{'has' if condition.op == 'exists' else 'hasNot'}({name})"
        values = ", ".join(map(self.value, condition.values))
        return f".has({name}, {_PREDICATES.get(condition.op, condition.op)}({values}))"

    def vertex(self, label: str | None, where: Iterable[Condition | Linked]) -> str:
        start = "" if label is None else f".hasLabel({self.bind(label)})"
        return start + "".join(map(self.condition, where))

    def hop(self, hop: Hop) -> str:
        label = "" if hop.label is None else self.bind(hop.label)
        if not hop.edge:
            return f".{hop.direction.value}({label}){self.vertex(hop.other, hop.where)}"
        step = f".{hop.direction.value}E({label}){''.join(map(self.condition, hop.edge))}.{_SIDES[hop.direction]}V()"
        return step + self.vertex(hop.other, hop.where)


def gremlin(question: Question) -> tuple[str, dict[str, Any]] | None:
    """A script and its bindings; None where the language has no words for the question."""
    script = _Script()
    try:
        text = "g.V()" + script.vertex(question.label, question.where) + "".join(map(script.hop, question.hops))
        text += ".dedup()" if question.distinct and question.hops else ""
        return text + _asked(script, question), script.bindings
    except NotExpressibleError:
        return None


def _asked(script: _Script, question: Question) -> str:
    match question.ask:
        case Identities():
            return ".id()"
        case Total():
            return ".count()"
        case Measure("opens", "min" | "max"):
            raise NotExpressibleError  # times of the day have no order in Gremlin
        case Measure(name, how):
            return f".values({script.bind(name)}).{'dedup().count' if how == 'distinct' else how}()"
        case Groups(name):
            return f".values({script.bind(name)}).groupCount()"
        case Ordered(name, descending, skip, first):
            order = f".order().by({script.bind(name)}, {'desc' if descending else 'asc'})"
            return f"{order}.range({skip}, {skip + first}).id()"
