"""The main job by hand in the console: the demo company at scale 1, its ERP in PostgreSQL, everything else uploaded."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.demo import make_company
from tests.e2e.conftest import Console, serving
from tests.fixtures.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUILD_TIMEOUT = 300_000
ANSWER_TIMEOUT = 60_000


@pytest.fixture
def empty(page: Page, tmp_path: Path) -> Iterator[Console]:
    """The console of a service that has just been started for the first time."""
    page.set_default_timeout(30_000)
    with serving(tmp_path / "data") as url:
        console = Console(page, url)
        console.sign_in()
        page.get_by_role("heading", name="Home", exact=True).wait_for()
        yield console


def _next(page: Page, kind: str) -> None:
    page.get_by_role("radio", name=kind).check()
    page.get_by_role("button", name="Next").click()


def _test_and_save(page: Page, name: str, *, build: bool = False) -> None:
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("heading", name=re.compile("Datasets found"))).to_be_visible()
    page.get_by_label("Name of the source").fill(name)
    page.get_by_label("Build the graph from it right away").set_checked(build)
    page.get_by_role("button", name="Save and build" if build else "Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/builds/\d+" if build else f"#/sources/{name}"))


def _upload(console: Console, name: str, files: list[Path]) -> None:
    console.open("sources/new")
    _next(console.page, "Files and folders")
    console.page.get_by_label("Files", exact=True).set_input_files(files)
    expect(console.page.get_by_text(f"{len(files)} file{'s' * (len(files) > 1)} uploaded")).to_be_visible()
    _test_and_save(console.page, name)


def test_sources_become_one_linked_graph_that_answers_queries(empty: Console, postgres: Server, tmp_path: Path) -> None:
    page = empty.page
    company = tmp_path / "company"
    make_company(company, scale=1, seed=3)
    database = postgres.create_database()
    postgres.load(database, company / "erp_postgres.sql")

    empty.open("sources/new")
    _next(page, "SQL database")
    page.get_by_role("textbox", name=re.compile("^Host")).fill(postgres.host)
    page.get_by_role("spinbutton", name=re.compile("^Port")).fill(str(postgres.port))
    page.get_by_role("textbox", name=re.compile("^Database")).fill(database)
    page.get_by_role("textbox", name=re.compile("^User")).fill(postgres.user)
    page.get_by_label(re.compile("^Password")).fill("not the password")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("Enter the user name and password of this source again.")).to_be_visible()
    page.get_by_label(re.compile("^Password")).fill(postgres.password)
    _test_and_save(page, "erp")
    _upload(empty, "crm", sorted((company / "crm").iterdir()))
    _upload(empty, "invoices", sorted((company / "documents" / "invoices").iterdir())[:5])
    empty.open("sources")
    for name in ("erp", "crm", "invoices"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()

    empty.open("builds")
    page.get_by_role("button", name="Start a build").first.click()  # the empty list has one as well
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Start")).click()
    expect(page).to_have_url(re.compile(r"#/builds/\d+"))
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=BUILD_TIMEOUT)

    empty.open("review")
    question = page.locator(".question")
    same = question.filter(has_text=re.compile("erp / customer.*crm / accounts|crm / accounts.*erp / customer"))
    while not same.count():
        before = question.inner_text()
        page.keyboard.press("ArrowDown")
        expect(question).not_to_have_text(before)
    page.keyboard.press("y")
    expect(page.get_by_text(re.compile("^Confirmed:"))).to_be_visible(timeout=ANSWER_TIMEOUT)
    empty.expect_question(ANSWER_TIMEOUT)
    expect(page.get_by_text(re.compile(r"1 answer merged \d+ pairs of records"))).to_be_visible()

    empty.open("query/gremlin")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        "g.V().where(properties().has('source', 'erp')).where(properties().has('source', 'crm')).count()"
    )
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile(r"^1 result in \d+ ms"))).to_be_visible(timeout=ANSWER_TIMEOUT)
    merged = page.get_by_role("cell").filter(has_text=re.compile(r"^\d+$")).first.inner_text()
    assert int(merged) > 50
