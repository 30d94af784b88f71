"""Which fragments are one thing: connected components of the active pairs, and their canonical ids.

Fragments of one uid (several records speak of the same thing by the same name) always belong together. The canonical
fragment of a component is the one with the smallest uid within the source of lowest rank, so the result depends on
what is stored alone, not on the order in which it came, and taking a pair away gives back what was there before it.
What people edited by hand never names a vertex that a source gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from graphstore import schema as s
from graphstore.database import EDITS, Database

__all__ = ["recluster"]


@dataclass
class _Components:
    """Union-find with path halving."""

    parent: dict[int, int] = field(default_factory=dict)

    def find(self, item: int) -> int:
        parent = self.parent
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, left: int, right: int) -> None:
        self.parent[self.find(left)] = self.find(right)


def recluster(database: Database, connection: Connection, fragments: Iterable[int]) -> tuple[set[int], set[int]]:
    """Computes the components around some fragments anew; returns the vertex ids and link ids that this touches."""
    members, pairs = _neighbourhood(database, connection, set(fragments))
    components = _Components()
    by_uid: dict[str, int] = {}
    for id, row in members.items():
        components.join(id, by_uid.setdefault(row.uid, id))
    for left, right in pairs:
        components.join(left, right)
    best: dict[int, tuple[bool, int, str, int]] = {}
    for id, row in members.items():
        root, order = components.find(id), (row.kind == EDITS, row.rank, row.uid, id)
        best[root] = min(best.get(root, order), order)
    moved = [(best[components.find(id)][3], id) for id, row in members.items()]
    moved = [(canonical, id) for canonical, id in moved if members[id].canonical != canonical]
    database.update(connection, s.fragment, ("canonical",), "id", moved)
    vertices = {canonical for canonical, _ in moved} | {members[id].canonical for _, id in moved}
    return vertices, _links_of(database, connection, [id for _, id in moved])


def _neighbourhood(
    database: Database, connection: Connection, frontier: set[int]
) -> tuple[dict[int, Any], list[tuple[int, int]]]:
    """All fragments that are or may become one with those of the frontier, and the active pairs among them."""
    f, pair = s.fragment, s.same_pair
    with_rank = (
        sa.select(f.c.id, f.c.uid, f.c.canonical, s.source.c.rank, s.source.c.kind)
        .join(s.dataset, s.dataset.c.id == f.c.dataset)
        .join(s.source, s.source.c.id == s.dataset.c.source)
    )
    members: dict[int, Any] = {}
    pairs: set[tuple[int, int]] = set()
    while frontier:
        found = connection.execute(with_rank.where(database.within(f.c.id, frontier))).all()
        canonicals = {row.canonical for row in found}
        cluster = connection.execute(with_rank.where(database.within(f.c.canonical, canonicals))).all()
        new = {row.id: row for row in [*found, *cluster] if row.id not in members}
        members |= new
        frontier = set()
        for end in (pair.c.left, pair.c.right):
            query = sa.select(pair.c.left, pair.c.right).where(database.within(end, new), pair.c.active == 1)
            for left, right in connection.execute(query).all():
                pairs.add((left, right))
                frontier |= {left, right}
        twins = sa.select(f.c.id).where(database.within(f.c.uid, {row.uid for row in new.values()}))
        frontier |= set(connection.execute(twins).scalars())
        frontier -= members.keys()
    return members, sorted(pairs)


def _links_of(database: Database, connection: Connection, fragments: list[int]) -> set[int]:
    if not fragments:
        return set()
    found: set[int] = set()
    for end in (s.link.c.tail, s.link.c.head):
        found |= set(connection.execute(sa.select(s.link.c.id).where(database.within(end, fragments))).scalars())
    return found
