"""A store survives what befalls it: a killed process, a lost connection, a full disk, writers in several processes."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bifrost.errors import StoreFullError, StoreUnavailableError
from bifrost.values import RecordFragments
from graphstore.load import GraphLoading
from graphstore.schema import metadata
from graphstore.search import SearchProjection
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import graph, record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]

BATCHES, SIZE = 15, 20
_FULL = """
CREATE OR REPLACE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT count(*) FROM fragment) > 100 THEN
    RAISE EXCEPTION 'could not extend file "base/5/1259": No space left on device' USING ERRCODE = '53100';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER disk_is_full AFTER INSERT ON fragment FOR EACH STATEMENT EXECUTE FUNCTION disk_is_full();
"""
"""What a PostgreSQL server says without space left, said by a real one after the hundredth fragment."""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A store with a current schema and nothing in it."""
    return str(request.getfixturevalue(f"{request.param}_url"))


def write_batch(store: SqlStore, number: int, build: int) -> None:
    keys = range(number * SIZE, (number + 1) * SIZE)
    say(store, "a/x", *(record("a/x", str(i), [("NEXT", f"a/x/{i + 1}")], n=i) for i in keys), build=build)


def write_all(url: str, build: int) -> None:
    """What the process that gets killed runs: reports each batch only after it was committed."""
    store = SqlStore(url)
    for number in range(BATCHES):
        write_batch(store, number, build)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    store.close()


def start(url: str, build: int) -> subprocess.Popen[str]:
    program = f"from tests.graphstore.test_crashes import write_all; write_all({url!r}, {build})"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("after", [0, 7])
def test_a_killed_writer_loses_nothing_it_reported_and_leaves_no_halves(url: str, tmp_path: Path, after: int) -> None:
    store = SqlStore(url)
    register(store, "a/x")
    with start(url, 1) as writer:
        assert writer.stdout is not None
        reported = -1
        while reported < after:
            reported = int(writer.stdout.readline())
        time.sleep(0.01 * after)
        writer.kill()
    vertices = store.view().count()
    assert vertices % SIZE == 0, "a batch is there as a whole or not at all"
    assert vertices >= (reported + 1) * SIZE
    assert store.view().label_counts()[1]["NEXT"] == vertices - 1
    assert len({change.id for change in store.log.changes(0, 10**6) if change.element == "vertex"}) == vertices

    write_all(url, 2)
    whole = SqlStore(f"sqlite:///{tmp_path}/whole.sqlite")
    whole.migrate()
    register(whole, "a/x")
    for number in range(BATCHES):
        write_batch(whole, number, 1)
    assert graph(store) == graph(whole)
    search = SearchProjection(store)
    assert len(search.search("17", limit=10)) >= 1
    for closing in (search, store, whole):
        closing.close()


def bulk(count: int) -> Iterator[RecordFragments]:
    """More than one chunk of the bulk load; says when it has handed out half."""
    for i in range(count):
        if i == count // 2:
            sys.stdout.write("half\n")
            sys.stdout.flush()
        yield record("a/x", str(i), [("NEXT", f"a/x/{(i * 7) % count}")], n=i)


def load_all(url: str, count: int) -> None:
    """What the process that gets killed runs: loads, then stays until it is killed."""
    store = SqlStore(url)
    store.fragments.bulk_load("a", "x", bulk(count), 1)


def test_a_killed_bulk_load_leaves_nothing_and_can_be_started_again(url: str) -> None:
    store = SqlStore(url)
    register(store, "a/x")
    count = 12_000
    program = f"from tests.graphstore.test_crashes import load_all; load_all({url!r}, {count})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as loader:
        assert loader.stdout is not None
        assert loader.stdout.readline() == "half\n"
        loader.kill()
    assert store.view().count() == 0
    assert store.log.changes(0) == []
    inspector = sa.inspect(store.engine)
    for table in metadata.sorted_tables:
        assert {index.name for index in table.indexes} <= {index["name"] for index in inspector.get_indexes(table.name)}
    assert store.fragments.bulk_load("a", "x", bulk(count), 1).added == count
    assert store.view().label_counts() == ({"X": count}, {"NEXT": count})
    assert len(store.log.changes(0, 10**6)) == 2 * count
    store.close()


def test_processes_that_write_at_once_take_turns(url: str) -> None:
    store = SqlStore(url)
    register(store, "a/x")
    writers = [start(url, build) for build in (1, 1)]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    assert store.view().label_counts() == ({"X": BATCHES * SIZE}, {"NEXT": BATCHES * SIZE - 1})
    store.close()


def fill_disk(store: SqlStore) -> None:
    """From now on there is space for a few batches only."""
    if not store.database.is_sqlite:
        with store.database.write() as connection:
            connection.exec_driver_sql(_FULL)
        return

    def limit(connection: sa.Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with store.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    sa.event.listen(store.engine, "begin", lambda connection: limit(connection, pages + 2))


def free_disk(url: str) -> SqlStore:
    """The store as it is opened when there is space again."""
    store = SqlStore(url)
    if not store.database.is_sqlite:
        with store.database.write() as connection:
            connection.exec_driver_sql("DROP FUNCTION disk_is_full CASCADE")
    return store


def test_a_full_disk_is_a_clear_error_and_nothing_is_lost(url: str) -> None:
    store = SqlStore(url)
    register(store, "a/x")
    write_batch(store, 0, 1)
    before, position = graph(store), store.log.position()
    fill_disk(store)
    with pytest.raises(StoreFullError) as caught:
        for number in range(1, BATCHES):
            write_batch(store, number, 1)
    assert "Free disk space" in caught.value.remedy
    assert store.view().count() % SIZE == 0
    store.close()

    store = free_disk(url)
    served = graph(store)
    assert {row[0] for row in before["vertices"]} <= {row[0] for row in served["vertices"]}
    assert store.log.position() >= position
    for number in range(BATCHES):
        write_batch(store, number, 1)
    assert store.view().count() == BATCHES * SIZE
    store.close()


def test_a_bulk_load_without_space_leaves_nothing(url: str) -> None:
    store = SqlStore(url)
    register(store, "a/x")
    fill_disk(store)
    with pytest.raises(StoreFullError):
        store.fragments.bulk_load("a", "x", bulk(2_000), 1)
    store.close()
    store = free_disk(url)
    assert (store.view().count(), store.log.position()) == (0, 0)
    assert store.fragments.bulk_load("a", "x", bulk(2_000), 1).added == 2_000
    store.close()


def cut_off(url: str) -> int:
    """Ends all other connections to the database, as an administrator or a restart of the server does."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        ended = connection.execute(
            sa.text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
    engine.dispose()
    return int(ended)


def test_a_lost_connection_is_a_clear_error_and_nothing_is_lost(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    register(store, "a/x")
    write_batch(store, 0, 1)
    before = graph(store)
    with pytest.raises(StoreUnavailableError) as caught, store.batch():
        write_batch(store, 1, 1)
        assert cut_off(postgres_url) > 0
        write_batch(store, 2, 1)
    assert caught.value.retryable
    assert graph(store) == before, "the batch that was cut off is not there, and the store answers again"
    assert cut_off(postgres_url) > 0
    assert graph(store) == before, "idle connections that were lost are made anew"

    def lost() -> Iterator[RecordFragments]:
        for i, said in enumerate(bulk(6_000)):
            if i == 5_500:
                cut_off(postgres_url)
            yield said

    register(store, "b/y")
    with pytest.raises(StoreUnavailableError):
        store.fragments.bulk_load("b", "y", lost(), 1)
    assert graph(store) == before
    write_batch(store, 1, 1)
    assert store.view().count() == 2 * SIZE
    store.close()


def test_what_follows_a_store_notices_another_store_in_its_place(sqlite_url: str, tmp_path: Path) -> None:
    file, backup = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "backup.sqlite"

    def seen() -> tuple[int, int, int]:
        store = SqlStore(sqlite_url)
        search, sparql = SearchProjection(store), SparqlProjection(store, tmp_path / "rdf", "https://graph.test/")
        try:
            words, scoped = len(search.search("x", limit=1000)), store.view(frozenset("a")).count()
            answer = sparql.query("SELECT ?s { ?s a <https://graph.test/t/X> }", "text/csv")[1]
            return words, scoped, len(answer.splitlines()) - 1
        finally:
            sparql.close()
            search.close()
            store.close()

    store = SqlStore(sqlite_url)
    register(store, "a/x", "b/y")
    write_batch(store, 0, 1)
    store.close()
    shutil.copy(file, backup)
    store = SqlStore(sqlite_url)
    write_batch(store, 1, 1)
    store.close()
    assert seen() == (2 * SIZE,) * 3
    shutil.copy(backup, file)
    assert seen() == (SIZE,) * 3
    file.unlink()
    other = SqlStore(sqlite_url)
    other.migrate()
    register(other, "a/x", "b/y")
    say(other, "a/x", *(record("a/x", f"other{i}") for i in range(50)))
    say(other, "a/x", *(record("a/x", f"other{i}", v=1) for i in range(50)))
    other.close()
    assert seen() == (50,) * 3


# ---- a killed load ---------------------------------------------------------------------------------------------------


def load_until_killed(url: str, path: str) -> None:
    """What the process that gets killed runs: says when it has read most of the files, then stays."""

    def tell(text: str) -> None:
        if "making the indexes" in text:
            sys.stdout.write("read\n")
            sys.stdout.flush()
            sys.stdin.readline()

    GraphLoading(SqlStore(url), Path(path)).load("graph", by="me", tell=tell)


def test_a_load_that_is_killed_leaves_the_store_as_it_was(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    people = "".join(f"p{i},Person,Name {i}\n" for i in range(12_000))
    known = "".join(f"k{i},p{i},p{i * 7 % 12_000},KNOWS\n" for i in range(12_000))
    (folder / "v.csv").write_text(f"~id,~label,name:String\n{people}")
    (folder / "e.csv").write_text(f"~id,~from,~to,~label\n{known}")
    program = (
        f"from tests.graphstore.test_crashes import load_until_killed; load_until_killed({url!r}, {str(folder)!r})"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as loader:
        assert loader.stdout is not None
        assert loader.stdout.readline() == "read\n"
        loader.kill()
    store = SqlStore(url)
    assert store.catalog.sources() == []
    assert store.view().label_counts() == ({}, {})
    assert GraphLoading(store, folder).load("graph", by="me").edges == 12_000
    assert store.view().label_counts() == ({"Person": 12_000}, {"KNOWS": 12_000})
    store.close()
