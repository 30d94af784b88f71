"""Exports read back by other libraries."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import networkx
import pyarrow.parquet as pq
import pytest
import rdflib
from gremlin_python.structure.io.graphsonV3d0 import GraphSONReader

from bifrost.errors import InputError
from bifrost.values import LinkStatement, RecordFragments, Value
from graphstore.export import FORMATS, Exporter
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from tests.graphstore.databases import sqlite_template, sqlite_url
from tests.graphstore.worlds import Said, record_of, register, say

__all__ = ["sqlite_template", "sqlite_url"]

BASE = "https://graph.test/"
GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlStore]:
    made = SqlStore(sqlite_url)
    register(made, "a/x", "b/y", "b/pairs")
    say(
        made, "a/x",
        record_of("a/x", "1", {"name": ("Ann; <b>", "Änn\n2"), "n": 1, "f": 0.5, "ok": True, "day": date(2024, 1, 2)}),
        record_of("a/x", "2", {"n": 2, "d": Decimal("1.10"), "at": datetime(2024, 1, 2, tzinfo=UTC)}),
    )  # fmt: skip
    say(made, "b/y", record_of("b/y", "k\x01/ü", {"n": "text", "odd name:": "x\x02"}))
    links = [
        LinkStatement("b/l1", "KNOWS", "a/x/1", "a/x/2", {"since": (1999,)}),
        LinkStatement("b/l2", "KNOWS", "a/x/1", "a/x/2"),
        LinkStatement("b/l3", "OF TYPE", "a/x/2", "b/y/k\x01%2Fü", {"w": ("a", "b")}),
    ]
    say(made, "b/pairs", RecordFragments("1", b"1", links=tuple(links)))
    yield made
    made.close()


def exported(store: SqlStore, format: str) -> bytes:
    return b"".join(Exporter(store, BASE)(format).chunks)


def values(graph: rdflib.Graph) -> set[tuple[object, ...]]:
    """Triples with literals by value: a store may spell a number in another way."""
    return {(s, p, o.toPython() if isinstance(o, rdflib.Literal) else o) for s, p, o in graph}


def archive(store: SqlStore, format: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(exported(store, format))) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_graphml_has_all_nodes_edges_and_typed_keys(store: SqlStore) -> None:
    root = ElementTree.fromstring(exported(store, "graphml"))
    keys = {
        key.get("id"): (key.get("for"), key.get("attr.name"), key.get("attr.type"))
        for key in root.iter(f"{GRAPHML}key")
    }
    nodes = {
        node.get("id"): {keys[data.get("key")][1]: data.text for data in node} for node in root.iter(f"{GRAPHML}node")
    }
    assert nodes["a/x/1"] == {
        "labelV": "X", "name": "Ann; <b>\nÄnn\n2", "n": "1", "f": "0.5", "ok": "true", "day": "2024-01-02"
    }  # fmt: skip
    assert len(list(root.iter(f"{GRAPHML}edge"))) == 3
    assert ("node", "n", "string") in keys.values(), "a number here and a text there make text"
    assert ("edge", "since", "long") in keys.values()


def test_graphson_lines_hold_each_edge_on_both_sides(store: SqlStore) -> None:
    lines = [json.loads(line) for line in exported(store, "graphson").splitlines()]
    found = {line["id"]: line for line in lines}
    assert {edge["id"] for edge in found["a/x/1"]["outE"]["KNOWS"]} == {"b/l1", "b/l2"}
    assert {edge["outV"] for edge in found["a/x/2"]["inE"]["KNOWS"]} == {"a/x/1"}
    assert [p["value"] for p in found["a/x/1"]["properties"]["name"]] == ["Ann; <b>", "Änn\n2"]
    assert found["a/x/2"]["properties"]["d"][0]["value"] == {"@type": "gx:BigDecimal", "@value": "1.10"}


def test_graphson_loses_no_value_of_an_edge(store: SqlStore) -> None:
    said = LinkStatement("b/l4", "RATED", "a/x/1", "a/x/2", {"score": (3,), "by": (1, "b", 2.5)})
    say(store, "b/pairs", RecordFragments("2", b"1", links=(said,)))
    vertices = {v["id"]: v for v in map(GraphSONReader().read_object, map(bytes.decode, _lines(store)))}
    for end, side in (("a/x/1", "outE"), ("a/x/2", "inE")):
        (edge,) = vertices[end][side]["RATED"]
        assert edge["properties"] == {"score": 3, "_score": 1.0, "by": [1, "b", 2.5]}
    (edge,) = vertices["a/x/2"]["outE"]["OF TYPE"]
    assert edge["properties"] == {"w": ["a", "b"], "score": 1.0}


def test_a_property_called_score_stands_beside_how_sure_an_edge_is(store: SqlStore) -> None:
    say(
        store,
        "b/pairs",
        RecordFragments("2", b"1", links=(LinkStatement("b/l4", "RATED", "a/x/1", "a/x/2", {"score": (3,)}),)),
    )
    graph = networkx.read_graphml(io.BytesIO(exported(store, "graphml")), force_multigraph=True)
    (rated,) = (data for _, _, data in graph.edges(data=True) if data["labelE"] == "RATED")
    assert (rated["score"], rated["_score"]) == (3, 1.0)
    rows = list(csv.DictReader(archive(store, "neptune-csv")["edges.csv"].decode().splitlines()))
    (row,) = (row for row in rows if row["~label"] == "RATED")
    assert (row["score:Long"], row["_score:Double"]) == ("3", "1.0")


def test_what_exports_say_gets_one_more_underscore_than_properties_have(store: SqlStore) -> None:
    said: dict[str, Value] = {"score": 3, "_score": 0.25, "labelE": "mine"}
    link = LinkStatement("b/l4", "RATED", "a/x/1", "a/x/2", {name: (value,) for name, value in said.items()})
    say(store, "b/pairs", RecordFragments("2", b"1", links=(link,)))
    say(store, "a/x", record_of("a/x", "9", {"labelV": "mine"}))
    graph = networkx.read_graphml(io.BytesIO(exported(store, "graphml")), force_multigraph=True)
    assert graph.nodes["a/x/9"] == {"labelV": "mine", "_labelV": "X"}
    (rated,) = (data for _, _, data in graph.edges(data=True) if data["_labelE"] == "RATED")
    assert rated == {"_labelE": "RATED", **said, "__score": 1.0}
    (line,) = (line for line in map(json.loads, _lines(store)) if line["id"] == "a/x/1")
    (edge,) = line["outE"]["RATED"]
    assert edge["properties"] == {
        "score": {"@type": "g:Int64", "@value": 3},
        "_score": {"@type": "g:Double", "@value": 0.25},
        "labelE": "mine",
        "__score": {"@type": "g:Double", "@value": 1.0},
    }
    rows = list(csv.DictReader(archive(store, "neptune-csv")["edges.csv"].decode().splitlines()))
    (row,) = (row for row in rows if row["~label"] == "RATED")
    assert (row["score:Long"], row["_score:Double"], row["__score:Double"]) == ("3", "0.25", "1.0")


def _lines(store: SqlStore) -> list[bytes]:
    return exported(store, "graphson").splitlines()


def test_networkx_reads_graphml(store: SqlStore) -> None:
    graph = networkx.read_graphml(io.BytesIO(exported(store, "graphml")), force_multigraph=True)
    assert dict(graph.nodes["a/x/1"]) == {
        "labelV": "X", "name": "Ann; <b>\nÄnn\n2", "n": "1", "f": 0.5, "ok": True, "day": "2024-01-02"
    }  # fmt: skip
    assert graph.number_of_edges("a/x/1", "a/x/2") == 2
    assert {data.get("since") for _, _, data in graph.edges(data=True)} == {1999, None}


def test_gremlinpython_reads_graphson(store: SqlStore) -> None:
    reader = GraphSONReader()
    found = {}
    for line in exported(store, "graphson").splitlines():
        vertex = reader.read_object(line.decode())
        found[vertex["id"]] = vertex
    assert len(found) == 3
    assert [one["value"] for one in found["a/x/1"]["properties"]["n"]] == [1]
    (decimal,) = (one["value"] for one in found["a/x/2"]["properties"]["d"])
    assert (decimal.scale, decimal.unscaled_value) == (2, 110)
    assert {edge["inV"] for edge in found["a/x/1"]["outE"]["KNOWS"]} == {"a/x/2"}


def test_long_labels_have_files_too(sqlite_url: str) -> None:
    made = SqlStore(sqlite_url)
    labels = ["ü" * 200, "ü" * 200 + "2"]
    register(made, "a/x")
    say(made, "a/x", *(record_of("a/x", str(i), {"n": i}, type=label) for i, label in enumerate(labels)))
    files = archive(made, "parquet")
    stored = [pq.read_schema(io.BytesIO(data)).metadata[b"label"].decode() for data in files.values()]
    assert sorted(stored) == sorted(labels)
    made.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_rdf_exports_say_what_sparql_answers(store: SqlStore, tmp_path: Path) -> None:
    sparql = SparqlProjection(store, tmp_path, BASE)
    try:
        everything = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }"
        answered = rdflib.Graph().parse(sparql.query(everything, "text/turtle")[1], format="turtle")
    finally:
        sparql.close()
    assert values(rdflib.Graph().parse(exported(store, "turtle"), format="turtle")) == values(answered)
    quads = rdflib.Dataset(default_union=True)
    quads.parse(exported(store, "nquads"), format="nquads")
    linked = rdflib.Dataset(default_union=True)
    linked.parse(exported(store, "jsonld"), format="json-ld")
    graphs = {f"{BASE}s/a", f"{BASE}s/b", f"{BASE}ontology"}
    for dataset in (quads, linked):
        assert {str(g.identifier) for g in dataset.graphs() if len(g)} == graphs
        assert sum(len(g) for g in dataset.graphs()) == len(set(exported(store, "nquads").splitlines()))


def test_properties_called_like_other_columns_have_columns_of_their_own(sqlite_url: str) -> None:
    made = SqlStore(sqlite_url)
    register(made, "a/x")
    said: dict[str, Said] = {
        "_id": "65f",
        "__id": 1,
        "_score": 0.5,
        "a:b": "colon",
        "a_b": "other",
        "a\nb": 1,
        "a b": 2,
    }
    say(made, "a/x", record_of("a/x", "1", said))
    (table,) = archive(made, "parquet").values()
    (row,) = pq.read_table(io.BytesIO(table)).to_pylist()
    assert row == {
        "_id": "a/x/1", "__id": "65f", "___id": 1, "__score": 0.5, "a:b": "colon", "a_b": "other", "a\nb": 1, "a b": 2
    }  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(archive(made, "neptune-csv")["vertices.csv"].decode(), newline=""))
    assert (row["_id:String"], row["__id:Long"]) == ("65f", "1")
    assert {row["a_b:String"], row["a_b_2:String"]} == {"colon", "other"}
    assert {row["a b:Long"], row["a b_2:Long"]} == {"1", "2"}
    made.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_names_that_end_in_a_dot_are_read_back_by_rdflib(sqlite_url: str) -> None:
    made = SqlStore(sqlite_url)
    register(made, "a/x")
    say(
        made,
        "a/x",
        record_of("a/x", "Ann Inc.", {"No.": 1, "Art.-Nr.": "<b.>"}, type="Co."),
        record_of("a/x", "2", {"n": 2}),
    )
    turtle = exported(made, "turtle")
    answered = rdflib.Graph()
    for line in exported(made, "nquads").splitlines():
        answered.parse(line.rsplit(b" <", 1)[0] + b" .", format="nt")
    assert values(rdflib.Graph().parse(turtle, format="turtle")) == values(answered)
    assert b"rdfs:label" in turtle
    made.close()


@pytest.mark.parametrize(
    ("format", "id", "start"), [("neptune-csv", "~id", "~from"), ("opencypher-csv", ":ID", ":START_ID")]
)
def test_csv_has_typed_headers_and_arrays(store: SqlStore, format: str, id: str, start: str) -> None:
    files = {
        name: list(csv.DictReader(io.StringIO(data.decode(), newline="")))
        for name, data in archive(store, format).items()
    }
    vertices = {row[id]: row for row in files["vertices.csv"]}
    assert vertices["a/x/1"]["name:String[]"] == "Ann\\; <b>;Änn\n2"
    assert (vertices["a/x/1"]["ok:Bool"], vertices["a/x/2"]["ok:Bool"]) == ("true", "")
    assert vertices["b/y/k\x01%2Fü"]["n:String"] == "text"
    assert [row[start] for row in files["edges.csv"]] == ["a/x/1", "a/x/1", "a/x/2"]
    assert files["edges.csv"][0]["since:Long"] == "1999"


def test_parquet_has_a_table_per_label(store: SqlStore) -> None:
    files = archive(store, "parquet")
    assert sorted(files) == ["edges/KNOWS.parquet", "edges/OF TYPE.parquet", "vertices/X.parquet", "vertices/Y.parquet"]
    rows = pq.read_table(io.BytesIO(files["vertices/X.parquet"])).to_pylist()
    assert rows[0]["name"] == ["Ann; <b>", "Änn\n2"]
    assert (rows[0]["day"], rows[0]["n"], rows[1]["d"]) == (date(2024, 1, 2), 1, 1.1)
    edges = pq.read_table(io.BytesIO(files["edges/OF TYPE.parquet"])).to_pylist()
    assert edges == [{"_id": "b/l3", "_tail": "a/x/2", "_head": "b/y/k\x01%2Fü", "_score": 1.0, "w": ["a", "b"]}]


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_an_empty_graph_is_exported_too(sqlite_url: str, format: str) -> None:
    store = SqlStore(sqlite_url)
    try:
        data = exported(store, format)
        if format == "graphml":
            ElementTree.fromstring(data)
        elif format == "jsonld":
            assert json.loads(data) == []
        elif FORMATS[format].media_type == "application/zip":
            assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    finally:
        store.close()


def test_an_unknown_format_is_refused(store: SqlStore) -> None:
    with pytest.raises(InputError, match="no export format"):
        Exporter(store, BASE)("xls")
