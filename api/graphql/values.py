"""Property values between the graph and GraphQL's JSON.

Dates are ISO strings, decimals are numbers; integers that a JavaScript client would round (beyond 2^53) are strings.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bifrost.errors import InputError
from bifrost.graph import PropertyFilter
from bifrost.values import Value
from graphstore.values import exact_decimal

__all__ = ["from_json", "json_properties", "json_value", "make_filter", "properties_from_json"]

_SAFE = 2**53
OPERATORS = frozenset({"eq", "neq", "lt", "lte", "gt", "gte", "contains", "starts_with", "in", "exists"})
_MOST_VALUES = 1000
_MOST_PROPERTIES = 1000


def json_value(value: Value) -> Any:
    match value:
        case bool() | str():
            return value
        case int():
            return value if -_SAFE <= value <= _SAFE else str(value)
        case float():
            return value if value - value == 0 else None
        case Decimal():
            return float(value) if value.is_finite() else None
        case _:
            return value.isoformat()


def json_properties(properties: Mapping[str, Sequence[Value]]) -> dict[str, list[Any]]:
    return {name: [json_value(value) for value in values] for name, values in properties.items()}


def properties_from_json(data: Any) -> dict[str, tuple[Value, ...]]:
    """``{"name": "Ann", "tags": ["a", "b"]}`` as multi-valued properties. Raises InputError."""
    if data is None:
        return {}
    if not isinstance(data, dict) or len(data) > _MOST_PROPERTIES:
        raise InputError("Properties are an object of names and values.")
    result: dict[str, tuple[Value, ...]] = {}
    for name, given in data.items():
        values = given if isinstance(given, list) else [given]
        if not name or any(not isinstance(value, str | int | float | bool) for value in values):
            raise InputError(f"The property {name!r} must be a text, number, boolean, or a list of these.")
        result[name] = tuple(dict.fromkeys(values))
    return result


def from_json(value: Any, type_: str) -> Value:
    """A JSON value as the property type (text, integer, number, boolean, date, datetime, time). Raises InputError."""
    try:
        match type_:
            case "integer" if not isinstance(value, bool):
                return int(value) if not isinstance(value, float) or value.is_integer() else value
            case "number" if not isinstance(value, bool):
                return exact_decimal(value) if isinstance(value, str) else value
            case "boolean" if isinstance(value, bool):
                return value
            case "date":
                return date.fromisoformat(value)
            case "datetime":
                return datetime.fromisoformat(value)
            case "time":
                return time.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"{value!r} is not a value of type {type_}.") from None
    if isinstance(value, str | int | float | bool):
        return value
    raise InputError(f"{value!r} is not a value to compare with.")


def make_filter(name: str, op: str, value: Any, type_: str = "text") -> PropertyFilter:
    """A filter of the graph view from one of a client. Raises InputError."""
    if op not in OPERATORS:
        raise InputError(f"There is no operator {op!r}; there are: {', '.join(sorted(OPERATORS))}.")
    if op == "exists":
        return PropertyFilter(name, op, value is None or bool(value))
    if op == "in":
        if not isinstance(value, list) or len(value) > _MOST_VALUES:
            raise InputError(f"The operator 'in' takes a list of at most {_MOST_VALUES} values.")
        return PropertyFilter(name, op, tuple(from_json(item, type_) for item in value))
    if value is None:
        raise InputError(
            f"The operator {op!r} takes a value.", remedy="Use the operator exists to look for missing values."
        )
    return PropertyFilter(name, op, from_json(value, "text" if op in ("contains", "starts_with") else type_))
