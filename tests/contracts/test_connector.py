"""What every connector must do. A new connector adds a case to CASES; the last test fails for one without a case."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import BaseModel

from bifrost.errors import InputError, NotFoundError, RecordError, SourceError
from bifrost.keys import record_key
from bifrost.ports import ConnectionReport, Connector
from bifrost.registry import Registry
from bifrost.values import DatasetKind, FileRecord, RowBatch
from tests.fixtures.servers import Server

REGISTRY: Registry[Any] = Registry("connectors")

SCHEMA = (
    "CREATE TABLE team (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)",
    (
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name VARCHAR(40), team_id INTEGER, born DATE,"
        " FOREIGN KEY (team_id) REFERENCES team (id))"
    ),
    "CREATE TABLE note (body VARCHAR(40), day DATE)",
    "INSERT INTO team VALUES (1, 'Ops'), (2, 'Sales')",
    "INSERT INTO person VALUES (1, 'Ann', 1, '1990-01-31'), (2, 'Bo', 2, NULL), (3, NULL, NULL, '2001-12-01')",
    "INSERT INTO note VALUES ('hello', '2024-02-29'), ('hello', '2024-02-29'), ('bye', NULL)",
)


@dataclass(frozen=True)
class Case:
    """A source with data in it, options that lead nowhere, and a digest of what the source holds."""

    kind: str
    options: dict[str, Any]
    nowhere: dict[str, Any]
    state: Callable[[], object]

    def connector(self, **more: Any) -> Connector:
        implementation = REGISTRY.load(self.kind)
        connector: Connector = implementation(implementation.Options.model_validate({**self.options, **more}))
        return connector


def _tree(folder: Path) -> object:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def _folder(tmp_path: Path, _request: pytest.FixtureRequest) -> Case:
    folder = tmp_path / "source"
    (folder / "crm").mkdir(parents=True)
    (folder / "teams.csv").write_text("id,name\n1,Ops\n2,Sales\n", encoding="utf-8")
    (folder / "crm" / "people.json").write_text('[{"id": 1, "name": "Ann"}, {"id": 2, "name": null}]', encoding="utf-8")
    (folder / "notes.jsonl").write_text('{"body": "hello"}\n{"body": "hello"}\n{"body": "bye"}\n', encoding="utf-8")
    (folder / "readme.txt").write_text("Ann works in Ops.", encoding="utf-8")
    return Case("files", {"path": folder}, {"path": folder / "missing"}, lambda: _tree(folder))


def _sqlite(tmp_path: Path, _request: pytest.FixtureRequest) -> Case:
    path = tmp_path / "source" / "data.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    for statement in SCHEMA:
        connection.execute(statement)
    connection.commit()
    connection.close()
    nowhere = {"url": f"sqlite:///{tmp_path}/source/missing.sqlite"}
    return Case("sql", {"url": f"sqlite:///{path}"}, nowhere, lambda: _tree(path.parent))


def _server(fixture: str, scheme: str) -> Callable[[Path, pytest.FixtureRequest], Case]:
    def make(_tmp_path: Path, request: pytest.FixtureRequest) -> Case:
        server: Server = request.getfixturevalue(fixture)
        database = server.create_database()
        server.run(database, *SCHEMA)
        options = {
            "dialect": scheme, "host": server.host, "port": server.port, "database": database, "user": server.user,
            "password": server.password,
        }  # fmt: skip

        def state() -> object:
            with server.engine(database) as engine, engine.connect() as connection:
                return [
                    connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1").fetchall()
                    for table in ("team", "person", "note")
                ]

        return Case("sql", options, {**options, "port": 1}, state)

    return make


CASES: dict[str, Callable[[Path, pytest.FixtureRequest], Case]] = {
    "files": _folder,
    "sql-sqlite": _sqlite,
    "sql-postgresql": _server("postgres", "postgresql"),
    "sql-mariadb": _server("mariadb", "mariadb"),
}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return CASES[request.param](tmp_path, request)


@pytest.fixture
def connector(case: Case) -> Iterator[Connector]:
    connector = case.connector()
    yield connector
    connector.close()


def _records(connector: Connector) -> dict[str, list[RowBatch | FileRecord | RecordError]]:
    return {dataset.name: list(connector.crawl(dataset)) for dataset in connector.datasets()}


def _keys(items: list[RowBatch | FileRecord | RecordError]) -> list[str]:
    return [
        key
        for item in items
        for key in (item.keys if isinstance(item, RowBatch) else [item.key] if isinstance(item, FileRecord) else [])
    ]


def test_satisfies_the_port(connector: Connector) -> None:
    assert isinstance(connector, Connector)
    assert connector.title
    assert issubclass(connector.Options, BaseModel)


def test_every_option_has_a_title_for_the_console(connector: Connector) -> None:
    for name, field in connector.Options.model_fields.items():
        assert field.title, name


def test_a_connection_test_counts_the_datasets(connector: Connector) -> None:
    report = connector.test()
    assert isinstance(report, ConnectionReport)
    assert report.server
    assert report.datasets == len(connector.datasets())
    assert report.seconds < 10


def test_datasets_are_sorted_and_named_once(connector: Connector) -> None:
    names = [dataset.name for dataset in connector.datasets()]
    assert names
    assert names == sorted(set(names))


def test_every_record_has_a_key_of_its_own(connector: Connector) -> None:
    for name, items in _records(connector).items():
        keys = _keys(items)
        assert all(keys)
        assert len(set(keys)) == len(keys), name


def test_two_crawls_give_the_same(case: Case) -> None:
    first, second = _records(case.connector()), _records(case.connector())
    assert first.keys() == second.keys()
    for name in first:
        assert _keys(first[name]) == _keys(second[name])
        assert first[name] == second[name]


def test_batches_have_the_columns_of_their_dataset(connector: Connector) -> None:
    for dataset in connector.datasets():
        for item in connector.crawl(dataset):
            if isinstance(item, RowBatch):
                assert item.table.column_names == [column.name for column in dataset.columns]
                assert item.table.num_rows == len(item.keys) > 0


def test_the_estimate_of_a_small_dataset_is_exact(connector: Connector) -> None:
    for dataset in connector.datasets():
        assert dataset.estimated_records == len(_keys(list(connector.crawl(dataset))))


def test_keys_and_references_name_columns_that_exist(connector: Connector) -> None:
    datasets = {dataset.name: dataset for dataset in connector.datasets()}
    for dataset in datasets.values():
        columns = {column.name for column in dataset.columns}
        assert columns.issuperset(record_key(dataset))
        for reference in dataset.references:
            assert columns.issuperset(reference.columns)
            assert {column.name for column in datasets[reference.dataset].columns}.issuperset(reference.target_columns)


def test_a_preview_shows_the_first_rows(connector: Connector) -> None:
    for dataset in connector.datasets():
        preview = connector.preview(dataset, limit=1)
        assert isinstance(preview, pa.Table)
        assert preview.num_rows == 1
        if dataset.kind is DatasetKind.DOCUMENTS:
            assert preview.column_names == ["path", "media_type", "bytes"]
        else:
            assert preview.column_names == [column.name for column in dataset.columns]


def test_a_document_can_be_fetched_again(connector: Connector) -> None:
    for dataset in connector.datasets():
        if dataset.kind is DatasetKind.DOCUMENTS:
            for record in connector.crawl(dataset):
                assert isinstance(record, FileRecord)
                assert connector.fetch(dataset, record.key) == record
            for key in ("no such file.txt", "../secret.txt", "/etc/hostname", ""):
                with pytest.raises(NotFoundError):
                    connector.fetch(dataset, key)
        else:
            with pytest.raises(InputError):
                connector.fetch(dataset, "1")


def test_a_crawl_may_be_given_up(connector: Connector) -> None:
    crawl = connector.crawl(connector.datasets()[0])
    next(iter(crawl))
    crawl.close()  # type: ignore[attr-defined]
    connector.close()
    connector.close()


def test_the_source_is_never_written_to(case: Case) -> None:
    before = case.state()
    connector = case.connector()
    connector.test()
    _records(connector)
    connector.close()
    assert case.state() == before


def test_making_a_connector_opens_nothing_and_nowhere_is_a_source_error(case: Case) -> None:
    implementation = REGISTRY.load(case.kind)
    connector = implementation(implementation.Options.model_validate(case.nowhere))
    before = case.state()
    for use in (connector.test, connector.datasets):
        with pytest.raises(SourceError) as caught:
            use()
        assert caught.value.remedy
        assert "s3cret" not in str(caught.value.to_dict())
    assert case.state() == before


def test_options_hide_their_secrets(case: Case) -> None:
    connector = case.connector()
    assert "s3cret" not in repr(connector.options)  # type: ignore[attr-defined]
    assert "s3cret" not in str(connector.options.model_dump(mode="json"))  # type: ignore[attr-defined]


def test_every_connector_has_a_case() -> None:
    covered = {name.partition("-")[0] for name in CASES}
    assert covered == set(REGISTRY.names())
