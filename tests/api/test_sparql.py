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
        {"query": SELECT, "default-graph-uri": "urn:g"},
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
    assert (await admin.http.get("/sparql/graphs", params={"graph": "urn:x> { } DROP"})).status_code == 400
    assert (await admin.http.get("/sparql/graphs")).status_code == 400


async def test_graph_explorers_get_a_summary(admin: Client) -> None:
    payload = (await admin.http.get("/rdf/statistics/summary?mode=basic")).json()["payload"]
    assert "https://bifrost.local/t/Customer" in payload["graphSummary"]["classes"]
    assert {"https://bifrost.local/l/placed_by": 20} in payload["graphSummary"]["predicates"]
