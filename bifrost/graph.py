"""The served graph as its readers see it: vertices assembled from fragments, edges, provenance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Generic, TypeVar

from bifrost.values import EMPTY, Evidence, Value

__all__ = [
    "Aggregate",
    "Change",
    "Direction",
    "Edge",
    "EdgeOrigin",
    "Filter",
    "FilterGroup",
    "FragmentOrigin",
    "Link",
    "LinkFilter",
    "Measured",
    "Page",
    "PropertyFilter",
    "SearchHit",
    "Vertex",
]


T = TypeVar("T")


class Direction(StrEnum):
    OUT = "out"
    IN = "in"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Vertex:
    """A served vertex. ``id`` is the canonical uid; the first value of a property is the one to show."""

    id: str
    label: str
    properties: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: EMPTY)

    def display_name(self) -> str:
        """A short human name: the properties that look most like one, else the last part of the id."""
        for keys in _naming_keys(tuple(self.properties)):
            words = [str(self.properties[key][0]) for key in keys if self.properties[key]]
            if len(words) == len(keys):
                return " ".join(words)
        return self.id.rsplit("/", 1)[-1]


_PERSONS = (("firstname", "lastname"), ("givenname", "familyname"), ("forename", "surname"))


@lru_cache(maxsize=4096)
def _naming_keys(properties: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Which of the properties name a thing, best first; a person's two names belong together."""
    plain = {key: key.lower().replace("_", "").replace(" ", "") for key in properties}
    found: list[tuple[str, ...]] = [(key,) for key in properties if plain[key] == "name"]
    for person in _PERSONS:
        keys = tuple(next((key for key in properties if plain[key] == part), "") for part in person)
        found += [keys] if all(keys) else []
    for wanted in ("name", "company", "title", "label", "subject"):
        found += [(key,) for key in properties if plain[key] == wanted]
        found += [(key,) for key in properties if plain[key].endswith(wanted)]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Edge:
    """A served edge; ``tail`` and ``head`` are vertex ids. ``score`` below 1 for edges that a model found."""

    id: str
    label: str
    tail: str
    head: str
    properties: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: EMPTY)
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as one of its ends sees it, with the vertex at the other end."""

    edge: Edge
    vertex: Vertex


@dataclass(frozen=True, slots=True)
class FragmentOrigin:
    """One fragment of a vertex and where it came from."""

    uid: str
    source: str
    dataset: str
    record: str
    type: str
    properties: Mapping[str, tuple[Value, ...]]
    default_evidence: Evidence
    evidence: Mapping[str, Evidence]
    seen: datetime | None = None
    same_as: str | None = None


@dataclass(frozen=True, slots=True)
class EdgeOrigin:
    """One statement behind an edge: the record or link type it came from."""

    uid: str
    source: str
    dataset: str
    record: str
    link_type: str | None
    score: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    """``op`` is eq, neq, lt, lte, gt, gte, contains, starts_with, in, exists."""

    name: str
    op: str
    value: Value | tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """Passes vertices with an edge of this label and direction to a vertex of the type ``other`` (None: any) that passes all
    ``filters``; with ``none`` those without one."""

    direction: Direction
    label: str
    other: str | None
    filters: "tuple[Filter, ...]" = ()
    none: bool = False


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """Passes where ``how`` many of the ``filters`` pass: all, any or none."""

    how: str
    filters: "tuple[Filter, ...]"


Filter = PropertyFilter | LinkFilter | FilterGroup


@dataclass(frozen=True, slots=True)
class Measured:
    """What the values of one property amount to, over all values of all vertices. ``sum`` is None where there are no
    numbers, ``minimum`` and ``maximum`` where there are no values; ``distinct`` unless it was asked for."""

    count: int
    sum: float | None = None
    minimum: Value | None = None
    maximum: Value | None = None
    distinct: int | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``count`` vertices, the properties measured, and the values that the group shares (None: without a value)."""

    count: int
    properties: Mapping[str, Measured] = field(default_factory=lambda: EMPTY)
    key: tuple[Value | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of results; ``cursor`` continues after the last item, None at the end. ``cursors`` continue after each item,
    where the list gives them. ``more`` tells whether items follow, also after a page of none, which has no cursor."""

    items: tuple[T, ...]
    cursor: str | None = None
    cursors: tuple[str, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A found vertex; ``snippet`` marks the matching words with ``<mark>``…``</mark>``, all else HTML-escaped."""

    vertex: Vertex
    score: float
    snippet: str = ""
    missing: tuple[str, ...] = ()
    """The words of the question that it does not have; only where nothing has all of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the change log: ``op`` is put or remove, ``element`` vertex or edge."""

    seq: int
    op: str
    element: str
    id: str
