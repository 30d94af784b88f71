"""Where the values of a vertex and the statements behind an edge came from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_properties
from bifrost.graph import EdgeOrigin, FragmentOrigin
from bifrost.values import EMPTY, Evidence
from graphstore import schema as s
from graphstore.database import Database
from graphstore.encoding import evidence_from

__all__ = ["edge_origins", "evidence_data", "fragment_origins"]


def fragment_origins(
    database: Database, connection: Connection, vertex: int, names: Mapping[int, str]
) -> list[FragmentOrigin]:
    """The fragments merged into a vertex (by ``vertex.id``), the canonical one first."""
    f = s.fragment
    query = (
        sa.select(
            f.c.id, f.c.uid, f.c.type, f.c.properties, f.c.evidence, s.record.c.key, s.record.c.changed,
            s.dataset.c.name.label("dataset"), s.source.c.name.label("source"),
        )
        .join(s.record, s.record.c.id == f.c.record)
        .join(s.dataset, s.dataset.c.id == f.c.dataset)
        .join(s.source, s.source.c.id == s.dataset.c.source)
        .where(f.c.canonical == vertex)
        .order_by(sa.case((f.c.id == vertex, 0), else_=1), s.source.c.rank, f.c.uid, f.c.id)
    )  # fmt: skip
    rows = connection.execute(query).all()
    canonical = rows[0].uid if rows else ""
    origins = []
    for row in rows:
        data = evidence_data(connection, row.evidence)
        origins.append(
            FragmentOrigin(
                row.uid, row.source, row.dataset, row.key, names[row.type], decode_properties(row.properties),
                evidence_from(data.get("default", {})),
                {name: evidence_from(part) for name, part in data.get("by", {}).items()} or EMPTY,
                datetime.fromtimestamp(row.changed, UTC),
                None if row.id == vertex else canonical,
            )
        )  # fmt: skip
    return origins


def edge_origins(connection: Connection, uid: str) -> list[EdgeOrigin]:
    """The statement behind an edge: a record's, or a link type's on the word of the record at its tail."""
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
        .where(s.edge.c.uid == uid)
    )  # fmt: skip
    return [
        EdgeOrigin(
            row.uid, row.source, row.dataset, row.key, row.link_type, row.score, _evidence(connection, row.evidence)
        )
        for row in connection.execute(query).all()
    ]


def evidence_data(connection: Connection, stored: str | None) -> dict[str, Any]:
    """The evidence column as data: ``{"default": {...}, "by": {property: {...}}}``."""
    if stored is None:
        return {}
    if stored.startswith("#"):
        query = sa.select(s.evidence.c.data).where(s.evidence.c.id == int(stored[1:]))
        stored = connection.execute(query).scalar_one()
    return dict(orjson.loads(stored))


def _evidence(connection: Connection, stored: str | None) -> Evidence:
    return evidence_from(evidence_data(connection, stored).get("default", {}))
