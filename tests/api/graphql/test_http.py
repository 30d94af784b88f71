"""GraphQL over HTTP: statuses, media types, limits. The conformance audits cover the rest of the specification."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from gql import Client as GqlClient
from gql import gql
from gql.transport.httpx import HTTPXTransport

from api.app import build_app
from api.graphql import explore
from api.graphql.limits import Limits
from tests.api.conftest import PASSWORDS, Client, Server, Shop, connect

pytestmark = pytest.mark.anyio

STRICT = {"Accept": "application/graphql-response+json"}


def test_the_gql_client_gets_right_answers(server: Server) -> None:
    transport = HTTPXTransport(f"{server.url}/graphql", auth=("admin", PASSWORDS["admin"]))
    with GqlClient(transport=transport, fetch_schema_from_transport=True) as session:
        found = session.execute(gql('{ vertices(label: "Product", first: 1) { nodes { name } } }'))
    assert found == {"vertices": {"nodes": [{"name": "Thing 0"}]}}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{", 400, "query_syntax"),
        ("{ nothing }", 400, "query_invalid"),
        ("query($x: Int!) { builds(limit: $x) { id } }", 400, "query_invalid"),
        ("query A { version } query B { version }", 400, "query_invalid"),
        ("subscription { graphChanged }", 400, "method_not_allowed"),
        ("{ version }", 200, None),
    ],
)
async def test_a_request_that_cannot_be_executed_has_a_status_and_a_code(
    admin: Client, query: str, status: int, code: str | None
) -> None:
    response = await admin.http.post("/graphql", json={"query": query}, headers=STRICT)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    answer = response.json()
    if code is None:
        assert answer["data"]
    else:
        assert answer["errors"][0]["extensions"]["code"] == code
        assert "data" not in answer
    relaxed = await admin.http.post("/graphql", json={"query": query})
    assert relaxed.status_code == 200
    assert relaxed.headers["content-type"] == "application/json; charset=utf-8"


async def test_mutations_are_not_sent_by_get(admin: Client) -> None:
    response = await admin.http.get("/graphql", params={"query": "mutation { startBuild { id } }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert (await admin.http.get("/graphql", params={"query": "{ version }"})).json()["data"]["version"]


async def test_persisted_queries_are_remembered_by_their_hash(admin: Client) -> None:
    query = "{ version }"
    hashed = hashlib.sha256(query.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashed}}
    unknown = (await admin.http.post("/graphql", json={"extensions": extensions})).json()
    assert unknown["errors"][0]["message"] == "PersistedQueryNotFound"
    assert unknown["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    for body in ({"query": query, "extensions": extensions}, {"extensions": extensions}):
        assert (await admin.http.post("/graphql", json=body)).json()["data"]["version"]
    by_id = {"documentId": f"sha256:{hashed}"}
    assert (await admin.http.post("/graphql", json=by_id)).json()["data"]["version"]
    assert (await admin.http.post("/graphql", json={"documentId": "7"})).json()["errors"]
    forged = {"query": "{ me { name } }", "extensions": extensions}
    assert (await admin.http.post("/graphql", json=forged)).status_code == 400


def nested(depth: int) -> str:
    return "{ vertices { nodes { " + "edges { head { " * depth + "id" + " } }" * depth + " } } }"


@pytest.mark.parametrize(
    "query",
    [
        nested(12),
        "{ " + " ".join(f"a{i}: version" for i in range(200)) + " }",
        "{ " + "version " * 500 + " }",
        "query { "
        + " ".join(f"...f{i}" for i in range(150))
        + " } "
        + " ".join(f"fragment f{i} on Query {{ version }}" for i in range(150)),
        "{ vertices(first: 1000) { nodes { edges(first: 1000) { head { edges(first: 1000) { id } } } } } }",
        "{ vertices(first: 1000) { nodes { "
        + nested(3)[2:-2].replace("vertices { nodes {", "edges { head {")
        + " } } }",
        "{ a" + "[" * 5000,
        "{ " + "version " * 20_000 + "}",
        "query { ...f } fragment f on Query { ...f }",
    ],
)
async def test_documents_that_ask_too_much_are_refused_at_once(admin: Client, query: str) -> None:
    answer = await admin.execute(query)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] in ("query_limit", "query_syntax", "query_invalid")


async def test_variables_count_as_well(admin: Client) -> None:
    query = "query($n: Int = 1000) { vertices(first: $n) { nodes { edges(first: $n) { head { edges(first: $n) { id } } } } } }"
    assert "data" not in await admin.execute(query)
    assert (await admin.graphql(query, n=3))["vertices"]


async def test_limits_can_be_set(shop: Shop) -> None:
    app = build_app(shop.service, shop.accounts, limits=Limits(cost=10))
    async with connect(app, "admin") as http:
        answer = (await http.post("/graphql", json={"query": "{ vertices(first: 20) { nodes { id } } }"})).json()
    app.close()
    assert answer["errors"][0]["extensions"]["code"] == "query_limit"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[]", {}, 400),
        (b'[{"query": "{ version }"}]', {}, 400),
        (b"\xff", {}, 400),
        (b'{"query": "{ version }"}', {"Content-Type": "text/plain"}, 415),
        (b'{"query": "{ version }"}', {"Content-Type": "application/json; charset=latin-1"}, 415),
        (b'{"query": "' + b"x" * 2**21 + b'"}', {}, 413),
    ],
)
async def test_malformed_requests(admin: Client, body: bytes, headers: dict[str, str], status: int) -> None:
    response = await admin.http.post("/graphql", content=body, headers={"Content-Type": "application/json", **headers})
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["remedy"]


async def test_an_error_in_one_field_leaves_the_others(admin: Client) -> None:
    answer = await admin.execute(
        '{ version previewDataset(source: "none", dataset: "x") { columns } source(name: "shop") { name } }'
    )
    assert answer["errors"][0]["extensions"]["code"] == "not_found"
    nullable = await admin.execute(
        '{ source(name: "shop") { name } path(from: "a", to: "b", maxDepth: -1) { truncated } }'
    )
    assert nullable["data"]["source"] == {"name": "shop"}


async def test_a_slow_operation_is_stopped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.service.settings = shop.service.settings.model_copy(update={"query_timeout": 0.000_001})
    app = build_app(shop.service, shop.accounts)
    async with connect(app, "admin") as http:
        answer = (await http.post("/graphql", json={"query": "{ vertices { nodes { id } } }"})).json()
    app.close()
    assert answer["errors"][0]["extensions"]["code"] == "query_limit"


def audits() -> Path | None:
    folder = Path(os.environ.get("BIFROST_DATA", Path(__file__).parents[4] / "shared" / "data")).parent
    script = folder / "conformance" / "audit_graphql.mjs"
    return script if script.is_file() else None


@pytest.mark.skipif(audits() is None or shutil.which("npm") is None, reason="needs the audit script and npm")
def test_all_audits_of_the_specification_pass(shop: Shop, tmp_path: Path) -> None:
    npm = [
        shutil.which("npm") or "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "graphql@16",
        "graphql-http@1",
    ]
    subprocess.run(npm, cwd=tmp_path, check=True, timeout=300)
    app = build_app(shop.service, None)
    with Server(app) as server:
        command = ["node", str(audits()), f"{server.url}/graphql", "-v"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    counts = next(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("ALL"))
    assert counts == ["61", "61", "0", "0", "0", "0"], done.stdout


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "customers { nodes { " + "orders { number } " * 101 + "} } }",
        "{ " + ("customers { nodes { " + "orders { number } " * 10 + "} } ") * 11 + "}",
        "{ " + ("customers { ... { nodes { " + "orders { number } " * 10 + "} } } ") * 11 + "}",
    ],
)
async def test_a_field_cannot_be_repeated_without_end_over_several_levels(shop: Shop, query: str) -> None:
    async with connect(shop.app, "admin") as http:
        answer = (await http.post("/graphql", json={"query": query})).json()
    assert answer["errors"][0]["extensions"]["code"] == "query_limit"


async def test_a_neighbourhood_shares_the_links_it_reads_among_its_vertices(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = """query($ids: [ID!]!) { neighbourhood(ids: $ids, depth: 1) { vertices { id } edges { id } truncated } }"""
    starts = [f"shop/customers/{number}" for number in range(4)]
    async with connect(shop.app, "admin") as http:
        ask = {"query": query, "variables": {"ids": starts}}
        whole = (await http.post("/graphql", json=ask)).json()["data"]["neighbourhood"]
        monkeypatch.setattr(explore, "_MOST_LINKS", 8)
        some = (await http.post("/graphql", json=ask)).json()["data"]["neighbourhood"]
        none = (await http.post("/graphql", json={**ask, "variables": {"ids": ["no"]}})).json()["data"]["neighbourhood"]
    assert (len(whole["edges"]), whole["truncated"]) == (16, False)
    assert (len(some["edges"]), some["truncated"]) == (8, True)
    assert none == {"vertices": [], "edges": [], "truncated": False}


@pytest.mark.parametrize("field", ["neighbours", "edges", "neighboursConnection", "edgesConnection"])
async def test_a_negative_length_is_refused_below_a_vertex_too(admin: Client, field: str) -> None:
    answer = await admin.execute(f'{{ vertex(id: "shop/customers/1") {{ {field}(first: -1) {{ __typename }} }} }}')
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"
