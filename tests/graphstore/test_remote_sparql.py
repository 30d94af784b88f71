"""The graph published into other RDF stores, behind a plain SPARQL 1.1 Update endpoint: pyoxigraph and rdflib."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings

from bifrost.errors import InputError, StoreUnavailableError
from graphstore.remote_sparql import RemoteSparql
from graphstore.sql import SqlStore
from tests.fixtures.searching import examples
from tests.graphstore.remote_worlds import HISTORIES, live_through, start

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of rdflib

BASE = "https://graph.test/"


class Oxigraph:
    def __init__(self) -> None:
        self.store = ox.Store()

    def update(self, text: str) -> None:
        self.store.update(text)

    def select(self, text: str) -> bytes:
        found: Any = self.store.query(text)
        made: bytes = found.serialize(format=ox.QueryResultsFormat.JSON)
        return made


class Rdflib:
    def __init__(self) -> None:
        self.store = rdflib.Dataset()

    def update(self, text: str) -> None:
        self.store.update(text)

    def select(self, text: str) -> bytes:
        return self.store.query(text).serialize(format="json") or b""


class Endpoint:
    """Serves one engine on loopback. ``fail`` may raise before an update is done."""

    def __init__(self, engine: Oxigraph | Rdflib) -> None:
        endpoint, self.engine, self.updates = self, engine, 0
        self.fail: Callable[[int], bool] = lambda number: False

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                body, status = b"", 200
                try:
                    if self.headers["Content-Type"].startswith("application/sparql-update"):
                        endpoint.updates += 1
                        if endpoint.fail(endpoint.updates):
                            raise RuntimeError("disk full")
                        endpoint.engine.update(text)
                    else:
                        body = endpoint.engine.select(text)
                except Exception as error:  # noqa: BLE001 - told to the client
                    body, status = str(error).encode(), 500
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture(params=[Oxigraph, Rdflib])
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    made = Endpoint(request.param())
    yield made
    made.close()


def lived(history: list[tuple[object, ...]]) -> SqlStore:
    store = SqlStore("sqlite://")
    store.migrate()
    start(store)
    for _ in live_through(store, history):
        pass
    return store


HISTORY: list[tuple[object, ...]] = [
    ("say", "1", "Person", {"name": ("Ann",), "age": (1,)}, [("KNOWS", "2"), ("lives in", "3 ü/%")]),
    ("say", "2", "Person", {"name": ('say "hi"\\',)}, [("KNOWS", "1"), ("KNOWS", "1")]),
    ("say", "3 ü/%", "Big City", {}, []),
    ("edit", "2", {"age": (0.5,)}),
]


def test_the_graph_is_published_followed_and_proven(endpoint: Endpoint) -> None:
    store = lived(HISTORY)
    remote = RemoteSparql(store, endpoint.url, BASE)
    try:
        assert remote.catch_up() > 0
        first = remote.verify()
        assert (first.differences, first.vertices, first.edges) == ([], 4, 3)
        assert remote.catch_up() == 0
        remote.rebuild()
        assert remote.verify() == first
        ask = f'SELECT ?x {{ GRAPH ?g {{ ?x <{BASE}l/KNOWS> ?y . ?y <{BASE}p/name> "Ann" }} }}'
        assert endpoint.engine.select(ask).count(b"things/2") == 1
        assert b"owl#Class" in endpoint.engine.select(f"SELECT ?c {{ GRAPH <{BASE}ontology> {{ ?s a ?c }} }}")
        for gone in ("p/age", "l/KNOWS"):
            pattern = f"GRAPH ?g {{ ?s <{BASE}{gone}> ?o }}"
            endpoint.engine.update(f"DELETE {{ {pattern} }} WHERE {{ {pattern} }}")
        differences = remote.verify().differences
        assert any("/p/age" in one for one in differences)
        assert any("statements without a link" in one for one in differences)
    finally:
        remote.close()
        store.close()


def test_it_goes_on_where_it_was_cut_off(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphstore.remote_batches._CHANGES", 3)
    store = lived(HISTORY)
    remote = RemoteSparql(store, endpoint.url, BASE)
    endpoint.fail = lambda number: number == 4
    try:
        with pytest.raises(StoreUnavailableError, match="disk full"):
            remote.catch_up()
        assert 0 < remote.position() < store.log.position()
        remote.catch_up()
        assert remote.verify().differences == []
    finally:
        remote.close()
        store.close()


@settings(examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_following_any_history_gives_the_graph(history: list[tuple[object, ...]]) -> None:
    endpoint = Endpoint(Oxigraph())
    store = SqlStore("sqlite://")
    store.migrate()
    start(store)
    remote = RemoteSparql(store, endpoint.url, BASE)
    try:
        for _ in live_through(store, history):
            remote.catch_up()
            assert remote.verify().differences == []
    finally:
        remote.close()
        store.close()
        endpoint.close()


def test_wrong_addresses_are_told() -> None:
    store = lived([])
    with pytest.raises(InputError):
        RemoteSparql(store, "ftp://example.org/", BASE)
    remote = RemoteSparql(store, "http://127.0.0.1:1/", BASE)
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        remote.catch_up()
    remote.close()
    store.close()
