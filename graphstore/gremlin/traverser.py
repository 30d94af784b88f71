"""Traversers, their paths, and the context of one execution: side effects, limits, random numbers, sack."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bifrost.errors import QueryLimitError
from graphstore.gremlin.elements import BulkSet, Graph, HashableDict, HashableList, HashableSet, MixedKeys, Path, Tree
from graphstore.gremlin.randomness import SeededRandom

__all__ = ["COLLECTIONS", "LONGEST_TEXT", "ROOT", "SKIP", "Context", "Limits", "Meter", "PathNode", "Traverser"]

SKIP: Any = type("Skip", (), {"__repr__": lambda _: "SKIP", "__bool__": lambda _: False})()
"""What a mapping gives where it is not productive: no traverser goes on."""


class PathNode:
    """A path as a linked list from its end, so that traversers share what they have in common."""

    __slots__ = ("labels", "obj", "parent")

    def __init__(self, parent: "PathNode | None", obj: Any, labels: tuple[str, ...]) -> None:
        self.parent, self.obj, self.labels = parent, obj, labels

    def nodes(self) -> "list[PathNode]":
        """From the start; the root itself is not part of a path."""
        found: list[PathNode] = []
        node: PathNode | None = self
        while node is not None and node.parent is not None:
            found.append(node)
            node = node.parent
        found.reverse()
        return found

    def labelled(self, labels: tuple[str, ...]) -> "PathNode":
        return PathNode(self.parent, self.obj, (*self.labels, *(x for x in labels if x not in self.labels)))

    def to_path(self) -> Path:
        nodes = self.nodes()
        return Path([node.labels for node in nodes], [node.obj for node in nodes])

    def find(self, label: str) -> list[Any]:
        """The objects with a label, the latest first."""
        found: list[Any] = []
        node: PathNode | None = self
        while node is not None:
            if label in node.labels:
                found.append(node.obj)
            node = node.parent
        return found


_MAPS = frozenset({dict, HashableDict, MixedKeys, Tree})
COLLECTIONS = _MAPS | {list, tuple, set, frozenset, BulkSet, HashableList, HashableSet, Path}
"""The types of values that hold others."""
_LONG_TEXT, _TEXT_SHARE, LONGEST_TEXT = 10_000, 256, 4_000_000
_REPEATED, _TIMES = 250_000, 10
"""How many members a collection may have whose nested collections are so many times as small if each is counted once: what
takes a few steps to make takes minutes to write or to compare."""


class _Members:
    """Counts the values that a collection holds, those of nested collections included as often as they are there. Each
    collection is looked at once, so that this takes no longer than making it. ``seen``: how many there are if each is counted
    once."""

    __slots__ = ("_known", "seen")

    def __init__(self) -> None:
        self.seen = 0
        self._known: dict[int, int] = {}

    def count(self, value: Any) -> int:
        total = len(value)
        self.seen += total
        known = self._known
        for member in chain(value, value.values()) if type(value) in _MAPS else value:
            if type(member) in COLLECTIONS:
                found = known.get(id(member))
                if found is None:
                    found = known[id(member)] = self.count(member)
                total += found
        return total


ROOT = PathNode(None, None, ())


class Traverser:
    """Something that moves through a traversal: an object, how many times it is there, its path, sack and loops.

    ``loops`` is a stack as linked tuples (count, name of the repeat, outer loop).
    """

    __slots__ = ("bulk", "loops", "obj", "path", "sack")

    def __init__(
        self, obj: Any, bulk: int = 1, path: PathNode | None = None, sack: Any = None, loops: Any = None
    ) -> None:
        self.obj, self.bulk, self.path, self.sack, self.loops = obj, bulk, path, sack, loops

    def split(self, obj: Any, labels: tuple[str, ...] = ()) -> "Traverser":
        """A traverser at ``obj``, one step further on the path."""
        path = self.path
        if path is not None:
            path = PathNode(path, obj, labels)
        return Traverser(obj, self.bulk, path, self.sack, self.loops)

    def clone(self) -> "Traverser":
        return Traverser(self.obj, self.bulk, self.path, self.sack, self.loops)

    def single(self) -> "Traverser":
        """The same with a bulk of one, as child traversals that compute a value get it."""
        return Traverser(self.obj, 1, self.path, self.sack, self.loops)

    def label(self, labels: tuple[str, ...]) -> None:
        path = self.path
        if path is not None:
            self.path = path.labelled(labels)

    def merge_key(self) -> Any:
        """Traversers with the same key may be merged into one with a larger bulk."""
        return (self.loops, self.sack)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use. ``traversers`` bounds how many are held at once in barriers and results."""

    seconds: float = 30.0
    traversers: int = 5_000_000


class Meter:
    """What one execution has used so far, against its limits."""

    __slots__ = ("_ticks", "cancelled", "deadline", "held", "limits")

    def __init__(self, limits: Limits, cancelled: Callable[[], bool] | None = None) -> None:
        self.limits, self.cancelled = limits, cancelled
        self.deadline = time.monotonic() + limits.seconds
        self.held = 0
        self._ticks = 0

    def tick(self, count: int = 1) -> None:
        """Counts work; looks at the clock now and then. Raises QueryLimitError."""
        self._ticks += count
        if self._ticks >= 512:
            self._ticks = 0
            self.check()

    def check(self) -> None:
        """Raises QueryLimitError when the time is over or the query was cancelled."""
        if time.monotonic() > self.deadline:
            raise QueryLimitError(
                f"The query exceeded its time limit of {self.limits.seconds:g} s.",
                remedy="Narrow the query (add a filter or limit()), or raise evaluationTimeout within what is allowed.",
            )
        if self.cancelled is not None and self.cancelled():
            raise QueryLimitError("The query was cancelled.", remedy="Run it again if that was not intended.")

    def hold(self, count: int = 1) -> None:
        """Counts what is kept in memory. Raises QueryLimitError."""
        self.held += count
        if self.held > self.limits.traversers:
            raise QueryLimitError(
                f"The query holds more than {self.limits.traversers} objects at once.",
                remedy="Narrow the query: filter earlier, add dedup() or limit(), or aggregate with count().",
            )
        self.tick(count)

    def release(self, count: int) -> None:
        """What hold() counted is kept no more."""
        self.held = max(self.held - count, 0)


class Context:
    """One execution of a plan. ``scope`` holds what steps remember between the rounds of a repeat(), else None;
    ``starts`` is the first step with the ids it finds instead of its own."""

    __slots__ = (
        "bulk", "expected", "graph", "hold", "meter", "plain", "productive_by", "randoms", "reducers", "release",
        "sack_initial", "sack_merge", "scope", "seed", "side_effects", "starts", "tick", "track_path", "view",
    )  # fmt: skip

    def __init__(self, graph: Graph, meter: Meter | None = None, *, track_path: bool = False) -> None:
        self.graph = graph
        self.meter = meter or Meter(Limits())
        self.tick, self.hold, self.release = self.meter.tick, self.meter.hold, self.meter.release
        self.track_path = track_path
        self.bulk = True
        self.side_effects: dict[str, Any] = {}
        self.reducers: dict[str, Callable[[Any, Any], Any]] = {}
        self.expected: Mapping[str, Callable[[], Any]] = {}
        self.seed: int | None = None
        self.randoms: dict[int, SeededRandom] = {}
        self.sack_initial: Callable[[], Any] | None = None
        self.sack_merge: Callable[[Any, Any], Any] | None = None
        self.productive_by = False
        self.starts: tuple[Any, tuple[Any, ...]] | None = None
        self.view: Any = None
        self.scope: dict[int, Any] | None = None
        self.plain: Context = self

    @property
    def merges(self) -> bool:
        """Whether traversers at one place may become one of a larger bulk wherever that is quicker. Not where an answer would
        tell: without bulks, and where sacks are put together; then only barrier() merges."""
        return self.bulk and self.sack_merge is None

    def scoped(self, scope: dict[int, Any]) -> "Context":
        """The same execution with a place for what steps remember. ``plain`` leads back."""
        other = Context.__new__(Context)
        for name in Context.__slots__:
            setattr(other, name, getattr(self, name))
        other.scope = scope
        other.plain = self.plain
        return other

    def grown(self, value: Any) -> Any:
        """The value, a text or collection that a step has made, counted by its size: a loop may double it each round.

        Raises QueryLimitError.
        """
        kind = type(value)
        if kind is str:
            if len(value) > _LONG_TEXT:
                self.hold(len(value) // _TEXT_SHARE)
                if len(value) > LONGEST_TEXT:
                    raise QueryLimitError(
                        f"A text of {len(value)} characters was made.", remedy="Make texts of up to 4 million."
                    )
        elif kind in COLLECTIONS:
            self.tick(len(value))
            counted = _Members()
            members = counted.count(value)
            if members > self.meter.limits.traversers or members > max(_REPEATED, _TIMES * counted.seen):
                raise QueryLimitError(
                    f"A collection with {members} members, nested ones included, was made.",
                    remedy="Narrow the query: filter earlier, add dedup() or limit(), or count instead of folding.",
                )
        return value

    def random(self, step: object) -> SeededRandom:
        """The random numbers of one step: each step has its own, so that a seed makes them repeatable."""
        found = self.randoms.get(id(step))
        if found is None:
            found = SeededRandom(secrets.randbits(48) if self.seed is None else self.seed)
            self.randoms[id(step)] = found
        return found

    def initial_sack(self) -> Any:
        return self.sack_initial() if self.sack_initial is not None else None

    def start(self, obj: Any) -> Traverser:
        return Traverser(obj, 1, PathNode(ROOT, obj, ()) if self.track_path else None)
