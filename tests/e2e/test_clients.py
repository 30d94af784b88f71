"""Clients that nobody here wrote get the same right answers from a running service."""

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.httpx import HTTPXTransport
from gremlin_python.driver.client import Client as GremlinClient
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.driver.serializer import GraphBinarySerializersV1, GraphSONSerializersV3d0
from gremlin_python.process.anonymous_traversal import traversal
from gremlin_python.process.graph_traversal import GraphTraversalSource, __
from gremlin_python.process.traversal import TextP
from SPARQLWrapper import JSON, POST, SPARQLWrapper

from tests.e2e.conftest import PASSWORD, Served

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")]

NODE_CLIENT = """
const gremlin = require("gremlin");
const authenticator = new gremlin.driver.auth.PlainTextSaslAuthenticator("admin", process.argv[3]);
const connection = new gremlin.driver.DriverRemoteConnection(process.argv[2], { authenticator });
const g = gremlin.process.AnonymousTraversalSource.traversal().withRemote(connection);
g.V().hasLabel("SalesOrder").out("customer").dedup().count().next()
  .then((found) => console.log(JSON.stringify(Number(found.value))))
  .finally(() => connection.close());
"""

OLDER_PYTHON_CLIENT = """
import sys, importlib.metadata
from gremlin_python.driver.client import Client
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.process.anonymous_traversal import traversal
address, password = sys.argv[1:]
connection = DriverRemoteConnection(address, "g", username="admin", password=password)
by_bytecode = traversal().with_remote(connection).V().has_label("SalesOrder").out("customer").dedup().count().next()
connection.close()
client = Client(address, "g", username="admin", password=password)
(by_text,) = client.submit("g.V().hasLabel('SalesOrder').out('customer').dedup().count()").all().result()
client.close()
import gremlin_python
print(gremlin_python.__file__.startswith(sys.path[1]), by_bytecode, by_text)
"""


@pytest.fixture(scope="module")
def ordering_customers(served: Served) -> int:
    """How many customers ordered something, counted in the source itself."""
    with sqlite3.connect(served.folder / "erp.sqlite") as database:
        (count,) = database.execute("SELECT count(DISTINCT customer_no) FROM sales_order").fetchone()
    database.close()
    return int(count)


@pytest.fixture(
    scope="module", params=[GraphBinarySerializersV1, GraphSONSerializersV3d0], ids=["graphbinary", "graphson3"]
)
def connection(served: Served, request: pytest.FixtureRequest) -> Iterator[DriverRemoteConnection]:
    made = DriverRemoteConnection(
        _websocket(served), "g", username="admin", password=PASSWORD, message_serializer=request.param()
    )
    yield made
    made.close()


def _websocket(served: Served) -> str:
    return served.url.replace("http://", "ws://") + "/gremlin"


def test_gremlinpython_sends_bytecode(connection: DriverRemoteConnection, ordering_customers: int) -> None:
    g: GraphTraversalSource = traversal().with_(connection)
    assert g.V().has_label("SalesOrder").out("customer").dedup().count().next() == ordering_customers
    name = g.V().has_label("Customer").order().by("customer_no").values("company").next()
    found = g.V().has("Customer", "company", TextP.starting_with(name[:5])).where(__.values("company").is_(name))
    assert found.values("company").to_list() == [name]
    origin = g.V().has("Customer", "company", name).properties("company").value_map().next()
    assert origin["source"] == "erp"


def test_gremlinpython_sends_strings(served: Served, ordering_customers: int) -> None:
    client = GremlinClient(_websocket(served), "g", username="admin", password=PASSWORD)
    try:
        text = "g.V().hasLabel(kind).out('customer').dedup().count()"
        assert client.submit(text, {"kind": "SalesOrder"}).all().result() == [ordering_customers]
    finally:
        client.close()


def test_gremlinpython_3_7(served: Served, ordering_customers: int, tmp_path: Path) -> None:
    """The release before speaks bytecode with a step of another name at its end."""
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(tmp_path / "lib"),
        "gremlinpython==3.7.*",
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "lib")}
    command = [sys.executable, "-W", "ignore", "-c", OLDER_PYTHON_CLIENT, _websocket(served), PASSWORD]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", str(ordering_customers), str(ordering_customers)]


def test_a_wrong_password_is_refused(served: Served) -> None:
    client = GremlinClient(_websocket(served), "g", username="admin", password="wrong")
    try:
        with pytest.raises(Exception, match=r"(?i)incorrect|password|unauth"):
            client.submit("g.V().count()").all().result()
    finally:
        client.close()


def test_the_javascript_client(served: Served, ordering_customers: int, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "gremlin@3.7"], cwd=tmp_path, check=True, timeout=300
    )
    (tmp_path / "ask.js").write_text(NODE_CLIENT)
    command = ["node", "ask.js", _websocket(served), PASSWORD]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == ordering_customers


def test_sparqlwrapper(served: Served, ordering_customers: int) -> None:
    client = SPARQLWrapper(served.url + "/sparql", returnFormat=JSON)
    client.setMethod(POST)
    client.addCustomHttpHeader("Authorization", "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode())
    client.setQuery(
        """
        PREFIX t: <https://bifrost.local/t/> PREFIX l: <https://bifrost.local/l/>
        SELECT (COUNT(DISTINCT ?customer) AS ?n) WHERE { ?order a t:SalesOrder ; l:customer ?customer }
        """
    )
    found: Any = client.query().convert()
    assert int(found["results"]["bindings"][0]["n"]["value"]) == ordering_customers


def test_gql(served: Served, ordering_customers: int) -> None:
    transport = HTTPXTransport(url=served.url + "/graphql", auth=("admin", PASSWORD), timeout=60)
    question = gql(
        """
        { statistics { patterns { tail label head count } }
          vertices(label: "SalesOrder", first: 500) {
            totalCount nodes { edges(labels: ["customer"], first: 2) { head { id } } } } }
        """
    )
    with Client(transport=transport, fetch_schema_from_transport=True) as client:
        answer = client.execute(question)
    orders = answer["vertices"]["nodes"]
    customers = {"tail": "SalesOrder", "label": "customer", "head": "Customer", "count": len(orders)}
    assert len(orders) == answer["vertices"]["totalCount"]
    assert len({edge["head"]["id"] for order in orders for edge in order["edges"]}) == ordering_customers
    assert customers in answer["statistics"]["patterns"]
