"""Pages of what the edges of many vertices lead to: neighbours, each once, and links, one per edge."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.graph import Direction, Filter
from graphstore import schema as s
from graphstore.conditions import Conditions
from graphstore.cursors import after_key, read_cursor, turned
from graphstore.database import EDGE, Database
from graphstore.filters import SortKey

__all__ = ["Steps"]

_ENDS = {Direction.OUT: ("tail",), Direction.IN: ("head",), Direction.BOTH: ("tail", "head")}
_OTHER = {"tail": "head", "head": "tail"}


class Steps:
    """Statements about the edges of the vertices ``numbers`` (``vertex.id``) in one direction, of some labels or of all."""

    def __init__(
        self,
        database: Database,
        connection: Connection,
        numbers: Collection[int],
        direction: Direction,
        labels: Sequence[str],
    ) -> None:
        self._db, self._numbers, self._direction = database, list(dict.fromkeys(numbers)), direction
        self._conditions = Conditions(database, connection)
        self._labels = [self._conditions.label(EDGE, label) for label in labels]

    # ---- neighbours

    def neighbours(self, after: str | None, limit: int) -> Any:
        """``of`` and the vertex, at most ``limit`` per ``of``, in the order of ``vertex.id``."""
        pairs = self._pairs(None if after is None else read_cursor(after, 1)[0])
        rank = sa.func.row_number().over(partition_by=pairs.c.of, order_by=pairs.c.id).label("rank")
        ranked = sa.select(pairs.c.of, pairs.c.id, rank).subquery("ranked")
        return (
            sa.select(ranked.c.of, s.vertex)
            .join(s.vertex, s.vertex.c.id == ranked.c.id)
            .where(ranked.c.rank <= limit)
            .order_by(ranked.c.of, ranked.c.id)
        )

    def neighbour_counts(self) -> Any:
        pairs = self._pairs(None)
        return sa.select(pairs.c.of, sa.func.count().label("n")).group_by(pairs.c.of)

    def _pairs(self, after: int | None) -> Any:
        """Each pair of ``of`` and the ``id`` of a neighbour once; the indexes of ``edge`` hold all that it reads."""
        arms = []
        for end in _ENDS[self._direction]:
            far = s.edge.c[_OTHER[end]]
            arm = sa.select(s.edge.c[end].label("of"), far.label("id")).where(*self._of(end))
            arms.append((arm if after is None else arm.where(far > after)).distinct())
        return (sa.union(*arms) if len(arms) > 1 else arms[0]).subquery("pairs")

    # ---- links

    def links(
        self,
        other: str | None,
        filters: Sequence[Filter],
        key: SortKey | None,
        *,
        descending: bool,
        after: str | None,
        limit: int,
    ) -> Any:
        """``of``, the edge with the uids of its ends, the vertex it leads to (``other_uid``, ...), at most ``limit`` per ``of``."""
        steps = self._steps(None if after is None or key is not None else read_cursor(after, 1)[0])
        order = [steps.c.edge] if key is None else [*turned(key, descending), steps.c.edge]
        sort = [] if key is None else list(key.labelled())
        rank = sa.func.row_number().over(partition_by=steps.c.of, order_by=order).label("rank")
        inner = sa.select(steps.c.of, steps.c.far, steps.c.edge, *sort, rank)
        where = self._conditions.of(other, filters)
        if where or key is not None:
            inner = inner.join_from(steps, s.vertex, s.vertex.c.id == steps.c.far).where(*where)
        if after is not None and key is not None:
            inner = inner.where(after_key(key, descending, after, steps.c.edge))
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
            .where(picked.c.rank <= limit)
            .order_by(picked.c.of, picked.c.rank)
        )  # fmt: skip

    def link_counts(self, other: str | None, filters: Sequence[Filter]) -> Any:
        steps = self._steps(None)
        counted = sa.select(steps.c.of, sa.func.count().label("n")).group_by(steps.c.of)
        where = self._conditions.of(other, filters)
        return counted.join_from(steps, s.vertex, s.vertex.c.id == steps.c.far).where(*where) if where else counted

    def _steps(self, after: int | None) -> Any:
        """``of``, ``far`` and ``edge`` of each edge; a self-loop is one step."""
        e = s.edge
        arms = []
        for number, end in enumerate(_ENDS[self._direction]):
            arm = sa.select(e.c[end].label("of"), e.c[_OTHER[end]].label("far"), e.c.id.label("edge"))
            arm = arm.where(*self._of(end))
            if number:
                arm = arm.where(e.c.tail != e.c.head)
            # The unary plus keeps SQLite from walking the edges by their ids.
            arms.append(arm if after is None else arm.where(e.c.id + 0 > after))
        return (sa.union_all(*arms) if len(arms) > 1 else arms[0]).subquery("steps")

    def _of(self, end: str) -> list[Any]:
        near = self._db.within(s.edge.c[end], self._numbers)
        return [near, self._db.within(s.edge.c.label, self._labels)] if self._labels else [near]
