"""Databases as they are found: odd types, tables without keys, wrong credentials, servers that vanish."""

import datetime
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bifrost.errors import MissingExtraError, RecordError, SourceAuthError, SourceError, SourceUnreachableError
from bifrost.values import DatasetInfo, FileRecord, Reference, RowBatch
from connectors.sql import SqlConnector
from tests.fixtures.servers import PASSWORD, Server


def connect(**options: Any) -> SqlConnector:
    return SqlConnector(SqlConnector.Options.model_validate(options))


def server_options(server: Server, database: str, **more: Any) -> dict[str, Any]:
    dialect = "postgresql" if server.drivername.startswith("postgresql") else "mysql"
    return {
        "dialect": dialect, "host": server.host, "port": server.port, "database": database, "user": server.user,
        "password": server.password, **more,
    }  # fmt: skip


def named(connector: SqlConnector) -> dict[str, DatasetInfo]:
    return {dataset.name: dataset for dataset in connector.datasets()}


def batches(items: Iterator[RowBatch | FileRecord | RecordError]) -> list[RowBatch]:
    found = list(items)
    assert all(isinstance(item, RowBatch) for item in found)
    return [item for item in found if isinstance(item, RowBatch)]


def table(connector: SqlConnector, name: str) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Column types, and rows by key."""
    dataset = named(connector)[name]
    rows = {
        key: row
        for batch in batches(connector.crawl(dataset))
        for key, row in zip(batch.keys, batch.table.to_pylist(), strict=True)
    }
    return {column.name: column.type for column in dataset.columns}, rows


def make_sqlite(path: Path, *statements: str) -> str:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


class TestOptions:
    def test_a_password_in_the_url_becomes_a_secret(self) -> None:
        options = SqlConnector.Options.model_validate({"url": "postgresql://ann:pa%40ss@db.example:5433/erp"})
        assert options.url == "postgresql://ann@db.example:5433/erp"
        assert options.password is not None
        assert options.password.get_secret_value() == "pa@ss"
        assert options.address().render_as_string(hide_password=False) == (
            "postgresql+psycopg://ann:pa%40ss@db.example:5433/erp"
        )

    def test_parts_make_the_same_address(self) -> None:
        options = SqlConnector.Options.model_validate(
            {"dialect": "mysql", "host": "h", "port": 3307, "database": "d", "user": "u", "password": "p"}
        )
        assert options.address().render_as_string(hide_password=False) == "mysql+pymysql://u:p@h:3307/d"

    @pytest.mark.parametrize("options", [{}, {"url": "not a url"}, {"database": "x", "colour": "red"}])
    def test_nonsense_is_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            SqlConnector.Options.model_validate(options)

    def test_unknown_dialects_say_what_to_do(self) -> None:
        with pytest.raises(SourceError, match="no database dialect"):
            connect(url="nonsense://host/db").test()
        with pytest.raises(MissingExtraError, match="oracledb"):
            connect(url="oracle://u:p@host/db").test()


class TestSqlite:
    def test_types_are_those_of_the_stored_values(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n NUMERIC, i INTEGER, d DATE, m DATETIME, ok BOOLEAN, b BLOB, x, r REAL)",
            "INSERT INTO t VALUES (1, 2, 'many', '2024-02-29', '2024-02-29 10:00:00', 1, x'00ff', 1, 1.5)",
            "INSERT INTO t VALUES (2, 2.5, 7, '2024-03-01', '2024-03-01', 0, NULL, 2, 2)",
        )
        types, rows = table(connect(url=url), "t")
        assert types == {
            "id": "integer", "n": "number", "i": "text", "d": "date", "m": "datetime", "ok": "boolean", "x": "integer",
            "r": "number",
        }  # fmt: skip
        assert rows["1"] == {
            "id": 1, "n": 2.0, "i": "many", "d": datetime.date(2024, 2, 29), "m": datetime.datetime(2024, 2, 29, 10),
            "ok": True, "x": 1, "r": 1.5,
        }  # fmt: skip
        assert rows["2"]["i"] == "7"

    def test_malformed_dates_and_text_do_not_stop_the_table(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE, name TEXT)",
            "INSERT INTO t VALUES (1, 'soon', 'Ann'), (2, '2024-13-45', CAST(x'ff41' AS TEXT))",
        )
        _, rows = table(connect(url=url), "t")
        assert rows["1"]["d"] == "soon"
        assert rows["2"] == {"id": 2, "d": "2024-13-45", "name": "�A"}

    def test_moments_with_a_zone_keep_it(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, zoned TIMESTAMP, mixed TIMESTAMP)",
            "INSERT INTO t VALUES (1, '2024-01-01T00:00:00+02:00', '2024-01-01T00:00:00+02:00')",
            "INSERT INTO t VALUES (2, '2024-01-01 00:00:00Z', '2024-01-01 00:00:00'), (3, NULL, NULL)",
        )
        _, rows = table(connect(url=url), "t")
        assert rows["1"]["zoned"] == datetime.datetime(2023, 12, 31, 22, tzinfo=datetime.UTC)
        assert rows["2"]["zoned"] == datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
        assert (rows["1"]["mixed"], rows["2"]["mixed"]) == ("2024-01-01T00:00:00+02:00", "2024-01-01 00:00:00")

    def test_names_with_odd_characters(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            'CREATE TABLE "my ""odd"":table" ("a:b" INTEGER PRIMARY KEY, "c\'d %s" TEXT)',
            """INSERT INTO "my ""odd"":table" VALUES (1, ':x')""",
        )
        types, rows = table(connect(url=url), 'my "odd":table')
        assert types == {"a:b": "integer", "c'd %s": "text"}
        assert rows == {"1": {"a:b": 1, "c'd %s": ":x"}}

    def test_keys_escape_their_separator_and_null_keys_are_not_lost(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE t (a TEXT, b TEXT, PRIMARY KEY (a, b))",
            "INSERT INTO t VALUES ('x|y', 'z'), ('x', 'y|z'), (NULL, 'z'), (NULL, 'z'), ('\\', '|')",
        )
        _, rows = table(connect(url=url), "t")
        assert len(rows) == 5
        assert {"x\\|y|z", "x|y\\|z", "\\\\|\\|"} <= rows.keys()

    def test_a_unique_key_without_nulls_serves_where_there_is_no_primary_key(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE t (n INTEGER, maybe TEXT UNIQUE, code TEXT NOT NULL)",
            "CREATE UNIQUE INDEX i ON t (code)",
            "CREATE UNIQUE INDEX p ON t (n) WHERE n > 5",
            "INSERT INTO t VALUES (1, NULL, 'A'), (1, 'x', 'B')",
        )
        connector = connect(url=url)
        assert named(connector)["t"].unique == (("code",), ("maybe",))
        assert set(table(connector, "t")[1]) == {"A", "B"}

    def test_references_without_columns_mean_the_primary_key(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE Person (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES person)",
            "CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES person (id), ghost INTEGER REFERENCES gone)",
        )
        datasets = named(connect(url=url))
        assert datasets["Person"].references == (Reference(("boss",), "Person", ("id",)),)
        assert datasets["pet"].references == (Reference(("owner",), "Person", ("id",)),)

    def test_patterns_and_views(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
            "CREATE TABLE Order_lines (id INTEGER PRIMARY KEY)",
            "CREATE TABLE tmp_orders (id INTEGER PRIMARY KEY)",
            "CREATE VIEW order_view AS SELECT id * 2 AS twice FROM orders",
            "INSERT INTO orders VALUES (4)",
        )
        assert list(named(connect(url=url))) == ["Order_lines", "orders", "tmp_orders"]
        assert list(named(connect(url=url, include=["order*"]))) == ["Order_lines", "orders"]
        connector = connect(url=url, views=True, exclude=["tmp_*", "orders", "*lines"])
        assert list(named(connector)) == ["order_view"]
        assert next(iter(table(connector, "order_view")[1].values())) == {"twice": 8}

    def test_large_tables_come_in_batches_in_key_order(self, tmp_path: Path) -> None:
        url = make_sqlite(
            tmp_path / "a.db",
            "CREATE TABLE t (code TEXT PRIMARY KEY)",
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 12344)"
            " INSERT INTO t SELECT printf('%06d', 12344 - i) FROM n",
        )
        connector = connect(url=url, batch_rows=5000)
        found = batches(connector.crawl(named(connector)["t"]))
        assert [len(batch.keys) for batch in found] == [5000, 5000, 2345]
        keys = [key for batch in found for key in batch.keys]
        assert keys == sorted(keys)

    def test_a_database_in_use_by_a_writer_in_wal_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "a.db"
        writer = sqlite3.connect(path)
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()
        writer.execute("INSERT INTO t VALUES (2)")
        connector = connect(url=f"sqlite:///{path}")
        assert list(table(connector, "t")[1]) == ["1"]
        writer.commit()
        assert list(table(connector, "t")[1]) == ["1", "2"]
        writer.close()

    def test_a_missing_file_is_not_created(self, tmp_path: Path) -> None:
        path = tmp_path / "missing.db"
        with pytest.raises(SourceError, match=r"no SQLite file"):
            connect(url=f"sqlite:///{path}").test()
        with pytest.raises(SourceError):
            connect(url="sqlite://").test()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\x00" + b"garbage" * 1000])
    def test_a_file_that_is_no_database_is_a_source_error(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.db"
        path.write_bytes(content)
        with pytest.raises(SourceError):
            connect(url=f"sqlite:///{path}").datasets()
        assert path.read_bytes() == content


class TestPostgreSql:
    def test_types(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(
            database,
            """CREATE TABLE t (
                id uuid PRIMARY KEY, price numeric(10,2), whole numeric(9,0), free numeric, day date, at timestamptz,
                clock time, ok boolean, tags text[], doc jsonb, raw bytea, mood text, big bigint, f real)""",
            "COMMENT ON TABLE t IS 'Things'",
            "COMMENT ON COLUMN t.price IS 'in euros'",
            """INSERT INTO t VALUES ('7d444840-9dc0-11d1-b245-5ffdce74fad2', 12.50, 7, 0.1, '2024-02-29',
                '2024-02-29 12:00:00+02', '10:30', true, '{a,b}', '{"k": [1]}', '\\x00ff', 'ok', 9007199254740993, 32.38)""",
        )
        connector = connect(**server_options(postgres, database))
        dataset = named(connector)["t"]
        assert dataset.comment == "Things"
        assert {column.name: column.comment for column in dataset.columns}["price"] == "in euros"
        types, rows = table(connector, "t")
        assert "raw" not in types
        assert rows["7d444840-9dc0-11d1-b245-5ffdce74fad2"] == {
            "id": "7d444840-9dc0-11d1-b245-5ffdce74fad2", "price": Decimal("12.50"), "whole": 7, "free": 0.1,
            "day": datetime.date(2024, 2, 29), "at": datetime.datetime(2024, 2, 29, 10, tzinfo=datetime.UTC),
            "clock": datetime.time(10, 30), "ok": True, "tags": ["a", "b"], "doc": '{"k":[1]}', "mood": "ok",
            "big": 9007199254740993, "f": 32.38,
        }  # fmt: skip

    def test_dates_that_python_has_not(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(
            database,
            "CREATE TABLE t (id int PRIMARY KEY, day date, at timestamp)",
            "INSERT INTO t VALUES (1, 'infinity', '-infinity'), (2, '0044-03-15 BC', '2024-01-01 10:00')",
        )
        _, rows = table(connect(**server_options(postgres, database)), "t")
        assert rows["1"]["day"] == "infinity"
        assert rows["2"]["day"] == "0044-03-15 BC"

    def test_another_schema(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(
            database,
            'CREATE SCHEMA "Sales Data"',
            'CREATE TABLE "Sales Data".client (id int PRIMARY KEY)',
            'CREATE TABLE "Sales Data".deal (id int PRIMARY KEY, client int REFERENCES "Sales Data".client)',
            'INSERT INTO "Sales Data".client VALUES (3)',
        )
        connector = connect(**server_options(postgres, database, schema="Sales Data"))
        datasets = named(connector)
        assert list(datasets) == ["client", "deal"]
        assert datasets["deal"].references == (Reference(("client",), "client", ("id",)),)
        assert list(table(connector, "client")[1]) == ["3"]

    def test_partitions_are_one_table_and_materialized_views_are_views(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(
            database,
            "CREATE TABLE sale (id int, year int, PRIMARY KEY (id, year)) PARTITION BY LIST (year)",
            "CREATE TABLE sale_2023 PARTITION OF sale FOR VALUES IN (2023)",
            "CREATE TABLE sale_2024 PARTITION OF sale FOR VALUES IN (2024)",
            "INSERT INTO sale VALUES (1, 2023), (2, 2024)",
            "CREATE MATERIALIZED VIEW recent AS SELECT id FROM sale WHERE year = 2024",
        )
        connector = connect(**server_options(postgres, database))
        assert list(named(connector)) == ["sale"]
        assert set(table(connector, "sale")[1]) == {"1|2023", "2|2024"}
        assert list(named(connect(**server_options(postgres, database, views=True)))) == ["recent", "sale"]

    def test_wrong_credentials_and_missing_rights(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(
            database, "CREATE TABLE t (id int PRIMARY KEY)", f"CREATE ROLE r_{database} LOGIN PASSWORD 'other'"
        )
        with pytest.raises(SourceAuthError) as caught:
            connect(**server_options(postgres, database, password="wrong-one")).test()
        assert "wrong-one" not in str(caught.value.to_dict())
        with pytest.raises(SourceAuthError):
            connect(**server_options(postgres, database, user="stranger")).test()
        connector = connect(**server_options(postgres, database, user=f"r_{database}", password="other"))
        with pytest.raises(SourceAuthError):
            connector.datasets()
        with pytest.raises(SourceError, match="does not exist"):
            connect(**server_options(postgres, "no_such_database")).test()

    def test_a_connection_cut_in_the_middle_is_unreachable(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(
            database,
            "CREATE TABLE t (id int PRIMARY KEY, pad text)",
            "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 30000) i",
        )
        connector = connect(**server_options(postgres, database, batch_rows=1000))
        crawl = connector.crawl(named(connector)["t"])
        next(crawl)
        postgres.run(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'bifrost' AND datname = current_database()",
        )
        with pytest.raises(SourceUnreachableError) as caught:
            list(crawl)
        assert caught.value.retryable

    def test_a_crawl_sees_one_state_of_a_table(self, postgres: Server) -> None:
        database = postgres.create_database()
        postgres.run(database, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 5000)")
        connector = connect(**server_options(postgres, database, batch_rows=100))
        crawl = connector.crawl(named(connector)["t"])
        next(crawl)
        postgres.run(database, "DELETE FROM t WHERE id > 2000")
        assert sum(len(batch.keys) for batch in batches(crawl)) == 4900


class TestMariaDb:
    def test_types(self, mariadb: Server) -> None:
        database = mariadb.create_database()
        mariadb.run(
            database,
            """CREATE TABLE t (id BINARY(2) PRIMARY KEY, price DECIMAL(10,2) COMMENT 'in euros', day DATE, at DATETIME,
                took TIME, flag TINYINT(1), doc JSON, size ENUM('s','l'), big BIGINT UNSIGNED, pic BLOB) COMMENT 'Things'""",
            """INSERT INTO t VALUES (x'00ff', 12.50, '2024-02-29', '2024-02-29 12:00:00', '10:30', 1, '{"k": 1}', 's',
                18446744073709551615, x'00')""",
            "SET SESSION sql_mode = ''",
        )
        connector = connect(**server_options(mariadb, database))
        dataset = named(connector)["t"]
        assert dataset.comment == "Things"
        types, rows = table(connector, "t")
        assert types["price"] == "number"
        assert "pic" not in types
        assert rows["00ff"] == {
            "id": "00ff", "price": Decimal("12.50"), "day": datetime.date(2024, 2, 29),
            "at": datetime.datetime(2024, 2, 29, 12), "took": datetime.time(10, 30), "flag": 1, "doc": '{"k": 1}',
            "size": "s", "big": "18446744073709551615",
        }  # fmt: skip

    def test_wrong_credentials(self, mariadb: Server) -> None:
        database = mariadb.create_database()
        with pytest.raises(SourceAuthError):
            connect(**server_options(mariadb, database, password="wrong")).test()
        with pytest.raises(SourceError, match="Unknown database"):
            connect(**server_options(mariadb, "no_such_database")).test()

    def test_the_server_is_named(self, mariadb: Server) -> None:
        assert connect(**server_options(mariadb, mariadb.create_database())).test().server.startswith("MariaDB 1")


@pytest.mark.parametrize("url", [f"postgresql://u:{PASSWORD}@127.0.0.1:1/d", f"mysql://u:{PASSWORD}@127.0.0.1:1/d"])
def test_nobody_listening_is_unreachable(url: str) -> None:
    with pytest.raises(SourceUnreachableError) as caught:
        connect(url=url).test()
    assert PASSWORD not in str(caught.value.to_dict())


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    with pytest.raises(SourceUnreachableError):
        connect(url="postgresql://u:p@no-such-host.invalid/d").test()
