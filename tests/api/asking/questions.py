"""The language of questions: which vertices, where their edges lead, and what is asked of those at the end.

A question starts at vertices of a type (None: any) that pass conditions, follows hops, and asks something of the ends.
Without ``distinct`` an end counts once per way that leads to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from bifrost.graph import Direction
from bifrost.values import Value
from tests.api.asking.worlds import EDGE_VALUES, EDGES, FOUND, LABELS, ORDERS, VALUES

__all__ = [
    "Ask",
    "Condition",
    "Groups",
    "Hop",
    "Identities",
    "Linked",
    "Measure",
    "NotExpressibleError",
    "Ordered",
    "Question",
    "Total",
    "random_questions",
]


class NotExpressibleError(Exception):
    """A language has no words for a question."""


@dataclass(frozen=True)
class Condition:
    """Holds when any value does: op is eq, neq, lt, lte, gt, gte, in, contains, starts_with, exists, missing."""

    name: str
    op: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Linked:
    """Holds when there is (``none``: is no) edge to a vertex of the type ``other`` that passes the conditions."""

    direction: Direction
    label: str
    other: str | None
    where: tuple[Condition, ...] = ()
    none: bool = False


@dataclass(frozen=True)
class Hop:
    """Along edges of a label (None: any) that pass ``edge``, to vertices of a type (None: any) that pass ``where``."""

    direction: Direction
    label: str | None
    other: str | None
    where: tuple[Condition, ...] = ()
    edge: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Identities:
    """The ids of the ends."""


@dataclass(frozen=True)
class Total:
    """How many ends there are."""


@dataclass(frozen=True)
class Measure:
    """count, distinct, sum, min, max or mean of all values of a property."""

    name: str
    how: str


@dataclass(frozen=True)
class Groups:
    """How many ends have each value of a property."""

    name: str


@dataclass(frozen=True)
class Ordered:
    """Ids in the order of a property, a part of them."""

    name: str
    descending: bool
    skip: int
    first: int


Ask = Identities | Total | Measure | Groups | Ordered


@dataclass(frozen=True)
class Question:
    label: str | None
    where: tuple[Condition | Linked, ...]
    hops: tuple[Hop, ...]
    distinct: bool
    ask: Ask


_EDGES = (*EDGES, FOUND)
_TEXTS = ("name", "full name")
_ORDERED = ("eq", "neq", "lt", "lte", "gt", "gte", "in")
_OPERATORS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_TEXTS, (*_ORDERED, "contains", "starts_with")),
    "active": ("eq", "neq"),
    "mixed": ("eq", "in"),
}
_SINGLE = ("age", "score", "price")
"""Numbers of one type: RDF tells 1 from 1.0, so measures of mixed ones differ by design."""


_MEASURES = {
    **dict.fromkeys(_SINGLE, ("count", "distinct", "sum", "min", "max", "mean")),
    **dict.fromkeys(("name", "born", "seen", "opens"), ("count", "distinct", "min", "max")),
    **dict.fromkeys(("active", "stamp"), ("count", "distinct")),
}
_GROUPS = ("name", "full name", "age", "score", "price", "born", "seen", "active", "opens")
_WAYS = (Direction.OUT, Direction.OUT, Direction.IN, Direction.BOTH)


@dataclass(frozen=True)
class _Maker:
    random: Random

    def question(self) -> Question:
        random = self.random
        hops = self.hops()
        ask = self.ask()
        distinct = not hops or isinstance(ask, Ordered) or random.random() < 0.6
        count = random.choice([0, 1, 1, 2]) if not hops else random.choice([0, 0, 1])
        where = tuple(self.linked() if random.random() < 0.3 else self.condition(VALUES) for _ in range(count))
        return Question(self.label(), where, hops, distinct, ask)

    def hops(self) -> tuple[Hop, ...]:
        random = self.random
        count, is_plain = random.choice([0, 0, 0, 1, 1, 2, 3]), random.random() < 0.4
        return tuple(self.plain_hop() if is_plain else self.hop() for _ in range(count))

    def plain_hop(self) -> Hop:
        random = self.random
        return Hop(random.choice(_WAYS), random.choice([None, *_EDGES]), None)

    def hop(self) -> Hop:
        random = self.random
        edge = self.some(EDGE_VALUES, 1) if random.random() < 0.3 else ()
        label = random.choice([None, *_EDGES])
        return Hop(random.choice(_WAYS), label, self.label(), self.some(VALUES, 1), edge)

    def ask(self) -> Ask:
        random = self.random
        match random.choice(["ids", "ids", "total", "measure", "groups", "ordered"]):
            case "ids":
                return Identities()
            case "total":
                return Total()
            case "measure":
                name = random.choice(sorted(_MEASURES))
                return Measure(name, random.choice(_MEASURES[name]))
            case "groups":
                return Groups(random.choice(_GROUPS))
        return Ordered(random.choice(ORDERS), random.random() < 0.5, random.choice([0, 0, 1, 2]), random.randint(1, 4))

    def label(self) -> str | None:
        return self.random.choice([None, *LABELS])

    def linked(self) -> Linked:
        random = self.random
        way = random.choice([Direction.OUT, Direction.IN])
        return Linked(way, random.choice(_EDGES), self.label(), self.some(VALUES, 1), random.random() < 0.4)

    def some(self, values: Mapping[str, tuple[Value, ...]], most: int) -> tuple[Condition, ...]:
        return tuple(self.condition(values) for _ in range(self.random.randint(0, most)))

    def condition(self, values: Mapping[str, tuple[Value, ...]]) -> Condition:
        random = self.random
        name = random.choice(sorted(values))
        op = random.choice((*_OPERATORS.get(name, _ORDERED), "exists", "missing"))
        known = values[name][:4] if random.random() < 0.5 else values[name]
        if op in ("contains", "starts_with"):
            text, start = str(random.choice(known)), 0 if op == "starts_with" else random.randint(0, 2)
            return Condition(name, op, (text[start : start + random.randint(1, 3)] or "n",))
        count = {"exists": 0, "missing": 0, "in": 2}.get(op, 1)
        return Condition(name, op, tuple(random.sample(known, count)))


def random_questions(random: Random, count: int) -> list[Question]:
    maker = _Maker(random)
    return [maker.question() for _ in range(count)]
