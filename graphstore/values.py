"""Property values as the store keys and compares them: hashes for equality look-ups, text that every database takes."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b

from bifrost.values import Value

__all__ = ["clean_text", "clean_value", "equal_values", "value_hash", "value_key"]


def value_key(value: Value) -> tuple[str, object]:
    """A key that is equal exactly for values the graph calls equal: 1 equals 1.0, but neither ``True`` nor ``"1"``.

    Aware datetimes are equal when they name the same instant; a naive one never equals an aware one.
    """
    match value:
        case bool():
            return ("b", value)
        case str():
            return ("s", value)
        case int() | float() | Decimal():
            return ("n", value)
        case datetime():
            return ("z", value.astimezone(UTC)) if value.tzinfo else ("l", value)
        case date():
            return ("d", value)
        case time():
            return ("t", value.isoformat())
    raise TypeError(f"not a property value: {type(value).__name__}")


def equal_values(left: Value, right: Value) -> bool:
    """Whether the graph calls two values equal (see :func:`value_key`)."""
    return value_key(left) == value_key(right)


def value_hash(value: Value) -> int:
    """A signed 64-bit hash, the same in every process and release; equal values have equal hashes."""
    match value:
        case str():
            text = "s" + value
        case bool():
            text = "b1" if value else "b0"
        case int():
            text = _number(value)
        case float():
            text = _number(int(value) if value.is_integer() else value)
        case Decimal():
            finite = value.is_finite()
            text = _number(int(value) if finite and value == value.to_integral_value() else float(value))
        case datetime():
            text = "z" + value.astimezone(UTC).isoformat() if value.tzinfo else "l" + value.isoformat()
        case date():
            text = "d" + value.isoformat()
        case time():
            text = "t" + value.isoformat()
        case _:
            raise TypeError(f"not a property value: {type(value).__name__}")
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _number(value: int | float) -> str:
    # Beyond 2**53 a float stands for many integers, yet equals one of them exactly, which int() yields.
    return f"n{value!r}" if isinstance(value, float) else f"n{value}"


def clean_text(text: str) -> str:
    """The text without what no database stores: NUL and lone surrogates become U+FFFD, so offsets stay right."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def clean_value(value: Value) -> Value:
    """A value with :func:`clean_text` applied where it is text."""
    return clean_text(value) if isinstance(value, str) else value
