"""Invariant 9: random questions have the same answer in Gremlin, SPARQL and GraphQL, and the one that plain Python gives."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from api.app import build_app
from api.gremlin import gremlin_routes
from bifrost.settings import load_settings
from bifrost.values import Value
from graphstore.gremlin.served import gremlin_engine
from graphstore.sql import SqlStore
from tests.api.asking.answers import Model, same
from tests.api.asking.elements import edges, found, values
from tests.api.asking.questions import Condition, Groups, Identities, Measure, Question, random_questions
from tests.api.asking.surfaces import Surfaces
from tests.api.asking.worlds import WORDS, Thing, World, fill, random_world, uid
from tests.api.shop import ShopService
from tests.fixtures.searching import examples
from tests.graphstore.databases import empty, postgres_url, shared_postgres_url

__all__ = ["postgres_url", "shared_postgres_url"]

PHASES = (Phase.explicit, Phase.generate)
seeds = st.integers(0, 2**32 - 1)
Outcome = tuple[Counter[str], list[Any]]


@asynccontextmanager
async def asking(service: ShopService) -> AsyncIterator[Surfaces]:
    engine = gremlin_engine(service.store, service.edits)
    app = build_app(service, None, extra_routes=gremlin_routes(engine, None))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            yield await Surfaces.of(http)
    finally:
        app.close()


async def ask_all(service: ShopService, some: Sequence[Question]) -> Outcome:
    """Asks all questions everywhere; returns how many each surface had words for, and who says something else."""
    model, expressed, others = Model.of(service.store.view()), Counter[str](), []
    async with asking(service) as surfaces:
        for question in some:
            wanted = model.answer(question)
            if wanted is None and not isinstance(question.ask, Measure):
                continue
            expressed["telling"] += wanted not in (None, 0, [], Counter())
            async for surface, answer in surfaces.answers(question):
                expressed[surface] += 1
                nothing = wanted is None and answer in (None, 0.0)
                if not nothing and not same(answer, wanted):
                    others.append((surface, question, answer, wanted))
    return expressed, others


async def compare_elements(service: ShopService) -> list[Any]:
    """Values with their sources, edges with their properties, and what words find: who says something else."""
    async with asking(service) as surfaces:
        told = {"values": await values(surfaces), "edges": await edges(surfaces)}
        told |= {word: await found(surfaces, word) for word in WORDS if word.isascii()}
    return [
        (what, surface, facts ^ of["graphql"])
        for what, of in told.items()
        for surface, facts in of.items()
        if facts != of["graphql"]
    ]


@contextmanager
def filled(folder: Path, world: World, url: str | None = None) -> Iterator[ShopService]:
    settings_ = load_settings(data_dir=folder, store_url=None if url is None else SecretStr(url))
    store = SqlStore(settings_.effective_store_url)
    store.migrate()
    service = ShopService(settings_, store)
    try:
        fill(store, world)
        yield service
    finally:
        service.close()


def ask(folder: Path, world: World, some: Sequence[Question], url: str | None = None) -> Outcome:
    with filled(folder, world, url) as service:
        return asyncio.run(ask_all(service, some))


@settings(examples(3), phases=PHASES)
@given(seeds)
def test_random_questions_have_one_answer(seed: int) -> None:
    random = Random(seed)
    world, some = random_world(random), random_questions(random, 40)
    with tempfile.TemporaryDirectory() as folder:
        assert ask(Path(folder), world, some)[1] == []


@settings(examples(1), phases=PHASES, suppress_health_check=list(HealthCheck))
@given(seeds)
def test_random_questions_have_one_answer_over_postgresql(shared_postgres_url: str, seed: int) -> None:
    random = Random(seed)
    world, some = random_world(random), random_questions(random, 40)
    with tempfile.TemporaryDirectory() as folder:
        try:
            assert ask(Path(folder), world, some, shared_postgres_url)[1] == []
        finally:
            empty(shared_postgres_url)


@settings(examples(2), phases=PHASES)
@given(seeds)
def test_values_edges_and_words_are_the_same_everywhere(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), random_world(Random(seed))) as service:
        assert asyncio.run(compare_elements(service)) == []


def test_most_questions_can_be_asked_and_have_an_answer_that_tells_something(tmp_path: Path) -> None:
    """So that the tests above cannot silently compare nothing."""
    expressed = Counter[str]()
    for seed in (1, 4):
        random = Random(seed)
        expressed += ask(tmp_path / str(seed), random_world(random), random_questions(random, 60))[0]
    assert expressed["sparql"] > 100
    assert expressed["gremlin"] > 90
    assert expressed["generic"] > 50
    assert expressed["typed filters"] > 10
    assert expressed["typed forwards"] > 10
    assert expressed["telling"] > 30


# ---- what random questions found -----------------------------------------------------------------------------------------

_EAST = timezone(timedelta(hours=5, minutes=30))
TWICE = World(
    [Thing("left", "Person", {"name": ("Ann",)}), Thing("right", "Person", {"name": ("Ann",)})], [], [(0, 1)], []
)
MOMENTS = World(
    [
        Thing("left", "Person", {"born": (date(2000, 1, 1),), "seen": (datetime(2000, 1, 1),)}),
        Thing("left", "Person", {"stamp": (datetime(2000, 1, 1, 3, tzinfo=_EAST),), "price": (Decimal("0.1"),)}),
        Thing("left", "Person", {"stamp": (datetime(2000, 1, 1, 3, 0, 0, 250000, tzinfo=_EAST),)}),
    ], [], [], [],
)  # fmt: skip


def having(name: str, op: str, *wanted: Value) -> Question:
    return Question("Person", (Condition(name, op, wanted),), (), True, Identities())


FOUND = {
    "a value of two sources is one value": (TWICE, [Question(None, (), (), True, Measure("name", "count"))]),
    "and one in a group": (TWICE, [Question(None, (), (), True, Groups("name"))]),
    "a day is found by its moment": (
        MOMENTS,
        [having("born", op, date(2000, 1, 1)) for op in ("eq", "in", "neq", "gte")],
    ),
    "and a time without a zone": (
        MOMENTS,
        [having("seen", op, datetime(2000, 1, 1)) for op in ("eq", "in", "neq", "gte")],
    ),
    "moments compare as moments": (
        MOMENTS,
        [
            having("stamp", op, datetime(1999, 12, 31, hour, 30, 0, fraction, tzinfo=UTC))
            for op in ("eq", "neq", "lt", "lte", "gt", "gte")
            for hour, fraction in ((21, 0), (21, 250000), (22, 0))
        ],
    ),
    "a decimal is found by its number": (MOMENTS, [having("price", op, Decimal("0.1")) for op in ("eq", "in", "lte")]),
}


@pytest.mark.parametrize("case", FOUND)
def test_disagreements_that_there_were_stay_away(tmp_path: Path, case: str) -> None:
    assert ask(tmp_path, *FOUND[case])[1] == []


def test_they_stay_away_over_postgresql(tmp_path: Path, postgres_url: str) -> None:
    _, some = FOUND["moments compare as moments"]
    assert ask(tmp_path, MOMENTS, some, postgres_url)[1] == []


def test_gremlin_finds_numbers_of_any_type_within_others(tmp_path: Path) -> None:
    async def ids(service: ShopService) -> list[Any]:
        async with asking(service) as surfaces:
            return await surfaces.ask_gremlin("g.V().has('price', within(0.1d, 7)).id()", {})

    with filled(tmp_path, MOMENTS) as service:
        assert asyncio.run(ids(service)) == [uid(MOMENTS, 1)]
