"""The console in a real browser on a real service: sign in, register, build, review, explore, query, administer."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, Console, Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUILD_TIMEOUT = 120_000
ANSWER_TIMEOUT = 60_000


def test_a_wrong_password_is_refused_with_a_remedy(anonymous: Console) -> None:
    anonymous.sign_in(password="not-it")
    alert = anonymous.page.locator("[class*=alert]").first
    expect(alert).to_be_visible()
    expect(anonymous.page.get_by_role("heading", name="Home", exact=True)).to_have_count(0)


def test_a_link_into_the_console_survives_signing_in(anonymous: Console) -> None:
    anonymous.page.goto(f"{anonymous.url}/#/query/sparql")
    anonymous.page.get_by_label("User name").fill("admin")
    anonymous.page.get_by_label("Password").fill(PASSWORD)
    anonymous.page.keyboard.press("Enter")
    expect(anonymous.page.get_by_role("tab", name="SPARQL")).to_have_attribute("aria-selected", "true")


def test_home_counts_and_says_what_to_do_next(console: Console) -> None:
    page = console.page
    expect(page.get_by_role("link", name=re.compile(r"^Things: [\d,]+"))).to_be_visible()
    page.get_by_role("button", name="Review", exact=True).click()
    expect(page).to_have_url(re.compile("#/review"))
    expect(page.locator(".question")).to_be_visible()


def test_a_source_is_registered_by_upload_built_watched_and_removed(console: Console, tmp_path: Path) -> None:
    page = console.page
    machines = tmp_path / "machines.csv"
    machines.write_text("machine_no,name,hall\nM-1,Lathe,North\nM-2,Press,South\n")
    console.open("sources/new")
    page.get_by_role("radio", name="Files and folders").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Files", exact=True).set_input_files(machines)
    expect(page.get_by_text("1 file uploaded")).to_be_visible()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("heading", name=re.compile("Datasets found"))).to_be_visible()
    page.get_by_label("Name of the source").fill("workshop")
    page.get_by_role("button", name="Save and build").click()
    expect(page).to_have_url(re.compile(r"#/builds/\d+"))
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=BUILD_TIMEOUT)

    console.open("sources/workshop")
    expect(page.get_by_role("cell", name="Lathe")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page).to_have_url(re.compile(r"#/sources$"))
    expect(page.get_by_role("link", name="workshop")).to_have_count(0)


def test_a_database_that_does_not_answer_says_what_to_do(console: Console) -> None:
    page = console.page
    console.open("sources/new")
    page.get_by_role("radio", name="SQL database").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("textbox", name=re.compile("^Host")).fill("127.0.0.1")
    page.get_by_role("spinbutton", name=re.compile("^Port")).fill("1")
    page.get_by_role("textbox", name=re.compile("^Database")).fill("nothing")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("The connection did not work")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile("Check host, port and network"))).to_be_visible()


def test_an_empty_form_is_not_sent(console: Console) -> None:
    page = console.page
    console.open("sources/new")
    page.get_by_role("radio", name="Files and folders").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("Upload files, or give a path on the server.")).to_be_visible()


def test_a_record_that_cannot_be_read_is_listed_with_its_remedy(console: Console) -> None:
    console.open("sources/documents?tab=failures")
    row = console.page.get_by_role("row").filter(has_text="broken.pdf")
    expect(row).to_be_visible()


def _question(page: Page) -> str:
    page.locator(".question").wait_for()
    return page.locator(".question").inner_text()


def _answer(console: Console, key: str, headline: str) -> None:
    console.page.keyboard.press(key)
    expect(console.page.get_by_text(re.compile(f"^{headline}"))).to_be_visible(timeout=ANSWER_TIMEOUT)
    console.expect_question(ANSWER_TIMEOUT)


def test_proposals_are_answered_by_keyboard_and_answers_undone(console: Console) -> None:
    page = console.page
    console.open("review")
    first = _question(page)
    expect(page.locator(".pair").first).to_be_visible()
    _answer(console, "n", "Rejected:")
    assert _question(page) != first
    _answer(console, "u", "Undone: rejected")
    assert _question(page) == first

    page.keyboard.press("ArrowDown")
    expect(page.locator(".question")).not_to_have_text(first)
    _answer(console, "y", "Confirmed:")
    console.open("review/history")
    row = page.get_by_role("row").filter(has_text="Confirmed").first
    expect(row).to_contain_text("admin")
    row.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_text(re.compile("^Undone: confirmed"))).to_be_visible(timeout=ANSWER_TIMEOUT)
    console.open("review")
    page.locator(".question").wait_for()


def test_keys_typed_into_a_field_are_no_answers(console: Console) -> None:
    page = console.page
    console.open("review")
    before = _question(page)
    page.get_by_label("Name of the link").fill("")
    page.get_by_label("Name of the link").press_sequentially("ny")
    expect(page.get_by_label("Name of the link")).to_have_value("ny")
    assert _question(page) == before


def test_a_proposal_is_corrected_and_confirmed_under_another_name(console: Console) -> None:
    page = console.page
    console.open("review")
    _question(page)
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("belongs to")
    dialog.get_by_role("button", name="Confirm with these changes").click()
    expect(page.get_by_text("Confirmed: belongs to")).to_be_visible(timeout=ANSWER_TIMEOUT)
    console.open("review/links")
    page.get_by_role("link", name="belongs to").click()
    expect(page.get_by_role("heading", name=re.compile("Pairs"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Undo")).first.click()
    expect(page.get_by_text(re.compile("^Undone: confirmed"))).to_be_visible(timeout=ANSWER_TIMEOUT)


def test_blind_review_hides_scores(console: Console) -> None:
    page = console.page
    console.open("review")
    _question(page)
    expect(page.locator(".meter")).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator(".meter")).to_have_count(0)
    expect(page.locator(".review-item-score")).to_have_count(0)


def test_the_graph_is_searched_expanded_and_traced_to_its_record(console: Console) -> None:
    page = console.page
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("#/explore"))
    page.get_by_label("Search the graph").fill("gmbh")
    hit = page.locator(".hit").first
    expect(hit.locator("mark").first).to_be_visible()
    hit.click()
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading").first).to_be_visible()
    details.get_by_role("button", name=re.compile("comes from")).first.click()
    expect(details.locator(".evidence").first).to_be_visible()
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Things"))).to_be_visible()
    page.get_by_role("button", name="Graph", exact=True).click()
    expect(page.locator(".canvas-box canvas").first).to_be_visible()


def test_a_document_shows_its_page_and_what_was_found_on_it(console: Console) -> None:
    page = console.page
    console.open("explore?label=Document")
    page.locator(".hit").filter(has_text=".pdf").first.click()
    page.get_by_role("button", name="Open the document").click()
    image = page.get_by_role("img", name="Page 1")
    expect(image).to_be_visible(timeout=60_000)
    expect(page.locator("rect.box").first).to_be_attached()
    mention = page.locator("button.mention").first
    mention.click()
    expect(mention).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("language", ["graphql", "gremlin", "sparql"])
def test_each_language_answers_as_a_table(console: Console, language: str) -> None:
    page = console.page
    console.open(f"query/{language}")
    page.locator(".cm-content").wait_for()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile(r"^\d+ results? in \d+ ms"))).to_be_visible()
    expect(page.get_by_text("Customer").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert "Customer" in Path(download.value.path()).read_text()


def test_a_wrong_query_is_explained(console: Console) -> None:
    page = console.page
    console.open("query/graphql")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("{ nonsense }")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile("nonsense")).last).to_be_visible()
    expect(page.get_by_text("Line 1, column 3")).to_be_visible()


def test_a_token_is_shown_once_and_works_until_it_is_revoked(console: Console) -> None:
    page = console.page
    console.open("settings")
    page.get_by_role("button", name="Create a token").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("notebook")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Copy the token now")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row").filter(has_text="notebook")).to_be_visible()
    expect(page.get_by_text("Copy the token now")).to_have_count(0)
    page.get_by_role("button", name="Revoke notebook").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row").filter(has_text="notebook")).to_have_count(0)


def test_a_reader_may_look_but_not_change(console: Console, served: Served) -> None:
    page = console.page
    console.open("settings?tab=people")
    page.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill("rita")
    dialog.get_by_label("Password").fill("rita-may-read-1")
    dialog.get_by_role("button", name="Role").click()
    page.get_by_role("option", name="Reader").click()
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("row").filter(has_text="rita")).to_be_visible()
    page.get_by_role("button", name="admin", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()

    console.sign_in("rita", "rita-may-read-1")
    page.get_by_role("heading", name="Home", exact=True).wait_for()
    console.open("sources")
    expect(page.get_by_role("button", name="Register a source").first).to_have_attribute("aria-disabled", "true")
    console.open("review")
    expect(page.get_by_role("button", name=re.compile("^Confirm"))).to_be_disabled()
    console.open("settings")
    expect(page.get_by_role("tab", name="My tokens")).to_be_visible()
    expect(page.get_by_role("tab", name="People")).to_have_count(0)
