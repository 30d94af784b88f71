"""What two people disagree about comes back as disputed, with who said what, until somebody settles it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bifrost.links import Verdict
from tests.e2e.conftest import Console, serving
from tests.e2e.workplace import Workplace

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def disagreed(folder: Path) -> str:
    """A project in which ann confirmed a link type and bob, asked blind, rejected it; returns the name of the link type."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    (tables / "clients.csv").write_text("client_no,name\n" + "".join(f"C{n:03d},Client {n}\n" for n in range(40)))
    orders = "".join(f"{9000 + n},C{n * 7 % 40:03d},P{n % 9}\n" for n in range(120))
    (tables / "orders.csv").write_text(f"order_no,client,part\n{orders}")
    (tables / "parts.csv").write_text("part_no,title\n" + "".join(f"P{n},Part {n}\n" for n in range(9)))
    made = Workplace(folder / "data", review_twice=1.0)
    made.add("shop", tables)
    assert made.build() == {}
    first, second = made.service.questions("ann")[:2]
    made.service.judge(first.id, Verdict.CONFIRM, "ann")
    made.service.judge(second.id, Verdict.CONFIRM, "bob")
    outcome = made.service.judge(first.id, Verdict.REJECT, "bob")
    assert outcome.judgement.disputed
    made.service.close()
    return first.name


@pytest.fixture
def console(page: Page, tmp_path: Path) -> Iterator[Console]:
    page.set_default_timeout(30_000)
    disagreed(tmp_path)
    with serving(tmp_path / "data") as url:
        console = Console(page, url)
        page.on("pageerror", lambda error: console.complaints.append(str(error)))
        console.sign_in()
        yield console
        assert console.complaints == []


def test_a_dispute_is_shown_and_settled(console: Console) -> None:
    page = console.page
    page.get_by_role("link", name="Review").first.click()
    expect(page.get_by_text("People disagree")).to_be_visible()
    expect(page.get_by_text("ann: confirmed")).to_be_visible()
    expect(page.get_by_text("The answer of ann stands until somebody settles it.")).to_be_visible()
    item = page.get_by_role("navigation", name="Questions").get_by_role("button").filter(has_text="disputed")
    expect(item).to_have_count(1)
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_text("(disputed, without effect)")).to_be_visible()
    page.get_by_role("tab", name="Proposals").click()
    page.locator(".question").wait_for()
    page.keyboard.press("n")
    expect(page.get_by_text("Rejected:")).to_be_visible()
    expect(item).to_have_count(0)
    page.keyboard.press("u")
    expect(page.get_by_text("Undone: rejected")).to_be_visible()
    expect(item).to_have_count(1)
