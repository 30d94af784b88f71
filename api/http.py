"""What all HTTP routes share: the one error shape, bounded bodies, same-origin checks."""

import errno
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from bifrost.errors import (
    AuthenticationError,
    BifrostError,
    ConflictError,
    InputError,
    NotAcceptableError,
    NotFoundError,
    PermissionDeniedError,
    QueryError,
    QueryLimitError,
    RecordError,
    RegistryError,
    RemovalGuardError,
    SettingsError,
    SourceError,
    StoreError,
    StoreFullError,
    TooLargeError,
    TooManyAttemptsError,
)

__all__ = ["JsonResponse", "client_address", "error_body", "error_response", "is_same_origin", "read_body", "status_of"]

_STATUS: tuple[tuple[type[BifrostError], int], ...] = (
    (TooManyAttemptsError, 429),
    (AuthenticationError, 401),
    (PermissionDeniedError, 403),
    (NotFoundError, 404),
    (RemovalGuardError, 409),
    (ConflictError, 409),
    (TooLargeError, 413),
    (NotAcceptableError, 406),
    (InputError, 400),
    (QueryLimitError, 503),
    (QueryError, 400),
    (StoreFullError, 507),
    (SourceError, 502),
    (RecordError, 422),
    (RegistryError, 400),
    (SettingsError, 500),
    (StoreError, 500),
    (BifrostError, 500),
)
INTERNAL: Mapping[str, object] = {
    "code": "internal",
    "message": "Something went wrong inside Bifrost.",
    "remedy": "Look for the request id in the log, and report what you find there.",
    "retryable": False,
}


class JsonResponse(Response):
    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, default=str)


def status_of(error: BifrostError) -> int:
    """The HTTP status of an error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def ours(error: BaseException) -> BaseException:
    """The error, or that the disk is full where that is behind it, whichever file could not be written."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(error, BifrostError):
        if getattr(cause, "errno", None) == errno.ENOSPC or "database or disk is full" in str(cause):
            return StoreFullError("There is no disk space left.")
        cause = cause.__cause__
    return error


def error_body(error: BaseException) -> dict[str, object]:
    """The four fields of the error shape; an error nobody raised on purpose tells nothing about the inside."""
    error = ours(error)
    return error.to_dict() if isinstance(error, BifrostError) else dict(INTERNAL)


def error_response(
    error: BaseException, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    error = ours(error)
    known = isinstance(error, BifrostError)
    status = status or (status_of(error) if isinstance(error, BifrostError) else 500)
    extra = dict(headers or {})
    if isinstance(error, TooManyAttemptsError):
        extra["Retry-After"] = str(math.ceil(error.retry_after))
    elif known and status == 503:
        extra["Retry-After"] = "1"
    return JsonResponse({"error": error_body(error)}, status, extra)


def client_address(connection: HTTPConnection) -> str:
    """The peer's address. Forwarding headers are not believed: any client can send them."""
    return connection.client.host if connection.client else ""


def is_same_origin(headers: Headers, scheme: str) -> bool:
    """Whether the ``Origin`` header names the host that the request was sent to; without one it is not known, so no."""
    origin = headers.get("origin")
    if not origin:
        return False
    parts = urlsplit(origin)
    expected = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    # Behind a proxy that ends TLS the scheme here is http while the browser's is https: the host decides.
    return parts.netloc == headers.get("host", "") and parts.scheme in (expected, "https")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLargeError above ``limit`` bytes without reading on."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise TooLargeError(f"The request has {length} bytes; the limit is {limit}.")
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"The request is larger than {limit} bytes.")
        parts.append(chunk)
    return b"".join(parts)
