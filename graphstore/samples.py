"""Links of link types that are served: how many there are, and some drawn by lot, so that people can audit what they were
never asked about."""

import random
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.links import SamePair
from graphstore import schema as s

__all__ = ["count_served", "sample_links"]


def count_served(connection: Connection, ids: Collection[str] | None = None) -> dict[str, int]:
    """Links and merged pairs by the link type that gives them, as many as are served; those that people judged count, too.

    Without ``ids`` of all link types that give any.
    """
    types = sa.select(s.link_type.c.number, s.link_type.c.id)
    known = connection.execute(types if ids is None else types.where(s.link_type.c.id.in_(list(ids))))
    names = {row.number: row.id for row in known}
    found = dict.fromkeys(ids or (), 0)
    for table in (s.link, s.same_pair):
        given = table.c.link_type.is_not(None) & (table.c.active == 1)
        counts = sa.select(table.c.link_type, sa.func.count()).where(given).group_by(table.c.link_type)
        served = counts if ids is None else counts.where(table.c.link_type.in_(list(names)))
        for number, many in connection.execute(served):
            found[names[number]] = found.get(names[number], 0) + many
    return found


def sample_links(connection: Connection, number: int, count: int, seed: str) -> tuple[int, list[SamePair]]:
    """Of the links (or merged pairs) of a link type that are served and that nobody judged: how many there are, and ``count``
    of them, all equally likely and without repetition. The same for the same links and ``seed``."""
    link, pair = s.link, s.same_pair
    links = sa.select(link.c.tail, link.c.head, link.c.score).where(
        link.c.link_type == number, link.c.active == 1, link.c.pin == 0
    )
    pairs = sa.select(pair.c.left.label("tail"), pair.c.right.label("head"), pair.c.score).where(
        pair.c.link_type == number, pair.c.active == 1, pair.c.pin == 0
    )
    served, order = links, [link.c.id]
    many = _count(connection, links)
    if not many:
        served, order = pairs, [pair.c.left, pair.c.right]
        many = _count(connection, pairs)
    places = sorted(random.Random(seed).sample(range(many), min(count, many)))  # noqa: S311
    if not places:
        return many, []
    place = (sa.func.row_number().over(order_by=order) - 1).label("place")
    numbered = served.add_columns(place).subquery("numbered")
    drawn = sa.select(numbered).where(numbered.c.place.in_(places)).subquery("drawn")
    tail, head = s.fragment.alias("tail"), s.fragment.alias("head")
    query = (
        sa.select(tail.c.uid, head.c.uid.label("other"), drawn.c.score)
        .select_from(drawn)
        .join(tail, tail.c.id == drawn.c.tail)
        .join(head, head.c.id == drawn.c.head)
        .order_by(drawn.c.place)
    )
    return many, [SamePair(row.uid, row.other, row.score) for row in connection.execute(query)]


def _count(connection: Connection, served: sa.Select[Any]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(served.subquery())).scalar_one()
