"""The WebSocket half of /graphql: the protocol graphql-transport-ws (PROTOCOL.md of the npm package graphql-ws).

Who is not signed in by a header or cookie may send ``{"authorization": "Bearer ..."}`` with ``connection_init``.
"""

from contextlib import aclosing
from typing import Any

import anyio
import orjson
import structlog
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.auth import Authenticator
from api.graphql.errors import as_graphql_error, format_error
from api.graphql.execute import Caller, GraphQLExecutor, Operation
from api.graphql.http import operation_of
from api.http import client_address
from api.permissions import Principal, Rule, check
from bifrost.errors import BifrostError, QueryLimitError

__all__ = ["PROTOCOL", "GraphQLSocket"]

PROTOCOL = "graphql-transport-ws"
_INIT_SECONDS = 10.0
_MOST_SECONDS = 3600.0
_MOST_OPERATIONS = 50
_MOST_CHARACTERS = 2 * 2**20
_log = structlog.get_logger()


class GraphQLSocket:
    """Serves WebSocket connections."""

    def __init__(self, executor: GraphQLExecutor, authenticator: Authenticator | None) -> None:
        self.executor, self.authenticator = executor, authenticator

    async def __call__(self, socket: WebSocket) -> None:
        if PROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        await _Connection(self, socket).serve()


class _Connection:
    def __init__(self, owner: GraphQLSocket, socket: WebSocket) -> None:
        self.owner, self.socket = owner, socket
        self.caller: Caller | None = None
        self.running: dict[str, anyio.CancelScope] = {}
        self._sending = anyio.Lock()
        self._closed = False

    async def serve(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._expect_init)
                tasks.start_soon(self._end_in_time)
                while not self._closed:
                    await self._receive(tasks)
                tasks.cancel_scope.cancel()
        except* WebSocketDisconnect:
            pass

    async def _expect_init(self) -> None:
        await anyio.sleep(_INIT_SECONDS)
        if self.caller is None:
            await self._close(4408, "Connection initialisation timeout")

    async def _end_in_time(self) -> None:
        """Rights may be taken away meanwhile; clients come back by themselves, and sign in again."""
        await anyio.sleep(_MOST_SECONDS)
        await self._close(1001, "Connect again")

    async def _receive(self, tasks: TaskGroup) -> None:
        match await self._message():
            case {"type": "connection_init", **rest}:
                await self._init(rest.get("payload"))
            case {"type": "ping"}:
                await self._send({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id_), "payload": dict(payload)}:
                await self._subscribe(tasks, id_, payload)
            case {"type": "complete", "id": str(id_)}:
                if (scope := self.running.get(id_)) is not None:
                    scope.cancel()
            case _:
                await self._close(4400, "Invalid message received")

    async def _message(self) -> Any:
        """What came; None for what is no message, such as a binary frame."""
        frame = await self.socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1005))
        text = frame.get("text")
        try:
            return None if text is None or len(text) > _MOST_CHARACTERS else orjson.loads(text)
        except orjson.JSONDecodeError:
            return None

    async def _init(self, payload: Any) -> None:
        if self.caller is not None:
            await self._close(4429, "Too many initialisation requests")
            return
        address = client_address(self.socket)
        try:
            principal: Principal | None = self.socket.scope["principal"]
            header = _authorization(payload)
            if principal is None and header is not None and self.owner.authenticator is not None:
                principal = await run_sync(self.owner.authenticator.authorization, header, address)
            check(principal, Rule.READ, "GraphQL")
        except BifrostError as error:
            await self._close(4403, error.message[:120])
            return
        assert principal is not None
        self.caller = Caller(principal, address)
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, tasks: TaskGroup, id_: str, payload: dict[str, Any]) -> None:
        if self.caller is None:
            await self._close(4401, "Unauthorized")
            return
        if id_ in self.running:
            await self._close(4409, f"Subscriber for {id_[:80]} already exists")
            return
        try:
            if len(self.running) >= _MOST_OPERATIONS:
                raise QueryLimitError(
                    f"{_MOST_OPERATIONS} operations run on this connection, which is the most.",
                    remedy="Complete one of them, or open another connection.",
                )
            payload = {**await self.owner.executor.persisted.completed(payload)}
        except BifrostError as error:
            await self._send({"id": id_, "type": "error", "payload": [format_error(as_graphql_error(error))]})
            return
        try:
            operation = operation_of(payload)
        except BifrostError as error:
            await self._close(4400, error.message[:120])
            return
        if id_ in self.running:  # one that came while the document was looked for
            await self._close(4409, f"Subscriber for {id_[:80]} already exists")
            return
        self.running[id_] = anyio.CancelScope()
        tasks.start_soon(self._run, id_, operation, self.caller)

    async def _run(self, id_: str, operation: Operation, caller: Caller) -> None:
        with self.running[id_] as scope:
            try:
                async with aclosing(self.owner.executor.stream(operation, caller)) as outcomes:
                    async for outcome in outcomes:
                        if not outcome.executed:
                            self.running.pop(id_, None)
                            await self._send({"id": id_, "type": "error", "payload": outcome.payload["errors"]})
                            return
                        await self._send({"id": id_, "type": "next", "payload": outcome.payload})
            finally:
                self.running.pop(id_, None)
        if not scope.cancelled_caught:
            await self._send({"id": id_, "type": "complete"})

    async def _send(self, message: dict[str, Any]) -> None:
        async with self._sending:
            if not self._closed:
                await self.socket.send_text(orjson.dumps(message, default=str).decode())

    async def _close(self, code: int, reason: str) -> None:
        if not self._closed:
            self._closed = True
            await self.socket.close(code, reason)


def _authorization(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return None
    for name, value in payload.items():
        if isinstance(value, str) and name.lower() == "authorization":
            return value
    return None
