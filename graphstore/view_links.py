"""Pages of what the edges of many vertices lead to: neighbours, each once, and links, one per edge."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from bifrost.graph import Direction
from graphstore import schema as s
from graphstore.asked import asked
from graphstore.cursors import after_key, turned
from graphstore.database import Database
from graphstore.filters import SortKey

__all__ = ["ENDS", "Steps"]

ENDS = {Direction.OUT: ("tail",), Direction.IN: ("head",), Direction.BOTH: ("tail", "head")}
"""The ends of an edge at which a vertex may stand."""

_OTHER = {"tail": "head", "head": "tail"}
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_AFTER = sa.bindparam("after", type_=sa.BigInteger)


class Steps:
    """Statements about the edges of the vertices that are asked for, in one direction, of the labels that are bound as
    ``labels`` if ``labelled``, else of all. ``of`` is the place of the vertex among the ids that
    :class:`graphstore.asked.Asked` binds. Those that every reader needs are made once."""

    def __init__(self, database: Database, direction: Direction, labelled: bool) -> None:
        self._db, self._direction, self._labelled = database, direction, labelled
        self._asked = asked(database)
        self._made: dict[tuple[str, bool], Any] = {}

    def _once(self, name: str, paged: bool, make: Callable[[], Any]) -> Any:
        found = self._made.get((name, paged))
        if found is None:
            found = self._made[name, paged] = make()
        return found

    # ---- neighbours

    def neighbours(self, paged: bool) -> Any:
        """``of`` and the vertex, the first ``limit`` per ``of`` in the order of ``vertex.id``, if ``paged`` those ``after`` one."""
        return self._once("neighbours", paged, lambda: self._neighbours(paged))

    def _neighbours(self, paged: bool) -> Any:
        pairs = self._pairs(paged)
        rank = sa.func.row_number().over(partition_by=pairs.c.of, order_by=pairs.c.id).label("rank")
        ranked = sa.select(pairs.c.of, pairs.c.id, rank).subquery("ranked")
        return (
            sa.select(ranked.c.of, s.vertex)
            .join(s.vertex, s.vertex.c.id == ranked.c.id)
            .where(ranked.c.rank <= _LIMIT)
            .order_by(ranked.c.of, ranked.c.id)
        )

    def neighbour_counts(self) -> Any:
        return self._once("neighbour_counts", False, self._neighbour_counts)

    def _neighbour_counts(self) -> Any:
        pairs = self._pairs(False)
        return sa.select(pairs.c.of, sa.func.count().label("n")).group_by(pairs.c.of)

    def _pairs(self, paged: bool) -> Any:
        """Each pair of ``of`` and the ``id`` of a neighbour once; the indexes of ``edge`` hold all that it reads."""
        arms: list[Any] = []
        for end in ENDS[self._direction]:
            far = s.edge.c[_OTHER[end]]
            arm: Any = self._at(end, self._asked.c.of, far.label("id")).distinct()
            arms.append(arm.where(far > _AFTER) if paged else arm)
        pairs: Any = sa.union(*arms) if len(arms) > 1 else arms[0]
        return pairs.subquery("pairs")

    # ---- links

    def links(self, paged: bool) -> Any:
        """``of``, the edge with the uids of its ends, the vertex it leads to (``far_uid``, ...), the first ``limit`` per ``of`` in
        the order of their edges, if ``paged`` those ``after`` one."""
        return self._once("links", paged, lambda: self._links(self._steps(paged)))

    def links_where(self, where: Sequence[Any], paged: bool) -> Any:
        """The same of the vertices that fulfil conditions."""
        return self._links(self._steps(paged), where)

    def links_by(self, key: SortKey, descending: bool, after: str | None, where: Sequence[Any]) -> Any:
        """The same in the order of a property of the vertices they lead to."""
        steps = self._steps(False)
        if after is not None:
            where = [*where, after_key(key, descending, after, steps.c.edge)]
        return self._links(steps, where, key, descending)

    def _links(
        self, steps: Any, where: Sequence[Any] = (), key: SortKey | None = None, descending: bool = False
    ) -> Any:
        order = [steps.c.edge] if key is None else [*turned(key, descending), steps.c.edge]
        sort = [] if key is None else list(key.labelled())
        rank = sa.func.row_number().over(partition_by=steps.c.of, order_by=order).label("rank")
        inner = sa.select(steps.c.of, steps.c.far, steps.c.edge, *sort, rank)
        if where or key is not None:
            there = steps.join(s.vertex, s.vertex.c.id == steps.c.far)
            inner = inner.select_from(there if key is None else key.joined(there)).where(*where)
        picked = inner.subquery("picked")
        tail, head, far = (s.vertex.alias(name) for name in ("tail_vertex", "head_vertex", "far_vertex"))
        return (
            sa.select(
                s.edge, tail.c.uid.label("tail_uid"), head.c.uid.label("head_uid"), picked.c.of,
                far.c.uid.label("far_uid"), far.c.label.label("far_label"), far.c.properties.label("far_properties"),
                *(picked.c[column.name] for column in sort),
            )
            .select_from(picked)
            .join(s.edge, s.edge.c.id == picked.c.edge)
            .join(tail, tail.c.id == s.edge.c.tail)
            .join(head, head.c.id == s.edge.c.head)
            .join(far, far.c.id == picked.c.far)
            .where(picked.c.rank <= _LIMIT)
            .order_by(picked.c.of, picked.c.rank)
        )  # fmt: skip

    def link_counts(self) -> Any:
        return self._once("link_counts", False, self.link_counts_where)

    def link_counts_where(self, where: Sequence[Any] = ()) -> Any:
        steps = self._steps(False)
        counted = sa.select(steps.c.of, sa.func.count().label("n")).group_by(steps.c.of)
        return counted.join_from(steps, s.vertex, s.vertex.c.id == steps.c.far).where(*where) if where else counted

    def _steps(self, paged: bool) -> Any:
        """``of``, ``far`` and ``edge`` of each edge; a self-loop is one step."""
        e = s.edge
        arms: list[Any] = []
        for number, end in enumerate(ENDS[self._direction]):
            arm = self._at(end, self._asked.c.of, e.c[_OTHER[end]].label("far"), e.c.id.label("edge"))
            if number:
                arm = arm.where(e.c.tail != e.c.head)
            # The unary plus keeps SQLite from walking the edges by their ids.
            arms.append(arm.where(e.c.id + 0 > _AFTER) if paged else arm)
        steps: Any = sa.union_all(*arms) if len(arms) > 1 else arms[0]
        return steps.subquery("steps")

    def _at(self, end: str, *columns: Any) -> Any:
        query = sa.select(*columns).select_from(self._asked.join(s.edge, s.edge.c[end] == self._asked.c.id))
        return query.where(self._db.within_bound(s.edge.c.label, "labels")) if self._labelled else query
