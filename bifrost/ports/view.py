"""What is read of the served graph."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bifrost.graph import (
    Aggregate,
    Direction,
    Edge,
    EdgeOrigin,
    Filter,
    FragmentOrigin,
    Link,
    Page,
    Vertex,
)

__all__ = ["GraphView"]


class GraphView(Protocol):
    """Reads of the served graph. Lists are ordered by vertex or edge id, and paged by an opaque cursor."""

    def vertex(self, id: str) -> Vertex | None:
        """By canonical id, or by the uid of any fragment merged into it."""

    def vertices_by_id(self, ids: Sequence[str]) -> list[Vertex]: ...
    def resolved(self, ids: Sequence[str]) -> dict[str, Vertex]:
        """:meth:`vertex` of many ids as given, in one statement; unknown ids lead nowhere."""

    def vertices(
        self,
        label: str | None = None,
        filters: Sequence[Filter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[Vertex]: ...
    def count(self, label: str | None = None, filters: Sequence[Filter] = ()) -> int: ...
    def edge(self, id: str) -> Edge | None: ...
    def edges(self, label: str | None = None, *, after: str | None = None, limit: int = 100) -> Page[Edge]: ...
    def edges_of(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = (), *, limit: int = 100
    ) -> dict[str, list[Edge]]:
        """Edges of many vertices at once, at most ``limit`` per vertex: one statement per level, no N+1. Unknown ids
        have no edges."""

    def neighbours(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        *,
        after: str | None = None,
        limit: int = 100,
    ) -> dict[str, Page[Vertex]]:
        """The vertices at the other ends of the edges of many vertices, each once, whatever the number of edges between
        them, in the order of their ids. One statement; unknown ids lead nowhere."""

    def neighbour_counts(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = ()
    ) -> dict[str, int]:
        """How many vertices :meth:`neighbours` lists in all; ids without any have no entry."""

    def links(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        other: str | None = None,
        filters: Sequence[Filter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> dict[str, Page[Link]]:
        """The edges of many vertices that lead to vertices of the type ``other`` (None: any) that pass the filters, one
        entry per edge, a self-loop once. In the order of their edges, or of a property of the vertex they lead to. One
        statement; unknown ids lead nowhere."""

    def link_counts(
        self,
        ids: Sequence[str],
        direction: Direction = Direction.BOTH,
        labels: Sequence[str] = (),
        other: str | None = None,
        filters: Sequence[Filter] = (),
    ) -> dict[str, int]:
        """How many edges :meth:`links` lists in all; ids without any have no entry."""

    def linked(
        self,
        ids: Sequence[str],
        direction: Direction,
        label: str,
        other: str | None = None,
        filters: Sequence[Filter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> dict[str, list[Vertex]]:
        """The vertices of type ``other`` (None: any) that edges of one label lead to, each once, at most ``limit`` per
        vertex, for many vertices at once. Without ``order_by`` in the order of their edges. One statement; unknown ids
        lead nowhere."""

    def aggregate(
        self,
        label: str | None,
        filters: Sequence[Filter] = (),
        *,
        measure: Mapping[str, str] = ...,
        distinct: Sequence[str] = (),
        by: Mapping[str, str] = ...,
        limit: int = 100,
    ) -> list[Aggregate]:
        """Counts and measures vertices in the store. ``measure`` and ``by`` map properties to their types; ``distinct``
        are those of ``measure`` whose different values are counted. Without ``by`` there is one aggregate, else one
        per group, the largest first; a vertex with several values belongs to several groups."""

    def aggregate_linked(
        self,
        ids: Sequence[str],
        direction: Direction,
        label: str,
        other: str,
        filters: Sequence[Filter] = (),
        *,
        measure: Mapping[str, str] = ...,
        distinct: Sequence[str] = (),
    ) -> dict[str, Aggregate]:
        """The same over what :meth:`linked` would list for each of ``ids``. Ids without such edges have no entry."""

    def degrees(self, ids: Sequence[str]) -> dict[str, int]:
        """Number of edges, in both directions, of those of ``ids`` that have any; one statement."""

    def label_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Vertices and edges per label."""

    def edge_patterns(self) -> list[tuple[str, str, str, int]]:
        """(tail label, edge label, head label, count)."""

    def served(self) -> Mapping[str, int]:
        """Id of a link type -> how many links it gives, or pairs of records it merges; those without any are left out."""

    def property_types(self, label: str) -> dict[str, str]:
        """Property name -> text, integer, number, boolean, date, datetime, or text where values differ."""

    def edge_property_types(self) -> dict[str, dict[str, str]]:
        """Edge label -> property name -> type, of the labels whose edges have properties."""

    def vertex_origins(self, id: str) -> list[FragmentOrigin]: ...
    def edge_origins(self, id: str) -> list[EdgeOrigin]: ...

    def origins_of_vertices(self, ids: Sequence[str]) -> dict[str, list[FragmentOrigin]]:
        """:meth:`vertex_origins` of many vertices, in as many statements as of one. Unknown ids have no entry."""

    def origins_of_edges(self, ids: Sequence[str]) -> dict[str, list[EdgeOrigin]]: ...
