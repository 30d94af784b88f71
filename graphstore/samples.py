"""Links of a link type drawn by lot, so that people can audit what is served without ever being asked about it."""

import random

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.links import SamePair
from graphstore import schema as s

__all__ = ["sample_links"]


def sample_links(connection: Connection, number: int, count: int, seed: str) -> tuple[int, list[SamePair]]:
    """Of the links (or merged pairs) of a link type that are served and that nobody judged: how many there are, and ``count``
    of them, all equally likely and without repetition. The same for the same links and ``seed``."""
    link, pair, tail, head = s.link, s.same_pair, s.fragment.alias("tail"), s.fragment.alias("head")
    ends = (tail.c.uid, head.c.uid.label("other"))
    links = sa.and_(link.c.link_type == number, link.c.active == 1, link.c.pin == 0)
    pairs = sa.and_(pair.c.link_type == number, pair.c.active == 1, pair.c.pin == 0)
    many = connection.execute(sa.select(sa.func.count()).select_from(link).where(links)).scalar_one()
    if many:
        drawn = sa.select(*ends, link.c.score).join(tail, tail.c.id == link.c.tail).join(head, head.c.id == link.c.head)
        drawn = drawn.where(links).order_by(link.c.id)
    else:
        many = connection.execute(sa.select(sa.func.count()).select_from(pair).where(pairs)).scalar_one()
        drawn = (
            sa.select(*ends, pair.c.score).join(tail, tail.c.id == pair.c.left).join(head, head.c.id == pair.c.right)
        )
        drawn = drawn.where(pairs).order_by(pair.c.left, pair.c.right)
    places = sorted(random.Random(seed).sample(range(many), min(count, many)))  # noqa: S311
    found = [connection.execute(drawn.limit(1).offset(place)).one_or_none() for place in places]
    return many, [SamePair(row.uid, row.other, row.score) for row in found if row is not None]
