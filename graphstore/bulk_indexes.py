"""Indexes of the tables that a bulk load fills."""

from collections.abc import Iterable
from contextlib import nullcontext

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from graphstore import schema as s
from graphstore.checkpoints import sorting
from graphstore.database import Database

__all__ = ["create_indexes", "drop_indexes"]

_INDEXED = (s.record, s.fragment, s.link, s.vertex, s.edge)
_GROWING = ("ix_record_version", "ix_fragment_record", "ix_link_record", "ix_link_link_type", "ix_edge_label_id")
"""Rows come in the order of these indexes, or are not in them: on SQLite the thread that writes keeps them meanwhile."""


def drop_indexes(database: Database, connection: Connection) -> list[sa.Index]:
    """Those that are better made in the end: over finished rows that costs a third of keeping them row by row."""
    kept = _GROWING if database.is_sqlite else ()
    dropped = [index for table in _INDEXED for index in table.indexes if index.name not in kept]
    for index in dropped:
        index.drop(connection)
    return dropped


def create_indexes(database: Database, connection: Connection, indexes: Iterable[sa.Index]) -> None:
    with sorting(connection.connection) if database.is_sqlite else nullcontext():
        for index in indexes:
            index.create(connection)
