"""The change log. Its positions grow in commit order, because there is one writer at a time.

The time of a change is that of the newest row of ``change_time`` that does not come after it: rows are a quarter of a
second apart, so that the log stays small.
"""

import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.graph import Change
from graphstore import schema as s
from graphstore.database import Database

__all__ = ["SqlChangeLog", "last_change", "number_changes"]

_OPS = ("put", "remove")
_ELEMENTS = ("vertex", "edge")
_APART, _KEPT = 0.25, 7 * 86_400.0
"""Seconds between the times that the log knows, and how long it knows them."""


def last_change(connection: Connection) -> int:
    """The position of the newest change."""
    return connection.execute(sa.select(s.counter.c.value).where(s.counter.c.name == "change")).scalar() or 0


def number_changes(database: Database, connection: Connection, count: int) -> int:
    """The first of so many new positions, whose time is now. Only inside a write."""
    first, now = database.take(connection, "change", count), time.time()
    newest = sa.select(s.change_time.c.at).order_by(s.change_time.c.seq.desc()).limit(1)
    if abs(now - (connection.execute(newest).scalar() or 0.0)) >= _APART:
        connection.execute(s.change_time.insert().values(seq=first, at=now))
    return first


class SqlChangeLog:
    """The change log port over SQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def position(self) -> int:
        with self._db.read() as connection:
            return last_change(connection)

    def changes(self, after: int, limit: int = 10_000) -> list[Change]:
        """Oldest first. A put of an element that was removed since is left out; its removal follows."""
        c = s.change
        with self._db.read() as connection:
            while True:
                query = (
                    sa.select(
                        c.c.seq, c.c.op, c.c.element,
                        sa.func.coalesce(c.c.uid, s.vertex.c.uid, s.edge.c.uid).label("uid"),
                    )
                    .outerjoin(s.vertex, sa.and_(c.c.element == 0, c.c.op == 0, s.vertex.c.id == c.c.ref))
                    .outerjoin(s.edge, sa.and_(c.c.element == 1, c.c.op == 0, s.edge.c.id == c.c.ref))
                    .where(c.c.seq > after)
                    .order_by(c.c.seq)
                    .limit(limit)
                )  # fmt: skip
                rows = connection.execute(query).all()
                found = [
                    Change(row.seq, _OPS[row.op], _ELEMENTS[row.element], row.uid)
                    for row in rows
                    if row.uid is not None
                ]
                if found or not rows:
                    return found
                after = rows[-1].seq

    def age(self, after: int) -> float:
        """Seconds since the oldest change after a position was made, 0 where there is none. A quarter of a second more at
        most; of changes older than a week at least that week."""
        t = s.change_time
        known = sa.select(t.c.at).where(t.c.seq <= after + 1).order_by(t.c.seq.desc()).limit(1)
        oldest = sa.select(sa.func.min(t.c.at))
        with self._db.read() as connection:
            if last_change(connection) <= after:
                return 0.0
            at = connection.execute(known).scalar() or connection.execute(oldest).scalar()
        return 0.0 if at is None else max(time.time() - at, 0.0)

    def compact(self, slack: int = 100_000) -> int:
        """Forgets changes that later changes of the same element overtook, once the log is more than twice as long as
        the graph and ``slack``; returns how many. Positions keep their meaning, and replaying from any gives the graph.
        """
        c = s.change
        self._forget_times()
        with self._db.read() as connection:
            length, alive = (
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (c, s.vertex)
            )
            if length > 2 * alive + slack:
                alive += connection.execute(sa.select(sa.func.count()).select_from(s.edge)).scalar_one()
        if length <= 2 * alive + slack:
            return 0
        newest = sa.select(sa.func.max(c.c.seq)).group_by(c.c.element, c.c.ref)
        with self._db.write() as connection:
            return connection.execute(c.delete().where(c.c.seq.not_in(newest))).rowcount

    def _forget_times(self) -> None:
        t = s.change_time
        with self._db.read() as connection:
            # The last of them stays, so that what is older has a time.
            last = connection.execute(sa.select(sa.func.max(t.c.seq)).where(t.c.at < time.time() - _KEPT)).scalar()
            if last is None or not connection.execute(sa.select(t.c.seq).where(t.c.seq < last).limit(1)).first():
                return
        with self._db.write() as connection:
            connection.execute(t.delete().where(t.c.seq < last))

    def projection_position(self, name: str) -> int:
        with self._db.read() as connection:
            query = sa.select(s.projection.c.position).where(s.projection.c.name == name)
            return connection.execute(query).scalar() or 0

    def set_projection_position(self, name: str, position: int) -> None:
        if self.projection_position(name) == position:
            return
        with self._db.write() as connection:
            connection.execute(s.projection.delete().where(s.projection.c.name == name))
            connection.execute(s.projection.insert().values(name=name, position=position))

    def projections(self) -> dict[str, int]:
        """How far each projection is."""
        with self._db.read() as connection:
            return {row.name: row.position for row in connection.execute(sa.select(s.projection))}
