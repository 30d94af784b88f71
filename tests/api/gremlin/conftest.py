"""The Gremlin endpoint on a loopback port: open, or with sign-in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette

from api.gremlin import gremlin_routes
from api.gremlin_service import GremlinSettings
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore
from tests.api.conftest import Server
from tests.graphstore.gremlin.graphs import MODERN, fill, in_memory

TOKEN = "a-personal-token"


@dataclass(frozen=True)
class Somebody:
    """A signed-in person."""

    name: str
    scopes: frozenset[str]


def sign_in(username: str, secret: str, address: str) -> Somebody | None:
    """Two people: one may write, one signs in by token and only reads."""
    if (username, secret) == ("ann", "secret"):
        return Somebody("ann", frozenset({"read", "write"}))
    return Somebody("rob", frozenset({"read"})) if secret == TOKEN else None


def server(authenticate: Any = None, **settings: Any) -> Server:
    engine = GremlinEngine(in_memory(MODERN))
    return Server(Starlette(routes=gremlin_routes(engine, authenticate, settings=GremlinSettings(**settings))))


@pytest.fixture
def url() -> Iterator[str]:
    """An open endpoint over the modern graph."""
    with server() as running:
        yield f"ws://127.0.0.1:{running.port}/gremlin"


@pytest.fixture
def closed_url() -> Iterator[str]:
    """One that asks who is there."""
    with server(sign_in) as running:
        yield f"ws://127.0.0.1:{running.port}/gremlin"


@pytest.fixture
def engine() -> Iterator[GremlinEngine]:
    """The modern graph served from arrays."""
    store = SqlStore("sqlite://")
    store.migrate()
    fill(store, MODERN)
    source = ServedGraph(store)
    source.keeper.warm()
    yield GremlinEngine(source)
    source.close()
    store.close()
