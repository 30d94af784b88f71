"""Questions in the typed part of GraphQL, by the names that introspection tells."""

import asyncio
import re
from ast import literal_eval
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bifrost.graph import Direction
from tests.api.asking.answers import Answer
from tests.api.asking.in_graphql import Execute, json_of, measure_of, of_property, page_of
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

__all__ = ["Typed"]

_BACK = {Direction.OUT: Direction.IN, Direction.IN: Direction.OUT}
_MEASURES = {"mean": "avg", "distinct": "countDistinct"}
_ALL, _NONE = {"_and": list[Any]()}, {"_or": list[Any]()}
"""Filters that let everything and nothing pass."""
_SCHEMA = """{ statistics { vertexLabels { label } } vertexTypes { label type list }
  __schema { types { name fields { name description args { name } } } } }"""


@dataclass
class TypedNames:
    type: str
    list: str
    properties: dict[str, str] = field(default_factory=dict)
    links: dict[tuple[Direction, str, str], str] = field(default_factory=dict)
    """(direction, label of the edge, type of the other vertex) -> field."""


@dataclass(frozen=True)
class Typed:
    """Answers by ``execute(query, variables)``; None for what cannot be asked."""

    execute: Execute
    names: dict[str, TypedNames]

    @classmethod
    async def of(cls, execute: Execute) -> "Typed":
        for _ in range(600):
            data = await execute(_SCHEMA, {})
            types = {one["name"] for one in data["__schema"]["types"]}
            there = {one["label"] for one in data["statistics"]["vertexLabels"]}
            if there == {one["label"] for one in data["vertexTypes"] if one["type"] in types}:
                break
            await asyncio.sleep(0.1)  # a busy machine needs a while to make the types
        fields = {type_["name"]: type_["fields"] for type_ in data["__schema"]["types"]}
        made = {one["label"]: TypedNames(one["type"], one["list"]) for one in data["vertexTypes"]}
        for label, names in made.items():
            for one in fields[names.type]:
                _read_field(label, names, one)
        return cls(execute, made)

    async def forwards(self, question: Question) -> Answer | None:
        """Links nested in links; each vertex once."""
        if not question.distinct or not isinstance(question.ask, Identities | Total) or not question.hops:
            return None
        try:
            ids = {id for label in self._labels(question.label) for id in await self._follow(label, question)}
        except NotExpressibleError:
            return None
        return len(ids) if isinstance(question.ask, Total) else sorted(ids)

    async def backwards(self, question: Question) -> Answer | None:
        """The ends by filters on what they are linked to."""
        try:
            label, filter = self._turned(question)
            names = self.names.get(label)
            return None if names is None else await self._of_list(names, filter, question.ask)
        except NotExpressibleError:
            return None

    # ---- asking ------------------------------------------------------------------------------------------------------

    async def _of_list(self, names: TypedNames, filter: Any, ask: Any) -> Answer | None:
        arguments, given = f"query($f: {names.type}Filter, $n: Int, $a: String)", {"f": filter}
        match ask:
            case Identities() | Total():
                query = f"{arguments} {{ found: {names.list}(filter: $f, first: $n, after: $a) {{ totalCount nodes {{ id }} }} }}"
                found = (await self.execute(query, {**given, "n": 1000}))["found"]
                assert found["totalCount"] == len(found["nodes"]), "totalCount counts the nodes"
                return found["totalCount"] if isinstance(ask, Total) else sorted(one["id"] for one in found["nodes"])
            case Measure(name, how) if name in names.properties:
                if how == "count":
                    return None  # it counts vertices, not values
                leaf = f"{_MEASURES.get(how, how)} {{ it: {names.properties[name]} }}"
                query = f"query($f: {names.type}Filter) {{ found: {names.list}Aggregate(filter: $f) {{ {leaf} }} }}"
                found = (await self.execute(query, given))["found"]
                return measure_of(name, how, {key: one["it"] for key, one in found.items()})
            case Groups(name) if name in names.properties:
                own = names.properties[name]
                query = f"""query($f: {names.type}Filter) {{ found: {names.list}Groups(by: [{own}], filter: $f, first: 1000) {{
                    count key {{ it: {own} }} }} }}"""
                groups = (await self.execute(query, given))["found"]
                said = [(one["key"]["it"], one["count"]) for one in groups]
                return Counter({of_property(name, value): n for value, n in said if value is not None})
            case Ordered(name, descending, _, _) as ordered if name in names.properties:
                order = f"orderBy: {names.properties[name]}, descending: {str(descending).lower()}"
                query = f"""{arguments} {{ found: {names.list}(filter: $f, {order}, first: $n, after: $a) {{
                    nodes {{ id }} endCursor hasNextPage }} }}"""

                async def page_after(first: int, after: str | None) -> dict[str, Any]:
                    found: dict[str, Any] = (await self.execute(query, {**given, "n": first, "a": after}))["found"]
                    return found

                return await page_of(page_after, ordered)
        return None

    async def _follow(self, label: str, question: Question) -> list[str]:
        names, variables = self.names[label], dict[str, tuple[str, Any]]()
        below = self._below(label, question.hops, variables)
        variables["f"] = (f"{names.type}Filter", self._filters(label, question.where))
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in variables.items())
        query = f"query({declared}) {{ found: {names.list}(filter: $f, first: 10) {{ nodes {{ id {below} }} }} }}"
        given = {name: value for name, (_, value) in variables.items()}
        nodes = (await self.execute(query, given))["found"]["nodes"]
        for _ in question.hops:
            nodes = [end for node in nodes for key, ends in node.items() if key != "id" for end in ends]
        return [node["id"] for node in nodes]

    def _below(self, label: str, hops: tuple[Hop, ...], variables: dict[str, tuple[str, Any]]) -> str:
        if not hops:
            return ""
        hop, parts = hops[0], list[str]()
        if hop.edge:
            raise NotExpressibleError
        for (direction, edge, other), name in self.names[label].links.items():
            if hop.label not in (None, edge) or hop.direction not in (direction, Direction.BOTH):
                continue
            if hop.other in (None, other):
                variable = f"f{len(variables)}"
                variables[variable] = (f"{self.names[other].type}Filter", self._filters(other, hop.where))
                inner = self._below(other, hops[1:], variables)
                parts.append(f"h{len(parts)}: {name}(filter: ${variable}, first: 10) {{ id {inner} }}")
        return " ".join(parts)

    # ---- filters -----------------------------------------------------------------------------------------------------

    def _turned(self, question: Question) -> tuple[str, Any]:
        """The type of the ends, and the filter that they pass."""
        label, filters = question.label, None
        if label is None or not question.distinct:
            raise NotExpressibleError
        filters = self._filters(label, question.where)
        for hop in question.hops:
            if hop.other is None or hop.edge or hop.direction is Direction.BOTH:
                raise NotExpressibleError
            back = [
                {name: {"some": filters}}
                for (direction, edge, other), name in self._names(hop.other).links.items()
                if (direction, other) == (_BACK[hop.direction], label) and hop.label in (None, edge)
            ]
            filters = _all([self._filters(hop.other, hop.where), {"_or": back}])
            label = hop.other
        return label, filters

    def _filters(self, label: str, where: Iterable[Condition | Linked]) -> Any:
        return _all([self._filter(label, one) for one in where])

    def _filter(self, label: str, condition: Condition | Linked) -> Any:
        if isinstance(condition, Linked):
            return self._linked(label, condition)
        name = self._names(label).properties.get(condition.name)
        if name is None:
            return _ALL if condition.op == "missing" else _NONE
        if condition.op in ("exists", "missing"):
            return {name: {"exists": condition.op == "exists"}}
        if condition.name in ("mixed", "size") or (
            condition.name == "opens" and condition.op not in ("eq", "neq", "in")
        ):
            raise NotExpressibleError  # the type of the values decides what can be asked
        values = [json_of(value) for value in condition.values]
        op = {"starts_with": "startsWith"}.get(condition.op, condition.op)
        return {name: {op: values if op == "in" else values[0]}}

    def _linked(self, label: str, linked: Linked) -> Any:
        how = "none" if linked.none else "some"
        found = [
            {name: {how: self._filters(other, linked.where)}}
            for (direction, edge, other), name in self._names(label).links.items()
            if (direction, edge) == (linked.direction, linked.label) and linked.other in (None, other)
        ]
        if len(found) == 1:
            return found[0]
        return {"_and" if linked.none else "_or": found}

    def _names(self, label: str) -> TypedNames:
        return self.names.get(label) or TypedNames("", "")

    def _labels(self, label: str | None) -> Iterator[str]:
        return (known for known in self.names if label in (None, known))


def _all(filters: list[Any]) -> Any:
    filters = [one for one in filters if one != _ALL]
    return filters[0] if len(filters) == 1 else {"_and": filters}


def _read_field(label: str, names: TypedNames, one: dict[str, Any]) -> None:
    """A field's description says what it is made from: a property, or a kind of link."""
    about = one["description"] or ""
    if about.endswith(", a page at a time."):
        return  # the same link once more, as a connection
    if found := re.fullmatch(r"The property (.+)\.", about, re.DOTALL):
        names.properties[literal_eval(found[1])] = one["name"]
    elif (found := re.fullmatch(r"(.+) -(.+)-> (.+)", about)) and "first" in {
        argument["name"] for argument in one["args"]
    }:
        tail, edge, head = found.groups()
        # A link from a type to itself comes forwards first.
        if tail == label and (Direction.OUT, edge, head) not in names.links:
            names.links[Direction.OUT, edge, head] = one["name"]
        else:
            names.links[Direction.IN, edge, tail] = one["name"]
