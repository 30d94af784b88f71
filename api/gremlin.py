"""The Gremlin endpoint: WebSocket and HTTP on /gremlin, GraphBinary 1, GraphSON 3 (typed and untyped) and 2.

    endpoint = GremlinEndpoint(engine, authenticate)
    endpoint.routes, endpoint.start(), endpoint.close()

Whoever the authentication middleware recognised (``scope["principal"]``: header or cookie) need not sign in again; a
WebSocket client may also answer the SASL PLAIN challenge of the protocol, with user and password or user and token.
Without ``authenticate`` the endpoint is open, which is meant for scratch graphs on loopback only.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.auth import Authenticator
from api.direct_socket import DIRECT
from api.gremlin_answer import GremlinAnswer
from api.gremlin_frames import CODECS, DEFAULT, GRAPHBINARY, Codec, Message, MessageError, codec_for
from api.gremlin_service import GremlinService, GremlinSettings, Reply
from api.gremlin_socket import Connection
from api.http import client_address
from api.permissions import Scope
from bifrost.errors import AuthenticationError, BifrostError, InputError
from graphstore.gremlin.engine import GremlinEngine

__all__ = ["Authenticate", "GremlinEndpoint", "gremlin_routes"]

Authenticate = Callable[[str, str, str], Any]
"""(user name, password or token, client address) -> principal. Raises a BifrostError, or gives None, when it is wrong."""


_FORM = 10_000
"""Bytes that the question for running queries may have."""


def has_write_scope(principal: Any) -> bool:
    """Whether a principal may change the graph: it has the scope, or there are no scopes at all."""
    scopes = getattr(principal, "scopes", None)
    return scopes is None or Scope.WRITE in scopes


def gremlin_routes(
    engine: GremlinEngine,
    authenticate: Authenticate | Authenticator | None,
    *,
    settings: GremlinSettings | None = None,
) -> list[BaseRoute]:
    """The Starlette routes of an endpoint that nobody starts or closes: for tests and throw-away graphs."""
    return GremlinEndpoint(engine, authenticate, settings=settings).routes


class GremlinEndpoint:
    """The endpoint of one engine; ``may_write`` says which principals may change the graph."""

    def __init__(
        self,
        engine: GremlinEngine,
        authenticate: Authenticate | Authenticator | None,
        *,
        settings: GremlinSettings | None = None,
        may_write: Callable[[Any], bool] = has_write_scope,
    ) -> None:
        self.service = GremlinService(engine, settings, may_write)
        self.authenticate = authenticate.password if isinstance(authenticate, Authenticator) else authenticate
        self.threads = ThreadPoolExecutor(self.service.settings.threads, thread_name_prefix="gremlin")
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/gremlin", self.websocket),
            Route("/gremlin", self.http, methods=["GET", "POST"]),
            Route("/gremlin/status", self.status, methods=["GET", "POST"]),
            Route("/pg/statistics/summary", self.summary, methods=["GET"]),
            Route("/propertygraph/statistics/summary", self.summary, methods=["GET"]),
        ]

    def start(self) -> None:
        """Prepares in the background what queries need, so that the first of them need not wait."""
        self.service.engine.start()

    def close(self) -> None:
        """Stops running queries, rolls open sessions back and releases the graph. Safe to call twice."""
        self.service.close()
        self.threads.shutdown(cancel_futures=True)
        self.service.engine.close()

    # ---- who asks ----------------------------------------------------------------------------------------------------

    async def sign_in(self, username: str, secret: str, address: str) -> tuple[Any, BifrostError | None]:
        """The principal, or None and why not."""
        assert self.authenticate is not None
        try:
            principal = await run_in_threadpool(self.authenticate, username, secret, address)
        except BifrostError as error:
            return None, error
        return principal, None

    async def principal(self, connection: HTTPConnection) -> Any:
        """Who a request comes from: what the middleware found, else its Authorization header; None if nobody."""
        known = connection.scope.get("principal")
        if known is not None or self.authenticate is None:
            return known
        kind, _, value = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                username, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return (await self.sign_in(username, secret, client_address(connection)))[0]
        if kind.lower() == "bearer":
            return (await self.sign_in("", value.strip(), client_address(connection)))[0]
        return None

    # ---- WebSocket ---------------------------------------------------------------------------------------------------

    async def websocket(self, socket: WebSocket) -> None:
        await socket.accept()
        sign_in = None if self.authenticate is None else self.sign_in
        connection = Connection(self.service, self.threads, socket, sign_in)
        connection.principal = await self.principal(socket)
        direct = socket.scope.get("extensions", {}).get(DIRECT)
        if direct is not None:
            direct.answer = connection.answer
        try:
            while True:
                event = await connection.next_event()
                if event["type"] != "websocket.receive":
                    return
                data = event.get("bytes")
                await connection.receive(data if data is not None else (event.get("text") or "").encode())
        except WebSocketDisconnect:
            return
        finally:
            connection.close()

    # ---- HTTP --------------------------------------------------------------------------------------------------------

    async def http(self, request: Request) -> Response | GremlinAnswer:
        principal = await self.principal(request)
        if principal is None and self.authenticate is not None:
            return _unauthenticated()
        codec = _accepted(request.headers.get("accept", ""))
        try:
            message = await self._http_message(request)
        except MessageError as error:
            return _http_response(codec, Reply(498, message=error.message), error.id)
        except InputError as error:
            return JSONResponse(error.to_dict(), 400)
        return GremlinAnswer(self.service, self.threads, message, codec, principal, _http_response)

    async def _http_message(self, request: Request) -> Message:
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if request.method == "GET":
            fields: dict[str, Any] = dict(request.query_params)
        else:
            body = await _body(request, self.service.settings.max_message)
            if kind == GRAPHBINARY:
                return CODECS[kind].read(body)
            try:
                fields = json.loads(body or b"{}")
            except (ValueError, RecursionError):
                raise InputError("The body is no JSON.", remedy='Send {"gremlin": "g.V().limit(1)"}.') from None
        if not isinstance(fields, dict):
            raise InputError("The body must be a JSON object.", remedy='Send {"gremlin": "g.V().limit(1)"}.')
        gremlin = fields.get("gremlin", fields.get("query"))
        if not isinstance(gremlin, (str, dict)):
            raise InputError("No Gremlin query was given.", remedy="Send it as 'gremlin' or 'query'.")
        op = "eval" if isinstance(gremlin, str) else "bytecode"
        args = {key: value for key, value in fields.items() if key != "requestId"} | {"gremlin": gremlin}
        envelope = {"requestId": fields.get("requestId"), "op": op, "args": args}
        return CODECS[DEFAULT].read(json.dumps(envelope).encode())

    async def status(self, request: Request) -> Response:
        """Running queries; with cancelQuery and queryId, in the address or as a form, stops one (as Neptune does)."""
        principal = await self.principal(request)
        if principal is None and self.authenticate is not None:
            return _unauthenticated()
        fields = dict(request.query_params)
        if request.method == "POST":
            try:
                form = (await _body(request, _FORM)).decode("ascii", "replace")
                fields |= dict(parse_qsl(form, keep_blank_values=True))
            except InputError as error:
                return JSONResponse(error.to_dict(), 400)
        query_id = fields.get("queryId", "")
        if "cancelQuery" in fields:
            if not self.service.cancel(query_id, principal):
                return JSONResponse(
                    {"code": "not_found", "message": f"No running query has the id {query_id}.", "requestId": query_id},
                    404,
                )
            return JSONResponse({"status": "200 OK", "payload": True})
        queries = [{"queryId": key} for key in self.service.running(principal)]
        return JSONResponse({"acceptedQueryCount": 0, "runningQueryCount": len(queries), "queries": queries})

    async def summary(self, request: Request) -> Response:
        """Labels and counts, in the shape of Neptune's property graph summary."""
        principal = await self.principal(request)
        if principal is None and self.authenticate is not None:
            return _unauthenticated()
        return JSONResponse(await run_in_threadpool(self._summary, principal))

    def _summary(self, principal: Any) -> dict[str, Any]:
        vertices, edges = self.service.engine.label_counts(principal)
        graph = {
            "numNodes": sum(vertices.values()),
            "numEdges": sum(edges.values()),
            "numNodeLabels": len(vertices),
            "numEdgeLabels": len(edges),
            "nodeLabels": sorted(vertices),
            "edgeLabels": sorted(edges),
        }
        return {"status": "200 OK", "payload": {"version": "v1", "graphSummary": graph}}


async def _body(request: Request, limit: int) -> bytes:
    """Raises InputError when it is larger than ``limit`` bytes."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise InputError(f"The request is larger than {limit} bytes.", remedy="Send less, or use bindings.")
    return bytes(body)


def _unauthenticated() -> Response:
    error = AuthenticationError("Sign in to use Gremlin.")
    return JSONResponse(error.to_dict(), 401, {"WWW-Authenticate": 'Bearer realm="bifrost", Basic realm="bifrost"'})


def _accepted(header: str) -> Codec:
    for part in header.split(","):
        codec = codec_for(part)
        if codec is not None:
            return codec
    return CODECS[DEFAULT]


_HTTP_STATUS = {200: 200, 204: 200, 401: 401, 403: 403, 498: 400, 499: 400, 597: 400, 598: 504}


def _http_response(codec: Codec, reply: Reply, id: Any) -> Response:
    if reply.code in (200, 204) or not codec.text:
        return Response(reply.frame(codec, id), _HTTP_STATUS.get(reply.code, 500), media_type=codec.mime)
    body = {
        "requestId": str(uuid.UUID(bytes=id)),
        "code": reply.attributes.get("code", "query"),
        "message": reply.message,
        "detailedMessage": reply.message,
        "remedy": reply.attributes.get("remedy") or "Correct the request; docs/reference/gremlin.md describes it.",
        "retryable": reply.attributes.get("retryable", False),
    }
    return JSONResponse(body, _HTTP_STATUS.get(reply.code, 500))
