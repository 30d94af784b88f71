"""Property values and evidence as JSON, exactly: what is written is what is read, types included.

Strings, integers, floats and booleans are plain JSON. Other types are tagged one-entry objects: ``{"@date": "2024-02-01"}``.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson

from bifrost.values import Value

__all__ = ["decode_properties", "decode_value", "encode_properties", "encode_value"]

_DECODERS: dict[str, Callable[[str], Value]] = {
    "@datetime": datetime.fromisoformat,
    "@date": date.fromisoformat,
    "@time": time.fromisoformat,
    "@decimal": Decimal,
    "@int": int,
    "@float": float,
}
_INT64 = 2**63
_TAG, _TAG_BYTES = '{"@', b'{"@'


def encode_value(value: Value) -> Any:
    """A value as something orjson can write."""
    match value:
        case bool() | str():
            return value
        case int():
            return value if -_INT64 <= value < _INT64 else {"@int": str(value)}
        case float():
            return value if value - value == 0 else {"@float": repr(value)}
        case datetime():
            return {"@datetime": value.isoformat()}
        case date():
            return {"@date": value.isoformat()}
        case time():
            return {"@time": value.isoformat()}
        case Decimal():
            return {"@decimal": str(value)}
        case _:
            raise TypeError(f"not a property value: {type(value).__name__}")


def decode_value(data: Any) -> Value:
    """The inverse of :func:`encode_value`."""
    if isinstance(data, dict):
        ((tag, text),) = data.items()
        return _DECODERS[tag](text)
    return data  # type: ignore[no-any-return]


def encode_properties(properties: Mapping[str, Sequence[Value]]) -> bytes:
    """Multi-valued properties as JSON: ``{"name": ["Ann"], "born": [{"@date": "1990-01-31"}]}``."""
    return orjson.dumps({name: [encode_value(value) for value in values] for name, values in properties.items()})


def decode_properties(data: bytes | str) -> dict[str, tuple[Value, ...]]:
    """The inverse of :func:`encode_properties`."""
    decoded = orjson.loads(data)
    # Inside a text the quote is escaped, so this finds tags only; most records have none.
    if (_TAG if isinstance(data, str) else _TAG_BYTES) not in data:  # type: ignore[operator]
        return {name: tuple(values) for name, values in decoded.items()}
    return {name: tuple([decode_value(value) for value in values]) for name, values in decoded.items()}
