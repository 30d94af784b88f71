"""Requests that arrive together share one look at the graph and one burst of writes, and see all that was written before."""

import asyncio
import gc
import socket
import weakref
from collections.abc import Iterator
from contextlib import ExitStack

import orjson
import pytest
import websockets
from starlette.applications import Starlette

from api.gremlin import gremlin_routes
from api.turns import Turns
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore
from tests.api.conftest import Server
from tests.graphstore.gremlin.graphs import MODERN, fill


def test_a_moment_lasts_a_pass_and_nobody_gets_it_twice() -> None:
    async def run() -> None:
        turns = Turns.of(asyncio.get_running_loop())
        assert Turns.of(asyncio.get_running_loop()) is turns
        first = turns.moment(None)
        assert turns.moment(None) is first, "another connection"
        again = turns.moment(first)
        assert again is not first, "a second request of the same connection may have come later"
        assert turns.moment(first) is again
        await asyncio.sleep(0)
        later = turns.moment(None)
        assert later is not again

    asyncio.run(run())


def test_a_moment_is_shared_by_so_many() -> None:
    async def run() -> None:
        turns = Turns.of(asyncio.get_running_loop())
        first = turns.moment(None)
        shared = sum(turns.moment(None) is first for _ in range(1_000))
        assert 100 < shared < 1_000

    asyncio.run(run())


def test_answers_are_written_at_once_or_together() -> None:
    async def run() -> None:
        near, far = socket.socketpair()
        far.setblocking(False)
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=near)
        turns = Turns.of(asyncio.get_running_loop())

        def answer(*texts: bytes) -> None:
            turns.moment(None)
            for text in texts:
                turns.write(transport, text)

        answer(b"a", b"b", b"c")
        assert far.recv(9) == b"a", "the first need not wait"
        await asyncio.sleep(0)
        assert far.recv(9) == b"bc"
        answer(b"d", b"e")
        with pytest.raises(BlockingIOError):
            far.recv(9)
        await asyncio.sleep(0)
        assert far.recv(9) == b"de"
        answer(b"f")
        turns.flush()
        assert far.recv(9) == b"f"
        await asyncio.sleep(0)
        answer(b"g", b"h")
        transport.close()
        await asyncio.sleep(0)
        assert far.recv(9) == b"g", "what waits for a connection that has ended is dropped"
        far.close()

    asyncio.run(run())


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = SqlStore("sqlite://")
    made.migrate()
    fill(made, MODERN)
    yield made
    made.close()


def test_requests_in_one_burst_see_what_was_written_before(store: SqlStore) -> None:
    source = ServedGraph(store)
    source.keeper.warm()
    engine = GremlinEngine(source)
    engine.run("g.addV('clock').property(T.id,'clock').property('age',99)")
    query = orjson.dumps({"op": "eval", "args": {"gremlin": "g.V('clock').values('age')"}}).decode()

    async def run(url: str) -> None:
        async with asyncio.TaskGroup() as opening:
            tasks = [opening.create_task(websockets.connect(url).__aenter__()) for _ in range(8)]
        clients = [task.result() for task in tasks]
        for age in range(100, 120):
            engine.run(f"g.V('clock').property('age',{age})")
            source.keeper.warm()
            for _ in range(2):  # alone, then several a connection
                for client in clients:
                    await client.send(query)
                    await client.send(query)
                for client in clients:
                    for _ in range(2):
                        answer = orjson.loads(await client.recv())
                        assert answer["result"]["data"]["@value"] == [{"@type": "g:Int32", "@value": age}]
        for client in clients:
            await client.close()

    with ExitStack() as stack:
        stack.callback(source.close)
        running = stack.enter_context(Server(Starlette(routes=gremlin_routes(engine, None))))
        asyncio.run(run(f"ws://127.0.0.1:{running.port}/gremlin"))


def test_a_loop_that_has_ended_is_not_held() -> None:
    async def run() -> "weakref.ref[asyncio.AbstractEventLoop]":
        loop = asyncio.get_running_loop()
        Turns.of(loop).moment(None)
        await asyncio.sleep(0)
        return weakref.ref(loop)

    held = asyncio.run(run())
    gc.collect()
    assert held() is None
