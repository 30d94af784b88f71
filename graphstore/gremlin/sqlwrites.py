"""Assignments to vertices of the served graph: values and what people note beside them, before they become edits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from bifrost.errors import QueryError
from graphstore.values import equal_values

__all__ = [
    "PROVENANCE",
    "Assigned",
    "GraphWriter",
    "Notes",
    "check_meta",
    "folded",
    "notes_in",
    "values_of",
    "with_value",
]

Notes = Mapping[str, Sequence[tuple[Any, Mapping[str, Any]]]]
"""Meta-properties that people set: property key -> values with what belongs to each."""


class GraphWriter(Protocol):
    """How changes are kept. Ids are uids, given by the store where None; values come as lists."""

    def add_vertex(self, label: str, properties: Mapping[str, Sequence[Any]], notes: Notes, id: Any = None) -> str: ...
    def add_edge(
        self, label: str, tail: str, head: str, properties: Mapping[str, Sequence[Any]], id: Any = None
    ) -> str: ...
    def set_vertex(self, uid: str, key: str, values: Sequence[Any], notes: Notes) -> None: ...
    def note_vertex(self, uid: str, notes: Notes) -> None: ...
    def set_edge(self, uid: str, key: str, values: Sequence[Any]) -> None: ...
    def remove_vertex(self, uid: str) -> None: ...
    def remove_edge(self, uid: str) -> None: ...


Assigned = tuple[str, Any, str | None, dict[str, Any]]
"""(key, value, cardinality, meta-properties)"""


PROVENANCE = ("source", "dataset", "record", "confidence", "extractor", "time")
"""The meta-properties that the store itself gives."""


def check_meta(names: Iterable[str]) -> None:
    derived = [name for name in names if name in PROVENANCE]
    if derived:
        raise QueryError(
            f"The meta-property {derived[0]!r} tells where a value came from and cannot be set.",
            remedy="Choose another name; who changed what is recorded by itself.",
        )


def with_value(
    before: Sequence[tuple[Any, Mapping[str, Any]]], value: Any, cardinality: str | None, meta: Mapping[str, Any]
) -> list[tuple[Any, Mapping[str, Any]]]:
    """The values of a property, each with its notes, once one more is assigned."""
    check_meta(meta)
    if cardinality not in ("list", "set"):
        return [(value, meta)]
    if any(equal_values(known, value) for known, _ in before):  # a property holds each value once
        return [(v, {**about, **meta} if equal_values(v, value) else about) for v, about in before]
    return [*before, (value, meta)]


def folded(values: Iterable[Assigned]) -> dict[str, list[tuple[Any, Mapping[str, Any]]]]:
    """Assignments one after the other, as the values that are left of each key."""
    found: dict[str, list[tuple[Any, Mapping[str, Any]]]] = {}
    for key, value, cardinality, meta in values:
        found[key] = with_value(found.get(key, ()), value, cardinality, meta)
    return found


def values_of(found: Mapping[str, Sequence[tuple[Any, Mapping[str, Any]]]]) -> dict[str, list[Any]]:
    return {key: [value for value, _ in pairs] for key, pairs in found.items()}


def notes_in(found: Mapping[str, Sequence[tuple[Any, Mapping[str, Any]]]]) -> Notes:
    return {key: pairs for key, pairs in found.items() if any(about for _, about in pairs)}
