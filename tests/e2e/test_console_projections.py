"""The console shows how far search and SPARQL are behind the graph, and rebuilds them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from api.compose import open_store
from bifrost.settings import load_settings
from graphstore.sql import SqlStore
from tests.e2e.conftest import Console, serving
from tests.graphstore.worlds import record, register, say

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MANY = 40_000
"""Changes that are followed in more seconds than a page needs to show that."""
FOLLOWED = 120_000
NOTE = "12 changes, 3 s, not yet in this answer"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """As another process that writes to it has it."""
    opened = open_store(load_settings(data_dir=tmp_path / "data"))
    register(opened, "plant/valve")
    say(opened, "plant/valve", record("plant/valve", "first", name="First valve"))
    yield opened
    opened.close()


@pytest.fixture
def console(page: Page, store: SqlStore, tmp_path: Path) -> Iterator[Console]:
    page.set_default_timeout(30_000)
    with serving(tmp_path / "data") as url:
        console = Console(page, url)
        page.on("pageerror", lambda error: console.complaints.append(str(error)))
        console.sign_in()
        expect(page.get_by_text("Up to date")).to_have_count(2)
        yield console
        assert console.complaints == []


def fall_behind(page: Page) -> None:
    """From now on what follows the graph answers late, in the service's own words (tests/api/test_follower.py)."""

    def sparql(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "bifrost-behind": "changes=12, seconds=3.4"})

    def graphql(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        if "search(" in (route.request.post_data or ""):
            said["extensions"] = {"behind": {"search": {"changes": 12, "seconds": 3.4}}}
        route.fulfill(response=answer, json=said)

    page.route("**/sparql", sparql)
    page.route("**/graphql", graphql)


def query(console: Console, language: str, text: str) -> None:
    console.open(f"query/{language}")
    console.page.locator(".cm-content").click()
    console.page.keyboard.press("Control+a")
    console.page.keyboard.insert_text(text)
    console.page.keyboard.press("Control+Enter")
    expect(console.page.get_by_text(re.compile(r"^\d+ results? in"))).to_be_visible()


def test_an_answer_that_leaves_changes_out_says_so(console: Console) -> None:
    page = console.page
    note = page.get_by_text(NOTE)
    fall_behind(page)
    query(console, "sparql", "SELECT ?x { ?x a ?type }")
    expect(note).to_be_visible()
    query(console, "graphql", '{ search(text: "first") { score } }')
    expect(note).to_be_visible()
    console.open("explore?q=first")
    expect(page.locator(".hit")).to_have_count(1)
    expect(note).to_be_visible()
    console.open("explore?q=nothing-like-it")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(note).to_be_visible()


def test_an_answer_that_has_everything_says_nothing(console: Console) -> None:
    query(console, "sparql", "SELECT ?x { ?x a ?type }")
    expect(console.page.get_by_text("not yet in this answer")).to_have_count(0)
    query(console, "graphql", '{ search(text: "first") { score } }')
    expect(console.page.get_by_text("not yet in this answer")).to_have_count(0)


def test_home_shows_how_far_they_are_and_an_administrator_rebuilds_one(console: Console, store: SqlStore) -> None:
    page = console.page
    say(store, "plant/valve", *(record("plant/valve", str(number), name=f"Valve {number}") for number in range(MANY)))
    page.reload()
    expect(page.get_by_text(re.compile(r"[\d,]+ changes, \d+ s behind")).first).to_be_visible()
    expect(page.get_by_text("Up to date")).to_have_count(2, timeout=FOLLOWED)
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("tab", name="Projections")).to_have_attribute("aria-selected", "true")
    search = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Search"))
    search.get_by_role("button", name="Rebuild Search").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(search.get_by_text("Up to date")).to_be_visible()
    search.get_by_role("button", name="Rebuild Search").click()
    page.get_by_role("dialog").get_by_role("button", name="Rebuild", exact=True).click()
    expect(search.get_by_text("Rebuilding", exact=True)).to_be_visible()
    expect(search.get_by_role("button", name="Rebuild Search")).to_have_attribute("aria-disabled", "true")
    expect(search.get_by_text("Up to date")).to_be_visible(timeout=FOLLOWED)
    expect(search.get_by_role("cell", name=f"{MANY + 1:,}")).to_be_visible()
