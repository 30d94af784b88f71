"""The calls of AWS graph-notebook 5 (``%%gremlin``, ``%%sparql``, ``%gremlin_status``) and of graph-explorer in direct
mode, as their clients send them, to the whole service behind its sign-in."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from gremlin_python.driver import serializer
from gremlin_python.driver.aiohttp.transport import AiohttpTransport
from gremlin_python.driver.client import Client as GremlinClient

from api.app import build_app
from api.gremlin import gremlin_routes
from graphstore.gremlin.served import gremlin_engine
from tests.api.conftest import PASSWORDS, Server, Shop

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")

FORM = {"content-type": "application/x-www-form-urlencoded"}
UNTYPED = "application/vnd.gremlin-v3.0+json;types=false"
TYPED = "application/vnd.gremlin-v3.0+json"
SELECT = "SELECT ?s WHERE { ?s a <https://bifrost.local/t/Customer> } LIMIT 3"
SERIALIZERS = [
    serializer.GraphSONSerializersV2d0,
    serializer.GraphSONSerializersV3d0,
    serializer.GraphBinarySerializersV1,
]


@pytest.fixture
def gremlin_server(shop: Shop) -> Iterator[Server]:
    engine = gremlin_engine(shop.service.store, shop.service.edits)
    authenticator = shop.app.authenticator
    app = build_app(
        shop.service, shop.accounts, extra_routes=gremlin_routes(engine, authenticator), authenticator=authenticator
    )
    with Server(app) as running:
        yield running
    engine.close()


@pytest.fixture
def http(gremlin_server: Server) -> Any:
    with httpx.Client(base_url=gremlin_server.url, auth=("admin", PASSWORDS["admin"]), timeout=60) as made:
        yield made


@pytest.mark.parametrize("kind", SERIALIZERS)
def test_a_gremlin_cell_over_a_websocket(gremlin_server: Server, kind: Any) -> None:
    """``Client.gremlin_query``: a connection a cell, a string, bindings of None."""
    client = GremlinClient(
        f"{gremlin_server.url.replace('http', 'ws')}/gremlin",
        "g",
        transport_factory=lambda: AiohttpTransport(),
        username="admin",
        password=PASSWORDS["admin"],
        message_serializer=kind(),
        headers={},
    )
    try:
        found = client.submit("g.V().hasLabel('Customer').limit(2).valueMap(true)", None).all().result()
        paths = client.submit("g.V().hasLabel('Order').limit(1).out().path().by(elementMap())", None).all().result()
    finally:
        client.close()
    assert len(found) == 2
    assert all("company_name" in one for one in found)
    assert len(paths) == 2


def test_a_gremlin_cell_over_http(http: httpx.Client) -> None:
    """``Client.gremlin_http_query``: JSON without a content type."""
    body = json.dumps({"gremlin": "g.V().hasLabel('Customer').groupCount().by(label)"})
    answer = http.post("/gremlin", content=body, headers={"Accept": UNTYPED})
    assert answer.json()["result"]["data"][0]["Customer"] > 0


def test_the_status_magic_lists_and_cancels(http: httpx.Client) -> None:
    """``Client.gremlin_status`` and ``gremlin_cancel``: a posted form."""
    slow = {"gremlin": "g.inject(1).repeat(identity()).until(loops().is(-1))", "queryId": "cell-1"}
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(http.post("/gremlin", content=json.dumps(slow))))
    asking.start()

    def status(**fields: Any) -> httpx.Response:
        return http.post("/gremlin/status", content=urlencode(fields), headers=FORM)

    while {"queryId": "cell-1"} not in status(includeWaiting=True).json()["queries"]:
        time.sleep(0.02)
    assert status(queryId="cell-1", cancelQuery=True).status_code == 200
    asking.join()
    assert "cancelled" in answers[0].json()["message"]
    assert status(queryId="cell-1", cancelQuery=True).status_code == 404
    assert http.post("/gremlin/status", content=b"x" * 20_000, headers=FORM).status_code == 400


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        (SELECT, "application/sparql-results+json", "application/sparql-results+json"),
        ("ASK { ?s ?p ?o }", "application/sparql-results+json", "application/sparql-results+json"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 2", "text/turtle", "text/turtle"),
    ],
)  # fmt: skip
def test_a_sparql_cell(http: httpx.Client, query: str, accept: str, kind: str) -> None:
    """``Client.sparql``: a posted form, the format in Accept."""
    answer = http.post("/sparql", content=urlencode({"query": query}), headers=FORM | {"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.text


def test_the_explorer_finds_what_is_there(http: httpx.Client) -> None:
    """graph-explorer on opening a connection: summaries, labels, one vertex a label, patterns of edges, a neighbour page."""
    summary = http.get("/pg/statistics/summary?mode=basic").json()["payload"]["graphSummary"]
    assert http.get("/propertygraph/statistics/summary").json()["payload"]["graphSummary"] == summary
    assert "Customer" in summary["nodeLabels"]
    assert http.get("/rdf/statistics/summary?mode=basic").json()["payload"]["graphSummary"]["classes"]
    label = summary["edgeLabels"][0]
    vertex = _gremlin(http, "g.V().hasLabel('Order').limit(1)")[0]["@value"]["id"]
    queries = {
        "g.V().groupCount().by(label)": 1,
        "g.V().limit(1).project('Customer','Order').by(V().hasLabel('Customer').limit(1))"
        ".by(V().hasLabel('Order').limit(1))": 1,
        f"g.E().hasLabel('{label}').group().by(label()).by(limit(10000).project('sourceType','targetType')"
        ".by(outV().label()).by(inV().label()).dedup().fold())": 1,
        "g.V().hasLabel('Customer').or(has('company_name',containing('Ann')),has(id,containing('Ann'))).range(0,10)": None,
        f"g.V('{vertex}').as('start').both().dedup().range(0, 10).as('neighbor').project('vertex','edges').by()"
        ".by(__.select('start').bothE().where(otherV().where(eq('neighbor'))).dedup().fold())": 2,
    }
    for query, count in queries.items():
        found = _gremlin(http, query)
        assert found if count is None else len(found) == count


def _gremlin(http: httpx.Client, query: str) -> Any:
    answer = http.post("/gremlin", json={"query": query}, headers={"Accept": TYPED})
    assert answer.status_code == 200, answer.text
    data = answer.json()["result"]["data"]
    assert data["@type"] == "g:List"
    return data["@value"]
