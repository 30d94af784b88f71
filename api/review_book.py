"""What review keeps besides the answers: the rules by which people let link types be accepted, and the log of choices.

The tables live where the accounts live (:func:`api.accounts_schema.open_engine`), so that writing them never waits for a build.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Column, DateTime, Engine, Float, Integer, MetaData, Table, Text, delete, insert, select

from api.accounts_schema import open_engine, utc
from bifrost.links import Estimate, LinkKind, Matched
from bifrost.settings import Settings
from linking.accepting import AcceptRule, check_rule
from linking.asking import BanditRecord

__all__ = ["ReviewBook"]

metadata = MetaData()

review_rule = Table(
    "review_rule",
    metadata,
    Column("kind", Text, primary_key=True, comment="a kind of link types; empty for all others"),
    Column("probability", Float, nullable=False),
    Column("audit", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

review_choice = Table(
    "review_choice",
    metadata,
    Column("judgement", Integer, primary_key=True, autoincrement=False),
    Column("chosen", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("propensity", Float, nullable=False),
    Column(
        "candidates", Text, nullable=False, comment="JSON: ids in the order in which they were asked, with features"
    ),
    Column("reward", Float, nullable=False),
)

review_matched = Table(
    "review_matched",
    metadata,
    Column("link_type", Text, primary_key=True),
    Column("data", Text, nullable=False, comment="JSON: what matching told about all its pairs"),
)


class ReviewBook:
    """Opened when first used; safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Engine | None = None

    @property
    def _engine(self) -> Engine:
        if self._opened is None:
            engine = open_engine(self._settings)
            metadata.create_all(engine)
            self._opened = engine
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.dispose()
            self._opened = None

    def rules(self) -> list[AcceptRule]:
        """The rule of all kinds first, then those of single kinds."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(review_rule).order_by(review_rule.c.kind)).all()
        return [
            AcceptRule(LinkKind(row.kind) if row.kind else None, row.probability, row.audit, row.by, utc(row.at))
            for row in rows
        ]

    def set_rule(self, kind: LinkKind | None, probability: float | None, audit: float, by: str) -> None:
        """Replaces the rule of a kind (None: of all kinds without one); no probability takes it away. Raises InputError."""
        if probability is not None:
            check_rule(probability, audit)
        name = kind.value if kind else ""
        with self._engine.begin() as connection:
            connection.execute(delete(review_rule).where(review_rule.c.kind == name))
            if probability is not None:
                row = {"kind": name, "probability": probability, "audit": audit, "by": by, "at": datetime.now(UTC)}
                connection.execute(insert(review_rule).values(row))

    def keep_matched(self, link_type: str, matched: Matched) -> None:
        """Replaces what is known of all pairs of a same-thing link type."""
        with self._engine.begin() as connection:
            connection.execute(delete(review_matched).where(review_matched.c.link_type == link_type))
            data = json.dumps(asdict(matched))
            connection.execute(insert(review_matched).values(link_type=link_type, data=data))

    def matched(self, link_type: str) -> Matched | None:
        with self._engine.connect() as connection:
            query = select(review_matched.c.data).where(review_matched.c.link_type == link_type)
            text = connection.execute(query).scalar()
        if text is None:
            return None
        data = json.loads(text)
        return Matched(Estimate(**data["precision"]), Estimate(**data["recall"]))

    def log_choice(self, judgement: int, record: BanditRecord) -> None:
        """Writes down which question was answered, among which, and what came of it."""
        candidates = [[one, dict(record.features.get(one, {}))] for one in record.candidates]
        with self._engine.begin() as connection:
            connection.execute(
                insert(review_choice).values(
                    judgement=judgement, chosen=record.chosen, policy=record.policy, propensity=record.propensity,
                    candidates=json.dumps(candidates), reward=record.reward,
                )
            )  # fmt: skip

    def choices(self) -> Sequence[BanditRecord]:
        """All logged choices, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(review_choice).order_by(review_choice.c.judgement)).all()
        found = []
        for row in rows:
            candidates = json.loads(row.candidates)
            ids, features = tuple(one for one, _ in candidates), dict(candidates)
            found.append(BanditRecord(row.chosen, row.propensity, row.policy, ids, row.reward, features))
        return found
