"""Invariant 9: the same question has the same answer in GraphQL, Gremlin and SPARQL, on graphs made at random."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from api.app import build_app
from api.gremlin import gremlin_routes
from bifrost.catalog import Source
from bifrost.values import (
    DatasetInfo,
    DatasetKind,
    Fragment,
    LinkStatement,
    RecordFragments,
    Value,
    digest_of,
    make_uid,
    quote_iri,
)
from graphstore.gremlin.served import gremlin_engine
from tests.api.shop import ShopService
from tests.fixtures.searching import examples

BASE = "https://bifrost.local/"
LABELS = ("Person", "Big City", "Größe/1")
EDGES = ("knows", "lives in", "é")

texts = st.sampled_from(
    ["Ann", "ann", "Ann Lee", "", " ", "O'Hara", 'say "hi"', "ß\\n", "a\nb", "%41", "日本", "{x}", "1"]
)
values: dict[str, st.SearchStrategy[Value]] = {
    "name": texts,
    "full name": texts,
    "age": st.integers(-3, 5) | st.sampled_from([2**40, -(2**53)]),
    "score": st.floats(-2, 2, width=16) | st.sampled_from([Decimal("0.1"), Decimal("1.50")]),
    "born": st.dates(date(1999, 12, 30), date(2000, 1, 3)),
    "active": st.booleans(),
}


@dataclass(frozen=True)
class Thing:
    label: str
    properties: Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True)
class RandomGraph:
    """Edges are (tail, label, head), ends as numbers of things."""

    things: Sequence[Thing]
    edges: Sequence[tuple[int, str, int]]


@st.composite
def graphs(draw: st.DrawFn) -> RandomGraph:
    some = {name: st.lists(one, min_size=1, max_size=2, unique=True).map(tuple) for name, one in values.items()}
    thing = st.builds(Thing, st.sampled_from(LABELS), st.fixed_dictionaries({}, optional=some))
    things = draw(st.lists(thing, min_size=1, max_size=7))
    numbers = st.integers(0, len(things) - 1)
    return RandomGraph(things, draw(st.lists(st.tuples(numbers, st.sampled_from(EDGES), numbers), max_size=12)))


def uid(number: int) -> str:
    return make_uid("random", "things", f"{number} 'x'/%")


def fill(service: ShopService, graph: RandomGraph) -> None:
    catalog = service.store.catalog
    catalog.add_source(Source("random", "sql"))
    catalog.save_datasets("random", [DatasetInfo("things", DatasetKind.TABLE)], {"things": "Thing"})
    links: dict[int, list[LinkStatement]] = {}
    for position, (tail, label, head) in enumerate(graph.edges):
        links.setdefault(tail, []).append(LinkStatement(f"{uid(tail)}#{position}", label, uid(tail), uid(head)))
    records = [
        RecordFragments(
            str(number),
            digest_of((str(number).encode(),)),
            (Fragment(uid(number), thing.label, thing.properties),),
            tuple(links.get(number, ())),
        )
        for number, thing in enumerate(graph.things)
    ]
    service.store.fragments.replace("random", "things", records, catalog.add_build(()).id)


@dataclass
class Surfaces:
    """Asks all three; every method returns their answers."""

    http: httpx.AsyncClient

    async def graphql(self, query: str, **variables: Any) -> Any:
        answer = (await self.http.post("/graphql", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def gremlin(self, query: str, **bindings: Any) -> Any:
        headers = {"Accept": "application/vnd.gremlin-v3.0+json;types=false"}
        response = await self.http.post("/gremlin", json={"gremlin": query, "bindings": bindings}, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()["result"]["data"]

    async def sparql(self, query: str) -> list[dict[str, str]]:
        response = await self.http.post(
            "/sparql", data={"query": query}, headers={"Accept": "application/sparql-results+json"}
        )
        assert response.status_code == 200, response.text
        return [{name: one["value"] for name, one in row.items()} for row in response.json()["results"]["bindings"]]

    async def counts(self) -> list[Counter[str]]:
        data = await self.graphql("{ statistics { vertexLabels { label count } edgeLabels { label count } } }")
        found = data["statistics"]["vertexLabels"] + data["statistics"]["edgeLabels"]
        [vertices] = await self.gremlin("g.V().groupCount().by(label)")
        [edges] = await self.gremlin("g.E().groupCount().by(label)")
        rows = await self.sparql("SELECT ?l (COUNT(DISTINCT ?v) AS ?n) WHERE { ?v a ?l } GROUP BY ?l")
        rows += await self.sparql(
            f"SELECT ?l (COUNT(DISTINCT ?e) AS ?n) WHERE {{ ?e <{RDF}predicate> ?l }} GROUP BY ?l"
        )
        return [
            Counter({one["label"]: one["count"] for one in found}),
            Counter(vertices) + Counter(edges),
            Counter(
                {unquote(row["l"].removeprefix(BASE)[2:]): int(row["n"]) for row in rows if row["l"].startswith(BASE)}
            ),
        ]

    async def having(self, name: str, op: str, value: Any, literal: str) -> list[set[str]]:
        """Ids of the vertices with a value that compares so."""
        query = "query($f: [PropertyFilterInput!]) { vertices(first: 100, filters: $f) { nodes { id } totalCount } }"
        shown = value.isoformat() if isinstance(value, date) else float(value) if isinstance(value, Decimal) else value
        page = (await self.graphql(query, f=[{"name": name, "op": op, "value": shown}]))["vertices"]
        ids = {node["id"] for node in page["nodes"]}
        assert page["totalCount"] == len(page["nodes"]) == len(ids)
        answers = [ids]
        if not isinstance(value, date | Decimal):  # JSON has no such bindings
            predicate = {"contains": "containing", "starts_with": "startingWith"}.get(op, op)
            answers.append(set(await self.gremlin(f"g.V().has(k, {predicate}(v)).id()", k=name, v=value)))
        test = SPARQL[op].format(literal)
        rows = await self.sparql(f"SELECT DISTINCT ?v WHERE {{ ?v a ?t ; <{property_iri(name)}> ?x FILTER({test}) }}")
        answers.append({vertex_of(row["v"]) for row in rows})
        return answers

    async def neighbours(self, id: str, iri: str, label: str) -> list[Counter[str]]:
        """Heads of the edges of one label, a head once."""
        query = """query($id: ID!, $l: [String!]) {
            vertex(id: $id) { edges(labels: $l, direction: "out", first: 100) { head { id } } } }"""
        edges = (await self.graphql(query, id=id, l=[label]))["vertex"]["edges"]
        rows = await self.sparql(f"SELECT ?h WHERE {{ <{iri}> <{BASE}l/{quoted(label)}> ?h }}")
        return [
            Counter({edge["head"]["id"]: 1 for edge in edges}),
            Counter(await self.gremlin("g.V(id).out(l).dedup().id()", id=id, l=label)),
            Counter(vertex_of(row["h"]) for row in rows),
        ]


SPARQL = {
    "contains": "CONTAINS(STR(?x), {})",
    "starts_with": "STRSTARTS(STR(?x), {})",
    "eq": "?x = {}",
    "gt": "?x > {}",
    "lte": "?x <= {}",
}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def quoted(name: str) -> str:
    return quote_iri(name)


def property_iri(name: str) -> str:
    return f"{BASE}p/{quoted(name)}"


def vertex_of(iri: str) -> str:
    return unquote(iri.removeprefix(f"{BASE}v/"))


def literal_of(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case date():
            return f'"{value.isoformat()}"^^<http://www.w3.org/2001/XMLSchema#date>'
        case float():
            return f'"{value!r}"^^<http://www.w3.org/2001/XMLSchema#double>'
        case _:
            return str(value)


async def check(graph: RandomGraph, folder: Path) -> None:
    service = ShopService.at(folder)
    fill(service, graph)
    engine = gremlin_engine(service.store, service.edits)
    app = build_app(service, None, extra_routes=gremlin_routes(engine, None))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            surfaces = Surfaces(http)
            wanted: Counter[str] = Counter(thing.label for thing in graph.things)
            wanted += Counter(label for _, label, _ in graph.edges)
            for answer in await surfaces.counts():
                assert answer == wanted
            await compare_properties(surfaces, graph)
            for number in range(len(graph.things)):
                for label in EDGES:
                    heads = {uid(head) for tail, name, head in graph.edges if (tail, name) == (number, label)}
                    for found in await surfaces.neighbours(uid(number), f"{BASE}v/{quoted(uid(number))}", label):
                        assert found == Counter(heads)
    finally:
        app.close()
        service.close()


async def compare_properties(surfaces: Surfaces, graph: RandomGraph) -> None:
    for name in values:
        known = list(dict.fromkeys(value for thing in graph.things for value in thing.properties.get(name, ())))[:2]
        for value in known:
            operators = ["eq"]
            if isinstance(value, str):
                operators += ["contains", "starts_with"] if value else []
            elif not isinstance(value, bool):
                operators += ["gt", "lte"]
            for op in operators:
                first, *others = await surfaces.having(name, op, value, literal_of(value))
                for other in others:
                    assert other == first, (name, op, value)
                if op == "eq" and not isinstance(value, float | Decimal):
                    holds = {uid(i) for i, thing in enumerate(graph.things) if value in thing.properties.get(name, ())}
                    assert first == holds, (name, value)


@settings(examples(8), phases=(Phase.explicit, Phase.generate))
@given(graphs())
@example(RandomGraph([Thing("Person", {"name": ("Ann", "")})], [(0, "knows", 0), (0, "knows", 0)]))
def test_all_surfaces_agree(graph: RandomGraph) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(graph, Path(folder) / "data"))
