"""The scores of all pairs of a same-thing link type as arrays, to compare those before an answer with those after it."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.ports import PairScores
from graphstore import schema as s

__all__ = ["pair_scores"]


def pair_scores(connection: Connection, number: int, without: Sequence[int] = ()) -> PairScores:
    """Of the link type of this number, but for the pair of the two fragments ``without``.

    Pairs are numbered by their fragments, of which a store has fewer than 2^31.
    """
    pair = s.same_pair
    query = sa.select(pair.c.left, pair.c.right, pair.c.score).where(pair.c.link_type == number)
    if without:
        query = query.where(sa.not_(sa.and_(pair.c.left.in_(without), pair.c.right.in_(without))))
    rows = [(left << 32 | right, score) for left, right, score in connection.execute(query)]
    table = np.array(rows, np.dtype([("key", np.int64), ("score", np.float32)]))
    table.sort(order="key")
    return PairScores(table["key"].copy(), table["score"].copy())
