"""Rules that accept link types, audits, estimates and reviewers as GraphQL types."""

import math
from datetime import datetime

import strawberry

from api.auditing import LinkAudit
from api.ports import Replay, Reviewed
from api.review_book import RuleChange
from bifrost.links import LinkKind
from linking.accepting import AcceptRule, AuditResult
from linking.estimates import Estimate
from linking.replaying import Replayed
from linking.reviewers import Agreement, Reviewer

__all__ = [
    "AcceptRuleChangeType",
    "AcceptRuleType",
    "AuditResultType",
    "EstimateType",
    "LinkAuditType",
    "PolicyType",
    "ReplayType",
    "ReviewersType",
]


strawberry.enum(LinkKind, description="What a link type says about its two ends.")


@strawberry.type(name="Estimate", description="A share with its 95% interval and the answers or records it rests on.")
class EstimateType:
    value: float
    low: float
    high: float
    basis: int

    @classmethod
    def of(cls, estimate: Estimate) -> "EstimateType":
        return cls(value=estimate.value, low=estimate.low, high=estimate.high, basis=estimate.basis)


@strawberry.type(name="AcceptRule", description="Proposals are confirmed without a question from a probability on.")
class AcceptRuleType:
    kind: LinkKind | None = strawberry.field(description="Null: all kinds without a rule of their own.")
    link_type: strawberry.ID | None = strawberry.field(description="The only one that it is about; null for kinds.")
    probability: float
    audit: float = strawberry.field(description="The share of what was confirmed that people check.")
    by: str
    at: datetime

    @classmethod
    def of(cls, rule: AcceptRule) -> "AcceptRuleType":
        return cls(
            kind=rule.kind, link_type=_id(rule.link_type), probability=rule.probability, audit=rule.audit, by=rule.by,
            at=rule.at,
        )  # fmt: skip


@strawberry.type(name="AcceptRuleChange", description="Somebody set a rule, or took it away.")
class AcceptRuleChangeType:
    id: int
    kind: LinkKind | None = strawberry.field(description="Null: all kinds without a rule of their own.")
    link_type: strawberry.ID | None = strawberry.field(description="The only one that it is about; null for kinds.")
    before: AcceptRuleType | None
    after: AcceptRuleType | None
    by: str
    at: datetime
    undone: bool

    @classmethod
    def of(cls, change: RuleChange) -> "AcceptRuleChangeType":
        return cls(
            id=change.id,
            kind=change.kind,
            link_type=_id(change.link_type),
            before=None if change.before is None else AcceptRuleType.of(change.before),
            after=None if change.after is None else AcceptRuleType.of(change.after),
            by=change.by,
            at=change.at,
            undone=change.undone_by is not None,
        )


@strawberry.type(name="AuditResult", description="How well rules did on one kind of link types.")
class AuditResultType:
    kind: LinkKind
    accepted: int
    checked: int
    right: int
    precision: EstimateType

    @classmethod
    def of(cls, result: AuditResult) -> "AuditResultType":
        return cls(
            kind=result.kind,
            accepted=result.accepted,
            checked=result.checked,
            right=result.right,
            precision=EstimateType.of(result.precision),
        )


def _id(link_type: str) -> strawberry.ID | None:
    return strawberry.ID(link_type) if link_type else None


@strawberry.type(name="LinkAudit", description="How the links of a link type did that were drawn by lot to be checked.")
class LinkAuditType:
    id: strawberry.ID = strawberry.field(description="Of the link type.")
    name: str
    rounds: int
    drawn: int = strawberry.field(description="In the newest round.")
    population: int = strawberry.field(description="Links that they were drawn from.")
    checked: int = strawberry.field(description="Over all rounds.")
    right: int
    precision: EstimateType

    @classmethod
    def of(cls, one: LinkAudit) -> "LinkAuditType":
        return cls(
            id=strawberry.ID(one.link_type.id), name=one.link_type.name, rounds=one.rounds, drawn=one.drawn,
            population=one.population, checked=one.checked, right=one.right, precision=EstimateType.of(one.precision),
        )  # fmt: skip


@strawberry.type(name="Reviewer", description="One person's answers.")
class ReviewerType:
    name: str
    answers: int
    confirmed: int
    rejected: int
    unsure: int
    undone: int
    newest: datetime

    @classmethod
    def of(cls, one: Reviewer) -> "ReviewerType":
        return cls(
            name=one.name, answers=one.answers, confirmed=one.confirmed, rejected=one.rejected, unsure=one.unsure,
            undone=one.undone, newest=one.newest,
        )  # fmt: skip


@strawberry.type(name="Agreement", description="How far two people agree on the questions that both answered.")
class AgreementType:
    first: str
    second: str
    common: int
    agreeing: int
    kappa: float | None = strawberry.field(description="Cohen's kappa; null below two common questions.")
    blind: int = strawberry.field(description="Common questions that the second person was asked blind.")
    blind_kappa: float | None = strawberry.field(description="Cohen's kappa over those; null below two.")

    @classmethod
    def of(cls, one: Agreement) -> "AgreementType":
        return cls(
            first=one.first, second=one.second, common=one.common, agreeing=one.agreeing, kappa=one.kappa,
            blind=one.blind, blind_kappa=one.blind_kappa,
        )  # fmt: skip


@strawberry.type(name="Reviewers")
class ReviewersType:
    reviewers: list[ReviewerType]
    agreements: list[AgreementType]

    @classmethod
    def of(cls, reviewed: Reviewed) -> "ReviewersType":
        return cls(
            reviewers=[ReviewerType.of(one) for one in reviewed.reviewers],
            agreements=[AgreementType.of(one) for one in reviewed.agreements],
        )


@strawberry.type(name="Policy", description="A way to choose the next question, judged on the logged answers.")
class PolicyType:
    name: str
    reward: float | None = strawberry.field(
        description="What an answer would have settled per second, by inverse propensities; null where no answer tells."
    )
    error: float | None = strawberry.field(description="Its standard error.")
    robust: float | None = strawberry.field(description="The same by a doubly robust estimate.")
    robust_error: float | None
    matched: int = strawberry.field(description="Answers to questions that this way would have asked.")
    answers: int

    @classmethod
    def of(cls, one: Replayed) -> "PolicyType":
        def told(value: float, error: float) -> tuple[float | None, float | None]:
            return (value, error) if math.isfinite(error) else (None, None)

        (reward, error), (robust, robust_error) = told(one.reward, one.error), told(one.robust, one.robust_error)
        return cls(
            name=one.policy, reward=reward, error=error, robust=robust, robust_error=robust_error, matched=one.matched,
            answers=one.answers,
        )  # fmt: skip


@strawberry.type(name="Replay", description="Ways to choose the next question, compared on the logged answers.")
class ReplayType:
    policies: list[PolicyType]
    policy: str = strawberry.field(description="The one in use.")
    own: int = strawberry.field(description="Answers to questions that people picked themselves; they are not counted.")
    undone: int = strawberry.field(description="Answers that were taken back; they are not counted.")

    @classmethod
    def of(cls, found: Replay) -> "ReplayType":
        policies = [PolicyType.of(one) for one in found.policies]
        return cls(policies=policies, policy=found.policy, own=found.own, undone=found.undone)
