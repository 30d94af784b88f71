"""Where vertices, edges and values come from, as GraphQL types."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Context
from api.graphql.values import json_properties
from bifrost import graph, values
from bifrost.documents import Box

if TYPE_CHECKING:
    from api.graphql.types_links import LinkTypeType

__all__ = ["EdgeOriginType", "EvidenceType", "FragmentOriginType", "boxes_of", "evidence_json"]

Info = strawberry.Info[Context, None]


def boxes_of(boxes: Iterable[Box]) -> list[list[float]]:
    return [[box.x0, box.y0, box.x1, box.y1] for box in boxes]


def evidence_json(evidence: values.Evidence) -> dict[str, Any]:
    return {
        "extractor": evidence.extractor,
        "confidence": evidence.confidence,
        "column": evidence.column,
        "page": evidence.page,
        "boxes": boxes_of(evidence.boxes),
        "quote": evidence.quote,
        "reason": evidence.reason,
    }


@strawberry.type(name="Evidence", description="Where in its record a value was found, and how it was obtained.")
class EvidenceType:
    extractor: str
    confidence: float
    column: str
    page: int | None
    boxes: list[list[float]] = strawberry.field(description="x0, y0, x1, y1 in points, origin at the top left.")
    quote: str
    reason: str = strawberry.field(
        description="Why, where the place does not say it all: which of several records is meant."
    )

    @classmethod
    def of(cls, evidence: values.Evidence) -> "EvidenceType":
        return cls(**evidence_json(evidence))


@strawberry.type(name="FragmentOrigin", description="What one record says about a vertex.")
class FragmentOriginType:
    uid: strawberry.ID
    source: str
    dataset: str
    record: str
    type: str
    properties: JSON
    default_evidence: EvidenceType
    evidence: JSON = strawberry.field(description="Evidence per property; a property left out has the default one.")
    seen: datetime | None
    same_as: str | None = strawberry.field(description="The link type that merged this fragment in.")

    @classmethod
    def of(cls, origin: graph.FragmentOrigin) -> "FragmentOriginType":
        return cls(
            uid=strawberry.ID(origin.uid),
            source=origin.source,
            dataset=origin.dataset,
            record=origin.record,
            type=origin.type,
            properties=JSON(json_properties(origin.properties)),
            default_evidence=EvidenceType.of(origin.default_evidence),
            evidence=JSON({name: evidence_json(item) for name, item in origin.evidence.items()}),
            seen=origin.seen,
            same_as=origin.same_as,
        )


@strawberry.type(name="EdgeOrigin", description="One statement behind an edge.")
class EdgeOriginType:
    uid: strawberry.ID
    source: str
    dataset: str
    record: str
    score: float
    evidence: EvidenceType
    link_type_id: strawberry.Private[str | None]

    @classmethod
    def of(cls, origin: graph.EdgeOrigin) -> "EdgeOriginType":
        return cls(
            uid=strawberry.ID(origin.uid),
            source=origin.source,
            dataset=origin.dataset,
            record=origin.record,
            score=origin.score,
            evidence=EvidenceType.of(origin.evidence),
            link_type_id=origin.link_type,
        )

    @strawberry.field
    def link_type(self, info: Info) -> Annotated["LinkTypeType", strawberry.lazy("api.graphql.types_links")] | None:
        from api.graphql.types_links import LinkTypeType

        found = info.context.link_types.get(self.link_type_id or "")
        return None if found is None else LinkTypeType.of(found)
