"""Property types as GraphQL scalars, the filters on them, and their values."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    ValueNode,
)

from api.graphql.values import json_value, make_filter
from bifrost.errors import InputError
from bifrost.graph import PropertyFilter
from bifrost.values import Value

__all__ = ["CONVERTERS", "FILTERS", "SCALARS", "property_filters"]

_SAFE = 2**53
_LONGEST_PLAIN = 40
"""Longer texts are no numbers, dates or times."""


def _parse_long(value: Any) -> int:
    is_broken = isinstance(value, float) and not value.is_integer()
    if isinstance(value, bool) or is_broken or not isinstance(value, int | str | float):
        raise GraphQLError(f"Long cannot represent {value!r}.")
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise GraphQLError(f"Long cannot represent {value!r}.") from None


def _literal(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    def parse_literal(node: ValueNode, _: Any = None) -> Any:
        if isinstance(node, IntValueNode | StringValueNode):
            return parse(node.value)
        raise GraphQLError("Unexpected literal.", node)

    return parse_literal


def _parse_date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"Date cannot represent {value!r}.") from None


def _parse_moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"Moment cannot represent {value!r}.") from None


LONG = GraphQLScalarType(
    "Long",
    description="A whole number of any size; beyond 2^53 it is written as a text.",
    parse_value=_parse_long,
    parse_literal=_literal(_parse_long),
)
DATE = GraphQLScalarType(
    "Date", description="A day, as ISO 8601.", parse_value=_parse_date, parse_literal=_literal(_parse_date)
)
MOMENT = GraphQLScalarType(
    "Moment",
    description="A date and time as its source gives it, as ISO 8601, with or without a zone.",
    parse_value=_parse_moment,
    parse_literal=_literal(_parse_moment),
)

SCALARS: Mapping[str, GraphQLScalarType] = {
    "text": GraphQLString,
    "integer": LONG,
    "number": GraphQLFloat,
    "boolean": GraphQLBoolean,
    "date": DATE,
    "datetime": MOMENT,
    "time": GraphQLString,
}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else str(json_value(value))


def _whole(value: Value) -> int | str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_SAFE <= value <= _SAFE else str(value)


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if number - number == 0 else None


def _boolean(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: Value) -> str | None:
    return value.isoformat() if isinstance(value, date) else None


CONVERTERS: Mapping[str, Callable[[Value], Any]] = {
    "text": _text,
    "integer": _whole,
    "number": _number,
    "boolean": _boolean,
    "date": _moment,
    "datetime": _moment,
    "time": _text,
}
"""What a property's first value is in an answer; null for a value that came in after the type was determined."""


_OPERATORS = {
    "text": ("eq", "neq", "contains", "startsWith", "in", "lt", "lte", "gt", "gte"),
    "boolean": ("eq", "neq"),
}
_ORDERED = ("eq", "neq", "in", "lt", "lte", "gt", "gte")
_NAMES = {"startsWith": "starts_with"}


def _filter(name: str, type_: str) -> GraphQLInputObjectType:
    scalar = SCALARS[type_]
    fields = {
        operator: GraphQLInputField(GraphQLList(GraphQLNonNull(scalar)) if operator == "in" else scalar)
        for operator in _OPERATORS.get(type_, _ORDERED)
    }
    fields["exists"] = GraphQLInputField(GraphQLBoolean, description="Whether there is any value.")
    return GraphQLInputObjectType(name, fields, description="All given conditions must hold.")


FILTERS: Mapping[str, GraphQLInputObjectType] = {
    "text": _filter("TextFilter", "text"),
    "integer": _filter("LongFilter", "integer"),
    "number": _filter("FloatFilter", "number"),
    "boolean": _filter("BooleanFilter", "boolean"),
    "date": _filter("DateFilter", "date"),
    "datetime": _filter("MomentFilter", "datetime"),
    "time": _filter("TimeFilter", "time"),
}


def property_filters(
    given: Mapping[str, Mapping[str, Any] | None], names: Mapping[str, str], types: Mapping[str, str]
) -> tuple[PropertyFilter, ...]:
    """``{"companyName": {"startsWith": "A"}}`` as filters of the view; ``names`` maps fields to properties."""
    found = []
    for field, conditions in given.items():
        name = names[field]
        for operator, value in (conditions or {}).items():
            if value is None:
                raise InputError(f"The condition {field}.{operator} has no value.", remedy="Use exists: false.")
            if isinstance(value, date):
                found.append(PropertyFilter(name, operator, value))
            elif operator == "in" and value and isinstance(value[0], date):
                found.append(PropertyFilter(name, operator, tuple(value)))
            else:
                made = make_filter(name, _NAMES.get(operator, operator), value, types[name])
                found.append(_as_shown(made) if types[name] == "text" else made)
    return tuple(found)


def _as_shown(filter: PropertyFilter) -> PropertyFilter:
    """A filter of texts that finds the other values, too, that are shown as these texts."""
    if filter.op not in ("eq", "in"):
        return filter
    given = filter.value if isinstance(filter.value, tuple) else (filter.value,)
    shown = tuple(value for text in given if isinstance(text, str) for value in _shown_as(text))
    return filter if len(shown) == len(given) else PropertyFilter(filter.name, "in", shown)


def _shown_as(text: str) -> list[Value]:
    """The values that are shown as a text: a property with values of several types is text."""
    found: list[Value] = [text]
    readers: tuple[Callable[[str], Value], ...] = (
        int, float, _boolean_of, date.fromisoformat, datetime.fromisoformat, time.fromisoformat,
    )  # fmt: skip
    for read in readers if len(text) < _LONGEST_PLAIN else ():
        try:
            value = read(text)
        except ValueError:
            continue
        if _text(value) == text:
            found.append(value)
    return found


def _boolean_of(text: str) -> bool:
    if text not in ("True", "False", "true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
