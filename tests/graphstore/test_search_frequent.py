"""Questions whose words are all frequent ones: a sample answers them, the same whatever happened to the index before."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from graphstore.search import SearchProjection
from graphstore.search_fts import FtsIndex
from graphstore.search_words import MOST_LEVEL, level_of, sample_level
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]

Hits = list[tuple[str, tuple[str, ...], float]]
THINGS = 400
QUESTIONS = ("alpha beta", "alpha beta gamma", "alpha gamma delta beta", "alpha nowhere beta gamma delta client")


@pytest.fixture(autouse=True)
def little_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are lowered, so that few things reach them."""
    for module in ("search_words", "search_fts", "search_pg"):
        monkeypatch.setattr(f"graphstore.{module}.MOST_OF_A_WORD", 20)
    monkeypatch.setattr("graphstore.search_words._TOO_MANY", 40)
    monkeypatch.setattr("graphstore.search_words._SAMPLE", 100)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    register(made, "crm/client", "erp/order")
    yield made
    made.close()


def name(i: int) -> str:
    """Alpha or beta, some also gamma or delta."""
    words = ["alpha" if i % 2 else "beta", *(word for word, each in (("gamma", 3), ("delta", 7)) if i % each == 1)]
    return " ".join(words)


def hits(search: SearchProjection, question: str, limit: int = 1_000, offset: int = 0) -> Hits:
    return [(hit.vertex.id, hit.missing, hit.score) for hit in search.search(question, limit=limit, offset=offset)]


def answers(store: SqlStore) -> dict[str, Hits]:
    search = SearchProjection(store)
    try:
        return {question: hits(search, question) for question in QUESTIONS}
    finally:
        search.close()


def test_neither_order_nor_what_was_said_before_nor_hidden_sources_matter(store: SqlStore, tmp_path: Path) -> None:
    said = [record("crm/client", f"c{i}", name=name(i)) for i in range(THINGS)]
    before = [record("crm/client", f"c{i}", name=name(i + 1)) for i in range(0, THINGS, 3)]
    alone = SqlStore(f"sqlite:///{tmp_path}/alone.sqlite")
    alone.migrate()
    register(alone, "crm/client")
    say(alone, "crm/client", *said)
    expected = answers(alone)
    alone.close()
    say(store, "erp/order", *(record("erp/order", f"o{i}", name="alpha beta gamma") for i in range(100)))
    say(store, "crm/client", *before)
    assert answers(store.scoped(frozenset({"crm"}))) != expected
    for build, records in enumerate((reversed(said), said[:50], said), 2):
        say(store, "crm/client", *records, build=build)
        answers(store)
    assert answers(store.scoped(frozenset({"crm"}))) == expected
    assert answers(store)["alpha beta"] != expected["alpha beta"]
    store.catalog.remove_source("erp")
    found = answers(store)
    assert found == expected
    search = SearchProjection(store)
    search.rebuild()
    search.close()
    assert answers(store) == found


def test_pages_have_each_hit_once_while_the_index_moves(store: SqlStore) -> None:
    said = [record("crm/client", f"c{i}", name=name(i)) for i in range(THINGS)]
    say(store, "crm/client", *said)
    search = SearchProjection(store)
    for question in QUESTIONS:
        together = hits(search, question)
        pages: Hits = []
        for build, offset in enumerate(range(0, len(together) + 7, 7), 2):
            moved = [record("crm/client", f"c{i}", name=f"{name(i)} v{build}") for i in range(0, THINGS, 5)]
            say(store, "crm/client", *moved, build=build)
            pages += hits(search, question, 7, offset)
        assert pages == together
        assert 50 < len(together) < THINGS / 2
        assert [score for _, _, score in pages] == sorted((score for _, _, score in pages), reverse=True)
    search.close()


def test_the_few_that_have_most_of_the_words_are_all_found(store: SqlStore) -> None:
    """Whether they are in the sample or not, as long as there are no more than four words."""
    words = ("alpha", "beta", "gamma", "delta", "epsilon")
    many = [record("crm/client", f"m{i}", name=words[i % 5]) for i in range(THINGS)]
    few = [record("crm/client", f"f{i}", name="alpha beta gamma") for i in range(9)]
    say(store, "crm/client", *many, *few)
    search = SearchProjection(store)
    for question in ("alpha nowhere beta", "alpha beta delta", "delta gamma beta alpha"):
        found = [hit.vertex.id for hit in search.search(question, limit=9)]
        assert found == sorted(f"crm/client/f{i}" for i in range(9))
    five = search.search("alpha beta gamma delta epsilon", limit=1_000)
    level = sample_level(THINGS + 9)
    sampled = {f"crm/client/f{i}" for i in range(9) if level_of(f"crm/client/f{i}") >= level}
    assert {hit.vertex.id for hit in five if len(hit.missing) == 2} == sampled
    search.close()


def test_what_is_found_by_some_of_its_words_lacks_no_other_that_it_has(store: SqlStore) -> None:
    """Alpha and beta are seldom together; gamma is with each of them so often that these are not looked for."""
    many = [record("crm/client", f"m{i}", name=f"{'beta' if i % 2 else 'alpha'} gamma") for i in range(THINGS)]
    few = [record("crm/client", f"f{i}", name="alpha beta gamma" if i % 2 else "alpha beta") for i in range(10)]
    say(store, "crm/client", *many, *few)
    search = SearchProjection(store)
    found = hits(search, "alpha nowhere beta gamma", 10)
    assert [missing for _, missing, _ in found] == [("nowhere",)] * 5 + [("nowhere", "gamma")] * 5
    search.close()


def test_levels_halve() -> None:
    levels = [level_of(f"thing {i}") for i in range(1 << 14)]
    for level in range(5):
        assert sum(one >= level for one in levels) == pytest.approx((1 << 14) >> level, rel=0.1)
    assert max(levels) <= MOST_LEVEL
    assert [sample_level(size) for size in (0, 1, 100, 101, 200, 201, 10**30)] == [0, 0, 0, 1, 1, 2, MOST_LEVEL]


# ---- indexes of earlier versions -------------------------------------------------------------------------------------


def test_an_index_without_levels_is_made_anew(store: SqlStore) -> None:
    say(store, "crm/client", *(record("crm/client", f"c{i}", name=name(i)) for i in range(THINGS)))
    expected = answers(store)
    if store.database.is_sqlite:
        file = Path(str(store.database.url.database))
        file = file.with_name(f"{file.stem}-search.sqlite")
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE entry SET uid = 'old ' || uid")
            connection.execute("PRAGMA user_version = 0")
        connection.close()
    else:
        with store.engine.begin() as earlier:
            earlier.execute(sa.text("UPDATE search_part SET uid = 'old ' || uid"))
            earlier.execute(sa.text("ALTER TABLE search_part DROP COLUMN level"))
    assert answers(store) == expected


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_search_that_begins_while_the_index_is_written_does_not_wait(store: SqlStore) -> None:
    say(store, "crm/client", record("crm/client", "c", name="alpha"))
    expected = SearchProjection(store)
    assert [id for id, _, _ in hits(expected, "alpha")] == ["crm/client/c"]
    file = Path(str(store.database.url.database))
    index = FtsIndex(file.with_name(f"{file.stem}-search.sqlite"), store.database.identity(), store.log.position())
    assert index.position() > 0  # the first connection looks whose file it is
    writer = sqlite3.connect(file.with_name(f"{file.stem}-search.sqlite"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as other:
        assert other.submit(index.find, (("alpha",), None), (), 10, 0).result(timeout=20)[0][0] == "crm/client/c"
    writer.execute("ROLLBACK")
    writer.close()
    index.close()
    expected.close()
