"""Gremlin strings -> traversal tree. A recursive-descent parser for the gremlin-lang grammar of TinkerPop 3.7 and 3.8.

Nothing is evaluated: names are looked up in fixed tables. Depth and size are bounded, every token is read once, so
time and memory are linear in the text. Raises :class:`~bifrost.errors.QuerySyntaxError` with line and column.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from graphstore.gremlin.elements import HashableSet, freeze
from graphstore.gremlin.lexer import Token, Tokens
from graphstore.gremlin.literals import parse_binary, parse_date, parse_duration
from graphstore.gremlin.names import CONSTANTS, MEMBERS, PREDICATES, SOURCE_STEPS, STRATEGIES
from graphstore.gremlin.references import VertexReference
from graphstore.gremlin.tree import Cardinality, CardinalityValue, Instruction, P, Strategy, Traversal, make_predicate

__all__ = ["MAX_DEPTH", "parse"]

MAX_RANGE = 1_000_000
"""Values that the ranges of a query, such as 1..9, may stand for."""
MAX_DEPTH = 120
"""Nesting of parentheses and brackets that is accepted."""


def parse(text: str, bindings: Mapping[str, Any] | None = None, source: str = "g") -> Traversal:
    """The traversal that ``text`` spells. ``bindings`` are the values of free names.

    ``g.tx().commit()`` becomes the source instruction ``tx``. Terminal steps do what they do in a console: next() gives
    the first result, iterate() none. Several statements: the last one counts, as on a Gremlin Server.
    """
    return _Parser(text, {} if bindings is None else bindings, source).query()


_TERMINAL = frozenset({"next", "tryNext", "hasNext", "iterate", "toList", "toSet", "toBulkSet", "toStream"})


def _terminal(name: str, args: tuple[Any, ...]) -> list[Instruction]:
    """What a terminal step of a script leaves of the results."""
    if name in ("next", "tryNext"):
        return [Instruction("limit", args or (1,))]
    if name == "hasNext":
        return [Instruction("limit", (1,)), Instruction("count"), Instruction("asBool")]
    return [Instruction("discard")] if name == "iterate" else []


_NEVER_STEPS = {
    "toString": "toString() has no answer here; explain() shows the plan, asString() makes texts of results",
    **{
        name: f"{name!r} is no Gremlin step"
        for name in ("getClass", "forEachRemaining", "eval", "execute", "sideEffects")
    },
}


class _Parser(Tokens):
    def __init__(self, text: str, bindings: Mapping[str, Any], source: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.ranged = 0
        self.bindings = bindings
        self.source = source

    # ---- traversals --------------------------------------------------------------------------------------------------

    def query(self) -> Traversal:
        result: Traversal | None = None
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == "end":
                break
            result = self.root()
            if self.token.kind != "end" and not self.peek(";"):
                raise self.error("the end of the traversal expected")
        if result is None:
            raise self.error("a traversal expected")
        return result

    def root(self) -> Traversal:
        start = self.token
        if self.name() != self.source:
            raise self.error(f"a traversal must start with {self.source!r}", start)
        source: list[Instruction] = []
        steps: list[Instruction] = []
        while self.accept("."):
            name = self.name()
            if name == "tx" and not steps:
                self.take("(")
                self.take(")")
                self.take(".")
                operation = self.name()
                self.take("(")
                self.take(")")
                return Traversal((Instruction("tx", (operation,)),))
            instruction = Instruction(name, self.arguments())
            if name in _TERMINAL:
                steps.extend(_terminal(name, instruction.args))
                continue
            if not steps and (name in SOURCE_STEPS):
                source.append(instruction)
            else:
                steps.append(self.checked(instruction))
        if not steps:
            raise self.error(f"{self.source} is a source of traversals; go on with a step such as {self.source}.V()")
        return Traversal(tuple(source), tuple(steps))

    def checked(self, instruction: Instruction) -> Instruction:
        if instruction.name in _NEVER_STEPS:
            raise self.error(_NEVER_STEPS[instruction.name], self.tokens[self.at - 1])
        return instruction

    def anonymous(self, first: Instruction | None = None) -> Traversal:
        steps: list[Instruction] = []
        if first is not None:
            steps.append(first)
        elif self.token.kind == "name" and self.token.text == "__":
            self.at += 1
        else:
            name = self.name()
            steps.append(self.checked(Instruction(name, self.arguments())))
        while self.accept("."):
            name = self.name()
            steps.append(self.checked(Instruction(name, self.arguments())))
        return Traversal((), tuple(steps))

    def arguments(self) -> tuple[Any, ...]:
        if self.peek("("):
            return self.listed("(", ")")
        raise self.error("'(' expected")

    def listed(self, opening: str, closing: str) -> tuple[Any, ...]:
        self.take(opening)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} deep")
        values: list[Any] = []
        if not self.peek(closing):
            values.append(self.value())
            while self.accept(","):
                values.append(self.value())
        self.take(closing)
        self.depth -= 1
        return tuple(values)

    # ---- values ------------------------------------------------------------------------------------------------------

    def value(self) -> Any:
        token = self.token
        if token.kind in ("string", "number"):
            self.at += 1
            return self.range(token) if self.peek(".") and self.peek(".", 1) else token.value
        if token.kind == "symbol":
            return self.bracketed(token)
        if token.kind == "name":
            return self.named(token)
        raise self.error("a value expected")

    def range(self, first: Token) -> list[Any]:
        """``1..3`` and ``'a'..'c'``: all from the first to the last, both included, down where the last is smaller."""
        self.at += 2
        negative = self.accept("-")
        last = self.token
        self.at += 1
        if last.kind == first.kind == "number" and isinstance(first.value, int) and isinstance(last.value, int):
            return list(self.between(first.value, -last.value if negative else last.value, last))
        if last.kind == first.kind == "string" and not negative:
            head = first.value[:-1]
            if first.value == last.value:
                return [first.value]
            if first.value and last.value and head == last.value[:-1]:
                codes = self.between(ord(first.value[-1]), ord(last.value[-1]), last)
                return [head + chr(code) for code in codes if not 0xD800 <= code < 0xE000]
            raise self.error("the ends of a range of texts may differ in the last character only", last)
        raise self.error("a range goes from integer to integer or from text to text", last)

    def between(self, start: int, end: int, token: Token) -> Iterable[int]:
        self.ranged += abs(end - start) + 1
        if self.ranged > MAX_RANGE:
            raise self.error(f"ranges of more than {MAX_RANGE} values", token)
        return range(start, end + 1) if start <= end else range(start, end - 1, -1)

    def bracketed(self, token: Token) -> Any:
        if token.text in "+-":
            self.at += 1
            if self.token.kind == "name" and self.token.text in ("Infinity", "NaN"):
                value = self.value()
                return -value if token.text == "-" else value
            raise self.error("a number expected")
        if token.text == "[":
            return self.list_or_map()
        if token.text == "{":
            return self.set_or_closure()
        raise self.error("a value expected")

    def list_or_map(self) -> Any:
        if self.peek(":", 1) and self.peek("]", 2):
            self.at += 3
            return {}
        self.take("[")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} deep")
        if self.accept("]"):
            self.depth -= 1
            return []
        first = self.key()
        result: Any
        if self.accept(":"):
            result = {freeze(first): self.value()}
            while self.accept(","):
                key = freeze(self.key())
                self.take(":")
                result[key] = self.value()
        else:
            result = [first]
            while self.accept(","):
                result.append(self.value())
        self.take("]")
        self.depth -= 1
        return result

    def key(self) -> Any:
        """A map key: a bare name is a string, an expression stands in parentheses."""
        if self.accept("("):
            value = self.value()
            self.take(")")
            return value
        if self.token.kind == "name" and (self.peek(":", 1)):
            return self.name()
        return self.value()

    def set_or_closure(self) -> Any:
        start = self.token
        values = self.listed("{", "}")
        try:
            return HashableSet(map(freeze, values))
        except TypeError:
            raise self.error("a set of plain values expected", start) from None

    def named(self, token: Token) -> Any:
        name = token.text
        if name in self.bindings and not self.peek("(", 1) and not self.peek(".", 1):
            self.at += 1
            return self.bindings[name]
        if name == "new":
            self.at += 1
            if self.token.text in _VERTICES:
                made = self.token
                return self.function(self.name(), made)
            return self.strategy()
        called = self.peek("(", 1)
        if name == "not" and called:
            return self.negation()
        if called and name in PREDICATES:
            return self.predicate_chain()
        if self.peek(".", 1) and not called:
            return self.member(token)
        if called and name in _FUNCTIONS:
            self.at += 1
            return self.function(name, token)
        if called and name in STRATEGIES:
            return self.strategy()
        if called:
            return self.anonymous()
        if name == "__":
            return self.anonymous()
        if name in STRATEGIES:
            self.at += 1
            return Strategy(name)
        if name in CONSTANTS:
            self.at += 1
            return CONSTANTS[name]
        raise self.error(f"the name {name!r} is not known; give it a value in the bindings", token)

    def member(self, token: Token) -> Any:
        """``T.id``, ``P.gt(3)``, ``Cardinality.set("x")``, ``WithOptions.tokens``, ``__.out()``."""
        name = token.text
        if name == "__":
            return self.anonymous()
        if name in ("P", "TextP"):
            self.at += 2
            return self.predicate_chain()
        if name == self.source:
            raise self.error("a child traversal must be anonymous: start it with __ instead", token)
        members = MEMBERS.get(name)
        if members is None:
            raise self.error(f"the name {name!r} is not known", token)
        self.at += 2
        member = self.name()
        if member == "of" or member not in members:
            raise self.error(f"{name} has no member {member!r}", self.tokens[self.at - 1])
        value = members[member]
        if isinstance(value, Cardinality) and self.peek("("):
            return CardinalityValue(value, self.one_argument())
        return value

    def one_argument(self) -> Any:
        values = self.listed("(", ")")
        if len(values) != 1:
            raise self.error("one argument expected")
        return values[0]

    def negation(self) -> P | Traversal:
        """``not(gt(3))`` is a predicate, ``not(out())`` the start of a traversal."""
        self.at += 1
        arguments = self.listed("(", ")")
        if len(arguments) == 1 and isinstance(arguments[0], P):
            return self.predicate_chain(P("not", arguments))
        return self.anonymous(Instruction("not", arguments))

    def predicate_chain(self, first: P | None = None) -> P:
        """``gt(3).and(lt(5)).negate()``"""
        result = self.predicate() if first is None else first
        while self.peek("."):
            self.take(".")
            name = self.name()
            if name == "negate":
                self.take("(")
                self.take(")")
                result = P("not", (result,))
            elif name in ("and", "or"):
                result = P(name, (result, self.one_argument()))
            else:
                raise self.error("and, or or negate expected", self.tokens[self.at - 1])
        return result

    def predicate(self) -> P:
        token = self.token
        name = self.name()
        if name not in PREDICATES:
            raise self.error(f"the predicate {name!r} is not known", token)
        return make_predicate(PREDICATES[name], self.listed("(", ")"))

    def function(self, name: str, token: Token) -> Any:
        values = self.listed("(", ")")
        try:
            if name in ("datetime", "DateTime", "OffsetDateTime"):
                return parse_date(values[0]) if values else datetime.now(UTC)
            if name == "UUID":
                return uuid.UUID(values[0]) if values else uuid.uuid4()
            if name == "Duration":
                return parse_duration(*values)
            if name == "Binary":
                return parse_binary(*values)
            if name in _VERTICES:
                id, label = values
                return VertexReference(id, str(label))
            if name in ("single", "list", "set"):
                return CardinalityValue(Cardinality[name], values[0])
        except (ValueError, IndexError, AttributeError, TypeError, OverflowError) as error:
            raise self.error(f"{name}() cannot read its argument ({error})", token) from None
        raise self.error(f"the function {name!r} is not known", token)

    def strategy(self) -> Strategy:
        token = self.token
        name = self.name()
        if name not in STRATEGIES:
            raise self.error(f"the strategy {name!r} is not known", token)
        configuration: dict[str, Any] = {}
        if self.accept("("):
            self.depth += 1
            while not self.peek(")"):
                key = self.name()
                self.take(":")
                configuration[key] = self.value()
                if not self.accept(","):
                    break
            self.take(")")
            self.depth -= 1
        return Strategy(name, configuration)


_VERTICES = ("Vertex", "ReferenceVertex")
_FUNCTIONS = frozenset(
    {"datetime", "DateTime", "OffsetDateTime", "Duration", "Binary", "UUID", "single", "list", "set", *_VERTICES}
)
