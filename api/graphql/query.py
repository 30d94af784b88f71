"""The generic part of the query root."""

from importlib.metadata import version
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql import explore
from api.graphql.connection import VertexConnectionType, VertexPager, link_filters, vertex_filters
from api.graphql.context import Context
from api.graphql.documents import document_page
from api.graphql.types_admin import (
    AuditEntryType,
    EditType,
    ProjectionType,
    RegisteredOperationType,
    TokenType,
    UserType,
)
from api.graphql.types_aggregates import AggregateGroupType
from api.graphql.types_carrying import KnowledgeImportType
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
from api.graphql.types_links import (
    JudgementType,
    LinkTypeType,
    PairExampleType,
    QuestionType,
    ReviewSummaryType,
    judgements_of,
)
from api.graphql.types_review import (
    AcceptRuleChangeType,
    AcceptRuleType,
    AuditResultType,
    LinkAuditType,
    ReplayType,
    ReviewersType,
)
from api.graphql.types_sources import BuildType, RecordFailureType, SourceKindType, SourceType, TableType, table_of
from bifrost.errors import InputError, NotFoundError
from bifrost.links import LinkKind, LinkState
from linking.asking import said_of_pair

__all__ = ["Query", "bounded"]

Info = strawberry.Info[Context, None]
_MOST_KEYS, _MOST_MEASURED = 5, 20


def bounded(value: int | None, most: int, default: int, name: str = "limit") -> int:
    """Raises InputError for a negative number; a larger one than ``most`` gets ``most``."""
    if value is None:
        return default
    if value < 0:
        raise InputError(f"{name} is not negative.")
    return min(value, most)


@strawberry.type
class Query:
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

    # ---- review

    @strawberry.field(description="Proposals come first, the most worthwhile question at the top.")
    def link_types(
        self,
        info: Info,
        states: list[LinkState] | None = None,
        kinds: list[LinkKind] | None = None,
        blind: bool | None = False,
    ) -> list[LinkTypeType]:
        service = info.context.service
        wanted = tuple(states) if states else tuple(LinkState)
        found = list(service.questions(info.context.principal.name)) if LinkState.PROPOSED in wanted else []
        others = tuple(state for state in wanted if state is not LinkState.PROPOSED)
        if others:
            asked = {link_type.id for link_type in found}
            found += [one for one in service.store.links.link_types(others) if one.id not in asked]
        return [LinkTypeType.of(link_type, bool(blind)) for link_type in found if not kinds or link_type.kind in kinds]

    @strawberry.field(
        description="What to ask the caller next, the most worthwhile question first: audits, second opinions, proposals and "
        "pairs of records. Blind: all scores, estimates and earlier answers are withheld."
    )
    def questions(self, info: Info, limit: int | None = 200, blind: bool | None = False) -> list[QuestionType]:
        found = info.context.service.queue(info.context.principal.name)[: bounded(limit, 1000, 200)]
        return [QuestionType.of(question, bool(blind)) for question in found]

    @strawberry.field(description="The pairs of a same-thing link type whose answers would help most, best first.")
    def pair_questions(
        self, info: Info, link_type: strawberry.ID, limit: int | None = 10, blind: bool | None = False
    ) -> list[QuestionType]:
        found = info.context.service.pair_questions(link_type, bounded(limit, 200, 10))
        return [QuestionType.of(question, bool(blind)) for question in found]

    @strawberry.field
    def link_type(self, info: Info, id: strawberry.ID, blind: bool | None = False) -> LinkTypeType | None:
        try:
            return LinkTypeType.of(info.context.service.store.links.link_type(id), bool(blind))
        except NotFoundError:
            return None

    @strawberry.field(description="The rules by which proposals are confirmed without a question.")
    def accept_rules(self, info: Info) -> list[AcceptRuleType]:
        return [AcceptRuleType.of(rule) for rule in info.context.service.review.rules()]

    @strawberry.field(
        description="What people taught this project, for another one: features and verdicts, no names and no values."
    )
    def linking_knowledge(self, info: Info) -> str:
        return info.context.service.carrying.export().decode()

    @strawberry.field(description="What was taken over from other projects and counts, newest first.")
    def knowledge_imports(self, info: Info) -> list[KnowledgeImportType]:
        return [KnowledgeImportType.of(one) for one in info.context.service.carrying.imports()]

    @strawberry.field(description="Who set and took away rules, newest first.")
    def accept_rule_changes(self, info: Info, limit: int | None = 50) -> list[AcceptRuleChangeType]:
        found = info.context.service.review.rule_changes(bounded(limit, 10_000, 50))
        return [AcceptRuleChangeType.of(change) for change in found]

    @strawberry.field(description="What people found when they checked what rules had confirmed.")
    def audit_results(self, info: Info) -> list[AuditResultType]:
        return [AuditResultType.of(result) for result in info.context.service.review.audited()]

    @strawberry.field(description="How links did that were drawn by lot from what was accepted without a question.")
    def link_audits(self, info: Info) -> list[LinkAuditType]:
        return [LinkAuditType.of(one) for one in info.context.service.review.link_audits()]

    @strawberry.field(description="Everybody who answered, and how far people agree.")
    def reviewers(self, info: Info) -> ReviewersType:
        return ReviewersType.of(info.context.service.review.reviewed())

    @strawberry.field(description="Ways to choose the next question, compared on the logged answers.")
    def replay(self, info: Info) -> ReplayType:
        return ReplayType.of(info.context.service.asking.replayed())

    @strawberry.field
    def review_summary(self, info: Info) -> ReviewSummaryType:
        return ReviewSummaryType.of(info.context)

    @strawberry.field(description="Newest first, those taken back included.")
    def judgements(self, info: Info, limit: int | None = 50, by: str | None = None) -> list[JudgementType]:
        found = [one for one in info.context.judgements if by is None or one.by == by]
        return judgements_of(found, bounded(limit, 10_000, 50))

    @strawberry.field(description="Scored pairs of a same-thing link type.")
    def pairs(
        self,
        info: Info,
        link_type: strawberry.ID,
        limit: int | None = 50,
        least_sure_first: bool | None = False,
        blind: bool | None = False,
    ) -> list[PairExampleType]:
        found = info.context.service.store.links.pairs(
            link_type, limit=bounded(limit, 1000, 50), least_sure_first=bool(least_sure_first)
        )
        return [
            PairExampleType.of_records(pair.left, pair.right, pair.score, said_of_pair(pair.evidence), bool(blind))
            for pair in found
        ]

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
