"""Invariants 8 and 9 together: counts, measures, groups and links have the same answers in GraphQL, Gremlin and SPARQL,
after edits and their undoing, for who sees everything and for who sees one source."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.accounts import open_accounts
from api.app import build_app
from api.gremlin import gremlin_routes
from api.permissions import Role
from bifrost.catalog import Source
from bifrost.graph import Direction
from bifrost.values import (
    DatasetInfo,
    DatasetKind,
    Fragment,
    LinkStatement,
    RecordFragments,
    Value,
    digest_of,
    make_uid,
)
from graphstore.gremlin.served import gremlin_engine
from tests.api.conftest import PASSWORDS, QUICK, connect
from tests.api.shop import ShopService
from tests.api.test_surfaces import BASE, EDGES, LABELS, Surfaces, Thing, property_iri, vertex_of
from tests.fixtures.searching import examples

SOURCES = ("left", "right")
values: dict[str, st.SearchStrategy[Value]] = {
    "name": st.sampled_from(["Ann", "ann", "", "O'Hara", 'say "hi"', "ß\\n", "日本", "1"]),
    "age": st.integers(-3, 5),
    "score": st.floats(-2, 2, width=16).map(lambda number: number + 0.0),
    "born": st.dates(date(1999, 12, 30), date(2000, 1, 3)),
    "active": st.booleans(),
}
some = {name: st.lists(one, min_size=1, max_size=2, unique=True).map(tuple) for name, one in values.items()}
properties = st.fixed_dictionaries({}, optional=some)
ends = st.integers(0, 99)
edits = st.one_of(
    st.tuples(st.just("set"), ends, properties, st.sampled_from(sorted(values))),
    st.tuples(st.just("delete"), ends),
    st.tuples(st.just("add"), st.sampled_from(LABELS), properties),
    st.tuples(st.just("link"), ends, st.sampled_from(EDGES), ends),
    st.tuples(st.just("unlink"), ends),
    st.tuples(st.just("undo"), ends),
)


@dataclass(frozen=True)
class World:
    """Things alternate between the two sources; an edge belongs to the source of its tail."""

    things: Sequence[Thing]
    edges: Sequence[tuple[int, str, int]]
    edits: Sequence[tuple[Any, ...]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    things = draw(st.lists(st.builds(Thing, st.sampled_from(LABELS), properties), min_size=1, max_size=8))
    numbers = st.integers(0, len(things) - 1)
    edges = draw(st.lists(st.tuples(numbers, st.sampled_from(EDGES), numbers), max_size=12))
    return World(things, edges, draw(st.lists(edits, max_size=6)))


def uid(number: int) -> str:
    return make_uid(SOURCES[number % 2], "things", f"{number} 'x'/%")


def fill(service: ShopService, world: World) -> None:
    catalog = service.store.catalog
    for source in SOURCES:
        catalog.add_source(Source(source, "sql"))
        catalog.save_datasets(source, [DatasetInfo("things", DatasetKind.TABLE)], {"things": "Thing"})
    links: dict[int, list[LinkStatement]] = {}
    for position, (tail, label, head) in enumerate(world.edges):
        links.setdefault(tail, []).append(LinkStatement(f"{uid(tail)}#{position}", label, uid(tail), uid(head)))
    for number, thing in enumerate(world.things):
        fragments = (Fragment(uid(number), thing.label, thing.properties),)
        record = RecordFragments(str(number), digest_of((b"1",)), fragments, tuple(links.get(number, ())))
        service.store.fragments.replace(SOURCES[number % 2], "things", [record], 1)
    for what, *arguments in world.edits:
        edit(service, what, arguments)


def edit(service: ShopService, what: str, arguments: list[Any]) -> None:
    view, made = service.store.view(), service.edits
    vertices = [vertex.id for vertex in view.vertices(limit=50).items]
    edges = [one.id for one in view.edges(limit=50).items]
    match what, arguments:
        case "set", [at, said, gone] if vertices:
            made.update_vertex(vertices[at % len(vertices)], said, [gone] if gone not in said else [], by="ann")
        case "delete", [at] if vertices:
            made.delete_vertex(vertices[at % len(vertices)], by="ann")
        case "add", [label, said]:
            made.add_vertex(label, said, by="ann")
        case "link", [tail, label, head] if vertices:
            made.add_edge(label, vertices[tail % len(vertices)], vertices[head % len(vertices)], {}, by="ann")
        case "unlink", [at] if edges:
            made.delete_edge(edges[at % len(edges)], by="ann")
        case "undo", [at]:
            open_edits = [one.id for one in made.history() if one.undone_by is None]
            if open_edits:
                made.undo(open_edits[at % len(open_edits)], by="ann")


def triple(name: str, variable: str = "?x") -> str:
    return f"<{property_iri(name)}> {variable}"


def type_of(label: str) -> str:
    return f"<{BASE}t/{quote(label, safe='')}>"


async def measures(surfaces: Surfaces, label: str, name: str) -> list[dict[str, Any]]:
    """count, distinct, sum, min, max of the values, on every surface; numbers alone have a sum."""
    query = """query($l: String!, $p: [String!]) { aggregate(label: $l, properties: $p) {
        count properties { count countDistinct sum min max } } }"""
    (one,) = (await surfaces.graphql(query, l=label, p=[name]))["aggregate"]
    found = one["properties"][0]
    number = name in ("age", "score")
    first = {"count": found["count"], "distinct": found["countDistinct"], "sum": found["sum"]}
    start = "g.V().hasLabel(l).values(k)"
    second: dict[str, Any] = {"sum": None}
    for key, step in {
        "count": "count()",
        "distinct": "dedup().count()",
        **({"sum": "sum()"} if number else {}),
    }.items():
        answer = await surfaces.gremlin(f"{start}.{step}", l=label, k=name)
        second[key] = answer[0] if answer else None
    row = (
        await surfaces.sparql(
            f"SELECT (COUNT(?x) AS ?count) (COUNT(DISTINCT ?x) AS ?distinct) {'(SUM(?x) AS ?sum)' if number else ''} "
            f"WHERE {{ ?v a {type_of(label)} ; {triple(name)} }}"
        )
    )[0]
    count = int(row["count"])
    third: dict[str, Any] = {
        "count": count,
        "distinct": int(row["distinct"]),
        "sum": float(row["sum"]) if number and count else None,
    }
    if count and name not in ("active",):
        least = (await surfaces.sparql(
            f"SELECT (MIN(?x) AS ?min) (MAX(?x) AS ?max) WHERE {{ ?v a {type_of(label)} ; {triple(name)} }}"
        ))[0]  # fmt: skip
        third |= {key: plain(least[key], name) for key in ("min", "max")}
        for key in ("min", "max"):
            answer = (await surfaces.gremlin(f"{start}.{key}()", l=label, k=name))[0]
            first[key], second[key] = plain(found[key], name), plain(answer, name)
    return [first, second, third]


async def groups(surfaces: Surfaces, label: str, name: str) -> list[Counter[str]]:
    """How many vertices have each value."""
    query = "query($l: String!, $b: [String!]) { aggregate(label: $l, by: $b, first: 1000) { key count } }"
    found = (await surfaces.graphql(query, l=label, b=[name]))["aggregate"]
    asked = await surfaces.gremlin("g.V().hasLabel(l).values(k).groupCount().unfold().project('k','n').by(keys).by(values)",
                                   l=label, k=name)  # fmt: skip
    rows = await surfaces.sparql(
        f"SELECT ?x (COUNT(DISTINCT ?v) AS ?n) WHERE {{ ?v a {type_of(label)} ; {triple(name)} }} GROUP BY ?x"
    )
    return [
        Counter({plain(one["key"][name], name): one["count"] for one in found if one["key"][name] is not None}),
        Counter({plain(one["k"], name): one["n"] for one in asked}),
        Counter({plain(row["x"], name): int(row["n"]) for row in rows}),
    ]


def plain(value: Any, name: str) -> str:
    """A value as a text, the same from every surface: Gremlin's dates are moments."""
    if name == "score":
        return str(float(value))
    if name == "born":
        return str(value)[:10]
    return json.dumps(value) if isinstance(value, bool) else str(value)


async def linked(
    surfaces: Surfaces, label: str, edge: str, other: str, none: bool, value: int | None
) -> list[set[str]]:
    """Vertices with (without) an edge to a vertex of a type, of an age."""
    query = """query($l: String!, $f: [LinkFilterInput!]) { vertices(label: $l, linked: $f, first: 100) {
        totalCount nodes { id } } }"""
    conditions = [] if value is None else [{"name": "age", "op": "gte", "value": value}]
    filter: dict[str, Any] = {"label": edge, "direction": "out", "other": other, "none": none, "filters": conditions}
    page = (await surfaces.graphql(query, l=label, f=[filter]))["vertices"]
    assert page["totalCount"] == len(page["nodes"])
    has = "" if value is None else ".has('age', gte(v))"
    inner = f"out(e).hasLabel(m){has}"
    asked = await surfaces.gremlin(
        f"g.V().hasLabel(l).{f'not(__.{inner})' if none else f'where(__.{inner})'}.id()",
        l=label,
        e=edge,
        m=other,
        **({} if value is None else {"v": value}),
    )
    test = "" if value is None else f" ; {triple('age')} FILTER(?x >= {value})"
    path = f"?v <{BASE}l/{quote(edge, safe='')}> ?w . ?w a {type_of(other)}{test}"
    rows = await surfaces.sparql(
        f"SELECT ?v WHERE {{ ?v a {type_of(label)} FILTER {'NOT ' if none else ''}EXISTS {{ {path} }} }}"
    )
    return [{node["id"] for node in page["nodes"]}, set(asked), {vertex_of(row["v"]) for row in rows}]


async def compare(surfaces: Surfaces, store: Any) -> None:
    """All surfaces with each other, and the counts of links with the store's own."""
    found: Any
    for label in LABELS:
        for name in values:
            first, second, third = await measures(surfaces, label, name)
            for other in (second, third):
                for key, value in first.items():
                    same = abs(value - other[key]) < 1e-9 if key == "sum" and value is not None else value == other[key]
                    assert same, (label, name, key, first, second, third)
            first_groups, *others = await groups(surfaces, label, name)
            for group in others:
                assert group == first_groups, (label, name)
        for edge in EDGES:
            for head in LABELS:
                for none in (False, True):
                    for value in (None, 1):
                        found, *rest = await linked(surfaces, label, edge, head, none, value)
                        for answer in rest:
                            assert answer == found, (label, edge, head, none, value)
    view = store.view()
    for label in LABELS:
        ids = [vertex.id for vertex in view.vertices(label, limit=100).items]
        for edge in EDGES:
            lists = view.linked(ids, Direction.OUT, edge, LABELS[0], limit=100)
            sizes = view.aggregate_linked(ids, Direction.OUT, edge, LABELS[0])
            assert {id: len(one) for id, one in lists.items() if one} == {id: one.count for id, one in sizes.items()}


async def check(world: World, folder: Path) -> None:
    service = ShopService.at(folder)
    fill(service, world)
    accounts = open_accounts(service.settings, QUICK)
    accounts.ensure_admin(PASSWORDS["admin"])
    accounts.add_user("rob", PASSWORDS["rob"], Role.READER, ["left"])
    engine = gremlin_engine(service.store, service.edits)
    service.gremlin = engine  # type: ignore[attr-defined]
    app = build_app(service, accounts)
    assert app.authenticator is not None
    app.close()
    app = build_app(service, accounts, extra_routes=gremlin_routes(engine, app.authenticator))
    try:
        for name in ("admin", "rob"):
            store = service.store if name == "admin" else service.store.scoped(frozenset({"left"}))
            async with connect(app, name) as http:
                assert isinstance(http, httpx.AsyncClient)
                await compare(Surfaces(http), store)
    finally:
        app.close()
        accounts.close()
        service.close()


@settings(examples(2), phases=(Phase.explicit, Phase.generate), deadline=None)
@given(worlds())
def test_all_surfaces_agree_on_counts_measures_and_links(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(world, Path(folder) / "data"))
