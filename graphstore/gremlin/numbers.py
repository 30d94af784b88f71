"""Gremlin's number types on top of Python's, and arithmetic with TinkerPop's promotion rules (NumberHelper).

A plain ``int`` stands for Int32, Int64 or BigInteger by its size, a plain ``float`` for Double, ``Decimal`` for
BigDecimal. The subclasses carry the types that Python does not tell apart.
"""

from collections.abc import Callable
from decimal import Decimal, Overflow, localcontext
from typing import Any

from bifrost.errors import QueryError

__all__ = [
    "MOST_BITS",
    "BigInteger",
    "Byte",
    "Char",
    "Float",
    "Long",
    "Short",
    "add",
    "common",
    "counted",
    "divide",
    "is_number",
    "multiply",
    "number_type",
    "subtract",
    "to_type",
]


class Byte(int):
    """Int8."""


class Short(int):
    """Int16."""


class Long(int):
    """Int64."""


class BigInteger(int):
    """An integer of any size that is to stay one."""


class Float(float):
    """Float32; kept with the precision it came with."""


class Char(str):
    """A single character."""


MOST_BITS = 100_000
"""Of a BigInteger. Making a decimal of it takes the square of that."""
_PLACES = 10_000
_INTEGERS = ("BYTE", "SHORT", "INT", "LONG", "BIGINT")
_RANK = {name: rank for rank, name in enumerate((*_INTEGERS, "FLOAT", "DOUBLE", "BIGDECIMAL"))}
_LIMITS = {"BYTE": 2**7, "SHORT": 2**15, "INT": 2**31, "LONG": 2**63}
_EXACT: dict[type, str] = {
    Byte: "BYTE",
    Short: "SHORT",
    Long: "LONG",
    BigInteger: "BIGINT",
    Float: "FLOAT",
    float: "DOUBLE",
    Decimal: "BIGDECIMAL",
}


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def number_type(value: Any) -> str:
    """The GType name of a number."""
    kind = type(value)
    if kind is int:
        return "INT" if -(2**31) <= value < 2**31 else "LONG" if -(2**63) <= value < 2**63 else "BIGINT"
    name = _EXACT.get(kind)
    return name if name is not None else "INT" if isinstance(value, int) else "DOUBLE"


def counted(number: int) -> int:
    """A count as a number of 64 bits, or of any length where there are more."""
    return Long(number) if number < 2**63 else BigInteger(number)


def wrap(value: Any, kind: str) -> Any:
    """A number as the given type; the caller has checked its range."""
    match kind:
        case "INT":
            return int(value)
        case "LONG":
            return Long(value)
        case "BYTE":
            return Byte(value)
        case "SHORT":
            return Short(value)
        case "BIGINT":
            if value.bit_length() > MOST_BITS:
                raise QueryError("BigInteger would overflow supported range", remedy="Compute with doubles.")
            return BigInteger(value)
        case "FLOAT":
            return Float(value)
        case "DOUBLE":
            return float(value)
        case _:
            return value if isinstance(value, Decimal) else Decimal(str(value))


def _integer(value: int, kind: str) -> Any:
    """Promotes an overflowing integer to the next larger type; Int64 never grows by itself."""
    while kind != "BIGINT":
        limit = _LIMITS[kind]
        if -limit <= value < limit:
            break
        if kind == "LONG":
            raise QueryError("long overflow", remedy="Use a BigInteger (suffix n) or a double (suffix d).")
        kind = _INTEGERS[_INTEGERS.index(kind) + 1]
    return wrap(value, kind)


def _common(left: Any, right: Any) -> str:
    a, b = number_type(left), number_type(right)
    if a == b:
        return a
    high, low = (a, b) if _RANK[a] >= _RANK[b] else (b, a)
    if high == "FLOAT" and low in ("INT", "LONG"):
        return "DOUBLE"
    if low == "BIGINT" and high in ("FLOAT", "DOUBLE"):
        return "BIGDECIMAL"
    return high


def common(chosen: Any, left: Any, right: Any) -> Any:
    """One of two numbers, in the type that both fit into; anything else as it is."""
    if not (is_number(left) and is_number(right)):
        return chosen
    kind = _common(left, right)
    return chosen if number_type(chosen) == kind else wrap(_decimal(chosen) if kind == "BIGDECIMAL" else chosen, kind)


def _apply(left: Any, right: Any, integers: Callable[[int, int], int], others: Callable[[Any, Any], Any]) -> Any:
    if type(left) is float and type(right) is float:
        return others(left, right)
    kind = _common(left, right)
    if kind in _INTEGERS:
        return _integer(integers(int(left), int(right)), kind)
    if kind == "BIGDECIMAL":
        with localcontext() as context:
            context.prec, context.Emax, context.Emin = 60, _PLACES, -_PLACES
            try:
                return others(_decimal(left), _decimal(right))
            except Overflow:
                raise QueryError(
                    f"A BigDecimal of more than {_PLACES:,} digits", remedy="Compute with doubles."
                ) from None
    return wrap(others(float(left), float(right)), kind)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return Decimal(int(value)) if isinstance(value, int) else Decimal(repr(float(value)))


def _numbers(left: Any, right: Any) -> None:
    for value in (left, right):
        if not is_number(value):
            raise QueryError(
                f"{type(value).__name__} cannot be cast to Number: {value!r}",
                remedy="Filter with is(typeOf(GType.NUMBER)) or convert with asNumber() first.",
            )


def add(left: Any, right: Any) -> Any:
    """The sum; null counts as nothing."""
    if left is None or right is None:
        return right if left is None else left
    _numbers(left, right)
    return _apply(left, right, lambda a, b: a + b, lambda a, b: a + b)


def subtract(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return right if left is None else left
    _numbers(left, right)
    return _apply(left, right, lambda a, b: a - b, lambda a, b: a - b)


def multiply(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return right if left is None else left
    _numbers(left, right)
    return _apply(left, right, lambda a, b: a * b, lambda a, b: a * b)


def divide(left: Any, right: Any, *, floating: bool = False) -> Any:
    """Integer division truncates towards zero, as in Java; ``floating`` makes it a Double where both are integers."""
    if left is None or right is None:
        return right if left is None else left
    _numbers(left, right)
    if floating and _common(left, right) in _INTEGERS:
        if _common(left, right) == "BIGINT":
            left = _decimal(left)
        else:
            left, right = float(left), float(right)
    if right == 0:
        if _common(left, right) in (*_INTEGERS, "BIGDECIMAL"):
            raise QueryError("/ by zero", remedy="Filter out zero divisors first.")
        return float("nan") if left == 0 or left != left else float("inf") if left > 0 else float("-inf")
    return _apply(left, right, lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1), lambda a, b: a / b)


def to_type(value: Any, kind: str) -> Any:
    """``asNumber(GType)``: truncates decimals, raises on overflow."""
    if kind in _INTEGERS:
        if isinstance(value, float) and value - value != 0:
            raise QueryError(f"Can't convert {value} to {kind}.", remedy="Filter out NaN and Infinity first.")
        whole = int(value)
        limit = _LIMITS.get(kind)
        if limit is not None and not -limit <= whole < limit:
            raise QueryError(
                f"Can't convert number of type {JAVA_NAMES[number_type(value)]} to {JAVA_NAMES[kind]} due to overflow.",
                remedy="Convert to a larger type.",
            )
        return wrap(whole, kind)
    return wrap(_decimal(value) if kind == "BIGDECIMAL" else value, kind)


JAVA_NAMES = {
    "BYTE": "Byte",
    "SHORT": "Short",
    "INT": "Integer",
    "LONG": "Long",
    "BIGINT": "BigInteger",
    "FLOAT": "Float",
    "DOUBLE": "Double",
    "BIGDECIMAL": "BigDecimal",
}
