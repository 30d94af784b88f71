"""Missing links are found once, shown with their age, and found again at once while the graph stays as it is."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bifrost.links import LinkKind, Verdict
from tests.e2e.conftest import Console, serving
from tests.e2e.workplace import Workplace

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LEARNT = 90_000


def orders(folder: Path) -> str:
    """Orders of clients, some without one; returns the id of the link type that is confirmed."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    (tables / "clients.csv").write_text("client_no,name\n" + "".join(f"C{n:03d},Client {n}\n" for n in range(30)))
    (tables / "parts.csv").write_text("part_no,title\n" + "".join(f"P{n},Part {n}\n" for n in range(30)))
    rows = [f"{9000 + n},{'' if n % 20 == 0 else f'C{n % 30:03d}'},P{n % 30}\n" for n in range(300)]
    (tables / "orders.csv").write_text("order_no,client,part\n" + "".join(rows))
    made = Workplace(folder / "data")
    made.add("shop", tables)
    assert made.build() == {}
    chosen = made.link_type(LinkKind.REFERENCE, "shop/orders.client", "shop/clients.client_no")
    other = made.link_type(LinkKind.REFERENCE, "shop/orders.part", "shop/parts.part_no")
    for one in (chosen, other):
        made.service.judge(one.id, Verdict.CONFIRM, "ann")
    made.service.close()
    return chosen.id


@pytest.fixture
def console(page: Page, tmp_path: Path) -> Iterator[Console]:
    page.set_default_timeout(60_000)
    id = orders(tmp_path)
    with serving(tmp_path / "data") as url:
        console = Console(page, url)
        page.on("pageerror", lambda error: console.complaints.append(str(error)))
        console.sign_in()
        page.get_by_role("link", name="Review").first.wait_for()
        console.open(f"review/links/{id}")
        yield console
        assert console.complaints == []


def test_what_was_found_is_there_at_once_and_says_how_old_it_is(console: Console) -> None:
    page = console.page
    learnt = page.get_by_text(re.compile(r"Learnt .+ \((now|\d+ (second|minute)s? ago)\)\."))
    page.get_by_role("button", name="Find missing links").click()
    expect(learnt).to_be_visible(timeout=LEARNT)
    links = page.get_by_role("button", name="Not so")
    found = links.count()
    assert found > 0
    page.reload()
    page.get_by_role("button", name="Find missing links").click()
    started = time.monotonic()
    expect(learnt).to_be_visible()
    assert time.monotonic() - started < 3
    expect(links).to_have_count(found)
    links.first.click()
    expect(links).to_have_count(found - 1)
