"""Persisted operations outlive a restart; where a list is kept, only what administrators registered runs."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from api.app import Application, build_app
from api.cli import cli
from api.graphql.operations import OperationStore
from api.graphql.persisted import PersistedOperations, UnknownOperationError
from api.permissions import Principal, Role
from bifrost.errors import InputError, QuerySyntaxError
from bifrost.settings import load_settings
from tests.api.conftest import Shop, connect

pytestmark = pytest.mark.anyio

QUERY = "{ version }"
HASH = sha256(QUERY.encode()).hexdigest()
EXTENSIONS = {"persistedQuery": {"version": 1, "sha256Hash": HASH}}


async def post(http: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await http.post("/graphql", json=body)).json()
    return answer


async def test_a_persisted_operation_is_known_after_a_restart(shop: Shop) -> None:
    first = build_app(shop.service, shop.accounts)
    async with connect(first, "rob") as http:
        assert (await post(http, query=QUERY, extensions=EXTENSIONS))["data"]["version"]
    first.close()
    second = build_app(shop.service, shop.accounts)
    async with connect(second, "rob") as http:
        assert (await post(http, extensions=EXTENSIONS))["data"]["version"]
        assert (await post(http, documentId=f"sha256:{HASH}"))["data"]["version"]
    second.close()


def test_what_was_not_used_for_longest_makes_room_and_what_is_registered_stays(tmp_path: Path) -> None:
    store = OperationStore(load_settings(data_dir=tmp_path), most=3)
    listed = store.register("{ me { name } }", "ann")
    documents = [f"{{ a{number}: version }}" for number in range(4)]
    hashes = [sha256(document.encode()).hexdigest() for document in documents]
    for document in documents[:3]:
        store.remember(document)
    store.touch(hashes[0])
    store.remember(documents[3])
    assert [store.find(one) is not None for one in hashes] == [True, False, True, True]
    assert store.find(listed.hash) == ("{ me { name } }", True)
    store.remember("{ me { name } }")
    assert [one.by for one in store.registered()] == ["ann"]
    store.close()


def test_what_is_no_document_is_not_registered(tmp_path: Path) -> None:
    store = OperationStore(load_settings(data_dir=tmp_path))
    with pytest.raises(QuerySyntaxError):
        store.register("{ version", "ann")
    with pytest.raises(InputError):
        store.register("#" * 300_000, "ann")
    store.close()


def listed_only(shop: Shop) -> Application:
    shop.service.settings = shop.service.settings.model_copy(update={"graphql_operations": "registered"})
    return build_app(shop.service, shop.accounts)


async def test_where_a_list_is_kept_only_what_is_on_it_runs(shop: Shop) -> None:
    app = listed_only(shop)
    register = "mutation($d: String!) { registerOperation(document: $d) { hash by } }"
    async with connect(app, "rob") as rob, connect(app, "admin") as admin:
        bodies: list[dict[str, Any]] = [{"query": QUERY}, {"query": QUERY, "extensions": EXTENSIONS}]
        for body in bodies:
            refused = await post(rob, **body)
            assert refused["errors"][0]["extensions"]["code"] == "forbidden"
            assert "operations add" in refused["errors"][0]["extensions"]["remedy"]
        unknown = await post(rob, extensions=EXTENSIONS)
        assert unknown["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        assert (await post(rob, query=register, variables={"d": QUERY}))["errors"]
        assert (await post(admin, query=QUERY))["data"]["version"], "administrators register, so they may run anything"
        made = await post(admin, query=register, variables={"d": QUERY})
        assert made["data"]["registerOperation"] == {"hash": HASH, "by": "admin"}
        for body in [*bodies, {"extensions": EXTENSIONS}, {"documentId": f"sha256:{HASH}"}]:
            assert (await post(rob, **body))["data"]["version"]
        assert (await post(rob, query="{ version __typename }"))["errors"]
        seen = await post(admin, query="{ operations { hash document by } }")
        assert seen["data"]["operations"] == [{"hash": HASH, "document": QUERY, "by": "admin"}]
        remove = "mutation($h: String!) { removeOperation(hash: $h) }"
        assert (await post(admin, query=remove, variables={"h": HASH}))["data"]["removeOperation"]
        assert (await post(rob, query=QUERY))["errors"][0]["extensions"]["code"] == "forbidden"
        gone = await post(admin, query=remove, variables={"h": HASH})
        assert gone["errors"][0]["extensions"]["code"] == "not_found"
    app.close()


async def test_a_token_is_bound_to_the_list_and_the_console_is_not(shop: Shop) -> None:
    token = shop.accounts.create_token(Principal.of("rita", Role.REVIEWER, via="session"), "t", ["read"]).secret
    app = listed_only(shop)
    async with connect(app) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        assert (await post(http, query=QUERY))["errors"][0]["extensions"]["code"] == "forbidden"
    async with connect(app) as http:
        signed_in = await http.post("/api/session", json={"username": "rob", "password": "reader-password"})
        assert signed_in.status_code < 300
        http.headers["X-Bifrost"] = "1"
        assert (await post(http, query=QUERY))["data"]["version"]
    app.close()


async def test_readers_do_not_see_or_change_the_list(shop: Shop) -> None:
    async with connect(shop.app, "rita") as http:
        for query in ("{ operations { hash } }", 'mutation { removeOperation(hash: "x") }'):
            assert (await post(http, query=query))["errors"][0]["extensions"]["code"] == "forbidden"


def test_operations_are_registered_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "one.graphql").write_text(QUERY)
    other = "{ me { name } }"
    (tmp_path / "more.json").write_text(json.dumps({sha256(other.encode()).hexdigest(): other}))
    (tmp_path / "wrong.json").write_text(json.dumps({"0": other}))
    data = ["--data-dir", str(tmp_path / "data"), "--json"]

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(cli, [*data, "operations", *arguments])
        if done.exception is not None:
            raise done.exception
        return json.loads(done.stdout)

    first, _ = run("add", str(tmp_path / "one.graphql"), str(tmp_path / "more.json"))
    assert first["hash"] == HASH
    assert {one["document"] for one in run("list")} == {QUERY, other}
    run("remove", f"sha256:{HASH}")
    assert [one["document"] for one in run("list")] == [other]
    with pytest.raises(InputError):
        run("add", str(tmp_path / "wrong.json"))


def test_a_service_without_accounts_remembers_them_until_it_ends() -> None:
    persisted = PersistedOperations()
    assert persisted.complete({"query": QUERY, "extensions": EXTENSIONS})["query"] == QUERY
    assert persisted.complete({"extensions": EXTENSIONS})["query"] == QUERY
    with pytest.raises(UnknownOperationError):
        PersistedOperations().complete({"extensions": EXTENSIONS})
