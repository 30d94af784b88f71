"""Small worlds for store tests: records in one line, link types in one line, and full dumps to compare stores by."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bifrost.catalog import Source
from bifrost.graph import Edge, Vertex
from bifrost.links import Column, LinkKind, LinkType, link_type_id
from bifrost.values import (
    DatasetInfo,
    DatasetKind,
    Evidence,
    Fragment,
    LinkStatement,
    RecordFragments,
    Value,
    digest_of,
    make_uid,
)
from graphstore.sql import SqlStore

Said = Value | tuple[Value, ...]


def register(store: SqlStore, *datasets: str, rank: Mapping[str, int] | None = None) -> None:
    """Registers ``source/dataset`` names; the vertex type is the dataset's name with a capital."""
    known = {source.name for source in store.catalog.sources()}
    for dataset in datasets:
        source, name = dataset.split("/")
        if source not in known:
            store.catalog.add_source(Source(source, "table", rank=(rank or {}).get(source, 0)))
            known.add(source)
        store.catalog.save_datasets(source, [DatasetInfo(name, DatasetKind.TABLE)], {name: name.capitalize()})


def record(dataset: str, key: str, links: Iterable[tuple[str, str]] = (), **properties: Said) -> RecordFragments:
    """A record with one fragment. ``links`` are (label, head uid)."""
    return record_of(dataset, key, properties, links)


def record_of(
    dataset: str,
    key: str,
    properties: Mapping[str, Said],
    links: Iterable[tuple[str, str]] = (),
    *,
    type: str | None = None,
    evidence: Evidence | None = None,
) -> RecordFragments:
    """The same with properties of any name, another vertex type, other evidence."""
    source, name = dataset.split("/")
    uid = make_uid(source, name, key)
    said = {k: v if isinstance(v, tuple) else (v,) for k, v in properties.items()}
    statements = tuple(LinkStatement(f"{uid}#{label}>{head}", label, uid, head) for label, head in dict.fromkeys(links))
    fragment = Fragment(uid, type or name.capitalize(), said, evidence or Evidence())
    digest = digest_of([repr((said, statements, fragment)).encode()])
    return RecordFragments(key, digest, (fragment,), statements)


def say(store: SqlStore, dataset: str, *records: RecordFragments, build: int = 1) -> Any:
    source, name = dataset.split("/")
    return store.fragments.replace(source, name, records, build)


def link_type(kind: LinkKind, tail: str, head: str, name: str = "LINK", **fields: Any) -> LinkType:
    """Between ``source/dataset.column`` names."""
    left, right = _column(tail), _column(head)
    return LinkType(link_type_id(kind, left, right), kind, left, right, name, **fields)


def _column(text: str) -> Column:
    dataset, _, column = text.partition(".")
    source, name = dataset.split("/")
    return Column(source, name, (column,) if column else ())


def graph(store: SqlStore) -> dict[str, Any]:
    """The served graph with all provenance, in an order that does not depend on how it came to be."""
    view = store.view()
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    cursor = None
    while True:
        page = view.vertices(after=cursor, limit=500)
        vertices += page.items
        if (cursor := page.cursor) is None:
            break
    while True:
        edge_page = view.edges(after=cursor, limit=500)
        edges += edge_page.items
        if (cursor := edge_page.cursor) is None:
            break
    return {
        "vertices": sorted((v.id, v.label, sorted(v.properties.items())) for v in vertices),
        "edges": sorted((e.id, e.label, e.tail, e.head, sorted(e.properties.items()), e.score) for e in edges),
        "counts": view.label_counts(),
        "patterns": view.edge_patterns(),
        "origins": {
            v.id: sorted((o.uid, o.source, o.record, o.same_as) for o in view.vertex_origins(v.id)) for v in vertices
        },
        "edge origins": {e.id: [(o.source, o.record, o.link_type) for o in view.edge_origins(e.id)] for e in edges},
    }


def beliefs(store: SqlStore) -> dict[str, Any]:
    """Sources, link types and judgements; fields that a later version added are left out while they say nothing."""
    return {
        "sources": [(s.name, s.rank) for s in store.catalog.sources()],
        "datasets": [(d.source, d.info.name, d.records) for d in store.catalog.datasets()],
        "link types": sorted(
            re.sub(", (through|otherwise)=None", "", repr(known)) for known in store.links.link_types()
        ),
        "judgements": [(j.subject, j.verdict, j.by) for j in store.links.judgements()],
    }
