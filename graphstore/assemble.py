"""Fragments and links become the served graph: vertex, vertex_value, edge and the change log, always together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_value, encode_value
from bifrost.values import Value
from graphstore import schema as s
from graphstore.database import PROPERTY, Database
from graphstore.merge import recluster
from graphstore.values import value_hash, value_key

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
    ``new_vertices`` and ``new_edges`` are finished rows of elements that cannot have been served before.
    """

    vertices: set[int] = field(default_factory=set)
    links: set[int] = field(default_factory=set)
    clusters: set[int] = field(default_factory=set)
    new_vertices: list[tuple[Any, ...]] = field(default_factory=list)
    new_edges: list[tuple[Any, ...]] = field(default_factory=list)


class Assembler:
    """Brings the served graph in step with the fragments, links and pairs that a write touched."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def settle(self, connection: Connection, touched: Touched) -> None:
        """Serves what was touched and logs each change. The log names removed edges before the vertices they need."""
        if touched.clusters:
            vertices, links = recluster(self._db, connection, touched.clusters)
            touched.vertices |= vertices
            touched.links |= links
        edges = list(touched.new_edges)
        for ids in chunks(sorted(touched.links)):
            edges += self._take_edges(connection, ids)
        for ids in chunks(sorted(touched.vertices)):
            self._refresh_vertices(connection, ids)
        self._add_vertices(connection, touched.new_vertices)
        self._db.insert(connection, s.edge, _EDGE_COLUMNS, edges)
        self._log(connection, _PUT, _EDGE, [(row[0], None) for row in edges])

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def _add_vertices(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.insert(connection, s.vertex, _VERTEX_COLUMNS, rows)
        values = [key for row in rows for key in self._value_keys(connection, row[0], row[3])]
        self._db.insert(connection, s.vertex_value, ("key", "hash", "vertex"), values)
        self._log(connection, _PUT, _VERTEX, [(row[0], None) for row in rows])

    def _refresh_vertices(self, connection: Connection, ids: list[int]) -> None:
        served = {
            row.id: row for row in connection.execute(sa.select(s.vertex).where(self._db.within(s.vertex.c.id, ids)))
        }
        wanted = self._assembled(connection, ids)
        old_keys = {key for row in served.values() for key in self._value_keys(connection, row.id, row.properties)}
        new_keys = {key for row in wanted for key in self._value_keys(connection, row[0], row[3])}
        self._delete_values(connection, old_keys - new_keys)
        self._db.delete(connection, s.vertex.c.id, served)
        self._db.insert(connection, s.vertex, _VERTEX_COLUMNS, wanted)
        self._db.insert(connection, s.vertex_value, ("key", "hash", "vertex"), sorted(new_keys - old_keys))
        kept = {row[0] for row in wanted}
        self._log(connection, _REMOVE, _VERTEX, [(id, row.uid) for id, row in served.items() if id not in kept])
        self._log(connection, _PUT, _VERTEX, [(row[0], None) for row in wanted])

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
        for row in connection.execute(query):
            groups.setdefault(row.canonical, []).append(row)
        rows = []
        for canonical, members in sorted(groups.items()):
            head = next(row for row in members if row.id == canonical)
            properties = head.properties if len(members) == 1 else merged_properties(members)
            rows.append((canonical, head.uid, head.type, properties))
        return rows

    # ---- edges -------------------------------------------------------------------------------------------------------

    def _take_edges(self, connection: Connection, ids: list[int]) -> list[tuple[Any, ...]]:
        """Takes the served edges of these links away and returns the rows to serve now."""
        tail, head, link = s.fragment.alias("tail"), s.fragment.alias("head"), s.link
        query = (
            sa.select(
                link.c.id, link.c.uid, link.c.type, tail.c.canonical, head.c.canonical.label("head_vertex"),
                link.c.properties, link.c.score,
            )
            .join(tail, tail.c.id == link.c.tail)
            .join(head, head.c.id == link.c.head)
            .where(self._db.within(link.c.id, ids), link.c.active == 1)
            .order_by(link.c.id)
        )  # fmt: skip
        wanted = [tuple(row) for row in connection.execute(query)]
        served = connection.execute(sa.select(s.edge.c.id, s.edge.c.uid).where(self._db.within(s.edge.c.id, ids))).all()
        self._db.delete(connection, s.edge.c.id, [row.id for row in served])
        kept = {row[0] for row in wanted}
        self._log(connection, _REMOVE, _EDGE, [(row.id, row.uid) for row in served if row.id not in kept])
        return wanted

    # ---- the log -----------------------------------------------------------------------------------------------------

    def _log(self, connection: Connection, op: int, element: int, refs: Sequence[tuple[int, str | None]]) -> None:
        if refs:
            first = self._db.take(connection, "change", len(refs))
            rows = [(first + i, op, element, ref, uid) for i, (ref, uid) in enumerate(refs)]
            self._db.insert(connection, s.change, ("seq", "op", "element", "ref", "uid"), rows)


def merged_properties(members: Sequence[Any]) -> str:
    """Values of several fragments side by side: by source rank, then confidence, then recency, then uid."""
    ordered: dict[str, list[tuple[tuple[Any, ...], Any]]] = {}
    for row in members:
        confidence = _confidences(row.evidence)
        for name, values in orjson.loads(row.properties).items():
            sure = confidence.get(name, confidence[None])
            order = (row.rank, -sure, -row.changed_build, row.uid, row.id)
            ordered.setdefault(name, []).extend((order, value) for value in values)
    return orjson.dumps({name: _distinct(values) for name, values in sorted(ordered.items())}).decode()


def _confidences(evidence: str | None) -> Mapping[str | None, float]:
    if evidence is None or evidence.startswith("#"):  # shared evidence is always certain
        return {None: 1.0}
    data = orjson.loads(evidence)
    found: dict[str | None, float] = {None: data["default"].get("confidence", 1.0)}
    return found | {name: part.get("confidence", 1.0) for name, part in data.get("by", {}).items()}


def _distinct(values: list[tuple[tuple[Any, ...], Any]]) -> list[Any]:
    seen: dict[tuple[str, object], Value] = {}
    for _, encoded in sorted(values, key=lambda entry: entry[0]):
        value = decode_value(encoded)
        seen.setdefault(value_key(value), value)
    return [encode_value(value) for value in seen.values()]
