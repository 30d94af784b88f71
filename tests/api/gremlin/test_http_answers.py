"""Answers over HTTP of any size: sent while they are found, whole or visibly broken off."""

import asyncio
import json
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets
from starlette.applications import Starlette

from api.gremlin import gremlin_routes
from api.gremlin_frames import CODECS, GRAPHBINARY, codec_for
from api.gremlin_service import GremlinSettings
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore
from tests.api.conftest import Server
from tests.graphstore.worlds import record, register, say

MANY = 6_000
TYPED = "application/vnd.gremlin-v3.0+json"
UNTYPED = f"{TYPED};types=false"
FORMATS = [TYPED, UNTYPED, "application/vnd.gremlin-v2.0+json", GRAPHBINARY]
ENDLESS = "g.V().V().valueMap()"
"""36 million results."""


@pytest.fixture(scope="module")
def engine() -> Iterator[GremlinEngine]:
    store = SqlStore("sqlite://")
    store.migrate()
    register(store, "a/x")
    say(store, "a/x", *(record("a/x", str(i), name=f"{i} " + "x" * 300, n=i) for i in range(MANY)))
    source = ServedGraph(store)
    source.keeper.warm()
    yield GremlinEngine(source)
    source.close()
    store.close()


def serve(engine: GremlinEngine, **settings: Any) -> Server:
    return Server(Starlette(routes=gremlin_routes(engine, None, settings=GremlinSettings(**settings))))


@pytest.fixture(scope="module")
def url(engine: GremlinEngine) -> Iterator[str]:
    with serve(engine) as running:
        yield running.url + "/gremlin"


def ask(url: str, gremlin: str, accept: str = TYPED, **fields: Any) -> httpx.Response:
    return httpx.post(url, json={"gremlin": gremlin, **fields}, headers={"Accept": accept}, timeout=60)


@pytest.mark.parametrize("accept", FORMATS)
@pytest.mark.parametrize("gremlin", ["g.V()", "g.V().valueMap()", "g.V().limit(3)", "g.V().none()", "g.inject(null)"])
def test_an_answer_is_the_frame_that_a_websocket_would_get_at_once(
    engine: GremlinEngine, url: str, gremlin: str, accept: str
) -> None:
    codec = codec_for(accept)
    assert codec is not None
    id = bytes(range(16))
    found = [t for chunk in engine.stream(gremlin) for t in chunk]
    whole = codec.respond(id, 200, found)
    answer = ask(url, gremlin, accept, requestId="00010203-0405-0607-0809-0a0b0c0d0e0f")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == codec.mime
    if codec.text:
        assert answer.json() == json.loads(whole)
    else:
        assert answer.content == whole


def test_large_graphson_is_sent_in_pieces_and_other_answers_tell_their_length(url: str) -> None:
    assert ask(url, "g.V().valueMap()").headers.get("transfer-encoding") == "chunked"
    for gremlin, accept in (("g.V().limit(9)", TYPED), ("g.V().valueMap()", GRAPHBINARY)):
        answer = ask(url, gremlin, accept)
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert len(answer.content) > 2**21


def test_it_begins_long_before_its_end(url: str) -> None:
    with httpx.stream("POST", url, json={"gremlin": ENDLESS}) as answer:
        pieces = answer.iter_bytes()
        assert next(pieces).startswith(b'{"requestId"')
        assert running(url)
    until_none_runs(url)


def test_a_client_that_goes_away_before_the_first_result_stops_its_query_too(url: str) -> None:
    slow = {"gremlin": "g.V().as('a').V().as('b').where('a', neq('b')).count()"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=slow, timeout=0.5)
    until_none_runs(url)


@pytest.mark.parametrize("accept", [TYPED, GRAPHBINARY])
def test_a_client_that_does_not_read_keeps_no_thread(engine: GremlinEngine, accept: str) -> None:
    with (
        serve(engine, send_seconds=0.5, threads=1) as server,
        socket.create_connection(("127.0.0.1", server.port)) as idle,
    ):
        url = server.url + "/gremlin"
        body = json.dumps(
            {"gremlin": "g.V().valueMap().union(identity(),identity(),identity(),identity(),identity())"}
        ).encode()
        head = f"POST /gremlin HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
        idle.sendall(head.encode() + body)
        assert ask(url, "g.V().as('a').limit(1).count()").status_code == 200
        until_none_runs(url)


def test_a_websocket_that_is_not_read_keeps_no_thread(engine: GremlinEngine) -> None:
    async def ask_and_let_lie(url: str) -> None:
        async with websockets.connect(url, max_size=None, max_queue=1) as idle:
            body = {"requestId": str(uuid.uuid4()), "op": "eval", "processor": "", "args": {"gremlin": ENDLESS}}
            await idle.send(json.dumps(body))
            await idle.recv()
            answer = await asyncio.to_thread(ask, url.replace("ws:", "http:"), "g.V().as('a').limit(1).count()")
            assert answer.status_code == 200
            idle.transport.abort()

    with serve(engine, send_seconds=0.5, threads=1) as server:
        asyncio.run(ask_and_let_lie(f"ws://127.0.0.1:{server.port}/gremlin"))
        until_none_runs(server.url + "/gremlin")


def running(url: str) -> list[Any]:
    found: list[Any] = httpx.get(url + "/status").json()["queries"]
    return found


def until_none_runs(url: str) -> None:
    end = time.monotonic() + 20
    while running(url):
        assert time.monotonic() < end, "it runs on"
        time.sleep(0.02)


def test_an_error_before_the_first_piece_has_a_status(engine: GremlinEngine) -> None:
    with serve(engine, seconds=0.3) as server:
        url = server.url + "/gremlin"
        for accept in FORMATS:
            answer = ask(url, "g.V().as('a').V().as('b').where('a', neq('b')).count()", accept)
            assert answer.status_code == 504
        assert ask(url, "g.V().nope()").json()["code"] == "unsupported_step"


def test_an_error_in_the_middle_breaks_the_body_off_and_tells_the_reason(engine: GremlinEngine) -> None:
    with serve(engine, seconds=1.0) as server:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            ask(server.url + "/gremlin", ENDLESS)
        raw = talk(server.port, json.dumps({"gremlin": ENDLESS}).encode())
    assert raw.startswith(b"HTTP/1.1 200 OK")
    assert not raw.endswith(b"0\r\n\r\n")
    document = unchunked(raw.partition(b"\r\n\r\n")[2])
    status = json.loads(document)["status"]
    assert status["code"] == 598
    assert status["message"] == "The query exceeded its time limit of 1 s."


def test_graphbinary_is_whole_or_an_error(engine: GremlinEngine) -> None:
    with serve(engine, seconds=1.0) as server:
        answer = ask(server.url + "/gremlin", ENDLESS, GRAPHBINARY)
    assert answer.status_code == 504
    assert CODECS[GRAPHBINARY].mime == answer.headers["content-type"]
    assert len(answer.content) < 1_000


def talk(port: int, body: bytes) -> bytes:
    """All that a server sends on a connection until it closes it."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(60)
        connection.sendall(
            b"POST /gremlin HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        )
        received = bytearray()
        while piece := connection.recv(2**20):
            received += piece
    return bytes(received)


def unchunked(data: bytes) -> bytes:
    """The chunks that are there."""
    found = bytearray()
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        found += data[:length]
        data = data[length + 2 :]
    return bytes(found)
