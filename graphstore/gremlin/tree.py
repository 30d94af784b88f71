"""The wire-neutral traversal tree: what bytecode and Gremlin strings both become before anything is planned.

A :class:`Traversal` is a list of instructions. Arguments are plain values, enums of this module, :class:`P`, nested
traversals, strategies and cardinality values. Step and argument names are those of Apache TinkerPop 3.8.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

__all__ = [
    "DT",
    "ENUMS",
    "Barrier",
    "Cardinality",
    "CardinalityValue",
    "Column",
    "Direction",
    "GType",
    "Instruction",
    "Lambda",
    "Merge",
    "Operator",
    "Order",
    "P",
    "Pick",
    "Pop",
    "Scope",
    "Strategy",
    "T",
    "Traversal",
    "exact_key",
    "make_predicate",
]


class GremlinEnum(Enum):
    """A Gremlin enum: ``value`` is its name on the wire."""

    __hash__ = object.__hash__  # each member is there once; Enum would hash its name, slowly

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.value}"


class T(GremlinEnum):
    id = "id"
    label = "label"
    key = "key"
    value_ = "value"


class Direction(GremlinEnum):
    OUT = "OUT"
    IN = "IN"
    BOTH = "BOTH"


class Order(GremlinEnum):
    asc = "asc"
    desc = "desc"
    shuffle = "shuffle"


class Scope(GremlinEnum):
    global_ = "global"
    local = "local"


class Pop(GremlinEnum):
    first = "first"
    last = "last"
    all = "all"
    mixed = "mixed"


class Column(GremlinEnum):
    keys = "keys"
    values = "values"


class Operator(GremlinEnum):
    addAll = "addAll"  # noqa: N815
    and_ = "and"
    assign = "assign"
    div = "div"
    max = "max"
    min = "min"
    minus = "minus"
    mult = "mult"
    or_ = "or"
    sum = "sum"
    sumLong = "sumLong"  # noqa: N815


class Barrier(GremlinEnum):
    normSack = "normSack"  # noqa: N815


class Pick(GremlinEnum):
    any = "any"
    none = "none"
    unproductive = "unproductive"


class Merge(GremlinEnum):
    onCreate = "onCreate"  # noqa: N815
    onMatch = "onMatch"  # noqa: N815
    outV = "outV"  # noqa: N815
    inV = "inV"  # noqa: N815


class Cardinality(GremlinEnum):
    single = "single"
    list = "list"
    set = "set"


class DT(GremlinEnum):
    second = "second"
    minute = "minute"
    hour = "hour"
    day = "day"


class GType(GremlinEnum):
    """The types that ``typeOf`` and ``asNumber`` know."""

    BIGDECIMAL = "BIGDECIMAL"
    BIGINT = "BIGINT"
    BINARY = "BINARY"
    BOOLEAN = "BOOLEAN"
    BYTE = "BYTE"
    CHAR = "CHAR"
    DATETIME = "DATETIME"
    DOUBLE = "DOUBLE"
    DURATION = "DURATION"
    EDGE = "EDGE"
    FLOAT = "FLOAT"
    GRAPH = "GRAPH"
    INT = "INT"
    LIST = "LIST"
    LONG = "LONG"
    MAP = "MAP"
    NULL = "NULL"
    NUMBER = "NUMBER"
    PATH = "PATH"
    PROPERTY = "PROPERTY"
    SET = "SET"
    SHORT = "SHORT"
    STRING = "STRING"
    TREE = "TREE"
    UUID = "UUID"
    VERTEX = "VERTEX"
    VPROPERTY = "VPROPERTY"


_ALL: tuple[type[GremlinEnum], ...] = (
    T, Direction, Order, Scope, Pop, Column, Operator, Barrier, Pick, Merge, Cardinality, DT, GType,
)  # fmt: skip

ENUMS: dict[str, type[GremlinEnum]] = {cls.__name__: cls for cls in _ALL}


@dataclass(frozen=True, slots=True)
class P:
    """A predicate: ``op`` is eq, neq, lt, ..., within, and, or, not, typeOf, containing, regex, ..."""

    op: str
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(repr, self.args))})"


def make_predicate(op: str, args: tuple[Any, ...]) -> P:
    """A predicate in its one form: within and without always hold one list, also when given many values."""
    if op in ("within", "without"):
        if len(args) == 1 and isinstance(args[0], (list, tuple, set, frozenset)):
            return P(op, (list(args[0]),))
        return P(op, (list(args),))
    return P(op, args)


@dataclass(frozen=True, slots=True)
class CardinalityValue:
    """``Cardinality.set("x")`` as a value of a map given to property() or mergeV()."""

    cardinality: Cardinality
    value: Any


@dataclass(frozen=True, slots=True)
class Lambda:
    """A lambda of some script language. Carried only to be refused by name."""

    script: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A traversal strategy by its simple name, with its configuration."""

    name: str
    configuration: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One source or step instruction."""

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(_show(arg) for arg in self.args)})"


@dataclass(frozen=True, slots=True)
class Traversal:
    """A traversal; nested (anonymous) ones have no ``source``."""

    source: tuple[Instruction, ...] = ()
    steps: tuple[Instruction, ...] = ()

    def __str__(self) -> str:
        text = ".".join(map(str, (*self.source, *self.steps)))
        return text or "identity()"

    def walk(self) -> Iterator[Instruction]:
        """All instructions, those of nested traversals included."""
        for instruction in (*self.source, *self.steps):
            yield instruction
            for nested in _nested(instruction.args):
                yield from nested.walk()


def exact_key(value: Any) -> Hashable:
    """What two traversals share only if they say the same: beside being equal, with values of the same types, as ``1``,
    ``1.0`` and ``true`` are equal in Python, and one moment is in two time zones. Raises TypeError where a value is none of
    the plain ones."""
    kind = type(value)
    if kind is str or value is None or isinstance(value, GremlinEnum):
        return value  # type: ignore[no-any-return]
    if kind is tuple:
        return tuple(map(exact_key, value))
    if kind is Traversal:
        return kind, exact_key(value.source), exact_key(value.steps)
    if kind is Instruction:
        return value.name, exact_key(value.args)
    if kind is P:
        return kind, value.op, exact_key(value.args)
    if kind is CardinalityValue:
        return kind, value.cardinality, exact_key(value.value)
    if issubclass(kind, (float, Decimal, datetime)):
        return kind, repr(value)
    if issubclass(kind, (int, str, bytes, date, time, timedelta, UUID)):
        return kind, value
    raise TypeError(kind.__name__)


def _nested(values: Any) -> Iterator[Traversal]:
    if isinstance(values, Traversal):
        yield values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _nested(key)
            yield from _nested(value)
    elif isinstance(values, (list, tuple, set, frozenset)):
        for value in values:
            yield from _nested(value)
    elif isinstance(values, Strategy):
        yield from _nested(values.configuration)


def _show(arg: Any) -> str:
    return str(arg) if isinstance(arg, (Traversal, P, GremlinEnum)) else repr(arg)
