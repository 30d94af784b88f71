"""Every error Bifrost raises on purpose.

    BifrostError                    has ``code``, ``remedy`` and ``retryable``
    ├── SettingsError               a setting is missing, unknown or contradictory
    ├── RegistryError               no implementation of that name
    │   └── MissingExtraError       it exists, but its optional driver is not installed
    ├── SourceError                 a whole source cannot be read: the job stops, what was there stays
    │   ├── SourceUnreachableError  (retryable) no answer, refused, timed out
    │   ├── SourceAuthError         wrong or missing credentials
    │   └── RemovalGuardError       the crawl would remove more than the user allows
    ├── RecordError                 one record cannot be read: it is counted and shown, the crawl goes on
    ├── StoreError                  the graph store cannot do it
    │   ├── NotFoundError           nothing has that id
    │   ├── ConflictError           somebody else changed it, or that name is taken
    │   ├── StoreFullError          no space left; nothing was lost
    │   └── StoreUnavailableError   (retryable) the database does not answer, or others keep it locked
    ├── QueryError                  the question is wrong
    │   ├── QuerySyntaxError        it cannot be parsed; carries ``line`` and ``column``
    │   ├── UnsupportedStepError    it can be parsed, but we lack a step; names alternatives
    │   └── QueryLimitError         it ran into its time, memory or result limit
    ├── AuthenticationError         not signed in
    │   └── TooManyAttemptsError    (retryable) too many failed sign-ins
    ├── PermissionDeniedError       signed in, but not allowed to
    └── InputError                  an argument of a call is wrong
        ├── TooLargeError           a request or upload above its limit
        └── NotAcceptableError      the answer has none of the formats that were asked for

All surfaces show the same four fields: ``code`` (stable, snake case), ``message``, ``remedy`` (what to do) and
``retryable`` (the same call may go through later).
"""

import math
from typing import Any, ClassVar

__all__ = [
    "AuthenticationError",
    "BifrostError",
    "ConflictError",
    "InputError",
    "MissingExtraError",
    "NotAcceptableError",
    "NotFoundError",
    "PermissionDeniedError",
    "QueryError",
    "QueryLimitError",
    "QuerySyntaxError",
    "RecordError",
    "RegistryError",
    "RemovalGuardError",
    "SettingsError",
    "SourceAuthError",
    "SourceError",
    "SourceUnreachableError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailableError",
    "TooLargeError",
    "TooManyAttemptsError",
    "UnsupportedStepError",
]


class BifrostError(Exception):
    """The root. ``remedy`` is one sentence that tells a person what to do next."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    default_remedy: ClassVar[str] = "See the log for details."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = self.default_remedy if remedy is None else remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders whole, whatever their constructor takes."""
        return _rebuild, (type(self), self.args, self.__dict__)

    def to_dict(self) -> dict[str, object]:
        """The one error shape of all surfaces."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy, "retryable": self.retryable}


def _rebuild(cls: type[BifrostError], args: tuple[Any, ...], state: dict[str, Any]) -> BifrostError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class SettingsError(BifrostError):
    code = "settings"
    default_remedy = (
        "Correct the setting in bifrost.toml or the BIFROST_* environment; docs/reference/settings.md lists all."
    )


class RegistryError(BifrostError):
    code = "unknown_implementation"
    default_remedy = "Check the spelling, or install the package that provides it."


class MissingExtraError(RegistryError):
    """An implementation exists but needs an optional driver."""

    code = "missing_extra"

    def __init__(self, name: str, extra: str, missing: str) -> None:
        super().__init__(
            f"{name!r} needs the Python package {missing!r}, which is not installed.",
            remedy=f'Run: pip install "bifrost-graph[{extra}]"',
        )
        self.extra = extra


class SourceError(BifrostError):
    code = "source"
    default_remedy = (
        "Check the source's address and settings, then test the connection. Nothing that it gave before was removed."
    )


class SourceUnreachableError(SourceError):
    code = "source_unreachable"
    retryable = True
    default_remedy = "Check host, port and network, then try again. Nothing that it gave before was removed."


class SourceAuthError(SourceError):
    code = "source_auth"
    default_remedy = "Enter the user name and password of this source again."


class RemovalGuardError(SourceError):
    """A crawl saw so few records that finishing it would remove more than the allowed share."""

    code = "removal_guard"

    def __init__(self, source: str, dataset: str, would_remove: int, had: int, limit: float) -> None:
        super().__init__(
            f"{source}/{dataset} would lose {would_remove} of {had} records ({would_remove / max(had, 1):.0%}), "
            f"more than the {limit:.0%} that this source may lose in one build.",
            remedy="If the records are really gone, allow the removal for this build (--allow-removal); nothing was removed.",
        )
        self.source, self.dataset, self.would_remove, self.had, self.limit = source, dataset, would_remove, had, limit


class RecordError(BifrostError):
    """One record of a source cannot be read."""

    code = "record"
    default_remedy = "Correct this record in its source; the other records are not affected."

    def __init__(self, message: str, *, record: str, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.record = record


class StoreError(BifrostError):
    code = "store"
    default_remedy = "Check the store's URL and its log."


class NotFoundError(StoreError):
    code = "not_found"
    default_remedy = "Check the id; the list command or page shows what exists."


class ConflictError(StoreError):
    code = "conflict"
    default_remedy = "Choose another name, or load the latest state and try again."


class StoreFullError(StoreError):
    code = "store_full"
    default_remedy = "Free disk space; nothing that was stored is lost. Then run the build again."


class StoreUnavailableError(StoreError):
    code = "store_unavailable"
    retryable = True
    default_remedy = "Check that the store's database runs and can be reached, then try again; nothing was changed."


class QueryError(BifrostError):
    code = "query"
    default_remedy = "Correct the query."


class QuerySyntaxError(QueryError):
    code = "query_syntax"

    def __init__(self, message: str, *, line: int = 1, column: int = 1, remedy: str | None = None) -> None:
        super().__init__(f"{message} (line {line}, column {column})", remedy=remedy)
        self.line, self.column = line, column


class UnsupportedStepError(QueryError):
    code = "unsupported_step"


class QueryLimitError(QueryError):
    code = "query_limit"
    default_remedy = "Narrow the query (add a filter or limit()), or ask an administrator to raise the limit."


class AuthenticationError(BifrostError):
    code = "unauthenticated"
    default_remedy = "Sign in, or send a personal API token as 'Authorization: Bearer <token>'."


class TooManyAttemptsError(AuthenticationError):
    """Failed sign-ins came too fast. ``retry_after`` is in seconds."""

    code = "too_many_attempts"
    retryable = True
    default_remedy = "Wait a moment, then sign in again."

    def __init__(self, retry_after: float) -> None:
        seconds = math.ceil(retry_after)
        wait = "1 second" if seconds == 1 else f"{seconds} seconds"
        super().__init__(f"Too many failed sign-ins; the next one is possible in {wait}.")
        self.retry_after = retry_after


class PermissionDeniedError(BifrostError):
    code = "forbidden"
    default_remedy = "Ask an administrator for the right to do this."


class InputError(BifrostError):
    code = "bad_input"
    default_remedy = "Correct the argument."


class TooLargeError(InputError):
    code = "too_large"
    default_remedy = "Send less at once, or ask an administrator to raise the limit."


class NotAcceptableError(InputError):
    code = "not_acceptable"
    default_remedy = "Name one of the formats in the header Accept, or */*."
