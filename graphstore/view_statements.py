"""The statements behind the views' everyday reads, made once: composing one takes longer than running it."""

from typing import Any

import sqlalchemy as sa

from bifrost.graph import Direction
from graphstore import schema as s
from graphstore.conditions import near_and_far
from graphstore.database import Database

__all__ = ["ViewStatements", "edge_query"]


def edge_query() -> Any:
    """Edges with the uids of their ends."""
    tail, head = s.vertex.alias("tail_vertex"), s.vertex.alias("head_vertex")
    return (
        sa.select(s.edge, tail.c.uid.label("tail_uid"), head.c.uid.label("head_uid"))
        .join(tail, tail.c.id == s.edge.c.tail)
        .join(head, head.c.id == s.edge.c.head)
    )


class ViewStatements:
    """Statements of one database. Lists are bound through :meth:`graphstore.database.Database.bound`."""

    def __init__(self, database: Database) -> None:
        v, e, f = s.vertex, s.edge, s.fragment
        within = database.within_bound
        self.vertices_by_id = sa.select(v).where(within(v.c.id, "ids"))
        self.vertices_by_uid = sa.select(v).where(within(v.c.uid, "uids"))
        self.ids_by_uid = sa.select(v.c.uid, v.c.id).where(within(v.c.uid, "uids"))
        self.merged_by_uid = sa.select(f.c.uid, f.c.canonical).where(within(f.c.uid, "uids"))
        self.edge_by_uid = edge_query().where(e.c.uid == sa.bindparam("uid", type_=sa.Text))
        self._of = {
            (end, labelled): _edges_at(database, e.c[end], labelled)
            for end in ("tail", "head")
            for labelled in (False, True)
        }

        self._linked = {direction: _linked(database, direction) for direction in (Direction.OUT, Direction.IN)}

    def linked(self, direction: Direction) -> Any:
        """The first ``limit`` vertices that edges of the label ``label`` lead to from each of the vertices ``ids``, with them."""
        return self._linked[direction]

    def edges_at(self, end: str, labelled: bool) -> Any:
        """The first ``limit`` edges whose ``end`` is each of the vertices ``ids``, of ``labels`` if ``labelled``."""
        return self._of[end, labelled]


def _linked(database: Database, direction: Direction) -> Any:
    near, far = near_and_far(direction)
    first = sa.func.min(s.edge.c.id).label("first")
    label = s.edge.c.label == sa.bindparam("label", type_=sa.Integer)
    found = sa.select(near.label("of"), far.label("id"), first).where(database.within_bound(near, "ids"), label)
    pairs = found.group_by(near, far).subquery("pairs")
    rank = sa.func.row_number().over(partition_by=pairs.c.of, order_by=pairs.c.first).label("rank")
    picked = sa.select(pairs.c.of, pairs.c.id, rank).subquery("picked")
    return (
        sa.select(picked.c.of, s.vertex)
        .join(s.vertex, s.vertex.c.id == picked.c.id)
        .where(picked.c.rank <= sa.bindparam("limit", type_=sa.Integer))
        .order_by(picked.c.of, picked.c.rank)
    )


def _edges_at(database: Database, end: Any, labelled: bool) -> Any:
    e = s.edge
    rank = sa.func.row_number().over(partition_by=end, order_by=e.c.id).label("rank")
    inner = sa.select(e.c.id, end.label("of"), rank).where(database.within_bound(end, "ids"))
    if labelled:
        inner = inner.where(database.within_bound(e.c.label, "labels"))
    picked = inner.subquery()
    query = edge_query().add_columns(picked.c.of).join(picked, picked.c.id == e.c.id)
    return query.where(picked.c.rank <= sa.bindparam("limit", type_=sa.Integer))
