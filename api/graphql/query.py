"""The generic part of the query root."""

from importlib.metadata import version
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql import explore
from api.graphql.connection import VertexConnectionType, VertexPager, link_filters, vertex_filters
from api.graphql.context import Context
from api.graphql.documents import document_page
from api.graphql.limits import bounded
from api.graphql.query_review import ReviewQuery
from api.graphql.types_admin import (
    AuditEntryType,
    EditType,
    ProjectionType,
    RegisteredOperationType,
    TokenType,
    UserType,
)
from api.graphql.types_aggregates import AggregateGroupType
from api.graphql.types_graph import (
    DocumentPageType,
    EdgeConnectionType,
    EdgeType,
    LinkFilterInput,
    PropertyFilterInput,
    SearchHitType,
    StatisticsType,
    SubgraphType,
    VertexType,
    VertexTypeType,
)
from api.graphql.types_sources import BuildType, RecordFailureType, SourceKindType, SourceType, TableType, table_of
from bifrost.errors import InputError, NotFoundError

__all__ = ["Query"]

Info = strawberry.Info[Context, None]
_MOST_KEYS, _MOST_MEASURED = 5, 20


@strawberry.type
class Query(ReviewQuery):
    # ---- who and what

    @strawberry.field(description="The signed-in user.")
    def me(self, info: Info) -> UserType:
        principal = info.context.principal
        if principal.via == "open":
            return UserType(name=principal.name, role=principal.role, created=None, sources=None)
        return UserType.of(info.context.accounts.user(principal.name))

    @strawberry.field
    def version(self) -> str:
        return version("bifrost-graph")

    # ---- sources and builds

    @strawberry.field
    def source_kinds(self, info: Info) -> list[SourceKindType]:
        return [
            SourceKindType(kind=kind, title=title, schema=JSON(dict(schema)), secrets=list(secrets))
            for kind, title, schema, secrets in info.context.service.source_kinds()
        ]

    @strawberry.field
    def sources(self, info: Info) -> list[SourceType]:
        return [SourceType.of(source) for source in info.context.service.store.catalog.sources()]

    @strawberry.field
    def source(self, info: Info, name: str) -> SourceType | None:
        try:
            return SourceType.of(info.context.service.store.catalog.source(name))
        except NotFoundError:
            return None

    @strawberry.field(description="The first rows of a dataset, read from its source now.")
    def preview_dataset(self, info: Info, source: str, dataset: str, limit: int | None = 50) -> TableType:
        return table_of(info.context.service.preview(source, dataset, bounded(limit, 500, 50)))

    @strawberry.field(description="Records that could not be read.")
    def failures(
        self, info: Info, build: int | None = None, source: str | None = None, limit: int | None = 200
    ) -> list[RecordFailureType]:
        found = info.context.service.store.catalog.failures(
            build=build, source=source, limit=bounded(limit, 10_000, 200)
        )
        return [RecordFailureType.of(failure) for failure in found]

    @strawberry.field(description="Newest first.")
    def builds(self, info: Info, limit: int | None = 20) -> list[BuildType]:
        return [BuildType.of(build) for build in info.context.service.store.catalog.builds(bounded(limit, 1000, 20))]

    @strawberry.field
    def build(self, info: Info, id: int) -> BuildType | None:
        try:
            return BuildType.of(info.context.service.store.catalog.build(id))
        except NotFoundError:
            return None

    # ---- the graph

    @strawberry.field
    def statistics(self) -> StatisticsType:
        return StatisticsType()

    @strawberry.field(description="By canonical id, or by the uid of any fragment merged into it.")
    async def vertex(self, info: Info, id: strawberry.ID) -> VertexType | None:
        vertex = await info.context.vertices.load(id)
        return None if vertex is None else VertexType.of(vertex)

    @strawberry.field
    def vertices(
        self,
        info: Info,
        label: str | None = None,
        filters: list[PropertyFilterInput] | None = None,
        linked: list[LinkFilterInput] | None = None,
        order_by: str | None = None,
        descending: bool | None = False,
        after: str | None = None,
        first: int | None = 50,
    ) -> VertexConnectionType:
        context = info.context
        context.check_time()
        pager = VertexPager(
            context.view,
            label,
            (*vertex_filters(context, label, filters or ()), *link_filters(context, linked or ())),
            order_by=order_by,
            descending=bool(descending),
        )
        return VertexConnectionType(page=pager.page(after, bounded(first, 1000, 50, "first")), count=pager.count)

    @strawberry.field(description="Counts and measures vertices; one group without `by`, else the largest ones first.")
    def aggregate(
        self,
        info: Info,
        label: str | None = None,
        filters: list[PropertyFilterInput] | None = None,
        linked: list[LinkFilterInput] | None = None,
        by: list[str] | None = None,
        properties: list[str] | None = None,
        first: int | None = 100,
    ) -> list[AggregateGroupType]:
        context = info.context
        context.check_time()
        keys, measured = list(dict.fromkeys(by or ())), list(dict.fromkeys(properties or ()))
        if len(keys) > _MOST_KEYS or len(measured) > _MOST_MEASURED:
            raise InputError(f"At most {_MOST_KEYS} properties to group by and {_MOST_MEASURED} to measure.")
        types = context.property_types(label, [*keys, *measured])
        found = context.view.aggregate(
            label,
            (*vertex_filters(context, label, filters or ()), *link_filters(context, linked or ())),
            measure={name: types.get(name, "text") for name in measured},
            distinct=measured,
            by={name: types.get(name, "text") for name in keys},
            limit=bounded(first, 1000, 100, "first"),
        )
        return [AggregateGroupType.of(group, keys) for group in found]

    @strawberry.field(description="The vertex types that there are, and where their typed fields are.")
    def vertex_types(self, info: Info) -> list[VertexTypeType]:
        counts, part = info.context.label_counts[0], info.context.schemas.part()
        singles = {label: name for name, label in part.singles.items()}
        return [
            VertexTypeType(
                label=label, type=part.types[label], list=name, single=singles[label], count=counts.get(label, 0)
            )
            for name, label in sorted(part.lists.items())
        ]

    @strawberry.field
    def edge(self, info: Info, id: strawberry.ID) -> EdgeType | None:
        edge = info.context.view.edge(id)
        return None if edge is None else EdgeType.of(edge)

    @strawberry.field(description="All edges, or those of one label, by id.")
    def edges(
        self, info: Info, label: str | None = None, after: str | None = None, first: int | None = 50
    ) -> EdgeConnectionType:
        context = info.context
        context.check_time()
        page = context.view.edges(label, after=after, limit=bounded(first, 1000, 50, "first"))
        return EdgeConnectionType.of(page, after, lambda: context.edge_count(label))

    @strawberry.field(description="What lies within a few edges of some vertices.")
    def neighbourhood(
        self,
        info: Info,
        ids: list[strawberry.ID],
        depth: int | None = 1,
        labels: list[str] | None = None,
        limit: int | None = 100,
    ) -> SubgraphType:
        return explore.neighbourhood(
            info.context,
            ids,
            depth=bounded(depth, explore.MOST_DEPTH, 1, "depth"),
            labels=labels or (),
            limit=bounded(limit, explore.MOST_VERTICES, 100),
        )

    @strawberry.field(description="A shortest path, whatever the direction of its edges.")
    def path(
        self,
        info: Info,
        from_: Annotated[strawberry.ID, strawberry.argument(name="from")],
        to: strawberry.ID,
        max_depth: int | None = 6,
    ) -> SubgraphType | None:
        return explore.shortest_path(info.context, from_, to, max_depth=bounded(max_depth, 20, 6, "maxDepth"))

    @strawberry.field(
        description="Keyword search; the last word matches as a prefix, quotes make phrases. Where nothing has all words, "
        "what has some of them is found; each hit says which it does not have."
    )
    def search(
        self, info: Info, text: str, labels: list[str] | None = None, first: int | None = 20, offset: int | None = 0
    ) -> list[SearchHitType]:
        found = info.context.service.search.search(
            text[:1000],
            labels=labels or (),
            limit=bounded(first, 200, 20, "first"),
            offset=bounded(offset, 100_000, 0, "offset"),
            behind=info.context.says_behind("search"),
        )
        return [
            SearchHitType(
                vertex=VertexType.of(hit.vertex), score=hit.score, snippet=hit.snippet, missing=list(hit.missing)
            )
            for hit in found
        ]

    @strawberry.field
    def document_page(self, info: Info, id: strawberry.ID, number: int) -> DocumentPageType | None:
        return document_page(info.context, id, number)

    @strawberry.field(description="What people changed by hand, newest first.")
    def edits(self, info: Info, subject: strawberry.ID | None = None, limit: int | None = 50) -> list[EditType]:
        found = info.context.service.edits.history(subject, bounded(limit, 10_000, 50))
        return [EditType.of(edit) for edit in found]

    # ---- administration

    @strawberry.field
    def users(self, info: Info) -> list[UserType]:
        return [UserType.of(user) for user in info.context.accounts.users()]

    @strawberry.field(description="Those of the signed-in user, without their secrets.")
    def tokens(self, info: Info) -> list[TokenType]:
        return [TokenType.of(token) for token in info.context.accounts.tokens(info.context.principal.name)]

    @strawberry.field
    def projections(self, info: Info) -> list[ProjectionType]:
        return [ProjectionType(**one._asdict()) for one in info.context.service.projections()]

    @strawberry.field(description="Those that administrators registered, used last first.")
    def operations(self, info: Info) -> list[RegisteredOperationType]:
        store = info.context.operations.store
        return [RegisteredOperationType.of(one) for one in (store.registered() if store is not None else ())]

    @strawberry.field(description="Effective settings, secrets masked.")
    def settings(self, info: Info) -> JSON:
        return JSON(info.context.service.settings.public())

    @strawberry.field(description="Who did what, newest first.")
    def audit_log(self, info: Info, limit: int | None = 200) -> list[AuditEntryType]:
        return [
            AuditEntryType(
                at=entry.at,
                user=entry.user,
                action=entry.action,
                subject=entry.subject,
                outcome=entry.outcome,
                address=entry.address,
            )
            for entry in info.context.accounts.audit_log(bounded(limit, 10_000, 200))
        ]
