"""SPARQL over the served graph: what it says, how it follows, and what it refuses."""

import json
import re
import resource
import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import rdflib

from bifrost.errors import (
    NotAcceptableError,
    NotFoundError,
    PermissionDeniedError,
    QueryLimitError,
    QuerySyntaxError,
    StoreUnavailableError,
)
from bifrost.links import LinkEdge, LinkKind, SamePair, Verdict
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, Evidence, LinkStatement, RecordFragments
from graphstore import sparql_worker
from graphstore.sparql import SparqlProjection
from graphstore.sparql_text import media_types, refuse_unsafe
from graphstore.sql import SqlStore
from tests.graphstore.databases import sqlite_template, sqlite_url
from tests.graphstore.worlds import link_type, record, record_of, register, say

__all__ = ["sqlite_template", "sqlite_url"]

BASE = "https://graph.test/"
PREFIXES = f"""PREFIX v: <{BASE}v/> PREFIX p: <{BASE}p/> PREFIX t: <{BASE}t/> PREFIX l: <{BASE}l/> PREFIX o: <{BASE}o/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
"""


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlStore]:
    made = SqlStore(sqlite_url)
    register(made, "erp/customer", "erp/order", "crm/client", rank={"crm": 1})
    say(made, "erp/customer", *(record("erp/customer", str(i), name=f"Customer {i}") for i in range(3)))
    orders = [
        record(
            "erp/order",
            str(i),
            [("PLACED_BY", f"erp/customer/{i % 3}")],
            total=Decimal("1.50"),
            n=i,
            day=date(2024, 1, 1),
        )
        for i in range(4)
    ]
    say(made, "erp/order", *orders)
    say(made, "crm/client", record_of("crm/client", "a b/ü", {"full name": 'cust\n"0"', "score": 0.5, "vip": True}))
    yield made
    made.close()


@pytest.fixture
def sparql(store: SqlStore, tmp_path: Path) -> Iterator[SparqlProjection]:
    made = SparqlProjection(store, tmp_path / "rdf", BASE)
    yield made
    made.close()


def rows(sparql: SparqlProjection, text: str) -> list[dict[str, str]]:
    media_type, body = sparql.query(PREFIXES + text)
    assert media_type == "application/sparql-results+json"
    bindings = json.loads(body)["results"]["bindings"]
    return [{name: term["value"].removeprefix(BASE) for name, term in row.items()} for row in bindings]


def triples(sparql: SparqlProjection) -> set[str]:
    """Everything, with its graph."""
    found = json.loads(sparql.query("SELECT * { GRAPH ?g { ?s ?p ?o } }")[1])["results"]["bindings"]
    return {json.dumps(row, sort_keys=True) for row in found}


def test_vertices_have_types_labels_and_typed_values(sparql: SparqlProjection) -> None:
    assert len(rows(sparql, "SELECT ?c { ?c a t:Customer }")) == 3
    (found,) = rows(sparql, "SELECT ?l ?n { v:erp\\/order\\/2 rdfs:label ?l ; p:n ?n ; p:total 1.5 ; p:day ?day }")
    assert found == {"l": "2", "n": "2"}
    (client,) = rows(sparql, "SELECT ?c ?name { ?c p:vip true ; p:score 0.5e0 ; p:full%20name ?name }")
    assert client == {"c": "v/crm/client/a%20b%252F%C3%BC", "name": 'cust\n"0"'}


def test_edges_are_triples_and_statements_with_provenance(store: SqlStore, sparql: SparqlProjection) -> None:
    assert len(rows(sparql, "SELECT ?o { ?o l:PLACED_BY v:erp\\/customer\\/0 }")) == 2
    link = LinkStatement("crm/l", "KNOWS", "erp/customer/0", "erp/customer/1", {"since": (1999,)})
    register(store, "crm/pairs")
    say(store, "crm/pairs", RecordFragments("7", b"1", links=(link,)))
    (found,) = rows(
        sparql,
        "SELECT ?since ?source ?record ?score { ?s rdf:predicate l:KNOWS ; p:since ?since ; o:source ?source ;"
        " o:record ?record ; o:score ?score }",
    )
    assert found == {"since": "1999", "source": "crm", "record": "pairs/7", "score": "1"}


def test_what_two_sources_say_is_one_triple_of_the_default_graph(store: SqlStore, sparql: SparqlProjection) -> None:
    say(store, "crm/client", record_of("crm/client", "2", {"name": "Customer 0"}))
    known = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name")
    store.links.save_link_types([known])
    store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_same(known, [SamePair("crm/client/2", "erp/customer/0", 1.0)])
    ask = "SELECT (COUNT(*) AS ?n) { v:erp\\/customer\\/0 p:name ?x }"
    assert rows(sparql, ask) == [{"n": "1"}]
    assert len(rows(sparql, "SELECT ?g { GRAPH ?g { v:erp\\/customer\\/0 p:name ?x } }")) == 2
    store.fragments.remove_records("crm", "client", ["2"])
    assert rows(sparql, ask) == [{"n": "1"}]
    store.fragments.remove_records("erp", "customer", ["0"])
    assert rows(sparql, ask) == [{"n": "0"}]


def test_the_ontology_tells_properties_with_what_their_sources_declare(
    store: SqlStore, sparql: SparqlProjection
) -> None:
    columns = (
        ColumnInfo("total", "number"),
        ColumnInfo("n", "integer", comment="Its number."),
        ColumnInfo("day", "date"),
    )
    info = DatasetInfo("order", DatasetKind.TABLE, columns, comment="What was ordered.")
    client = DatasetInfo("client", DatasetKind.TABLE, (ColumnInfo("n", "text"),))
    store.catalog.save_datasets("erp", [info], {"order": "Order"})
    store.catalog.save_datasets("crm", [client], {"client": "Client"})
    sparql.rebuild()

    def told(of: str) -> set[tuple[str, str]]:
        found = rows(sparql, f"SELECT ?p ?o {{ GRAPH <{BASE}ontology> {{ {of} ?p ?o }} }}")
        return {(row["p"].rpartition("#")[2].rpartition("/")[2], row["o"].rpartition("#")[2]) for row in found}

    assert told("p:n") == {
        ("type", "DatatypeProperty"), ("label", "n"), ("comment", "Its number."), ("domainIncludes", "t/Order"),
        ("domainIncludes", "t/Client"),
    }  # fmt: skip
    assert told("p:day") == {("type", "DatatypeProperty"), ("label", "day"), ("domain", "t/Order"), ("range", "date")}
    assert told("p:total") == {("type", "DatatypeProperty"), ("label", "total"), ("domain", "t/Order")}
    assert told("p:vip") == {("type", "DatatypeProperty"), ("label", "vip")}
    assert told("t:Order") == {("type", "Class"), ("label", "Order"), ("comment", "What was ordered.")}
    store.catalog.remove_source("crm")
    assert told("p:vip") == set()


def test_links_tell_their_extractor_and_doubts_where_they_have_some(store: SqlStore, sparql: SparqlProjection) -> None:
    register(store, "crm/pairs")
    links = [
        LinkStatement("l1", "KNOWS", "erp/customer/0", "erp/customer/1"),
        LinkStatement("l2", "KNOWS", "erp/customer/1", "erp/customer/2", {}, Evidence("rule.email", 0.75)),
    ]
    say(store, "crm/pairs", RecordFragments("1", b"1", links=tuple(links)))
    ask = "SELECT ?e ?x ?c { ?e rdf:predicate l:KNOWS OPTIONAL { ?e o:extractor ?x ; o:confidence ?c } } ORDER BY ?e"
    first, second = rows(sparql, ask)
    assert first == {"e": "e/l1"}
    assert (second["e"], second["x"], float(second["c"])) == ("e/l2", "rule.email", 0.75)


def test_a_vertex_tells_where_its_values_came_from(store: SqlStore, sparql: SparqlProjection) -> None:
    media_type, body = sparql.provenance("erp/order/1", "text/csv, application/n-triples;q=0.1")
    assert media_type == "application/n-triples"
    graph = rdflib.Graph().parse(data=body.decode(), format="nt")
    (statement,) = graph.subjects(rdflib.RDF.object, rdflib.Literal(1))
    o = rdflib.Namespace(f"{BASE}o/")
    assert graph.value(statement, rdflib.RDF.subject) == rdflib.URIRef(f"{BASE}v/erp/order/1")
    said = {term: str(graph.value(statement, o[term])) for term in ("source", "record", "extractor")}
    assert said == {"source": "erp", "record": "order/1", "extractor": "row"}
    assert float(str(graph.value(statement, o.confidence))) == 1.0
    assert graph.value(statement, o.time) is not None
    with pytest.raises(NotFoundError):
        sparql.provenance("erp/order/99")


def test_each_source_and_link_type_has_its_graph(store: SqlStore, sparql: SparqlProjection) -> None:
    known = link_type(LinkKind.REFERENCE, "crm/client.n", "erp/order.n", "ORDERED")
    store.links.save_link_types([known])
    store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_links(known, [LinkEdge("crm/client/a b%2Fü", "erp/order/1", 0.8)])
    found = {row["g"] for row in rows(sparql, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")}
    assert found == {"s/erp", "s/crm", f"links/{known.id}", "ontology"}
    (edge,) = rows(sparql, f"SELECT ?score {{ GRAPH <{BASE}links/{known.id}> {{ ?s o:score ?score }} }}")
    assert float(edge["score"]) == 0.8
    assert rows(sparql, f"SELECT ?name {{ GRAPH <{BASE}ontology> {{ <{BASE}links/{known.id}> rdfs:label ?name }} }}")


def test_merged_vertices_keep_what_each_source_says_apart(store: SqlStore, sparql: SparqlProjection) -> None:
    before = triples(sparql)
    known = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name")
    store.links.save_link_types([known])
    judgement = store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_same(known, [SamePair("crm/client/a b%2Fü", "erp/customer/0", 1.0)])
    assert rows(sparql, f"SELECT ?n {{ GRAPH <{BASE}s/crm> {{ v:erp\\/customer\\/0 p:full%20name ?n }} }}")
    assert len(rows(sparql, "SELECT ?t { v:erp\\/customer\\/0 a ?t }")) == 1
    store.links.undo(judgement.id, "ann")
    assert triples(sparql) == before


def test_following_equals_rebuilding(store: SqlStore, sparql: SparqlProjection) -> None:
    sparql.catch_up()
    say(store, "erp/order", record("erp/order", "0", [("PLACED_BY", "erp/customer/2")], n=7), build=2)
    store.fragments.remove_records("erp", "order", ["1"])
    store.catalog.remove_source("crm")
    followed = triples(sparql)
    sparql.rebuild()
    assert triples(sparql) == followed
    assert sparql.catch_up() == 0
    assert sparql.position() == store.log.position()


def test_parallel_edges_share_a_triple_until_the_last_one_goes(store: SqlStore, sparql: SparqlProjection) -> None:
    register(store, "crm/pairs")
    links = [LinkStatement(f"l{i}", "KNOWS", "erp/customer/0", "erp/customer/1") for i in range(2)]
    say(store, "crm/pairs", *(RecordFragments(str(i), b"1", links=(link,)) for i, link in enumerate(links)))
    ask = "SELECT ?b { v:erp\\/customer\\/0 l:KNOWS ?b }"
    assert len(rows(sparql, ask)) == 1
    store.fragments.remove_records("crm", "pairs", ["0"])
    assert len(rows(sparql, ask)) == 1
    store.fragments.remove_records("crm", "pairs", ["1"])
    assert rows(sparql, ask) == []


def test_it_continues_where_it_was_and_starts_anew_under_another_base(
    store: SqlStore, sparql: SparqlProjection, tmp_path: Path
) -> None:
    assert sparql.catch_up() == store.log.position()
    sparql.close()
    assert sparql.catch_up() == 0
    sparql.close()
    other = SparqlProjection(store, tmp_path / "rdf", "https://other.test/")
    try:
        assert other.catch_up() == store.log.position()
        assert b"https://graph.test/" not in other.query("SELECT * { ?s ?p ?o }")[1]
    finally:
        other.close()


def test_what_a_crash_of_the_machine_may_have_lost_is_applied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: dict[str, Any] = {"vertices": [], "edges": [], "labels": "l/"}
    folder = tmp_path / "rdf"
    folder.mkdir()
    worker = sparql_worker.Worker(folder, "stamp")
    for position in (5, 6, 7):
        worker.apply(nothing, "<a:a> <a:b> <a:c> <a:g> .", position, False)
    assert sparql_worker.position_of(folder, "stamp") == 7
    assert sparql_worker.position_of(folder, "another") == 0
    monkeypatch.setattr(sparql_worker, "_boot", lambda: "another start of the machine")
    assert sparql_worker.position_of(folder, "stamp") == 5, "the first was flushed, the others came right after it"
    worker.apply(nothing, "<a:a> <a:b> <a:d> <a:g> .", 30_000, True)
    monkeypatch.setattr(sparql_worker, "_boot", lambda: "a third one")
    assert sparql_worker.position_of(folder, "stamp") == 30_000, "in bulk everything is flushed"


@pytest.mark.parametrize(
    ("query", "accept", "media_type", "start"),
    [
        ("SELECT ?s { ?s ?p ?o } LIMIT 1", "text/csv", "text/csv", b"s\r\n"),
        (
            "SELECT ?s { ?s ?p ?o } LIMIT 1",
            "application/sparql-results+xml",
            "application/sparql-results+xml",
            b"<?xml",
        ),
        ("SELECT ?s { ?s ?p ?o } LIMIT 1", "text/tab-separated-values", "text/tab-separated-values", b"?s\n"),
        ("ASK { ?s ?p ?o }", "*/*", "application/sparql-results+json", b'{"head"'),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "*/*", "text/turtle", b"<https"),
        ("DESCRIBE ?s { ?s ?p ?o }", "application/n-triples, text/turtle;q=.5", "application/n-triples", b"<https"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "text/html, application/xml;q=0.9, */*;q=0.8", "text/turtle", b"<https"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "application/*", "application/n-triples", b"<https"),
        ("SELECT ?s { ?s ?p ?o } LIMIT 1", "text/*", "text/csv", b"s\r\n"),
        (
            "SELECT ?s { ?s ?p ?o } LIMIT 1",
            "application/*;q=0.1, text/html",
            "application/sparql-results+json",
            b'{"head"',
        ),
        ("SELECT ?s { ?s ?p ?o } LIMIT 1", "", "application/sparql-results+json", b'{"head"'),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "application/rdf+xml", "application/rdf+xml", b"<?xml"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "application/ld+json", "application/ld+json", b"[{"),
    ],
)
def test_formats(sparql: SparqlProjection, query: str, accept: str, media_type: str, start: bytes) -> None:
    found, body = sparql.query(query, accept)
    assert found == media_type
    assert body.startswith(start)


@pytest.mark.parametrize(
    ("query", "accept", "format"),
    [
        ("SELECT ?s { ?s ?p ?o }", "text/turtle, image/*", "text/csv"),
        ("ASK { ?s ?p ?o }", "text/html", "application/sparql-results+xml"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "application/sparql-results+json", "text/turtle"),
    ],
)
def test_formats_that_the_result_cannot_have_are_refused_with_those_it_can(
    sparql: SparqlProjection, query: str, accept: str, format: str
) -> None:
    with pytest.raises(NotAcceptableError, match=re.escape(format)):
        sparql.query(query, accept)


def test_wrong_queries_say_where(sparql: SparqlProjection) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        sparql.query("SELECT * {\n ?s ?p }")
    assert (caught.value.line, caught.value.column) == (2, 9)
    with pytest.raises(QuerySyntaxError):
        sparql.query("")


@pytest.mark.parametrize(
    "query",
    ["INSERT DATA { <a:a> <a:b> 1 }", "PREFIX x: <a:> DELETE WHERE { ?s ?p ?o }", "CLEAR ALL", "LOAD <http://x/>",
     "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "SELECT * { sErViCe\nSILENT ?x { ?s ?p ?o } }"],
)  # fmt: skip
def test_updates_and_other_servers_are_refused(sparql: SparqlProjection, query: str) -> None:
    with pytest.raises(PermissionDeniedError):
        sparql.query(query)


def test_harmless_uses_of_those_words_are_not_refused() -> None:
    text = """PREFIX service: <x:> SELECT ?service {
      ?service service:insert "SERVICE \\" <x>" ; <x:SERVICE> '''DROP''' # CLEAR
    }"""
    assert refuse_unsafe(text) is False
    assert refuse_unsafe("SELECT * FROM <a:a> { }") is True


def test_a_query_that_runs_away_ends_and_harms_no_other(sparql: SparqlProjection) -> None:
    sparql.catch_up()
    runaway = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o }"
    answers: list[Any] = []
    other = threading.Thread(target=lambda: answers.append(sparql.query("ASK { ?s ?p ?o }", timeout=30)))
    with pytest.raises(QueryLimitError):
        other.start()
        sparql.query(runaway, timeout=0.5)
    other.join()
    assert len(answers) == 1
    assert len(rows(sparql, "SELECT ?c { ?c a t:Customer }")) == 3


def test_a_query_without_memory_is_not_tried_again_and_harms_no_other(sparql: SparqlProjection) -> None:
    sparql.catch_up()
    running = sparql._child._running
    assert running is not None
    resource.prlimit(running._process.pid, resource.RLIMIT_DATA, (600 * 2**20, 600 * 2**20))
    with patch.object(sparql._child, "_start", wraps=sparql._child._start) as started:
        with pytest.raises(QueryLimitError, match="memory"):
            sparql.query("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } ORDER BY ?c", timeout=120)
        assert started.call_count == 1
    assert len(rows(sparql, "SELECT ?c { ?c a t:Customer }")) == 3


def test_a_folder_that_another_process_serves_is_left_alone(
    store: SqlStore, sparql: SparqlProjection, tmp_path: Path
) -> None:
    sparql.catch_up()
    second = SparqlProjection(store, tmp_path / "rdf", BASE)
    try:
        assert second.catch_up() == 0
        with pytest.raises(StoreUnavailableError):
            second.query("ASK { ?s ?p ?o }")
    finally:
        second.close()


def test_from_limits_the_query_to_a_graph(sparql: SparqlProjection) -> None:
    (found,) = rows(sparql, f"SELECT (COUNT(DISTINCT ?s) AS ?n) FROM <{BASE}s/crm> {{ ?s a ?t }}")
    assert found["n"] == "1"


def test_media_types_are_ordered_by_quality() -> None:
    assert media_types("text/html;q=.2, */*;q=.1, text/csv, a/b;q=0, c/d;q=x") == ["text/csv", "text/html", "*"]


def test_the_child_may_answer_before_anybody_waits_for_it(
    sparql: SparqlProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    overtaken = []

    def start_and_be_overtaken(thread: threading.Thread) -> None:
        reads: Any = getattr(thread, "_target", None)
        start(thread)
        if thread.name == "sparql-answers":
            deadline = time.monotonic() + 30
            while reads.__self__._waiting and time.monotonic() < deadline:
                time.sleep(0.01)
            overtaken.append(not reads.__self__._waiting)

    monkeypatch.setattr(threading.Thread, "start", start_and_be_overtaken)
    sparql.catch_up()
    assert overtaken == [True]
    assert len(rows(sparql, "SELECT ?c { ?c a t:Customer }")) == 3
