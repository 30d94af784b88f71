"""Resolvers of the typed part. Links are read ahead for a whole level, so their resolvers only look up.

When a list of vertices is resolved, the selection below it tells which links will be asked for. All edges of one link
of all these vertices are read by one statement, with the vertices at their ends, and so on level by level.
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
from api.graphql.typed_filters import filters_of
from bifrost.errors import InputError
from bifrost.graph import Aggregate, Direction, Filter, Link, Page, Vertex

__all__ = ["MEASURES", "Info", "LinkField", "LinkPage", "Measure", "TypedVertex", "VertexPageOf", "Wanted", "selected"]

Info = GraphQLResolveInfo[Context]
MEASURES = ("countDistinct", "sum", "avg", "min", "max")
_MOST_LINKED = 1000
_MOST_KEYS = 5


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

    @property
    def key(self) -> tuple[Direction, str, str]:
        return self.direction, self.label, self.other.label

    @property
    def target(self) -> str | None:
        """The type to look for at the other ends; None where there is no other one."""
        return self.other.label if self.mixed else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a link's vertices are asked for, in which order."""

    filters: tuple[Filter, ...] = ()
    order_by: str | None = None
    descending: bool = False
    limit: int = 50
    after: str | None = None

    @classmethod
    def of(cls, link: LinkField, arguments: Mapping[str, Any]) -> "Wanted":
        """From the arguments of a link's field. Raises InputError."""
        filters = filters_of(link.other, arguments.get("filter"))
        descending = bool(arguments.get("descending"))
        limit, after = _limit(arguments.get("first")), arguments.get("after")
        return cls(filters, arguments.get("orderBy"), descending, limit, after)


@dataclass(frozen=True, slots=True)
class Measure:
    """``properties`` are (property, type); ``distinct`` those whose different values are counted."""

    properties: tuple[tuple[str, str], ...]
    distinct: tuple[str, ...]

    @property
    def types(self) -> dict[str, str]:
        return dict(self.properties)


@dataclass
class TypedVertex:
    """A vertex type: its label, the properties behind its fields, and its links by field name."""

    label: str
    names: dict[str, str]
    """Field name -> property."""
    types: Mapping[str, str]
    """Property -> type."""
    links: dict[str, LinkField] = field(default_factory=dict)
    aggregates: dict[str, LinkField] = field(default_factory=dict)
    """Field name -> the link whose vertices it counts and measures."""
    connections: dict[str, LinkField] = field(default_factory=dict)
    """Field name -> the link whose pages it gives."""
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
            filters_of(self, filter),
            order_by=orderBy,
            descending=bool(descending),
        )
        return VertexPageOf(self, pager, pager.page(after, min(first, 1000)))

    def resolve_aggregate_of_all(self, _: Any, info: Info, filter: Mapping[str, Any] | None = None) -> Aggregate:
        return self._aggregates(info, filter, {}, 1)[0]

    def resolve_groups(
        self,
        _: Any,
        info: Info,
        by: Sequence[str],
        filter: Mapping[str, Any] | None = None,
        first: int | None = 100,
    ) -> list[tuple[Aggregate, dict[str, Any]]]:
        """Each group with the values that it shares, by property."""
        if not 1 <= len(set(by)) <= _MOST_KEYS:
            raise InputError(f"Groups are made by one to {_MOST_KEYS} properties.")
        limit = min(_limit(first, 100), _MOST_LINKED)
        keys = {property_: self.types[property_] for property_ in by}
        found = self._aggregates(info, filter, keys, limit) if limit else []
        return [(one, dict(zip(keys, one.key, strict=True))) for one in found]

    def _aggregates(
        self, info: Info, filter: Mapping[str, Any] | None, by: Mapping[str, str], limit: int
    ) -> list[Aggregate]:
        context: Context = info.context
        context.check_time()
        measure = measured_by(self, info, info.field_nodes)
        return context.view.aggregate(
            self.label,
            filters_of(self, filter),
            measure=measure.types,
            distinct=measure.distinct,
            by=by,
            limit=limit,
        )

    def resolve_one(self, _: Any, info: Info, id: str) -> Vertex | None:
        context: Context = info.context
        context.check_time()
        vertex = context.view.vertex(id)
        if vertex is None or vertex.label != self.label:
            return None
        self.read_ahead(context, info, [vertex], info.field_nodes)
        return vertex

    # ---- links

    def resolve_link(self, name: str, vertex: Vertex, info: Info, arguments: Mapping[str, Any]) -> list[Vertex]:
        context: Context = info.context
        link = self.links[name]
        wanted = Wanted.of(link, arguments)
        known = context.linked.get((link.key, wanted))
        if known is None or vertex.id not in known:
            # Only where the selection could not be foreseen; the whole subtree below is read ahead again.
            self.read_link(context, info, link, [vertex], wanted, info.field_nodes)
            known = context.linked[link.key, wanted]
        return known[vertex.id]

    def read_ahead(self, context: Context, info: Info, vertices: Sequence[Vertex], nodes: Iterable[FieldNode]) -> None:
        """Reads what the selections below ``nodes`` will ask of these vertices."""
        if not self.links or not vertices or self.type is None:
            return
        for node in selected(info, nodes):
            name = node.name.value
            if name not in self.links and name not in self.aggregates and name not in self.connections:
                continue
            given = get_argument_values(self.type.fields[name], node, info.variable_values)
            if name in self.connections:
                link = self.connections[name]
                self.read_pages(context, info, link, vertices, Wanted.of(link, given), [node])
            elif name in self.links:
                link = self.links[name]
                self.read_link(context, info, link, vertices, Wanted.of(link, given), [node])
            else:
                link = self.aggregates[name]
                self.read_aggregates(context, link, vertices, given, measured_by(link.other, info, [node]))

    def read_link(
        self,
        context: Context,
        info: Info,
        link: LinkField,
        vertices: Sequence[Vertex],
        wanted: Wanted,
        nodes: Iterable[FieldNode],
    ) -> None:
        context.check_time()
        known = context.linked.setdefault((link.key, wanted), {})
        ids = [vertex.id for vertex in vertices if vertex.id not in known]
        if not wanted.limit:
            known |= {id_: [] for id_ in ids}
        elif ids:
            found = context.view.linked(
                ids,
                link.direction,
                link.label,
                link.target,
                wanted.filters,
                order_by=wanted.order_by,
                descending=wanted.descending,
                limit=wanted.limit,
            )
            known |= {id_: found.get(id_, []) for id_ in ids}
        context.spend(sum(len(known[id_]) for id_ in ids))
        below = {vertex.id: vertex for start in vertices for vertex in known[start.id]}
        link.other.read_ahead(context, info, list(below.values()), nodes)

    # ---- pages of links

    def resolve_connection(self, name: str, vertex: Vertex, info: Info, arguments: Mapping[str, Any]) -> "LinkPage":
        context: Context = info.context
        link = self.connections[name]
        wanted = Wanted.of(link, arguments)
        page = context.paged.get((link.key, wanted), {}).get(vertex.id)
        if page is None:
            page = self.read_pages(context, info, link, [vertex], wanted, info.field_nodes)[vertex.id]
        return LinkPage(self, name, link, wanted, vertex, page)

    def read_pages(
        self,
        context: Context,
        info: Info,
        link: LinkField,
        vertices: Sequence[Vertex],
        wanted: Wanted,
        nodes: Iterable[FieldNode],
    ) -> Mapping[str, Page[Link]]:
        """A page per vertex in one statement, and their counts in another one where they are asked for."""
        context.check_time()
        known = context.paged.setdefault((link.key, wanted), {})
        ids = [vertex.id for vertex in vertices if vertex.id not in known]
        if ids:
            found = context.view.links(
                ids,
                link.direction,
                (link.label,),
                link.target,
                wanted.filters,
                order_by=wanted.order_by,
                descending=wanted.descending,
                after=wanted.after,
                limit=wanted.limit,
            )
            known |= {id_: found.get(id_, Page(())) for id_ in ids}
            context.spend(sum(len(known[id_].items) for id_ in ids))
        below = {one.vertex.id: one.vertex for start in vertices for one in known[start.id].items}
        fields = list(selected(info, nodes))
        inner = [node for node in fields if node.name.value == "nodes"]
        entries = [node for node in fields if node.name.value == "edges"]
        inner += [node for node in selected(info, entries) if node.name.value == "node"]
        link.other.read_ahead(context, info, list(below.values()), inner)
        if any(node.name.value == "totalCount" for node in fields):
            self.read_counts(context, link, vertices, wanted.filters)
        return known

    def read_counts(
        self, context: Context, link: LinkField, vertices: Sequence[Vertex], filters: tuple[Filter, ...]
    ) -> Mapping[str, int]:
        known = context.counted.setdefault((link.key, filters), {})
        ids = [vertex.id for vertex in vertices if vertex.id not in known]
        if ids:
            context.check_time()
            found = context.view.link_counts(ids, link.direction, (link.label,), link.target, filters)
            known |= {id_: found.get(id_, 0) for id_ in ids}
        return known

    # ---- aggregates of links

    def resolve_aggregate(self, name: str, vertex: Vertex, info: Info, arguments: Mapping[str, Any]) -> Aggregate:
        context: Context = info.context
        link = self.aggregates[name]
        measure = measured_by(link.other, info, info.field_nodes)
        known = context.measured.get((link.key, filters_of(link.other, arguments.get("filter")), measure))
        if known is not None and vertex.id in known:
            return known[vertex.id]
        return self.read_aggregates(context, link, [vertex], arguments, measure)[vertex.id]

    def read_aggregates(
        self,
        context: Context,
        link: LinkField,
        vertices: Sequence[Vertex],
        arguments: Mapping[str, Any],
        measure: Measure,
    ) -> Mapping[str, Aggregate]:
        context.check_time()
        filters = filters_of(link.other, arguments.get("filter"))
        known = context.measured.setdefault((link.key, filters, measure), {})
        ids = [vertex.id for vertex in vertices if vertex.id not in known]
        found = context.view.aggregate_linked(
            ids,
            link.direction,
            link.label,
            link.other.label,
            filters,
            measure=measure.types,
            distinct=measure.distinct,
        )
        known |= {id_: found.get(id_, Aggregate(0)) for id_ in ids}
        return known


@dataclass(frozen=True, slots=True)
class VertexPageOf:
    """A page of one vertex type, the source of its connection type."""

    of: TypedVertex
    pager: VertexPager
    page: VertexPage

    def nodes(self, info: Info, nodes: Iterable[FieldNode]) -> tuple[Vertex, ...]:
        self.of.read_ahead(info.context, info, self.page.items, nodes)
        return self.page.items


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A page of one vertex's links, the source of their connection type."""

    of: TypedVertex
    name: str
    link: LinkField
    wanted: Wanted
    vertex: Vertex
    page: Page[Link]

    def vertices(self, info: Info, nodes: Iterable[FieldNode]) -> list[Vertex]:
        found = [one.vertex for one in self.page.items]
        self.link.other.read_ahead(info.context, info, found, nodes)
        return found

    def count(self, info: Info) -> int:
        return self.of.read_counts(info.context, self.link, [self.vertex], self.wanted.filters)[self.vertex.id]


def _limit(first: int | None, usual: int = 50) -> int:
    if first is not None and first < 0:
        raise InputError("first is not negative.")
    return usual if first is None else min(first, _MOST_LINKED)


def measured_by(vertex: TypedVertex, info: Info, nodes: Iterable[FieldNode]) -> Measure:
    """Which properties the selection below an aggregate asks for."""
    measure: dict[str, str] = {}
    distinct: dict[str, None] = {}
    for node in selected(info, nodes):
        for leaf in selected(info, [node]) if node.name.value in MEASURES else ():
            property_ = vertex.names.get(leaf.name.value)
            if property_ is not None:
                measure[property_] = vertex.types[property_]
                if node.name.value == "countDistinct":
                    distinct[property_] = None
    return Measure(tuple(measure.items()), tuple(distinct))


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
