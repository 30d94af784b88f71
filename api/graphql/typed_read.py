"""Resolvers of the typed part. Links are read ahead for a whole level, so their resolvers only look up.

When a list of vertices is resolved, the selection below it tells which links will be asked for. All edges of one link
of all these vertices are read by one statement, the vertices at their ends by another, and so on level by level.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    get_argument_values,
)

from api.graphql.connection import VertexPage, VertexPager
from api.graphql.context import Context
from api.graphql.typed_values import property_filters
from api.graphql.values import json_value
from bifrost.errors import InputError
from bifrost.graph import Direction, FragmentOrigin, Vertex

__all__ = ["LinkField", "TypedVertex", "VertexPageOf", "provenance", "selected"]

Info = GraphQLResolveInfo[Context]
_MOST_LINKED = 1000


@dataclass(frozen=True, slots=True)
class LinkField:
    """A field of a vertex type that follows edges of one label in one direction to vertices of one type."""

    direction: Direction
    label: str
    other: "TypedVertex"
    mixed: bool
    """Whether edges of this label and direction also lead to vertices of other types."""
    usual: int
    """How many vertices it usually leads to."""


@dataclass
class TypedVertex:
    """A vertex type: its label, the properties behind its fields, and its links by field name."""

    label: str
    names: dict[str, str]
    """Field name -> property."""
    types: Mapping[str, str]
    """Property -> type."""
    links: dict[str, LinkField] = field(default_factory=dict)
    type: GraphQLObjectType | None = None

    # ---- roots

    def resolve_page(
        self,
        _: Any,
        info: Info,
        filter: Mapping[str, Any] | None = None,
        orderBy: str | None = None,  # noqa: N803 - the argument's name in GraphQL
        descending: bool | None = False,
        first: int | None = 50,
        after: str | None = None,
    ) -> "VertexPageOf":
        context: Context = info.context
        context.check_time()
        first = 50 if first is None else first
        if first < 0:
            raise InputError("first is not negative.")
        pager = VertexPager(
            context.view,
            self.label,
            property_filters(filter or {}, self.names, self.types),
            order_by=orderBy,
            descending=bool(descending),
        )
        return VertexPageOf(self, pager, pager.page(after, min(first, 1000)))

    def resolve_one(self, _: Any, info: Info, id: str) -> Vertex | None:
        context: Context = info.context
        context.check_time()
        vertex = context.view.vertex(id)
        if vertex is None or vertex.label != self.label:
            return None
        self.read_ahead(context, info, [vertex], info.field_nodes)
        return vertex

    # ---- links

    def resolve_link(self, name: str, vertex: Vertex, info: Info, first: int | None) -> list[Vertex]:
        context: Context = info.context
        limit = _limit(first)
        link = self.links[name]
        key = (link.direction, link.label, link.other.label, limit)
        known = context.linked.get(key)
        if known is None or vertex.id not in known:
            # Only where the selection could not be foreseen; the whole subtree below is read ahead again.
            self.read_link(context, info, link, [vertex], limit, info.field_nodes)
            known = context.linked[key]
        return known[vertex.id]

    def read_ahead(self, context: Context, info: Info, vertices: Sequence[Vertex], nodes: Iterable[FieldNode]) -> None:
        """Reads what the selections below ``nodes`` will ask of these vertices."""
        if not self.links or not vertices or self.type is None:
            return
        for node in selected(info, nodes):
            link = self.links.get(node.name.value)
            if link is not None:
                given = get_argument_values(self.type.fields[node.name.value], node, info.variable_values)
                self.read_link(context, info, link, vertices, _limit(given.get("first")), [node])

    def read_link(
        self,
        context: Context,
        info: Info,
        link: LinkField,
        vertices: Sequence[Vertex],
        limit: int,
        nodes: Iterable[FieldNode],
    ) -> None:
        context.check_time()
        known = context.linked.setdefault((link.direction, link.label, link.other.label, limit), {})
        ids = [vertex.id for vertex in vertices if vertex.id not in known]
        edges = (
            context.view.edges_of(ids, link.direction, (link.label,), limit=_MOST_LINKED if link.mixed else limit)
            if ids and limit
            else {}
        )
        ends = {
            id_: list(dict.fromkeys(_other(edge, id_, link.direction) for edge in edges.get(id_, ()))) for id_ in ids
        }
        wanted = {end for found in ends.values() for end in found}
        found = {vertex.id: vertex for vertex in context.view.vertices_by_id(sorted(wanted))} if wanted else {}
        for id_ in ids:
            reached = (found[end] for end in ends[id_] if end in found)
            known[id_] = [vertex for vertex in reached if vertex.label == link.other.label][:limit]
        context.spend(sum(len(known[id_]) for id_ in ids))
        below = {vertex.id: vertex for start in vertices for vertex in known[start.id]}
        link.other.read_ahead(context, info, list(below.values()), nodes)


@dataclass(frozen=True, slots=True)
class VertexPageOf:
    """A page of one vertex type, the source of its connection type."""

    of: TypedVertex
    pager: VertexPager
    page: VertexPage

    def nodes(self, info: Info, nodes: Iterable[FieldNode]) -> tuple[Vertex, ...]:
        self.of.read_ahead(info.context, info, self.page.items, nodes)
        return self.page.items


def _limit(first: int | None) -> int:
    if first is not None and first < 0:
        raise InputError("first is not negative.")
    return 50 if first is None else min(first, _MOST_LINKED)


def _other(edge: Any, id: str, direction: Direction) -> str:
    end: str = edge.head if direction is Direction.OUT else edge.tail
    return end


def selected(info: Info, nodes: Iterable[FieldNode]) -> Iterable[FieldNode]:
    """The fields selected below, whatever their type conditions and directives: reading too much does no harm."""
    stack = [node.selection_set for node in nodes]
    while stack:
        selection_set = stack.pop()
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                stack.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                stack.append(info.fragments[selection.name.value].selection_set)


def provenance(origins: Iterable[FragmentOrigin], names: Mapping[str, str], only: str | None) -> list[dict[str, Any]]:
    """Per property and record: the values that it gives, and where they were found."""
    by_property = {name: field_ for field_, name in names.items()}
    return [
        {
            "field": by_property.get(name, ""),
            "property": name,
            "values": [json_value(value) for value in values],
            "source": origin.source,
            "dataset": origin.dataset,
            "record": origin.record,
            "evidence": origin.evidence.get(name, origin.default_evidence),
            "seen": origin.seen,
        }
        for origin in origins
        for name, values in origin.properties.items()
        if only is None or by_property.get(name) == only
    ]
