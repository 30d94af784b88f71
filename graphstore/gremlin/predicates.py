"""P and TextP compiled to Python functions over values. What cannot be compared does not hold (TinkerPop 3.8)."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from operator import contains
from typing import Any

import regex

from bifrost.errors import QueryError, QueryLimitError
from graphstore.gremlin.elements import BulkSet, Edge, Path, Property, SubGraph, Tree, Vertex, VertexProperty
from graphstore.gremlin.numbers import Char, is_number, number_type
from graphstore.gremlin.ordering import Incomparable, compare, dedup_key, equal
from graphstore.gremlin.tree import GType, P

__all__ = ["Test", "compile_predicate", "type_test"]

Test = Callable[[Any], bool]


def compile_predicate(predicate: P) -> Test:
    """A function that says whether a value passes. Raises QueryError for a predicate that cannot be."""
    maker = _MAKERS.get(predicate.op)
    if maker is None:
        raise QueryError(
            f"The predicate {predicate.op!r} is not known.", remedy=f"Known are: {', '.join(sorted(_MAKERS))}."
        )
    try:
        return maker(*predicate.args)
    except TypeError as error:
        raise QueryError(
            f"The predicate {predicate.op} cannot take {len(predicate.args)} arguments: {error}"
        ) from error


def _eq(*wanted: Any) -> Test:
    target = wanted[0] if len(wanted) == 1 else list(wanted)
    if type(target) is str:
        return lambda value: value == target
    return lambda value: equal(value, target)


def _neq(*wanted: Any) -> Test:
    target = wanted[0] if len(wanted) == 1 else list(wanted)
    return lambda value: not equal(value, target)


def _relation(holds: Callable[[int], bool]) -> Callable[[Any], Test]:
    def make(target: Any) -> Test:
        def test(value: Any) -> bool:
            try:
                return holds(compare(value, target))
            except Incomparable:
                return False

        return test

    return make


def _both(
    first: Callable[[Any], Test], second: Callable[[Any], Test], *, either: bool = False
) -> Callable[[Any, Any], Test]:
    def make(low: Any, high: Any) -> Test:
        return (_or if either else _and_tests)(first(low), second(high))

    return make


def _and_tests(*tests: Test) -> Test:
    return lambda value: all(test(value) for test in tests)


def _or(*tests: Test) -> Test:
    return lambda value: any(test(value) for test in tests)


def _not(*args: Any) -> Test:
    inner = compile_predicate(args[0]) if isinstance(args[0], P) else _eq(*args)
    return lambda value: not inner(value)


def _connective(combine: Callable[..., Test]) -> Callable[..., Test]:
    def make(*predicates: P) -> Test:
        return combine(*(compile_predicate(p) for p in predicates))

    return make


def _members(values: Any) -> tuple[frozenset[Any], bool]:
    values = list(values)
    return frozenset(dedup_key(v) for v in values), any(isinstance(v, float) and v != v for v in values)


def _within(*args: Any) -> Test:
    values = args[0] if len(args) == 1 and isinstance(args[0], (list, tuple, set, frozenset)) else args
    members, _ = _members(values)

    def test(value: Any) -> bool:
        return value == value and dedup_key(value) in members

    return test


def _without(*args: Any) -> Test:
    inside = _within(*args)
    return lambda value: not inside(value)


def _text(name: str, check: Callable[[str, str], bool], *, negate: bool = False) -> Callable[[Any], Test]:
    def make(target: Any) -> Test:
        if not isinstance(target, str):
            return lambda value: negate

        def test(value: Any) -> bool:
            return (isinstance(value, str) and check(value, target)) is not negate

        return test

    return make


_PATTERN_SECONDS = 1.0
"""What one match may take: patterns such as (a|a)+$ take exponential time on some texts."""


def _regex(*, negate: bool = False) -> Callable[[str], Test]:
    def make(pattern: str) -> Test:
        if len(pattern) > 1000:
            raise QueryError("A regular expression of more than 1000 characters.", remedy="Use a shorter pattern.")
        try:
            find = regex.compile(pattern).search
        except (regex.error, RecursionError) as error:
            raise QueryError(f"Not a regular expression: {error}", remedy="Correct the pattern.") from error

        def test(value: Any) -> bool:
            if not isinstance(value, str):
                return negate
            try:
                return (find(value, timeout=_PATTERN_SECONDS) is not None) is not negate
            except TimeoutError:
                raise QueryLimitError(
                    "The regular expression takes too long on one of the texts.",
                    remedy="Avoid nested and overlapping repetition such as (a+)+ or (a|a)+.",
                ) from None

        return test

    return make


_TYPES: dict[str, Callable[[Any], bool]] = {
    "STRING": lambda v: isinstance(v, str) and not isinstance(v, Char),
    "CHAR": lambda v: isinstance(v, Char),
    "BOOLEAN": lambda v: isinstance(v, bool),
    "NULL": lambda v: v is None,
    "NUMBER": is_number,
    "UUID": lambda v: isinstance(v, uuid.UUID),
    "DATETIME": lambda v: isinstance(v, datetime) or type(v) is date,
    "DURATION": lambda v: isinstance(v, timedelta),
    "BINARY": lambda v: isinstance(v, (bytes, bytearray)),
    "LIST": lambda v: isinstance(v, (list, tuple)) and not isinstance(v, BulkSet),
    "SET": lambda v: isinstance(v, (set, frozenset, BulkSet)),
    "MAP": lambda v: isinstance(v, Mapping) and not isinstance(v, Tree),
    "VERTEX": lambda v: isinstance(v, Vertex),
    "EDGE": lambda v: isinstance(v, Edge),
    "VPROPERTY": lambda v: isinstance(v, VertexProperty),
    "PROPERTY": lambda v: isinstance(v, (Property, VertexProperty)),
    "PATH": lambda v: isinstance(v, Path),
    "TREE": lambda v: isinstance(v, Tree),
    "GRAPH": lambda v: isinstance(v, SubGraph),
}
_CLASS_NAMES = {
    "String": "STRING",
    "Integer": "INT",
    "Long": "LONG",
    "Double": "DOUBLE",
    "Float": "FLOAT",
    "Short": "SHORT",
    "Byte": "BYTE",
    "BigDecimal": "BIGDECIMAL",
    "BigInteger": "BIGINT",
    "Boolean": "BOOLEAN",
    "Character": "CHAR",
    "Number": "NUMBER",
    "OffsetDateTime": "DATETIME",
    "Duration": "DURATION",
    "List": "LIST",
    "Set": "SET",
    "Map": "MAP",
    "Vertex": "VERTEX",
    "Edge": "EDGE",
    "VertexProperty": "VPROPERTY",
    "Property": "PROPERTY",
    "Path": "PATH",
    "Tree": "TREE",
    "Graph": "GRAPH",
    "UUID": "UUID",
}


def type_test(kind: Any) -> Test:
    """``typeOf``: a GType, or the simple name of a type as text."""
    name = str(kind.value) if isinstance(kind, GType) else _CLASS_NAMES.get(str(kind))
    if name is None:
        raise QueryError(
            f"{kind} is not a registered type", remedy=f"Use a GType or one of: {', '.join(sorted(_CLASS_NAMES))}."
        )
    check = _TYPES.get(name)
    if check is not None:
        return check
    return lambda value: is_number(value) and number_type(value) == name


_gt, _gte = _relation(lambda c: c > 0), _relation(lambda c: c >= 0)
_lt, _lte = _relation(lambda c: c < 0), _relation(lambda c: c <= 0)

_MAKERS: dict[str, Callable[..., Test]] = {
    "eq": _eq,
    "neq": _neq,
    "gt": _gt,
    "gte": _gte,
    "lt": _lt,
    "lte": _lte,
    "between": _both(_gte, _lt),
    "inside": _both(_gt, _lt),
    "outside": _both(_lt, _gt, either=True),
    "within": _within,
    "without": _without,
    "and": _connective(_and_tests),
    "or": _connective(_or),
    "not": _not,
    "typeOf": type_test,
    "containing": _text("containing", contains),
    "notContaining": _text("notContaining", contains, negate=True),
    "startingWith": _text("startingWith", str.startswith),
    "notStartingWith": _text("notStartingWith", str.startswith, negate=True),
    "endingWith": _text("endingWith", str.endswith),
    "notEndingWith": _text("notEndingWith", str.endswith, negate=True),
    "regex": _regex(),
    "notRegex": _regex(negate=True),
}
