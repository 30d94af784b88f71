"""An export loaded into an empty store is the same graph in every query language, or nothing at all."""

import csv
import gzip
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bifrost.catalog import LOADED, BuildState, Source
from bifrost.errors import ConflictError, InputError
from bifrost.values import Evidence, LinkStatement, RecordFragments
from graphstore.edits import Edits
from graphstore.export import Exporter
from graphstore.gremlin.served import gremlin_engine
from graphstore.load import GraphLoading, LoadReport
from graphstore.source_edits import SourceEdits
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url, store
from tests.graphstore.worlds import Said, graph, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url", "store"]

BASE = "https://graph.test/"
FORMATS = ("graphson", "parquet", "neptune-csv", "opencypher-csv")
VERTICES = "~id,~label,name:String,age:Long,tags:String[]\na,Person,Ann,41,\nb,Person,Ben,,x\\;y;z\n"
EDGES = "~id,~from,~to,~label,score:Double,since:Long\ne1,a,b,KNOWS,0.5,1999\ne2,b,a,KNOWS,,\n"
GREMLIN = (
    "g.V().order().by(id).project('id', 'label', 'said').by(id).by(label).by(valueMap())",
    "g.E().order().by(id).project('id', 'from', 'to', 'said').by(id).by(outV().id()).by(inV().id()).by(valueMap())",
    "g.V().hasLabel('Person').out('KNOWS').in('KNOWS').dedup().count()",
    "g.V().has('day', gt(datetime('2023-01-01'))).count()",
)
SPARQL = f"""
SELECT ?s ?p ?o {{ ?s ?p ?o FILTER (isIRI(?s) && ?p NOT IN (<{BASE}o/source>, <{BASE}o/record>)) }} ORDER BY ?s ?p ?o
"""


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[SqlStore]:
    """A graph with values of all types that every format keeps."""
    made = SqlStore(f"sqlite:///{tmp_path}/exported/store.sqlite")
    made.migrate()
    register(made, "a/person", "b/city", "b/pairs")
    people: list[dict[str, Said]] = [
        {"name": ('Ann; "A"', "Änn\n2"), "age": 41, "size": 1.75, "ok": True, "day": date(2024, 1, 2)},
        {
            "name": "Ben",
            "at": datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
            "age": -(2**63),
            "ok": False,
            "_id": "65f",
            "__id": 7,
        },
        {},
    ]
    say(made, "a/person", *(record_of("a/person", str(i), said) for i, said in enumerate(people)))
    say(made, "b/city", record_of("b/city", "k/ü", {"name": "null", "code": "0123", "odd name": "x,y"}))
    unsure = Evidence(confidence=0.25)
    links = [
        LinkStatement(
            "b/l1", "KNOWS", "a/person/0", "a/person/1", {"since": (1999,), "ways": ("x", "y;z"), "_tail": (5,)}
        ),
        LinkStatement("b/l2", "KNOWS", "a/person/1", "a/person/0", {}, unsure),
        LinkStatement("b/l3", "LIVES IN", "a/person/0", "b/city/k%2Fü", {"from": (date(2020, 2, 29),)}),
        LinkStatement("b/l4", "LIVES IN", "a/person/2", "b/city/k%2Fü"),
    ]
    say(made, "b/pairs", RecordFragments("1", b"1", links=tuple(links)))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    yield made
    made.close()


def export(store: SqlStore, format: str, folder: Path) -> Path:
    made = Exporter(store, BASE)(format)
    file = folder / made.filename
    file.write_bytes(b"".join(made.chunks))
    return file


def load(store: SqlStore, path: Path, name: str = "graph") -> LoadReport:
    return GraphLoading(store, path).load(name, by="somebody")


def served(store: SqlStore) -> dict[str, Any]:
    """Vertices, edges and their counts, without where they came from."""
    return {key: value for key, value in graph(store).items() if "origins" not in key}


def answers(store: SqlStore, folder: Path) -> list[Any]:
    """What Gremlin and SPARQL say."""
    engine = gremlin_engine(store, Edits(store))
    found: list[Any] = [[t.obj for t in engine.run(query) for _ in range(t.bulk)] for query in GREMLIN]
    engine.close()
    sparql = SparqlProjection(store, folder, BASE)
    sparql.catch_up()
    found.append(json.loads(sparql.query(SPARQL)[1])["results"]["bindings"])
    sparql.close()
    return found


# ---- round trips -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_a_loaded_export_is_the_same_graph(
    exported: SqlStore, empty_store: SqlStore, tmp_path: Path, format: str
) -> None:
    report = load(empty_store, export(exported, format, tmp_path))
    assert (report.vertices, report.edges) == (4, 4)
    assert served(empty_store) == served(exported)
    assert answers(empty_store, tmp_path / "rdf-1") == answers(exported, tmp_path / "rdf-2")


@pytest.mark.parametrize("names", [("score",), ("_score",), ("score", "_score"), ("score", "__score")], ids="+".join)
@pytest.mark.parametrize("format", FORMATS)
def test_properties_called_score_are_not_how_sure_an_edge_is(
    exported: SqlStore, store: SqlStore, tmp_path: Path, format: str, names: tuple[str, ...]
) -> None:
    said = {name: (0.125 * i,) for i, name in enumerate(names, 1)}
    link = LinkStatement("b/l5", "RATED", "a/person/0", "a/person/1", said, Evidence(confidence=0.5))
    say(exported, "b/pairs", RecordFragments("2", b"1", links=(link,)))
    load(store, export(exported, format, tmp_path))
    assert served(store) == served(exported)


def test_graphson_keeps_every_type_and_mixture(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    said: dict[str, Said] = {
        "d": Decimal("1.10"),
        "t": time(1, 2, 3),
        "mixed": (1, "1", True, 0.5, 2**70, float("inf")),
        "": "no name",
    }
    say(exported, "a/person", record_of("a/person", "odd", said))
    links = (
        LinkStatement("b/l5", "RATED", "a/person/odd", "a/person/odd", {"score": (0.75,)}, Evidence(confidence=0.5)),
        LinkStatement("b/l6", "RATED", "a/person/odd", "a/person/odd", {"score": (3, "b")}),
    )
    say(exported, "b/pairs", RecordFragments("2", b"1", links=links))
    load(store, export(exported, "graphson", tmp_path))
    assert served(store) == served(exported)
    found = store.view().edge("b/l5")
    assert found is not None
    assert (found.properties, found.score) == ({"score": (0.75,)}, 0.5)


def test_parquet_keeps_times_and_moments(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    said: dict[str, Said] = {"t": time(1, 2, 3), "moments": (datetime(2024, 1, 1), datetime(2024, 1, 1, 5, tzinfo=UTC))}
    say(exported, "a/person", record_of("a/person", "odd", said))
    load(store, export(exported, "parquet", tmp_path))
    assert served(store) == served(exported)


def test_more_elements_than_one_batch(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    records = [record_of("a/person", f"n{i}", {"n": i}, [("NEXT", f"a/person/n{i * 7 % 6000}")]) for i in range(6_000)]
    say(exported, "a/person", *records)
    told: list[str] = []
    report = GraphLoading(store, export(exported, "parquet", tmp_path)).load("g", by="me", tell=told.append)
    assert (report.vertices, report.edges) == (6_004, 6_004)
    assert store.view().label_counts() == exported.view().label_counts()
    assert served(store) == served(exported)
    assert told[-1] == "6,004 vertices and 6,004 edges: making the indexes"


# ---- where files may lie ---------------------------------------------------------------------------------------------


def compressed(folder: Path) -> Path:
    (folder / "v.csv.gz").write_bytes(gzip.compress(VERTICES.encode()))
    (folder / "e.csv.gz").write_bytes(gzip.compress(EDGES.encode()))
    return folder


def parts(folder: Path) -> Path:
    """Several files of vertices and of edges, edges first by name, among others."""
    head, first, second = VERTICES.splitlines(keepends=True)
    (folder / "nodes-1.csv").write_text(head + first)
    (folder / "nodes-2.csv").write_text("\ufeff" + head + "\n" + second)
    (folder / "edges.csv").write_text(EDGES.replace("\n", "\r\n"))
    (folder / "README.md").write_text("nothing")
    return folder


def archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "g.zip", "w") as made:
        made.writestr("data/v.csv.gz", gzip.compress(VERTICES.encode()))
        made.writestr("data/e.csv", EDGES)
    return folder / "g.zip"


@pytest.mark.parametrize("lay", [compressed, parts, archive])
def test_files_in_folders_and_archives_also_compressed(
    store: SqlStore, tmp_path: Path, lay: Callable[[Path], Path]
) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    load(store, lay(folder))
    found = served(store)
    assert found["vertices"] == [
        ("a", "Person", [("age", (41,)), ("name", ("Ann",))]),
        ("b", "Person", [("name", ("Ben",)), ("tags", ("x;y", "z"))]),
    ]
    assert found["edges"] == [("e1", "KNOWS", "a", "b", [("since", (1999,))], 0.5), ("e2", "KNOWS", "b", "a", [], 1.0)]


@pytest.mark.parametrize("format", ["parquet", "graphson"])
def test_single_files_also_compressed(exported: SqlStore, store: SqlStore, tmp_path: Path, format: str) -> None:
    file, folder = export(exported, format, tmp_path), tmp_path / "given"
    if format == "parquet":
        with zipfile.ZipFile(file) as opened:
            opened.extractall(folder)
        for part in list(folder.rglob("*.parquet"))[::2]:
            part.with_name(part.name + ".gz").write_bytes(gzip.compress(part.read_bytes()))
            part.unlink()
    else:
        folder = tmp_path / "graph.json.gz"
        folder.write_bytes(gzip.compress(file.read_bytes()))
    load(store, folder)
    assert served(store) == served(exported)


def test_a_text_longer_than_a_csv_cell_usually_is(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    say(exported, "a/person", record_of("a/person", "long", {"text": "word " * 50_000}))
    before = csv.field_size_limit()
    load(store, export(exported, "neptune-csv", tmp_path))
    assert served(store) == served(exported)
    assert csv.field_size_limit() == before


# ---- provenance ------------------------------------------------------------------------------------------------------


def test_the_graph_is_what_one_source_says(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    load(store, export(exported, "parquet", tmp_path), "old graph")
    (source,) = store.catalog.sources()
    assert (source.name, source.kind, source.options["file"]) == ("old graph", LOADED, "graph-parquet.zip")
    (origin,) = store.view().vertex_origins("a/person/0")
    assert (origin.source, origin.dataset, origin.record) == ("old graph", "Person", "a/person/0")
    (edge_origin,) = store.view().edge_origins("b/l2")
    assert (edge_origin.source, edge_origin.dataset, edge_origin.record) == ("old graph", "KNOWS edges", "b/l2")
    datasets = {one.info.name: one for one in store.catalog.datasets()}
    assert {name: (one.type, one.records) for name, one in datasets.items()} == {
        "Person": ("Person", 3), "City": ("City", 1), "KNOWS edges": ("KNOWS", 2), "LIVES IN edges": ("LIVES IN", 2)
    }  # fmt: skip
    types = {column.name: column.type for column in datasets["Person"].info.columns}
    assert types == {
        "_id": "text",
        "__id": "integer",
        "age": "integer",
        "at": "datetime",
        "day": "date",
        "name": "text",
        "ok": "boolean",
        "size": "number",
    }
    (build,) = store.catalog.builds()
    assert (build.state, build.counts) == (BuildState.DONE, {"vertices": 4, "edges": 4})
    assert len(store.log.changes(0)) == 8

    (edit,) = SourceEdits(store).history()
    assert (edit.action, edit.subject, edit.by) == ("add", "old graph", "somebody")
    SourceEdits(store).undo(edit.id, by="somebody")
    assert store.view().label_counts() == ({}, {})
    load(store, export(exported, "parquet", tmp_path), "old graph")


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_properties_without_a_value_are_none(store: SqlStore, tmp_path: Path) -> None:
    edge = '{"id": "e", "inV": "a", "properties": {"since": {"@type": "g:List", "@value": []}}}'
    line = '{"id": "a", "label": "P", "properties": {"name": []}, "outE": {"K": [' + edge + "]}}"
    (tmp_path / "g.json").write_text(line)
    load(store, tmp_path / "g.json")
    assert [vertex.properties for vertex in store.view().vertices().items] == [{}]
    assert [edge.properties for edge in store.view().edges().items] == [{}]


def test_a_store_that_is_not_empty_is_refused(exported: SqlStore, tmp_path: Path) -> None:
    file, before = export(exported, "parquet", tmp_path), graph(exported)
    with pytest.raises(ConflictError, match="empty store") as raised:
        load(exported, file)
    assert "--data-dir" in raised.value.remedy
    assert graph(exported) == before
    assert "graph" not in {source.name for source in exported.catalog.sources()}


def test_a_name_that_is_taken_is_refused(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    store.catalog.add_source(Source("graph", "sql"))
    with pytest.raises(ConflictError, match="already a source named 'graph'"):
        load(store, export(exported, "parquet", tmp_path))
    load(store, export(exported, "parquet", tmp_path), "other")
    assert store.view().count() == 4


def csv_files(vertices: str = VERTICES, edges: str = EDGES) -> dict[str, str | bytes]:
    return {"v.csv": vertices, "e.csv": edges}


VERTEX_LINE = '{"id": "a", "label": "P"}\n'
WRONG: dict[str, tuple[dict[str, str | bytes], str]] = {
    "number": (csv_files(VERTICES.replace("41", "forty")), r"v.csv line 2: 'forty' in column 'age' is no Long"),
    "cells": (csv_files(VERTICES + "c,Person\n"), r"v.csv line 4: it has 2 cells instead of 5"),
    "no id": (csv_files(VERTICES + ",Person,,,\n"), r"v.csv line 4: it has no id"),
    "no label": (csv_files(VERTICES + "c,,,,\n"), r"v.csv line 4: it has no label"),
    "quote": (csv_files(VERTICES + 'c,Person,"x,1,\n'), r"v.csv line \d: unexpected end of data"),
    "lines in cells": (csv_files(VERTICES + 'c,P,"1\n2",,\nd,P,,x,\n'), r"v.csv line 6: 'x' in column 'age'"),
    "no utf-8": ({"v.csv": VERTICES.encode() + b"c,P,\xff,,\n", "e.csv": EDGES}, r"v.csv line \d: it is not UTF-8"),
    "type": (csv_files(VERTICES.replace("age:Long", "age:Money")), r"v.csv line 1: the heading 'age:Money' is no"),
    "heading": (csv_files(VERTICES.replace("~id", "id")), r"v.csv line 1: the heading names no column ~id"),
    "no end": (csv_files(edges=EDGES + "e3,a,,KNOWS,,\n"), r"e.csv line 4: the edge lacks a vertex"),
    "unknown end": (csv_files(edges=EDGES + "e3,a,z,KNOWS,,\n"), r"e.csv line 4: the edge 'e3' names the vertex 'z'"),
    "score": (csv_files(edges=EDGES.replace("0.5", "50")), r"e.csv line 2: the score '50' is no number between 0"),
    "twin vertices": (csv_files(VERTICES + "a,Person,,,\n"), r"v.csv line 4: there is another vertex with the id 'a'"),
    "twins of two types": (csv_files(VERTICES + "a,Dog,,,\n"), r"v.csv line 4: there is another vertex with the id 'a'"),
    "twin edges": (csv_files(edges=EDGES + "e1,b,b,OWNS,,\n"), r"e.csv line 4: there is another edge with the id 'e1'"),
    "json": ({"g.json": VERTEX_LINE + "{\n"}, r"g.json line 2: it is no JSON"),
    "no vertex": ({"g.json": VERTEX_LINE + "[1]\n"}, r"g.json line 2: it is no vertex of GraphSON 3"),
    "odd value": (
        {"g.json": VERTEX_LINE + '{"id":"b","label":"P","properties":{"n":[{"id":1,"value":{"@type":"g:Map","@value":[]}}]}}'},
        r"g.json line 2: .*values of type g:Map are not kept",
    ),
    "endless number": (
        {"g.json": '{"id":"b","label":"P","properties":{"n":[{"id":1,"value":{"@type":"gx:BigDecimal","@value":"1E+99999999"}}]}}'},
        r"g.json line 1: .*more than 10,000 places",
    ),
    "endless line": (csv_files(VERTICES + "c," + "x" * 2**26), r"v.csv line 4: it has more than 64 million characters"),
    "open edge": ({"g.json": VERTEX_LINE.replace("}", ', "outE": {"K": [{"id": "e", "inV": "z"}]}}')}, r"g.json line 1: .*'z'"),
    "parquet": ({"P.parquet": b"PAR1 this is none"}, r"P.parquet is no readable Parquet file"),
    "gzip": ({"v.csv.gz": gzip.compress(VERTICES.encode())[:-9]}, r"v.csv.gz cannot be read"),
    "zip": ({"g.zip": b"PK no archive"}, r"g.zip is no ZIP archive"),
    "mixture": ({"v.csv": VERTICES, "g.json": "{}"}, r"several formats: csv, graphson"),
    "nothing": ({"a.txt": ""}, r"holds no graph that can be loaded"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_by_line_and_nothing_is_loaded(store: SqlStore, tmp_path: Path, case: str) -> None:
    contents, expected = WRONG[case]
    folder = tmp_path / "given"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=expected) as raised:
        load(store, folder / "g.zip" if case == "zip" else folder)
    assert raised.value.remedy
    assert store.catalog.sources() == []
    assert store.catalog.builds() == []
    assert store.view().label_counts() == ({}, {})
    assert store.log.position() == 0


def test_a_path_that_is_not_there(store: SqlStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        GraphLoading(store, tmp_path / "none.zip")
