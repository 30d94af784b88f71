"""Random traversals over a small graph, as texts, whose answers do not depend on the order in which elements are found."""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

from tests.graphstore.gremlin.graphs import MODERN, SmallGraph

__all__ = ["ODD", "random_traversal"]

ODD = SmallGraph(
    [
        *MODERN.vertices,
        ("b1", "big city", {"name": ["é"], "a.b": [1, 2.5], "mixed": [1, "1", True], "nick": ["a", "b", "marko"]}),
        ("b2", "big city", {}),
        ("b3", "person", {"name": ["marko"], "nick": [""], "mixed": ["a"], "age": [-3], "a.b": [29]}),
    ],
    [
        *MODERN.edges,
        ("e1", "é x", "b1", "b1", {"since": 2001, "how": "well"}),
        ("e2", "knows", "1", "2", {"weight": 0.25, "since": 1999}),
        ("e3", "knows", "b3", "1", {}),
        ("e4", "é x", "b3", "b1", {"weight": 1.0, "how": ""}),
        ("e5", "created", "b1", "b3", {"since": 2001}),
        ("e6", "created", "b1", "b3", {"since": 2001}),
    ],
)
"""The modern graph and what it lacks: a loop, parallel edges, several values, values of several types, nothing at all."""

_Some = TypeVar("_Some")
_LABELS = {"vertex": ("person", "software", "big city"), "edge": ("knows", "created", "é x")}
_KEYS: Mapping[str, Mapping[str, str]] = {
    "vertex": {"name": "text", "age": "number", "lang": "text", "mixed": "any", "a.b": "number", "nick": "text"},
    "edge": {"weight": "number", "since": "number", "how": "text"},
}
_IDS = {"vertex": ("1", "2", "4", "6", "b1", "b2", "b3", "nobody"), "edge": ("7", "11", "e1", "e2")}
_VALUES = {
    "text": ("'marko'", "'josh'", "'java'", "''", "'é'", "'a'", "'27'"),
    "number": ("0", "1", "27", "29", "0.5d", "1.0d", "-3", "35L", "2.5d"),
}
_VALUES["any"] = (*_VALUES["text"], *_VALUES["number"], "true")
_STARTS = (
    "", "", "", "", ".withSack(1)", ".withSack(0.5d,sum)", ".withPath()", ".withBulk(false)",
    ".withStrategies(new SubgraphStrategy(vertices:__.hasLabel('person','software')))",
    ".withStrategies(new SubgraphStrategy(vertices:__.has('age'),edges:__.hasLabel('knows')))",
    ".withStrategies(ProductiveByStrategy)",
)  # fmt: skip


def random_traversal(random: Random) -> str:
    return _Maker(random).traversal()


class _Maker:
    """Steps are made for the kind of what arrives: vertex, edge, property, text, number, any, list, map, path. Of equal things
    that came on different ways dedup() and limit() leave some, so that a traversal has them or looks at paths, never both."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.named: dict[str, str] = {}
        self.repeating = False
        self.looks_back = random.random() < 0.5

    def traversal(self) -> str:
        kind = self.pick("vertex", "vertex", "vertex", "edge")
        ids = ",".join(map(repr, self.random.sample(_IDS[kind], self.pick(0, 0, 0, 1, 2))))
        return f"g{self.pick(*_STARTS)}.{kind[0].upper()}({ids}){self.steps(kind, 3, self.random.randint(1, 6))}"

    def pick(self, *some: _Some) -> _Some:
        return self.random.choice(some)

    def filled(self, text: str, kind: str, depth: int) -> str:
        """A text with traversals in the place of ``<inner>``, ``<onward>`` and ``<by>``: made for the one that was picked."""
        makers = {"inner": self.inner, "onward": self.onward, "by": self.by}
        return re.sub("<(inner|onward|by)>", lambda place: makers[place[1]](kind, depth), text)

    def steps(self, kind: str, depth: int, number: int) -> str:
        texts = []
        for _ in range(number):
            text, kind = self.step(kind, depth)
            texts.append(text)
        return "".join(texts)

    def inner(self, kind: str, depth: int) -> str:
        """An anonymous traversal. What it names is not known outside."""
        named = dict(self.named)
        text = self.steps(kind, depth - 1, self.random.randint(1, 2))
        self.named = named
        return f"__{text}"

    def onward(self, kind: str, depth: int) -> str:
        """An anonymous traversal that ends in the kind that it begins with."""
        if kind != "vertex":
            return f"__{self.condition(kind, depth - 1)}"
        hop = self.pick(self.hop(), self.hop(), ".outE().inV()", ".bothE().otherV()")
        return f"__{hop}{self.condition(kind, depth - 1) if self.random.random() < 0.3 else ''}"

    def hop(self, edges: str = "") -> str:
        labels = self.random.sample(_LABELS["edge"], self.pick(0, 0, 1, 2))
        return f".{self.pick('out', 'in', 'both')}{edges}({','.join(map(repr, labels))})"

    def key(self, kind: str) -> str:
        return self.random.choice(list(_KEYS[kind]))

    def keys(self, kind: str) -> str:
        return ",".join(map(repr, self.random.sample(list(_KEYS[kind]), self.pick(0, 1, 2))))

    def value(self, type: str) -> str:
        return self.random.choice(_VALUES[type])

    def predicate(self, type: str, depth: int = 1) -> str:
        if depth and self.random.random() < 0.2:
            both = self.predicate(type, 0), self.predicate(type, 0)
            return self.pick("{0}.and({1})", "{0}.or({1})", "P.not({0})").format(*both)
        if type == "text" and self.random.random() < 0.3:
            return f"TextP.{self.pick('containing', 'startingWith', 'notEndingWith')}({self.value(type)})"
        name = self.pick("eq", "neq", "gt", "gte", "lt", "lte", "within", "without", "between", "inside", "outside")
        number = {"within": 3, "without": 2, "between": 2, "inside": 2, "outside": 2}.get(name, 1)
        return f"P.{name}({','.join(self.value(type) for _ in range(number))})"

    def condition(self, kind: str, depth: int) -> str:
        texts = [] if self.repeating or self.looks_back else [".dedup()"]
        if kind in _KEYS:
            key = self.key(kind)
            type = _KEYS[kind][key]
            label = self.random.choice(_LABELS[kind])
            texts += [
                f".has({key!r},{self.value(type)})", f".has({key!r},{self.predicate(type)})", f".has({key!r})",
                f".hasNot({key!r})", f".hasLabel({label!r})", f".hasLabel(P.{self.pick('neq', 'gt')}({label!r}))",
                f".has({label!r},{key!r},{self.value(type)})", f".hasId({self.pick(*_IDS[kind])!r},'6')",
            ]  # fmt: skip
        elif kind in _VALUES:
            texts += [f".is({self.value(kind)})", f".is({self.predicate(kind)})"]
        if depth > 0:
            texts += [
                ".where(<inner>)",
                ".not(<inner>)",
                ".filter(<inner>)",
                ".and(<inner>,<inner>)",
                ".or(<inner>,<inner>)",
            ]
            if kind == "vertex":
                texts.append(f".where(__{self.hop(self.pick('', 'E'))}.count().is({self.predicate('number')}))")
        same = [name for name, named in self.named.items() if named == kind]
        if same:
            texts.append(f".where(P.{self.pick('eq', 'neq')}({self.random.choice(same)!r}))")
        return self.filled(self.random.choice(texts), kind, depth) if texts else ".identity()"

    def by(self, kind: str, depth: int) -> str:
        texts = [".by()"]
        if kind in _KEYS:
            texts += [f".by({self.key(kind)!r})", ".by(T.label)", ".by(T.id)"]
        if depth > 0:
            texts.append(f".by(<inner>.{self.pick('count()', 'fold()', 'dedup().count()')})")
        return self.filled(self.random.choice(texts), kind, depth)

    def step(self, kind: str, depth: int) -> tuple[str, str]:
        """A step and the kind of what it gives."""
        makers: list[Callable[[], tuple[str, str]]] = [lambda: (self.condition(kind, depth), kind)] * 3
        if kind == "vertex":
            ends = ("otherV", "inV", "outV", "bothV")
            makers += [lambda: (self.hop(), "vertex")] * 6
            makers += [lambda: (self.hop("E"), "edge"), lambda: (f"{self.hop('E')}.{self.pick(*ends)}()", "vertex")] * 2
            makers.append(lambda: (f".properties({self.keys(kind)})", "property"))
        if kind == "edge":
            makers += [lambda: (f".{self.pick('outV', 'inV', 'bothV')}()", "vertex")] * 4
        if kind in _KEYS:
            makers += [lambda: self.read(kind)] * 3
        if kind == "property":
            makers += [lambda: self.pick((".value()", "any"), (".key()", "text"), (".element()", "vertex"))] * 3
        if kind == "number":
            makers.append(lambda: (self.pick(".math('_ * 2 - 1')", ".sum()", ".mean()", ".min()", ".max()"), "number"))
        if kind == "text":
            makers.append(lambda: (self.pick(".toUpper()", ".concat('x')", ".reverse()", ".substring(1,3)"), "text"))
        if kind in ("list", "map", "path"):
            makers += [lambda: (self.pick(".unfold()", ".count(local)"), "other")] * 2
        makers += [lambda: self.plain(kind, depth)] * 2
        if not self.repeating:
            makers += [lambda: self.gathering(kind, depth)] * 3
        if depth > 0:
            makers += [lambda: self.branch(kind, depth)] * 3
            if kind == "vertex":
                makers += [lambda: self.repeat(depth)] * 2 + [self.match]
        return self.random.choice(makers)()

    def read(self, kind: str) -> tuple[str, str]:
        key = self.key(kind)
        return self.pick(
            (f".values({key!r})", _KEYS[kind][key]), (f".values({self.keys(kind)})", "any"), (".label()", "text"),
            (f".valueMap({self.keys(kind)})", "map"), (".id()", "text"), (f".elementMap({self.keys(kind)})", "map"),
        )  # fmt: skip

    def plain(self, kind: str, depth: int) -> tuple[str, str]:
        name = self.pick("x", "y", "z")
        if not self.looks_back:
            return self.pick((f".constant({self.value('any')})", "any"), (".sack()", "number"), (".identity()", kind))
        if name in self.named:
            return self.pick((f".select({name!r})", self.named[name]), (".identity()", kind))
        if self.random.random() < 0.4:
            self.named[name] = kind
            return f".as({name!r})", kind
        text, end = self.pick(
            (f".path(){self.pick('', '.by()')}", "path"), (self.pick(".simplePath()", ".cyclicPath()"), kind),
            (".project('a','b')<by><by>", "map"),
        )  # fmt: skip
        return self.filled(text, kind, depth - 1), end

    def gathering(self, kind: str, depth: int) -> tuple[str, str]:
        """What looks at all that arrives. Parts are taken of what has an order only."""
        texts = [
            (".count()", "number"), (".fold()", "list"), (".groupCount()<by>", "map"),
            (f".group()<by>.by(<inner>.{self.pick('count', 'fold')}())", "map"),
            (f".{self.pick('limit(2)', 'tail(2)', 'range(1,3)', 'skip(1)')}.count()", "number"), (".barrier()", kind),
            (f".aggregate('s'){self.pick('', '<by>')}.cap('s')", "list"), (".dedup()<by>.count()", "number"),
        ]  # fmt: skip
        if kind in _KEYS and not self.looks_back:
            part = self.pick("limit(2)", "tail(2)", "range(1,3)", "skip(1)")
            texts += [(f".order().by(T.id{self.pick('', ',desc')}).{part}", kind)] * 2
        text, end = self.random.choice(texts)
        return self.filled(text, kind, depth - 1), end

    def branch(self, kind: str, depth: int) -> tuple[str, str]:
        text, end = self.pick(
            (".union(<onward>,<onward>)", kind), (".optional(<onward>)", kind), (".flatMap(<onward>)", kind),
            (".local(<onward>)", kind), (".choose(<inner>,<onward>,<onward>)", kind), (".coalesce(<onward>,<onward>)", kind),
            (".union(<inner>,<inner>)", "other"), (f".map(<onward>.{self.pick('count()', 'fold()')})", "other"),
            (".sideEffect(<inner>)", kind),
        )  # fmt: skip
        return self.filled(text, kind, depth), end

    def repeat(self, depth: int) -> tuple[str, str]:
        before, self.repeating = self.repeating, True
        simple = ".simplePath()" if self.looks_back else ""
        body = f".repeat({self.onward('vertex', depth)}{self.pick('', '', simple, '.fold().unfold()')})"
        often = self.random.randint(1, 3)
        until = f".until(__.or(__{self.condition('vertex', 0)},__.loops().is(gte({often}))))"
        end, emit = self.pick(f".times({often})", until), self.pick("", "", ".emit()", ".emit(__.out())")
        self.repeating = before
        parts = self.pick((body, end, emit), (body, emit, end), (emit, body, end), (end, body, emit))
        return "".join(parts), "vertex"

    def match(self) -> tuple[str, str]:
        first = f"__.as('a'){self.hop()}.as('b'),__.as({self.pick('a', 'b')!r}){self.hop()}.as('c')"
        check = f"__.where('a',{self.pick('neq', 'eq')}('c'))"
        more = self.pick("", f",{check}", f",__.not({check})", f",__.as('c'){self.condition('vertex', 0)}")
        return f".match({first}{more}){self.pick('.select({!r})'.format('c'), '')}", "other"
