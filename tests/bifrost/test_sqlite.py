import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bifrost.sqlite import write_ahead


def test_all_who_open_a_new_file_at_once_get_the_write_ahead_log(tmp_path: Path) -> None:
    at_once = Barrier(16)

    def opened(path: Path) -> str:
        connection = sqlite3.connect(path)
        try:
            at_once.wait()
            write_ahead(connection, wait_s=20)
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        for round_ in range(10):
            assert set(pool.map(opened, [tmp_path / f"{round_}.sqlite"] * 16)) == {"wal"}


def test_a_file_that_stays_locked_is_an_error_after_the_wait(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "held.sqlite", isolation_level=None)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    second = sqlite3.connect(tmp_path / "held.sqlite", timeout=0)
    try:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(second, wait_s=0.1)
        holder.execute("ROLLBACK")
        write_ahead(second, wait_s=0.1)
    finally:
        second.close()
        holder.close()


def test_a_file_that_is_no_database_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is no database, however long you wait for it to become one. " * 40)
    connection = sqlite3.connect(tmp_path / "text")
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        write_ahead(connection, wait_s=60)
    connection.close()
