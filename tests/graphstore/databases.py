"""Empty stores for tests. All tests share one PostgreSQL database, emptied before each: making one takes a second."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from graphstore.schema import metadata
from graphstore.sql import SqlStore
from tests.fixtures.servers import Server

__all__ = ["empty", "postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url", "store"]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "store.sqlite"
    store = SqlStore(f"sqlite:///{file}")
    store.migrate()
    store.close()
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an SQLite store with a current schema and nothing in it."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'store.sqlite')}"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlStore]:
    """An SQLite store with nothing in it."""
    made = SqlStore(sqlite_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: Server) -> str:
    url = postgres.address(postgres.create_database())
    store = SqlStore(url)
    store.migrate()
    store.close()
    return url


@pytest.fixture
def postgres_url(shared_postgres_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL store with a current schema and nothing in it."""
    yield shared_postgres_url
    empty(shared_postgres_url)


def empty(url: str) -> None:
    """Takes everything out of a PostgreSQL store."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
        connection.execute(sa.text("DROP TABLE IF EXISTS search_part, search_position"))
    engine.dispose()
