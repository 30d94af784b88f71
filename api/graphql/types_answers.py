"""What an answer did, as GraphQL types."""

import strawberry

from api.graphql.types_links import JudgementType, LinkTypeType
from api.ports import JudgeOutcome, Moved, Opinion
from bifrost.links import Verdict

__all__ = ["JudgeResultType", "MovedType"]


@strawberry.type(name="Moved", description="A proposal whose probability an answer changed by more than 0.02.")
class MovedType:
    id: strawberry.ID
    name: str
    before: float
    after: float

    @classmethod
    def of(cls, moved: Moved) -> "MovedType":
        return cls(id=strawberry.ID(moved.id), name=moved.name, before=moved.before, after=moved.after)


@strawberry.type(name="PairsMoved", description="How many other pairs an answer about one of them moved.")
class PairsMovedType:
    above: int = strawberry.field(description="Above 0.9.")
    below: int = strawberry.field(description="Below 0.1.")
    likelier: int
    less_likely: int


@strawberry.type(name="Opinion", description="Whether a second opinion agrees with the first answer.")
class OpinionType:
    agrees: bool = strawberry.field(
        description="If not, the first answer stays in force until somebody settles the dispute."
    )
    by: str = strawberry.field(description="Who answered first.")
    verdict: Verdict

    @classmethod
    def of(cls, opinion: Opinion) -> "OpinionType":
        return cls(agrees=opinion.agrees, by=opinion.first.by, verdict=opinion.first.verdict)


@strawberry.type(name="JudgeResult")
class JudgeResultType:
    judgement: JudgementType
    link_type: LinkTypeType | None
    moved: list[MovedType]
    edges_changed: int
    merged: int = strawberry.field(
        description="How many vertices fewer there are than before; negative where merged ones came apart."
    )
    pairs_moved: PairsMovedType
    opinion: OpinionType | None = strawberry.field(description="Where the question was asked for a second opinion.")
    proposed: list[LinkTypeType] = strawberry.field(
        description="What takes the place of a rejected link type: the next likeliest that its columns could mean."
    )

    @classmethod
    def of(cls, outcome: JudgeOutcome, blind: bool = False) -> "JudgeResultType":
        """``blind`` withholds the scores of what is asked next."""
        return cls(
            judgement=JudgementType.of(outcome.judgement),
            link_type=None if outcome.link_type is None else LinkTypeType.of(outcome.link_type),
            moved=[MovedType.of(one) for one in outcome.moved],
            edges_changed=outcome.edges_changed,
            merged=outcome.merged,
            pairs_moved=PairsMovedType(**outcome.pairs_moved._asdict()),
            opinion=None if outcome.opinion is None else OpinionType.of(outcome.opinion),
            proposed=[LinkTypeType.of(one, blind) for one in outcome.proposed],
        )
