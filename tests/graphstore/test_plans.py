"""No everyday statement reads a whole table: what a write or a page costs depends on its size, not on the graph's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from bifrost.documents import Document, Mention, Page
from bifrost.graph import Direction, PropertyFilter
from bifrost.links import Correction, LinkEdge, LinkKind, SamePair, Verdict
from bifrost.values import Fragment, RecordFragments
from graphstore.edits import Edits
from graphstore.sql import SqlStore
from tests.fixtures.servers import Server
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import link_type, record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]

LARGE = {
    "vertex",
    "vertex_value",
    "edge",
    "fragment",
    "link",
    "record",
    "change",
    "dangling",
    "page",
    "mention",
    "same_pair",
}
SAME = link_type(LinkKind.SAME_THING, "a/x.v", "b/y.v")
REFERS = link_type(LinkKind.REFERENCE, "a/x.v", "b/y.v", "REFERS")


UNKNOWN = "postgres without statistics"


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """On PostgreSQL it is taken for a large one."""
    is_sqlite = request.param == "sqlite"
    if is_sqlite:
        url = request.getfixturevalue("sqlite_url")
    else:
        server: Server = request.getfixturevalue("postgres")
        url = server.address(server.create_database())
    made = SqlStore(url)
    made.migrate()
    register(made, "a/x", "b/y", "c/docs", rank={"b": 1})
    text = Document("text/plain", (Page(1, "Order 1"),), {}, (Mention(1, 6, 7, "1", "ID", "1", 1.0, "rule"),))
    titles = (Fragment(f"c/docs/{i}", "Document", {"title": (f"{i}",)}) for i in range(50))
    say(made, "c/docs", *(RecordFragments(one.uid, b"1", (one,), (), text) for one in titles))
    for dataset in ("a/x", "b/y"):
        said = (
            record(dataset, str(i), [("NEXT", f"{dataset}/{i + 1}"), ("FAR", f"nowhere/{dataset}/{i}")], v=i)
            for i in range(300)
        )
        say(made, dataset, *said)
    made.links.save_link_types([SAME, REFERS])
    for known in (SAME, REFERS):
        made.links.judge(known.id, Verdict.CONFIRM, "ann")
    made.links.write_same(SAME, [SamePair(f"a/x/{i}", f"b/y/{i}", 0.9) for i in range(100)])
    made.links.write_links(REFERS, [LinkEdge(f"a/x/{i}", f"b/y/{i}", 0.9) for i in range(100)])
    if not is_sqlite:
        pretend_to_be_large(made, statistics=request.param != UNKNOWN)
    yield made
    made.close()


def pretend_to_be_large(store: SqlStore, *, statistics: bool) -> None:
    """Lets PostgreSQL think that each row were a hundred thousand; without statistics, that it knows nothing more."""
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in LARGE:
            connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        connection.exec_driver_sql("VACUUM ANALYZE" if statistics else "VACUUM")
        grown = "UPDATE pg_class SET reltuples = greatest(reltuples, 1) * 1e5 WHERE relname = ANY(%(names)s)"
        connection.exec_driver_sql(grown, {"names": sorted(LARGE)})


@contextmanager
def scans(store: SqlStore) -> Iterator[list[str]]:
    """Collects the statements that read a large table from end to end."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if statement.lstrip().split(" ", 1)[0].upper() in ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"):
            seen.append((statement, parameters[0] if many else parameters))

    found: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(store.engine, "before_cursor_execute", note)
    read = read_by_sqlite if store.database.is_sqlite else read_by_postgresql
    with store.engine.connect() as connection:
        for statement, parameters in {(text, repr(values)): (text, values) for text, values in seen}.values():
            found.extend(f"{part}: {statement}" for part in read(connection, statement, parameters))


def read_by_sqlite(connection: sa.Connection, statement: str, parameters: Any) -> Iterator[str]:
    """What a statement would read as a whole."""
    aliases = dict(re.findall(r"(\w+) AS \"?(\w+)\"?", statement))
    names = {alias: table for table, alias in aliases.items()}
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
        scan = re.match(r"SCAN (\w+)", row.detail)
        if scan and names.get(scan[1], scan[1]) in LARGE:
            yield row.detail


def read_by_postgresql(connection: sa.Connection, statement: str, parameters: Any) -> Iterator[str]:
    [top] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    nodes = [top["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", ())
        condition = node.get("Index Cond", "")
        has_bounds = "Index" in node["Node Type"] and condition and not condition.endswith("IS NOT NULL)")
        is_scan = "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan"
        if is_scan and node.get("Relation Name") in LARGE and not has_bounds:
            yield f"{node['Node Type']} on {node['Relation Name']} {condition}"


@pytest.mark.parametrize("store", ["sqlite", "postgres", UNKNOWN], indirect=True)
def test_reads(store: SqlStore) -> None:
    view = store.view()
    with scans(store) as found:
        view.vertex("b/y/7")
        view.vertices_by_id(["a/x/7", "nobody"])
        view.edges("NEXT", after=view.edges("NEXT", limit=5).cursor)
        view.vertices("X", after=view.vertices("X", limit=5).cursor)
        view.edges_of(["a/x/1", "a/x/2"], Direction.BOTH, ["NEXT"])
        view.edge("a/x/1#NEXT>a/x/2")
        for direction in Direction:
            for labels in ((), ("NEXT",)):
                first = view.neighbours(["a/x/1", "a/x/2"], direction, labels, limit=1)["a/x/2"]
                view.neighbours(["a/x/1", "a/x/2"], direction, labels, after=first.cursors[0])
                view.neighbour_counts(["a/x/1"], direction, labels)
                links = view.links(["a/x/1", "a/x/2"], direction, labels, "X", limit=1)["a/x/2"]
                view.links(["a/x/1", "a/x/2"], direction, labels, after=links.cursors[0])
                view.link_counts(["a/x/1"], direction, labels, "X")
        view.vertices("X", [PropertyFilter("v", "eq", 7)])
        view.vertex_origins("a/x/7")
        view.edge_origins("a/x/1#NEXT>a/x/2")
        store.links.judgements(subject_prefix=REFERS.id)
        store.log.changes(store.log.position() - 5)
        store.fragments.digests("a", "x", ["1"])
    assert found == []


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_changed_is_looked_for_among_the_newest_versions(store: SqlStore) -> None:
    seen: list[tuple[str, Any]] = []
    listen = lambda *event: seen.append((event[2], event[3]))  # noqa: E731
    version = store.fragments.version()
    known = store.linking_data().reading("a", "x")
    assert known is not None
    sa.event.listen(store.engine, "before_cursor_execute", listen)
    store.linking_data().reading("a", "x", known.version)
    store.fragments.changed_since(version, {("a", "x"), ("b", "y")})
    store.fragments.changes_since(version)
    sa.event.remove(store.engine, "before_cursor_execute", listen)
    newest = [(text, values) for text, values in seen if "record.version >" in text and "removed" not in text]
    assert len(newest) == 3
    with store.engine.connect() as connection:
        for text, values in newest:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
            assert plan[0].startswith("SEARCH record USING INDEX ix_record_version (version>?)"), text


def test_what_changed_since(store: SqlStore) -> None:
    known = store.linking_data().reading("a", "x")
    assert known is not None
    version = store.fragments.version()
    say(store, "a/x", record("a/x", "1", v=-1), build=2)
    store.fragments.remove_records("a", "x", ["8"])
    with scans(store) as found:
        reading = store.linking_data().reading("a", "x", known.version)
        assert reading is not None
        assert [batch.num_rows for batch, _, _ in reading.rows] == [1]
        assert store.fragments.changes_since(version) == {("a", "x"): 2}
        store.fragments.seen("a", "x", {"1": b"other", "2": record("a/x", "2", v=2).digest}, 3)
    assert found == []


@pytest.mark.parametrize("labels", [(), ("NEXT",)])
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_neighbours_are_read_from_an_index_alone(store: SqlStore, labels: tuple[str, ...]) -> None:
    seen: list[tuple[str, Any]] = []
    listen = lambda *event: seen.append((event[2], event[3]))  # noqa: E731
    sa.event.listen(store.engine, "before_cursor_execute", listen)
    store.view().neighbours(["a/x/1", "a/x/2"], Direction.BOTH, labels, after="WzFd", limit=3)
    sa.event.remove(store.engine, "before_cursor_execute", listen)
    [(statement, values)] = [one for one in seen if "row_number" in one[0]]
    with store.engine.connect() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert [line for line in plan if "edge" in line] == [
        line for line in plan if line.startswith("SEARCH edge USING COVERING INDEX ix_edge_")
    ]


def test_writes(store: SqlStore) -> None:
    edits = Edits(store)
    edits.add_vertex("X", {}, by="bob")
    with scans(store) as found:
        say(store, "a/x", record("a/x", "1", v=1), build=2)
        say(store, "a/x", record("a/x", "7", [("NEXT", "b/y/3")], v=-7), record("a/x", "new", v=1), build=2)
        store.fragments.remove_records("b", "y", ["8"])
        store.links.judge(f"{SAME.id}|a/x/5|b/y/5", Verdict.REJECT, "ann")
        store.links.judge(f"{REFERS.id}|a/x/5|b/y/6", Verdict.CONFIRM, "ann")
        store.links.write_links(REFERS, [LinkEdge("a/x/1", "b/y/1", 0.5)])
        store.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="NAMED"))
        edits.update_vertex("a/x/1", {"v": (2,)}, by="bob")
        edits.delete_edge("a/x/2#NEXT>a/x/3", by="bob")
    assert found == []


def test_what_a_large_transaction_brought_is_known_at_once(postgres_url: str) -> None:
    """PostgreSQL's own daemon looks once a minute."""
    store = SqlStore(postgres_url)
    register(store, "a/x", "b/y")
    known = sa.text("SELECT count(*) FROM pg_stats WHERE tablename = ANY(:names)")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM pg_statistic")
    many = [record("a/x", str(i), [("NEXT", f"a/x/{i + 1}")], v=i) for i in range(1_200)]
    store.fragments.bulk_load("a", "x", many, 1)
    with store.database.read() as connection:
        for table in ("vertex", "edge", "fragment", "link", "record", "vertex_value", "change"):
            assert connection.execute(known, {"names": [table]}).scalar_one(), table
        assert not connection.execute(known, {"names": ["same_pair", "dangling"]}).scalar_one()
    store.close()


def test_a_large_transaction_does_not_wait_until_a_table_is_vacuumed(postgres_url: str) -> None:
    store = SqlStore(f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-c%20lock_timeout%3D2s")
    register(store, "a/x")
    with store.engine.begin() as vacuum:
        vacuum.exec_driver_sql("LOCK TABLE vertex IN SHARE UPDATE EXCLUSIVE MODE")
        say(store, "a/x", *(record("a/x", str(i)) for i in range(1_200)))
    assert store.view().count() == 1_200
    store.close()
