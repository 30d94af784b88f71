"""Opaque cursors of lists: keysets, not offsets, so that a page costs the same wherever it lies."""

import base64
from typing import Any

import orjson
import sqlalchemy as sa

from bifrost.errors import InputError
from graphstore.filters import SortKey

__all__ = ["after_key", "by_id", "cursor_of", "read_cursor", "turned"]


_LARGEST = 2**63 - 1


def turned(key: SortKey, descending: bool) -> list[Any]:
    """What to order by: those without the property last, the others up or down."""
    columns = [column.desc() if descending else column for column in (key.kind, key.number, key.text)]
    return [sa.case((key.kind == 2, 1), else_=0), *columns]


def after_key(key: SortKey, descending: bool, cursor: str, id: Any) -> Any:
    """The condition of what comes after a cursor in this order, and for equal values in the order of ``id``."""
    kind, number, text, last = read_cursor(cursor, 4)
    place = (int(kind == 2), -kind if descending else kind)
    here = (sa.case((key.kind == 2, 1), else_=0), -key.kind if descending else key.kind)
    if descending:
        within = sa.or_(
            key.number < number,
            sa.and_(key.number == number, key.text < text),
            sa.and_(key.number == number, key.text == text, id > last),
        )
    else:
        within = sa.tuple_(key.number, key.text, id) > sa.tuple_(number, text, last)
    same = sa.and_(here[0] == place[0], here[1] == place[1])
    return sa.or_(sa.tuple_(*here) > sa.tuple_(*place), sa.and_(same, within))


def by_id(query: Any, table: sa.Table, label: int | None, after: str | None, *, sqlite: bool) -> Any:
    """A query of vertices or edges in the order of their ids, of those of a label and those after a cursor.

    PostgreSQL believes that the elements of a label are evenly spread among all, and may walk over all others by their ids
    until it meets the first. Only the index of labels has the order of label and id, which is the same within one label.
    """
    column, id = table.c.label, table.c.id
    last = None if after is None else read_cursor(after, 1)[0]
    if label is not None and not sqlite:
        first = sa.tuple_(column, id) > sa.tuple_(label, -_LARGEST if last is None else last)
        return query.where(first, column <= label).order_by(column, id)
    if label is not None:
        query = query.where(column == label)
    return (query if last is None else query.where(id > last)).order_by(id)


def cursor_of(row: Any, key: SortKey | None) -> str:
    """The cursor that continues after a row with ``id``, and the columns of the key if there is one."""
    data = [row.id] if key is None else [row.sort_kind, row.sort_number, row.sort_text, row.id]
    return base64.urlsafe_b64encode(orjson.dumps(data)).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> list[Any]:
    """Raises InputError for a cursor that this list did not make."""
    try:
        data = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        data = None
    if isinstance(data, list) and len(data) == length and _is_place(*data):
        return data
    raise InputError("This cursor was not made by this list.", remedy="Start again without a cursor.")


def _is_place(*data: Any) -> bool:
    """Whether these are an id, or the kind, number and text of a value and an id, as a database can compare them."""
    *key, id = data
    if type(id) is not int or abs(id) > _LARGEST:
        return False
    if not key:
        return True
    kind, number, text = key
    if type(number) is int and abs(number) > _LARGEST:
        return False
    return kind in (0, 1, 2) and type(number) in (int, float) and type(text) is str and "\0" not in text
