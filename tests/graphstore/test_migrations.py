"""Stores of every schema version that was ever released open and keep all they hold."""

import json
import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bifrost.errors import InputError, StoreError, StoreUnavailableError
from graphstore.database import Database
from graphstore.migrate import HEAD, migrate
from graphstore.schema import metadata
from graphstore.sql import SqlStore
from tests.fixtures.servers import Server
from tests.graphstore.worlds import beliefs, graph

GOLDEN = Path(__file__).with_name("golden")
VERSIONS = sorted(file.stem for file in GOLDEN.glob("*.sql"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_an_earlier_version_is_upgraded_with_all_it_holds(version: str, tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript((GOLDEN / f"{version}.sql").read_text())
    connection.close()
    store = SqlStore(f"sqlite:///{file}")
    store.migrate()
    try:
        held = {"graph": graph(store), "beliefs": beliefs(store)}
        assert json.loads(json.dumps(held, default=str)) == json.loads((GOLDEN / f"{version}.json").read_text())
    finally:
        store.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_so_is_one_on_postgresql(version: str, postgres: Server) -> None:
    database = postgres.create_database()
    with psycopg.connect(postgres.url(database).set(drivername="postgresql").render_as_string(False)) as connection:
        connection.execute((GOLDEN / "postgresql" / f"{version}.sql").read_bytes())
    store = SqlStore(postgres.address(database))
    store.migrate()
    try:
        held = {"graph": graph(store), "beliefs": beliefs(store)}
        assert json.loads(json.dumps(held, default=str)) == json.loads((GOLDEN / f"{version}.json").read_text())
        with store.database.read() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [one for one in differences if "modify_comment" not in str(one)] == [], "words may have been improved"
    finally:
        store.close()


def test_there_is_a_golden_store_of_the_current_version() -> None:
    assert HEAD in VERSIONS, "write one with python -m tests.graphstore.golden.make"
    assert {file.stem for file in (GOLDEN / "postgresql").glob("*.sql")} == set(VERSIONS)


def test_migrations_lead_to_the_schema_of_the_code(tmp_path: Path, postgres: Server) -> None:
    for url in (f"sqlite:///{tmp_path}/store.sqlite", postgres.address(postgres.create_database())):
        database = Database(url)
        migrate(database)
        with database.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        database.close()


def test_many_may_migrate_at_once(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def run() -> None:
        store = SqlStore(f"sqlite:///{tmp_path}/store.sqlite")
        try:
            store.migrate()
        except Exception as error:  # noqa: BLE001 - any error fails the test
            errors.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/store.sqlite")
    store.migrate()
    with store.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999"):
        store.migrate()
    store.close()


def test_a_store_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    store = SqlStore("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailableError) as caught:
        store.migrate()
    assert caught.value.retryable
    store.close()
    folder = tmp_path / "folder"
    folder.mkdir()
    broken = SqlStore(f"sqlite:///{folder}")
    with pytest.raises(StoreUnavailableError):
        broken.migrate()
    broken.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "oracle://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InputError):
        SqlStore(url)
