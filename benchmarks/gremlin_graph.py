"""The graph of the Gremlin benchmark: people, companies, cities and products with skewed degrees, made from a seed.

The same graph goes into the served tables of a store (directly: what is measured is reading) and, as GraphSON lines,
into a Gremlin Server.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from graphstore import schema as s
from graphstore.database import EDGE, PROPERTY, VERTEX
from graphstore.sql import SqlStore
from graphstore.values import value_hash

__all__ = ["BenchGraph", "fill_store", "make_graph", "vertex_id", "write_graphson"]

_FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Iris", "Jan", "Kim", "Leo", "Mia", "Noah", "Uma")
_LAST = ("Adler", "Bauer", "Costa", "Diaz", "Evans", "Fischer", "Garcia", "Huber", "Ivanov", "Jensen", "Klein", "Lopez")
_WORDS = (
    "durable",
    "light",
    "modern",
    "quiet",
    "compact",
    "solar",
    "wooden",
    "smart",
    "classic",
    "rapid",
    "deep",
    "fine",
)
CITIES = 300


@dataclass(frozen=True, slots=True)
class BenchGraph:
    """Vertices by index: label and properties; edges as arrays of label, tail, head and weight."""

    labels: list[str]
    properties: list[dict[str, Any]]
    edge_labels: list[str]
    edge_label: np.ndarray[Any, np.dtype[np.int64]]
    tails: np.ndarray[Any, np.dtype[np.int64]]
    heads: np.ndarray[Any, np.dtype[np.int64]]
    weights: np.ndarray[Any, np.dtype[np.float64]]


def make_graph(vertices: int, edges: int, seed: int) -> BenchGraph:
    """``vertices`` vertices (70% people, 20% products, 10% companies, of which each names a city) and ``edges`` edges."""
    random = np.random.default_rng(seed)
    people, products = int(vertices * 0.7), int(vertices * 0.2)
    labels = ["person"] * people + ["product"] * products + ["company"] * (vertices - people - products)
    properties: list[dict[str, Any]] = []
    picks = random.integers(0, 1 << 30, (vertices, 4))
    for index, (label, row) in enumerate(zip(labels, picks.tolist(), strict=True)):
        if label == "product":
            words = f"{_WORDS[row[0] % len(_WORDS)]} {_WORDS[row[1] % len(_WORDS)]} product {index}"
            properties.append({"name": f"Product {index}", "text": words, "price": round(row[2] % 100_000 / 100, 2)})
        else:
            name = f"{_FIRST[row[0] % len(_FIRST)]} {_LAST[row[1] % len(_LAST)]} {index}"
            found: dict[str, Any] = {"name": name, "city": f"City {int((row[2] % 1000 / 1000) ** 2 * CITIES)}"}
            if label == "person":
                found["age"] = 18 + row[3] % 60
            properties.append(found)
    kinds = ["knows", "bought", "worksAt"]
    kind = random.choice(3, edges, p=[0.6, 0.3, 0.1])
    tails = (random.random(edges) ** 1.5 * people).astype(np.int64)
    heads = (random.random(edges) ** 2 * people).astype(np.int64)
    heads = np.where(kind == 1, people + (random.random(edges) ** 2 * products).astype(np.int64), heads)
    companies = vertices - people - products
    heads = np.where(kind == 2, people + products + (random.random(edges) * companies).astype(np.int64), heads)
    return BenchGraph(labels, properties, kinds, kind, tails, heads, np.round(random.random(edges), 3))


def vertex_id(index: int) -> str:
    """The id of a vertex in the store; the Gremlin Server's is the index itself."""
    return f"bench/v/{index}"


def fill_store(store: SqlStore, graph: BenchGraph) -> None:
    """Writes the graph into the served tables."""
    db = store.database
    with db.write() as connection:
        vertex_labels = {name: db.label_id(connection, VERTEX, name) for name in dict.fromkeys(graph.labels)}
        edge_labels = [db.label_id(connection, EDGE, name) for name in graph.edge_labels]
        keys = {k: db.label_id(connection, PROPERTY, k) for k in ("name", "city", "age", "text", "price")}
        rows: list[tuple[Any, ...]] = []
        values: list[tuple[int, int, int]] = []
        for index, (label, found) in enumerate(zip(graph.labels, graph.properties, strict=True), start=1):
            text = orjson.dumps({key: [value] for key, value in found.items()}).decode()
            rows.append((index, vertex_id(index - 1), vertex_labels[label], text))
            values.extend((keys[key], value_hash(value), index) for key, value in found.items())
        db.insert(connection, s.vertex, ("id", "uid", "label", "properties"), rows)
        db.insert(connection, s.vertex_value, ("key", "hash", "vertex"), sorted(values))
        db.insert(
            connection,
            s.edge,
            ("id", "uid", "label", "tail", "head", "properties", "score"),
            list(_edges(graph, edge_labels)),
        )
        db.take(connection, "change", len(rows))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _edges(graph: BenchGraph, labels: list[int]) -> Iterator[tuple[Any, ...]]:
    columns = zip(
        graph.edge_label.tolist(), graph.tails.tolist(), graph.heads.tolist(), graph.weights.tolist(), strict=True
    )
    for index, (kind, tail, head, weight) in enumerate(columns, start=1):
        yield index, f"bench/e/{index}", labels[kind], tail + 1, head + 1, f'{{"weight":[{weight}]}}', 1.0


def write_graphson(graph: BenchGraph, path: Path) -> None:
    """The graph as adjacency-list GraphSON 3, one vertex a line, as ``g.io(path).read()`` takes it."""
    outgoing: dict[int, list[int]] = {}
    incoming: dict[int, list[int]] = {}
    for index, (tail, head) in enumerate(zip(graph.tails.tolist(), graph.heads.tolist(), strict=True)):
        outgoing.setdefault(tail, []).append(index)
        incoming.setdefault(head, []).append(index)
    with path.open("wb") as file:
        for index, label in enumerate(graph.labels):
            line = {
                "id": {"@type": "g:Int32", "@value": index},
                "label": label,
                "outE": _adjacent(graph, outgoing.get(index, []), "inV", graph.heads),
                "inE": _adjacent(graph, incoming.get(index, []), "outV", graph.tails),
                "properties": {
                    key: [{"id": {"@type": "g:Int64", "@value": index * 4 + n}, "value": _typed(value)}]
                    for n, (key, value) in enumerate(graph.properties[index].items())
                },
            }
            file.write(orjson.dumps(line) + b"\n")


def _typed(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return {"@type": "g:Int32" if isinstance(value, int) else "g:Double", "@value": value}


def _adjacent(graph: BenchGraph, edges: list[int], end: str, ends: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for index in edges:
        edge = {
            "id": {"@type": "g:Int32", "@value": 10_000_000 + index},
            end: {"@type": "g:Int32", "@value": int(ends[index])},
            "properties": {"weight": {"@type": "g:Double", "@value": float(graph.weights[index])}},
        }
        found.setdefault(graph.edge_labels[int(graph.edge_label[index])], []).append(edge)
    return found
