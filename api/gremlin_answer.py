"""The answer to a Gremlin request over HTTP: one frame in one body, written while results are still being found.

GraphSON is sent in pieces. GraphBinary tells the number of results before the first of them, so they wait in a file until
all are there. An error before anything was sent is answered with a status of its own; one after that stands in ``status``
at the end of the document, and the connection is closed before the body is complete, so that no client takes what it got
for all there is (RFC 9112, section 8).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from api.gremlin_frames import Codec, Message
from api.gremlin_service import GremlinService, Reply, nested_too_deep
from bifrost.errors import QueryError

__all__ = ["GremlinAnswer"]

_PIECE = 2**20
"""Bytes that are held before they are sent, or put into a file. An answer of fewer is sent whole."""

Refuse = Callable[[Codec, Reply, bytes], Response]
"""What an error is as a response."""


class GremlinAnswer:
    """An ASGI response that runs the query in one of ``threads``; a client that goes away stops it."""

    def __init__(
        self, service: GremlinService, threads: Executor, message: Message, codec: Codec, principal: Any, refuse: Refuse
    ) -> None:
        self.service, self.threads, self.message, self.codec = service, threads, message, codec
        self.principal, self.refuse = principal, refuse
        self._gone = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()

        async def sending(event: Event) -> None:
            await send(event)

        def send_from_thread(event: Event) -> None:
            if self._gone:
                raise ClientDisconnect
            try:
                asyncio.run_coroutine_threadsafe(sending(event), loop).result(self.service.settings.send_seconds)
            except TimeoutError:
                # Who does not read must not keep a thread, and what its query holds.
                raise ClientDisconnect from None

        body = _kind(self.codec)(self.codec, self.message.id, send_from_thread)
        work = loop.run_in_executor(self.threads, self._run, body)
        left = asyncio.ensure_future(_disconnected(receive))
        waiting: set[asyncio.Future[Any]] = {work, left}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            self._gone = True
            self.service.cancel(self.message.name, self.principal)
        left.cancel()
        failed, last = await work
        if self._gone:
            raise ClientDisconnect
        if failed is not None and not body.started:
            await self.refuse(self.codec, failed, self.message.id)(scope, receive, send)
            return
        if not body.started:
            await send(_start(self.codec, len(last)))
        await send({"type": "http.response.body", "body": last, "more_body": failed is not None})
        if failed is not None:
            raise QueryError(failed.message)

    def _run(self, body: "_Body") -> tuple[Reply | None, bytes]:
        """Finds and sends all but the last bytes; gives what failed, and these."""
        if self._gone:
            raise ClientDisconnect
        with closing(self.service.answer(self.message, self.principal)) as replies, body:
            for reply in replies:
                if reply.code not in (200, 204, 206):
                    return reply, body.end(reply)
                try:
                    body.add(reply)
                except (TypeError, ValueError, OverflowError) as error:
                    failed = Reply(599, message=f"The result cannot be serialized: {error}")
                    return failed, body.end(failed)
                except RecursionError:
                    failed = nested_too_deep()
                    return failed, body.end(failed)
            return None, body.end(Reply(200))


class _Body(Protocol):
    """Takes results as they come, in a thread, and sends what it cannot hold. ``started``: it has begun to."""

    started: bool

    def add(self, reply: Reply) -> None: ...
    def end(self, reply: Reply) -> bytes:
        """What is left to send, after ``reply`` ended the answer."""

    def __enter__(self) -> Any: ...
    def __exit__(self, *_: object) -> None: ...


class _InPieces:
    """Sends results when there are enough for a piece."""

    def __init__(self, codec: Codec, id: bytes, send: Callable[[Event], None]) -> None:
        self.codec, self.send, self.started = codec, send, False
        self._held = bytearray(codec.head(id))
        self._some = False

    def add(self, reply: Reply) -> None:
        if not reply.data:
            return
        written = self.codec.results(reply.data, reply.properties)
        self._held += b"," + written if self._some else written
        self._some = True
        if len(self._held) >= _PIECE:
            if not self.started:
                self.started = True
                self.send(_start(self.codec))
            held, self._held = self._held, bytearray()
            self.send({"type": "http.response.body", "body": bytes(held), "more_body": True})

    def end(self, reply: Reply) -> bytes:
        return bytes(self._held + self.codec.tail(reply.code, reply.message, reply.attributes))

    def __enter__(self) -> "_InPieces":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.clear()


class _Counted:
    """Keeps written results in a file until their number is known."""

    def __init__(self, codec: Codec, id: bytes, send: Callable[[Event], None]) -> None:
        self.codec, self.id, self.send, self.started = codec, id, send, False
        self._file = SpooledTemporaryFile(_PIECE)  # noqa: SIM115 - closed with this
        self._count = 0

    def add(self, reply: Reply) -> None:
        self._file.write(self.codec.results(reply.data, reply.properties))
        self._count += len(reply.data)

    def end(self, reply: Reply) -> bytes:
        if reply.code != 200:
            return b""
        head, size = self.codec.head(self.id, self._count), self._file.tell()
        self._file.seek(0)
        while size > _PIECE:
            if not self.started:
                self.started = True
                self.send(_start(self.codec, len(head) + size))
            self.send({"type": "http.response.body", "body": head + self._file.read(_PIECE), "more_body": True})
            head, size = b"", size - _PIECE
        return head + self._file.read()

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _kind(codec: Codec) -> Callable[[Codec, bytes, Callable[[Event], None]], _Body]:
    return _Counted if codec.counted else _InPieces


def _start(codec: Codec, length: int | None = None) -> Event:
    headers = [(b"content-type", codec.mime.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
