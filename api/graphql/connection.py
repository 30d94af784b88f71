"""Pages of vertices with Relay cursors, made from the graph view's pages."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import strawberry

from api.graphql.context import Context
from api.graphql.types_graph import (
    LinkFilterInput,
    PageInfoType,
    PropertyFilterInput,
    VertexEdgeType,
    VertexType,
    counted,
    direction_of,
)
from api.graphql.values import make_filter
from bifrost.errors import InputError
from bifrost.graph import Filter, LinkFilter, PropertyFilter, Vertex
from bifrost.ports import GraphView

__all__ = ["VertexConnectionType", "VertexPage", "VertexPager", "link_filters", "page_info", "vertex_filters"]

_MOST_FILTERS = 50


def vertex_filters(
    context: Context, label: str | None, given: Sequence[PropertyFilterInput]
) -> tuple[PropertyFilter, ...]:
    """Filters with their values as the property's type, where it has only one. Raises InputError."""
    if len(given) > _MOST_FILTERS:
        raise InputError(f"At most {_MOST_FILTERS} filters are allowed.")
    types = context.property_types(label, [one.name for one in given]) if given else {}
    return tuple(make_filter(one.name, one.op or "eq", one.value, types.get(one.name, "text")) for one in given)


def link_filters(context: Context, given: Sequence[LinkFilterInput]) -> tuple[LinkFilter, ...]:
    """Raises InputError."""
    if len(given) > _MOST_FILTERS:
        raise InputError(f"At most {_MOST_FILTERS} filters are allowed.")
    return tuple(
        LinkFilter(
            direction_of(one.direction or "out"),
            one.label,
            one.other,
            vertex_filters(context, one.other, one.filters or ()),
            none=bool(one.none),
        )
        for one in given
    )


@dataclass(frozen=True, slots=True)
class VertexPage:
    """``cursor(i)`` continues after item ``i``; ``end`` after the last one, None at the end. ``more`` tells whether items
    follow. ``cursors`` are those of the items where the list gives them."""

    items: tuple[Vertex, ...]
    end: str | None
    more: bool
    after: str | None = None
    skipped: int = 0
    cursors: tuple[str, ...] = ()

    def cursor(self, index: int) -> str:
        """The view's cursors mark ends of pages, so one inside a page is its page's start and how many to skip."""
        return self.cursors[index] if self.cursors else _encode(self.after, self.skipped + index + 1)


@dataclass(frozen=True, slots=True)
class VertexPager:
    """One question about vertices: pages and the count of its answer."""

    view: GraphView
    label: str | None
    filters: tuple[Filter, ...] = ()
    order_by: str | None = None
    descending: bool = False

    def page(self, after: str | None, first: int) -> VertexPage:
        """Raises InputError for a cursor that no page gave."""
        start, skip = _decode(after)
        page = self.view.vertices(
            self.label,
            self.filters,
            order_by=self.order_by,
            descending=self.descending,
            after=start,
            limit=first + skip,
        )
        end = None if page.cursor is None else _encode(page.cursor, 0)
        return VertexPage(page.items[skip:], end if first else after, page.more, start, skip)

    def count(self) -> int:
        return self.view.count(self.label, self.filters)


def _encode(cursor: str | None, skip: int) -> str:
    return base64.urlsafe_b64encode(f"{skip}:{cursor or ''}".encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> tuple[str | None, int]:
    if not cursor:
        return None, 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        skip, colon, start = text.partition(":")
        if colon and skip.isdecimal() and len(skip) < 6:
            return start or None, int(skip)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise InputError(
        "This cursor was not given by a page of this list.", remedy="Use the endCursor of the page before."
    )


def page_info(page: VertexPage) -> PageInfoType:
    return PageInfoType(
        has_next_page=page.more,
        has_previous_page=page.after is not None or page.skipped > 0,
        start_cursor=page.cursor(0) if page.items else None,
        end_cursor=page.cursor(len(page.items) - 1) if page.items else None,
    )


@strawberry.type(name="VertexConnection", description="A page of vertices.")
class VertexConnectionType:
    page: strawberry.Private[VertexPage]
    count: strawberry.Private[Callable[[], int | Awaitable[int]]]

    @strawberry.field
    def nodes(self) -> list[VertexType]:
        return [VertexType.of(vertex) for vertex in self.page.items]

    @strawberry.field
    def edges(self) -> list[VertexEdgeType]:
        return [
            VertexEdgeType(cursor=self.page.cursor(index), node=VertexType.of(vertex))
            for index, vertex in enumerate(self.page.items)
        ]

    @strawberry.field
    def page_info(self) -> PageInfoType:
        return page_info(self.page)

    @strawberry.field
    def end_cursor(self) -> str | None:
        return self.page.end

    @strawberry.field
    def has_next_page(self) -> bool:
        return self.page.more

    @strawberry.field
    async def total_count(self) -> int:
        return await counted(self.count)
