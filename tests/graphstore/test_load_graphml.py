"""GraphML of our own exports, of TinkerPop and of networkx is loaded; what is hostile or no graph is refused."""

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import networkx
import pytest

from bifrost.errors import InputError
from bifrost.values import Evidence, Fragment, LinkStatement, RecordFragments, Value
from graphstore import load_graphml
from graphstore.export import Exporter
from graphstore.load import GraphLoading
from graphstore.sql import SqlStore
from tests.graphstore.databases import sqlite_template, sqlite_url, store
from tests.graphstore.worlds import Said, record_of, register, say

__all__ = ["sqlite_template", "sqlite_url", "store"]

# As in the reference documentation of TinkerPop, "GraphML Reader/Writer".
TINKERPOP = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.1/graphml.xsd">
  <key id="name" for="node" attr.name="name" attr.type="string"></key>
  <key id="age" for="node" attr.name="age" attr.type="int"></key>
  <key id="labelV" for="node" attr.name="labelV" attr.type="string"></key>
  <key id="labelE" for="edge" attr.name="labelE" attr.type="string"></key>
  <key id="weight" for="edge" attr.name="weight" attr.type="double"></key>
  <graph id="G" edgedefault="directed">
    <edge id="9" source="1" target="3">
      <data key="labelE">created</data><data key="weight">0.4</data>
    </edge>
    <node id="1"><data key="labelV">person</data><data key="name">marko</data><data key="age">29</data></node>
    <node id="3"><data key="labelV">software</data><data key="name"><![CDATA[l<o>p]]></data></node>
    <node id="4"/>
  </graph>
</graphml>
"""
HEAD = '<graphml><key id="n" for="node" attr.name="n" attr.type="int"/>'


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[SqlStore]:
    made = SqlStore(f"sqlite:///{tmp_path}/exported/store.sqlite")
    made.migrate()
    register(made, "a/person", "b/pairs")
    people: list[dict[str, Said]] = [
        {"name": 'Ann & <"A">\r\n\t2', "age": 41, "size": 1.75, "ok": True, "labelV": "a property", "id": "x"},
        {"age": -(2**63), "ok": False, "size": float("inf"), "": "no name"},
        {},
    ]
    say(made, "a/person", *(record_of("a/person", str(i), said) for i, said in enumerate(people)))
    links = [
        LinkStatement("b/l1", "KNOWS", "a/person/0", "a/person/1", {"since": (1999,), "labelE": ("x",)}),
        LinkStatement("b/l2", "LIKES & <>", "a/person/1", "a/person/0", {"_score": (0.5,)}, Evidence(confidence=0.25)),
    ]
    say(made, "b/pairs", RecordFragments("1", b"1", links=tuple(links)))
    yield made
    made.close()


def export(store: SqlStore, file: Path) -> Path:
    file.write_bytes(b"".join(Exporter(store, "https://graph.test/")("graphml").chunks))
    return file


def vertices(store: SqlStore) -> dict[str, tuple[str, dict[str, tuple[object, ...]]]]:
    return {
        v.id: (v.label, {name: tuple(said) for name, said in v.properties.items()})
        for v in store.view().vertices().items
    }


def edges(store: SqlStore) -> list[tuple[object, ...]]:
    found = store.view().edges().items
    return [
        (e.label, e.tail, e.head, {name: tuple(said) for name, said in e.properties.items()}, e.score) for e in found
    ]


def load(store: SqlStore, file: Path) -> None:
    GraphLoading(store, file).load("graph", by="somebody")


# ---- files of others and our own -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scored", [False, True], ids=["score", "_score"])
def test_an_export_is_the_same_graph_and_exported_again_the_same_file(
    exported: SqlStore, store: SqlStore, tmp_path: Path, scored: bool
) -> None:
    if scored:
        link = LinkStatement("b/l3", "RATED", "a/person/2", "a/person/2", {"score": (0.75,)}, Evidence(confidence=0.5))
        say(exported, "b/pairs", RecordFragments("2", b"1", links=(link,)))
        say(
            exported,
            "b/pairs",
            RecordFragments("1", b"2", links=(LinkStatement("b/l1", "K", "a/person/0", "a/person/1"),)),
        )
    load(store, export(exported, tmp_path / "g.graphml"))
    assert vertices(store) == vertices(exported)
    assert sorted(edges(store), key=str) == sorted(edges(exported), key=str)
    assert {edge.id for edge in store.view().edges().items} == {edge.id for edge in exported.view().edges().items}
    assert export(store, tmp_path / "again.graphml").read_bytes() == (tmp_path / "g.graphml").read_bytes()


def test_an_export_that_networkx_wrote_again_is_the_same_graph(
    exported: SqlStore, store: SqlStore, tmp_path: Path
) -> None:
    """It makes ids of its own for the keys: labels and scores are told by names alone."""
    said: dict[str, tuple[Value, ...]] = {"score": (0.75,), "_score": (0.25,), "__labelE": ("x",)}
    link = LinkStatement("b/l3", "RATED", "a/person/2", "a/person/2", said, Evidence(confidence=0.5))
    say(exported, "b/pairs", RecordFragments("2", b"1", links=(link,)))
    read = networkx.read_graphml(export(exported, tmp_path / "g.graphml"))
    networkx.write_graphml(read, tmp_path / "again.graphml", named_key_ids=False, edge_id_from_attribute="id")
    load(store, tmp_path / "again.graphml")
    assert {id: label for id, (label, _) in vertices(store).items()} == dict.fromkeys(vertices(exported), "Person")
    assert {edge[:3] + edge[4:] for edge in edges(store)} == {edge[:3] + edge[4:] for edge in edges(exported)}
    rated = store.view().edges(label="RATED").items[0]
    assert said.items() <= {name: tuple(values) for name, values in rated.properties.items()}.items()


def test_what_graphml_cannot_say_is_text(exported: SqlStore, store: SqlStore, tmp_path: Path) -> None:
    said: dict[str, Said] = {"tags": ("x", "y"), "day": date(2024, 1, 2), "mixed": (1, "b"), "price": Decimal("1.10")}
    say(
        exported,
        "a/person",
        RecordFragments(
            "odd", b"1", (Fragment("odd", "Odd", {k: v if isinstance(v, tuple) else (v,) for k, v in said.items()}),)
        ),
    )
    load(store, export(exported, tmp_path / "g.xml"))
    expected = {"tags": ("x\ny",), "day": ("2024-01-02",), "mixed": ("1\nb",), "price": (1.1,)}
    assert vertices(store)["odd"] == ("Odd", expected)


def test_tinkerpop(store: SqlStore, tmp_path: Path) -> None:
    """Edges may come before their vertices; what has no label gets TinkerPop's."""
    (tmp_path / "modern.xml").write_text(TINKERPOP)
    load(store, tmp_path / "modern.xml")
    assert vertices(store) == {
        "1": ("person", {"name": ("marko",), "age": (29,)}),
        "3": ("software", {"name": ("l<o>p",)}),
        "4": ("vertex", {}),
    }
    assert edges(store) == [("created", "1", "3", {"weight": (0.4,)}, 1.0)]


def test_networkx(store: SqlStore, tmp_path: Path) -> None:
    made = networkx.DiGraph(node_default={"kind": "plain"})
    made.add_node("a", kind="odd", name="Ännchen", age=3, tall=1.5, ok=True, labelV="Person")
    made.add_node(7)
    made.add_edge("a", 7, weight=2, labelE="KNOWS", score=0.5)
    made.add_edge(7, "a")
    networkx.write_graphml_xml(made, tmp_path / "x.graphml", encoding="utf-16")
    load(store, tmp_path / "x.graphml")
    assert vertices(store) == {
        "a": ("Person", {"name": ("Ännchen",), "age": (3,), "tall": (1.5,), "ok": (True,), "kind": ("odd",)}),
        "7": ("vertex", {"kind": ("plain",)}),
    }
    assert edges(store) == [("KNOWS", "a", "7", {"weight": (2,)}, 0.5), ("edge", "7", "a", {}, 1.0)]
    assert [edge.id for edge in store.view().edges().items] == ["x.graphml#1", "x.graphml#2"]


def test_networkx_reads_an_export(exported: SqlStore, tmp_path: Path) -> None:
    read = networkx.read_graphml(export(exported, tmp_path / "g.graphml"))
    assert set(read.nodes) == set(vertices(exported))
    assert read.nodes["a/person/0"]["age"] == 41


def test_several_values_of_one_key(store: SqlStore, tmp_path: Path) -> None:
    node = '<node id="a"><data key="n">1</data><data key="n">2</data><data key="n">1</data></node>'
    (tmp_path / "g.graphml").write_text(f"{HEAD}<graph>{node}</graph></graphml>")
    load(store, tmp_path / "g.graphml")
    assert vertices(store) == {"a": ("vertex", {"n": (1, 2)})}


def test_more_elements_than_one_batch(store: SqlStore, tmp_path: Path) -> None:
    nodes = "".join(f'<node id="{i}"><data key="n">{i}</data></node>\n' for i in range(60_000))
    links = "".join(f'<edge source="{i}" target="{i * 7 % 60_000}"/>\n' for i in range(20_000))
    (tmp_path / "g.graphml").write_text(f"{HEAD}<graph>{nodes}{links}</graph></graphml>")
    parts = list(GraphLoading(store, tmp_path / "g.graphml").parts())
    assert len(parts) > 1
    load(store, tmp_path / "g.graphml")
    assert store.view().label_counts() == ({"vertex": 60_000}, {"edge": 20_000})


# ---- refusals --------------------------------------------------------------------------------------------------------


def inside(graph: str) -> str:
    return f'{HEAD}\n<graph edgedefault="directed">\n{graph}\n</graph></graphml>'


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(30))
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "entities": (f"<!DOCTYPE graphml [{LAUGHS}]>" + inside('<node id="&l29;"/>'), "line 1: it has a document type"),
    "other files": (
        '<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + inside('<node id="&x;"/>'), "document type"
    ),
    "no xml": ("digraph { a -> b }", "line 1: it is no XML"),
    "cut": (inside('<node id="a"/>')[:-8], "line 4: it is no XML: no element found|it is no XML: unclosed token"),
    "empty": ("", "it is no XML"),
    "encoding": ('<?xml version="1.0" encoding="klingon"?><graphml/>', "g.graphml line 1: it is no"),
    "not utf-8": (b"<graphml>\n\xff</graphml>", "line 2: it is no XML"),
    "other xml": ("<svg><graph/></svg>", "line 1: it is no GraphML: its first element is <svg>"),
    "no graph": ("<graphml></graphml>", "it has no <graph>"),
    "deep": (inside('<node id="a">' + "<x>" * 200), "nested more than 100 deep"),
    "nested graph": (inside('<node id="a"><graph/></node>'), "line 3: a graph inside of <node>"),
    "hyperedge": (inside("<hyperedge/>"), "line 3: a <hyperedge> in a graph"),
    "unknown key": (inside('<node id="a"><data key="m">1</data></node>'), "line 3: the data names the key 'm', which"),
    "key of edges": (inside('<edge source="a" target="a"><data key="n">1</data></edge>'), "not declared for edges"),
    "number": (inside('<node id="a"><data key="n">one</data></node>'), "line 3: 'one' in 'n' is no int"),
    "type": ('<graphml><key id="a" attr.type="money"/><graph/></graphml>', "the key 'a' has the type 'money'"),
    "xml in data": (inside('<node id="a"><data key="n"><b>1</b></data></node>'), "<b> stands inside of a value"),
    "no id": (inside("<node/>"), "line 3: the node has no id"),
    "no target": (inside('<node id="a"/>\n<edge source="a"/>'), "line 4: the edge has no target"),
    "unknown end": (inside('<node id="a"/>\n<edge id="e" source="a" target="z"/>'), "line 4: .*'e' names the vertex 'z'"),
    "twins": (inside('<node id="a"/>\n<node id="a"/>'), "line 4: there is another vertex with the id 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_named_by_line_and_nothing_is_loaded(store: SqlStore, tmp_path: Path, case: str) -> None:
    content, expected = REFUSED[case]
    (tmp_path / "g.graphml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=expected) as raised:
        load(store, tmp_path / "g.graphml")
    assert raised.value.remedy
    assert store.catalog.sources() == []
    assert store.view().label_counts() == ({}, {})


def test_endless_values_and_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are lowered, so that little memory reaches them."""
    for name, value in (("_TEXT", 2**16), ("_TAG", 2**14), ("_CHUNK", 2**10)):
        monkeypatch.setattr(load_graphml, name, value)
    key, datum = '<graphml><key id="n" for="node"/><graph>', '<data key="n"/>'
    for content, expected in (
        (f'{key}<node id="a"><data key="n">{"x" * 2**17}', "values of one element have more than"),
        (f'{key}<node id="a">{datum * 2**13}', "values of one element have more than"),
        (f'{key}<node id="{"x" * 2**17}"/></graph></graphml>', "a tag or comment of more than"),
        (f"{key}<!-- {'x' * 2**17}", "a tag or comment of more than"),
    ):
        with pytest.raises(InputError, match=expected):
            list(load_graphml._Reader("g").read(io.BytesIO(content.encode())))
    fine = key + f'<node id="a">{datum}</node>' * 2**13 + "</graph></graphml>"
    assert sum(len(part) for part in load_graphml._Reader("g").read(io.BytesIO(fine.encode()))) == 2**13
