"""Driver values to Arrow columns."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa

__all__ = ["to_array"]

_SIMPLE = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
}


def to_array(values: Sequence[Any], kind: str, scale: int | None = None) -> pa.Array:
    """One column of a batch. Where a value does not fit the column's type, the whole batch's column becomes text."""
    try:
        return _typed(values, kind, scale)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _typed(values: Sequence[Any], kind: str, scale: int | None) -> pa.Array:
    match kind:
        case "text":
            return pa.array(values, pa.string())
        case "number" if scale is not None:
            return pa.array(values, pa.decimal128(38, scale))
        case "number":
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        case "integer":
            return pa.array([int(value) if isinstance(value, Decimal) else value for value in values], pa.int64())
        case "boolean":
            return pa.array([None if value is None else bool(value) for value in values], pa.bool_())
        case "datetime":
            return _moments(values)
        case "date" if any(isinstance(value, str) for value in values):
            return pa.array(values, pa.string()).cast(pa.date32())
        case "time":
            return pa.array([_clock(value) for value in values], pa.time64("us"))
        case "list":
            return pa.array(
                [None if value is None else [_text(item) for item in value if item is not None] for value in values],
                pa.list_(pa.string()),
            )
        case _:
            return pa.array(values, _SIMPLE[kind])


def _moments(values: Sequence[Any]) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, str):
        if not all(value is None or isinstance(value, str) for value in values):
            raise TypeError("dates beside texts")
        # MySQL's zero date says "unknown"
        known = [None if value is None or value.startswith("0000-00-00") else value for value in values]
        moments = [None if value is None else datetime.fromisoformat(value) for value in known]
        zoned = {moment.tzinfo is not None for moment in moments if moment is not None}
        if len(zoned) > 1:
            raise TypeError("some moments have a zone, others none")
        return pa.array(moments, pa.timestamp("us", "UTC" if True in zoned else None))
    if isinstance(first, datetime) and first.tzinfo is not None:
        return pa.array(values, pa.timestamp("us", "UTC"))
    return pa.array(values, pa.timestamp("us"))


def _clock(value: Any) -> time | None:
    if isinstance(value, timedelta):  # how MySQL's driver shows TIME, which may exceed a day
        if not timedelta(0) <= value < timedelta(days=1):
            raise ValueError("not a time of day")
        return (datetime.min + value).time()
    if isinstance(value, str):
        return time.fromisoformat(value)
    return value  # type: ignore[no-any-return]


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bytes() | bytearray() | memoryview():
            data = bytes(value)
            return data.hex() if len(data) <= 32 else f"<{len(data)} bytes>"
        case dict() | list():
            return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
