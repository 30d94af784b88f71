"""Operations that are kept: what clients persisted by themselves, and what administrators registered.

The table lives where the accounts live (ADR 0701), so that noting the use of an operation never waits for a build.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError, parse
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    MetaData,
    Table,
    Text,
    delete,
    false,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from api.accounts_schema import utc
from api.service_tables import ServiceTables
from bifrost.errors import InputError, NotFoundError, QuerySyntaxError
from bifrost.settings import Settings

__all__ = ["OperationStore", "RegisteredOperation", "hash_of"]

_MOST = 1000
"""Operations that clients persisted by themselves; those used last are kept."""
_LONGEST = 200_000

metadata = MetaData()

graphql_operation = Table(
    "graphql_operation",
    metadata,
    Column("hash", Text, primary_key=True, comment="SHA-256 of the document, in hexadecimal"),
    Column("document", Text, nullable=False),
    Column("registered", Boolean, nullable=False, comment="by an administrator; never forgotten by itself"),
    Column("by", Text, nullable=False),
    Column("used", DateTime(timezone=True), nullable=False, comment="when it was registered or used last"),
)


@dataclass(frozen=True, slots=True)
class RegisteredOperation:
    """``used``: when it was registered or used last, to the minute."""

    hash: str
    document: str
    by: str
    used: datetime


def hash_of(document: str) -> str:
    return hashlib.sha256(document.encode(errors="replace")).hexdigest()


class OperationStore(ServiceTables):
    """Opened when first used; safe to use from several threads and processes."""

    def __init__(self, settings: Settings, most: int = _MOST) -> None:
        super().__init__(settings, metadata)
        self._most = most

    def find(self, hash: str) -> tuple[str, bool] | None:
        """The document, and whether an administrator registered it."""
        table = graphql_operation
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.hash == hash)).one_or_none()
        return None if row is None else (row.document, row.registered)

    def remember(self, document: str) -> None:
        """Keeps what a client persisted, in the place of what was not used for longest."""
        if len(document) <= _LONGEST:
            self._put(document, "", registered=False)
            self._forget()

    def touch(self, hash: str) -> None:
        table = graphql_operation
        with self._engine.begin() as connection:
            connection.execute(update(table).where(table.c.hash == hash).values(used=datetime.now(UTC)))

    # ---- what administrators do

    def register(self, document: str, by: str) -> RegisteredOperation:
        """Raises QuerySyntaxError, InputError."""
        if len(document) > _LONGEST:
            raise InputError(f"The document is longer than {_LONGEST} characters.")
        try:
            parse(document, no_location=True, max_tokens=10_000)
        except GraphQLError as error:
            raise QuerySyntaxError(error.message) from None
        except RecursionError:
            raise QuerySyntaxError("The document is nested too deeply.") from None
        self._put(document, by, registered=True)
        return next(one for one in self.registered() if one.hash == hash_of(document))

    def remove(self, hash: str) -> None:
        """Raises NotFoundError."""
        table = graphql_operation
        with self._engine.begin() as connection:
            if not connection.execute(delete(table).where(table.c.hash == hash, table.c.registered == true())).rowcount:
                raise NotFoundError(f"No operation with the hash {hash!r} is registered.")

    def registered(self) -> Sequence[RegisteredOperation]:
        """Used last first."""
        table = graphql_operation
        query = select(table).where(table.c.registered == true()).order_by(table.c.used.desc(), table.c.hash)
        with self._engine.connect() as connection:
            return [_operation(row) for row in connection.execute(query)]

    # ------------------------------------------------------------------------------------------------------------------

    def _put(self, document: str, by: str, *, registered: bool) -> None:
        table, key, now = graphql_operation, hash_of(document), datetime.now(UTC)
        changed: dict[str, Any] = {"used": now} | ({"registered": True, "by": by} if registered else {})
        for _ in range(2):
            try:
                with self._engine.begin() as connection:
                    known = connection.execute(update(table).where(table.c.hash == key).values(changed)).rowcount
                    if not known:
                        row = {"hash": key, "document": document, "registered": registered, "by": by, "used": now}
                        connection.execute(insert(table).values(row))
                return
            except IntegrityError:  # another process was faster
                continue

    def _forget(self) -> None:
        table = graphql_operation
        mine = table.c.registered == false()
        with self._engine.begin() as connection:
            surplus = connection.execute(select(func.count()).select_from(table).where(mine)).scalar_one() - self._most
            if surplus > 0:
                oldest = select(table.c.hash).where(mine).order_by(table.c.used, table.c.hash).limit(surplus)
                hashes = connection.execute(oldest).scalars().all()
                connection.execute(delete(table).where(table.c.hash.in_(hashes)))


def _operation(row: Any) -> RegisteredOperation:
    return RegisteredOperation(row.hash, row.document, row.by, utc(row.used))
