"""Tables that declare no key are read by a column that tells their rows apart, where there is one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.connectors.test_sql import connect, make_sqlite, named, server_options, table
from tests.fixtures.servers import Server

SMALL = (
    "CREATE TABLE person (name VARCHAR(40), person_no INTEGER, boss_id INTEGER)",
    "INSERT INTO person VALUES ('Ann', 7, 7), ('Bob', 8, 7)",
    "CREATE TABLE booking (person_id INTEGER, day TEXT)",
    "INSERT INTO booking VALUES (7, 'mon'), (8, 'tue')",
    "CREATE TABLE alone (id INTEGER)",
    "INSERT INTO alone VALUES (1)",
)
KEYS = {"person": ("person_no",), "booking": (), "alone": ()}


def keys(connector_options: Mapping[str, object]) -> dict[str, Sequence[str]]:
    return {name: dataset.key for name, dataset in named(connect(**connector_options)).items()}


def test_a_column_called_like_the_key_of_its_table_is_one_where_it_tells_rows_apart(tmp_path: Path) -> None:
    url = make_sqlite(tmp_path / "a.db", *SMALL)
    assert keys({"url": url}) == KEYS
    assert set(table(connect(url=url), "person")[1]) == {"7", "8"}


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_servers_count_in_the_same_way(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    database = server.create_database()
    server.run(database, *SMALL)
    server.run(database, "ANALYZE" if kind == "postgres" else "ANALYZE TABLE person, booking, alone")
    assert keys(server_options(server, database)) == KEYS


def test_values_that_differ_in_type_only_are_one_key(tmp_path: Path) -> None:
    url = make_sqlite(
        tmp_path / "a.db", "CREATE TABLE mixed (id, name TEXT)", "INSERT INTO mixed VALUES (1, 'x'), ('1', 'x')"
    )
    assert keys({"url": url}) == {"mixed": ()}


def test_a_first_column_needs_many_rows_and_no_counter_is_a_key(tmp_path: Path) -> None:
    rows = ", ".join(f"({n}, {n})" for n in range(30))
    url = make_sqlite(
        tmp_path / "a.db",
        *(
            f"CREATE TABLE {name} ({column} INTEGER, value INTEGER)"
            for name, column in (("few", "pid"), ("many", "pid"))
        ),
        "INSERT INTO few VALUES (1, 1), (2, 2)",
        f"INSERT INTO many VALUES {rows}",
        'CREATE TABLE counted ("row" INTEGER, value INTEGER)',
        f"INSERT INTO counted VALUES {rows}",
    )
    assert keys({"url": url}) == {"few": (), "many": ("pid",), "counted": ()}
