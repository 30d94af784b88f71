"""The Gremlin endpoint: WebSocket and HTTP on /gremlin, GraphBinary 1, GraphSON 3 (typed and untyped) and 2.

    routes = gremlin_routes(engine, authenticate)

``authenticate(username, secret)`` gives a principal or None; a personal API token is sent as the secret with any (or
an empty) user name. Without it the endpoint is open, which is meant for scratch graphs on loopback only.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.gremlin_frames import CODECS, Codec, Message, MessageError, codec_for, open_envelope
from api.gremlin_service import GremlinService, GremlinSettings, Reply
from bifrost.errors import InputError
from graphstore.gremlin.engine import GremlinEngine

__all__ = ["Authenticate", "gremlin_routes"]

Authenticate = Callable[[str, str], Any]
"""(user name, password or token) -> principal, or None when they are wrong."""

_DEFAULT = "application/vnd.gremlin-v3.0+json"


def gremlin_routes(
    engine: GremlinEngine,
    authenticate: Authenticate | None,
    *,
    settings: GremlinSettings | None = None,
    may_write: Callable[[Any], bool] = lambda _: True,
) -> list[BaseRoute]:
    """The Starlette routes of the endpoint; ``may_write`` says which principals may change the graph."""
    endpoint = _Endpoint(GremlinService(engine, settings, may_write), authenticate)
    return [
        WebSocketRoute("/gremlin", endpoint.websocket),
        Route("/gremlin", endpoint.http, methods=["GET", "POST"]),
        Route("/gremlin/status", endpoint.status, methods=["GET", "POST"]),
        Route("/pg/statistics/summary", endpoint.summary, methods=["GET"]),
    ]


class _Endpoint:
    def __init__(self, service: GremlinService, authenticate: Authenticate | None) -> None:
        self.service, self.authenticate = service, authenticate

    # ---- who asks ----------------------------------------------------------------------------------------------------

    async def _check(self, username: str, secret: str) -> Any:
        assert self.authenticate is not None
        return await run_in_threadpool(self.authenticate, username, secret)

    async def _from_header(self, header: str | None) -> Any:
        """The principal of an Authorization header (Basic or Bearer), or None."""
        kind, _, value = (header or "").partition(" ")
        if kind.lower() == "bearer":
            return await self._check("", value.strip())
        if kind.lower() == "basic":
            try:
                username, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return await self._check(username, secret)
        return None

    # ---- WebSocket ---------------------------------------------------------------------------------------------------

    async def websocket(self, socket: WebSocket) -> None:
        await socket.accept()
        connection = _Connection(self, socket)
        if self.authenticate is not None:
            connection.principal = await self._from_header(socket.headers.get("authorization"))
        try:
            while True:
                event = await socket.receive()
                if event["type"] != "websocket.receive":
                    return
                data = event.get("bytes")
                await connection.receive(data if data is not None else (event.get("text") or "").encode())
        except (WebSocketDisconnect, RuntimeError):
            return

    # ---- HTTP --------------------------------------------------------------------------------------------------------

    async def http(self, request: Request) -> Response:
        principal = None
        if self.authenticate is not None:
            principal = await self._from_header(request.headers.get("authorization"))
            if principal is None:
                return JSONResponse(
                    {"code": "unauthenticated", "message": "Sign in to use Gremlin.", "remedy": "Send a token.", "retryable": False},
                    401,
                    {"WWW-Authenticate": 'Basic realm="gremlin", charset="UTF-8"'},
                )
        codec = _accepted(request.headers.get("accept", ""))
        try:
            message = await self._http_message(request)
        except MessageError as error:
            return _http_response(codec, Reply(498, message=error.message), error.id)
        except InputError as error:
            return JSONResponse(error.to_dict(), 400)
        reply = await run_in_threadpool(self._gathered, message, principal)
        return _http_response(codec, reply, message.id)

    async def _http_message(self, request: Request) -> Message:
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        limit = self.service.settings.max_message
        if request.method == "GET":
            fields: dict[str, Any] = dict(request.query_params)
        else:
            body = bytearray()
            async for piece in request.stream():
                body += piece
                if len(body) > limit:
                    raise InputError(f"The request is larger than {limit} bytes.", remedy="Send less, or use bindings.")
            if kind == "application/vnd.graphbinary-v1.0":
                return CODECS[kind].read(bytes(body))
            try:
                fields = json.loads(bytes(body) or b"{}")
            except (ValueError, RecursionError):
                raise InputError("The body is no JSON.", remedy='Send {"gremlin": "g.V().limit(1)"}.') from None
        if not isinstance(fields, dict):
            raise InputError("The body must be a JSON object.", remedy='Send {"gremlin": "g.V().limit(1)"}.')
        gremlin = fields.get("gremlin", fields.get("query"))
        if not isinstance(gremlin, (str, dict)):
            raise InputError("No Gremlin query was given.", remedy="Send it as 'gremlin' or 'query'.")
        op = "eval" if isinstance(gremlin, str) else "bytecode"
        envelope = {"requestId": fields.get("requestId"), "op": op, "args": {**fields, "gremlin": gremlin}}
        envelope["args"].pop("requestId", None)
        return CODECS[_DEFAULT].read(json.dumps(envelope).encode())

    def _gathered(self, message: Message, principal: Any) -> Reply:
        """All frames of an answer as one."""
        data: list[Any] = []
        reply = Reply(204)
        for reply in self.service.answer(message, principal):
            data.extend(reply.data)
        if reply.code in (200, 204):
            return Reply(200, data, properties=reply.properties)
        return reply

    async def status(self, request: Request) -> Response:
        """Running queries; with cancelQuery and queryId stops one (as Neptune does)."""
        principal = None
        if self.authenticate is not None:
            principal = await self._from_header(request.headers.get("authorization"))
            if principal is None:
                return JSONResponse({"code": "unauthenticated", "message": "Sign in."}, 401)
        query_id = request.query_params.get("queryId", "")
        if "cancelQuery" in request.query_params:
            if not self.service.cancel(query_id, principal):
                return JSONResponse(
                    {"code": "not_found", "message": f"No running query has the id {query_id}.", "requestId": query_id}, 404
                )
            return JSONResponse({"status": "200 OK", "payload": True})
        queries = [{"queryId": key} for key in self.service.running(principal)]
        return JSONResponse({"acceptedQueryCount": 0, "runningQueryCount": len(queries), "queries": queries})

    async def summary(self, request: Request) -> Response:
        """Labels and counts, in the shape of Neptune's property graph summary."""
        principal = None
        if self.authenticate is not None:
            principal = await self._from_header(request.headers.get("authorization"))
            if principal is None:
                return JSONResponse({"code": "unauthenticated", "message": "Sign in."}, 401)
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


class _Connection:
    """One WebSocket: its principal, and the request that waits for the client to sign in."""

    def __init__(self, endpoint: _Endpoint, socket: WebSocket) -> None:
        self.endpoint, self.socket = endpoint, socket
        self.principal: Any = None
        self.waiting: tuple[Message, Codec] | None = None

    async def receive(self, data: bytes) -> None:
        codec: Codec = CODECS[_DEFAULT]
        if len(data) > self.endpoint.service.settings.max_message:
            await self.socket.close(1009, "message too large")
            return
        try:
            if data[:1] == b"{":
                body = data
            else:
                mime, body = open_envelope(data)
                found = codec_for(mime)
                if found is None:
                    raise MessageError(f"The MIME type {mime!r} is not supported.", _id_in(body))
                codec = found
            message = codec.read(body)
        except MessageError as error:
            await self._send(codec, Reply(498, message=error.message).frame(codec, error.id))
            return
        if self.endpoint.authenticate is not None and self.principal is None:
            await self._sign_in(message, codec)
            return
        await self._run(message, codec)

    async def _sign_in(self, message: Message, codec: Codec) -> None:
        """SASL PLAIN: asks for it, then answers the request that had to wait."""
        if message.op != "authentication":
            self.waiting = (message, codec)
            await self._send(codec, Reply(407, message="Authentication is required.").frame(codec, message.id))
            return
        username, secret = _sasl_plain(message.args.get("sasl"))
        self.principal = await self.endpoint._check(username, secret)
        waiting, self.waiting = self.waiting, None
        if self.principal is None:
            reply = Reply(401, message="Username and/or password are incorrect.")
            await self._send(codec, reply.frame(codec, message.id))
        elif waiting is None:
            await self._send(codec, Reply(204).frame(codec, message.id))
        else:
            await self._run(*waiting)

    async def _run(self, message: Message, codec: Codec) -> None:
        if message.op == "authentication":
            await self._send(codec, Reply(204).frame(codec, message.id))
            return
        loop = asyncio.get_running_loop()

        def work() -> bytes:
            last = b""
            for reply in self.endpoint.service.answer(message, self.principal):
                if last:
                    asyncio.run_coroutine_threadsafe(self._send(codec, last), loop).result()
                last = reply.frame(codec, message.id)
            return last

        await self._send(codec, await loop.run_in_executor(None, work))

    async def _send(self, codec: Codec, frame: bytes) -> None:
        if codec.mime == CODECS["application/vnd.graphbinary-v1.0"].mime:
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_text(frame.decode())


def _sasl_plain(value: Any) -> tuple[str, str]:
    """User name and secret of a SASL PLAIN response, empty where it is none."""
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else bytes(value or b"")
        _, username, secret = raw.decode().split("\0", 2)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError):
        return "", ""
    return username, secret


def _id_in(body: bytes) -> Any:
    """The request id of a body in an unknown format, if it looks like GraphSON or GraphBinary."""
    codec = CODECS[_DEFAULT if body[:1] == b"{" else "application/vnd.graphbinary-v1.0"]
    try:
        return codec.read(body).id
    except MessageError as error:
        return error.id


def _accepted(header: str) -> Codec:
    for part in header.split(","):
        codec = codec_for(part)
        if codec is not None:
            return codec
    return CODECS[_DEFAULT]


_HTTP_STATUS = {200: 200, 204: 200, 401: 401, 403: 403, 498: 400, 499: 400, 597: 400, 598: 504}


def _http_response(codec: Codec, reply: Reply, id: Any) -> Response:
    if reply.code in (200, 204) or codec.mime == "application/vnd.graphbinary-v1.0":
        return Response(reply.frame(codec, id), _HTTP_STATUS.get(reply.code, 500), media_type=codec.mime)
    body = {
        "requestId": str(id),
        "code": reply.attributes.get("code", "query"),
        "message": reply.message,
        "detailedMessage": reply.message,
        "remedy": reply.attributes.get("remedy", ""),
        "retryable": reply.attributes.get("retryable", False),
    }
    return JSONResponse(body, _HTTP_STATUS.get(reply.code, 500))
