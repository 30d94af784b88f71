"""Engines over the same small graphs: in memory, over SQL only, over array snapshots."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from graphstore.gremlin.elements import Graph
from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.follow import SnapshotKeeper
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.served import ServedGraph
from graphstore.gremlin.source import Moment, Session
from graphstore.gremlin.sqlgraph import SqlGraph
from graphstore.gremlin.traverser import Limits
from graphstore.sql import SqlStore
from tests.graphstore.gremlin.graphs import MODERN, fill, in_memory

Ask = Callable[..., list[Any]]


def asker(engine: GremlinEngine) -> Ask:
    """Runs a query, with bindings as keywords; gives the results, each as often as it came."""

    def ask(text: str, **bindings: Any) -> list[Any]:
        request = Request(bindings=bindings, limits=Limits(10), principal="ann")
        return [t.obj for t in engine.run(text, request) for _ in range(t.bulk)]

    return ask


@pytest.fixture
def ask() -> Ask:
    """The modern graph in memory."""
    return asker(GremlinEngine(in_memory(MODERN)))


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = SqlStore("sqlite://")
    made.migrate()
    yield made
    made.close()


class SqlOnly:
    """The served tables without snapshots: what a graph too large for memory runs on."""

    collects = False
    arrays = False

    def __init__(self, store: SqlStore) -> None:
        self.store = store

    @contextmanager
    def reading(self, principal: Any, *, wide: bool, check: Check = unchecked) -> Iterator[Graph]:
        with self.store.database.read() as connection:
            yield SqlGraph(self.store.database, connection)

    def ready(self, principal: Any, moment: Moment | None = None) -> Graph | None:
        return None

    @contextmanager
    def writing(self, principal: Any, session: Session | None) -> Iterator[Graph]:
        with self.reading(principal, wide=False) as graph:
            yield graph


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, GremlinEngine]]:
    """The modern graph behind every kind of graph."""
    made = SqlStore("sqlite://")
    made.migrate()
    fill(made, MODERN)
    source = ServedGraph(made)
    source.keeper.warm()
    large = ServedGraph(made, keeper=SnapshotKeeper(made.database, eager=2))
    large.keeper.warm()
    yield {
        "memory": GremlinEngine(in_memory(MODERN)),
        "sql": GremlinEngine(SqlOnly(made)),
        "arrays": GremlinEngine(source),
        "large arrays": GremlinEngine(large),
    }
    large.close()
    source.close()
    made.close()
