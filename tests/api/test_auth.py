"""Signing in over HTTP: session cookie, bearer token, Basic; forged and hostile requests."""

import base64

import httpx
import pytest

from api.app import build_app
from tests.api.conftest import PASSWORDS, Client, Shop, connect

pytestmark = pytest.mark.anyio

QUERY = {"query": "{ me { name role } }"}
SIGN_IN = {"username": "admin", "password": PASSWORDS["admin"]}


async def test_a_browser_signs_in_and_out(nobody: httpx.AsyncClient) -> None:
    assert (await nobody.get("/api/session")).status_code == 401
    signed_in = await nobody.post("/api/session", json=SIGN_IN)
    assert signed_in.json() == {"user": {"name": "admin", "role": "ADMIN"}}
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await nobody.get("/api/session")).json()["user"]["name"] == "admin"
    answer = await nobody.post("/graphql", json=QUERY, headers={"X-Bifrost": "1"})
    assert answer.json()["data"]["me"] == {"name": "admin", "role": "ADMIN"}
    assert (await nobody.delete("/api/session", headers={"X-Bifrost": "1"})).status_code == 204
    assert (await nobody.get("/api/session")).status_code == 401


async def test_a_cookie_over_https_is_secure(shop: Shop) -> None:
    transport = httpx.ASGITransport(shop.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://bifrost.test") as http:
        assert "; Secure" in (await http.post("/api/session", json=SIGN_IN)).headers["set-cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://bifrost.test"}, 200),
        ({"X-Bifrost": "1"}, 200),
    ],
)
async def test_a_cookie_alone_changes_nothing(nobody: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    await nobody.post("/api/session", json=SIGN_IN)
    assert (await nobody.post("/graphql", json=QUERY, headers=headers)).status_code == status


async def test_a_stale_cookie_does_not_keep_anybody_from_signing_in(nobody: httpx.AsyncClient) -> None:
    nobody.cookies.set("bifrost_session", "stale")
    assert (await nobody.get("/")).status_code == 200
    assert (await nobody.post("/graphql", json=QUERY)).status_code == 401
    assert (await nobody.post("/api/session", json=SIGN_IN)).status_code == 200


async def test_programs_send_a_token_as_bearer_or_as_password(admin: Client, shop: Shop) -> None:
    made = await admin.graphql('mutation { createToken(name: "t", scopes: ["read"]) { secret token { id scopes } } }')
    secret = made["createToken"]["secret"]
    for header in (f"Bearer {secret}", "Basic " + base64.b64encode(f"admin:{secret}".encode()).decode()):
        async with connect(shop.app) as http:
            answer = await http.post("/graphql", json=QUERY, headers={"Authorization": header})
        assert answer.json()["data"]["me"]["name"] == "admin"
    listed = await admin.graphql("{ tokens { name scopes lastUsed expires } }")
    assert listed["tokens"][0]["lastUsed"]
    assert secret not in str(listed)


@pytest.mark.parametrize(
    "header", ["Bearer no", "Basic ???", "Basic bm9jb2xvbg==", "Digest x", "", "Bearer " + "x" * 5000]
)
async def test_bad_credentials_are_refused_even_where_none_are_needed(nobody: httpx.AsyncClient, header: str) -> None:
    response = await nobody.get("/health", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthenticated"


async def test_guessing_is_slowed_down_and_written_down(nobody: httpx.AsyncClient, shop: Shop) -> None:
    statuses = []
    for number in range(7):
        wrong = {"username": "admin", "password": f"guess {number}"}
        response = await nobody.post("/api/session", json=wrong)
        statuses.append(response.status_code)
    assert statuses[:5] == [401] * 5
    assert 429 in statuses[5:]
    assert int(response.headers["retry-after"]) >= 1
    assert response.json()["error"]["retryable"] is True
    log = [(entry.user, entry.action, entry.outcome) for entry in shop.accounts.audit_log()]
    assert ("admin", "signIn", "unauthenticated") in log


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"username": 1, "password": "x"}', b'{"username": "x"}', b"x" * 20_000, b"\xff"]
)
async def test_malformed_sign_ins_are_refused(nobody: httpx.AsyncClient, body: bytes) -> None:
    response = await nobody.post("/api/session", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 413)
    assert set(response.json()["error"]) == {"code", "message", "remedy", "retryable"}


async def test_a_form_of_another_site_cannot_sign_anybody_in(nobody: httpx.AsyncClient) -> None:
    assert (await nobody.post("/api/session", data=SIGN_IN)).status_code == 400


class TestWithoutSignIn:
    """A throw-away service lets in whoever reaches it on loopback, but no other web page."""

    @pytest.mark.parametrize(
        ("url", "headers", "status"),
        [
            ("http://127.0.0.1:8420", {}, 200),
            ("http://localhost:8420", {"Origin": "http://localhost:8420"}, 200),
            ("http://localhost:8420", {"Origin": "http://evil.test"}, 403),
            ("http://evil.test:8420", {"Origin": "http://evil.test:8420"}, 403),
        ],
    )
    async def test_who_gets_in(self, shop: Shop, url: str, headers: dict[str, str], status: int) -> None:
        app = build_app(shop.service, None)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url, headers=headers) as http:
            response = await http.post("/graphql", json=QUERY)
        assert response.status_code == status
        app.close()
