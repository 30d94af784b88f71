"""Counts, measures, groups and filters by links, on SQLite and PostgreSQL, beside the same in plain Python."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from bifrost.errors import InputError
from bifrost.graph import Aggregate, Direction, FilterGroup, LinkFilter, PropertyFilter
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]

ODD = 'odd "name"\\'
ROWS: list[dict[str, Any]] = [
    {"n": 1, "f": 0.5, "tag": ("a", "b"), "day": date(2024, 1, 2), "ok": True, ODD: "x"},
    {"n": 2, "f": Decimal("1.25"), "tag": "a", "at": datetime(2024, 1, 2, 3, tzinfo=UTC), "ok": False, ODD: ("x", "y")},
    {"n": (2, 3), "tag": "ü", "t": time(1, 2), "ok": True},
    {"n": 2**70, "f": float("inf"), "tag": ""},
    {},
]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    register(made, "s/row", "s/other")
    say(made, "s/other", record_of("s/other", "1", {"n": 7}), record_of("s/other", "2", {"n": 8}))
    links = [[("TO", "s/other/1"), ("TO", "s/other/2")], [("TO", "s/other/1")], [("BY", "s/other/1")], [], []]
    say(made, "s/row", *(record_of("s/row", str(i), row, links[i]) for i, row in enumerate(ROWS)))
    yield made
    made.close()


def test_a_property_is_measured_over_all_its_values(store: SqlStore) -> None:
    types = {"n": "number", "day": "date", "at": "datetime", "t": "time", "ok": "boolean", "tag": "text", ODD: "text"}
    (found,) = store.view().aggregate("Row", measure=types, distinct=[*types])
    assert found.count == 5
    n = found.properties["n"]
    assert (n.count, n.minimum, n.distinct) == (5, 1, 4)
    assert n.sum == pytest.approx(8 + 2**70)
    assert n.maximum == pytest.approx(2**70)
    shown = {name: (one.count, one.minimum, one.maximum, one.distinct) for name, one in found.properties.items()}
    moment = datetime(2024, 1, 2, 3, tzinfo=UTC)
    assert shown["day"] == (1, date(2024, 1, 2), date(2024, 1, 2), 1)
    assert shown["at"] == (1, moment, moment, 1)
    assert shown["t"] == (1, time(1, 2), time(1, 2), 1)
    assert shown["ok"] == (3, False, True, 2)
    assert shown["tag"] == (5, "", "ü", 4)
    assert shown[ODD] == (3, "x", "y", 2)
    assert found.properties["tag"].sum is None


def test_groups_hold_every_vertex_with_the_value_and_one_those_without(store: SqlStore) -> None:
    found = store.view().aggregate("Row", by={"tag": "text"}, measure={"n": "number"}, distinct=["n"])
    counts = Counter({one.key[0]: one.count for one in found})
    assert counts == {"a": 2, "b": 1, "ü": 1, "": 1, None: 1}
    assert found[0].key == ("a",), "the largest first"
    by_tag = {one.key[0]: one.properties["n"] for one in found}
    assert (by_tag["a"].sum, by_tag["a"].distinct, by_tag["ü"].sum) == (3, 2, 5)
    assert (by_tag[None].count, by_tag[None].sum, by_tag[None].distinct) == (0, None, 0)
    two = store.view().aggregate("Row", by={"ok": "boolean", ODD: "text"})
    assert {one.key: one.count for one in two} == {
        (True, "x"): 1,
        (False, "x"): 1,
        (False, "y"): 1,
        (True, None): 1,
        (None, None): 2,
    }
    assert len(store.view().aggregate("Row", by={"tag": "text"}, limit=2)) == 2


def test_many_groups_cost_a_moment(store: SqlStore) -> None:
    say(store, "s/row", *(record_of("s/row", f"g{i}", {"g": i, "v": i % 7}) for i in range(20_000)))
    found = store.view().aggregate("Row", by={"g": "integer"}, measure={"v": "integer"}, limit=3)
    assert [(one.key, one.count) for one in found][1:] == [((0,), 1), ((1,), 1)]


def test_what_links_lead_to_is_listed_and_measured_for_many_at_once(store: SqlStore) -> None:
    view, ids = store.view(), [f"s/row/{i}" for i in range(5)]
    lists = view.linked(ids, Direction.OUT, "TO", "Other", order_by="n", descending=True, limit=1)
    assert {id: [one.id for one in found] for id, found in lists.items() if found} == {
        "s/row/0": ["s/other/2"],
        "s/row/1": ["s/other/1"],
    }
    back = view.aggregate_linked(
        ["s/other/1", "s/other/2", "s/other/1"], Direction.IN, "TO", "Row", measure={"n": "integer"}
    )
    assert {id: (one.count, one.properties["n"].sum) for id, one in back.items()} == {
        "s/other/1": (2, 3),
        "s/other/2": (1, 1),
    }
    few = view.aggregate_linked(ids, Direction.OUT, "TO", "Other", [PropertyFilter("n", "gt", 7)])
    assert few == {"s/row/0": Aggregate(1)}
    assert view.linked([], Direction.OUT, "TO", "Other") == {}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([LinkFilter(Direction.OUT, "TO", "Other")], "01"),
        ([LinkFilter(Direction.OUT, "TO", None, (PropertyFilter("n", "eq", 8),))], "0"),
        ([LinkFilter(Direction.OUT, "TO", "Other", none=True)], "234"),
        ([LinkFilter(Direction.OUT, "nothing", "Other", none=True)], "01234"),
        ([LinkFilter(Direction.OUT, "TO", "Other", (LinkFilter(Direction.IN, "BY", "Row"),))], "01"),
        ([FilterGroup("any", (PropertyFilter("n", "eq", 1), LinkFilter(Direction.OUT, "BY", None)))], "02"),
        ([FilterGroup("none", (PropertyFilter("n", "gt", 0),))], "4"),
        ([FilterGroup("any", ())], ""),
        ([FilterGroup("all", ())], "01234"),
    ],
)
def test_filters_by_links_and_groups_of_filters(store: SqlStore, filters: list[Any], found: str) -> None:
    view = store.view()
    assert [vertex.id[-1] for vertex in view.vertices("Row", filters).items] == list(found)
    assert view.count("Row", filters) == len(found)


def test_senseless_filters_are_refused(store: SqlStore) -> None:
    deep: Any = PropertyFilter("n", "eq", 1)
    for _ in range(20):
        deep = FilterGroup("all", (deep,))
    for filter in (
        deep,
        LinkFilter(Direction.BOTH, "TO", None),
        FilterGroup("all", (PropertyFilter("n", "eq", 1),) * 600),
    ):
        with pytest.raises(InputError):
            store.view().vertices("Row", [filter])


def test_origins_of_many_are_those_of_each(store: SqlStore) -> None:
    view, ids = store.view(), ["s/row/1", "s/other/1", "nobody"]
    edges = [edge.id for edge in view.edges().items]
    assert view.origins_of_vertices(ids) == {id: view.vertex_origins(id) for id in ids[:2]}
    assert view.origins_of_edges([*edges, "none"]) == {id: view.edge_origins(id) for id in edges}
