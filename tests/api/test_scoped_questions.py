"""Invariant 8 by random questions: whoever sees some sources gets, on every surface, in search and in every export, what a
graph built from these sources alone says. And whoever sees all sources is served as if there were no scopes."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.accounts import Accounts, open_accounts
from api.app import Application, build_app
from api.gremlin import gremlin_routes
from api.permissions import Principal, Role
from api.scoped import Readers, ScopedService
from graphstore.export import FORMATS, Exporter
from graphstore.gremlin.served import gremlin_engine
from graphstore.sql import SqlStore
from tests.api.asking.answers import Model
from tests.api.asking.elements import edges, found, values
from tests.api.asking.exported import CONTENT
from tests.api.asking.questions import Question, random_questions
from tests.api.asking.surfaces import Surfaces
from tests.api.asking.worlds import SOURCES, WORDS, World, fill, random_world
from tests.api.conftest import PASSWORDS, QUICK, connect
from tests.api.shop import ShopService
from tests.fixtures.searching import examples

SCOPES = (SOURCES[:1], SOURCES[1:], SOURCES[:2], SOURCES[::2])


@asynccontextmanager
async def served(service: ShopService, accounts: Accounts | None = None) -> AsyncIterator[Application]:
    """The application with Gremlin on everybody's own graph."""
    engine = gremlin_engine(service.store, service.edits)
    service.gremlin = engine  # type: ignore[attr-defined]
    first = build_app(service, accounts)
    first.close()
    app = build_app(service, accounts, extra_routes=gremlin_routes(engine, first.authenticator))
    try:
        yield app
    finally:
        app.close()


def accounts_of(service: ShopService, scope: Sequence[str]) -> Accounts:
    accounts = open_accounts(service.settings, QUICK)
    accounts.ensure_admin(PASSWORDS["admin"])
    accounts.add_user("rob", PASSWORDS["rob"], Role.READER, list(scope))
    return accounts


async def answers(http: httpx.AsyncClient, some: Sequence[Question]) -> dict[str, Any]:
    """All that can be asked, by a text that says what and where."""
    surfaces = await Surfaces.of(http)
    told: dict[str, Any] = {}
    for number, question in enumerate(some):
        async for surface, answer in surfaces.answers(question):
            told[f"{number} {surface}: {question}"] = answer
    told |= {f"values in {surface}": facts for surface, facts in (await values(surfaces)).items()}
    told |= {f"edges in {surface}": facts for surface, facts in (await edges(surfaces)).items()}
    for word in WORDS:
        told |= {f"{word!r} in {surface}": ids for surface, ids in (await found(surfaces, word)).items()}
    return told


def exports(store: SqlStore, base_iri: str) -> dict[str, Counter[str]]:
    exporter = Exporter(store, base_iri)
    return {format: CONTENT[format](b"".join(exporter(format).chunks)) for format in FORMATS}


async def compare(
    service: ShopService, alone: ShopService, scope: Sequence[str], some: Sequence[Question]
) -> list[Any]:
    accounts = accounts_of(service, scope)
    model = Model.of(alone.store.view())
    some = [question for question in some if model.answer(question) is not None]
    try:
        async with served(service, accounts) as app, connect(app, "rob") as http:
            scoped = await answers(http, some)
        async with (
            served(alone) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http,
        ):
            wanted = await answers(http, some)
    finally:
        accounts.close()
    assert len(wanted) > len(some)
    return [
        (what, scoped.get(what), wanted.get(what)) for what in scoped | wanted if scoped.get(what) != wanted.get(what)
    ]


def check(folder: Path, world: World, scope: Sequence[str], some: Sequence[Question]) -> None:
    service, alone = ShopService.at(folder / "all"), ShopService.at(folder / "alone")
    try:
        fill(service.store, world)
        fill(alone.store, world, scope)
        assert asyncio.run(compare(service, alone, scope, some)) == []
        base_iri = service.settings.base_iri
        told = exports(service.store.scoped(frozenset(scope)), base_iri)
        for format, content in exports(alone.store, base_iri).items():
            assert told[format] == content, format
    finally:
        alone.close()
        service.close()


@settings(examples(2), phases=(Phase.explicit, Phase.generate))
@given(st.integers(0, 2**32 - 1))
def test_a_scoped_answer_is_that_of_a_graph_without_the_hidden_sources(seed: int) -> None:
    random = Random(seed)
    world, scope, some = random_world(random), random.choice(SCOPES), random_questions(random, 25)
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), world, scope, some)


def test_every_format_is_compared() -> None:
    assert CONTENT.keys() == FORMATS.keys()


def test_a_scoped_service_exports_its_own_store(tmp_path: Path) -> None:
    service = ShopService.at(tmp_path)
    fill(service.store, random_world(Random(4)))
    scoped = ScopedService(service, service.store.scoped(frozenset(SOURCES[:1])))
    try:
        for format in FORMATS:
            said = CONTENT[format](b"".join(scoped.export(format).chunks))
            assert said == exports(scoped.store, service.settings.base_iri)[format]
            assert said != exports(service.store, service.settings.base_iri)[format]
    finally:
        scoped.close()
        service.close()


# ---- who sees everything pays nothing --------------------------------------------------------------------------------------

QUERY = '{ statistics { vertices } vertices(first: 3) { nodes { id sources edges { label } } } search(text: "ann") { score } }'


@pytest.mark.anyio
async def test_who_sees_everything_is_served_by_the_same_statements_whether_others_are_limited_or_not(
    tmp_path: Path,
) -> None:
    service = ShopService.at(tmp_path)
    fill(service.store, random_world(Random(4)))
    accounts = accounts_of(service, SOURCES[:1])
    statements: list[str] = []
    sa.event.listen(service.store.engine, "before_cursor_execute", lambda *event: statements.append(event[2]))

    async def asked(http: httpx.AsyncClient) -> list[str]:
        statements.clear()
        for _ in range(2):  # the first time may fill caches
            statements.clear()
            assert "errors" not in (await http.post("/graphql", json={"query": QUERY})).json()
            assert (await http.post("/gremlin", json={"gremlin": "g.V().out().values('name')"})).status_code == 200
            assert (await http.get("/sparql", params={"query": "ASK { ?s ?p ?o }"})).status_code == 200
        return list(statements)

    try:
        async with (
            served(service) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http,
        ):
            without = await asked(http)
        async with served(service, accounts) as app, connect(app, "admin") as admin, connect(app, "rob") as rob:
            assert not list(tmp_path.glob("*scopes*"))
            assert await asked(admin) == without
            assert "errors" not in (await rob.post("/graphql", json={"query": QUERY})).json()
            assert list(tmp_path.glob("*scopes*"))
            assert await asked(admin) == without
    finally:
        accounts.close()
        service.close()


def test_who_sees_everything_gets_the_service_itself(tmp_path: Path) -> None:
    service = ShopService.at(tmp_path)
    fill(service.store, random_world(Random(4)))
    schemas: Any = object()
    readers = Readers(service, schemas)
    everybody = Principal.of("zoe", Role.READER, via="session")
    named = Principal.of("zoe", Role.READER, via="session", sources=frozenset(SOURCES))
    limited = Principal.of("rob", Role.READER, via="session", sources=frozenset(SOURCES[:1]))
    try:
        for principal in (None, everybody, named):
            assert readers.service(principal) is service
            assert readers.schemas(principal) is schemas
            assert readers.graph(principal) is None
        assert service.store.scoped(frozenset(SOURCES)) is service.store
        assert readers.service(limited) is not service
    finally:
        readers.close()
        service.close()
