"""The snapshot is made in the background: at the start, and after whatever changes the graph."""

import time
from collections.abc import Callable, Iterator

import pytest

from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.follow import SnapshotKeeper
from graphstore.gremlin.served import ServedGraph
from graphstore.gremlin.traverser import Limits
from graphstore.gremlin.warm import SnapshotWarmer
from graphstore.sql import SqlStore
from tests.graphstore.gremlin.conftest import asker
from tests.graphstore.gremlin.graphs import MODERN, fill


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def served(store: SqlStore) -> Iterator[ServedGraph]:
    fill(store, MODERN)
    source = ServedGraph(store)
    yield source
    source.close()


def test_the_first_query_finds_a_snapshot(served: ServedGraph) -> None:
    engine = GremlinEngine(served)
    assert served.ready(None) is None
    engine.start()
    eventually(lambda: served.ready(None))
    engine.close()
    engine.close()


def test_after_changes_the_next_query_finds_a_new_snapshot(served: ServedGraph) -> None:
    engine = GremlinEngine(served)
    engine.start()
    eventually(lambda: served.ready(None))
    asker(engine)("g.addV('new').property('name','n')")
    eventually(lambda: served.ready(None))
    plan = engine.for_quick("g.V().has('name','n').count()", Request())
    assert plan is not None
    graph = served.ready(None)
    assert graph is not None
    assert engine.quick(plan, graph, Limits(10), traversers=False) == [1]


def test_changes_that_never_pause_are_followed_too(store: SqlStore, served: ServedGraph) -> None:
    keeper = SnapshotKeeper(store.database)
    warmer = SnapshotWarmer(keeper, interval=0.05, patience=0.1)
    warmer.start()
    eventually(lambda: keeper.shown >= 0)
    first = keeper.shown
    ask = asker(GremlinEngine(served))

    def changed() -> bool:
        ask("g.addV('new')")
        return keeper.shown > first

    eventually(changed)
    warmer.close()
    keeper.close()


def test_a_store_that_fails_for_a_while_does_not_end_it(served: ServedGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = served.keeper
    failures = iter([OSError("the disk is gone")] * 2)
    warm = keeper.warm

    def flaky() -> None:
        for failure in failures:
            raise failure
        warm()

    monkeypatch.setattr(keeper, "warm", flaky)
    warmer = SnapshotWarmer(keeper, interval=0.02, patience=0.05)
    warmer.start()
    eventually(lambda: keeper.current(wide=False))
    warmer.close()
