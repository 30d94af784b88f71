"""What FROM and FROM NAMED make of the graphs: several as one default graph, each triple once."""

import json
from pathlib import Path

import pytest

from bifrost.errors import QueryLimitError
from bifrost.links import LinkKind, SamePair, Verdict
from graphstore.sparql import SparqlProjection
from graphstore.sparql_text import dataset_of
from graphstore.sql import SqlStore
from tests.graphstore.databases import sqlite_template, sqlite_url
from tests.graphstore.test_sparql import BASE, PREFIXES, rows, sparql, store
from tests.graphstore.worlds import link_type, record_of, register, say

__all__ = ["sparql", "sqlite_template", "sqlite_url", "store"]

NAME, ONLY = "?x p:name 'Customer 0'", "?x p:only ?what"


@pytest.fixture(autouse=True)
def one_thing_in_three_sources(store: SqlStore) -> None:
    """They say its name alike, and each but the first something of its own."""
    register(store, "web/page")
    for dataset, other in (("crm/client", "erp/customer"), ("web/page", "crm/client")):
        say(store, dataset, record_of(dataset, "0", {"name": "Customer 0", "only": dataset}))
        same = link_type(LinkKind.SAME_THING, f"{dataset}.name", f"{other}.name")
        store.links.save_link_types([same])
        store.links.judge(same.id, Verdict.CONFIRM, "ann")
        store.links.write_same(same, [SamePair(f"{dataset}/0", f"{other}/0", 1.0)])


def count(sparql: SparqlProjection, pattern: str, *graphs: str, named: str = "") -> int:
    said = " ".join(f"FROM <{BASE}{graph}>" for graph in graphs) + (f" FROM NAMED <{BASE}{named}>" if named else "")
    (found,) = rows(sparql, f"SELECT (COUNT(*) AS ?n) {said} {{ {pattern} }}")
    return int(found["n"])


def test_what_several_graphs_say_is_found_once(sparql: SparqlProjection) -> None:
    assert count(sparql, f"GRAPH ?g {{ {NAME} }}") == 3
    assert count(sparql, NAME, "s/erp", "s/crm") == 1
    assert count(sparql, NAME, "s/erp", "s/crm", "s/web") == 1
    assert count(sparql, ONLY, "s/erp", "s/crm") == 1
    assert count(sparql, ONLY, "s/crm", "s/web") == 2


def test_graphs_named_twice_or_not_there_change_nothing(sparql: SparqlProjection) -> None:
    for graphs in (["s/erp"], ["s/erp", "s/erp"], ["s/erp", "s/none"]):
        assert (count(sparql, NAME, *graphs), count(sparql, ONLY, *graphs)) == (1, 0)
    assert count(sparql, NAME, "s/none", "s/nowhere") == 0


def test_all_graphs_are_the_default_graph_that_is_kept(sparql: SparqlProjection, tmp_path: Path) -> None:
    everything = [name.removeprefix(BASE) for name in sparql.graphs() if name != sparql.ontology]
    assert count(sparql, NAME, *everything) == 1
    assert count(sparql, ONLY, *everything) == 2
    assert list((tmp_path / "rdf").glob("merged-*")) == []
    assert count(sparql, NAME, *everything, "ontology") == 1
    assert count(sparql, "?t rdfs:label 'Customer'", *everything, "ontology") >= 1


def test_named_graphs_stand_beside(sparql: SparqlProjection) -> None:
    both = f"{NAME} GRAPH ?g {{ ?x p:only ?other }}"
    assert count(sparql, both, "s/erp", "s/crm") == 0
    assert count(sparql, both, "s/erp", "s/crm", named="s/web") == 1
    assert count(sparql, ONLY, "s/erp", "s/crm", named="s/web") == 1


def test_prefixes_bases_and_parameters_name_graphs_too(sparql: SparqlProjection) -> None:
    text = f"BASE <{BASE}s/> PREFIX s: <{BASE}s/> SELECT ?x FROM <erp> # FROM <web>\n FROM s:crm {{ {NAME} }}"
    assert len(rows(sparql, text)) == 1
    graphs = [f"{BASE}s/erp", f"{BASE}s/crm"]
    found = json.loads(sparql.query(f"{PREFIXES} SELECT * {{ {NAME} }}", default_graphs=graphs)[1])
    assert len(found["results"]["bindings"]) == 1


def test_a_merge_follows_the_graphs_and_few_are_kept(store: SqlStore, sparql: SparqlProjection, tmp_path: Path) -> None:
    pairs = [("s/erp", "s/crm"), ("s/crm", "s/web"), ("s/erp", "s/web")]
    assert [count(sparql, ONLY, *pair) for pair in pairs] == [1, 2, 1]
    say(store, "crm/client", record_of("crm/client", "3", {"only": "new"}), build=2)
    assert [count(sparql, ONLY, *pair) for pair in pairs] == [2, 3, 1]
    assert len(list((tmp_path / "rdf").glob("merged-*"))) == 2


def test_a_merge_that_takes_long_goes_on_while_who_asks_is_told(store: SqlStore, sparql: SparqlProjection) -> None:
    say(store, "crm/client", *(record_of("crm/client", str(number), {"only": f"{number}"}) for number in range(4_000)))
    sparql.catch_up()
    ask = f"SELECT * FROM <{BASE}s/erp> FROM <{BASE}s/crm> {{ ?x <{BASE}p/only> ?o }}"
    with pytest.raises(QueryLimitError, match="being put together"):
        sparql.query(ask, timeout=0.0)
    assert count(sparql, ONLY, "s/erp", "s/crm") == 4_000


def test_merges_that_a_killed_process_left_are_swept_away(sparql: SparqlProjection, tmp_path: Path) -> None:
    left = tmp_path / "rdf" / "merged-left"
    left.mkdir(parents=True)
    assert count(sparql, NAME, "s/erp", "s/crm") == 1
    assert not left.exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM <urn:a> FROM NAMED <urn:b> FROM <c> { }", (["urn:a", f"{BASE}c"], ["urn:b"])),
        ("BASE <http://x/> PREFIX : <http://e/> ASK FROM :a\\-b FROM <y> { }", (["http://e/a-b", "http://x/y"], [])),
        ("SELECT * FROM <urn:a/../b> { }", (["urn:a/../b"], [])),
        ("SELECT * FROM <urn:a> FROM <\\u0063> { }", ([], [])),
        ("SELECT * FROM <urn:a> FROM x:y { }", ([], [])),
        (
            "BASE <http://e/x/> SELECT * FROM <y> from named <../z> { ?from :named '''FROM <q>''' }",
            (["http://e/x/y"], ["http://e/z"]),
        ),
        ("SELECT * { ?x ?y 'FROM' # FROM <a>\n }", ([], [])),
    ],
)
def test_the_dataset_of_a_query(text: str, expected: tuple[list[str], list[str]]) -> None:
    assert dataset_of(text, BASE) == expected
