"""The SPARQL 1.1 protocol, with real clients."""

import warnings
from urllib.parse import urlencode

import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import BASIC, JSON, POST, SPARQLWrapper

from tests.api.conftest import PASSWORDS, Client, Server

pytestmark = pytest.mark.anyio

SELECT = """PREFIX t: <https://bifrost.local/t/> PREFIX p: <https://bifrost.local/p/>
SELECT ?name WHERE { ?customer a t:Customer; p:visits 1; p:company_name ?name }"""


@pytest.mark.parametrize("method", ["GET", POST])
def test_sparqlwrapper_gets_right_answers(server: Server, method: str) -> None:
    client = SPARQLWrapper(f"{server.url}/sparql", returnFormat=JSON)
    client.setHTTPAuth(BASIC)
    client.setCredentials("admin", PASSWORDS["admin"])
    client.setMethod(method)
    client.setQuery(SELECT)
    assert client.query().convert()["results"]["bindings"] == [{"name": {"type": "literal", "value": "Ann 1"}}]


def test_rdflib_gets_right_answers(server: Server) -> None:
    store = SPARQLStore(f"{server.url}/sparql", auth=("admin", PASSWORDS["admin"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = list(rdflib.Graph(store).query(SELECT))
    assert [str(row[0]) for row in rows] == ["Ann 1"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (SELECT, "application/sparql-query; charset=utf-8"),
        (urlencode({"query": SELECT}), "application/x-www-form-urlencoded"),
    ],
    ids=["directly", "form"],
)
async def test_queries_are_posted_directly_or_as_forms(admin: Client, content: str, media_type: str) -> None:
    response = await admin.http.post("/sparql", content=content, headers={"Content-Type": media_type})
    assert response.headers["content-type"].startswith("application/sparql-results+json")
    assert response.json()["results"]["bindings"][0]["name"]["value"] == "Ann 1"


async def test_the_answer_has_the_format_asked_for(admin: Client) -> None:
    response = await admin.http.get(
        "/sparql", params={"query": SELECT}, headers={"Accept": "application/sparql-results+xml"}
    )
    assert response.text.startswith("<?xml")


async def test_formats_that_there_are_not_are_406(admin: Client) -> None:
    for path in ("/sparql", "/sparql?query=ASK+%7B%7D", "/sparql/graphs?default"):
        response = await admin.http.get(path, headers={"Accept": "image/png"})
        assert (response.status_code, response.json()["error"]["code"]) == (406, "not_acceptable")
        assert "There are: " in response.json()["error"]["message"]
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
        assert (await admin.http.get(path, headers={"Accept": browser})).status_code == 200


async def test_a_get_without_a_query_describes_the_service(admin: Client) -> None:
    response = await admin.http.get("/sparql")
    graph = rdflib.Graph().parse(data=response.text, format="turtle")
    assert (None, rdflib.RDF.type, rdflib.URIRef("http://www.w3.org/ns/sparql-service-description#Service")) in graph


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", "application/sparql-update"),
        ("update=CLEAR+ALL", "application/x-www-form-urlencoded"),
        ("DELETE WHERE { ?s ?p ?o }", "application/sparql-query"),
    ],
)
async def test_updates_are_refused(admin: Client, content: str, media_type: str) -> None:
    response = await admin.http.post("/sparql", content=content, headers={"Content-Type": media_type})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize(
    "params",
    [
        {"query": ["ASK {}", "ASK {}"]},
        {"query": " "},
        {"query": SELECT, "default-graph-uri": "no iri"},
        {"query": "SELECT WHERE"},
    ],
)
async def test_wrong_requests_are_explained(admin: Client, params: dict[str, str | list[str]]) -> None:
    response = await admin.http.get("/sparql", params=params)
    assert response.status_code == 400
    assert response.json()["error"]["remedy"]


async def test_whole_graphs_can_be_fetched(admin: Client) -> None:
    response = await admin.http.get("/sparql/graphs?default")
    graph = rdflib.Graph().parse(data=response.text, format="turtle")
    assert (None, rdflib.URIRef("https://bifrost.local/p/company_name"), rdflib.Literal("Ann 1")) in graph
    assert (None, rdflib.RDF.type, rdflib.OWL.Class) not in graph
    assert (await admin.http.get("/sparql/graphs", params={"graph": "urn:x> { } DROP"})).status_code == 400
    assert (await admin.http.get("/sparql/graphs?default&graph=urn:x")).status_code == 400
    assert (await admin.http.get("/sparql/graphs")).status_code == 400


async def test_a_graph_is_fetched_by_its_name_or_by_the_path_below_the_base(admin: Client) -> None:
    by_name = await admin.http.get("/sparql/graphs", params={"graph": "https://bifrost.local/s/shop"})
    by_path = await admin.http.get("/sparql/graphs/s/shop", headers={"Accept": "application/n-triples"})
    assert by_path.headers["content-type"] == "application/n-triples"
    first, second = rdflib.Graph(), rdflib.Graph()
    first.parse(data=by_name.text, format="turtle")
    second.parse(data=by_path.text, format="nt")
    assert set(first) == set(second) != set()
    assert (await admin.http.get("/sparql/graphs/ontology")).text.count("owl#Class") == 4
    for path in ("/sparql/graphs/s/nothing", "/sparql/graphs?graph=urn:nothing"):
        response = await admin.http.get(path)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert (await admin.http.head("/sparql/graphs/s/shop")).status_code == 200
    assert (await admin.http.put("/sparql/graphs/s/shop", content="")).status_code == 405


async def test_where_values_came_from_is_a_graph_of_its_own(admin: Client) -> None:
    path = "/sparql/graphs/provenance/shop/customers/1"
    response = await admin.http.get(path)
    graph = rdflib.Graph().parse(data=response.text, format="turtle")
    sources = set(graph.objects(None, rdflib.URIRef("https://bifrost.local/o/source")))
    assert sources == {rdflib.Literal("shop")}
    assert rdflib.Literal("Ann 1") in set(graph.objects(None, rdflib.RDF.object))
    named = {"graph": "https://bifrost.local/provenance/shop/customers/1"}
    assert (await admin.http.get("/sparql/graphs", params=named)).text == response.text
    assert (await admin.http.get("/sparql/graphs/provenance/shop/customers/99")).status_code == 404
    assert (await admin.http.get(path, headers={"Accept": "image/png"})).status_code == 406


async def test_the_dataset_of_the_request_replaces_that_of_the_query(admin: Client) -> None:
    async def count(**params: str | list[str]) -> int:
        query = "SELECT (COUNT(*) AS ?n) FROM <urn:none> { ?s a ?t FILTER(?t != rdf:Statement) }"
        query = f"PREFIX rdf: <{rdflib.RDF}> {query}"
        response = await admin.http.get("/sparql", params={"query": query, **params})
        return int(response.json()["results"]["bindings"][0]["n"]["value"])

    base = "https://bifrost.local/s/"
    assert await count() == 0
    assert await count(**{"default-graph-uri": f"{base}mail"}) == 1
    assert await count(**{"default-graph-uri": [f"{base}mail", f"{base}shop"]}) == 30
    assert await count(**{"named-graph-uri": f"{base}mail"}) == 0


async def test_the_ontology_is_there_for_who_asks(admin: Client) -> None:
    owl = "http://www.w3.org/2002/07/owl#Class"
    for query, found in ((f"ASK {{ ?c a <{owl}> }}", False), (f"ASK {{ GRAPH ?g {{ ?c a <{owl}> }} }}", True)):
        assert (await admin.http.get("/sparql", params={"query": query})).json()["boolean"] is found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of rdflib's JSON-LD parser
@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("*/*", "turtle"),
        ("application/rdf+xml", "xml"),
        ("application/n-triples", "nt"),
        ("application/ld+json", "json-ld"),
    ],
)
async def test_the_description_names_graphs_and_formats(admin: Client, accept: str, format: str) -> None:
    response = await admin.http.get("/sparql", headers={"Accept": accept})
    graph = rdflib.Graph().parse(data=response.text, format=format)
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    assert rdflib.URIRef("https://bifrost.local/s/shop") in set(graph.objects(None, sd.name))
    assert len(set(graph.objects(None, sd.resultFormat))) == 11


async def test_graph_explorers_get_a_summary(admin: Client) -> None:
    payload = (await admin.http.get("/rdf/statistics/summary?mode=basic")).json()["payload"]
    assert "https://bifrost.local/t/Customer" in payload["graphSummary"]["classes"]
    assert {"https://bifrost.local/l/placed_by": 20} in payload["graphSummary"]["predicates"]
