"""Equality, comparability and orderability of Gremlin values (TinkerPop 3.8, "Gremlin Semantics").

*Comparability* (lt, gt, ...) knows a third answer besides true and false: values of different kinds, null and NaN do
not compare, which raises :class:`Incomparable`. *Orderability* (order()) puts any values into one total order.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from graphstore.gremlin.elements import Edge, Entry, Path, Property, Tree, Vertex, VertexProperty, freeze
from graphstore.gremlin.numbers import is_number
from graphstore.gremlin.tree import T

__all__ = ["Incomparable", "compare", "dedup_key", "equal", "moment", "order_key", "total_order"]


class Incomparable(Exception):  # noqa: N818
    """Two values do not compare: the third truth value of Gremlin's predicates."""


def equal(left: Any, right: Any) -> bool:
    """``eq``: numbers by value whatever their type, elements by id, collections by their members; NaN equals nothing."""
    if left is right and left == left:
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, (int, float, Decimal)):
        return isinstance(right, (int, float, Decimal)) and _same_number(left, right)
    if isinstance(left, str):
        return isinstance(right, str) and left == right
    if isinstance(left, (list, tuple)):
        return isinstance(right, (list, tuple)) and len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, date) and isinstance(right, date):
        return moment(left) == moment(right)
    return bool(left == right)


def _same_number(left: Any, right: Any) -> bool:
    if isinstance(left, Decimal) and isinstance(right, float):
        return right - right == 0 and left == Decimal(repr(float(right)))
    if isinstance(right, Decimal) and isinstance(left, float):
        return _same_number(right, left)
    return bool(left == right)


def moment(value: date) -> datetime:
    """What Gremlin knows of days and times without a zone: moments in UTC."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), tzinfo=UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1. Raises Incomparable for values of different kinds, null and NaN."""
    if is_number(left) and is_number(right):
        if left != left or right != right:
            raise Incomparable
        if isinstance(left, Decimal) != isinstance(right, Decimal):
            left, right = _exact(left), _exact(right)
        return int(left > right) - int(left < right)
    if left is None and right is None:
        return 0
    kind = _rank(left)
    if left is None or right is None or kind != _rank(right) or kind in (_SET, _MAP, _OTHER):
        raise Incomparable
    return total_order(left, right, strict=True)


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(float(value))) if value - value == 0 else Decimal(str(value))
    return Decimal(int(value)) if isinstance(value, int) else value


_NUMBER, _STRING, _SET, _LIST, _MAP, _TIME, _OTHER = 2, 4, 11, 12, 13, 15, 20
_RANKS: tuple[tuple[type | tuple[type, ...], int], ...] = (
    (bool, 1),
    ((int, float, Decimal), _NUMBER),
    ((str, T), _STRING),
    ((datetime, date), 3),
    (uuid.UUID, 5),
    (Vertex, 6),
    (Edge, 7),
    (VertexProperty, 8),
    (Property, 9),
    (Path, 10),
    ((set, frozenset), _SET),
    ((list, tuple), _LIST),
    (Mapping, _MAP),
    (Entry, _MAP + 1),
    (time, _TIME),
    (timedelta, _TIME + 1),
)
_rank_of_type: dict[type, int] = {type(None): 0}


def _rank(value: Any) -> int:
    kind = type(value)
    rank = _rank_of_type.get(kind)
    if rank is None:
        rank = next((rank for types, rank in _RANKS if isinstance(value, types)), _OTHER)
        _rank_of_type[kind] = rank
    return rank


def total_order(left: Any, right: Any, *, strict: bool = False) -> int:
    """Orderability: null < booleans < numbers (NaN last) < dates < strings < UUIDs < elements < ... < maps < times of day
    < durations.

    ``strict`` raises Incomparable where members of collections do not compare.
    """
    a, b = _rank(left), _rank(right)
    if a != b:
        if strict:
            raise Incomparable
        return -1 if a < b else 1
    if a == 0:
        return 0
    if a == _NUMBER:
        return _order_numbers(left, right)
    if a == 3:
        return _order_dates(left, right)
    if a == _TIME:
        left, right = _time_of_day(left), _time_of_day(right)
    if a in (6, 7, 8):
        return total_order(left.id, right.id)
    if a == 9:
        return total_order(left.key, right.key) or total_order(left.value, right.value)
    if a in (10, _LIST):
        return _order_sequences(list(left), list(right))
    if a == _SET:
        return _order_sequences(sorted(left, key=order_key), sorted(right, key=order_key))
    if a == _MAP:
        return _order_sequences(
            sorted((list(pair) for pair in left.items()), key=order_key),
            sorted((list(pair) for pair in right.items()), key=order_key),
        )
    if a == _MAP + 1:
        return total_order(left.key, right.key) or total_order(left.value, right.value)
    if type(left) is not type(right) or isinstance(left, T):
        left, right = str(left), str(right)
    try:
        return int(left > right) - int(left < right)
    except TypeError:
        return (str(left) > str(right)) - (str(left) < str(right))


def _order_numbers(left: Any, right: Any) -> int:
    if left != left or right != right:
        return int(left != left) - int(right != right)
    if isinstance(left, Decimal) != isinstance(right, Decimal):
        left, right = _exact(left), _exact(right)
    return int(left > right) - int(left < right)


def _order_dates(left: Any, right: Any) -> int:
    a, b = moment(left), moment(right)
    return (a > b) - (a < b)


def _time_of_day(value: time) -> time:
    """Without a zone it is in UTC, as moments are."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _order_sequences(left: list[Any], right: list[Any]) -> int:
    for a, b in zip(left, right, strict=False):
        if order := total_order(a, b):
            return order
    return (len(left) > len(right)) - (len(left) < len(right))


order_key = cmp_to_key(total_order)
"""Sort key of orderability."""


def dedup_key(value: Any) -> Any:
    """A hashable stand-in: equal exactly where dedup(), group() and within() see the same value."""
    kind = type(value)
    if kind is str or isinstance(value, (Vertex, Edge)):
        return value
    if kind is bool:
        return (bool, value)
    if isinstance(value, float) and value != value:
        return (float, "NaN")
    if isinstance(value, (list, tuple)):
        return (list, tuple(dedup_key(v) for v in value))
    if isinstance(value, (set, frozenset)):
        return (set, frozenset(dedup_key(v) for v in value))
    if isinstance(value, Tree):
        return value
    if isinstance(value, Mapping):
        return (dict, frozenset((dedup_key(k), dedup_key(v)) for k, v in value.items()))
    if isinstance(value, T):
        return value
    if isinstance(value, date):
        return moment(value)
    if isinstance(value, Decimal):
        number = float(value)
        return number if _same_number(value, number) else value
    return value if isinstance(value, (int, timedelta)) else freeze(value)
