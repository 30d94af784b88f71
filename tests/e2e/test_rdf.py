"""RDF in, graph, RDF out, and in again."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api.cli import cli
from bifrost.values import Value
from tests.connectors.test_files_rdf import DATA, ONTOLOGY
from tests.e2e.workplace import Workplace, workplace

TABLES = {
    "people.csv": "id,name,born,score\n1,Ann,1990-01-02,1.5\n2,Bob,,2.25\n3,Cy/ü %,2001-12-31,\n",
}


def told(work: Workplace) -> tuple[Any, Any]:
    """What the graph says, whatever its ids are."""
    names = {vertex.id: (vertex.label, plain(vertex.properties)) for vertex in work.vertices()}
    vertices = Counter(names.values())
    edges = Counter((edge.label, names[edge.tail], names[edge.head], plain(edge.properties)) for edge in work.edges())
    return vertices, edges


def plain(properties: Mapping[str, tuple[Value, ...]]) -> Any:
    return tuple(
        sorted((name, tuple(sorted(map(repr, values)))) for name, values in properties.items() if name != "iri")
    )


def test_an_ontology_and_its_data_become_a_graph_and_nothing_changes_twice(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "data.ttl").write_text(DATA)
    (files / "onto.ttl").write_text(ONTOLOGY)
    with workplace(tmp_path / "data") as work:
        work.add("rdf", files)
        assert work.build() == {}
        view = work.store.view()
        assert view.label_counts()[0] == {"Address": 2, "Agent": 1, "Company": 1, "Fan": 1, "Grade": 1, "Person": 1}
        ann = view.vertex("rdf/rdf/http:%2F%2Fex.org%2Fann")
        assert ann is not None
        assert ann.properties["name"] == ("Ann", "Anna")
        (origin,) = view.vertex_origins(ann.id)
        assert (origin.source, origin.dataset, origin.record) == ("rdf", "rdf#Person", "http://ex.org/ann")
        assert origin.evidence["name"].column == "http://ex.org/p_name"
        assert {edge.label for edge in work.edges()} == {"addr", "grade", "kids", "near", "works for"}
        position = work.store.log.position()
        assert work.build() == {}
        assert work.store.log.position() == position
        (files / "onto.ttl").unlink()
        work.build(allow_removal=True)
        assert "P1" in work.store.view().label_counts()[0]


@pytest.mark.parametrize("format", ["nquads", "jsonld"])
def test_an_export_read_back_says_the_same(tmp_path: Path, format: str) -> None:
    files, copy = tmp_path / "files", tmp_path / "copy"
    files.mkdir()
    copy.mkdir()
    (files / "data.ttl").write_text(DATA)
    (files / "onto.ttl").write_text(ONTOLOGY)
    for name, text in TABLES.items():
        (files / name).write_text(text)
    with workplace(tmp_path / "data") as work:
        work.add("one", files)
        assert work.build() == {}
        made = work.service.export(format)
        (copy / made.filename).write_bytes(b"".join(made.chunks))
        before = told(work)
    with workplace(tmp_path / "other") as work:
        work.add("two", copy)
        assert work.build() == {}
        assert work.failures() == {}
        assert told(work) == before


def test_it_is_added_and_built_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.ttl").write_text(DATA)
    data = str(tmp_path / "store")
    for command in (
        ["source", "add", "wiki", "files", "--option", f"path={tmp_path / 'data.ttl'}"],
        ["build"],
        ["query", "gremlin", "g.V().hasLabel('Org').values('p_name')"],
    ):
        cli(["--data-dir", data, *command], standalone_mode=False)
    assert "Acme" in capsys.readouterr().out
