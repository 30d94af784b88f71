"""The vertices that a caller names, found inside the statement that reads about them: so one statement is a whole answer."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from graphstore import schema as s
from graphstore.database import Database
from graphstore.values import clean_text

__all__ = ["Asked", "asked"]

_NAME = "asked"


def asked(database: Database) -> Any:
    """A table of ``of``, the place among the ids that :class:`Asked` binds, and ``id``, the ``vertex.id`` of the vertex with
    this uid or with a fragment of this uid merged into it; null where there is none."""
    place: Any
    uid: Any
    if database.is_sqlite:
        given = sa.func.json_each(sa.bindparam(_NAME, type_=sa.Text)).table_valued("key", "value", name="given")
        place, uid = given.c.key, given.c.value
    else:
        values = sa.func.unnest(sa.bindparam(_NAME, type_=postgresql.ARRAY(sa.Text)))
        given = values.table_valued(sa.column("value", sa.Text), with_ordinality="key", name="given").render_derived()
        place, uid = given.c.key - 1, given.c.value
    named, merged = s.vertex.alias("named"), s.fragment.alias("merged")
    # A bare column would let PostgreSQL look for its highest value first and for the uid after that.
    highest = sa.func.max(merged.c.canonical + sa.literal_column("0"))
    canonical = sa.select(highest).where(merged.c.uid == uid).scalar_subquery()
    found = sa.func.coalesce(named.c.id, canonical)
    query = sa.select(place.label("of"), found.label("id")).select_from(given.outerjoin(named, named.c.uid == uid))
    return query.cte("asked")


class Asked:
    """Ids as a caller gives them, each once, and what statements over :func:`asked` bind."""

    def __init__(self, database: Database, ids: Iterable[str]) -> None:
        self.ids: Sequence[str] = list(dict.fromkeys(ids))
        self.bound: dict[str, Any] = {_NAME: database.bound(clean_text(id) for id in self.ids)}
