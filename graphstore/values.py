"""Property values as the store keys and compares them: hashes for equality look-ups, text that every database takes."""

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from hashlib import blake2b

from bifrost.values import Value

__all__ = ["clean_text", "clean_value", "equal_values", "exact_decimal", "value_hash", "value_key"]

_DIGITS = 4_300
"""Numbers of more digits are not written out: that takes the square of their length (CVE-2020-10735)."""
_LONG = 10**_DIGITS
_PLACES = 10_000


def exact_decimal(text: str) -> Decimal:
    """The number that a client or a file wrote, of at most 10,000 places before or after the point: a few characters,
    such as ``1E+999999999``, would else take gigabytes as soon as it is written out. Raises ValueError."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no number") from None
    if value.is_finite() and abs(value.adjusted()) > _PLACES:
        raise ValueError(f"{text[:40]!r} has more than {_PLACES:,} places")
    return value


def value_key(value: Value) -> tuple[str, object]:
    """A key that is equal exactly for values the graph calls equal: 1 equals 1.0, but neither ``True`` nor ``"1"``.

    Aware datetimes are equal when they name the same instant; a naive one never equals an aware one. NaN, which no number
    equals, is one value here, so that it can be said twice and traced.
    """
    match value:
        case bool():
            return ("b", value)
        case str():
            return ("s", value)
        case float() | Decimal() if value != value:
            return ("n", "NaN")
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
            text = _number(int(value) if _is_whole(value) else float(value)) if _is_short(value) else _long(value)
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
    if isinstance(value, float):
        return f"n{value!r}"
    return f"n{value}" if -_LONG < value < _LONG else _long(value)


def _is_short(value: Decimal) -> bool:
    return not value.is_finite() or value.adjusted() < _DIGITS


def _is_whole(value: Decimal) -> bool:
    return value.is_finite() and value == value.to_integral_value()


def _long(value: int | Decimal) -> str:
    # 1E+1000000 is short as a decimal; its digits would take minutes. Python's hash of a number is the same for all its
    # types, in every process.
    return f"n#{hash(value)}"


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
