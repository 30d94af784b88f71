"""Fragments and links become the served graph: vertex, vertex_value, edge and the change log, always together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_value
from graphstore import schema as s
from graphstore.database import PROPERTY, Database
from graphstore.log import number_changes
from graphstore.merge import recluster
from graphstore.merged import assembled_properties
from graphstore.values import value_hash

__all__ = ["Assembler", "Touched", "chunks"]

T = TypeVar("T")
_CHUNK = 5_000
_PUT, _REMOVE = 0, 1
_VERTEX, _EDGE = 0, 1
_VERTEX_COLUMNS = ("id", "uid", "label", "properties")
_EDGE_COLUMNS = ("id", "uid", "label", "tail", "head", "properties", "score")


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most ``size``."""
    ordered = list(items)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


@dataclass
class Touched:
    """What a write changed and the served graph does not show yet.

    ``vertices`` and ``links`` are ids to look at again; ``clusters`` are fragments whose merges may have changed.
    ``new_vertices`` are finished rows of vertices that cannot have been served before.
    """

    vertices: set[int] = field(default_factory=set)
    links: set[int] = field(default_factory=set)
    clusters: set[int] = field(default_factory=set)
    new_vertices: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass
class _Entries:
    """Log entries of one write. Edges vanish before the vertices they need, and come after them."""

    edges_gone: list[tuple[int, str]] = field(default_factory=list)
    vertices_gone: list[tuple[int, str]] = field(default_factory=list)
    vertices: list[int] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)

    def rows(self) -> list[tuple[int, int, int, str | None]]:
        return [
            *((_REMOVE, _EDGE, ref, uid) for ref, uid in self.edges_gone),
            *((_REMOVE, _VERTEX, ref, uid) for ref, uid in self.vertices_gone),
            *((_PUT, _VERTEX, ref, None) for ref in self.vertices),
            *((_PUT, _EDGE, ref, None) for ref in self.edges),
        ]


class Assembler:
    """Brings the served graph in step with the fragments, links and pairs that a write touched."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def settle(self, connection: Connection, touched: Touched) -> None:
        """Serves what was touched and logs each change."""
        entries = _Entries()
        if touched.clusters:
            vertices, links = recluster(self._db, connection, touched.clusters)
            touched.vertices |= vertices
            touched.links |= links
        for ids in chunks(sorted(touched.vertices)):
            touched.links |= self._refresh_vertices(connection, ids, entries)
        self._add_vertices(connection, touched.new_vertices, entries)
        for ids in chunks(sorted(touched.links)):
            self._refresh_edges(connection, ids, entries)
        self._log(connection, entries.rows())

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def _add_vertices(self, connection: Connection, rows: Sequence[tuple[Any, ...]], entries: _Entries) -> None:
        self._db.insert(connection, s.vertex, _VERTEX_COLUMNS, rows)
        values = [key for row in rows for key in self._value_keys(connection, row[0], row[3])]
        self._db.insert(connection, s.vertex_value, ("key", "hash", "vertex"), values)
        entries.vertices += [row[0] for row in rows]

    def _refresh_vertices(self, connection: Connection, ids: list[int], entries: _Entries) -> set[int]:
        """Returns the links whose edges come or go with vertices that did."""
        query = sa.select(s.vertex).where(self._db.within(s.vertex.c.id, ids))
        served = {row.id: row for row in connection.execute(query).all()}
        wanted = self._assembled(connection, ids)
        old_keys = {key for row in served.values() for key in self._value_keys(connection, row.id, row.properties)}
        new_keys = {key for row in wanted for key in self._value_keys(connection, row[0], row[3])}
        self._delete_values(connection, old_keys - new_keys)
        self._db.delete(connection, s.vertex.c.id, served)
        self._db.insert(connection, s.vertex, _VERTEX_COLUMNS, wanted)
        self._db.insert(connection, s.vertex_value, ("key", "hash", "vertex"), sorted(new_keys - old_keys))
        kept = {row[0] for row in wanted}
        entries.vertices_gone += [(id, row.uid) for id, row in served.items() if id not in kept]
        entries.vertices += [row[0] for row in wanted]
        return self._links_of(connection, kept ^ served.keys())

    def _links_of(self, connection: Connection, vertices: set[int]) -> set[int]:
        found: set[int] = set()
        members = sa.select(s.fragment.c.id).where(self._db.within(s.fragment.c.canonical, vertices))
        for end in (s.link.c.tail, s.link.c.head) if vertices else ():
            found |= set(connection.execute(sa.select(s.link.c.id).where(end.in_(members))).scalars())
        return found

    def _delete_values(self, connection: Connection, keys: Iterable[tuple[int, int, int]]) -> None:
        rows = sorted(keys)
        if rows:
            mark = "?" if self._db.is_sqlite else "%s"
            text = f"DELETE FROM vertex_value WHERE key = {mark} AND hash = {mark} AND vertex = {mark}"
            connection.exec_driver_sql(text, rows)

    def _value_keys(self, connection: Connection, vertex: int, properties: str) -> set[tuple[int, int, int]]:
        return {
            (self._db.label_id(connection, PROPERTY, name), value_hash(decode_value(value)), vertex)
            for name, values in orjson.loads(properties).items()
            for value in values
        }

    def _assembled(self, connection: Connection, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """The vertex rows that the fragments of these canonical ids give."""
        f = s.fragment
        query = (
            sa.select(
                f.c.id, f.c.uid, f.c.type, f.c.properties, f.c.evidence, f.c.canonical,
                s.record.c.changed_build, s.source.c.rank,
            )
            .join(s.record, s.record.c.id == f.c.record)
            .join(s.dataset, s.dataset.c.id == f.c.dataset)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .where(self._db.within(f.c.canonical, ids))
        )  # fmt: skip
        groups: dict[int, list[Any]] = {}
        for row in connection.execute(query).all():
            groups.setdefault(row.canonical, []).append(row)
        rows = []
        for canonical, members in sorted(groups.items()):
            head = next(row for row in members if row.id == canonical)
            properties = assembled_properties(members)
            if properties is not None:
                rows.append((canonical, head.uid, head.type, properties))
        return rows

    # ---- edges -------------------------------------------------------------------------------------------------------

    def _refresh_edges(self, connection: Connection, ids: list[int], entries: _Entries) -> None:
        tail, head, link = s.fragment.alias("tail"), s.fragment.alias("head"), s.link
        tail_vertex, head_vertex = s.vertex.alias("tail_vertex"), s.vertex.alias("head_vertex")
        query = (
            sa.select(
                link.c.id, link.c.uid, link.c.type, tail.c.canonical, head.c.canonical.label("head_vertex"),
                link.c.properties, link.c.score,
            )
            .join(tail, tail.c.id == link.c.tail)
            .join(head, head.c.id == link.c.head)
            .join(tail_vertex, tail_vertex.c.id == tail.c.canonical)
            .join(head_vertex, head_vertex.c.id == head.c.canonical)
            .where(self._db.within(link.c.id, ids), link.c.active == 1)
            .order_by(link.c.id)
        )  # fmt: skip
        wanted = [tuple(row) for row in connection.execute(query).all()]
        served = connection.execute(sa.select(s.edge.c.id, s.edge.c.uid).where(self._db.within(s.edge.c.id, ids))).all()
        self._db.delete(connection, s.edge.c.id, [row.id for row in served])
        self._db.insert(connection, s.edge, _EDGE_COLUMNS, wanted)
        kept = {row[0] for row in wanted}
        entries.edges_gone += [(row.id, row.uid) for row in served if row.id not in kept]
        entries.edges += [row[0] for row in wanted]

    # ---- the log -----------------------------------------------------------------------------------------------------

    def _log(self, connection: Connection, rows: Sequence[tuple[int, int, int, str | None]]) -> None:
        if rows:
            first = number_changes(self._db, connection, len(rows))
            numbered = [(first + i, *row) for i, row in enumerate(rows)]
            self._db.insert(connection, s.change, ("seq", "op", "element", "ref", "uid"), numbered)
