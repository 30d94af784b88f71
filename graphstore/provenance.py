"""Where the values of a vertex and the statements behind an edge came from."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_properties
from bifrost.graph import EdgeOrigin, FragmentOrigin
from bifrost.values import EMPTY
from graphstore import schema as s
from graphstore.database import Database
from graphstore.encoding import evidence_from

__all__ = ["edge_origins", "evidence_data", "fragment_origins", "vertex_origins"]


def fragment_origins(
    database: Database, connection: Connection, vertex: int, names: Mapping[int, str]
) -> list[FragmentOrigin]:
    """The fragments merged into a vertex (by ``vertex.id``), the canonical one first."""
    return vertex_origins(database, connection, [vertex], names)[vertex]


def vertex_origins(
    database: Database, connection: Connection, vertices: Iterable[int], names: Mapping[int, str]
) -> dict[int, list[FragmentOrigin]]:
    """The same of many vertices, by ``vertex.id``."""
    f, wanted = s.fragment, list(vertices)
    query = (
        sa.select(
            f.c.id, f.c.uid, f.c.type, f.c.properties, f.c.evidence, f.c.canonical, s.record.c.key, s.record.c.changed,
            s.dataset.c.name.label("dataset"), s.source.c.name.label("source"),
        )
        .join(s.record, s.record.c.id == f.c.record)
        .join(s.dataset, s.dataset.c.id == f.c.dataset)
        .join(s.source, s.source.c.id == s.dataset.c.source)
        .where(database.within(f.c.canonical, wanted))
        .order_by(sa.case((f.c.id == f.c.canonical, 0), else_=1), s.source.c.rank, f.c.uid, f.c.id)
    )  # fmt: skip
    rows = connection.execute(query).all()
    shared = _shared_evidence(database, connection, (row.evidence for row in rows))
    found: dict[int, list[FragmentOrigin]] = {vertex: [] for vertex in wanted}
    canonical: dict[int, str] = {}
    for row in rows:
        first = canonical.setdefault(row.canonical, row.uid)
        data = _read_evidence(row.evidence, shared)
        found[row.canonical].append(
            FragmentOrigin(
                row.uid, row.source, row.dataset, row.key, names[row.type], decode_properties(row.properties),
                evidence_from(data.get("default", {})),
                {name: evidence_from(part) for name, part in data.get("by", {}).items()} or EMPTY,
                datetime.fromtimestamp(row.changed, UTC),
                None if row.id == row.canonical else first,
            )
        )  # fmt: skip
    return found


def edge_origins(database: Database, connection: Connection, uids: Iterable[str]) -> dict[str, list[EdgeOrigin]]:
    """The statement behind each edge: a record's, or a link type's on the word of the record at its tail."""
    link, tail = s.link, s.fragment.alias("tail")
    query = (
        sa.select(
            link.c.uid, link.c.score, link.c.evidence, s.link_type.c.id.label("link_type"), s.record.c.key,
            s.dataset.c.name.label("dataset"), s.source.c.name.label("source"),
        )
        .join(s.edge, s.edge.c.id == link.c.id)
        .join(tail, tail.c.id == link.c.tail)
        .join(s.record, s.record.c.id == sa.func.coalesce(link.c.record, tail.c.record))
        .join(s.dataset, s.dataset.c.id == s.record.c.dataset)
        .join(s.source, s.source.c.id == s.dataset.c.source)
        .outerjoin(s.link_type, s.link_type.c.number == link.c.link_type)
        .where(database.within(link.c.uid, uids))
    )  # fmt: skip
    rows = connection.execute(query).all()
    shared = _shared_evidence(database, connection, (row.evidence for row in rows))
    found: dict[str, list[EdgeOrigin]] = {}
    for row in rows:
        evidence = evidence_from(_read_evidence(row.evidence, shared).get("default", {}))
        origin = EdgeOrigin(row.uid, row.source, row.dataset, row.key, row.link_type, row.score, evidence)
        found.setdefault(row.uid, []).append(origin)
    return found


def _shared_evidence(database: Database, connection: Connection, stored: Iterable[str | None]) -> dict[int, str]:
    ids = {int(text[1:]) for text in stored if text is not None and text.startswith("#")}
    if not ids:
        return {}
    query = sa.select(s.evidence).where(database.within(s.evidence.c.id, ids))
    return {row.id: row.data for row in connection.execute(query)}


def _read_evidence(stored: str | None, shared: Mapping[int, str]) -> dict[str, Any]:
    if stored is None:
        return {}
    return dict(orjson.loads(shared[int(stored[1:])] if stored.startswith("#") else stored))


def evidence_data(connection: Connection, stored: str | None) -> dict[str, Any]:
    """The evidence column as data: ``{"default": {...}, "by": {property: {...}}}``."""
    if stored is None:
        return {}
    if stored.startswith("#"):
        query = sa.select(s.evidence.c.data).where(s.evidence.c.id == int(stored[1:]))
        stored = connection.execute(query).scalar_one()
    return dict(orjson.loads(stored))
