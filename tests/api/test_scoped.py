"""Invariant 8: a reader of some sources sees, on every surface, what a graph built without the others would show."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.accounts import open_accounts
from api.app import build_app
from api.gremlin import gremlin_routes
from api.permissions import Principal, Role
from api.scoped import ScopedService
from bifrost.errors import InputError
from bifrost.settings import load_settings
from graphstore.gremlin.served import gremlin_engine
from graphstore.source_edits import SourceEdits
from graphstore.sql import SqlStore
from tests.api.conftest import PASSWORDS, QUICK, Client, Shop, connect
from tests.api.shop import LETTER, proposal, uid

pytestmark = pytest.mark.anyio


@pytest.fixture
def limited(shop: Shop) -> Iterator[Shop]:
    """``rob`` sees the letters only."""
    shop.service.store.links.save_link_types([proposal()])
    shop.accounts.set_sources("rob", ["mail"])
    engine = gremlin_engine(shop.service.store, shop.service.edits)
    shop.service.gremlin = engine  # type: ignore[attr-defined]
    shop.app.close()
    app = build_app(shop.service, shop.accounts, extra_routes=gremlin_routes(engine, shop.app.authenticator))
    yield Shop(shop.service, shop.accounts, app)
    app.close()


@pytest.fixture
async def rob(limited: Shop) -> AsyncIterator[Client]:
    async with connect(limited.app, "rob") as http:
        yield Client(http, "rob")


async def test_counts_types_and_schema_are_those_of_the_visible_part(rob: Client) -> None:
    data = await rob.graphql(
        """{ me { sources } statistics { vertices edges sources vertexLabels { label } edgeLabels { label } patterns { label } }
             vertexTypes { label } sources { name options } vertices { totalCount nodes { id } } edges { nodes { id } }
             linkTypes { id } judgements { id } builds { id } failures { record } reviewSummary { proposed } edits { id } }"""
    )
    assert data["me"]["sources"] == ["mail"]
    assert data["statistics"] == {
        "vertices": 1,
        "edges": 0,
        "sources": 1,
        "vertexLabels": [{"label": "Document"}],
        "edgeLabels": [],
        "patterns": [],
    }
    assert data["vertices"] == {"totalCount": 1, "nodes": [{"id": LETTER}]}
    assert data["linkTypes"] == data["builds"] == []
    assert not any(word in json.dumps(data) for word in ("Customer", "shop", "Ann"))
    types = await rob.graphql("{ __schema { types { name } } }")
    assert not any(type_["name"] in ("Customer", "Order") for type_ in types["__schema"]["types"])
    assert "errors" in await rob.execute("{ customers { totalCount } }")


async def test_nothing_is_found_by_id_search_path_or_provenance(rob: Client) -> None:
    data = await rob.graphql(
        """query($id: ID!) { vertex(id: $id) { id } search(text: "Thing") { vertex { id } } source(name: "shop") { name }
             path(from: $id, to: "shop/orders/1") { truncated } neighbourhood(ids: [$id]) { vertices { id } }
             build(id: 1) { id } }""",
        id=uid("customers", 1),
    )
    assert data == {
        "vertex": None,
        "search": [],
        "source": None,
        "path": None,
        "neighbourhood": {"vertices": []},
        "build": None,
    }
    seen = await rob.graphql('{ search(text: "letter") { vertex { id sources } } documents { nodes { title } } }')
    assert seen["search"][0]["vertex"] == {"id": LETTER, "sources": ["mail"]}
    assert seen["documents"]["nodes"] == [{"title": "A letter"}]


async def test_sparql_too(rob: Client) -> None:
    query = "SELECT (COUNT(DISTINCT ?s) AS ?n) (GROUP_CONCAT(STR(?o)) AS ?all) WHERE { ?s ?p ?o }"
    text = (await rob.http.get("/sparql", params={"query": query})).text
    assert "A letter" in text
    assert "Ann" not in text
    assert "Customer" not in text


async def test_gremlin_too(rob: Client, limited: Shop) -> None:
    async def ask(http: httpx.AsyncClient, query: str) -> Any:
        response = await http.post(
            "/gremlin", json={"gremlin": query}, headers={"Accept": "application/json;types=false"}
        )
        return response.json()["result"]["data"]

    assert await ask(rob.http, "g.V().label()") == ["Document"]
    assert await ask(rob.http, "g.E().count()") == [0]
    async with connect(limited.app, "admin") as http:
        assert await ask(http, "g.V().count()") == [30]


async def test_metrics_and_pages_of_hidden_documents_are_closed(limited: Shop) -> None:
    limited.accounts.set_sources("rob", ["shop"])
    async with connect(limited.app, "rob") as http:
        assert (await http.get("/metrics")).status_code == 403
        assert (await http.get(f"/api/documents/page?id={LETTER}")).status_code == 404
        shown = (await http.post("/graphql", json={"query": "{ customers { totalCount } }"})).json()
    assert shown == {"data": {"customers": {"totalCount": 5}}}


async def test_a_new_record_of_a_visible_source_shows_up(rob: Client, limited: Shop) -> None:
    before = (await rob.graphql("{ statistics { vertices } }"))["statistics"]["vertices"]
    limited.service.store.fragments.remove_records("mail", "letters", ["letter.pdf"])
    after = (await rob.graphql("{ statistics { vertices } }"))["statistics"]["vertices"]
    assert (before, after) == (1, 0)


async def test_who_sees_all_sources_uses_the_main_graph(limited: Shop) -> None:
    limited.accounts.set_sources("rob", ["mail", "shop", "more"])
    async with connect(limited.app, "rob") as http:
        answer = (await http.post("/graphql", json={"query": "{ statistics { vertices } builds { id } }"})).json()
    assert answer["data"]["statistics"] == {"vertices": 30}
    assert answer["data"]["builds"]


async def test_only_readers_can_be_limited(limited: Shop) -> None:
    with pytest.raises(InputError):
        limited.accounts.add_user("zoe", "long enough", Role.REVIEWER, ["mail"])
    with pytest.raises(InputError):
        limited.accounts.set_sources("admin", ["mail"])
    add = 'mutation { addUser(name: "zoe", password: "long enough", role: READER, sources: ["mail"]) { sources } }'
    async with connect(limited.app, "admin") as http:
        admin = Client(http, "admin")
        assert (await admin.graphql(add))["addUser"] == {"sources": ["mail"]}
        freed = await admin.graphql('mutation { setSources(name: "zoe") { name sources } }')
    assert freed["setSources"] == {"name": "zoe", "sources": None}


def test_tokens_and_sessions_are_limited_as_their_user(limited: Shop) -> None:
    rob = Principal.of("rob", Role.READER, via="session", sources=frozenset({"mail"}))
    secret = limited.accounts.create_token(rob, "t", ["read"]).secret
    assert limited.accounts.by_token(secret).sources == frozenset({"mail"})
    assert limited.app.authenticator is not None
    cookie = limited.app.authenticator.sessions.start("rob")
    assert limited.app.authenticator.sessions.find(cookie).principal.sources == frozenset({"mail"})
    assert limited.accounts.sign_in("rob", PASSWORDS["rob"]).sources == frozenset({"mail"})


def test_accounts_of_the_first_version_get_the_column(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    opened = open_accounts(settings, QUICK)
    opened.ensure_admin("a long password")
    opened.close()
    with sqlite3.connect(tmp_path / "accounts.sqlite") as database:
        database.execute("ALTER TABLE account_user DROP COLUMN sources")
        database.execute("DELETE FROM account_version WHERE version > 1")
    database.close()
    opened = open_accounts(settings, QUICK)
    assert opened.user("admin").sources is None
    opened.close()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_removed_source_goes_from_the_indexes_of_readers_at_once(limited: Shop, is_open: bool) -> None:
    store = limited.service.store
    assert isinstance(store, SqlStore)
    scoped = ScopedService(limited.service, store.scoped(frozenset({"mail"})))
    assert scoped.search.search("letter")
    assert scoped.sparql.graphs()
    file = Path(str(scoped.store.database.url.database))
    search, rdf = file.with_name(f"{file.stem}-search.sqlite"), file.with_name(f"{file.stem}-sparql")
    if is_open:
        SourceEdits(store).remove("mail", by="ann")
        with closing(sqlite3.connect(search)) as connection:
            assert connection.execute("SELECT count(*) FROM content").fetchone() == (0,)
        assert scoped.sparql.position() == scoped.store.log.position() > 0
    else:
        scoped.close()
        with closing(SqlStore(f"sqlite:///{store.database.url.database}")) as other:
            SourceEdits(other).remove("mail", by="ann")
        assert not search.exists()
        assert not rdf.exists()
    scoped.close()
