"""The graph published into other Gremlin engines: our own, and Apache Gremlin Server where there is one."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.process.anonymous_traversal import traversal
from hypothesis import HealthCheck, given, settings
from starlette.applications import Starlette

from api.gremlin import gremlin_routes
from bifrost.errors import InputError, StoreUnavailableError
from bifrost.links import LinkEdge, LinkKind, Verdict
from bifrost.values import make_uid
from graphstore import remote_batches
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.memory import MemoryGraph
from graphstore.remote_gremlin import RemoteGremlin
from graphstore.sql import SqlStore
from tests.api.conftest import Server
from tests.api.shop import fill, uid
from tests.fixtures.gremlin_server import running_gremlin_server
from tests.fixtures.searching import examples
from tests.graphstore.remote_worlds import HISTORIES, live_through, start
from tests.graphstore.worlds import Said, link_type, record_of, register, say

logging.getLogger("gremlinpython").setLevel(logging.CRITICAL)


@pytest.fixture(scope="module")
def own() -> Iterator[str]:
    with Server(Starlette(routes=gremlin_routes(GremlinEngine(MemoryGraph()), None))) as running:
        yield f"ws://127.0.0.1:{running.port}/gremlin"


@pytest.fixture(scope="module")
def apache_any(gremlin_server_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """It takes ids of any kind, as Neptune does."""
    with running_gremlin_server(gremlin_server_folder, tmp_path_factory.mktemp("any")) as server:
        yield server.url


@pytest.fixture(scope="module")
def apache_numbers(gremlin_server_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """It takes numbers only, as JanusGraph does."""
    with running_gremlin_server(gremlin_server_folder, tmp_path_factory.mktemp("numbers"), "INTEGER") as server:
        yield server.url


@pytest.fixture(params=["own", "apache_any", "apache_numbers"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    with_graph(found, lambda g: g.V().drop().to_list())
    return found


def with_graph(url: str, ask: Callable[[Any], Any]) -> Any:
    connection = DriverRemoteConnection(url, "g", pool_size=1)
    try:
        return ask(traversal().with_(connection))
    finally:
        connection.close()


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = SqlStore("sqlite://")
    made.migrate()
    yield made
    made.close()


def test_requests_are_as_long_as_servers_take_them(url: str, store: SqlStore) -> None:
    register(store, "a/long ids")
    names = [f"{number} {'ü' * 400}" for number in range(50)]
    links = [[("next", make_uid("a", "long ids", name))] for name in names]
    said: list[dict[str, Said]] = [{"text": f"{number} {'ß' * 1_500}", "n": number} for number in range(50)]
    say(store, "a/long ids", *(record_of("a/long ids", *one) for one in zip(names, said, links, strict=True)))
    target = RemoteGremlin(store, url)
    try:
        target.catch_up()
        assert target.verify().same
    finally:
        target.close()


def test_what_is_too_long_for_one_message_is_named(apache_any: str, store: SqlStore) -> None:
    with_graph(apache_any, lambda g: g.V().drop().to_list())
    register(store, "a/texts")
    say(store, "a/texts", record_of("a/texts", "1", {"text": "x" * 100_000}), record_of("a/texts", "2", {"text": "x"}))
    target = RemoteGremlin(store, apache_any)
    try:
        with pytest.raises(StoreUnavailableError, match="does not take a/texts/1, which is about 100,") as caught:
            target.catch_up()
        assert "maxContentLength" in caught.value.remedy
        say(store, "a/texts", record_of("a/texts", "1", {"text": "short"}))
        target.catch_up()
        assert target.verify().same
    finally:
        target.close()


def test_the_graph_is_published_and_followed(url: str, store: SqlStore) -> None:
    fill(store)
    remote = RemoteGremlin(store, url)
    try:
        assert remote.catch_up() > 0
        compared = remote.verify()
        assert (compared.differences, compared.vertices, compared.edges) == ([], 30, 40)
        assert remote.catch_up() == 0
        store.fragments.remove_records("shop", "orders", ["1"])
        known = link_type(LinkKind.REFERENCE, "shop/orders.number", "shop/products.title", "LIKES")
        store.links.save_link_types([known])
        store.links.judge(known.id, Verdict.CONFIRM, "ann")
        store.links.write_links(known, [LinkEdge(uid("orders", 2), uid("products", 3), 0.8)])
        assert not remote.verify().same
        remote.catch_up()
        again = remote.verify()
        assert again.differences == []
        assert again.checksum != compared.checksum
    finally:
        remote.close()
    ask = lambda g: g.E().has_label("LIKES").project("s", "n").by("score").by(in_number()).next()  # noqa: E731
    assert with_graph(url, ask) == {"s": 0.8, "n": 1002}


def in_number() -> Any:
    from gremlin_python.process.graph_traversal import __

    return __.out_v().values("number")


def test_what_is_written_twice_is_there_once_and_what_is_wrong_is_found(url: str, store: SqlStore) -> None:
    fill(store)
    remote = RemoteGremlin(store, url)
    try:
        remote.catch_up()
        first = remote.verify()
        remote.rebuild()
        assert remote.verify() == first
        with_graph(url, lambda g: g.V().has_label("Order").limit(1).property("number", 0).to_list())
        with_graph(url, lambda g: g.E().has_label("contains").limit(1).drop().to_list())
        found = remote.verify().differences
        assert len(found) == 3, found
        remote.rebuild()
        assert remote.verify() == first
    finally:
        remote.close()


def test_it_goes_on_where_it_was_cut_off(own: str, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with_graph(own, lambda g: g.V().drop().to_list())
    monkeypatch.setattr("graphstore.remote_batches._CHANGES", 20)
    fill(store)
    put, calls = RemoteGremlin._put, []

    def fails(self: RemoteGremlin, steps: Any) -> None:
        calls.append(1)
        if len(calls) == 4:
            raise ConnectionResetError("gone")
        put(self, steps)

    monkeypatch.setattr(RemoteGremlin, "_put", fails)
    remote = RemoteGremlin(store, own)
    with pytest.raises(StoreUnavailableError, match="gone"):
        remote.catch_up()
    assert 0 < remote.position() < store.log.position()
    other = RemoteGremlin(store, own)  # another process later
    other.catch_up()
    assert other.position() == store.log.position()
    assert other.verify().differences == []
    other.close()


def _publish(url: str, store_url: str) -> None:
    """What a process does that will be killed: small batches, one after the other."""
    remote_batches._CHANGES = 15
    store = SqlStore(store_url)
    RemoteGremlin(store, url).catch_up()


def test_a_killed_publisher_goes_on_and_nothing_is_lost_or_doubled(url: str, tmp_path: Path) -> None:
    store_url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    store = SqlStore(store_url)
    store.migrate()
    fill(store, customers=30, orders=200)
    reader = RemoteGremlin(store, url)
    killed, spawn = 0, multiprocessing.get_context("spawn")
    while reader.position() < store.log.position() and killed < 2:
        before = reader.position()
        process = spawn.Process(target=_publish, args=(url, store_url))
        process.start()
        while process.is_alive() and reader.position() <= before:
            time.sleep(0.01)  # until it is in the middle
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.join()
    assert killed
    assert 0 < reader.position() < store.log.position()
    reader.catch_up()
    compared = reader.verify()
    assert (compared.differences, compared.vertices, compared.edges) == ([], 235, 400)
    with_graph(url, lambda g: g.V().drop().to_list())
    once = RemoteGremlin(store, url)
    once.rebuild()
    assert once.verify().checksum == compared.checksum
    for remote in (reader, once):
        remote.close()
    store.close()


@settings(examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_following_any_history_gives_the_graph(own: str, history: list[tuple[object, ...]]) -> None:
    with_graph(own, lambda g: g.V().drop().to_list())
    store = SqlStore("sqlite://")
    store.migrate()
    start(store)
    remote = RemoteGremlin(store, own)
    try:
        for _ in live_through(store, history):
            remote.catch_up()
            assert remote.verify().differences == []
    finally:
        remote.close()
        store.close()


def test_who_does_not_answer_is_told(store: SqlStore) -> None:
    fill(store)
    remote = RemoteGremlin(store, "ws://127.0.0.1:1/gremlin")
    with pytest.raises(StoreUnavailableError):
        remote.catch_up()
    assert remote.position() == 0
    for url in ("http://127.0.0.1/gremlin", "file:///etc/passwd"):
        with pytest.raises(InputError):
            RemoteGremlin(store, url)
