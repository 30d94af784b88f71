"""One WebSocket of the Gremlin endpoint: who is there, and requests one after the other."""

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.gremlin_frames import CODECS, DEFAULT, Codec, Message, MessageError, before_38, is_before_38, open_message
from api.gremlin_service import GremlinService, Reply, error_attributes
from api.http import client_address
from bifrost.errors import AuthenticationError, BifrostError
from graphstore.gremlin.source import Moment

__all__ = ["Connection", "SignIn"]

SignIn = Callable[[str, str, str], Awaitable[tuple[Any, BifrostError | None]]]
"""(user name, password or token, client address) -> the principal, or None and why not."""

_WAITING = 100
"""Requests that may wait on a connection while one is running; then it is not read on."""


class Connection:
    """One WebSocket: its principal, and the request that waits for the client to sign in.

    While a query runs in a thread the connection is listened to, so that a client that goes away stops its query.
    """

    def __init__(
        self, service: GremlinService, threads: Executor, socket: WebSocket, sign_in: SignIn | None = None
    ) -> None:
        """Without ``sign_in`` everybody may ask; with it, who has no ``principal`` has to sign in."""
        self.service, self.threads, self.socket, self.sign_in = service, threads, socket, sign_in
        self.principal: Any = None
        self.waiting: tuple[Message, Codec] | None = None
        self.is_old = is_before_38(socket.headers.get("user-agent", ""))
        self._arrived: deque[Any] = deque()
        self._receiving: asyncio.Task[Any] | None = None
        self._busy = False
        self._tried: Any = None

    async def next_event(self) -> Any:
        """The next message, or the end of the connection."""
        if self._arrived:
            return self._arrived.popleft()
        if self._receiving is None:
            return await self.socket.receive()
        task, self._receiving = self._receiving, None
        return await task

    def close(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()

    async def _finished(self, work: "asyncio.Future[bytes]", message: Message) -> bytes:
        """Waits for a query; stops it when the client goes away meanwhile."""
        while True:
            if self._receiving is None:
                self._receiving = asyncio.ensure_future(self.socket.receive())
            await asyncio.wait({work, self._receiving}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            event, self._receiving = self._receiving.result(), None
            self._arrived.append(event)
            if event["type"] != "websocket.receive":
                self.service.cancel(message.name, self.principal)
                await asyncio.wait({work})
                raise WebSocketDisconnect
            if len(self._arrived) >= _WAITING:
                return await work

    def answer(self, data: bytes, moment: Moment) -> tuple[bool, bytes] | None:
        """The answer to a small read, given where the message arrives; None if it must be received the usual way."""
        if self._busy or len(data) > self.service.settings.max_message:
            return None
        self._busy = True  # until what is not answered here has been received
        if self.sign_in is not None and self.principal is None:
            return None
        try:
            codec, body = open_message(data)
            message = codec.read(body)
        except MessageError:
            return None
        reply = self.service.quick(message, self.principal, moment)
        if reply is None:
            self._tried = message.id
            return None
        self._busy = False
        return codec.text, reply.frame(before_38(codec) if self.is_old else codec, message.id)

    async def receive(self, data: bytes) -> None:
        self._busy = True
        try:
            await self._receive(data)
        finally:
            self._busy = bool(self._arrived)

    async def _receive(self, data: bytes) -> None:
        if len(data) > self.service.settings.max_message:
            await self.socket.close(1009, "message too large")
            return
        try:
            codec, body = open_message(data)
            message = codec.read(body)
        except MessageError as error:
            codec = CODECS[DEFAULT]
            await self._send(codec, Reply(498, message=error.message).frame(codec, error.id))
            return
        if self.is_old:
            codec = before_38(codec)
        if self.sign_in is not None and self.principal is None:
            await self._signed_in(message, codec, self.sign_in)
            return
        await self._run(message, codec)

    async def _signed_in(self, message: Message, codec: Codec, sign_in: SignIn) -> None:
        """SASL PLAIN: asks for it, then answers the request that had to wait."""
        if message.op != "authentication":
            self.waiting = (message, codec)
            await self._send(codec, Reply(407, message="Authentication is required.").frame(codec, message.id))
            return
        username, secret = _sasl_plain(message.args.get("sasl"))
        self.principal, wrong = await sign_in(username, secret, client_address(self.socket))
        waiting, self.waiting = self.waiting, None
        if self.principal is None:
            wrong = wrong or AuthenticationError("Username and/or password are incorrect.")
            reply = Reply(401, message=wrong.message, attributes=error_attributes(wrong))
            await self._send(codec, reply.frame(codec, message.id))
        elif waiting is None:
            await self._send(codec, Reply(204).frame(codec, message.id))
        else:
            await self._run(*waiting)

    async def _run(self, message: Message, codec: Codec) -> None:
        if message.op == "authentication":
            await self._send(codec, Reply(204).frame(codec, message.id))
            return
        quick = None if message.id == self._tried else self.service.quick(message, self.principal)
        if quick is not None:
            await self._send(codec, quick.frame(codec, message.id))
            return
        loop = asyncio.get_running_loop()

        def work() -> bytes:
            last = b""
            for reply in self.service.answer(message, self.principal):
                if last:
                    sending = asyncio.run_coroutine_threadsafe(self._send(codec, last), loop)
                    try:
                        sending.result(self.service.settings.send_seconds)
                    except TimeoutError:
                        # Who does not read must not keep a thread, and what its query holds.
                        raise WebSocketDisconnect from None
                last = reply.frame(codec, message.id)
            return last

        started = loop.run_in_executor(self.threads, work)
        await self._send(codec, await self._finished(started, message))

    async def _send(self, codec: Codec, frame: bytes) -> None:
        if codec.text:
            await self.socket.send_text(frame.decode())
        else:
            await self.socket.send_bytes(frame)


def _sasl_plain(value: Any) -> tuple[str, str]:
    """User name and secret of a SASL PLAIN response, empty where it is none."""
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else bytes(value or b"")
        _, username, secret = raw.decode().split("\0", 2)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError):
        return "", ""
    return username, secret
