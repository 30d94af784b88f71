"""Questions in the generic part of GraphQL, which has no words for some: several hops with conditions, edges' properties."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bifrost.graph import Direction
from bifrost.values import Value
from tests.api.asking.answers import Answer, plain
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

__all__ = ["Generic", "json_of", "measure_of", "of_property", "page_of"]

Execute = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
_BACK = {Direction.OUT: "in", Direction.IN: "out"}
_FAR = {Direction.OUT: "head", Direction.IN: "tail"}
_MEASURES = {"mean": "avg", "distinct": "countDistinct"}
_VERTICES = """query($l: String, $f: [PropertyFilterInput!], $k: [LinkFilterInput!], $o: String, $d: Boolean, $n: Int, $a: String) {
  vertices(label: $l, filters: $f, linked: $k, orderBy: $o, descending: $d, first: $n, after: $a) {
    nodes { id } totalCount endCursor hasNextPage } }"""
_AGGREGATE = """query($l: String, $f: [PropertyFilterInput!], $k: [LinkFilterInput!], $b: [String!], $p: [String!]) {
  aggregate(label: $l, filters: $f, linked: $k, by: $b, properties: $p, first: 1000) {
    key count properties { count countDistinct sum avg min max } } }"""


def json_of(value: Value) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else value


def of_property(name: str, shown: Any) -> Any:
    """A value as an answer shows it, as all surfaces give it."""
    if name in ("seen", "stamp", "moment") and isinstance(shown, str):
        return plain(datetime.fromisoformat(shown))
    if name == "age" and isinstance(shown, str):
        return float(shown)
    return plain(shown)


def measure_of(name: str, how: str, shown: dict[str, Any]) -> Answer | None:
    value = shown[_MEASURES.get(how, how)]
    if value is None or how in ("count", "distinct"):
        return value
    return of_property(name, value)


async def page_of(ask: Callable[[int, str | None], Awaitable[dict[str, Any]]], ordered: Ordered) -> list[str]:
    """The part of a list that is asked for, reached by a cursor."""
    after = None
    if ordered.skip:
        skipped = await ask(ordered.skip, None)
        if not skipped["hasNextPage"]:
            return []
        after = skipped["endCursor"]
    return [node["id"] for node in (await ask(ordered.first, after))["nodes"]]


@dataclass(frozen=True)
class Generic:
    """Answers by ``execute(query, variables)``; None for what cannot be asked."""

    execute: Execute

    async def answer(self, question: Question) -> Answer | None:
        try:
            if not question.hops:
                return await self._of_vertices(question)
            turned = _turned(question)
            if turned is not None:
                return await self._of_vertices(turned)
            return await self._along(question)
        except NotExpressibleError:
            return None

    # ---- conditions on vertices and on what they are linked to -------------------------------------------------------

    async def _of_vertices(self, question: Question) -> Answer:
        linked = [one for one in question.where if isinstance(one, Linked)]
        given: dict[str, Any] = {
            "l": question.label,
            "f": [_filter(one) for one in question.where if isinstance(one, Condition)],
            "k": [_linked(one) for one in linked],
        }
        match question.ask:
            case Identities():
                page = (await self.execute(_VERTICES, {**given, "n": 1000}))["vertices"]
                assert page["totalCount"] == len(page["nodes"]), "totalCount counts the nodes"
                return sorted(node["id"] for node in page["nodes"])
            case Total():
                return (await self.execute(_VERTICES, {**given, "n": 0}))["vertices"]["totalCount"]
            case Measure(name, how):
                (found,) = (await self.execute(_AGGREGATE, {**given, "p": [name]}))["aggregate"]
                return measure_of(name, how, found["properties"][0])
            case Groups(name):
                groups = (await self.execute(_AGGREGATE, {**given, "b": [name]}))["aggregate"]
                said = [(one["key"][name], one["count"]) for one in groups]
                return Counter({of_property(name, value): n for value, n in said if value is not None})
            case Ordered(name, descending, _, _) as ordered:

                async def page_after(first: int, after: str | None) -> dict[str, Any]:
                    wanted = {**given, "o": name, "d": descending, "n": first, "a": after}
                    found: dict[str, Any] = (await self.execute(_VERTICES, wanted))["vertices"]
                    return found

                return await page_of(page_after, ordered)

    # ---- along edges without conditions ------------------------------------------------------------------------------

    async def _along(self, question: Question) -> Answer | None:
        hops, distinct = question.hops, question.distinct
        if not isinstance(question.ask, Identities | Total) or any(not _is_plain(hop, distinct) for hop in hops):
            return None
        below, first = "id", 30
        for hop in reversed(hops):
            labels = "" if hop.label is None else f"labels: [{_text(hop.label)}], "
            arguments = f'({labels}direction: "{hop.direction.value}", first: {first})'
            if distinct:
                below = f"id ends: neighbours{arguments} {{ {below} }}"
            else:
                below = f"id ends: edges{arguments} {{ end: {_FAR[hop.direction]} {{ {below} }} }}"
        query = f"""query($l: String, $f: [PropertyFilterInput!], $k: [LinkFilterInput!]) {{
            vertices(label: $l, filters: $f, linked: $k, first: 10) {{ nodes {{ {below} }} }} }}"""
        given = {
            "l": question.label,
            "f": [_filter(one) for one in question.where if isinstance(one, Condition)],
            "k": [_linked(one) for one in question.where if isinstance(one, Linked)],
        }
        nodes = (await self.execute(query, given))["vertices"]["nodes"]
        for _ in hops:
            nodes = [end.get("end", end) for node in nodes for end in node["ends"]]
        ids = [node["id"] for node in nodes]
        ids = sorted(set(ids) if distinct else ids)
        return len(ids) if isinstance(question.ask, Total) else ids


def _is_plain(hop: Hop, distinct: bool) -> bool:
    return replace(hop, direction=Direction.OUT, label=None) == Hop(Direction.OUT, None, None) and (
        distinct or hop.direction is not Direction.BOTH
    )


def _turned(question: Question) -> Question | None:
    """One hop seen from its end: vertices that an edge links to such a start."""
    hop, *more = question.hops
    starts = [one for one in question.where if isinstance(one, Condition)]
    if more or not question.distinct or hop.label is None or hop.edge or hop.direction is Direction.BOTH:
        return None
    if len(starts) < len(question.where):
        return None
    link = Linked(Direction(_BACK[hop.direction]), hop.label, question.label, tuple(starts))
    return Question(hop.other, (*hop.where, link), (), True, question.ask)


def _filter(condition: Condition) -> dict[str, Any]:
    if condition.op in ("exists", "missing"):
        return {"name": condition.name, "op": "exists", "value": condition.op == "exists"}
    if condition.name == "mixed":
        raise NotExpressibleError  # the type of the values that there are decides what can be asked
    values = [json_of(value) for value in condition.values]
    return {"name": condition.name, "op": condition.op, "value": values if condition.op == "in" else values[0]}


def _linked(linked: Linked) -> dict[str, Any]:
    filters: Iterable[dict[str, Any]] = [_filter(one) for one in linked.where]
    how = {"label": linked.label, "direction": linked.direction.value, "other": linked.other, "none": linked.none}
    return {**how, "filters": filters}


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
