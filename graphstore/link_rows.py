"""The rows of table ``link`` that a link type's edges become."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_properties
from bifrost.links import LinkEdge, LinkKind, LinkState, LinkType
from bifrost.values import Evidence, Value, make_uid
from graphstore.database import EDGE, Database
from graphstore.encoding import evidence_text, properties_text
from graphstore.values import clean_text

__all__ = ["DEFAULT_SAME", "LINK", "LinkRows", "Row", "is_active"]

Row = tuple[Any, ...]
LINK = ("record", "type", "tail", "head", "properties", "evidence", "score", "pin", "given", "active")
"""The columns of a row."""
DEFAULT_SAME = 0.5
"""From which score on a pair of a same-thing link type merges where no threshold is set."""


def is_active(link_type: LinkType, score: float, pin: int, given: int) -> int:
    """1 when a link or pair is to be served: a person's word first, then the threshold."""
    if link_type.state is not LinkState.CONFIRMED or pin < 0:
        return 0
    default = DEFAULT_SAME if link_type.kind is LinkKind.SAME_THING else 0.0
    threshold = default if link_type.threshold is None else link_type.threshold
    return int(pin > 0 or bool(given and score >= threshold))


class LinkRows:
    """Makes the rows of one link type inside a write. What many edges have in common is encoded once."""

    def __init__(self, database: Database, connection: Connection, link_type: LinkType) -> None:
        self._db, self._connection, self._link_type = database, connection, link_type
        self._prefix = make_uid("link", link_type.id)
        self._label: int | None = None
        self._evidence: Evidence | None = None
        self._evidence_text: str | None = None

    def uid(self, tail: str, head: str) -> str:
        """The uid of the link between two fragments."""
        return f"{self._prefix}/{make_uid(tail, head)}"

    def row(self, edge: LinkEdge, ends: tuple[int, int], answered: tuple[int, int], between: Any = None) -> Row:
        """``ends`` are the ids of the fragments, ``answered`` pin and given; ``between`` is the fragment (record, properties)
        that says so where it is no end."""
        label, evidence = self.shared(edge.evidence)
        record, properties, (pin, given), score = None, "{}", answered, float(edge.score)
        if between is not None:
            record = between.record
        if edge.properties:
            properties = properties_text(_stated(edge.properties, between))
        active = is_active(self._link_type, score, pin, given)
        return record, label, *ends, properties, evidence, score, pin, given, active

    def shared(self, evidence: Evidence) -> tuple[int, str | None]:
        """The label of the links, and how evidence is stored."""
        if self._label is None:
            self._label = self._db.label_id(self._connection, EDGE, clean_text(self._link_type.name))
        if evidence is not self._evidence:
            self._evidence, self._evidence_text = evidence, evidence_text(evidence)
        return self._label, self._evidence_text

    def served(self, score: Any) -> Any:
        """:func:`is_active` as SQL, of links that nobody judged."""
        if self._link_type.state is not LinkState.CONFIRMED:
            return 0
        return sa.case((score >= (self._link_type.threshold or 0.0), 1), else_=0)


def _stated(properties: Mapping[str, Any], between: Any) -> dict[str, tuple[Value, ...]]:
    """The properties of an edge, as the fragment in between states them where it does."""
    found: dict[str, tuple[Value, ...]] = {
        name: tuple(value) if isinstance(value, list | tuple) else (value,) for name, value in properties.items()
    }
    if between is not None:
        stated = decode_properties(between.properties)
        found |= {name: stated[name] for name in found if name in stated}
    return found
