"""Bulk loading gives exactly what record by record gives."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from bifrost.documents import Document, Page
from bifrost.errors import ConflictError, InputError
from bifrost.values import Evidence, Fragment, LinkStatement, RecordFragments
from graphstore.bulk import CHUNK, BulkLoader
from graphstore.schema import metadata
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import graph, record, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]


def records() -> Sequence[RecordFragments]:
    evidence = Evidence("reader.csv", column="c")
    shared = Fragment("a/x/shared", "Thing", {"v": (1,)})
    return [
        *(
            record_of("a/x", str(i), {"n": i, "day": date(2024, 1, 1), "s": ("p", "q")}, [("NEXT", f"a/x/{i + 1}")])
            for i in range(2 * CHUNK + 1)
        ),
        record_of("a/x", "sure", {"n": 1.0}, evidence=evidence),
        record("a/x", "early", [("OF", "b/y/1"), ("OF", "nowhere")]),
        RecordFragments("twin1", b"1", (shared,)),
        RecordFragments("twin2", b"1", (Fragment("a/x/shared", "Thing", {"v": (2,)}),)),
        RecordFragments(
            "doc", b"1", (Fragment("a/x/doc", "Document", {}),), (), Document("text/plain", (Page(1, "text"),))
        ),
        RecordFragments("only-link", b"1", (), (LinkStatement("a/l", "OF", "a/x/1", "a/x/2", {"w": (0.5,)}),)),
    ]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    made.migrate()
    register(made, "a/x", "b/y")
    yield made
    made.close()


@pytest.mark.parametrize("before", [False, True], ids=["into nothing", "beside others"])
def test_loading_equals_replacing(store: SqlStore, tmp_path_factory: pytest.TempPathFactory, before: bool) -> None:
    other = SqlStore(f"sqlite:///{tmp_path_factory.mktemp('other')}/store.sqlite")
    other.migrate()
    register(other, "a/x", "b/y")
    for each in (store, other):
        if before:
            say(each, "b/y", record("b/y", "1", [("TO", "a/x/3")]))
    assert store.fragments.bulk_load("a", "x", iter(records()), 1).added == len(records())
    say(other, "a/x", *records())
    for each in (store, other):
        if not before:
            say(each, "b/y", record("b/y", "1", [("TO", "a/x/3")]))
    try:
        assert graph(store) == graph(other)
        assert store.fragments.document("a/x/doc").text == "text"
        assert store.view().vertex_origins("a/x/sure")[0].default_evidence.column == "c"
        assert say(store, "a/x", *records(), build=2).unchanged == len(records())
        alive = {change.id for change in store.log.changes(0)}
        assert {row[0] for row in graph(store)["vertices"]} <= alive
        for each in (store, other):
            each.catalog.remove_source("a")
        assert graph(store) == graph(other)
    finally:
        other.close()


def test_records_of_several_datasets_may_alternate(store: SqlStore, tmp_path: Path) -> None:
    evidence = Evidence("reader.csv", column="c")
    parcels = [
        (name, [record_of(name, f"{name[0]}{i}", {"n": i}, [("TO", f"a/x/a{i}")], evidence=evidence)])
        for i in range(CHUNK)
        for name in ("a/x", "b/y")
    ]
    with store.database.write(large=True) as connection:
        query = "SELECT s.name || '/' || d.name, d.id FROM dataset d JOIN source s ON s.id = d.source"
        ids = {row[0]: int(row[1]) for row in connection.exec_driver_sql(query)}
        BulkLoader(store.database, connection, ids.__getitem__, 1).load(parcels)
    other = SqlStore(f"sqlite:///{tmp_path}/other.sqlite")
    other.migrate()
    register(other, "a/x", "b/y")
    for name in ("a/x", "b/y"):
        say(other, name, *(record for at, (record,) in parcels if at == name))
    try:
        assert graph(store) == graph(other)
        for each in (store, other):
            each.catalog.remove_source("a")
        assert graph(store) == graph(other)
        assert store.view().vertex_origins("b/y/b3")[0].default_evidence == evidence
    finally:
        other.close()


def test_the_indexes_are_there_afterwards(store: SqlStore) -> None:
    store.fragments.bulk_load("a", "x", records(), 1)
    inspector = sa.inspect(store.engine)
    for table in metadata.sorted_tables:
        assert {index.name for index in table.indexes} <= {index["name"] for index in inspector.get_indexes(table.name)}


def test_what_cannot_be_loaded_leaves_nothing(store: SqlStore) -> None:
    with pytest.raises(ConflictError):
        store.fragments.bulk_load("a", "x", [record("a/x", "1"), record("a/x", "1")], 1)
    assert store.view().count() == 0
    say(store, "a/x", record("a/x", "1"))
    with pytest.raises(InputError):
        store.fragments.bulk_load("a", "x", [], 1)
