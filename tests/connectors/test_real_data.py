"""Public databases and exports as they are, from ``$BIFROST_DATA``."""

import os
import sqlite3
from pathlib import Path

import pytest

from bifrost.values import DatasetKind, RowBatch
from connectors.files import FilesConnector, FilesOptions
from connectors.sql import SqlConnector
from tests.fixtures.servers import Server

DATA = Path(os.environ.get("BIFROST_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not (DATA / "enterprise").is_dir(), reason="BIFROST_DATA has no enterprise folder")


def counts(connector: SqlConnector | FilesConnector) -> dict[str, int]:
    found = {}
    for dataset in connector.datasets():
        if dataset.kind is DatasetKind.TABLE:
            items = list(connector.crawl(dataset))
            keys = [key for item in items if isinstance(item, RowBatch) for key in item.keys]
            assert len(set(keys)) == len(keys)
            assert all(isinstance(item, RowBatch) for item in items)
            found[dataset.name] = len(keys)
    connector.close()
    return found


def sql(url: str) -> SqlConnector:
    return SqlConnector(SqlConnector.Options.model_validate({"url": url}))


@needs_data
def test_northwind_in_sqlite() -> None:
    path = DATA / "enterprise" / "northwind.sqlite"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    expected = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    connection.close()
    del expected["sqlite_sequence"]
    assert counts(sql(f"sqlite:///{path}")) == expected


@needs_data
def test_northwind_in_postgresql(postgres: Server) -> None:
    database = postgres.create_database()
    postgres.load(database, DATA / "enterprise" / "northwind_postgres.sql")
    connector = sql(postgres.address(database))
    datasets = {dataset.name: dataset for dataset in connector.datasets()}
    assert sum(len(dataset.references) for dataset in datasets.values()) == 13
    assert datasets["order_details"].key == ("order_id", "product_id")
    found = counts(connector)
    assert (found["orders"], found["order_details"], found["customers"]) == (830, 2155, 91)


@pytest.mark.skipif(
    not (DATA / "relational" / "chinook_mysql.sql").is_file(), reason="BIFROST_DATA has no Chinook script"
)
def test_chinook_in_mariadb(mariadb: Server) -> None:
    mariadb.load("mysql", DATA / "relational" / "chinook_mysql.sql")
    connector = sql(mariadb.address("Chinook"))
    assert sum(len(dataset.references) for dataset in connector.datasets()) == 11
    found = counts(connector)
    assert (len(found), found["Track"], found["PlaylistTrack"]) == (11, 3503, 8715)


@needs_data
def test_json_exports() -> None:
    options = {"path": DATA / "enterprise", "include": ["*/*.json"], "exclude": ["scans/*"]}
    connector = FilesConnector(FilesOptions.model_validate(options))
    keyed = {dataset.name: dataset.key for dataset in connector.datasets()}
    assert all(keyed.values()), keyed
    assert sum(counts(connector).values()) > 1000
