"""Everything there is, as each surface tells it: values with their sources, edges with what they say, words that are found."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tests.api.asking.answers import plain
from tests.api.asking.in_graphql import of_property
from tests.api.asking.in_sparql import BASE
from tests.api.asking.surfaces import Surfaces, graphql
from tests.api.asking.worlds import SOURCES
from tests.api.test_surfaces import vertex_of

__all__ = ["edges", "found", "values"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
Facts = set[tuple[Any, ...]]


async def values(surfaces: Surfaces) -> dict[str, Facts]:
    """(vertex, property, value, source), a value as a text: each source that says a value."""
    query = "{ vertices(first: 1000) { nodes { id origins { source properties } } } }"
    nodes = (await graphql(surfaces.http, query, {}))["vertices"]["nodes"]
    by_source = []
    for source in SOURCES:
        asked = "g.V().properties().has('source', x).project('v', 'k', 'x').by(element().id()).by(key).by(value)"
        by_source += [(source, dict(row)) for row in await surfaces.ask_gremlin(asked, {"x": source})]
    rows = await surfaces.ask_sparql(
        f"SELECT ?v ?p ?x ?g {{ GRAPH ?g {{ ?v ?p ?x }} FILTER(STRSTARTS(STR(?p), '{BASE}p/')) "
        f"FILTER(!STRSTARTS(STR(?v), '{BASE}e/')) }}"
    )
    return {
        "graphql": {
            (node["id"], name, _shown(name, value), origin["source"])
            for node in nodes
            for origin in node["origins"]
            for name, some in origin["properties"].items()
            for value in some
        },
        "gremlin": {(row["v"], row["k"], _shown(row["k"], row["x"]), source) for source, row in by_source},
        "sparql": {
            (vertex_of(row["v"]), _name(row["p"]), _shown(_name(row["p"]), row["x"]), _name(row["g"])) for row in rows
        },
    }


async def edges(surfaces: Surfaces) -> dict[str, Facts]:
    """(id, label, tail, head, score, properties)."""
    query = "{ edges(first: 1000) { nodes { id label score tail { id } head { id } properties } } }"
    nodes = (await graphql(surfaces.http, query, {}))["edges"]["nodes"]
    script = "g.E().project('id', 'l', 't', 'h', 's', 'p').by(id).by(label).by(outV().id()).by(inV().id())"
    script += ".by(values('~score')).by(valueMap())"
    asked = [dict(row) for row in await surfaces.ask_gremlin(script, {})]
    rows = await surfaces.ask_sparql(
        f"""SELECT ?e ?l ?t ?h ?s {{ ?e <{_RDF}subject> ?t ; <{_RDF}predicate> ?l ; <{_RDF}object> ?h ; <{BASE}o/score> ?s }}"""
    )
    said = await surfaces.ask_sparql(
        f"SELECT ?e ?p ?x {{ ?e <{_RDF}subject> ?t ; ?p ?x FILTER(STRSTARTS(STR(?p), '{BASE}p/')) }}"
    )
    properties: dict[str, set[tuple[str, str]]] = {}
    for row in said:
        properties.setdefault(row["e"], set()).add((_name(row["p"]), _shown(_name(row["p"]), row["x"])))
    return {
        "graphql": {
            (n["id"], n["label"], n["tail"]["id"], n["head"]["id"], n["score"],
             frozenset((name, _shown(name, value)) for name, some in n["properties"].items() for value in some))
            for n in nodes
        },
        "gremlin": {
            (n["id"], n["l"], n["t"], n["h"], n["s"],
             frozenset((key, _shown(key, value)) for key, value in n["p"] if key != "score"))
            for n in asked
        },
        "sparql": {
            (unquote(row["e"].removeprefix(f"{BASE}e/")), _name(row["l"]), vertex_of(row["t"]), vertex_of(row["h"]), row["s"],
             frozenset(properties.get(row["e"], ())))
            for row in rows
        },
    }  # fmt: skip


async def found(surfaces: Surfaces, word: str) -> dict[str, Facts]:
    """Vertices with a text in which some word begins so: by the search index, and by patterns."""
    hits = await graphql(
        surfaces.http, "query($t: String!) { search(text: $t, first: 200) { vertex { id } } }", {"t": word}
    )
    rows = await surfaces.ask_sparql(
        f"SELECT DISTINCT ?v {{ ?v a ?t ; ?p ?x FILTER(STRSTARTS(STR(?p), '{BASE}p/') && REGEX(?x, '(^|[^a-z]){word}', 'i')) "
        f"FILTER(?t != <{_RDF}Statement>) }}"
    )
    pattern = f"(?i)(^|[^a-z]){word}"
    asked = await surfaces.ask_gremlin("g.V().where(__.properties().hasValue(regex(x))).id()", {"x": pattern})
    return {
        "graphql": {(hit["vertex"]["id"],) for hit in hits["search"]},
        "gremlin": {(id,) for id in asked},
        "sparql": {(vertex_of(row["v"]),) for row in rows},
    }


def _shown(name: str, value: Any) -> str:
    if name in ("born", "from day") and isinstance(value, datetime):
        value = value.date()
    if name in ("seen", "stamp", "moment", "age") and not isinstance(value, datetime):
        return str(of_property(name, value))
    return value if isinstance(value, str) else str(plain(value))


def _name(iri: str) -> str:
    return unquote(iri.removeprefix(BASE).partition("/")[2])
