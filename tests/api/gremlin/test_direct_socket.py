"""WebSocket messages however their bytes arrive: whole, split anywhere, several at once, in fragments, between pings."""

import asyncio
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import orjson
import pytest
import websockets
from starlette.applications import Starlette

from api.gremlin import gremlin_routes
from graphstore.gremlin.engine import GremlinEngine
from tests.api.conftest import Server
from tests.api.gremlin.conftest import server

_KEY = b"\x01\x02\x03\x04"


@pytest.fixture
def url(engine: GremlinEngine) -> Iterator[str]:
    """An endpoint over a graph in arrays, which answers directly."""
    with Server(Starlette(routes=gremlin_routes(engine, None))) as running:
        yield f"ws://127.0.0.1:{running.port}/gremlin"


@pytest.fixture
def raw(url: str) -> Iterator[socket.socket]:
    """A connection after the handshake."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.sendall(
            f"GET /gremlin HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += made.recv(1)
        yield made


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A masked frame."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else bytes((0x80 | 126,)) + size.to_bytes(2, "big")
    masked = bytes(byte ^ _KEY[index % 4] for index, byte in enumerate(payload))
    return bytes((first,)) + length + _KEY + masked


def request(number: int) -> bytes:
    id = f"00000000-0000-0000-0000-{number:012d}"
    args = {"gremlin": f"g.inject({number})", "language": "gremlin-lang"}
    return orjson.dumps({"requestId": id, "op": "eval", "processor": "", "args": args})


def answers(connection: socket.socket, count: int) -> list[int]:
    """The numbers that came back, in order; pongs are left out."""
    found: list[int] = []
    while len(found) < count:
        first, second = read(connection, 2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(read(connection, 2), "big")
        payload = read(connection, size)
        if first & 0x0F == 1:
            found.append(orjson.loads(payload)["result"]["data"]["@value"][0]["@value"])
    return found


def read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, "the connection was closed"
        data += piece
    return data


def test_a_message_split_anywhere_is_one_message(raw: socket.socket) -> None:
    whole = frame(request(7))
    for at in (1, 2, 3, 4, 5, 8, 9, 50, len(whole) - 1):
        raw.sendall(whole[:at])
        time.sleep(0.01)
        raw.sendall(whole[at:])
        assert answers(raw, 1) == [7]
        raw.sendall(whole)
        assert answers(raw, 1) == [7]


def test_several_messages_at_once_are_answered_in_order(raw: socket.socket) -> None:
    raw.sendall(b"".join(frame(request(number)) for number in range(1, 9)) + frame(request(9))[:20])
    time.sleep(0.02)
    raw.sendall(frame(request(9))[20:])
    assert answers(raw, 9) == list(range(1, 10))


def test_fragments_and_pings_between_them(raw: socket.socket) -> None:
    body = request(5)
    for pieces in (
        (frame(body[:10], 0x01), frame(b"hi", 0x89), frame(body[10:], 0x80)),
        (frame(b"", 0x89), frame(body)),
    ):
        for piece in pieces:
            raw.sendall(piece)
            time.sleep(0.01)
        assert answers(raw, 1) == [5]


def test_what_looks_like_a_frame_inside_a_message_is_part_of_it(raw: socket.socket) -> None:
    inner = frame(request(1))
    length = len(inner)
    head = bytes((0x82, 0x80 | 126)) + length.to_bytes(2, "big") + bytes(4)  # masked with zeros: bytes go as they are
    raw.sendall(head)
    time.sleep(0.02)
    raw.sendall(inner)
    raw.sendall(frame(request(2)))
    first = read(raw, 2)
    size = int.from_bytes(read(raw, 2), "big") if first[1] == 126 else first[1]
    refused = orjson.loads(read(raw, size))
    assert refused["status"]["code"] == 498
    assert answers(raw, 1) == [2]


def test_with_compression(url: str) -> None:
    async def run() -> list[int]:
        found = []
        async with websockets.connect(url, compression="deflate") as connection:
            for number in range(5):
                await connection.send(request(number).decode())
                found.append(orjson.loads(await connection.recv())["result"]["data"]["@value"][0]["@value"])
        return found

    assert asyncio.run(run()) == list(range(5))


def test_nobody_gets_an_answer_before_signing_in() -> None:
    with server(lambda *_: None) as running:

        async def run() -> int:
            async with websockets.connect(f"ws://127.0.0.1:{running.port}/gremlin") as connection:
                await connection.send(request(1).decode())
                code: int = orjson.loads(await connection.recv())["status"]["code"]
                return code

        assert asyncio.run(run()) == 407
