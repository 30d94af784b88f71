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
from graphstore.asked import Asked, asked
from graphstore.conditions import Conditions, near_and_far
from graphstore.cursors import after_key, by_id, cursor_of, read_cursor, turned
from graphstore.database import EDGE, VERTEX, Database
from graphstore.filters import SortKey, sort_key
from graphstore.provenance import edge_origins, vertex_origins
from graphstore.statistics import Statistics
from graphstore.values import clean_text
from graphstore.view_statements import ViewStatements, edge_query

__all__ = ["SqlGraphView"]

T = TypeVar("T")


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
        return list({vertex.id: vertex for vertex in self.resolved(ids).values()}.values())

    def resolved(self, ids: Sequence[str]) -> dict[str, Vertex]:
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            rows = connection.execute(self._statements.vertices, named.bound).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        return {named.ids[row.of]: _vertex(row, names) for row in rows}

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
            conditions = Conditions(self._db, connection)
            if key is None:
                number = None if label is None else conditions.label(VERTEX, label)
                query = by_id(sa.select(s.vertex), s.vertex, number, after, sqlite=self._db.is_sqlite)
                query = query.where(*conditions.of(None, filters)).limit(limit + 1)
            else:
                query = _ordered(key, descending, after, conditions.of(label, filters), limit + 1)
            rows = connection.execute(query).all()
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

    def _labels(self, connection: Connection, labels: Sequence[str]) -> dict[str, Any]:
        """What a statement about edges of some labels binds."""
        return {"labels": self._db.bound(self._label(connection, EDGE, label) for label in labels)} if labels else {}

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
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            values = {**named.bound, **self._labels(connection, labels), "limit": limit + 1}
            if after is not None:
                values["after"] = read_cursor(after, 1)[0]
            steps = self._statements.steps(direction, bool(labels))
            rows = connection.execute(steps.neighbours(after is not None), values).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        pages = _pages(rows, limit, None, lambda row: _vertex(row, names))
        return {id: pages.get(place, Page(())) for place, id in enumerate(named.ids)}

    def neighbour_counts(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = ()
    ) -> dict[str, int]:
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            query = self._statements.steps(direction, bool(labels)).neighbour_counts()
            rows = connection.execute(query, {**named.bound, **self._labels(connection, labels)}).all()
        return {named.ids[row.of]: int(row.n) for row in rows}

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
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            steps, values = self._statements.steps(direction, bool(labels)), {**named.bound, "limit": limit + 1}
            where = Conditions(self._db, connection).of(other, filters)
            if key is not None:
                query = steps.links_by(key, descending, after, where)
            else:
                query = steps.links_where(where, after is not None) if where else steps.links(after is not None)
                values |= {} if after is None else {"after": read_cursor(after, 1)[0]}
            rows = connection.execute(query, {**values, **self._labels(connection, labels)}).all()
            names = self._db.label_names(connection, {label for row in rows for label in (row.label, row.far_label)})
        pages = _pages(rows, limit, key, lambda row: Link(_edge(row, names), _far(row, names)))
        return {id: pages.get(place, Page(())) for place, id in enumerate(named.ids)}

    def link_counts(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        other: str | None = None,
        filters: Sequence[Filter] = (),
    ) -> dict[str, int]:
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            steps, where = (
                self._statements.steps(direction, bool(labels)),
                Conditions(self._db, connection).of(other, filters),
            )
            query = steps.link_counts_where(where) if where else steps.link_counts()
            rows = connection.execute(query, {**named.bound, **self._labels(connection, labels)}).all()
        return {named.ids[row.of]: int(row.n) for row in rows}

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
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            if other is None and not filters and key is None:
                values = {**named.bound, "label": self._label(connection, EDGE, label), "limit": limit}
                rows = connection.execute(self._statements.linked(direction), values).all()
            else:
                pairs = self._pairs(connection, direction, label).subquery("pairs")
                order = [pairs.c.first] if key is None else [*turned(key, descending), s.vertex.c.id]
                rank = sa.func.row_number().over(partition_by=pairs.c.of, order_by=order).label("rank")
                there = pairs.join(s.vertex, s.vertex.c.id == pairs.c.id)
                inner = (
                    sa.select(pairs.c.of, s.vertex, rank)
                    .select_from(there if key is None else key.joined(there))
                    .where(*Conditions(self._db, connection).of(other, filters))
                    .subquery()
                )
                query = sa.select(inner).where(inner.c.rank <= limit).order_by(inner.c.of, inner.c.rank)
                rows = connection.execute(query, named.bound).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        known: dict[int, Vertex] = {}
        found: dict[int, list[Vertex]] = {}
        for row in rows:
            vertex = known.get(row.id)
            if vertex is None:  # many may lead to it
                vertex = known[row.id] = _vertex(row, names)
            found.setdefault(row.of, []).append(vertex)
        return {id: found.get(place, []) for place, id in enumerate(named.ids)}

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
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            pairs = self._pairs(connection, direction, label).subquery("pairs")
            members = (
                sa.select(pairs.c.of, s.vertex.c.id)
                .join_from(pairs, s.vertex, s.vertex.c.id == pairs.c.id)
                .where(*Conditions(self._db, connection).of(other, filters))
            )
            found = Aggregation(measure, distinct).run(
                connection, members, self._db.is_sqlite, grouped=True, bound=named.bound
            )
        return {named.ids[place]: one for place, one in found.items()}

    def _pairs(self, connection: Connection, direction: Direction, label: str) -> Any:
        """``of`` and ``id`` at the two ends of edges of one label, each pair once, with its ``first`` edge."""
        near, far = near_and_far(direction)
        named = asked(self._db)
        return (
            sa.select(named.c.of, far.label("id"), sa.func.min(s.edge.c.id).label("first"))
            .join_from(named, s.edge, near == named.c.id)
            .where(s.edge.c.label == self._label(connection, EDGE, label))
            .group_by(named.c.of, far)
        )

    # ---- edges -------------------------------------------------------------------------------------------------------

    def edge(self, id: str) -> Edge | None:
        with self._db.read() as connection:
            row = connection.execute(self._statements.edge_by_uid, {"uid": clean_text(id)}).one_or_none()
            return None if row is None else _edge(row, self._db.label_names(connection, [row.label]))

    def edges(self, label: str | None = None, *, after: str | None = None, limit: int = 100) -> Page[Edge]:
        with self._db.read() as connection:
            number = None if label is None else self._label(connection, EDGE, label)
            query = by_id(edge_query(), s.edge, number, after, sqlite=self._db.is_sqlite).limit(limit + 1)
            rows = connection.execute(query).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        cursors = tuple(cursor_of(row, None) for row in rows[:limit])
        more = len(rows) > limit
        end = cursors[-1] if more and cursors else None
        return Page(tuple(_edge(row, names) for row in rows[:limit]), end, cursors, more)

    def edges_of(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = (), *, limit: int = 100
    ) -> dict[str, list[Edge]]:
        """By the ids as given, in one statement for all of them. A self-loop is listed once."""
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            values = {**named.bound, **self._labels(connection, labels), "limit": limit}
            rows = connection.execute(self._statements.edges_of(direction, bool(labels)), values).all()
            names = self._db.label_names(connection, {row.label for row in rows})
        found: dict[str, list[Edge]] = {id: [] for id in named.ids}
        for row in rows:
            found[named.ids[row.of]].append(_edge(row, names))
        return found

    def degrees(self, ids: Sequence[str]) -> dict[str, int]:
        """By the ids as given. A self-loop counts once."""
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            rows = connection.execute(self._statements.degrees, named.bound).all()
        return {named.ids[row.of]: int(row.n) for row in rows}

    # ---- the whole ---------------------------------------------------------------------------------------------------

    def label_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        return self._statistics.label_counts()

    def edge_patterns(self) -> list[tuple[str, str, str, int]]:
        return self._statistics.edge_patterns()

    def served(self) -> Mapping[str, int]:
        return self._statistics.served()

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
        named = Asked(self._db, ids)
        with self._db.read() as connection:
            rows = connection.execute(self._statements.numbers, named.bound).all()
            numbers = {named.ids[row.of]: int(row.id) for row in rows}
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


def _ordered(key: SortKey, descending: bool, after: str | None, where: Sequence[Any], limit: int) -> Any:
    """Vertices by a property; those without it come last either way, equal ones are in the order of their ids. What they are
    ordered by is taken out of each vertex once."""
    source = sa.select(s.vertex.c.id, *key.labelled()).select_from(key.joined(s.vertex)).where(*where)
    keyed = source.cte("keyed").prefix_with("MATERIALIZED")
    by = key.of(keyed.c)
    first = sa.select(keyed).order_by(*turned(by, descending), keyed.c.id).limit(limit)
    if after is not None:
        first = first.where(after_key(by, descending, after, keyed.c.id))
    picked = first.subquery("picked")
    sort = (picked.c.sort_kind, picked.c.sort_number, picked.c.sort_text)
    query = sa.select(s.vertex, *sort).join_from(picked, s.vertex, s.vertex.c.id == picked.c.id)
    return query.order_by(*turned(key.of(picked.c), descending), picked.c.id)


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


def _edge(row: Any, names: Any) -> Edge:
    properties = EMPTY if row.properties == "{}" else decode_properties(row.properties)
    return Edge(row.uid, names[row.label], row.tail_uid, row.head_uid, properties, row.score)
