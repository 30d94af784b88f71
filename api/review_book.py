"""What review keeps besides the answers: the rules by which people let link types be accepted, and the log of choices.

The tables live where the accounts live (:mod:`api.service_tables`), so that writing them never waits for a build.
"""

import json
from collections.abc import Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from api.accounts_schema import utc
from api.service_tables import ServiceTables
from bifrost.errors import ConflictError, NotFoundError
from bifrost.links import Estimate, LinkKind, Matched, PairLesson, PairQuestion
from bifrost.settings import Settings
from linking.accepting import AcceptRule, check_rule

__all__ = ["ReviewBook", "RuleChange"]

metadata = MetaData()

review_rule = Table(
    "review_rule",
    metadata,
    Column("kind", Text, primary_key=True, comment="a kind of link types, or type: and an id; empty for all others"),
    Column("probability", Float, nullable=False),
    Column("audit", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

review_rule_change = Table(
    "review_rule_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False, comment="as in review_rule"),
    Column("before", Text, comment="JSON: the rule before it; null where there was none"),
    Column("after", Text, comment="JSON: the rule that it set; null where it took the rule away"),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("undone_by", Text),
    Column("undone_at", DateTime(timezone=True)),
    sqlite_autoincrement=True,
)

review_matched = Table(
    "review_matched",
    metadata,
    Column("link_type", Text, primary_key=True),
    Column("data", Text, nullable=False, comment="JSON: what matching told about all its pairs"),
)

_OF_TYPE = "type:"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Somebody set, changed or took away (``after`` None) the rule of a kind (None: of all without one), or of a link type."""

    id: int
    kind: LinkKind | None
    before: AcceptRule | None
    after: AcceptRule | None
    by: str
    at: datetime
    undone_by: str | None = None
    link_type: str = ""


class ReviewBook(ServiceTables):
    """Opened when first used; safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, metadata)

    def rules(self) -> list[AcceptRule]:
        """The rule of all kinds first, then those of single kinds."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(review_rule).order_by(review_rule.c.kind)).all()
        return [_rule(row) for row in rows]

    def set_rule(
        self, kind: LinkKind | None, probability: float | None, audit: float, by: str, link_type: str = ""
    ) -> None:
        """Replaces the rule of a link type, or of a kind (None: of all kinds without one); no probability takes it away.
        Raises InputError."""
        if probability is not None:
            check_rule(probability, audit)
        with self._engine.begin() as connection:
            now, name = datetime.now(UTC), _scope(kind, link_type)
            kind = None if link_type else kind
            after = None if probability is None else AcceptRule(kind, probability, audit, by, now, link_type)
            before = self._replace(connection, name, after)
            row = {"kind": name, "before": _written(before), "after": _written(after), "by": by, "at": now}
            connection.execute(insert(review_rule_change).values(row))

    def rule_changes(self, limit: int = 100) -> list[RuleChange]:
        """Who set and took away rules, newest first."""
        query = select(review_rule_change).order_by(review_rule_change.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_change(row) for row in connection.execute(query)]

    def undo_rule(self, id: int, by: str) -> RuleChange:
        """Puts the rule back that there was before a change. Raises NotFoundError, ConflictError if it is undone already or
        the rule was changed again since."""
        change = review_rule_change
        with self._engine.begin() as connection:
            row = connection.execute(select(change).where(change.c.id == id)).one_or_none()
            if row is None:
                raise NotFoundError(f"There is no change {id} of a rule.")
            if row.undone_at is not None:
                raise ConflictError(f"Change {id} was already undone by {row.undone_by}.")
            live = select(func.max(change.c.id)).where(change.c.kind == row.kind, change.c.undone_at.is_(None))
            newest = connection.execute(live).scalar_one()
            if newest != id:
                raise ConflictError(f"The rule was set again after change {id}.", remedy=f"Undo change {newest} first.")
            self._replace(connection, row.kind, _read(row.kind, row.before))
            undone = {"undone_by": by, "undone_at": datetime.now(UTC)}
            connection.execute(update(change).where(change.c.id == id).values(undone))
            return _change(connection.execute(select(change).where(change.c.id == id)).one())

    def _replace(self, connection: Connection, name: str, rule: AcceptRule | None) -> AcceptRule | None:
        """Makes the rule of a kind this one; returns the one before it."""
        row = connection.execute(select(review_rule).where(review_rule.c.kind == name)).one_or_none()
        connection.execute(delete(review_rule).where(review_rule.c.kind == name))
        if rule is not None:
            values = {"kind": name, "probability": rule.probability, "audit": rule.audit, "by": rule.by, "at": rule.at}
            connection.execute(insert(review_rule).values(values))
        return None if row is None else _rule(row)

    def keep_matched(self, link_type: str, matched: Matched) -> None:
        """Replaces what is known of all pairs of a same-thing link type."""
        with self._engine.begin() as connection:
            connection.execute(delete(review_matched).where(review_matched.c.link_type == link_type))
            data = json.dumps(asdict(matched), default=dict)
            connection.execute(insert(review_matched).values(link_type=link_type, data=data))

    def forget_matched(self, known: Set[str]) -> None:
        """Lets go of what is known of pairs of all other link types."""
        with self._engine.begin() as connection:
            for id in set(connection.execute(select(review_matched.c.link_type)).scalars()) - known:
                connection.execute(delete(review_matched).where(review_matched.c.link_type == id))

    def matched(self, link_type: str) -> Matched | None:
        with self._engine.connect() as connection:
            query = select(review_matched.c.data).where(review_matched.c.link_type == link_type)
            text = connection.execute(query).scalar()
        if text is None:
            return None
        data = json.loads(text)
        return Matched(
            Estimate(**data["precision"]), Estimate(**data["recall"]), data.get("doubtful", 0.0),
            tuple(PairQuestion(**one) for one in data.get("questions", ())), _lesson(data.get("lesson")),
        )  # fmt: skip


def _lesson(data: dict[str, Any] | None) -> PairLesson | None:
    if data is None:
        return None
    rows = tuple(tuple(row) for row in data["rows"])
    return PairLesson(tuple(data["names"]), rows, tuple(data["odds"]), tuple(data["same"]))


def _scope(kind: LinkKind | None, link_type: str) -> str:
    """What a rule is filed under."""
    return _OF_TYPE + link_type if link_type else kind.value if kind else ""


def _kind(name: str) -> LinkKind | None:
    return LinkKind(name) if name and not name.startswith(_OF_TYPE) else None


def _link_type(name: str) -> str:
    return name.removeprefix(_OF_TYPE) if name.startswith(_OF_TYPE) else ""


def _rule(row: Any) -> AcceptRule:
    return AcceptRule(_kind(row.kind), row.probability, row.audit, row.by, utc(row.at), _link_type(row.kind))


def _written(rule: AcceptRule | None) -> str | None:
    return None if rule is None else json.dumps([rule.probability, rule.audit, rule.by, rule.at.isoformat()])


def _read(kind: str, text: str | None) -> AcceptRule | None:
    if text is None:
        return None
    probability, audit, by, at = json.loads(text)
    return AcceptRule(_kind(kind), probability, audit, by, datetime.fromisoformat(at), _link_type(kind))


def _change(row: Any) -> RuleChange:
    before, after = _read(row.kind, row.before), _read(row.kind, row.after)
    return RuleChange(row.id, _kind(row.kind), before, after, row.by, utc(row.at), row.undone_by, _link_type(row.kind))
