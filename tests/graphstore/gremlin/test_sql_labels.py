"""Elements of some labels are read by the index of labels, however many others come before them."""

from collections.abc import Iterator
from typing import Any

import pytest

from graphstore.gremlin import sqlgraph
from graphstore.gremlin.sqlgraph import SqlGraph
from graphstore.sql import SqlStore
from tests.fixtures.servers import Server
from tests.graphstore.test_plans import pretend_to_be_large
from tests.graphstore.worlds import record, register, say

COMMON, RARE = 3_000, 20


class Watched(SqlGraph):
    """Notes its statements."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.said: list[tuple[str, tuple[Any, ...]]] = []

    def rows(self, text: str, *parameters: Any) -> list[Any]:
        self.said.append((text, parameters))
        return super().rows(text, *parameters)


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """Rare ones come last, two labels in turn. PostgreSQL takes it for a large graph in which they are spread evenly."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('labels')}/store.sqlite"
    else:
        server: Server = request.getfixturevalue("postgres")
        url = server.address(server.create_database())
    made = SqlStore(url)
    made.migrate()
    register(made, "s/common", "s/one", "s/two", "s/three")
    say(made, "s/common", *(record("s/common", str(i), [("NEXT", f"s/common/{i + 1}")]) for i in range(COMMON)))
    for i in range(RARE):
        for name in ("one", "two", "three"):
            say(made, f"s/{name}", record(f"s/{name}", str(i), [(f"OF_{name}", "s/common/1")]), build=i)
    if request.param != "sqlite":
        pretend_to_be_large(made, statistics=True)
    yield made
    made.close()


def read_in_vain(graph: Watched) -> int:
    """How many rows the statements on PostgreSQL read and did not want."""
    found = 0
    assert graph.connection is not None
    for text, parameters in graph.said:
        cursor = graph.connection.connection.cursor()
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + text.replace("?", "%s"), parameters)
        [[[top]]] = cursor.fetchall()
        nodes = [top["Plan"]]
        for node in nodes:
            nodes += node.get("Plans", ())
            found += node.get("Rows Removed by Filter", 0)
    return found


def test_rare_labels_among_many_others(store: SqlStore) -> None:
    with store.database.read() as connection:
        graph = Watched(store.database, connection)
        vertices = graph.vertices_where(["Two", "One", "Nobody"], None, None)
        edges = graph.edges_where(["OF_one", "OF_two"])
        assert vertices is not None
        assert edges is not None
        assert [v.id for v in vertices] == [f"s/{name}/{i}" for i in range(RARE) for name in ("one", "two")]
        assert [e.tail.id for e in edges] == [f"s/{name}/{i}" for i in range(RARE) for name in ("one", "two")]
        if not store.database.is_sqlite:
            assert read_in_vain(graph) == 0


@pytest.mark.parametrize("page", [1, 7, 50, 10_000])
def test_pages_of_several_labels(store: SqlStore, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(sqlgraph, "_PAGE", page)
    with store.database.read() as connection:
        graph = SqlGraph(store.database, connection)
        for labels in (["One", "Two", "Three"], ["Three", "Common", "Three"], ["One"]):
            found = graph.vertices_where(labels, None, None)
            assert found is not None
            assert [v.id for v in found] == [v.id for v in graph.vertices() if v.label in labels]
