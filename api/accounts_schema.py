"""Tables of users, tokens, sessions and the audit log, for SQLite and PostgreSQL, with their own version.

They live beside the store: in ``accounts.sqlite`` of the data directory, so that a sign-in never waits for a build's
transaction, or in the store's own database where that is PostgreSQL (ADR 0701).
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.pool import StaticPool

from bifrost.settings import Settings
from bifrost.sqlite import write_ahead

__all__ = [
    "account_audit",
    "account_session",
    "account_token",
    "account_user",
    "changing_tables",
    "migrate",
    "open_engine",
]

_BUSY_SECONDS = 10

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer, "sqlite")

account_version = Table("account_version", metadata, Column("version", Integer, nullable=False))

account_user = Table(
    "account_user",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False, comment="argon2id hash"),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("sources", Text, comment="JSON list of the sources that a reader may see; null for all"),
)

account_token = Table(
    "account_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user_id", _Id, ForeignKey("account_user.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True, comment="SHA-256 of the secret, which has 256 random bits"),
    Column("scopes", Text, nullable=False, comment="joined by blanks"),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("expires", DateTime(timezone=True)),
    Column("last_used", DateTime(timezone=True)),
    Index(None, "user_id"),
)

account_session = Table(
    "account_session",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user_id", _Id, ForeignKey("account_user.id", ondelete="CASCADE"), nullable=False),
    Column("hash", Text, nullable=False, unique=True, comment="SHA-256 of the cookie"),
    Column("previous", Text, index=True, comment="hash before the last rotation"),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("rotated", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Index(None, "user_id"),
)

account_audit = Table(
    "account_audit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("user", Text, nullable=False, comment="kept when the user is removed"),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False, comment="ok or an error code"),
    Column("address", Text, nullable=False),
    Index(None, "at"),
)


def utc(value: datetime) -> datetime:
    """SQLite gives datetimes back without their zone; all are stored in UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(settings: Settings) -> Engine:
    """The engine of the accounts database that belongs to these settings."""
    url = make_url(settings.effective_store_url)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if url.database in (None, "", ":memory:"):
        return _sqlite(create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return _sqlite(create_engine(f"sqlite:///{(settings.data_dir / 'accounts.sqlite').resolve()}"))


def _sqlite(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}").close()
        write_ahead(connection, wait_s=_BUSY_SECONDS)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine


def _create(connection: Connection) -> None:
    metadata.create_all(connection)


def _restrict(connection: Connection) -> None:
    if "sources" not in {column["name"] for column in inspect(connection).get_columns("account_user")}:
        connection.execute(text("ALTER TABLE account_user ADD COLUMN sources TEXT"))


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_create, _restrict)
"""Step ``n`` brings version ``n`` to ``n + 1``."""


@contextmanager
def changing_tables(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else, in this process or another, makes or upgrades tables of this database."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7420701)"))
        else:
            connection.execute(text("CREATE TABLE IF NOT EXISTS account_lock (held INTEGER)"))
            connection.execute(text("DELETE FROM account_lock"))  # takes the write lock before anything is read
        yield connection


def migrate(engine: Engine) -> None:
    """Creates or upgrades the tables. Safe at every start, from several processes."""
    with changing_tables(engine) as connection:
        version = 0
        if inspect(connection).has_table(account_version.name):
            version = connection.scalar(select(func.max(account_version.c.version))) or 0
        for step in MIGRATIONS[version:]:
            step(connection)
            version += 1
            connection.execute(insert(account_version).values(version=version))
