"""A link type as somebody states it, without a proposal and without examples."""

import strawberry
from strawberry.scalars import JSON

from api.graphql.types_graph import direction_of
from api.graphql.types_links import ColumnInput, CorrectionInput, correction_of
from api.stated_links import stated_link_type
from bifrost.errors import InputError
from bifrost.graph import Direction
from bifrost.links import LinkKind, LinkType

__all__ = ["LinkTypeInput"]


@strawberry.input(description="A link type between columns. No columns: the text of documents.")
class LinkTypeInput:
    name: str
    tail: ColumnInput
    head: ColumnInput
    kind: LinkKind | None = strawberry.field(default=None, description="REFERENCE unless another one is named.")
    direction: str | None = strawberry.field(
        default="out", description="out: links run from tail to head, in: the other way round."
    )
    transform: JSON | None = None
    condition: str | None = None
    threshold: float | None = None

    def value(self) -> LinkType:
        """Raises InputError."""
        given = correction_of(
            CorrectionInput(
                name=self.name, transform=self.transform, condition=self.condition, threshold=self.threshold
            )
        )
        assert given is not None
        ends = [self.tail.value(), self.head.value()]
        way = direction_of(self.direction or "out")
        if way is Direction.BOTH:
            raise InputError("Links run in one direction: out or in.")
        tail, head = ends if way is Direction.OUT else reversed(ends)
        return stated_link_type(
            self.name,
            tail,
            head,
            self.kind or LinkKind.REFERENCE,
            transform=given.transform,
            condition=given.condition or "",
            threshold=given.threshold,
        )
