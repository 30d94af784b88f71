"""Long work on arrays looks at the clock in between, so that a limit or a cancelled query ends it soon."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.errors import QueryLimitError
from graphstore.gremlin import pace
from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.ordering import order_key
from graphstore.gremlin.pace import distinct, paced, pieces, sort_order, sorted_places, unchecked
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore
from tests.fixtures.searching import examples
from tests.graphstore.gremlin.graphs import SmallGraph, fill

WIDE = (
    "g.V().order().by('name').values('name')",
    "g.V().order().by('name').limit(3)",
    "g.V().values('name').max()",
    "g.V().values('name')",
    "g.V().groupCount().by('name')",
    "g.V().has('name',regex('.*7.*')).count()",
    "g.V().out().out().out().count()",
    "g.V().both().both().dedup().count()",
    "g.V().outE().inV().outE().inV().groupCount().by('name')",
    "g.V().repeat(both('next')).times(4).count()",
    "g.V().where(out('next').count().is(gt(0))).count()",
    "g.E().outV().values('name').dedup().count()",
)
_SIZE = 400


class Clock:
    """Lets so many looks pass, then the query is cancelled."""

    def __init__(self, looks: int = 1_000_000) -> None:
        self.looks, self.seen = looks, 0

    def __call__(self) -> bool:
        self.seen += 1
        return self.seen > self.looks


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("_PIECE", 32), ("_OBJECTS", 32), ("_RUN", 16), ("_SORTED", 50)):
        monkeypatch.setattr(pace, name, size)


@pytest.fixture
def source(small_pieces: None) -> Iterator[ServedGraph]:
    names = [f"name {i * 7 % _SIZE}" for i in range(_SIZE)]
    vertices = [(str(i), "thing", {"name": [name]}) for i, name in enumerate(names)]
    edges: list[tuple[str, str, str, str, dict[str, object]]] = [
        (str(i), "next", str(i), str(i * 3 % _SIZE), {}) for i in range(_SIZE)
    ]
    store = SqlStore("sqlite://")
    store.migrate()
    fill(store, SmallGraph(vertices, edges))
    made = ServedGraph(store)
    yield made
    made.close()
    store.close()


@pytest.mark.parametrize("query", WIDE)
def test_wide_work_looks_at_the_clock_and_ends_when_told(source: ServedGraph, query: str) -> None:
    engine = GremlinEngine(source)
    source.keeper.warm()
    engine.run(query)
    clock = Clock()
    engine.run(query, Request(cancelled=clock))
    assert clock.seen >= 2
    for looks in {0, 1, clock.seen // 2}:
        with pytest.raises(QueryLimitError, match="cancelled"):
            engine.run(query, Request(cancelled=Clock(looks)))
    assert engine.run(query), "it can be asked again"


def test_what_is_computed_on_first_use_looks_at_the_clock(source: ServedGraph) -> None:
    source.keeper.warm()
    clock = Clock()
    GremlinEngine(source).run("g.V().order().by('name').values('name')", Request(cancelled=clock))
    assert clock.seen > 2 * _SIZE // 32


def test_a_query_does_not_wait_longer_than_it_may_for_the_snapshot(source: ServedGraph) -> None:
    engine = GremlinEngine(source)
    keeper = source.keeper
    for looks in (0, 3, 20):
        with pytest.raises(QueryLimitError):
            keeper.current(wide=True, check=engine.compile("g.V()").meter(Request().limits, Clock(looks)).check)
        assert keeper.current(wide=False) is None
    keeper.warm()
    assert keeper.current(wide=False) is not None


def test_whoever_makes_the_snapshot_is_not_waited_for_in_vain(source: ServedGraph) -> None:
    keeper = source.keeper
    check = GremlinEngine(source).compile("g.V()").meter(Request().limits, Clock(1)).check
    with keeper._building, pytest.raises(QueryLimitError):
        keeper.current(wide=True, check=check)
    keeper.warm()
    assert keeper.current(wide=False) is not None


keys = st.lists(st.integers(-1, 30), max_size=400)


@examples(100)
@given(keys)
def test_sorting_in_pieces_is_sorting(values: list[int]) -> None:
    array = np.array(values, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "_SORTED", 50)
        patch.setattr(pace, "_RUN", 16)
        assert sort_order(array, unchecked).tolist() == np.argsort(array, kind="stable").tolist()
        expected = sorted(range(len(values)), key=values.__getitem__)
        assert sorted_places(values, order_key, unchecked) == expected


@examples(100)
@given(st.lists(st.integers(0, 99), max_size=300))
def test_pieces_leave_nothing_out(values: list[int]) -> None:
    array = np.array(values, np.int64)
    assert distinct(array, 100).tolist() == sorted(set(values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "_PIECE", 7)
        patch.setattr(pace, "_OBJECTS", 7)
        assert [v for piece in pieces(len(array), unchecked) for v in array[piece].tolist()] == values
        assert list(paced(values, unchecked)) == values
