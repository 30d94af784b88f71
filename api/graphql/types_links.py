"""Link types, judgements and review as GraphQL types."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Context
from api.graphql.types_review import EstimateType
from api.graphql.values import json_properties
from bifrost import links
from bifrost.errors import InputError
from bifrost.graph import FragmentOrigin, Vertex
from bifrost.links import LinkKind, LinkState, Verdict
from linking.alternatives import STANDS_IN
from linking.asking import Purpose, Question, said_of_pair
from linking.estimates import why_no_recall

__all__ = [
    "ColumnInput",
    "CorrectionInput",
    "JudgementType",
    "LinkTypeType",
    "PairExampleType",
    "PairInput",
    "QuestionType",
    "ReviewSummaryType",
    "correction_of",
    "judgements_of",
]

Info = strawberry.Info[Context, None]
strawberry.enum(LinkState)
strawberry.enum(Verdict, description="What a person answered.")


@strawberry.type(name="Column", description="One side of a link type; no columns: the text of documents.")
class ColumnType:
    source: str
    dataset: str
    columns: list[str]

    @classmethod
    def of(cls, column: links.Column) -> "ColumnType":
        return cls(source=column.source, dataset=column.dataset, columns=list(column.columns))


@strawberry.type(name="PairExample", description="Two records and why they may belong together.")
class PairExampleType:
    tail: strawberry.ID
    head: strawberry.ID
    score: float | None = strawberry.field(description="Null where it is withheld.")
    note: str
    role: str = strawberry.field(description="representative, borderline or counter.")
    texts: strawberry.Private[tuple[str, str]]

    @classmethod
    def of(cls, pair: links.PairExample, blind: bool = False) -> "PairExampleType":
        return cls(
            tail=strawberry.ID(pair.tail),
            head=strawberry.ID(pair.head),
            score=None if blind else pair.score,
            note=pair.note,
            role=pair.role,
            texts=(pair.tail_text, pair.head_text),
        )

    @classmethod
    def of_records(cls, tail: str, head: str, score: float, note: str = "", blind: bool = False) -> "PairExampleType":
        """Two records that are named by what they themselves say."""
        return cls.of(links.PairExample(tail, head, "", "", score, "" if blind else note), blind)

    @strawberry.field
    async def tail_text(self, info: Info) -> str:
        return self.texts[0] or await _name(info, self.tail)

    @strawberry.field
    async def head_text(self, info: Info) -> str:
        return self.texts[1] or await _name(info, self.head)

    @strawberry.field
    async def tail_properties(self, info: Info) -> JSON:
        return await _properties(info, self.tail)

    @strawberry.field
    async def head_properties(self, info: Info) -> JSON:
        return await _properties(info, self.head)


async def _own(info: Info, uid: str) -> FragmentOrigin | None:
    """What the record itself says: after a merge the vertex would show both sides the values of both."""
    origins = await info.context.vertex_origins.load(uid)
    return next((origin for origin in origins if origin.uid == uid), None)


async def _properties(info: Info, uid: str) -> JSON:
    own = await _own(info, uid)
    return JSON({} if own is None else json_properties(own.properties))


async def _name(info: Info, uid: str) -> str:
    own = await _own(info, uid)
    return Vertex(uid, "", {} if own is None else own.properties).display_name()


@strawberry.type(name="LinkType", description="A type of link between two datasets.")
class LinkTypeType:
    id: strawberry.ID
    kind: LinkKind
    tail: ColumnType
    head: ColumnType
    name: str
    state: LinkState
    probability: float | None = strawberry.field(description="Null where scores are withheld.")
    baseline: float | None = strawberry.field(description="What the explicit-feature model alone says.")
    declared: bool
    transform: JSON
    condition: str
    cardinality: str
    estimated_edges: int
    reasons: list[str]
    examples: list[PairExampleType]
    counter_examples: list[PairExampleType]
    features: JSON
    threshold: float | None
    model: str
    through: ColumnType | None = strawberry.field(
        description="Of join tables: the table between tail and head, with the columns that name both, the tail's first."
    )
    value: strawberry.Private[links.LinkType]
    blind: strawberry.Private[bool]

    @classmethod
    def of(cls, link_type: links.LinkType, blind: bool = False) -> "LinkTypeType":
        """``blind`` withholds what models think and what others answered; the evidence stays."""
        return cls(
            id=strawberry.ID(link_type.id),
            kind=link_type.kind,
            tail=ColumnType.of(link_type.tail),
            head=ColumnType.of(link_type.head),
            name=link_type.name,
            state=link_type.state,
            probability=None if blind else link_type.probability,
            baseline=None if blind else link_type.baseline,
            declared=link_type.declared,
            transform=JSON(dict(link_type.transform)),
            condition=link_type.condition,
            cardinality=link_type.cardinality,
            estimated_edges=link_type.estimated_edges,
            reasons=[reason for reason in link_type.reasons if not (blind and reason.startswith(STANDS_IN))],
            examples=[PairExampleType.of(pair, blind) for pair in link_type.examples],
            counter_examples=[PairExampleType.of(pair, blind) for pair in link_type.counter_examples],
            features=JSON({} if blind else dict(link_type.features)),
            threshold=link_type.threshold,
            model=link_type.model,
            through=None if link_type.through is None else ColumnType.of(link_type.through),
            value=link_type,
            blind=blind,
        )

    @strawberry.field(description="Links that it gives; 0 unless it is confirmed.")
    def edges(self, info: Info) -> int:
        return 0 if self.value.kind is LinkKind.SAME_THING else info.context.served(self.value)

    @strawberry.field(
        description="Pairs of records that it merges; 0 unless it is confirmed and about the same things."
    )
    def merged_pairs(self, info: Info) -> int:
        return info.context.served(self.value) if self.value.kind is LinkKind.SAME_THING else 0

    @strawberry.field(description="Confirmed by a rule and chosen to be checked by a person.")
    def audit(self, info: Info) -> bool:
        return self.id in info.context.audits

    @strawberry.field(description="The estimated share of right links; null where scores are withheld.")
    def precision(self, info: Info) -> EstimateType | None:
        return None if self.blind else EstimateType.of(info.context.quality(self.value)[0])

    @strawberry.field(
        description="The estimated share of all true links that are there; null where the data does not tell."
    )
    def recall(self, info: Info) -> EstimateType | None:
        found = None if self.blind else info.context.quality(self.value)[1]
        return None if found is None else EstimateType.of(found)

    @strawberry.field(description="Why there is no estimated recall; empty where there is one.")
    def recall_note(self, info: Info) -> str:
        if self.blind:
            return "withheld"
        return "" if info.context.quality(self.value)[1] is not None else why_no_recall(self.value)

    @strawberry.field
    def judgements(self, info: Info) -> list["JudgementType"]:
        if self.blind:
            return []
        mine = (judgement for judgement in info.context.judgements if judgement.subject.partition("|")[0] == self.id)
        return [JudgementType.of(judgement) for judgement in mine]


@strawberry.type(name="Judgement", description="One answer of one person; never changed, only undone.")
class JudgementType:
    id: int
    subject: str
    verdict: Verdict
    by: str
    at: datetime
    note: str
    correction: JSON | None
    undone: bool
    disputed: bool = strawberry.field(
        description="A second opinion against the answer that stood: it has no effect, the question is to be settled."
    )

    @classmethod
    def of(cls, judgement: links.Judgement) -> "JudgementType":
        return cls(
            id=judgement.id,
            subject=judgement.subject,
            verdict=judgement.verdict,
            by=judgement.by,
            at=judgement.at,
            note=judgement.note,
            correction=None if judgement.correction is None else JSON(_correction_json(judgement.correction)),
            undone=judgement.undone_at is not None,
            disputed=judgement.disputed,
        )

    @strawberry.field(description="The scores were withheld from who answered.")
    def blind(self, info: Info) -> bool:
        asked = info.context.asked.get(self.id)
        return asked is not None and asked.blind

    @strawberry.field
    def link_type(self, info: Info) -> LinkTypeType | None:
        found = info.context.link_types.get(self.subject.partition("|")[0])
        return None if found is None else LinkTypeType.of(found)


def _correction_json(correction: links.Correction) -> dict[str, object]:
    def column(side: links.Column | None) -> dict[str, object] | None:
        if side is None:
            return None
        return {"source": side.source, "dataset": side.dataset, "columns": list(side.columns)}

    return {
        "name": correction.name,
        "flip": correction.flip,
        "kind": correction.kind and correction.kind.name,
        "tail": column(correction.tail),
        "head": column(correction.head),
        "transform": None if correction.transform is None else dict(correction.transform),
        "condition": correction.condition,
        "threshold": correction.threshold,
    }


strawberry.enum(Purpose, description="Why something is asked.")


@strawberry.type(
    name="Question", description="One question of the queue: about a link type or, with a pair, about two records."
)
class QuestionType:
    id: strawberry.ID = strawberry.field(description="What an answer to it is filed under.")
    link_type: LinkTypeType
    pair: PairExampleType | None
    purpose: Purpose
    blind: bool = strawberry.field(description="Scores and earlier answers are withheld.")
    said: list[JudgementType] = strawberry.field(
        description="The answers that disagree, the one in force first; of disputed questions, unless blind."
    )

    @classmethod
    def of(cls, question: Question, blind: bool = False) -> "QuestionType":
        blind, pair = blind or question.blind, question.pair
        shown = None
        if pair is not None:
            note = said_of_pair(pair.evidence)
            shown = PairExampleType.of_records(pair.left, pair.right, pair.score, note, blind)
        return cls(
            id=strawberry.ID(question.subject), link_type=LinkTypeType.of(question.link_type, blind), pair=shown,
            purpose=question.purpose, blind=blind, said=[] if blind else [JudgementType.of(one) for one in question.said],
        )  # fmt: skip


@strawberry.type(name="ReviewSummary", description="How far the review is.")
class ReviewSummaryType:
    proposed: int
    confirmed: int
    rejected: int
    deferred: int
    answers: int
    edges_from_answers: int
    merged_from_answers: int = strawberry.field(description="Pairs of records that answered link types merge.")

    @classmethod
    def of(cls, context: Context) -> "ReviewSummaryType":
        known = context.link_types.values()
        states = [link_type.state for link_type in known]
        answered = {j.subject.partition("|")[0] for j in context.judgements if j.undone_at is None}
        given = [(link.kind is LinkKind.SAME_THING, context.served(link)) for link in known if link.id in answered]
        return cls(
            proposed=states.count(LinkState.PROPOSED),
            confirmed=states.count(LinkState.CONFIRMED),
            rejected=states.count(LinkState.REJECTED),
            deferred=states.count(LinkState.DEFERRED),
            answers=sum(judgement.undone_at is None for judgement in context.judgements),
            edges_from_answers=sum(count for merges, count in given if not merges),
            merged_from_answers=sum(count for merges, count in given if merges),
        )


@strawberry.input
class ColumnInput:
    source: str
    dataset: str
    columns: list[str]

    def value(self) -> links.Column:
        return links.Column(self.source, self.dataset, tuple(self.columns))


@strawberry.input(description="What a person changes while confirming; what is left out stays as proposed.")
class CorrectionInput:
    name: str | None = None
    flip: bool | None = None
    kind: LinkKind | None = None
    tail: ColumnInput | None = None
    head: ColumnInput | None = None
    transform: JSON | None = None
    condition: str | None = None
    threshold: float | None = None


def correction_of(given: CorrectionInput | None) -> links.Correction | None:
    """Raises InputError for a transform that is no object of texts or a threshold outside [0, 1]."""
    if given is None:
        return None
    transform = given.transform
    if transform is not None and not (
        isinstance(transform, dict) and all(isinstance(value, str) for value in transform.values())
    ):
        raise InputError('A transform is an object such as {"tail": "strip_prefix:CUST-"}.')
    if given.threshold is not None and not 0 <= given.threshold <= 1:
        raise InputError("A threshold lies between 0 and 1.")
    if given.name is not None and not given.name.strip():
        raise InputError("A link type needs a name.")
    return links.Correction(
        name=given.name,
        flip=bool(given.flip),
        kind=given.kind,
        tail=given.tail.value() if given.tail else None,
        head=given.head.value() if given.head else None,
        transform=transform,
        condition=given.condition,
        threshold=given.threshold,
    )


@strawberry.input(description="Two records, by uid.")
class PairInput:
    tail: strawberry.ID
    head: strawberry.ID


def judgements_of(judgements: Sequence[links.Judgement], limit: int) -> list[JudgementType]:
    return [JudgementType.of(judgement) for judgement in judgements[:limit]]
