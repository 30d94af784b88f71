"""Vertices, edges, search hits and documents as GraphQL types."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Context
from api.graphql.types_origins import EdgeOriginType, FragmentOriginType
from api.graphql.values import json_properties
from bifrost import graph, values
from bifrost.errors import InputError
from bifrost.graph import Direction, Page

if TYPE_CHECKING:
    from api.graphql.connection import VertexConnectionType

__all__ = [
    "EdgeConnectionType",
    "EdgeType",
    "LinkFilterInput",
    "PropertyFilterInput",
    "SearchHitType",
    "StatisticsType",
    "SubgraphType",
    "VertexType",
    "VertexTypeType",
    "counted",
    "direction_of",
]

Info = strawberry.Info[Context, None]
_MOST_EDGES = 1000


def direction_of(name: str) -> Direction:
    """Raises InputError."""
    try:
        return Direction(name)
    except ValueError:
        raise InputError(f"A direction is out, in or both, not {name!r}.") from None


def _most(first: int | None) -> int:
    """How many are listed. Raises InputError."""
    if first is not None and first < 0:
        raise InputError("first is not negative.")
    return 50 if first is None else min(first, _MOST_EDGES)


@strawberry.type(name="Vertex", description="A thing, assembled from what all sources say about it.")
class VertexType:
    id: strawberry.ID
    label: str
    value: strawberry.Private[graph.Vertex]

    @classmethod
    def of(cls, vertex: graph.Vertex) -> "VertexType":
        return cls(id=strawberry.ID(vertex.id), label=vertex.label, value=vertex)

    @strawberry.field(description="A short name to show.")
    def name(self) -> str:
        return self.value.display_name()

    @strawberry.field(description="All values of each property; the first is the one to show.")
    def properties(self) -> JSON:
        return JSON(json_properties(self.value.properties))

    @strawberry.field(description="Names of the sources that say something about it.")
    async def sources(self, info: Info) -> list[str]:
        found = await info.context.vertex_origins.load(self.value.id)
        return list(dict.fromkeys(origin.source for origin in found))

    @strawberry.field(description="Number of edges, in both directions.")
    async def edge_count(self, info: Info) -> int:
        return await info.context.degrees.load(self.value.id)

    @strawberry.field
    async def edges(
        self, info: Info, labels: list[str] | None = None, direction: str | None = "both", first: int | None = 50
    ) -> list["EdgeType"]:
        first = _most(first)
        loader = info.context.edges(direction_of(direction or "both"), tuple(labels or ()), first)
        return [EdgeType.of(edge) for edge in await loader.load(self.value.id)]

    @strawberry.field(description="Its edges, a page at a time, in the order in which they first came.")
    async def edges_connection(
        self,
        info: Info,
        labels: list[str] | None = None,
        direction: str | None = "both",
        first: int | None = 50,
        after: str | None = None,
    ) -> "EdgeConnectionType":
        context, way, named = info.context, direction_of(direction or "both"), tuple(labels or ())
        limit = _most(first)
        page = await context.links(way, named, after, limit).load(self.value.id)
        return EdgeConnectionType.of(
            Page(tuple(link.edge for link in page.items), page.cursor, page.cursors, page.more),
            after,
            lambda: context.link_counts(way, named).load(self.value.id),
        )

    @strawberry.field(description="The vertices at the other ends of its edges, each once, in the order of the graph.")
    async def neighbours(
        self, info: Info, labels: list[str] | None = None, direction: str | None = "both", first: int | None = 50
    ) -> list["VertexType"]:
        first = _most(first)
        loader = info.context.neighbours(direction_of(direction or "both"), tuple(labels or ()), None, first)
        return [VertexType.of(vertex) for vertex in (await loader.load(self.value.id)).items]

    @strawberry.field(description="The same a page at a time.")
    async def neighbours_connection(
        self,
        info: Info,
        labels: list[str] | None = None,
        direction: str | None = "both",
        first: int | None = 50,
        after: str | None = None,
    ) -> Annotated["VertexConnectionType", strawberry.lazy("api.graphql.connection")]:
        from api.graphql.connection import VertexConnectionType, VertexPage

        context, way, named = info.context, direction_of(direction or "both"), tuple(labels or ())
        limit = _most(first)
        page = await context.neighbours(way, named, after, limit).load(self.value.id)
        return VertexConnectionType(
            page=VertexPage(page.items, page.cursor, page.more, after, cursors=page.cursors),
            count=lambda: context.neighbour_counts(way, named).load(self.value.id),
        )

    @strawberry.field(description="The fragments it is assembled from.")
    async def origins(self, info: Info) -> list[FragmentOriginType]:
        return [FragmentOriginType.of(origin) for origin in await info.context.vertex_origins.load(self.value.id)]


@strawberry.type(name="Edge", description="A link between two vertices; a score below 1 is a model's.")
class EdgeType:
    id: strawberry.ID
    label: str
    score: float
    value: strawberry.Private[graph.Edge]

    @classmethod
    def of(cls, edge: graph.Edge) -> "EdgeType":
        return cls(id=strawberry.ID(edge.id), label=edge.label, score=edge.score, value=edge)

    @strawberry.field
    async def tail(self, info: Info) -> VertexType:
        return await _end(info, self.value.tail)

    @strawberry.field
    async def head(self, info: Info) -> VertexType:
        return await _end(info, self.value.head)

    @strawberry.field
    def properties(self) -> JSON:
        return JSON(json_properties(self.value.properties))

    @strawberry.field(description="The statements behind it.")
    async def origins(self, info: Info) -> list[EdgeOriginType]:
        return [EdgeOriginType.of(origin) for origin in await info.context.edge_origins.load(self.value.id)]


async def _end(info: Info, id: str) -> VertexType:
    vertex = await info.context.vertices.load(id)
    # A build may remove a vertex between two reads of one request; its id is still known.
    return VertexType.of(vertex if vertex is not None else graph.Vertex(id, ""))


@strawberry.type(name="PageInfo", description="As in the Relay specification; pages go forwards only.")
class PageInfoType:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(name="VertexEdge", description="A vertex in a connection.")
class VertexEdgeType:
    cursor: str
    node: VertexType


@strawberry.type(name="EdgeEdge", description="An edge of the graph in a connection.")
class EdgeEdgeType:
    cursor: str
    node: EdgeType


@strawberry.type(name="EdgeConnection", description="A page of edges.")
class EdgeConnectionType:
    nodes: list[EdgeType]
    edges: list[EdgeEdgeType]
    page_info: PageInfoType
    end_cursor: str | None
    has_next_page: bool
    count: strawberry.Private[Callable[[], int | Awaitable[int]]]

    @classmethod
    def of(
        cls, page: Page[graph.Edge], after: str | None, count: Callable[[], int | Awaitable[int]]
    ) -> "EdgeConnectionType":
        nodes = [EdgeType.of(edge) for edge in page.items]
        cursors = page.cursors
        info = PageInfoType(
            has_next_page=page.more,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
        edges = [EdgeEdgeType(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)]
        return cls(
            nodes=nodes,
            edges=edges,
            page_info=info,
            end_cursor=page.cursor,
            has_next_page=page.more,
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        return await counted(self.count)


async def counted(count: Callable[[], int | Awaitable[int]]) -> int:
    """A number that is read when it is asked for, alone or with those of a whole level."""
    found = count()
    return found if isinstance(found, int) else await found


@strawberry.type(name="Subgraph")
class SubgraphType:
    vertices: list[VertexType]
    edges: list[EdgeType]
    truncated: bool = strawberry.field(description="Whether a limit left something out.")


@strawberry.type(name="SearchHit")
class SearchHitType:
    vertex: VertexType
    score: float
    snippet: str = strawberry.field(description="HTML in which matching words are marked; all else is escaped.")
    missing: list[str] = strawberry.field(
        description="Words of the question that it does not have. Only where nothing has all of them."
    )


@strawberry.type(name="LabelCount")
class LabelCountType:
    label: str
    count: int


@strawberry.type(name="Pattern", description="How many edges of a label run between two vertex types.")
class PatternType:
    tail: str
    label: str
    head: str
    count: int


@strawberry.type(name="Statistics")
class StatisticsType:
    """Counts of the whole graph, read when asked for."""

    @strawberry.field
    def vertices(self, info: Info) -> int:
        return sum(info.context.label_counts[0].values())

    @strawberry.field
    def edges(self, info: Info) -> int:
        return sum(info.context.label_counts[1].values())

    @strawberry.field
    def sources(self, info: Info) -> int:
        return len(info.context.service.store.catalog.sources())

    @strawberry.field(description="Files that were read.")
    def documents(self, info: Info) -> int:
        found = (summary for group in info.context.datasets.values() for summary in group)
        return sum(summary.records for summary in found if summary.info.kind is values.DatasetKind.DOCUMENTS)

    @strawberry.field
    def vertex_labels(self, info: Info) -> list[LabelCountType]:
        return _label_counts(info.context.label_counts[0])

    @strawberry.field
    def edge_labels(self, info: Info) -> list[LabelCountType]:
        return _label_counts(info.context.label_counts[1])

    @strawberry.field
    def patterns(self, info: Info) -> list[PatternType]:
        info.context.check_time()
        found = info.context.view.edge_patterns()
        return [PatternType(tail=tail, label=label, head=head, count=count) for tail, label, head, count in found]


def _label_counts(counts: Mapping[str, int]) -> list[LabelCountType]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [LabelCountType(label=label, count=count) for label, count in ordered]


@strawberry.type(name="VertexTypeInfo", description="A vertex type and the root fields that were made for it.")
class VertexTypeType:
    label: str
    type: str
    list: str
    single: str
    count: int


@strawberry.type(name="Mention", description="A span of a page that names something. Offsets count code points.")
class MentionType:
    begin: int
    end: int
    text: str
    type: str
    normal: str
    confidence: float
    extractor: str
    boxes: list[list[float]]
    linked: VertexType | None = strawberry.field(description="The thing that a confirmed link says it names.")


@strawberry.type(name="DocumentPage")
class DocumentPageType:
    id: strawberry.ID
    number: int
    pages: int
    width: float
    height: float
    text: str
    image_url: str | None
    mentions: list[MentionType]
    from_ocr: bool


@strawberry.input(description="op: eq, neq, lt, lte, gt, gte, contains, starts_with, in, exists.")
class PropertyFilterInput:
    name: str
    op: str | None = "eq"
    value: JSON | None = None


@strawberry.input(description="Edges of a label (direction: out or in) to vertices that pass all filters.")
class LinkFilterInput:
    label: str
    direction: str | None = "out"
    other: str | None = strawberry.field(default=None, description="The vertex type they lead to; any without it.")
    filters: list[PropertyFilterInput] | None = None
    none: bool | None = strawberry.field(default=False, description="Passes vertices that have no such edge.")
