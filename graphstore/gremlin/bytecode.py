"""From what clients send (bytecode, in whatever serialization) to the traversal tree."""

from collections.abc import Iterable, Sequence
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.tree import (
    ENUMS,
    Cardinality,
    CardinalityValue,
    GremlinEnum,
    Instruction,
    P,
    Strategy,
    Traversal,
    make_predicate,
)

__all__ = ["Binding", "ClassName", "make_enum", "make_p", "make_strategy", "make_traversal"]


class ClassName(str):
    """A Java class sent by name; only strategies are, and only by withoutStrategies()."""


class Binding:
    """A bound value: its name does not matter to us."""

    __slots__ = ("key", "value")

    def __init__(self, key: str, value: Any) -> None:
        self.key, self.value = key, value


_ALIASES = {
    "none_": "none", "any_": "any", "list_": "list", "set_": "set", "global_": "global", "id_": "id", "all_": "all",
    "sum_": "sum", "min_": "min", "max_": "max", "and_": "and", "or_": "or", "onCreate_": "onCreate",
}  # fmt: skip


def make_enum(kind: str, name: str) -> GremlinEnum:
    """A Gremlin enum value. Raises QueryError for one that does not exist."""
    kind = {"Barrier": "Barrier", "SackFunctions$Barrier": "Barrier", "VertexProperty$Cardinality": "Cardinality"}.get(
        kind, kind
    )
    try:
        return ENUMS[kind](_ALIASES.get(name, name))
    except (KeyError, ValueError):
        raise QueryError(f"{kind} has no value {name!r}.", remedy="Use an enum value of TinkerPop 3.8.") from None


def make_p(op: str, args: Sequence[Any]) -> P:
    """A predicate from its name and values; a list given to a single-valued predicate stays one value."""
    values = tuple(args)
    if op in ("within", "without", "between", "inside", "outside", "and", "or"):
        return make_predicate(op, values)
    return P(op, values if len(values) == 1 else (list(values),))


def make_strategy(class_name: str, configuration: dict[Any, Any]) -> Strategy:
    name = class_name.rsplit(".", 1)[-1].rsplit("$", 1)[-1]
    plain = {str(k): v for k, v in configuration.items()}
    plain.pop("strategy", None)
    return Strategy(name, plain)


def make_traversal(source: Iterable[Sequence[Any]], steps: Iterable[Sequence[Any]]) -> Any:
    """A traversal, or the cardinality value that clients send in the shape of one."""
    sources = tuple(_instruction(i) for i in source)
    if len(sources) == 1 and sources[0].name == "CardinalityValueTraversal":
        cardinality, value = sources[0].args
        if not isinstance(cardinality, Cardinality):
            raise QueryError("A cardinality was expected.")
        return CardinalityValue(cardinality, value)
    return Traversal(sources, tuple(_instruction(i) for i in steps))


def _instruction(parts: Sequence[Any]) -> Instruction:
    name, *args = parts
    if not isinstance(name, str):
        raise QueryError("The name of an instruction must be text.")
    plain = [arg.value if isinstance(arg, Binding) else arg for arg in args]
    if name == "withoutStrategies":
        plain = [Strategy(str(a).rsplit(".", 1)[-1]) if isinstance(a, str) else a for a in plain]
    if name in ("none",) and not plain:
        name = "discard"
    return Instruction(name, tuple(plain))
