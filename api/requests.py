"""The outermost layer of the service: request ids, logs, metrics, security headers, and errors in the one shape."""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import error_response
from api.metrics import Metrics
from bifrost.errors import BifrostError, InputError, NotFoundError

__all__ = ["RequestMiddleware"]

_log = structlog.get_logger()
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class MethodNotAllowedError(InputError):
    code = "method_not_allowed"
    default_remedy = "The Allow header lists the methods of this address."


class RequestMiddleware:
    """An exception becomes an answer here, whatever raised it; nobody sees a traceback."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope["app"] = self  # makes the router raise 404 and 405 as exceptions
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "http":
                await self._http(scope, receive, send, request_id)
            else:
                await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except ClientDisconnect:
            pass
        except Exception as error:
            if not isinstance(error, BifrostError | HTTPException):
                _log.error("request_failed", method=scope["method"], path=scope["path"], exc_info=error)
            if status:  # too late for another answer; the server closes the connection
                _log.warning("answer_cut_short", path=scope["path"], error=str(error))
                raise
            await _answer(error)(scope, receive, sender)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "none")
            self.metrics.observe(scope["method"], route, status, seconds)
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(1000 * seconds, 1),
                user=getattr(scope.get("principal"), "name", None),
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except HTTPException:
            await send({"type": "websocket.close", "code": 4404, "reason": "not_found"})
        except Exception as error:  # noqa: BLE001 - the border of the service
            _log.error("socket_failed", path=scope["path"], exc_info=error)


def _answer(error: Exception) -> ASGIApp:
    if not isinstance(error, HTTPException):
        return error_response(error)
    if error.status_code == 405:
        return error_response(MethodNotAllowedError("This address does not take that method."), 405, error.headers)
    if error.status_code == 404:
        return error_response(NotFoundError("There is nothing at this address.", remedy="Check the address."))
    return error_response(InputError(error.detail), error.status_code, error.headers)
