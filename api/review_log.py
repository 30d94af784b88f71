"""What is written down about asking: how every answer came about, which question was chosen, what was drawn to be audited,
the project's own seed, and the policy in use.

The tables live where the accounts live (:mod:`api.service_tables`), so that writing them never waits for a build.
"""

import json
import secrets
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, MetaData, Table, Text, delete, insert, select
from sqlalchemy.exc import IntegrityError

from api.accounts_schema import utc
from api.service_tables import ServiceTables
from bifrost.settings import Settings
from linking.asking import Purpose
from linking.choosing import DEFAULT_POLICY, POLICIES
from linking.replaying import BanditRecord

__all__ = ["Asked", "ReviewLog", "Sample"]

metadata = MetaData()

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

review_answer = Table(
    "review_answer",
    metadata,
    Column("judgement", Integer, primary_key=True, autoincrement=False),
    Column("purpose", Text, nullable=False),
    Column("blind", Boolean, nullable=False, comment="the scores were withheld"),
)

review_setting = Table(
    "review_setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

review_sample = Table(
    "review_sample",
    metadata,
    Column("link_type", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("population", Integer, nullable=False, comment="links that it was drawn from"),
    Column("pairs", Text, nullable=False, comment="JSON: uids of both ends, and scores"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """How an answer came about."""

    purpose: Purpose = Purpose.DECIDE
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """Links of a link type drawn by lot to be audited: ``pairs`` are (tail uid, head uid, score) of ``population``."""

    link_type: str
    round: int
    at: datetime
    population: int
    pairs: tuple[tuple[str, str, float], ...]


class ReviewLog(ServiceTables):
    """Opened when first used; safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, metadata)

    # ---- answers and choices

    def log_answer(self, judgement: int, asked: Asked) -> None:
        with self._engine.begin() as connection:
            row = {"judgement": judgement, "purpose": asked.purpose.value, "blind": asked.blind}
            connection.execute(insert(review_answer).values(row))

    def answers(self) -> Mapping[int, Asked]:
        """By the id of the judgement."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(review_answer)).all()
        return {row.judgement: Asked(Purpose(row.purpose), row.blind) for row in rows}

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

    def choices(self) -> Sequence[tuple[int, BanditRecord]]:
        """All logged choices with the ids of their judgements, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(review_choice).order_by(review_choice.c.judgement)).all()
        found = []
        for row in rows:
            candidates = json.loads(row.candidates)
            ids, features = tuple(one for one, _ in candidates), dict(candidates)
            record = BanditRecord(row.chosen, row.propensity, row.policy, ids, row.reward, features)
            found.append((row.judgement, record))
        return found

    # ---- settings of the project

    def seed(self) -> str:
        """Random, but the same for ever: projects must not explore at the same answers."""
        found = self._setting("seed")
        if found is None:
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(review_setting).values(name="seed", value=secrets.token_hex(8)))
            except IntegrityError:  # another process was faster
                pass
            found = self._setting("seed")
        return found or ""

    def policy(self) -> str:
        """The way to choose the next question that is in use."""
        found = self._setting("policy")
        return found if found in POLICIES else DEFAULT_POLICY

    def use_policy(self, name: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(review_setting).where(review_setting.c.name == "policy"))
            connection.execute(insert(review_setting).values(name="policy", value=name))

    def _setting(self, name: str) -> str | None:
        with self._engine.connect() as connection:
            query = select(review_setting.c.value).where(review_setting.c.name == name)
            return connection.execute(query).scalar()

    # ---- what is audited

    def samples(self) -> Sequence[Sample]:
        """All samples, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(review_sample).order_by(review_sample.c.link_type, review_sample.c.round))
            return [
                Sample(row.link_type, row.round, utc(row.at), row.population, tuple(map(tuple, json.loads(row.pairs))))
                for row in rows
            ]

    def forget_samples(self, known: Set[str]) -> None:
        """Lets go of the pairs of all other link types."""
        with self._engine.begin() as connection:
            for id in set(connection.execute(select(review_sample.c.link_type)).scalars()) - known:
                connection.execute(delete(review_sample).where(review_sample.c.link_type == id))

    def keep_sample(self, sample: Sample) -> None:
        """Does nothing where the round was drawn before."""
        row = {
            "link_type": sample.link_type, "round": sample.round, "at": sample.at.astimezone(UTC),
            "population": sample.population, "pairs": json.dumps(sample.pairs),
        }  # fmt: skip
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(review_sample).values(row))
        except IntegrityError:
            return
