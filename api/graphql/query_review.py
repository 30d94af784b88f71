"""The part of the query root that is about reviewing."""

import strawberry

from api.graphql.context import Context
from api.graphql.limits import bounded
from api.graphql.types_carrying import KnowledgeImportType
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
from bifrost.errors import NotFoundError
from bifrost.links import LinkKind, LinkState
from linking.asking import said_of_pair

__all__ = ["ReviewQuery"]

Info = strawberry.Info[Context, None]


@strawberry.type
class ReviewQuery:
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
