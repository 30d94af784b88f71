"""Random traversals have the same answers on every kind of graph: in memory, by SQL, on arrays, by either way in part."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bifrost.errors import BifrostError
from graphstore.gremlin.elements import Entry, Path
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.follow import SnapshotKeeper
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore
from tests.fixtures.searching import examples
from tests.graphstore.gremlin.conftest import Ask, SqlOnly, asker
from tests.graphstore.gremlin.graphs import fill, in_memory
from tests.graphstore.gremlin.traversals import ODD, random_traversal


@pytest.fixture(scope="module")
def asks() -> Iterator[dict[str, Ask]]:
    made = SqlStore("sqlite://")
    made.migrate()
    fill(made, ODD)
    source, large = ServedGraph(made), ServedGraph(made, keeper=SnapshotKeeper(made.database, eager=2))
    source.keeper.warm()
    large.keeper.warm()
    graphs: dict[str, Any] = {"sql": SqlOnly(made), "arrays": source, "large arrays": large, "memory": in_memory(ODD)}
    asked = {kind: asker(GremlinEngine(graph)) for kind, graph in graphs.items()}
    yield asked | {"merged arrays": as_if_large(asked["arrays"])}
    large.close()
    source.close()
    made.close()


def as_if_large(ask: Ask) -> Ask:
    """Frontiers are merged on arrays, as those of thousands of elements are."""

    def asked(query: str) -> list[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("graphstore.gremlin.vector_moves.SMALL", 0)
            return ask(query)

    return asked


def plain(value: Any) -> Any:
    """A result without the order of collections."""
    if isinstance(value, Path):
        value = value.objects
    if isinstance(value, Entry):
        return ("entry", plain(value.key), plain(value.value))
    if isinstance(value, dict):
        return ("map", *sorted(((plain(key), plain(found)) for key, found in value.items()), key=repr))
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(sorted(map(plain, value), key=repr))
    return value


def answer(ask: Ask, query: str) -> list[str]:
    try:
        return sorted(repr(plain(found)) for found in ask(query))
    except BifrostError as error:
        return [f"refused: {error.code}"]
    except RecursionError:  # a side effect that collected a collection with itself in it
        return ["refused: nested too deep"]


@settings(examples(6), phases=(Phase.explicit, Phase.generate))
@given(st.integers(0, 2**32 - 1))
def test_random_traversals_have_one_answer(asks: dict[str, Ask], seed: int) -> None:
    random = Random(seed)
    for query in [random_traversal(random) for _ in range(20)]:
        found = {kind: answer(ask, query) for kind, ask in asks.items()}
        assert all(told == found["sql"] for told in found.values()), (query, found)


def test_most_random_traversals_have_an_answer_that_tells_something(asks: dict[str, Ask]) -> None:
    """So that the test above cannot silently compare nothing."""
    told = Counter[str]()
    random = Random(1)
    for query in [random_traversal(random) for _ in range(200)]:
        found = answer(asks["arrays"], query)
        told["refused"] += found[:1] != [] and found[0].startswith("refused")
        told["something"] += bool(found)
        told["many"] += len(found) > 1
    assert told["refused"] < 30
    assert told["something"] > 100
    assert told["many"] > 60
