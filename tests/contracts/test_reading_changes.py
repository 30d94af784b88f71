"""The linker's workspace follows a store by what changed: it is the same as one that loads everything."""

import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from bifrost.ports import LinkingData, Reading
from bifrost.values import LinkStatement, RecordFragments
from graphstore.sql import SqlStore
from linking.workspace import Workspace
from tests.contracts.stores import postgres_url, shared_postgres_url, sqlite_template, sqlite_url, store
from tests.graphstore.worlds import record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url", "store"]


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.close()


def contents(workspace: Workspace, data: LinkingData) -> dict[str, Any]:
    """All rows and profiles, but for how tables and columns are numbered."""
    found = {}
    with workspace.using(data) as loaded:
        for key in (("a", "t"), ("a", "pairs")):
            table = loaded.table(*key)
            assert table is not None
            names = ", ".join(["_row", "_uid", "_record", "_place", *(c.sql for c in table.stored.values())])
            rows = loaded.connection.execute(f"SELECT {names} FROM {table.name} ORDER BY _row").fetchall()
            profiles = [
                {name: getattr(c, name) for name in c.__slots__ if name not in ("id", "table", "sql")}
                for c in table.columns.values()
            ]
            found["/".join(key)] = (table.rows, list(table.stored), rows, profiles)
    return found


def rows_of(reading: Reading | None) -> list[dict[str, Any]]:
    assert reading is not None
    return [row for batch, _, _ in reading.rows for row in batch.to_pylist()]


def test_only_what_changed_is_read_again(store: SqlStore) -> None:
    register(store, "a/t")
    say(store, "a/t", *(record("a/t", f"{n:02}", name=f"n{n}") for n in range(40)))
    first = store.linking_data().reading("a", "t")
    assert first is not None
    assert len(rows_of(first)) == 40
    assert first.records is None

    say(store, "a/t", record("a/t", "07", name="changed"), record("a/t", "99", name="new"))
    store.fragments.remove_records("a", "t", ["12"])
    second = store.linking_data().reading("a", "t", first.version)
    assert [row["name"] for row in rows_of(second)] == ["changed", "new"]
    assert second is not None
    assert second.records is not None
    assert len(second.records) == 2
    assert second.present is not None
    assert len(second.present) == 40

    third = store.linking_data().reading("a", "t", second.version)
    assert third is not None
    assert (rows_of(third), third.records, third.present) == ([], frozenset(), None)

    say(store, "a/t", *(record("a/t", f"{n:02}", name=f"m{n}") for n in range(20)))
    assert len(rows_of(store.linking_data().reading("a", "t", second.version))) == 41, "so many are read as a whole"


def test_another_store_is_read_as_a_whole(store: SqlStore) -> None:
    register(store, "a/t")
    say(store, "a/t", record("a/t", "1", name="x"))
    known = store.linking_data().reading("a", "t")
    assert known is not None
    again = store.linking_data().reading("a", "t", (known.version[0] + 1, known.version[1]))
    assert len(rows_of(again)) == 1


class Counting:
    """A store's linking data that counts the readings of changes alone."""

    def __init__(self, data: LinkingData) -> None:
        self.data, self.partial = data, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.data, name)

    def reading(self, source: str, dataset: str, since: tuple[int, int] | None = None) -> Reading | None:
        reading = self.data.reading(source, dataset, since)
        self.partial += reading is not None and bool(reading.records)
        return reading


def pair(key: str, text: str) -> RecordFragments:
    """A row of a join table: no fragment, only a link."""
    link = LinkStatement(f"a/pairs/{key}", "WITH", f"a/t/{key}", "a/t/0001", {"since": (text,)})
    return RecordFragments(key, text.encode(), links=(link,))


@pytest.mark.parametrize("seed", range(3))
def test_a_workspace_that_follows_is_as_one_that_loads_all(store: SqlStore, workspace: Workspace, seed: int) -> None:
    chance = random.Random(seed)
    register(store, "a/t", "a/pairs")

    def one(key: str) -> RecordFragments:
        said: dict[str, Any] = {"name": f"{chance.choice(['Ada', 'Bo', 'Cy'])} {key}", "n": chance.randrange(5)}
        if chance.random() < 0.05:
            said["tags"] = ("x", key) if chance.random() < 0.5 else ("y",)
        if chance.random() < 0.02:
            said[f"extra{chance.randrange(2)}"] = "z"
        return record("a/t", key, **said)

    keys = [f"{n:04}" for n in range(120)]
    say(store, "a/t", *map(one, keys))
    say(store, "a/pairs", *(pair(key, f"s{n}") for n, key in enumerate(keys[:60])))
    partial = 0
    for step in range(10):
        data = Counting(store.linking_data())
        followed = contents(workspace, data)
        partial += data.partial
        fresh = Workspace()
        assert followed == contents(fresh, store.linking_data()), f"step {step}"
        fresh.close()
        some = chance.sample(keys, chance.randrange(3))
        match chance.randrange(4):
            case 0:
                say(store, "a/t", *map(one, some))
            case 1:
                new = [f"{chance.randrange(10_000):04}" for _ in range(3)]
                keys = list(dict.fromkeys([*keys, *new]))
                say(store, "a/t", *map(one, dict.fromkeys(new)))
            case 2 if len(keys) > 100:
                store.fragments.remove_records("a", "t", some)
                keys = [key for key in keys if key not in some]
            case _:
                say(store, "a/pairs", *(pair(key, f"s{chance.randrange(100)}") for key in some))
                store.fragments.remove_records("a", "pairs", chance.sample(keys, 1))
    assert partial > 2, "changes were followed"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"05": {"tags": ("x", "y")}}, {"05": {"tags": ("x",)}}, id="no list any more"),
        pytest.param({"05": {"tags": ("x",)}}, {"06": {"tags": ("x", "y")}}, id="a list now"),
        pytest.param({"05": {"late": "x"}}, {"05": {}}, id="a column goes"),
        pytest.param({"05": {"late": "x"}}, {"06": {"new": "x"}}, id="a column comes"),
        pytest.param({"00": {"z": "1", "a": "2"}, "05": {"z": "1"}}, {"00": {"a": "2"}}, id="columns in another order"),
    ],
)
def test_columns_follow_too(
    store: SqlStore, workspace: Workspace, before: dict[str, Any], after: dict[str, Any]
) -> None:
    register(store, "a/t", "a/pairs")
    said: dict[str, dict[str, Any]] = {f"{n:02}": {"m": "x"} for n in range(40)} | before
    say(store, "a/t", *(record("a/t", key, **values) for key, values in said.items()))
    contents(workspace, store.linking_data())
    say(store, "a/t", *(record("a/t", key, **values) for key, values in after.items()))
    fresh = Workspace()
    assert contents(workspace, store.linking_data()) == contents(fresh, store.linking_data())
    fresh.close()


def test_a_table_that_is_read_anew_with_the_same_rows_can_be_followed(store: SqlStore, workspace: Workspace) -> None:
    register(store, "a/t", "a/pairs")
    for build in (1, 2):
        say(store, "a/t", *(record("a/t", f"{n:02}", name=f"n{n}") for n in range(40)), build=build)
        contents(workspace, store.linking_data())
        if build == 1:
            store.fragments.remove_records("a", "t", [f"{n:02}" for n in range(40)])
    say(store, "a/t", record("a/t", "07", name="changed"), build=3)
    fresh = Workspace()
    assert contents(workspace, store.linking_data()) == contents(fresh, store.linking_data())
    fresh.close()
    assert isinstance(next(iter(store.linking_data().rows("a", "t"))), pa.RecordBatch)
