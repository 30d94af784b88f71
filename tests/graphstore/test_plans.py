"""No everyday statement reads a whole table: what a write or a page costs depends on its size, not on the graph's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from bifrost.graph import Direction, PropertyFilter
from bifrost.links import Correction, LinkEdge, LinkKind, SamePair, Verdict
from graphstore.edits import Edits
from graphstore.sql import SqlStore
from tests.graphstore.databases import sqlite_template, sqlite_url
from tests.graphstore.worlds import link_type, record, register, say

__all__ = ["sqlite_template", "sqlite_url"]

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


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlStore]:
    made = SqlStore(sqlite_url)
    register(made, "a/x", "b/y", rank={"b": 1})
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
    yield made
    made.close()


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
    with store.engine.connect() as connection:
        for statement, parameters in dict.fromkeys((text, repr(values)) for text, values in seen) and seen:
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                scan = re.match(r"SCAN (\w+)", row.detail)
                aliases = dict(re.findall(r"(\w+) AS \"?(\w+)\"?", statement))
                names = {alias: table for table, alias in aliases.items()}
                if scan and names.get(scan[1], scan[1]) in LARGE:
                    found.append(f"{row.detail}: {statement}")


def test_reads(store: SqlStore) -> None:
    view = store.view()
    with scans(store) as found:
        view.vertex("b/y/7")
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
        store.log.changes(store.log.position() - 5)
        store.fragments.digests("a", "x", ["1"])
    assert found == []


@pytest.mark.parametrize("labels", [(), ("NEXT",)])
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
