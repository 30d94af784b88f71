"""The statements behind the views' everyday reads, made once: composing one takes longer than running it."""

from typing import Any

import sqlalchemy as sa

from bifrost.graph import Direction
from graphstore import schema as s
from graphstore.asked import asked
from graphstore.conditions import near_and_far
from graphstore.database import Database
from graphstore.view_links import ENDS, Steps

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
    """Statements of one database. Ids are bound by :class:`graphstore.asked.Asked`, and what is found ``of`` each of them has
    its place; labels are bound through :meth:`graphstore.database.Database.bound`."""

    def __init__(self, database: Database) -> None:
        v, e, named = s.vertex, s.edge, asked(database)
        self.vertices = sa.select(named.c.of, v).join_from(named, v, v.c.id == named.c.id).order_by(named.c.of)
        self.numbers = sa.select(named.c.of, named.c.id).where(named.c.id.is_not(None))
        self.degrees = _degrees(database)
        by_uid = s.link.c.uid == sa.bindparam("uid", type_=sa.Text)
        self.edge_by_uid = edge_query().join(s.link, s.link.c.id == e.c.id).where(by_uid)
        self._of = {
            (direction, labelled): _edges_of(database, direction, labelled)
            for direction in Direction
            for labelled in (False, True)
        }
        self._steps = {
            (direction, labelled): Steps(database, direction, labelled)
            for direction in Direction
            for labelled in (False, True)
        }
        self._linked = {direction: _linked(database, direction) for direction in (Direction.OUT, Direction.IN)}

    def linked(self, direction: Direction) -> Any:
        """The first ``limit`` vertices that edges of the label ``label`` lead to from each vertex."""
        return self._linked[direction]

    def steps(self, direction: Direction, labelled: bool) -> Steps:
        """What edges lead to."""
        return self._steps[direction, labelled]

    def edges_of(self, direction: Direction, labelled: bool) -> Any:
        """The first ``limit`` edges of each vertex, of ``labels`` if ``labelled``; a self-loop once."""
        return self._of[direction, labelled]


def _linked(database: Database, direction: Direction) -> Any:
    near, far = near_and_far(direction)
    first = sa.func.min(s.edge.c.id).label("first")
    label = s.edge.c.label == sa.bindparam("label", type_=sa.Integer)
    named = asked(database)
    found = sa.select(named.c.of, far.label("id"), first).join_from(named, s.edge, near == named.c.id).where(label)
    pairs = found.group_by(named.c.of, far).subquery("pairs")
    rank = sa.func.row_number().over(partition_by=pairs.c.of, order_by=pairs.c.first).label("rank")
    picked = sa.select(pairs.c.of, pairs.c.id, rank).subquery("picked")
    return (
        sa.select(picked.c.of, s.vertex)
        .join(s.vertex, s.vertex.c.id == picked.c.id)
        .where(picked.c.rank <= sa.bindparam("limit", type_=sa.Integer))
        .order_by(picked.c.of, picked.c.rank)
    )


def _edges_of(database: Database, direction: Direction, labelled: bool) -> Any:
    e, named = s.edge, asked(database)
    arms: list[Any] = []
    for number, end in enumerate(ENDS[direction]):
        arm = sa.select(named.c.of, e.c.id.label("edge")).join_from(named, e, e.c[end] == named.c.id)
        if number:
            arm = arm.where(e.c.tail != e.c.head)
        arms.append(arm.where(database.within_bound(e.c.label, "labels")) if labelled else arm)
    both: Any = sa.union_all(*arms) if len(arms) > 1 else arms[0]
    found = both.subquery("found")
    rank = sa.func.row_number().over(partition_by=found.c.of, order_by=found.c.edge).label("rank")
    picked = sa.select(found.c.of, found.c.edge, rank).subquery("picked")
    query = edge_query().add_columns(picked.c.of).join(picked, picked.c.edge == e.c.id)
    limited = query.where(picked.c.rank <= sa.bindparam("limit", type_=sa.Integer))
    return limited.order_by(picked.c.of, picked.c.rank)


def _degrees(database: Database) -> Any:
    e, named = s.edge, asked(database)
    tails = sa.select(named.c.of).join_from(named, e, e.c.tail == named.c.id)
    heads = sa.select(named.c.of).join_from(named, e, e.c.head == named.c.id).where(e.c.head != e.c.tail)
    both = sa.union_all(tails, heads).subquery("both_ends")
    return sa.select(both.c.of, sa.func.count().label("n")).group_by(both.c.of)
