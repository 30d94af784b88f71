"""Steps over strings, and conversions to string, number and boolean. With ``local`` they work on each member of a list."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bifrost.errors import QueryError, QueryLimitError
from graphstore.gremlin.compiler import Compiler, step, text_of
from graphstore.gremlin.elements import BulkSet, Edge, Element, Path, VertexProperty
from graphstore.gremlin.numbers import BigInteger, Long, is_number, to_type
from graphstore.gremlin.plan import MapStep, Pipeline, Step, TakesBys, property_of
from graphstore.gremlin.steps.project import scope_value
from graphstore.gremlin.traverser import LONGEST_TEXT, SKIP, Context, Traverser
from graphstore.gremlin.tree import GType, Instruction, Scope, Traversal

__all__ = ["java_string", "java_type"]


def java_type(value: Any) -> str:
    """The Java class name that TinkerPop's messages use."""
    if isinstance(value, Mapping):
        return "LinkedHashMap"
    if isinstance(value, (list, tuple)):
        return "ArrayList"
    if isinstance(value, (set, frozenset)):
        return "HashSet"
    return {"str": "String", "int": "Integer", "bool": "Boolean", "float": "Double"}.get(
        type(value).__name__, type(value).__name__
    )


def java_string(value: Any) -> str:
    """A value as TinkerPop prints it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return _java_float(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{java_string(k)}={java_string(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset, BulkSet)):
        return "[" + ", ".join(map(java_string, value)) + "]"
    if isinstance(value, Path):
        return f"path{java_string(value.objects)}"
    if isinstance(value, Element) and not isinstance(value, (Edge, VertexProperty)):
        return f"v[{java_string(value.id)}]"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, Decimal)):
        return str(value)
    return repr(value) if isinstance(value, Element) else str(value)


def _java_float(value: float) -> str:
    if value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return float.__repr__(value)
    mantissa, exponent = f"{Decimal(float.__repr__(value)).normalize():E}".split("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


class TextStep(MapStep):
    """A function over strings; null stays null."""

    def __init__(self, function: Callable[[str], Any], local: bool, title: str) -> None:
        self.function, self.local, self.title = function, local, title

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if self.local and isinstance(value, (list, tuple, set, frozenset)):
            return [ctx.grown(self._one(member)) for member in value]
        return ctx.grown(self._one(value))

    def _one(self, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            what = (
                "(local) step can only take string or list of strings" if self.local else "() step can only take string"
            )
            raise QueryError(
                f"The {self.title}{what} as argument, encountered {java_type(value)}",
                remedy="Convert with asString() first, or use Scope.local for lists.",
            )
        return self.function(value)


def _scoped(args: tuple[Any, ...]) -> tuple[bool, list[Any]]:
    values = list(args)
    if values and isinstance(values[0], Scope):
        return values.pop(0) is Scope.local, values
    return False, values


_SIMPLE: dict[str, Callable[[str], Any]] = {
    "toUpper": str.upper,
    "toLower": str.lower,
    "trim": lambda s: s.strip(),
    "lTrim": lambda s: s.lstrip(),
    "rTrim": lambda s: s.rstrip(),
    "length": len,
}


@step("toUpper", "toLower", "trim", "lTrim", "rTrim", "length")
def simple(instruction: Instruction, compiler: Compiler) -> Step:
    local, _ = _scoped(instruction.args)
    return TextStep(_SIMPLE[instruction.name], local, instruction.name)


@step("substring")
def substring(instruction: Instruction, compiler: Compiler) -> Step:
    local, numbers = _scoped(instruction.args)
    start, end = int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None
    return TextStep(lambda s: s[start:end], local, "substring")


@step("replace")
def replace(instruction: Instruction, compiler: Compiler) -> Step:
    local, (old, new) = _scoped(instruction.args)
    old, new = text_of(old), text_of(new)
    return TextStep(lambda s: s if old is None or new is None else _replaced(s, old, new), local, "replace")


@step("split")
def split(instruction: Instruction, compiler: Compiler) -> Step:
    local, (separator,) = _scoped(instruction.args)
    separator = text_of(separator)
    return TextStep(lambda s: list(s) if separator == "" else s.split(separator), local, "split")


def _replaced(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * len(new) > LONGEST_TEXT:
        raise QueryLimitError("replace() would make a text that is too long.", remedy="Replace by a shorter text.")
    return text.replace(old, new)


class ReverseStep(MapStep):
    """reverse(): strings and lists; anything else stays as it is."""

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if isinstance(value, str):
            return value[::-1]
        if isinstance(value, (list, tuple, Path, BulkSet)):
            return list(value)[::-1]
        return value


@step("reverse")
def reverse(instruction: Instruction, compiler: Compiler) -> Step:
    return ReverseStep()


class ConcatStep(MapStep):
    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts

    def children(self) -> Iterable[Pipeline]:
        return [p for p in self.parts if isinstance(p, Pipeline)]

    def map(self, t: Traverser, ctx: Context) -> Any:
        parts = [t.obj, *(p.first(t, ctx) if isinstance(p, Pipeline) else p for p in self.parts)]
        texts = [p for p in parts if p is not None and p is not SKIP]
        for text in texts:
            if not isinstance(text, str):
                raise QueryError(
                    f"String concat() can only take string as argument, encountered {java_type(text)}",
                    remedy="Convert with asString() first.",
                )
        return ctx.grown("".join(texts)) if texts else None


@step("concat")
def concat(instruction: Instruction, compiler: Compiler) -> Step:
    return ConcatStep([compiler.child(a) if isinstance(a, Traversal) else a for a in instruction.args])


class AsStringStep(MapStep):
    def __init__(self, local: bool) -> None:
        self.local = local

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if self.local and isinstance(value, (list, tuple, set, frozenset)):
            return [ctx.grown(self._one(v)) for v in value]
        return ctx.grown(self._one(value))

    def _one(self, value: Any) -> str:
        if value is None:
            raise QueryError("Can't parse null as String.", remedy="Filter nulls out first.")
        return java_string(value)


@step("asString")
def as_string(instruction: Instruction, compiler: Compiler) -> Step:
    return AsStringStep(_scoped(instruction.args)[0])


_PLACE = re.compile(r"%\{(.*?)\}")


class FormatStep(TakesBys, MapStep):
    """format("%{name} is %{_}"): properties, names, and by() for each underscore."""

    def __init__(self, template: str) -> None:
        pieces = _PLACE.split(template)
        self.literals, self.names = pieces[::2], pieces[1::2]
        super().__init__()

    def map(self, t: Traverser, ctx: Context) -> Any:
        text = [self.literals[0]]
        used = 0
        for name, literal in zip(self.names, self.literals[1:], strict=True):
            if name == "_":
                value = self.bys[used % len(self.bys)].of(t, ctx) if self.bys else t.obj
                used += 1
            else:
                value = property_of(t.obj, name) if isinstance(t.obj, Element) else SKIP
                if value is SKIP:
                    value = scope_value(t, name, ctx)
            if value is SKIP:
                return SKIP
            text += [java_string(value), literal]
        return ctx.grown("".join(text))


@step("format")
def format_(instruction: Instruction, compiler: Compiler) -> Step:
    return FormatStep(str(instruction.args[0]))


class AsNumberStep(MapStep):
    def __init__(self, kind: str | None) -> None:
        self.kind = kind

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if value is None:
            return None
        number = self._number(value)
        return number if self.kind is None else to_type(number, self.kind)

    def _number(self, value: Any) -> Any:
        if is_number(value):
            return value
        if isinstance(value, datetime):
            return Long(round(value.timestamp() * 1000))
        if isinstance(value, str):
            try:
                return _parse_number(value)
            except (ValueError, InvalidOperation):
                raise QueryError(
                    f"Can't parse string '{value}' as number.", remedy="Filter with regex() first."
                ) from None
        raise QueryError(f"Can't parse type {java_type(value)} as number.", remedy="unfold() lists first.")


def _parse_number(text: str) -> Any:
    if "_" in text or "," in text or len(text) > 1000:
        raise ValueError(text)
    if text.lower().lstrip("+-").startswith("0x"):
        return int(text, 16)
    if re.fullmatch(r"[+-]?\d+", text.strip()):
        value = int(text)
        return value if -(2**31) <= value < 2**31 else Long(value) if -(2**63) <= value < 2**63 else BigInteger(value)
    if re.search("[a-zA-Z]", text.replace("e", "").replace("E", "")):
        raise ValueError(text)
    return float(text)


@step("asNumber")
def as_number(instruction: Instruction, compiler: Compiler) -> Step:
    if not instruction.args:
        return AsNumberStep(None)
    kind = instruction.args[0]
    if not isinstance(kind, GType) or str(kind.value) not in _NUMBERS:
        raise QueryError(f"asNumber() requires a numeric type, not {kind}", remedy=f"Use one of {', '.join(_NUMBERS)}.")
    return AsNumberStep(str(kind.value))


_NUMBERS = ("BYTE", "SHORT", "INT", "LONG", "BIGINT", "FLOAT", "DOUBLE", "BIGDECIMAL")


class AsBoolStep(MapStep):
    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if isinstance(value, bool):
            return value
        if is_number(value):
            return value == value and value != 0
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        what = "null" if value is None else f"'{value}'" if isinstance(value, str) else f"type {java_type(value)}"
        raise QueryError(
            f"Can't parse {what} as Boolean.", remedy="Only booleans, numbers, 'true' and 'false' convert."
        )


@step("asBool")
def as_bool(instruction: Instruction, compiler: Compiler) -> Step:
    return AsBoolStep()
