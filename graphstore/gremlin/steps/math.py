"""math("a + b * _"): arithmetic over names; parsed by a small recursive-descent parser, nothing is evaluated."""

import math as m
import re
from collections.abc import Callable, Iterator
from typing import Any

from bifrost.errors import QueryError, QuerySyntaxError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.numbers import is_number
from graphstore.gremlin.plan import MapStep, Step, TakesBys
from graphstore.gremlin.steps.project import scope_value
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction

__all__ = ["MathStep", "parse_formula"]

Formula = Callable[[dict[str, float]], float]


def _as_java(function: Callable[[float], float]) -> Callable[[float], float]:
    """The function with infinities and NaN where Java has them and Python raises."""

    def computed(x: float) -> float:
        try:
            return float(function(x))
        except OverflowError:
            return m.copysign(m.inf, x) if function in (m.sinh, m.ceil, m.floor) else m.inf
        except ValueError:
            return -m.inf if x == _POLES.get(function) else m.nan

    return computed


_POLES: dict[Any, float] = {m.log: 0.0, m.log10: 0.0, m.log2: 0.0, m.log1p: -1.0}
"""Where functions are minus infinity."""


def _power(a: float, b: float) -> float:
    """Java's pow: no errors."""
    odd = b % 2 == 1
    try:
        return m.pow(a, b)
    except OverflowError:
        return -m.inf if a < 0 and odd else m.inf
    except ValueError:
        return m.nan if a else m.copysign(m.inf, a) if odd else m.inf


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": m.acos,
    "asin": m.asin,
    "atan": m.atan,
    "cbrt": m.cbrt,
    "ceil": m.ceil,
    "cos": m.cos,
    "cosh": m.cosh,
    "exp": m.exp,
    "expm1": m.expm1,
    "floor": m.floor,
    "log": m.log,
    "log10": m.log10,
    "log1p": m.log1p,
    "log2": m.log2,
    "signum": lambda x: m.copysign(1.0, x) if x else 0.0,
    "sin": m.sin,
    "sinh": m.sinh,
    "sqrt": m.sqrt,
    "tan": m.tan,
    "tanh": m.tanh,
}
_CONSTANTS = {"pi": m.pi, "π": m.pi, "e": m.e, "φ": (1 + m.sqrt(5)) / 2}
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([^\W\d]\w*)|([-+*/%^()]))")


def parse_formula(text: str) -> tuple[Formula, list[str]]:
    """The formula as a function of its variables, and their names in order of first use."""
    if len(text) > 10_000:
        raise QuerySyntaxError("The formula is longer than 10000 characters.")
    parser = _Parser(text)
    formula = parser.sum()
    if parser.token is not None:
        raise parser.error(f"unexpected {parser.token!r}")
    return formula, parser.variables


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(self._tokens(text))
        self.at = self.depth = 0
        self.variables: list[str] = []

    def _tokens(self, text: str) -> Iterator[str]:
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise QuerySyntaxError(f"math() cannot read {text[at:]!r}", column=at + 1)
            yield match.group(match.lastindex or 0)
            at = match.end()

    @property
    def token(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def error(self, message: str) -> QuerySyntaxError:
        return QuerySyntaxError(f"math(): {message}", remedy="Use + - * / % ^, parentheses, functions and names.")

    def accept(self, *wanted: str) -> str | None:
        token = self.token
        if token in wanted:
            self.at += 1
            return token
        return None

    def sum(self) -> Formula:
        left = self.product()
        while (sign := self.accept("+", "-")) is not None:
            left = _binary(sign, left, self.product())
        return left

    def product(self) -> Formula:
        left = self.unary()
        while (sign := self.accept("*", "/", "%")) is not None:
            left = _binary(sign, left, self.unary())
        return left

    def unary(self) -> Formula:
        self.depth += 1
        if self.depth > 100:
            raise self.error("nested more than 100 deep")
        try:
            if self.accept("-"):
                inner = self.unary()
                return lambda values: -inner(values)
            if self.accept("+"):
                return self.unary()
            return self.power()
        finally:
            self.depth -= 1

    def power(self) -> Formula:
        base = self.atom()
        return _binary("^", base, self.unary()) if self.accept("^") else base

    def atom(self) -> Formula:
        token = self.token
        if token is None:
            raise self.error("unexpected end")
        self.at += 1
        if token == "(":  # noqa: S105
            inner = self.sum()
            if not self.accept(")"):
                raise self.error("')' expected")
            return inner
        if token[0].isdigit() or token[0] == ".":
            number = float(token)
            return lambda _: number
        if token in _FUNCTIONS:
            function, argument = _as_java(_FUNCTIONS[token]), self.atom()
            return lambda values: function(argument(values))
        if token in "+-*/%^)":  # noqa: S105
            raise self.error(f"unexpected {token!r}")
        if token not in self.variables:
            self.variables.append(token)
        return lambda values: values[token]


def _remainder(a: float, b: float) -> float:
    if b == 0:
        raise ZeroDivisionError
    return m.nan if m.isinf(a) else m.fmod(a, b)


def _binary(sign: str, left: Formula, right: Formula) -> Formula:
    operations: dict[str, Callable[[float, float], float]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "%": _remainder,
        "^": _power,
    }
    operation = operations[sign]
    return lambda values: operation(left(values), right(values))


class MathStep(TakesBys, MapStep):
    """Variables are names (as(), side effects, map keys); ``_`` is the traverser; by() go round over the variables.
    ``pi`` and ``e`` are the constants where nothing else has that name."""

    def __init__(self, text: str) -> None:
        self.formula, self.variables = parse_formula(text)
        super().__init__()

    def map(self, t: Traverser, ctx: Context) -> Any:
        values: dict[str, float] = {}
        position = 0
        for name in self.variables:
            value = t.obj if name == "_" else scope_value(t, name, ctx)
            if value is SKIP and name in _CONSTANTS:
                values[name] = _CONSTANTS[name]
                continue
            if value is not SKIP and self.bys:
                value = self.bys[position % len(self.bys)].of_object(value, t, ctx)
                position += 1
            if value is SKIP:
                return SKIP
            if not is_number(value):
                raise QueryError(
                    f"The variable {name} for math() step must resolve to a Number - it is instead of type "
                    f"{type(value).__name__} with value {value!r}",
                    remedy="Give it a by() that leads to a number.",
                )
            try:
                values[name] = float(value)
            except OverflowError:
                values[name] = m.inf if value > 0 else -m.inf
        try:
            return self.formula(values)
        except ZeroDivisionError:
            raise QueryError("Division by zero!", remedy="Filter out zero divisors first.") from None


@step("math")
def math_step(instruction: Instruction, compiler: Compiler) -> Step:
    return MathStep(str(instruction.args[0]))
