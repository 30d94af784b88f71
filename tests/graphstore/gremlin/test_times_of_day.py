"""Times of day and durations compare with their like: smallest, largest, before and after."""

from collections.abc import Iterator
from datetime import UTC, time, timedelta, timezone
from typing import Any

import pytest

from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.ordering import Incomparable, compare, total_order
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore
from tests.graphstore.worlds import record, register, say

OPENINGS = [time(7, 1), time(0, 0), time(21, 3), time(14, 2), time(14, 2, 0, 1)]


@pytest.fixture(params=["database", "snapshot"])
def engine(request: pytest.FixtureRequest) -> Iterator[GremlinEngine]:
    store = SqlStore("sqlite://")
    store.migrate()
    register(store, "a/shop")
    say(store, "a/shop", *(record("a/shop", str(number), at=at) for number, at in enumerate(OPENINGS)))
    source = ServedGraph(store)
    if request.param == "snapshot":
        source.keeper.warm()
    yield GremlinEngine(source)
    source.close()
    store.close()


@pytest.mark.parametrize(
    ("gremlin", "expected"),
    [
        ("g.V().values('at').max()", [max(OPENINGS)]),
        ("g.V().values('at').min()", [min(OPENINGS)]),
        ("g.V().values('at').fold().max(local)", [max(OPENINGS)]),
        ("g.V().values('at').order()", sorted(OPENINGS)),
        ("g.V().values('at').order().by(desc)", sorted(OPENINGS, reverse=True)),
        ("g.V().order().by('at').limit(1).values('at')", [min(OPENINGS)]),
        ("g.V().as('a').V().as('b').where('a', lt('b')).by('at').count()", [10]),
        ("g.V().as('a').V().as('b').where('a', gte('b')).by('at').count()", [15]),
        ("g.V().has('at', gt('10:00')).count()", [0]),
        ("g.V().has('at', '10:00').count()", [0]),
    ],
)
def test_answers(engine: GremlinEngine, gremlin: str, expected: list[Any]) -> None:
    assert [found for chunk in engine.stream(gremlin) for found in chunk] == expected


def test_a_time_without_a_zone_is_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert compare(time(10, tzinfo=east), time(9)) == -1
    assert compare(time(10), time(9, tzinfo=UTC)) == 1
    assert compare(time(10), time(12, tzinfo=east)) == 0


def test_durations_compare_and_other_kinds_do_not() -> None:
    assert compare(timedelta(minutes=90), timedelta(hours=1)) == 1
    for other in ("10:00", 10, timedelta(hours=10), None):
        with pytest.raises(Incomparable):
            compare(time(10), other)
    assert total_order(time(23), timedelta(0)) == -total_order(timedelta(0), time(23)) == -1
