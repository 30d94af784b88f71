"""RDF files as tables of things: one dataset per class, whatever the files are written in."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import rdflib

from bifrost.errors import RecordError
from bifrost.values import DatasetInfo, RowBatch
from connectors.files import FilesConnector, FilesOptions

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of rdflib, which writes the files

PREFIXES = """@prefix : <http://ex.org/> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
DATA = (
    PREFIXES
    + """
:ann a :P1, owl:NamedIndividual ; rdfs:label "Ann" ; :p_name "Anna"@de, "Ann"@en ; :age 33 ; :works :acme ;
  :born "1990-01-02"^^xsd:date ; :home <http://ann.example/> ; :kids ( :bob :cy ) ; :grade :best ;
  :addr [ a :Address ; :street "Main" ; :near [ a :Address ; :street "Side" ] ] ; :odd "x"^^xsd:integer .
:bob :p_name "Bob" ; :works :acme .
:cy a :Agent ; :p_name "Cy" .
:acme a :Org ; :p_name "Acme" .
[] rdf:subject :ann ; rdf:predicate :works ; rdf:object :acme ; :since 2020 ; :note "twice" .
:bob rdf:type :Agent, :P1, :Fan .
"""
)
ONTOLOGY = (
    PREFIXES
    + """
<http://ex.org/> a owl:Ontology ; owl:imports <http://169.254.169.254/secret> .
:P1 a owl:Class ; rdfs:label "Person" ; rdfs:subClassOf :Agent ; rdfs:comment "Who lives" .
:Org a owl:Class ; rdfs:label "Firma"@de, "Company"@en .
:works a owl:ObjectProperty ; rdfs:label "works for" ; rdfs:comment "Is employed by" ; rdfs:domain :P1 ; rdfs:range :Org .
:p_name a owl:DatatypeProperty ; rdfs:label "name" ; rdfs:comment "What it is called" .
:best a :Grade . :Grade a owl:Class .
"""
)


def source(folder: Path, **files: str | bytes) -> FilesConnector:
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return FilesConnector(FilesOptions.model_validate({"path": folder}))


def read(connector: FilesConnector) -> tuple[dict[str, dict[str, Any]], list[RecordError]]:
    """dataset -> key -> what is said, and the problems."""
    found: dict[str, dict[str, Any]] = {}
    problems = []
    for dataset in connector.datasets():
        for item in connector.crawl(dataset):
            if isinstance(item, RecordError):
                problems.append(item)
            elif isinstance(item, RowBatch):
                texts = item.table.column("said").to_pylist()
                found.setdefault(dataset.name, {}).update(zip(item.keys, map(orjson.loads, texts), strict=True))
    return found, problems


def links(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(link["label"], link["key"].removeprefix("http://ex.org/")) for link in said["links"]]


def test_instances_are_records_and_an_ontology_names_their_types(tmp_path: Path) -> None:
    connector = source(tmp_path, data_ttl=DATA, onto_ttl=ONTOLOGY)
    datasets = {one.name: one for one in connector.datasets()}
    assert list(datasets) == ["rdf#Address", "rdf#Agent", "rdf#Company", "rdf#Fan", "rdf#Grade", "rdf#Person"]
    person: DatasetInfo = datasets["rdf#Person"]
    assert (person.options["vertex_type"], person.comment, person.estimated_records) == ("Person", "Who lives", 1)
    assert person.options["links"] == {"works for": "Is employed by"}
    columns = {one.name: (one.type, one.comment) for one in person.columns}
    assert columns["age"] == ("integer", "")
    assert columns["born"] == ("date", "")
    assert columns["name"] == ("text", "What it is called")
    found, problems = read(connector)
    assert problems == []
    ann = found["rdf#Person"]["http://ex.org/ann"]
    assert ann["properties"] == {
        "iri": ["http://ex.org/ann"],
        "age": [33],
        "born": [{"@date": "1990-01-02"}],
        "home": ["http://ann.example/"],
        "name": ["Ann", "Anna"],
        "odd": ["x"],
    }
    assert ann["predicates"]["name"] == "http://ex.org/p_name"
    told = links(ann)
    assert ("works for", "acme") in told
    assert ("grade", "best") in told
    assert {("kids", "bob"), ("kids", "cy")} <= set(told)
    (about,) = [link["properties"] for link in ann["links"] if link["label"] == "works for"]
    assert about == {"since": [2020], "note": ["twice"]}
    assert len(found["rdf#Address"]) == 2
    assert found["rdf#Fan"]["http://ex.org/bob"]["properties"]["types"] == ["Agent", "Person"]


def test_things_without_a_type_get_one_from_what_is_said_of_them(tmp_path: Path) -> None:
    data = PREFIXES + ":x :works :y . :y :size 3 . :z :size 4 ."
    found, _ = read(source(tmp_path, data_ttl=data, onto_ttl=ONTOLOGY))
    assert {name: [key.rpartition("/")[2] for key in keys] for name, keys in found.items()} == {
        "rdf#Company": ["y"],
        "rdf#Grade": ["best"],
        "rdf#Person": ["x"],
        "rdf#Thing": ["z"],
    }


def test_true_is_not_one(tmp_path: Path) -> None:
    data = PREFIXES + ':x :works :y ; :mixed 1, true, "one", 0, false .'
    found, _ = read(source(tmp_path, data_ttl=data))
    (said,) = [one for keys in found.values() for key, one in keys.items() if key.endswith("/x")]
    values = said["properties"]["mixed"]
    assert sorted(map(repr, values)) == ["'one'", "0", "1", "False", "True"]


@pytest.mark.parametrize(
    ("suffix", "format"),
    [
        ("nt", "nt"),
        ("nq", "nquads"),
        ("trig", "trig"),
        ("rdf", "xml"),
        ("owl", "xml"),
        ("owl", "turtle"),
        ("jsonld", "json-ld"),
    ],
)
def test_all_formats_say_the_same(tmp_path: Path, suffix: str, format: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    dataset = rdflib.Dataset()
    graph = dataset.graph(rdflib.URIRef("http://ex.org/g"))
    graph.parse(data=DATA + ONTOLOGY, format="turtle")
    kept = dataset if format in ("nquads", "trig") else graph
    kept.serialize(tmp_path / "b" / f"all.{suffix}", format=format, encoding="utf-8")
    assert read(source(tmp_path / "b")) == read(source(tmp_path / "a", data_ttl=DATA, onto_ttl=ONTOLOGY))


def test_blank_nodes_keep_their_keys_from_reading_to_reading(tmp_path: Path) -> None:
    first = read(source(tmp_path, data_ttl=DATA))[0]["rdf#Address"]
    (tmp_path / "data.ttl").write_text("# another state of the file\n" + DATA)
    assert read(source(tmp_path))[0]["rdf#Address"] == first


def test_one_thing_in_two_files_is_one_record(tmp_path: Path) -> None:
    found, _ = read(
        source(tmp_path, a_ttl=PREFIXES + ":x a :T ; :p 1 .", b_nt=b'<http://ex.org/x> <http://ex.org/p> "b" .\n')
    )
    assert found == {"rdf#T": {"http://ex.org/x": found["rdf#T"]["http://ex.org/x"]}}
    assert sorted(map(str, found["rdf#T"]["http://ex.org/x"]["properties"]["p"])) == ["1", "b"]


def laughs(levels: int) -> bytes:
    entities = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, levels))
    return (
        f'<?xml version="1.0"?><!DOCTYPE r [{entities}]><rdf:RDF xmlns:x="http://x/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="http://x/a">'
        f"<x:v>&a{levels - 1};</x:v></rdf:Description></rdf:RDF>"
    ).encode()


EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:x="http://x/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="http://x/a"><x:v>&e;</x:v></rdf:Description></rdf:RDF>"""
NEST = 100_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad_ttl", b":x :y"),
        ("bad_nt", b"<http://x/a> <http://x/b> \xff\xfe ."),
        ("bad_jsonld", b'{"@context": "http://169.254.169.254/context", "@id": "http://x/a", "name": "n"}'),
        ("bad_jsonld", b'{"p":' * NEST + b"1" + b"}" * NEST),
        ("bad_rdf", EXTERNAL),
        ("bad_rdf", laughs(10)),
        ("bad_ttl", b"<http://x/a> <http://x/p> " + b"<<( <http://x/a> <http://x/p> " * NEST + b"1" + b")>>" * NEST + b"."),
        ("bad_owl", b""),
        ("bad_owl", b"\x00\x01\x02"),
    ],
    ids=["cut", "bytes", "remote context", "deep JSON", "external entity", "laughs", "deep terms", "empty", "binary"],
)  # fmt: skip
def test_hostile_and_broken_files_are_left_out_and_the_others_read(tmp_path: Path, name: str, content: bytes) -> None:
    started = time.monotonic()
    connector = source(tmp_path, good_ttl=PREFIXES + ":x a :T .", **{name: content})
    found, problems = read(connector)
    assert list(found) == ["rdf#T"]
    assert len(problems) == (content != b"")
    for problem in problems:
        assert problem.record == name.replace("_", ".")
        assert problem.remedy
        assert "root:" not in str(problem)
    assert time.monotonic() - started < 60
    assert connector.test().datasets == 1


def test_a_preview_shows_values_as_texts(tmp_path: Path) -> None:
    connector = source(tmp_path, data_ttl=DATA, onto_ttl=ONTOLOGY)
    (person,) = [one for one in connector.datasets() if one.name == "rdf#Person"]
    (row,) = connector.preview(person, 5).to_pylist()
    assert row["name"] == "Ann, Anna"
    assert row["works for"] == "http://ex.org/acme"
