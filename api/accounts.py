"""Users, personal API tokens and the audit log.

Passwords are kept as argon2id hashes, tokens as SHA-256 of 256 random bits (which need no slow hash). Sessions are in
:mod:`api.sessions`. All methods block and are thread-safe.
"""

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.accounts_schema import account_audit, account_session, account_token, account_user, migrate, open_engine, utc
from api.permissions import Principal, Role, Scope
from bifrost.errors import AuthenticationError, ConflictError, InputError, NotFoundError, PermissionDeniedError
from bifrost.settings import Settings

__all__ = ["Accounts", "AuditEntry", "NewToken", "Token", "User", "hash_secret", "open_accounts", "sources_of"]

TOKEN_PREFIX = "bft_"  # noqa: S105 - lets secret scanners recognise a token
_NAME = re.compile(r"[\w.@+-]{1,64}")
_LEAST_PASSWORD = 8
_CACHE_SECONDS = 5.0
_PASSWORD_CACHE_SECONDS = 60.0
_MOST_CACHED = 4096


@dataclass(frozen=True, slots=True)
class User:
    """``sources`` are those that a reader may see, None for all."""

    name: str
    role: Role
    created: datetime
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret."""

    id: int
    user: str
    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime | None
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """``secret`` is shown once and stored nowhere."""

    token: Token
    secret: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    at: datetime
    user: str
    action: str
    subject: str
    outcome: str
    address: str


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def open_accounts(settings: Settings, hasher: PasswordHasher | None = None) -> "Accounts":
    """The accounts that belong to these settings, their tables created or upgraded."""
    engine = open_engine(settings)
    migrate(engine)
    return Accounts(engine, hasher)


class Accounts:
    """Who may use this Bifrost. Looks are remembered for a few seconds, so that a request costs no query.

    ``hasher`` defaults to argon2id with the parameters that RFC 9106 recommends for small memory.
    """

    def __init__(self, engine: Engine, hasher: PasswordHasher | None = None) -> None:
        self.engine = engine
        self._hasher = hasher or PasswordHasher()
        # Verified against when the user does not exist, so that names cannot be told apart by time.
        self._decoy = self._hasher.hash(secrets.token_urlsafe())
        self._key = secrets.token_bytes(32)
        self._cache: dict[str, tuple[float, Principal]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        self.engine.dispose()

    # ---- users

    def ensure_admin(self, password: str | None = None) -> str | None:
        """Makes the account ``admin`` if there is no user yet. Returns its password if that was made up here: print
        it, it is not kept."""
        with self.engine.begin() as connection:
            if connection.scalar(select(func.count()).select_from(account_user)):
                return None
        made = None if password else secrets.token_urlsafe(15)
        try:
            self._insert_user("admin", password or made or "", Role.ADMIN)
        except ConflictError:  # another process was faster
            return None
        return made

    def add_user(self, name: str, password: str, role: Role, sources: Sequence[str] | None = None) -> User:
        """Raises InputError for an unfit name or password, ConflictError when the name is taken.

        With ``sources`` a reader sees what a graph built from these sources alone would show.
        """
        _check_sources(role, sources)
        if not _NAME.fullmatch(name):
            raise InputError("A user name has 1 to 64 letters, digits or . _ @ + -", remedy="Choose another user name.")
        _check_password(password)
        return self._insert_user(name, password, role, sources)

    def _insert_user(self, name: str, password: str, role: Role, sources: Sequence[str] | None = None) -> User:
        user = User(name, role, _now(), None if sources is None else tuple(sources))
        try:
            with self.engine.begin() as connection:
                connection.execute(
                    insert(account_user).values(
                        name=name,
                        role=role.value,
                        password=self._hasher.hash(password),
                        created=user.created,
                        sources=None if sources is None else json.dumps(list(sources)),
                    )
                )
        except IntegrityError:
            raise ConflictError(f"There is already a user {name!r}.") from None
        return user

    def users(self) -> list[User]:
        with self.engine.connect() as connection:
            rows = connection.execute(select(account_user).order_by(account_user.c.name))
            return [_user(row) for row in rows]

    def user(self, name: str) -> User:
        """Raises NotFoundError."""
        with self.engine.connect() as connection:
            return _user(_user_row(connection, name))

    def set_sources(self, name: str, sources: Sequence[str] | None) -> User:
        """Which sources a reader may see from now on, None for all."""
        with self.engine.begin() as connection:
            row = _user_row(connection, name)
            _check_sources(Role(row.role), sources)
            value = None if sources is None else json.dumps(list(sources))
            connection.execute(update(account_user).where(account_user.c.id == row.id).values(sources=value))
        self.forget()
        return self.user(name)

    def set_password(self, name: str, password: str) -> None:
        """Also ends all sessions of that user."""
        _check_password(password)
        with self.engine.begin() as connection:
            row = _user_row(connection, name)
            connection.execute(
                update(account_user).where(account_user.c.id == row.id).values(password=self._hasher.hash(password))
            )
            connection.execute(delete(account_session).where(account_session.c.user_id == row.id))
        self.forget()

    def remove_user(self, name: str) -> None:
        """With all tokens and sessions. Raises ConflictError for the last administrator."""
        with self.engine.begin() as connection:
            row = _user_row(connection, name)
            others = select(func.count()).where(account_user.c.role == Role.ADMIN, account_user.c.id != row.id)
            if row.role == Role.ADMIN and not connection.scalar(others):
                raise ConflictError(
                    "The last administrator cannot be removed.", remedy="Add another administrator first."
                )
            for table in (account_token, account_session):
                connection.execute(delete(table).where(table.c.user_id == row.id))
            connection.execute(delete(account_user).where(account_user.c.id == row.id))
        self.forget()

    def sign_in(self, name: str, password: str) -> Principal:
        """Verifies a password (or, as Basic clients send it, a token in its place). Raises AuthenticationError.

        With a token the name may be empty.
        """
        if password.startswith(TOKEN_PREFIX):
            principal = self.by_token(password)
            if name and principal.name != name:
                raise AuthenticationError("The token belongs to another user.")
            return principal
        # Clients with Basic send the password each time; argon2 once a minute is enough.
        key = "p" + hmac.new(self._key, f"{name}\0{password}".encode(), "sha256").hexdigest()
        cached = self._remembered(key)
        if cached is not None:
            return cached
        with self.engine.connect() as connection:
            row = connection.execute(select(account_user).where(account_user.c.name == name)).first()
        try:
            self._hasher.verify(self._decoy if row is None else row.password, password)
        except (VerificationError, InvalidHashError):
            raise AuthenticationError(
                "User name or password is wrong.", remedy="Check both; an administrator can set a new password."
            ) from None
        if row is None:  # nobody knows the decoy's password
            raise AuthenticationError("User name or password is wrong.")
        principal = Principal.of(row.name, Role(row.role), via="password", sources=sources_of(row.sources))
        return self._remember(key, principal, _PASSWORD_CACHE_SECONDS)

    # ---- tokens

    def create_token(
        self, by: Principal, name: str, scopes: Sequence[str], expires_in_days: int | None = None
    ) -> NewToken:
        """A token with at most the scopes of its maker."""
        try:
            wanted = {Scope(scope) for scope in scopes}
        except ValueError:
            raise InputError(f"Scopes are {', '.join(Scope)}.") from None
        if not wanted or not name.strip() or len(name) > 200:
            raise InputError("A token needs a name and at least one scope.")
        if expires_in_days is not None and not 1 <= expires_in_days <= 3660:
            raise InputError("A token lives between 1 and 3660 days.")
        if not wanted <= by.scopes:
            raise PermissionDeniedError("A token cannot have more scopes than you have.", remedy="Choose fewer scopes.")
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        created = _now()
        expires = created + timedelta(days=expires_in_days) if expires_in_days else None
        ordered = tuple(scope for scope in Scope if scope in wanted)
        with self.engine.begin() as connection:
            id_ = connection.execute(
                insert(account_token)
                .values(
                    user_id=_user_row(connection, by.name).id,
                    name=name,
                    hash=hash_secret(secret),
                    scopes=" ".join(ordered),
                    created=created,
                    expires=expires,
                )
                .returning(account_token.c.id)
            ).scalar_one()
        return NewToken(Token(id_, by.name, name, ordered, created, expires, None), secret)

    def tokens(self, user: str) -> list[Token]:
        query = select(account_token).join(account_user).where(account_user.c.name == user).order_by(account_token.c.id)
        with self.engine.connect() as connection:
            return [
                Token(
                    row.id,
                    user,
                    row.name,
                    tuple(Scope(scope) for scope in row.scopes.split()),
                    utc(row.created),
                    row.expires and utc(row.expires),
                    row.last_used and utc(row.last_used),
                )
                for row in connection.execute(query)
            ]

    def revoke_token(self, by: Principal, id: int) -> None:
        """One's own token; an administrator may revoke any. Raises NotFoundError."""
        with self.engine.begin() as connection:
            owner = select(account_user.c.name).join(account_token).where(account_token.c.id == id)
            if connection.scalar(owner) != by.name and Scope.ADMIN not in by.scopes:
                raise NotFoundError(f"There is no token {id}.")
            if not connection.execute(delete(account_token).where(account_token.c.id == id)).rowcount:
                raise NotFoundError(f"There is no token {id}.")
        self.forget()

    def by_token(self, secret: str) -> Principal:
        """Raises AuthenticationError for an unknown or expired token."""
        hashed = hash_secret(secret)
        cached = self._remembered("t" + hashed)
        if cached is not None:
            return cached
        now = _now()
        with self.engine.begin() as connection:
            row = connection.execute(
                select(account_token, account_user.c.name.label("user"), account_user.c.role, account_user.c.sources)
                .join(account_user)
                .where(account_token.c.hash == hashed)
            ).first()
            if row is None or (row.expires is not None and utc(row.expires) <= now):
                raise AuthenticationError(
                    "The token is not valid or has expired.", remedy="Create a new token in the console under Account."
                )
            if row.last_used is None or now - utc(row.last_used) > timedelta(minutes=1):
                connection.execute(update(account_token).where(account_token.c.id == row.id).values(last_used=now))
        scopes = frozenset(Scope(scope) for scope in row.scopes.split())
        principal = Principal.of(row.user, Role(row.role), scopes, via="token", sources=sources_of(row.sources))
        return self._remember("t" + hashed, principal, _CACHE_SECONDS)

    # ---- audit

    def audit(self, user: str, action: str, subject: str = "", *, outcome: str = "ok", address: str = "") -> None:
        with self.engine.begin() as connection:
            connection.execute(
                insert(account_audit).values(
                    at=_now(), user=user[:200], action=action, subject=subject[:500], outcome=outcome, address=address
                )
            )

    def audit_log(self, limit: int = 200) -> list[AuditEntry]:
        """Newest first."""
        query = select(account_audit).order_by(account_audit.c.id.desc()).limit(limit)
        with self.engine.connect() as connection:
            return [
                AuditEntry(utc(row.at), row.user, row.action, row.subject, row.outcome, row.address)
                for row in connection.execute(query)
            ]

    # ---- what was looked up a moment ago

    def forget(self) -> None:
        """Forgets all looks, after rights were taken away."""
        with self._lock:
            self._cache.clear()

    def _remembered(self, key: str) -> Principal | None:
        entry = self._cache.get(key)
        return entry[1] if entry is not None and entry[0] > time.monotonic() else None

    def _remember(self, key: str, principal: Principal, seconds: float) -> Principal:
        with self._lock:
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[key] = (time.monotonic() + seconds, principal)
        return principal


def _user_row(connection: Connection, name: str) -> Row[tuple[object, ...]]:
    row = connection.execute(select(account_user).where(account_user.c.name == name)).first()
    if row is None:
        raise NotFoundError(f"There is no user {name!r}.")
    return row


def _user(row: Any) -> User:
    sources = sources_of(row.sources)
    return User(row.name, Role(row.role), utc(row.created), None if sources is None else tuple(sorted(sources)))


def sources_of(text: str | None) -> frozenset[str] | None:
    """The sources column of a user."""
    return None if text is None else frozenset(json.loads(text))


def _check_sources(role: Role, sources: Sequence[str] | None) -> None:
    if sources is not None and role is not Role.READER:
        raise InputError(
            "Only readers can be limited to some sources.",
            remedy="Reviewers and administrators work on the whole graph.",
        )


def _check_password(password: str) -> None:
    if not _LEAST_PASSWORD <= len(password) <= 1000:
        raise InputError(f"A password has at least {_LEAST_PASSWORD} characters.", remedy="Choose a longer password.")


def _now() -> datetime:
    return datetime.now(UTC)
