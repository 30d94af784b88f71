"""A person adds a link type that nothing proposed, between columns that the person names, and takes it back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Console, serving
from tests.e2e.workplace import Workplace

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def console(page: Page, tmp_path: Path) -> Iterator[Console]:
    """Machines, two of them twice, and visits of which three name one, too few to be noticed."""
    page.set_default_timeout(30_000)
    tables = tmp_path / "tables"
    tables.mkdir()
    names = [f"Lathe {word}" for word in ("Aurora", "Borealis", "Cassini", "Dorado", "Eridanus", "Fornax")]
    machines = [f"{100 + n},{names[n % 6]} {n if n < 30 else n - 2}\n" for n in range(32)]
    (tables / "machines.csv").write_text("code,name\n" + "".join(machines))
    visits = [f"V{n:03d},{f'MC-{100 + n}' if n % 13 == 0 else f'routine check {n}'}\n" for n in range(40)]
    (tables / "visits.csv").write_text("visit,remark\n" + "".join(visits))
    made = Workplace(tmp_path / "data")
    made.add("shop", tables)
    assert made.build() == {}
    assert made.store.links.link_types() == []
    made.service.close()
    with serving(tmp_path / "data") as url:
        console = Console(page, url)
        page.on("pageerror", lambda error: console.complaints.append(str(error)))
        console.sign_in()
        page.get_by_role("link", name="Review").first.wait_for()
        yield console
        assert console.complaints == []


def dialog(console: Console) -> Locator:
    console.open("review/links")
    console.page.get_by_role("button", name="Add a link type").click()
    return console.page.get_by_role("dialog")


def choose(console: Console, side: str, dataset: str, column: str | None = None) -> None:
    page = console.page
    page.get_by_role("button", name=f"{side}: dataset").click()
    page.get_by_role("option", name=dataset).click()
    if column is not None:
        page.get_by_role("button", name=f"{side}: columns").click()
        page.get_by_role("option", name=column).click()
        page.keyboard.press("Escape")


def test_a_reference_is_added_and_taken_back(console: Console) -> None:
    page, form = console.page, dialog(console)
    add = form.get_by_role("button", name="Add this link type")
    expect(add).to_be_disabled()
    form.get_by_label("Name", exact=True).fill("about")
    choose(console, "From", "shop / visits", "remark")
    choose(console, "To", "shop / visits", "remark")
    add.click()
    expect(form.get_by_text("Both sides are the same columns.")).to_be_visible()
    choose(console, "To", "shop / machines", "code")
    form.get_by_text("Threshold, condition and spelling").click()
    form.get_by_label("Read from values as").fill("strip_prefix:MC-")
    form.get_by_label("Threshold", exact=True).fill("2")
    expect(add).to_be_disabled()
    form.get_by_label("Threshold", exact=True).fill("")
    add.click()
    expect(page.get_by_text("Added: about")).to_be_visible()
    expect(page.get_by_text("3 links added.")).to_be_visible()
    expect(page.get_by_role("heading", name="about")).to_be_visible()
    expect(page.get_by_text("It gives 3 links.")).to_be_visible()
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("3 links removed.")).to_be_visible()


def test_duplicates_of_one_table_are_found(console: Console) -> None:
    page, form = console.page, dialog(console)
    form.get_by_label("Name", exact=True).fill("copy")
    form.get_by_role("button", name="Kind").click()
    page.get_by_role("option", name="Same thing").click()
    choose(console, "From", "shop / machines")
    choose(console, "To", "shop / machines")
    expect(form.get_by_text("All columns that fit each other")).to_have_count(2)
    form.get_by_role("button", name="Add this link type").click()
    expect(page.get_by_text("Added: copy")).to_be_visible()
    expect(page.get_by_text("Do several records of shop / machines describe the same thing?")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^It merges \d+ pairs? of records\."))).to_be_visible()
