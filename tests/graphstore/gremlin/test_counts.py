"""Counts that 64 bits do not hold are exact, and true and 1 are counted apart; the same on every kind of graph."""

from typing import Any

import pytest

from bifrost.errors import QueryLimitError
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.numbers import BigInteger, Long
from graphstore.gremlin.served import gremlin_engine
from graphstore.sql import SqlStore
from tests.graphstore.gremlin.conftest import SqlOnly, asker
from tests.graphstore.worlds import record_of, register, say

KNOWS = [(1, 2), (1, 4), (4, 5), (4, 3), (1, 3), (6, 3)]
"""The edges of the modern graph."""
KINDS = ("memory", "sql", "arrays", "large arrays")


def walks(hops: int) -> dict[int, int]:
    """How many walks along both() end at each vertex."""
    many = dict.fromkeys(range(1, 7), 1)
    for _ in range(hops):
        ends = KNOWS + [(head, tail) for tail, head in KNOWS]
        many = {vertex: sum(many[tail] for tail, head in ends if head == vertex) for vertex in many}
    return many


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hops", [20, 43, 46, 47, 48, 49, 50, 51, 75])
def test_walks_are_counted_exactly(kind: str, hops: int, engines: dict[str, GremlinEngine]) -> None:
    ask, expected = asker(engines[kind]), walks(hops)
    start = f"g.V().repeat(both()).times({hops})"
    (found,) = ask(f"{start}.count()")
    assert (found, type(found)) == (
        sum(expected.values()),
        Long if sum(expected.values()) < 2**63 else BigInteger,
    )
    assert ask(f"{start}.both().count()") == [sum(walks(hops + 1).values())]
    persons = sum(expected[vertex] for vertex in (1, 2, 4, 6))
    assert ask(f"{start}.groupCount().by(label)") == [{"person": persons, "software": expected[3] + expected[5]}]
    assert ask(f"{start}.has('name','lop').groupCount().by('name')") == [{"lop": expected[3]}]
    assert len(ask(f"{start}.limit(3)")) == 3


def test_more_equal_results_than_can_be_sent_are_refused(engines: dict[str, GremlinEngine]) -> None:
    with pytest.raises(QueryLimitError):
        engines["memory"].run("g.inject(1).repeat(union(identity(),identity())).times(64)")


def entries(found: list[Any]) -> list[tuple[Any, Any]]:
    """The entries of the one map that was found, by their types."""
    (answer,) = found
    return sorted(answer.items(), key=lambda entry: (type(entry[0]).__name__, entry[0]))


VALUES = "g.inject(true,1,1.0d,false,0,true,'1')"
COUNTS = [(False, 1), (True, 2), (0, 1), (1, 2), ("1", 1)]


@pytest.mark.parametrize(
    "query",
    [
        f"{VALUES}.groupCount()",
        f"{VALUES}.group().by().by(count())",
        f"{VALUES}.groupCount('x').cap('x')",
        f"{VALUES}.group('x').by().by(count()).cap('x')",
        f"{VALUES}.groupCount('x').groupCount('y').cap('y')",
        f"{VALUES}.groupCount().order(local).by(values)",
        f"{VALUES}.groupCount().range(local,0,9)",
    ],
)
def test_booleans_and_numbers_are_keys_apart(query: str, engines: dict[str, GremlinEngine]) -> None:
    found = entries(asker(engines["memory"])(query))
    assert [(type(key), key, count) for key, count in found] == [(type(key), key, count) for key, count in COUNTS]


def test_what_is_grouped_is_lost_under_no_key(engines: dict[str, GremlinEngine]) -> None:
    (found,) = asker(engines["memory"])(f"{VALUES}.group().by().by(fold())")
    assert {(type(key), key): members for key, members in found.items()} == {
        (bool, True): [True, True], (int, 1): [1, 1.0], (bool, False): [False], (int, 0): [0], (str, "1"): ["1"]
    }  # fmt: skip
    unfolded = asker(engines["memory"])(f"{VALUES}.groupCount().unfold().select(keys)")
    assert sorted(map(repr, unfolded)) == ["'1'", "0", "1", "False", "True"]


@pytest.mark.parametrize("wrap", [SqlOnly, None], ids=["sql", "arrays"])
def test_properties_that_are_booleans_here_and_numbers_there(store: SqlStore, wrap: Any) -> None:
    register(store, "a/x")
    flags = [True, 1, 0, True, False, 1, 1]
    say(store, "a/x", *(record_of("a/x", str(i), {"flag": flag}) for i, flag in enumerate(flags)))
    ask = asker(GremlinEngine(wrap(store)) if wrap else gremlin_engine(store))
    for query in ("groupCount().by('flag')", "group().by('flag').by(count())"):
        found = [(type(key), key, count) for key, count in entries(ask(f"g.V().{query}"))]
        assert found == [(bool, False, 1), (bool, True, 2), (int, 0, 1), (int, 1, 3)]
