"""Random graphs: three sources that agree and contradict each other, merged things, parallel edges, loops, found links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from random import Random

from bifrost.catalog import Source
from bifrost.links import LinkEdge, LinkKind, SamePair, Verdict
from bifrost.values import (
    DatasetInfo,
    DatasetKind,
    Evidence,
    Fragment,
    LinkStatement,
    RecordFragments,
    Value,
    digest_of,
    make_uid,
)
from graphstore.sql import SqlStore
from tests.graphstore.worlds import link_type

__all__ = [
    "EDGES",
    "EDGE_VALUES",
    "FOUND",
    "LABELS",
    "ORDERS",
    "SOURCES",
    "VALUES",
    "WORDS",
    "Link",
    "Thing",
    "World",
    "fill",
    "random_world",
    "uid",
]

SOURCES = ("left", "right", "third & last")
LABELS = ("Person", "Big City", "Größe/1")
EDGES = ("knows", "lives in", "é")
FOUND = "looks like"
"""The label of the edges that a link type gave."""
WORDS = ("ann", "lee", "rome", "日本")
_EAST, _WEST = timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))

VALUES: dict[str, tuple[Value, ...]] = {
    "name": ("Ann", "ann", "Ann Lee", "", " ", "O'Hara", 'say "hi"', "ß\\n", "a\nb\tc", "%41", "日本", "{x}", "1", "e\u0301",
             "\u00e9", "👍🏽 rome", "-lee-", "$age", "z'\"\\"),
    "full name": ("Ann", "Rome", "a/b", "x" * 300),
    "age": (-3, 0, 1, 2, 3, 2**31, 2**40, -(2**53), 2**53 + 1, 2**62),
    "score": (-2.0, 0.0, 0.1, 0.5, 1.0, 3.0, 1e300, -1e-7, 2.5e17),
    "price": (Decimal("0.1"), Decimal("1.50"), Decimal("-3"), Decimal("2"), Decimal("12345678901.25")),
    "size": (1, 2.5, 3, Decimal("2.5"), Decimal("0.75"), -1.0),
    "born": (date(1999, 12, 31), date(2000, 1, 1), date(2000, 2, 29), date(1066, 10, 14)),
    "seen": (datetime(2000, 1, 1), datetime(2000, 1, 1, 12), datetime(2000, 1, 1, 12, 0, 0, 500000), datetime(1999, 12, 31, 23)),
    "stamp": (datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, 3, tzinfo=_EAST), datetime(2000, 1, 1, 1, tzinfo=UTC),
              datetime(1999, 12, 31, 18, 30, tzinfo=_WEST), datetime(2000, 1, 1, 1, 0, 0, 250000, tzinfo=UTC)),
    "opens": (time(0), time(9, 30), time(9, 30, 1), time(23, 59, 59)),
    "active": (True, False),
    "mixed": (1, "1", True, "true", "a", 0),
}  # fmt: skip
EDGE_VALUES: dict[str, tuple[Value, ...]] = {
    "since": (1999, 2001, 2020),
    "how": ("well", "", "naïve"),
    "from day": (date(2000, 1, 1), date(2001, 1, 1)),
}
ORDERS = ("serial", "code", "moment")
"""Properties that every thing has, one value each, no two the same."""


@dataclass(frozen=True)
class Thing:
    """A fragment of one record of a source."""

    source: str
    label: str
    properties: Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Link:
    tail: int
    label: str
    head: int
    properties: Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True)
class World:
    """Ends of links are numbers of things, ``same`` pairs of things of different sources, ``found`` links with a score."""

    things: Sequence[Thing]
    links: Sequence[Link]
    same: Sequence[tuple[int, int]]
    found: Sequence[tuple[int, int, float]]


def random_world(random: Random, most: int = 9) -> World:
    """Properties are dense enough for conditions to hold, things few enough for edges to meet."""
    things = [_thing(random) for _ in range(random.randint(1, most))]
    numbers = range(len(things))
    links = [
        Link(random.choice(numbers), random.choice(EDGES), random.choice(numbers), _said(random, EDGE_VALUES, 0.4, 1))
        for _ in range(random.randint(0, 2 * most))
    ]
    links += random.sample(links, min(len(links), 2))  # parallel ones
    pairs = [(a, b) for a in numbers for b in numbers if things[a].source < things[b].source]
    same = random.sample(pairs, min(len(pairs), random.randint(0, 3)))
    two = [(a, b) for a in numbers for b in numbers if (things[a].source, things[b].source) == SOURCES[:2]]
    found = random.sample(two, min(len(two), random.randint(0, 3)))
    return World(things, links, same, [(a, b, random.choice([0.25, 0.5, 0.875])) for a, b in found])


def _thing(random: Random) -> Thing:
    return Thing(random.choice(SOURCES), random.choice(LABELS), _said(random, VALUES, random.choice([0.2, 0.6]), 2))


def _said(
    random: Random, values: Mapping[str, tuple[Value, ...]], share: float, most: int
) -> dict[str, tuple[Value, ...]]:
    """Values of about a share of the properties, the first ones of each more often than the others."""
    said = {}
    for name, some in values.items():
        if random.random() < share:
            known = some[:4] if random.random() < 0.5 else some
            said[name] = tuple(random.sample(known, min(len(known), random.randint(1, most))))
    return said


def uid(world: World, number: int) -> str:
    return make_uid(world.things[number].source, "things", f"{number} 'x'/%")


def fill(store: SqlStore, world: World, sources: Sequence[str] = SOURCES) -> None:
    """Builds what these sources say, in ranks of their order in ``SOURCES``."""
    for source in sources:
        store.catalog.add_source(Source(source, "sql", rank=SOURCES.index(source)))
        store.catalog.save_datasets(source, [DatasetInfo("things", DatasetKind.TABLE)], {"things": "Thing"})
    for number, record in enumerate(_records(world)):
        if world.things[number].source in sources:
            store.fragments.replace(world.things[number].source, "things", [record], 1)
    _merge(store, world, sources)
    if {*SOURCES[:2]} <= {*sources}:
        tail, head = (f"{source}/things.name" for source in SOURCES[:2])
        known = link_type(LinkKind.REFERENCE, tail, head, FOUND)
        store.links.save_link_types([known])
        store.links.judge(known.id, Verdict.CONFIRM, "ann")
        edges = [LinkEdge(uid(world, a), uid(world, b), score, Evidence("link", score)) for a, b, score in world.found]
        store.links.write_links(known, edges)


def _records(world: World) -> list[RecordFragments]:
    serials = _components(world)
    links: dict[int, list[LinkStatement]] = {}
    for position, link in enumerate(world.links):
        tail, head = uid(world, link.tail), uid(world, link.head)
        statement = LinkStatement(f"{tail}#{position}", link.label, tail, head, link.properties)
        links.setdefault(link.tail, []).append(statement)
    made = []
    for number, thing in enumerate(world.things):
        serial = serials[number]
        # In another order than the numbers, so that ids and orders differ.
        own: dict[str, tuple[Value, ...]] = {
            "serial": ((serial * 7) % 101,),
            "code": ("aZ\u00e9\u65e5\U0001f44d~ "[(serial * 5) % 7] + str(serial),),
            "moment": (datetime(2020, 1, 1 + (serial * 11) % 23, serial),),
        }
        fragment = Fragment(uid(world, number), thing.label, {**thing.properties, **own})
        key = f"{number} 'x'/%"
        made.append(RecordFragments(key, digest_of((b"1",)), (fragment,), tuple(links.get(number, ()))))
    return made


def _components(world: World) -> list[int]:
    """The smallest number of the things that each thing is merged with."""
    found = list(range(len(world.things)))
    for _ in world.things:
        for a, b in world.same:
            found[a] = found[b] = min(found[a], found[b])
    return found


def _merge(store: SqlStore, world: World, sources: Sequence[str]) -> None:
    for i, left in enumerate(SOURCES):
        for right in SOURCES[i + 1 :]:
            if {left, right} <= {*sources}:
                known = link_type(LinkKind.SAME_THING, f"{left}/things.name", f"{right}/things.name", "same")
                store.links.save_link_types([known])
                store.links.judge(known.id, Verdict.CONFIRM, "ann")
                ends = {left, right}
                pairs = [pair for pair in world.same if {world.things[one].source for one in pair} == ends]
                store.links.write_same(known, [SamePair(uid(world, a), uid(world, b), 1.0) for a, b in pairs])
