"""Gremlin texts as the bytecode that a client would have made of them, for clients whose requests are bytecode.

``translation_file`` writes them as the runner of TinkerPop's suite reads them.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gremlin_python import statics
from gremlin_python.process import traversal as gp
from gremlin_python.process.graph_traversal import GraphTraversal

from graphstore.gremlin.numbers import BigInteger, Byte, Char, Float, Long, Short
from graphstore.gremlin.parser import parse
from graphstore.gremlin.tree import CardinalityValue, GremlinEnum, Instruction, P, Strategy, Traversal

__all__ = ["bytecode", "traversal"]

_TEXT = frozenset(
    [
        "containing",
        "notContaining",
        "startingWith",
        "notStartingWith",
        "endingWith",
        "notEndingWith",
        "regex",
        "notRegex",
    ]
)
_PLAIN: dict[type, Callable[[Any], Any]] = {
    Long: statics.long,
    BigInteger: statics.bigint,
    Short: statics.short,
    Byte: statics.SingleByte,
    Float: lambda value: statics.FloatType(value),
    Char: statics.SingleChar,
    Decimal: lambda value: statics.bigdecimal(value),
}


def traversal(g: Any, text: str, parameters: dict[str, Any]) -> Any:
    """A traversal of a client out of a query as text, with the parameters put in as they are."""
    tree = parse(text, parameters)
    assert isinstance(tree, Traversal)
    made = gp.Bytecode(g.bytecode)
    _fill(made, tree)
    return GraphTraversal(g.graph, g.traversal_strategies, made)


def bytecode(tree: Traversal) -> Any:
    made = gp.Bytecode()
    _fill(made, tree)
    return made


def _fill(made: Any, tree: Traversal) -> None:
    for instruction in tree.source:
        made.add_source(instruction.name, *_arguments(instruction))
    for instruction in tree.steps:
        made.add_step(instruction.name, *_arguments(instruction))


def _arguments(instruction: Instruction) -> list[Any]:
    if instruction.name == "withoutStrategies":
        return [statics.GremlinType(f"x.{arg.name}") for arg in instruction.args]
    return [_value(arg) for arg in instruction.args]


def _value(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return _PLAIN[kind](value)
    if isinstance(value, GremlinEnum):
        return _enum(value)
    if isinstance(value, P):
        return _predicate(value)
    if isinstance(value, Traversal):
        return bytecode(value)
    if isinstance(value, Strategy):
        configuration = {key: _value(one) for key, one in value.configuration.items()}
        return gp.TraversalStrategy(value.name, configuration=configuration, fqcn=f"x.{value.name}")
    if isinstance(value, CardinalityValue):
        return gp.CardinalityValue(_enum(value.cardinality), _value(value.value))
    if isinstance(value, dict):
        return {_value(key): _value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_value(one) for one in value]
    if isinstance(value, set | frozenset):
        return {_value(one) for one in value}
    return value


def _enum(value: GremlinEnum) -> Any:
    names = getattr(gp, type(value).__name__)
    plain = str(value.value)
    for name in (plain, f"{plain}_", re.sub("([A-Z])", lambda m: f"_{m[1].lower()}", plain)):
        if name in names.__members__:
            return names[name]
    raise ValueError(f"the client has no {value!r}")


def _predicate(value: P) -> Any:
    if value.op in ("and", "or"):
        first, *rest = (_predicate(one) for one in value.args)
        for one in rest:
            first = first.and_(one) if value.op == "and" else first.or_(one)
        return first
    if value.op == "not":
        return gp.P.not_(_predicate(value.args[0]))
    args = [_value(one) for one in value.args]
    if value.op in ("within", "without"):
        listed = args[0] if len(args) == 1 and isinstance(args[0], list | set) else args
        return gp.P(value.op, list(listed))
    if value.op in ("between", "inside", "outside"):
        return gp.P(value.op, *args)
    return (gp.TextP if value.op in _TEXT else gp.P)(value.op, *args)


_NAME = re.compile(r"[A-Za-z_]\w*")


def translation_file(scenarios: dict[str, list[str]], parameters: dict[str, list[str]]) -> str:
    """The text of a Python file as the suite's runner reads it: scenario name -> its traversals."""
    lines = ["from radish import world", "from tests.api.gremlin.as_bytecode import traversal", "world.gremlins = {"]
    for name, texts in scenarios.items():
        names = [p for p in parameters.get(name, ()) if _NAME.fullmatch(p)]
        heads = "".join(f", {p}=None" for p in names)
        given = "{" + ", ".join(f"{p!r}: {p}" for p in names) + "}"
        made = ", ".join(f"(lambda g{heads}: traversal(g, {text!r}, {given}))" for text in texts)
        lines.append(f"    {name!r}: [{made}],")
    return "\n".join([*lines, "}"]) + "\n"
