"""What publishing to another system has in common: batches of the change log, the position in it, and proofs."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bifrost.codec import decode_properties
from bifrost.errors import StoreUnavailableError
from bifrost.graph import Edge, Vertex
from graphstore import schema as s
from graphstore.sql import SqlStore
from graphstore.view_statements import edge_query

__all__ = ["Batch", "Comparison", "Follower", "read_edges", "read_vertices"]

_CHANGES = 2_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some changes as the elements they are about now: those to write, and the uids of those that are gone."""

    vertices: Sequence[Vertex]
    edges: Sequence[Edge]
    gone_vertices: Sequence[str]
    gone_edges: Sequence[str]
    end: int
    """The position in the log after these changes."""


@dataclass(slots=True)
class Comparison:
    """What a comparison of the graph with its copy found; ``differences`` says at most a few dozen."""

    vertices: int = 0
    edges: int = 0
    checksum: str = ""
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.differences

    def differs(self, what: str) -> None:
        if len(self.differences) < 30:
            self.differences.append(what)


class Follower:
    """Follows the change log of a store for one target. The position is kept in the store, under ``name``."""

    def __init__(self, store: SqlStore, target: str) -> None:
        self.store = store
        self.name = f"remote:{hashlib.sha256(target.encode()).hexdigest()[:16]}"

    def position(self) -> int:
        return self.store.log.projection_position(self.name)

    def reset(self) -> None:
        """Everything is published again."""
        self.store.log.set_projection_position(self.name, 0)

    def catch_up(self, write: Callable[[Batch], None]) -> int:
        """Writes what changed since the last time, batch by batch; the position moves after each one that succeeded.

        Returns the number of changes. ``write`` may be called again with what it has written already.
        """
        log, applied = self.store.log, 0
        if self.position() > log.position():
            raise StoreUnavailableError(
                "The store is older than what was published from it.",
                remedy="A backup was restored: empty the target, then publish everything again.",
            )
        while changes := log.changes(self.position(), _CHANGES):
            write(self._batch(changes))
            log.set_projection_position(self.name, changes[-1].seq)
            applied += len(changes)
        return applied

    def _batch(self, changes: Sequence[Any]) -> Batch:
        vertices = list(dict.fromkeys(change.id for change in changes if change.element == "vertex"))
        edges = list(dict.fromkeys(change.id for change in changes if change.element == "edge"))
        found, linked = read_vertices(self.store, vertices), read_edges(self.store, edges)
        there = {vertex.id for vertex in found} | {edge.id for edge in linked}
        return Batch(
            found,
            linked,
            [id for id in vertices if id not in there],
            [id for id in edges if id not in there],
            changes[-1].seq,
        )

    def everything(self) -> Iterator[tuple[list[Vertex], list[Edge]]]:
        """The whole graph in batches, to compare with."""
        view = self.store.view()
        cursor: str | None = None
        while True:
            page = view.vertices(after=cursor, limit=500)
            yield list(page.items), []
            if (cursor := page.cursor) is None:
                break
        while True:
            edges = view.edges(after=cursor, limit=500)
            yield [], list(edges.items)
            if (cursor := edges.cursor) is None:
                break


def read_vertices(store: SqlStore, uids: Sequence[str]) -> list[Vertex]:
    """Those that exist under exactly these ids: one that was merged into another is gone."""
    wanted = set(uids)
    return [vertex for vertex in store.view().vertices_by_id(list(uids)) if vertex.id in wanted] if uids else []


def read_edges(store: SqlStore, uids: Sequence[str]) -> list[Edge]:
    if not uids:
        return []
    database = store.database
    with database.read() as connection:
        query = edge_query().join(s.link, s.link.c.id == s.edge.c.id).where(database.within(s.link.c.uid, uids))
        rows = connection.execute(query.order_by(s.edge.c.id)).all()
        names = database.label_names(connection, {row.label for row in rows})
    return [
        Edge(row.uid, names[row.label], row.tail_uid, row.head_uid, decode_properties(row.properties), row.score)
        for row in rows
    ]
