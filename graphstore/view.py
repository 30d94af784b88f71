"""Reads of the served graph. Lists are in the order in which elements first came; cursors are keysets, not offsets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_properties
from bifrost.graph import Aggregate, Direction, Edge, EdgeOrigin, Filter, FragmentOrigin, Link, Page, Vertex
from bifrost.values import EMPTY
from graphstore import schema as s
from graphstore.aggregates import Aggregation
from graphstore.conditions import Conditions, near_and_far
from graphstore.cursors import after_key, cursor_of, read_cursor, turned
from graphstore.database import EDGE, Database
from graphstore.filters import SortKey, sort_key
from graphstore.provenance import edge_origins, vertex_origins
from graphstore.statistics import Statistics
from graphstore.values import clean_text
from graphstore.view_links import Steps
from graphstore.view_statements import ViewStatements, edge_query

__all__ = ["SqlGraphView"]

T = TypeVar("T")
_ENDS = {Direction.OUT: ("tail",), Direction.IN: ("head",), Direction.BOTH: ("tail", "head")}


class SqlGraphView:
    """The graph view port over SQL. Each call sees one consistent state."""

    def __init__(self, database: Database, statistics: Statistics, statements: ViewStatements) -> None:
        self._db, self._statements = database, statements
        self._statistics = statistics

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def vertex(self, id: str) -> Vertex | None:
        found = self.vertices_by_id([id])
        return found[0] if found else None

    def vertices_by_id(self, ids: Sequence[str]) -> list[Vertex]:
        """In the order of ``ids``; unknown ones are left out, a merged one stands where it is first named."""
        wanted = list(dict.fromkeys(clean_text(id) for id in ids))
        with self._db.read() as connection:
            found = connection.execute(self._statements.vertices_by_uid, {"uids": self._db.bound(wanted)}).all()
            rows = {row.uid: row for row in found}
            missing = [uid for uid in wanted if uid not in rows]
            if missing:
                canonical = self._canonical(connection, missing)
                others = {"ids": self._db.bound(canonical.values())}
                by_id = {row.id: row for row in connection.execute(self._statements.vertices_by_id, others).all()}
                rows |= {uid: by_id[id] for uid, id in canonical.items() if id in by_id}
            names = self._db.label_names(connection, {row.label for row in rows.values()})
        ordered = {rows[uid].id: rows[uid] for uid in wanted if uid in rows}
        return [_vertex(row, names) for row in ordered.values()]

    def vertices(
        self,
        label: str | None = None,
        filters: Sequence[Filter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[Vertex]:
        key = None if order_by is None else sort_key(order_by, self._db.is_sqlite)
        with self._db.read() as connection:
            where = Conditions(self._db, connection).of(label, filters)
            if key is None:
                query = sa.select(s.vertex).order_by(s.vertex.c.id)
                if after is not None:
                    query = query.where(s.vertex.c.id > read_cursor(after, 1)[0])
            else:
                query = _ordered(key, descending, after)
            rows = connection.execute(query.where(*where).limit(limit + 1)).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        more = len(rows) > limit
        cursor = cursor_of(rows[limit - 1], key) if more and limit else None
        return Page(tuple(_vertex(row, names) for row in rows[:limit]), cursor, more=more)

    def count(self, label: str | None = None, filters: Sequence[Filter] = ()) -> int:
        with self._db.read() as connection:
            where = Conditions(self._db, connection).of(label, filters)
            return connection.execute(sa.select(sa.func.count()).select_from(s.vertex).where(*where)).scalar_one()

    def _label(self, connection: Connection, element: int, name: str) -> int:
        found = self._db.find_label(connection, element, clean_text(name))
        return -1 if found is None else found

    def _numbers(self, connection: Connection, ids: Iterable[str]) -> dict[str, int]:
        """uid of a vertex or of a fragment merged into one -> vertex.id, in the given order."""
        wanted = list(dict.fromkeys(ids))
        clean = {id: clean_text(id) for id in wanted}
        rows = connection.execute(self._statements.ids_by_uid, {"uids": self._db.bound(clean.values())}).all()
        found = {row.uid: row.id for row in rows}
        missing = [uid for uid in clean.values() if uid not in found]
        if missing:
            found |= self._canonical(connection, missing)
        return {id: found[clean[id]] for id in wanted if clean[id] in found}

    def _canonical(self, connection: Connection, uids: list[str]) -> dict[str, int]:
        """vertex.id by the uid of a merged fragment."""
        rows = connection.execute(self._statements.merged_by_uid, {"uids": self._db.bound(uids)}).all()
        return {row.uid: row.canonical for row in rows}

    # ---- what edges lead to, counts and measures ---------------------------------------------------------------------

    def neighbours(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        *,
        after: str | None = None,
        limit: int = 100,
    ) -> dict[str, Page[Vertex]]:
        """By the ids as given, in one statement for all of them."""
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            steps = Steps(self._db, connection, numbers.values(), direction, labels)
            rows = connection.execute(steps.neighbours(after, limit + 1)).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        pages = _pages(rows, limit, None, lambda row: _vertex(row, names))
        return {id: pages.get(number, Page(())) for id, number in numbers.items()}

    def neighbour_counts(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = ()
    ) -> dict[str, int]:
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            steps = Steps(self._db, connection, numbers.values(), direction, labels)
            return _counts(numbers, connection.execute(steps.neighbour_counts()).all())

    def links(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        other: str | None = None,
        filters: Sequence[Filter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> dict[str, Page[Link]]:
        """By the ids as given, in one statement for all of them."""
        key = None if order_by is None else sort_key(order_by, self._db.is_sqlite)
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            steps = Steps(self._db, connection, numbers.values(), direction, labels)
            query = steps.links(other, filters, key, descending=descending, after=after, limit=limit + 1)
            rows = connection.execute(query).all()
            names = self._db.label_names(connection, {label for row in rows for label in (row.label, row.far_label)})
        pages = _pages(rows, limit, key, lambda row: Link(_edge(row, names), _far(row, names)))
        return {id: pages.get(number, Page(())) for id, number in numbers.items()}

    def link_counts(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        other: str | None = None,
        filters: Sequence[Filter] = (),
    ) -> dict[str, int]:
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            steps = Steps(self._db, connection, numbers.values(), direction, labels)
            return _counts(numbers, connection.execute(steps.link_counts(other, filters)).all())

    def linked(
        self,
        ids: Sequence[str],
        direction: Direction,
        label: str,
        other: str | None = None,
        filters: Sequence[Filter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> dict[str, list[Vertex]]:
        """By the ids as given, in one statement for all of them."""
        key = None if order_by is None else sort_key(order_by, self._db.is_sqlite)
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            if other is None and not filters and key is None:
                number = self._label(connection, EDGE, label)
                values = {"ids": self._db.bound(numbers.values()), "label": number, "limit": limit}
                rows = connection.execute(self._statements.linked(direction), values).all()
            else:
                pairs = self._pairs(connection, numbers.values(), direction, label).subquery("pairs")
                order = [pairs.c.first] if key is None else [*turned(key, descending), s.vertex.c.id]
                rank = sa.func.row_number().over(partition_by=pairs.c.of, order_by=order).label("rank")
                inner = (
                    sa.select(pairs.c.of, s.vertex, rank)
                    .join_from(pairs, s.vertex, s.vertex.c.id == pairs.c.id)
                    .where(*Conditions(self._db, connection).of(other, filters))
                    .subquery()
                )
                query = sa.select(inner).where(inner.c.rank <= limit).order_by(inner.c.of, inner.c.rank)
                rows = connection.execute(query).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        known: dict[int, Vertex] = {}
        found: dict[int, list[Vertex]] = {}
        for row in rows:
            vertex = known.get(row.id)
            if vertex is None:  # many may lead to it
                vertex = known[row.id] = _vertex(row, names)
            found.setdefault(row.of, []).append(vertex)
        return {id: found.get(number, []) for id, number in numbers.items()}

    def aggregate(
        self,
        label: str | None,
        filters: Sequence[Filter] = (),
        *,
        measure: Mapping[str, str] = EMPTY,
        distinct: Sequence[str] = (),
        by: Mapping[str, str] = EMPTY,
        limit: int = 100,
    ) -> list[Aggregate]:
        """A fixed number of statements, whatever the size of the graph."""
        with self._db.read() as connection:
            members = sa.select(s.vertex.c.id).where(*Conditions(self._db, connection).of(label, filters))
            found = Aggregation(measure, distinct, by, limit).run(connection, members, self._db.is_sqlite)
        return list(found.values())

    def aggregate_linked(
        self,
        ids: Sequence[str],
        direction: Direction,
        label: str,
        other: str,
        filters: Sequence[Filter] = (),
        *,
        measure: Mapping[str, str] = EMPTY,
        distinct: Sequence[str] = (),
    ) -> dict[str, Aggregate]:
        """By the ids as given; those that nothing passes for have no entry."""
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            pairs = self._pairs(connection, numbers.values(), direction, label).subquery("pairs")
            members = (
                sa.select(pairs.c.of, s.vertex.c.id)
                .join_from(pairs, s.vertex, s.vertex.c.id == pairs.c.id)
                .where(*Conditions(self._db, connection).of(other, filters))
            )
            found = Aggregation(measure, distinct).run(connection, members, self._db.is_sqlite, grouped=True)
        return {id: found[number] for id, number in numbers.items() if number in found}

    def _pairs(self, connection: Connection, numbers: Iterable[int], direction: Direction, label: str) -> Any:
        """``of`` and ``id`` at the two ends of edges of one label, each pair once, with its ``first`` edge."""
        near, far = near_and_far(direction)
        return (
            sa.select(near.label("of"), far.label("id"), sa.func.min(s.edge.c.id).label("first"))
            .where(self._db.within(near, list(numbers)), s.edge.c.label == self._label(connection, EDGE, label))
            .group_by(near, far)
        )

    # ---- edges -------------------------------------------------------------------------------------------------------

    def edge(self, id: str) -> Edge | None:
        with self._db.read() as connection:
            row = connection.execute(self._statements.edge_by_uid, {"uid": clean_text(id)}).one_or_none()
            return None if row is None else _edge(row, self._db.label_names(connection, [row.label]))

    def edges(self, label: str | None = None, *, after: str | None = None, limit: int = 100) -> Page[Edge]:
        query = edge_query().order_by(s.edge.c.id).limit(limit + 1)
        if after is not None:
            query = query.where(s.edge.c.id > read_cursor(after, 1)[0])
        with self._db.read() as connection:
            if label is not None:
                query = query.where(s.edge.c.label == self._label(connection, EDGE, label))
            rows = connection.execute(query).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        cursors = tuple(cursor_of(row, None) for row in rows[:limit])
        more = len(rows) > limit
        end = cursors[-1] if more and cursors else None
        return Page(tuple(_edge(row, names) for row in rows[:limit]), end, cursors, more)

    def edges_of(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = (), *, limit: int = 100
    ) -> dict[str, list[Edge]]:
        """By the ids as given. A self-loop is listed once. Unknown ids have no entry."""
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            values = {"ids": self._db.bound(numbers.values()), "limit": limit}
            if labels:
                values["labels"] = self._db.bound(self._label(connection, EDGE, label) for label in labels)
            found: dict[int, dict[int, Any]] = {number: {} for number in numbers.values()}
            for end in _ENDS[direction]:
                for row in connection.execute(self._statements.edges_at(end, bool(labels)), values).all():
                    found[row.of].setdefault(row.id, row)
            names = self._db.label_names(connection, {row.label for of in found.values() for row in of.values()})
        return {
            id: [_edge(row, names) for _, row in sorted(found[number].items())[:limit]]
            for id, number in numbers.items()
        }

    def degrees(self, ids: Sequence[str]) -> dict[str, int]:
        """By the ids as given. A self-loop counts once."""
        e = s.edge
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            wanted = list(set(numbers.values()))
            tails = sa.select(e.c.tail.label("of")).where(self._db.within(e.c.tail, wanted))
            heads = sa.select(e.c.head.label("of")).where(self._db.within(e.c.head, wanted), e.c.head != e.c.tail)
            both = sa.union_all(tails, heads).subquery()
            counted = connection.execute(sa.select(both.c.of, sa.func.count()).group_by(both.c.of)).all()
        counts = {int(number): int(count) for number, count in counted}
        return {id: counts[number] for id, number in numbers.items() if number in counts}

    # ---- the whole ---------------------------------------------------------------------------------------------------

    def label_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        return self._statistics.label_counts()

    def edge_patterns(self) -> list[tuple[str, str, str, int]]:
        return self._statistics.edge_patterns()

    def property_types(self, label: str) -> dict[str, str]:
        return self._statistics.property_types(label)

    def edge_property_types(self) -> dict[str, dict[str, str]]:
        return self._statistics.edge_property_types()

    # ---- provenance --------------------------------------------------------------------------------------------------

    def vertex_origins(self, id: str) -> list[FragmentOrigin]:
        """Every fragment of the vertex, the canonical one first."""
        return self.origins_of_vertices([id]).get(id, [])

    def origins_of_vertices(self, ids: Sequence[str]) -> dict[str, list[FragmentOrigin]]:
        """:meth:`vertex_origins` by the ids as given."""
        with self._db.read() as connection:
            numbers = self._numbers(connection, ids)
            names = self._db.label_names(connection)
            found = vertex_origins(self._db, connection, numbers.values(), names)
        return {id: found[number] for id, number in numbers.items()}

    def edge_origins(self, id: str) -> list[EdgeOrigin]:
        return self.origins_of_edges([id]).get(id, [])

    def origins_of_edges(self, ids: Sequence[str]) -> dict[str, list[EdgeOrigin]]:
        clean = {id: clean_text(id) for id in ids}
        with self._db.read() as connection:
            found = edge_origins(self._db, connection, clean.values())
        return {id: found[uid] for id, uid in clean.items() if uid in found}


def _ordered(key: SortKey, descending: bool, after: str | None) -> Any:
    """Vertices by a property; those without it come last either way, equal ones are in the order of their ids."""
    query = sa.select(s.vertex, *key.labelled()).order_by(*turned(key, descending), s.vertex.c.id)
    return query if after is None else query.where(after_key(key, descending, after, s.vertex.c.id))


def _vertex(row: Any, names: Any) -> Vertex:
    return Vertex(row.uid, names[row.label], decode_properties(row.properties) or EMPTY)


def _far(row: Any, names: Any) -> Vertex:
    return Vertex(row.far_uid, names[row.far_label], decode_properties(row.far_properties) or EMPTY)


def _pages(rows: Iterable[Any], limit: int, key: SortKey | None, read: Callable[[Any], T]) -> dict[int, Page[T]]:
    """Rows as pages by their ``of``; there may be one row more than a page has, which says that it goes on."""
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.of, []).append(row)
    pages = {}
    for of, all_rows in found.items():
        kept = all_rows[:limit]
        cursors = tuple(cursor_of(row, key) for row in kept)
        more = len(all_rows) > limit
        end = cursors[-1] if more and cursors else None
        pages[of] = Page(tuple(read(row) for row in kept), end, cursors, more)
    return pages


def _counts(numbers: Mapping[str, int], rows: Iterable[Any]) -> dict[str, int]:
    counts = {row.of: int(row.n) for row in rows}
    return {id: counts[number] for id, number in numbers.items() if number in counts}


def _edge(row: Any, names: Any) -> Edge:
    properties = EMPTY if row.properties == "{}" else decode_properties(row.properties)
    return Edge(row.uid, names[row.label], row.tail_uid, row.head_uid, properties, row.score)
