"""Links of a link type that are stored already as they are to be, found by arrays instead of row by row."""

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from bifrost.link_columns import LinkColumns
from graphstore import schema as s
from graphstore.link_rows import LinkRows

__all__ = ["stored_as_wanted"]

_STORED = np.dtype([("id", np.int64), ("tail", np.int64), ("head", np.int64), ("score", np.float64)])
_MOST = 1 << 31
_BATCH = 10_000


def stored_as_wanted(
    connection: Connection, number: int, rows: LinkRows, edges: LinkColumns
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The ids of the links that stay as they are, and which of the edges [edges] these are.

    A link stays if it ties the same fragments with the same score, label and evidence, and nobody judged it. What is not found
    may still be there: fragments of ``edges`` whose place is not known are found by their uids.
    """
    link, (label, evidence) = s.link.c, rows.shared(edges.evidence)
    query = sa.select(link.id, link.tail, link.head, link.score).where(
        link.link_type == number, link.type == label, link.evidence.is_not_distinct_from(evidence), link.properties == "{}",
        link.record.is_(None), link.pin == 0, link.given == 1, link.active == rows.served(link.score),
        link.tail.is_not(None), link.head.is_not(None),
    )  # fmt: skip
    found = connection.execute(query.execution_options(yield_per=_BATCH))
    stored = np.fromiter(map(tuple, found), _STORED)
    same = np.zeros(len(edges), np.bool_)
    if (
        not len(stored)
        or not len(edges)
        or max(edges.places.max(), stored["tail"].max(), stored["head"].max()) >= _MOST
    ):
        return stored["id"][:0], same
    keys = stored["tail"] << 32 | stored["head"]
    order = np.argsort(keys)
    wanted = edges.places[:, 0] << 32 | edges.places[:, 1]
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(order) - 1)]
    same = (keys[place] == wanted) & (stored["score"][place] == edges.score) & (edges.places >= 0).all(axis=1)
    # Of several edges between the same two the surest counts, which is seen row by row.
    first, counts = np.unique(wanted, return_counts=True)
    same &= ~np.isin(wanted, first[counts > 1])
    return stored["id"][place[same]], same
