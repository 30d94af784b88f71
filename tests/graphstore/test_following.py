"""What follows the change log is in step when it is asked, or says how far it is behind."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from bifrost.errors import StoreUnavailableError
from bifrost.ports import Lag
from bifrost.values import Fragment, RecordFragments
from graphstore import following, log
from graphstore.rdf import RdfMapping
from graphstore.schema import change_time
from graphstore.search import SearchProjection
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]

COUNT = "SELECT (COUNT(*) AS ?n) { ?s a ?t }"
BACKLOG = 10_500
"""More than a query waits for while somebody else follows."""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    register(made, "a/x")
    yield made
    made.close()


@pytest.fixture
def search(store: SqlStore) -> Iterator[SearchProjection]:
    projection = SearchProjection(store)
    yield projection
    projection.close()


@pytest.fixture
def sparql(store: SqlStore, tmp_path: Path) -> Iterator[SparqlProjection]:
    projection = SparqlProjection(store, tmp_path / "rdf", "https://graph.test/")
    yield projection
    projection.close()


def fill(store: SqlStore, count: int = BACKLOG) -> None:
    say(store, "a/x", *(RecordFragments(str(i), b"1", (Fragment(f"a/x/{i}", "X", {"n": ("zebra",)}),))
                        for i in range(count)))  # fmt: skip


def counted(sparql: SparqlProjection, behind: list[Lag]) -> int:
    return int(sparql.query(COUNT, "text/csv", behind=behind.append)[1].split()[1])


def test_an_answer_after_many_changes_has_them_all(
    store: SqlStore, search: SearchProjection, sparql: SparqlProjection
) -> None:
    fill(store)
    behind: list[Lag] = []
    assert len(search.search("zebra", limit=BACKLOG, behind=behind.append)) == BACKLOG
    assert counted(sparql, behind) == BACKLOG
    assert behind == []
    assert search.lag() == sparql.lag() == Lag(0, 0.0)


def test_an_answer_that_leaves_changes_out_says_how_many(
    store: SqlStore, search: SearchProjection, sparql: SparqlProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PATIENCE", 0.0)
    fill(store, 5_000)
    behind: list[Lag] = []
    assert len(search.search("zebra", limit=BACKLOG, behind=behind.append)) == 2_000
    assert counted(sparql, behind) == 2_000
    assert [lag.changes for lag in behind] == [3_000, 3_000]
    assert all(0 < lag.seconds < 60 for lag in behind)


def test_nobody_waits_for_a_long_backlog_that_is_being_followed(store: SqlStore, search: SearchProjection) -> None:
    fill(store)
    behind: list[Lag] = []
    with search._following.lock:
        started = time.monotonic()
        assert search.search("zebra", behind=behind.append) == []
        assert time.monotonic() - started < 1
    assert [lag.changes for lag in behind] == [BACKLOG]


def test_writers_that_go_on_do_not_hold_up_an_answer(store: SqlStore, search: SearchProjection) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            say(store, "a/x", *(record("a/x", f"{number}-{i}") for i in range(10)))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            behind: list[Lag] = []
            search.search("x", behind=behind.append)
            assert behind == []
    finally:
        stop.set()
        writer.join()


def test_a_slice_of_following_leaves_types_described(store: SqlStore, sparql: SparqlProjection) -> None:
    fill(store, 3_000)
    assert sparql.follow(0).changes == 1_000
    ask = b"true" in sparql.query("ASK { GRAPH <https://graph.test/ontology> { <https://graph.test/t/X> ?p ?o } }")[1]
    assert ask


def test_a_slice_of_following_makes_no_batch_that_it_does_not_apply(
    store: SqlStore, sparql: SparqlProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 5_000)
    made: list[str] = []
    vertices = RdfMapping.vertices

    def noted(self: RdfMapping, connection: sa.Connection, uids: Sequence[str]) -> Iterator[str]:
        made.extend(uids)
        return vertices(self, connection, uids)

    monkeypatch.setattr(RdfMapping, "vertices", noted)
    assert [sparql.follow(0).changes for _ in range(3)] == [3_000, 1_000, 0]
    assert len(made) == len(set(made)) == 5_000


def test_a_slice_of_following_says_what_went_wrong(store: SqlStore, sparql: SparqlProjection, tmp_path: Path) -> None:
    fill(store, 3_000)
    sparql.follow(0)
    other = SparqlProjection(store, tmp_path / "rdf", "https://graph.test/")
    with pytest.raises(StoreUnavailableError):
        other.follow(0)
    other.close()


def test_a_change_has_an_age_until_it_is_applied(
    store: SqlStore, search: SearchProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_APART", 0.0)
    assert store.log.age(0) == 0
    say(store, "a/x", record("a/x", "1"))
    time.sleep(0.2)
    say(store, "a/x", record("a/x", "2"))
    assert 0.2 <= store.log.age(0) < 5
    assert store.log.age(1) < store.log.age(0)
    assert store.log.age(2) == 0
    assert search.lag().seconds >= 0.2
    search.catch_up()
    assert search.lag() == Lag(0, 0.0)


def test_times_are_a_few_a_second_and_forgotten_after_a_week(store: SqlStore) -> None:
    for i in range(5):
        say(store, "a/x", record("a/x", str(i)))
    with store.database.write() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(change_time)).scalar_one() < 5
        connection.execute(change_time.update().values(at=change_time.c.at - 8 * 86_400))
        connection.execute(change_time.insert().values(seq=4, at=time.time() - 7.5 * 86_400))
    store.log.compact()
    assert 7 * 86_400 < store.log.age(0) < 7.6 * 86_400
