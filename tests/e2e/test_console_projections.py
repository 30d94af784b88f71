"""The console shows how far search and SPARQL are behind the graph, and rebuilds them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.compose import open_store
from bifrost.settings import load_settings
from graphstore.sql import SqlStore
from tests.e2e.conftest import Console, serving
from tests.graphstore.worlds import record, register, say

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MANY = 60_000
"""Changes that are followed in more seconds than a page needs for a query."""
FOLLOWED = 120_000
NOTE = re.compile(r"[\d,]+ changes, \d+ s, not yet in this answer")


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


@pytest.fixture
def write(store: SqlStore) -> Callable[[], None]:
    made = [record("plant/valve", str(number), name=f"Valve {number}") for number in range(MANY)]

    def write() -> None:
        say(store, "plant/valve", *made)

    return write


def test_an_answer_that_leaves_changes_out_says_so_everywhere(console: Console, write: Callable[[], None]) -> None:
    page = console.page
    console.open("query/sparql")
    page.locator(".cm-content").wait_for()
    write()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text(NOTE)).to_be_visible()
    console.open("explore?q=first")
    expect(page.get_by_text(NOTE)).to_be_visible()
    console.open("query/graphql")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{ search(text: "first") { score } }')
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(NOTE)).to_be_visible()

    console.open("")
    expect(page.get_by_text(re.compile(r"[\d,]+ changes, \d+ s behind")).first).to_be_visible()
    expect(page.get_by_text("Up to date")).to_have_count(2, timeout=FOLLOWED)
    console.open("query/sparql")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text(re.compile(r"^\d+ results? in"))).to_be_visible()
    expect(page.get_by_text(NOTE)).to_have_count(0)


def test_a_projection_is_rebuilt_after_a_question_and_shows_its_progress(
    console: Console, write: Callable[[], None]
) -> None:
    page = console.page
    write()
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("tab", name="Projections")).to_have_attribute("aria-selected", "true")
    search = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Search"))
    expect(search.get_by_text("Up to date")).to_be_visible(timeout=FOLLOWED)
    search.get_by_role("button", name="Rebuild Search").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(search.get_by_text("Up to date")).to_be_visible()
    search.get_by_role("button", name="Rebuild Search").click()
    page.get_by_role("dialog").get_by_role("button", name="Rebuild", exact=True).click()
    expect(search.get_by_text("Rebuilding", exact=True)).to_be_visible()
    expect(search.get_by_role("button", name="Rebuild Search")).to_have_attribute("aria-disabled", "true")
    expect(search.get_by_text("Up to date")).to_be_visible(timeout=FOLLOWED)
    expect(search.get_by_role("cell", name=f"{MANY + 1:,}")).to_be_visible()
