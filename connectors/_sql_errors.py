"""Maps what database drivers raise to our errors, without the secrets that drivers like to quote."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bifrost.errors import SourceAuthError, SourceError, SourceUnreachableError

__all__ = ["source_errors"]

_AUTH_STATES = {"28000", "28P01", "42501"}
_AUTH_CODES = {1044, 1045, 1142, 1143, 1227, 1251, 1698}
_AUTH_WORDS = (
    "authentication failed",
    "access denied",
    "no password supplied",
    "login failed",
    "permission denied",
    "no pg_hba.conf entry",
)
_UNREACHABLE_CODES = {2002, 2003, 2005, 2006, 2013, 1040}
_UNREACHABLE_WORDS = (
    "connection refused",
    "timeout",
    "timed out",
    "could not translate host",
    "failed to resolve host",
    "name or service not known",
    "no route to host",
    "network is unreachable",
    "server closed the connection",
    "connection reset",
    "lost connection",
    "can't connect",
    "starting up",
    "shutting down",
    "terminating connection",
    "too many",
)


@contextmanager
def source_errors(secret: str | None) -> Iterator[None]:
    """Raises the SourceError that fits; ``secret`` is blotted out of driver messages."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _translate(error, secret) from None


def _translate(error: SQLAlchemyError, secret: str | None) -> SourceError:
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    message = str(original).strip() or type(error).__name__
    # pymysql: (1045, "Access denied ..."); psycopg: text, sqlstate only where the server answered
    number = original.args[0] if getattr(original, "args", ()) else None
    code = number if isinstance(number, int) else None
    if code is not None and len(original.args) > 1:
        message = str(original.args[1])
    if secret:
        message = message.replace(secret, "***")
    words = message.lower()
    state = getattr(original, "sqlstate", None) or ""
    if state in _AUTH_STATES or code in _AUTH_CODES or any(word in words for word in _AUTH_WORDS):
        return SourceAuthError(f"The database refused the sign-in: {message}")
    if "role" in words and "does not exist" in words:
        return SourceAuthError(f"The database does not know this user: {message}")
    if state[:2] in ("08", "57") or code in _UNREACHABLE_CODES or any(word in words for word in _UNREACHABLE_WORDS):
        return SourceUnreachableError(f"The database does not answer: {message}")
    return SourceError(f"The database cannot be read: {message}")
