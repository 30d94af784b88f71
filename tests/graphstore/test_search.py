"""Keyword search follows the graph and survives whatever people type."""

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifrost.documents import Document, Page
from bifrost.values import Fragment, RecordFragments
from graphstore import search_pg
from graphstore.search import SearchProjection
from graphstore.search_text import parse_terms
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import record, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    register(made, "crm/client", "files/docs")
    say(
        made, "crm/client", record("crm/client", "1", name="Émile Zola", city="Paris"),
        record("crm/client", "2", name="Anna Karenina", note="<b>wrote</b> to Paris & London"),
    )  # fmt: skip
    fragment = Fragment("files/docs/a.pdf", "Document", {"title": ("Contract",)})
    pages = Document("application/pdf", (Page(1, "The purchase order 4711"), Page(2, "of steel pipes")))
    say(made, "files/docs", RecordFragments("a.pdf", b"1", (fragment,), (), pages))
    yield made
    made.close()


@pytest.fixture
def search(store: SqlStore) -> Iterator[SearchProjection]:
    projection = SearchProjection(store)
    yield projection
    projection.close()


def ids(search: SearchProjection, text: str, *labels: str) -> list[str]:
    return [hit.vertex.id for hit in search.search(text, labels=labels)]


def test_words_values_labels_and_page_texts_are_found(search: SearchProjection) -> None:
    assert ids(search, "zola") == ["crm/client/1"]
    assert ids(search, "4711") == ["files/docs/a.pdf"]
    assert ids(search, "steel contract") == ["files/docs/a.pdf"]
    assert set(ids(search, "client")) == {"crm/client/1", "crm/client/2"}


def test_the_last_word_is_a_beginning_and_all_words_must_occur(search: SearchProjection) -> None:
    assert ids(search, "anna kar") == ["crm/client/2"]
    assert not any(hit.missing for hit in search.search("anna kar"))
    assert search.search("kar anna")[0].missing == ("kar",)


def test_where_nothing_has_all_words_the_rarer_and_the_more_are_better(
    store: SqlStore, search: SearchProjection
) -> None:
    people = (record("crm/client", f"p{i}", name=f"Person {i}", city="Berlin") for i in range(30))
    say(store, "crm/client", *people, record("crm/client", "b", name="Rosa Berlin", ordered="AN-949"))
    found = search.search("Which clients in Berlin ordered AN-949 for the year 1984?", limit=5)
    assert found[0].vertex.id == "crm/client/b"
    assert [hit.missing for hit in found[:2]] == [("ordered", "year", "1984"), ("ordered", "AN-949", "year", "1984")]
    assert "<mark>AN</mark>" in found[0].snippet.replace("<mark>AN-949</mark>", "<mark>AN</mark>")
    more = [
        hit.vertex.id for offset in (0, 10, 20, 30) for hit in search.search("paris berlin", limit=10, offset=offset)
    ]
    assert len(more) == len(set(more)) == 33
    assert set(more[:2]) == {"crm/client/1", "crm/client/2"}
    assert ids(search, "berlin paris", "Document") == []
    assert search.search("berlin zola", labels=("Client",))[0].missing == ("berlin",)


def test_rarity_is_that_of_what_a_reader_sees_now(store: SqlStore, tmp_path: Path) -> None:
    """Neither what hidden sources say nor what was said before makes a word a frequent one."""
    question = "berlin zola nothing"
    hidden = [record("files/docs", f"h{i}", name="Zola and Zola") for i in range(40)]
    seen = [record("crm/client", f"p{i}", name=f"Person {i}", city="Berlin") for i in range(20)]
    said_before = [record("crm/client", f"p{i}", name=f"Zola {i}") for i in range(20)]
    alone = SqlStore(f"sqlite:///{tmp_path}/alone.sqlite")
    alone.migrate()
    register(alone, "crm/client")
    clients = (record("crm/client", "1", name="Émile Zola", city="Paris"), *seen)
    say(
        alone,
        "crm/client",
        *clients,
        record("crm/client", "2", name="Anna Karenina", note="<b>wrote</b> to Paris & London"),
    )
    answers = []
    say(store, "files/docs", *hidden)
    for build, said in enumerate((said_before, seen, said_before, seen), 2):
        say(store, "crm/client", *said, build=build)
        search = SearchProjection(store.scoped(frozenset({"crm"})))
        answers.append([(hit.vertex.id, hit.missing, hit.score) for hit in search.search(question, limit=50)])
        search.close()
    search = SearchProjection(alone)
    expected = [(hit.vertex.id, hit.missing, hit.score) for hit in search.search(question, limit=50)]
    search.close()
    alone.close()
    assert answers[1] == answers[3] == expected
    assert answers[0] == answers[2] != expected
    assert expected[0][:2] == ("crm/client/1", ("berlin", "nothing"))
    everything = SearchProjection(store)
    assert everything.search(question)[0].missing == ("zola", "nothing")
    before = [(hit.vertex.id, hit.missing, hit.score) for hit in everything.search(question, limit=80)]
    everything.rebuild()
    assert [(hit.vertex.id, hit.missing, hit.score) for hit in everything.search(question, limit=80)] == before
    everything.close()


@pytest.mark.parametrize("question", ["zola", "zola berlin"])
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_what_goes_while_somebody_searches_is_left_out(
    store: SqlStore, search: SearchProjection, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    say(store, "crm/client", record("crm/client", "z", name="Zola"))
    assert set(ids(search, question)) == {"crm/client/1", "crm/client/z"}
    snippets = search_pg._snippets

    def after_a_deletion(connection: sa.Connection, query: str, uids: Sequence[str]) -> dict[str, str]:
        if uids:
            with store.engine.begin() as other:
                other.exec_driver_sql("DELETE FROM search_part WHERE uid = 'crm/client/z'")
        return snippets(connection, query, uids)

    monkeypatch.setattr(search_pg, "_snippets", after_a_deletion)
    assert ids(search, question) == ["crm/client/1"]


def test_words_that_say_nothing_find_nothing_by_themselves(search: SearchProjection) -> None:
    assert ids(search, "who is the zola?") == ["crm/client/1"]
    assert ids(search, "who is the with") == []
    assert ids(search, "contracts") == ["files/docs/a.pdf"]
    assert ids(search, "nobody nothing") == []


def test_frequent_words_are_weighed_with_rarer_ones(
    store: SqlStore, search: SearchProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit that makes a word a frequent one is lowered, so that few things reach it."""
    monkeypatch.setattr("graphstore.search_words.MOST_OF_A_WORD", 10)
    for index in ("search_fts", "search_pg"):
        monkeypatch.setattr(f"graphstore.{index}.MOST_OF_A_WORD", 10)
    many = [record("crm/client", f"m{i:02}", name=f"Alpha {i}" if i % 2 else f"Beta {i}") for i in range(60)]
    say(store, "crm/client", *many, record("crm/client", "z", name="Alpha Gamma"))
    assert [hit.missing for hit in search.search("beta gamma alpha", limit=1)] == [("beta",)]
    both = search.search("beta alpha", limit=60)
    assert {hit.missing for hit in both} == {("alpha",), ("beta",)}
    assert all(hit.missing == (("beta",) if "Alpha" in hit.vertex.display_name() else ("alpha",)) for hit in both)


def test_quotes_make_phrases(search: SearchProjection) -> None:
    assert ids(search, '"purchase order"') == ["files/docs/a.pdf"]
    assert ids(search, '"order purchase"') == []


def test_labels_restrict(search: SearchProjection) -> None:
    assert ids(search, "paris", "Document") == []
    assert len(ids(search, "paris", "Client", "Document")) == 2


def test_snippets_are_escaped_and_marked(search: SearchProjection) -> None:
    snippet = next(hit.snippet for hit in search.search("wrote"))
    assert "<mark>wrote</mark>" in snippet
    assert "<b>" not in snippet
    assert "&amp; London" in snippet


def test_the_index_follows_changes_and_removals(store: SqlStore, search: SearchProjection) -> None:
    assert search.catch_up() == 3
    assert search.catch_up() == 0
    say(store, "crm/client", record("crm/client", "1", name="Gustave"), build=2)
    assert (ids(search, "zola"), ids(search, "gustave")) == ([], ["crm/client/1"])
    store.catalog.remove_source("crm")
    assert ids(search, "gustave") == []
    assert search.catch_up() == 0
    assert search.position() == store.log.position()


def test_rebuilding_gives_the_same_answers(search: SearchProjection) -> None:
    words = ("paris", "zola", "steel", "client")
    before = {word: [(h.vertex.id, h.snippet) for h in search.search(word)] for word in words}
    search.rebuild()
    assert {word: [(h.vertex.id, h.snippet) for h in search.search(word)] for word in words} == before


def test_pages_of_results_do_not_overlap(store: SqlStore, search: SearchProjection) -> None:
    say(store, "crm/client", *(record("crm/client", f"n{i}", name="Same Name") for i in range(5)))
    found = [hit.vertex.id for offset in (0, 2, 4) for hit in search.search("same", limit=2, offset=offset)]
    assert sorted(found) == [f"crm/client/n{i}" for i in range(5)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), st.text("\"*()^:-+{}~ aNEARORND'\\&|!<>%", max_size=40)))
def test_any_input_is_safe(search: SearchProjection, text: str) -> None:
    for hit in search.search(text):
        assert re.sub("</?mark>", "", hit.snippet) == html.escape(html.unescape(re.sub("</?mark>", "", hit.snippet)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=st.from_regex(r"[a-zA-Z0-9]{2,12}", fullmatch=True), rest=st.text(max_size=30))
def test_what_is_stored_is_found(store: SqlStore, search: SearchProjection, word: str, rest: str) -> None:
    say(store, "crm/client", record_of("crm/client", "new", {"note": f"{rest} {word} {rest}"}), build=hash(rest) % 1000)
    assert "crm/client/new" in ids(search, word)


def test_terms() -> None:
    assert parse_terms('one "two three" fou') == (("one", "two three"), "fou")
    assert parse_terms('one "two th') == (("one", "two th"), None)
    assert parse_terms(" -- ") == ((), None)
