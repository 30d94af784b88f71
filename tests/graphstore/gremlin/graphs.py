"""Small graphs for tests, in memory or in the served tables of a store, with the same ids."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from bifrost.codec import encode_value
from graphstore import schema as s
from graphstore.database import EDGE, PROPERTY, VERTEX
from graphstore.gremlin.memory import MemoryGraph
from graphstore.sql import SqlStore
from graphstore.values import value_hash

__all__ = ["CREW", "MODERN", "SmallGraph", "fill", "in_memory"]


@dataclass
class SmallGraph:
    """Vertices (id, label, key -> values) and edges (id, label, tail, head, key -> value)."""

    vertices: list[tuple[str, str, dict[str, list[Any]]]]
    edges: list[tuple[str, str, str, str, dict[str, Any]]] = field(default_factory=list)


MODERN = SmallGraph(
    [
        ("1", "person", {"name": ["marko"], "age": [29]}),
        ("2", "person", {"name": ["vadas"], "age": [27]}),
        ("3", "software", {"name": ["lop"], "lang": ["java"]}),
        ("4", "person", {"name": ["josh"], "age": [32]}),
        ("5", "software", {"name": ["ripple"], "lang": ["java"]}),
        ("6", "person", {"name": ["peter"], "age": [35]}),
    ],
    [
        ("7", "knows", "1", "2", {"weight": 0.5}),
        ("8", "knows", "1", "4", {"weight": 1.0}),
        ("9", "created", "1", "3", {"weight": 0.4}),
        ("10", "created", "4", "5", {"weight": 1.0}),
        ("11", "created", "4", "3", {"weight": 0.4}),
        ("12", "created", "6", "3", {"weight": 0.2}),
    ],
)
"""TinkerPop's "modern" toy graph."""

CREW = SmallGraph(
    [
        ("1", "person", {"name": ["marko"], "location": ["san diego", "santa cruz", "brussels", "santa fe"]}),
        ("7", "person", {"name": ["stephen"], "location": ["centreville", "dulles", "purcellville"]}),
        ("8", "person", {"name": ["matthias"], "location": ["bremen", "baltimore", "oakland", "seattle"]}),
        ("10", "software", {"name": ["gremlin"]}),
        ("11", "software", {"name": ["tinkergraph"]}),
    ],
    [
        ("13", "develops", "1", "10", {"since": 2009}),
        ("14", "develops", "1", "11", {"since": 2010}),
        ("15", "uses", "1", "10", {"skill": 4}),
        ("16", "uses", "7", "10", {"skill": 5}),
        ("17", "uses", "8", "11", {"skill": 3}),
        ("18", "traverses", "10", "11", {}),
    ],
)
"""A part of TinkerPop's "crew" graph: properties with several values."""


def in_memory(graph: SmallGraph) -> MemoryGraph:
    made = MemoryGraph()
    for id, label, properties in graph.vertices:
        vertex = made.add_vertex(label, id)
        for key, values in properties.items():
            for value in values:
                made.set_vertex_property(vertex, key, value, "list", {})
    for id, label, tail, head, found in graph.edges:
        start, end = made.vertex(tail), made.vertex(head)
        assert start is not None
        assert end is not None
        edge = made.add_edge(label, start, end, id)
        for key, value in found.items():
            made.set_property(edge, key, value)
    return made


_LINK = ("id", "uid", "type", "tail", "head", "properties", "score", "pin", "given", "active")


def fill(store: SqlStore, graph: SmallGraph) -> None:
    """Writes the graph into the served tables, as a build would have assembled it, and the links behind its edges."""
    db = store.database
    numbers = {id: number for number, (id, _, _) in enumerate(graph.vertices, start=1)}
    with db.write() as connection:
        for id, label, properties in graph.vertices:
            encoded = {key: [encode_value(v) for v in values] for key, values in properties.items()}
            number, text = numbers[id], orjson.dumps(encoded).decode()
            row = (number, id, db.label_id(connection, VERTEX, label), text)
            db.insert(connection, s.vertex, ("id", "uid", "label", "properties"), [row])
            keys = {
                (db.label_id(connection, PROPERTY, key), value_hash(value), number)
                for key, values in properties.items()
                for value in values
            }
            db.insert(connection, s.vertex_value, ("key", "hash", "vertex"), sorted(keys))
        for number, (id, label, tail, head, found) in enumerate(graph.edges, start=1):
            text = orjson.dumps({key: [encode_value(value)] for key, value in found.items()}).decode()
            edge = (number, id, db.label_id(connection, EDGE, label), numbers[tail], numbers[head], text, 1.0)
            db.insert(connection, s.edge, ("id", "uid", "label", "tail", "head", "properties", "score"), [edge])
            db.insert(connection, s.link, _LINK, [(*edge, 0, 1, 1)])
        for counter, count in (("fragment", 1000), ("link", 1000), ("change", len(graph.vertices) + len(graph.edges))):
            db.take(connection, counter, count)
