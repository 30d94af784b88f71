"""The console tells people where they are: the focus after an answer, what readers may not do, narrow windows, queries."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, Console

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ANSWER_TIMEOUT = 60_000
SLOW_QUERY = "g.V().out().in().out().in().out().in().out().in().path()"


def _add_reader(page: Page, name: str, *sources: str) -> None:
    page.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill(name)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name=re.compile("Role")).click()
    page.get_by_role("option", name="Reader").click()
    if sources:
        dialog.get_by_label("Only some sources").check()
    for source in sources:
        dialog.get_by_role("button", name=re.compile("^Sources")).click()
        page.get_by_role("option", name=source, exact=True).click()
        page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text(f"{name} can sign in now.")).to_be_visible()


def _sign_out(page: Page) -> None:
    page.get_by_role("button", name="admin", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_label("User name").wait_for()


def test_the_focus_is_at_the_next_question_after_an_answer(console: Console) -> None:
    page = console.page
    console.open("review")
    question = page.locator(".question")
    asked = question.inner_text()
    page.get_by_role("button", name=re.compile("^Later")).focus()
    page.keyboard.press("Enter")
    expect(question).not_to_have_text(asked, timeout=ANSWER_TIMEOUT)
    expect(question).to_be_focused()
    page.keyboard.press("u")
    expect(page.get_by_text(re.compile("^Undone: put off"))).to_be_visible(timeout=ANSWER_TIMEOUT)


def test_the_focus_is_on_the_page_that_a_button_led_to(console: Console) -> None:
    page = console.page
    console.open("sources")
    page.get_by_role("button", name="Register a source").click()
    expect(page.locator("#content")).to_be_focused()


def test_a_question_fits_a_narrow_window(console: Console) -> None:
    page = console.page
    page.set_viewport_size({"width": 420, "height": 850})
    for route in ("", "review", "review/links", "explore", "settings"):
        console.open(route)
        page.get_by_role("button").first.wait_for()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), route


def test_a_query_that_is_stopped_says_so(console: Console) -> None:
    page = console.page
    console.open("query/gremlin")
    page.locator(".cm-content").fill(SLOW_QUERY)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text(re.compile(r"^Running for \d+ s"))).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile("^Stopped after"))).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()


def test_a_reader_of_one_source_is_offered_nothing_that_fails(console: Console) -> None:
    page = console.page
    console.open("settings?tab=people")
    _add_reader(page, "reader-of-crm", "crm")
    expect(page.get_by_role("row").filter(has_text="reader-of-crm")).to_contain_text("crm")
    _sign_out(page)
    console.sign_in("reader-of-crm")
    page.get_by_role("heading", name="Home", exact=True).wait_for()
    expect(page.get_by_role("button", name="Register")).to_be_disabled()

    console.open("sources/new")
    expect(page.get_by_text("Administrators register and change sources")).to_be_visible()
    console.open("sources/crm")
    expect(page.get_by_text("Reviewers and administrators see them.")).to_be_visible()
    console.open("builds")
    expect(page.get_by_text("No builds to see")).to_be_visible()
    console.open("review")
    expect(page.get_by_text("You see the proposals as a reader.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Confirm"))).to_be_disabled()


def test_a_reader_without_the_last_source_sees_nothing_rather_than_all(console: Console) -> None:
    page = console.page
    console.open("settings?tab=people")
    _add_reader(page, "reader-of-less", "crm")
    row = page.get_by_role("row").filter(has_text="reader-of-less")
    expect(row.get_by_role("cell", name="crm", exact=True)).to_be_visible()
    row.get_by_role("button", name="Set what reader-of-less sees").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove crm").click()
    expect(dialog.get_by_text("With none chosen, a reader sees nothing.")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("cell", name="nothing", exact=True)).to_be_visible()
    row.get_by_role("button", name="Set what reader-of-less sees").click()
    dialog.get_by_label("All sources, later ones included").check()
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("cell", name="all sources", exact=True)).to_be_visible()
