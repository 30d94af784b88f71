"""Browser sessions: kept on the server, named by a random cookie that is replaced every quarter of an hour of use."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, or_, select, update

from api.accounts import hash_secret, sources_of
from api.accounts_schema import account_session, account_user, utc
from api.permissions import Principal, Role
from bifrost.errors import AuthenticationError

__all__ = ["ABSOLUTE", "Session", "Sessions"]

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
ROTATE = timedelta(minutes=15)
GRACE = timedelta(seconds=60)
"""How long requests that were under way with the cookie before a rotation are still let in."""


@dataclass(frozen=True, slots=True)
class Session:
    """``new_cookie`` is set when the browser has to be given another one."""

    principal: Principal
    new_cookie: str | None = None


class Sessions:
    """All methods block and are thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def start(self, user: str) -> str:
        """A new session of that user; returns the cookie."""
        cookie, now = secrets.token_urlsafe(32), datetime.now(UTC)
        with self.engine.begin() as connection:
            stale = or_(account_session.c.seen < now - IDLE, account_session.c.created < now - ABSOLUTE)
            connection.execute(delete(account_session).where(stale))
            user_id = connection.scalar(select(account_user.c.id).where(account_user.c.name == user))
            connection.execute(
                insert(account_session).values(
                    user_id=user_id, hash=hash_secret(cookie), created=now, rotated=now, seen=now
                )
            )
        return cookie

    def find(self, cookie: str) -> Session:
        """Raises AuthenticationError. A cookie that was replaced a while ago ends the session: somebody copied it."""
        hashed, now = hash_secret(cookie), datetime.now(UTC)
        with self.engine.begin() as connection:
            row = connection.execute(
                select(account_session, account_user.c.name, account_user.c.role, account_user.c.sources)
                .join(account_user)
                .where(or_(account_session.c.hash == hashed, account_session.c.previous == hashed))
            ).first()
            if row is None or now - utc(row.seen) > IDLE or now - utc(row.created) > ABSOLUTE:
                raise AuthenticationError("The session has ended.", remedy="Sign in again.")
            here = account_session.c.id == row.id
            principal = Principal.of(row.name, Role(row.role), via="session", sources=sources_of(row.sources))
            if row.hash != hashed:
                if now - utc(row.rotated) <= GRACE:
                    return Session(principal)
                connection.execute(delete(account_session).where(here))
                stolen = True
            else:
                stolen = False
                new_cookie = None
                if now - utc(row.rotated) > ROTATE:
                    new_cookie = secrets.token_urlsafe(32)
                    # The condition on the hash makes one of several concurrent requests win.
                    changed = connection.execute(
                        update(account_session)
                        .where(here, account_session.c.hash == hashed)
                        .values(hash=hash_secret(new_cookie), previous=hashed, rotated=now, seen=now)
                    ).rowcount
                    new_cookie = new_cookie if changed else None
                elif now - utc(row.seen) > timedelta(minutes=1):
                    connection.execute(update(account_session).where(here).values(seen=now))
        if stolen:
            raise AuthenticationError("The session has ended.", remedy="Sign in again.")
        return Session(principal, new_cookie)

    def end(self, cookie: str) -> None:
        hashed = hash_secret(cookie)
        with self.engine.begin() as connection:
            connection.execute(
                delete(account_session).where(
                    or_(account_session.c.hash == hashed, account_session.c.previous == hashed)
                )
            )
