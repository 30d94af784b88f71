"""Filters of vertices as SQL: of properties, of what edges lead to, and groups of both.

Conditions are on the table ``vertex`` under its own name. The condition of a linked vertex stands in a query of its own,
where that name is the linked vertex's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import Grouping

from bifrost.errors import InputError
from bifrost.graph import Direction, Filter, FilterGroup, LinkFilter, PropertyFilter
from graphstore import schema as s
from graphstore.database import EDGE, PROPERTY, VERTEX, Database
from graphstore.filters import property_condition
from graphstore.values import clean_text, value_hash

__all__ = ["Conditions", "near_and_far"]

_DEPTH = 10
_MOST = 500


def near_and_far(direction: Direction, edge: Any = s.edge) -> tuple[Any, Any]:
    """The columns of an edge's two ends, seen from its tail (out) or its head (in). Raises InputError for both."""
    if direction is Direction.BOTH:
        raise InputError("A link is followed in one direction.")
    ends = (edge.c.tail, edge.c.head)
    return ends if direction is Direction.OUT else (ends[1], ends[0])


@dataclass
class Conditions:
    """The conditions of one statement; bound names are numbered through."""

    database: Database
    connection: Connection
    _made: int = field(default=0)

    def of(self, label: str | None, filters: Sequence[Filter], depth: int = 0) -> list[Any]:
        """What a vertex of this type has to fulfil. Raises InputError for filters that make no sense."""
        if depth > _DEPTH:
            raise InputError(f"Filters are nested deeper than {_DEPTH} levels.")
        where = [] if label is None else [s.vertex.c.label == self.label(VERTEX, label)]
        return where + [self._condition(filter, depth) for filter in filters]

    def label(self, element: int, name: str) -> int:
        found = self.database.find_label(self.connection, element, clean_text(name))
        return -1 if found is None else found

    def _condition(self, filter: Filter, depth: int) -> Any:
        self._made += 1
        if self._made > _MOST:
            raise InputError(f"At most {_MOST} filters are allowed.")
        match filter:
            case PropertyFilter(op="eq" | "in"):
                return self._has_value(filter)
            case PropertyFilter():
                return property_condition(filter, self.database.is_sqlite, f"f{self._made}_")
            case LinkFilter():
                return self._linked(filter, depth)
            case FilterGroup(how, filters):
                inner = self.of(None, filters, depth + 1)
                if how == "all":
                    return sa.and_(sa.true(), *inner)
                found = sa.or_(sa.false(), *inner)
                # A single text clause cannot be negated by itself.
                return found if how == "any" else sa.not_(Grouping(found))

    def _has_value(self, filter: PropertyFilter) -> Any:
        wanted = filter.value if isinstance(filter.value, tuple) else (filter.value,)
        if filter.op == "eq" and len(wanted) != 1:
            raise InputError(f"The filter 'eq' on {filter.name!r} needs one value.")
        hashes = [value_hash(value) for value in wanted if value is not None]
        value = s.vertex_value
        with_value = sa.select(value.c.vertex).where(
            value.c.key == self.label(PROPERTY, filter.name), self.database.within(value.c.hash, hashes)
        )
        return s.vertex.c.id.in_(with_value)

    def _linked(self, filter: LinkFilter, depth: int) -> Any:
        near, far = near_and_far(filter.direction)
        if not filter.filters:
            return self._has_link(filter, near, far)
        others = sa.select(s.vertex.c.id).where(*self.of(filter.other, filter.filters, depth + 1)).correlate(None)
        ends = sa.select(near).where(s.edge.c.label == self.label(EDGE, filter.label), far.in_(others)).correlate(None)
        return s.vertex.c.id.not_in(ends) if filter.none else s.vertex.c.id.in_(ends)

    def _has_link(self, filter: LinkFilter, near: Any, far: Any) -> Any:
        """Looked up for each vertex, so that a page of those with any link is there as soon as it is full."""
        link = sa.select(sa.literal(1)).where(near == s.vertex.c.id, s.edge.c.label == self.label(EDGE, filter.label))
        if filter.other is not None:
            other = s.vertex.alias("other")
            link = link.where(other.c.id == far, other.c.label == self.label(VERTEX, filter.other))
        found = link.correlate(s.vertex).exists()
        return sa.not_(found) if filter.none else found
