"""Questions as SPARQL: ways by edges as statements, so that parallel edges count."""

import json
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count

from bifrost.graph import Direction
from bifrost.values import Value, quote_iri
from tests.api.asking.questions import Condition, Groups, Hop, Identities, Linked, Measure, Ordered, Question, Total

__all__ = ["BASE", "literal_of", "sparql"]

BASE = "https://bifrost.local/"
_PREFIXES = "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
_SIGNS = {"eq": "=", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_HOW = {"count": "COUNT({})", "distinct": "COUNT(DISTINCT {})", "mean": "AVG({})"}


def literal_of(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return f'"{value!r}"^^xsd:double'
        case Decimal():
            return f'"{value:f}"^^xsd:decimal'
        case datetime():
            return f'"{value.isoformat()}"^^xsd:dateTime'
        case date():
            return f'"{value.isoformat()}"^^xsd:date'
        case time():
            return f'"{value.isoformat()}"^^xsd:time'
    return str(value)


def _iri(kind: str, name: str) -> str:
    return f"<{BASE}{kind}/{quote_iri(name).replace('/', '%2F')}>"


class _Pattern:
    def __init__(self) -> None:
        self._numbers = count()

    def fresh(self, letter: str) -> str:
        return f"?{letter}{next(self._numbers)}"

    def condition(self, at: str, condition: Condition | Linked) -> str:
        if isinstance(condition, Linked):
            return self._linked(at, condition)
        x = self.fresh("x")
        triple = f"{at} {_iri('p', condition.name)} {x} ."
        if condition.op in ("exists", "missing"):
            return f"FILTER {'NOT ' if condition.op == 'missing' else ''}EXISTS {{ {triple} }} "
        values = [literal_of(value) for value in condition.values]
        match condition.op:
            case "in":
                test = f"{x} IN ({', '.join(values)})"
            case "contains":
                test = f"CONTAINS({x}, {values[0]})"
            case "starts_with":
                test = f"STRSTARTS({x}, {values[0]})"
            case op:
                test = f"{x} {_SIGNS[op]} {values[0]}"
        return f"FILTER EXISTS {{ {triple} FILTER({test}) }} "

    def _linked(self, at: str, linked: Linked) -> str:
        other = self.fresh("v")
        ends = (at, other) if linked.direction is Direction.OUT else (other, at)
        inside = f"{ends[0]} {_iri('l', linked.label)} {ends[1]} . {self.vertex(other, linked.other, linked.where)}"
        return f"FILTER {'NOT ' if linked.none else ''}EXISTS {{ {inside} }} "

    def vertex(self, at: str, label: str | None, where: Iterable[Condition | Linked]) -> str:
        return self.typed(at, label) + "".join(self.condition(at, one) for one in where)

    def typed(self, at: str, label: str | None) -> str:
        if label is not None:
            return f"{at} a {_iri('t', label)} . "
        type_ = self.fresh("t")
        return f"{at} a {type_} . FILTER({type_} != rdf:Statement) "

    def hop(self, at: str, hop: Hop) -> tuple[str, str]:
        """The pattern of the hop, and the variable of its end."""
        end, edge = self.fresh("v"), self.fresh("e")

        def way(tail: str, head: str) -> str:
            return f"{edge} rdf:subject {tail} ; rdf:object {head} . "

        ways = {
            Direction.OUT: way(at, end),
            Direction.IN: way(end, at),
            Direction.BOTH: f"{{ {way(at, end)} }} UNION {{ {way(end, at)} }} ",
        }
        text = ways[hop.direction]
        text += f"{edge} rdf:predicate {_iri('l', hop.label)} . " if hop.label is not None else ""
        text += "".join(self.condition(edge, one) for one in hop.edge)
        return text + self.vertex(end, hop.other, hop.where), end


def sparql(question: Question) -> str:
    """A query with the variables that the question asks for: ?id, ?n, ?x."""
    pattern = _Pattern()
    end = pattern.fresh("v")
    where = pattern.vertex(end, question.label, question.where)
    for hop in question.hops:
        more, end = pattern.hop(end, hop)
        where += more
    inner = f"SELECT {'DISTINCT ' if question.distinct else ''}({end} AS ?id) WHERE {{ {where} }}"
    return _PREFIXES + _asked(inner, question)


def _asked(inner: str, question: Question) -> str:
    match question.ask:
        case Identities():
            return inner
        case Total():
            return f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ {inner} }} }}"
        case Measure(name, how):
            expression = _HOW.get(how, f"{how.upper()}({{}})").format("?x")
            return f"SELECT ({expression} AS ?n) WHERE {{ {{ {inner} }} ?id {_iri('p', name)} ?x }}"
        case Groups(name):
            return f"SELECT ?x (COUNT(*) AS ?n) WHERE {{ {{ {inner} }} ?id {_iri('p', name)} ?x }} GROUP BY ?x"
        case Ordered(name, descending, skip, first):
            order = f"{'DESC' if descending else 'ASC'}(?x)"
            return (
                f"SELECT ?id WHERE {{ {{ {inner} }} ?id {_iri('p', name)} ?x }} "
                f"ORDER BY {order} OFFSET {skip} LIMIT {first}"
            )
