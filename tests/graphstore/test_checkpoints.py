"""Large transactions are whole before and after their log is copied into the database."""

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from graphstore.checkpoints import Checkpointer
from graphstore.sql import SqlStore
from tests.graphstore.worlds import record_of, register

RECORDS = [record_of("a/x", str(i), {"n": i}) for i in range(3_000)]


def _store(folder: Path) -> SqlStore:
    store = SqlStore(f"sqlite:///{folder}/store.sqlite")
    store.migrate()
    register(store, "a/x")
    return store


def _count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM vertex").fetchone()[0])


def test_a_process_that_dies_before_the_log_is_copied_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpointer, "_start", lambda self: None)
    store = _store(tmp_path)
    store.fragments.bulk_load("a", "x", RECORDS, 1)
    dead = tmp_path / "dead"
    dead.mkdir()
    for file in tmp_path.glob("store.sqlite*"):
        shutil.copy(file, dead)
    log, database = (dead / f"store.sqlite{end}" for end in ("-wal", ""))
    assert log.stat().st_size > database.stat().st_size, "it is still in the log"
    store.close()
    assert _count(dead / "store.sqlite") == len(RECORDS)


def test_closing_waits_until_the_database_holds_it_all(tmp_path: Path) -> None:
    store = _store(tmp_path)
    reader = sqlite3.connect(tmp_path / "store.sqlite")  # while somebody reads, closing copies nothing by itself
    reader.execute("SELECT 1 FROM vertex").fetchall()
    store.fragments.bulk_load("a", "x", RECORDS, 1)
    store.close()
    alone = tmp_path / "alone.sqlite"
    shutil.copy(tmp_path / "store.sqlite", alone)
    reader.close()
    assert _count(alone) == len(RECORDS)


def test_the_connection_is_afterwards_as_it_was(tmp_path: Path) -> None:
    store = _store(tmp_path)
    with store.database.write() as connection:
        names = ("cache_size", "threads", "wal_autocheckpoint")
        before = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    store.fragments.bulk_load("a", "x", RECORDS, 1)
    with pytest.raises(KeyError), store.database.write(large=True):
        raise KeyError
    with store.database.write() as connection:
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names] == before
    store.close()


def test_a_log_that_cannot_be_copied_is_left_for_the_next(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    checkpointer = Checkpointer(str(tmp_path))  # a folder
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection, caplog.at_level(logging.WARNING):
        with checkpointer.large(connection):
            pass
        checkpointer.wait()
    assert "was not copied" in caplog.text
