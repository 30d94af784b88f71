"""The statements behind the views' everyday reads, made once: composing one takes longer than running it."""

from typing import Any

import sqlalchemy as sa

from graphstore import schema as s
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

    def edges_at(self, end: str, labelled: bool) -> Any:
        """The first ``limit`` edges whose ``end`` is each of the vertices ``ids``, of ``labels`` if ``labelled``."""
        return self._of[end, labelled]


def _edges_at(database: Database, end: Any, labelled: bool) -> Any:
    e = s.edge
    rank = sa.func.row_number().over(partition_by=end, order_by=e.c.id).label("rank")
    inner = sa.select(e.c.id, end.label("of"), rank).where(database.within_bound(end, "ids"))
    if labelled:
        inner = inner.where(database.within_bound(e.c.label, "labels"))
    picked = inner.subquery()
    query = edge_query().add_columns(picked.c.of).join(picked, picked.c.id == e.c.id)
    return query.where(picked.c.rank <= sa.bindparam("limit", type_=sa.Integer))
