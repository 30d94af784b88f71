"""Every page of the console passes axe, light and dark, and keeps to the content security policy."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.conftest import Console

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "home": "",
    "sources": "sources",
    "register": "sources/new",
    "source": "sources/erp",
    "change": "sources/erp/edit",
    "builds": "builds",
    "build": "builds/1",
    "review": "review",
    "link types": "review/links?state=proposed",
    "history": "review/history",
    "teach": "review/teach",
    "explore": "explore?q=gmbh",
    "graphql": "query/graphql",
    "tokens": "settings",
    "people": "settings?tab=people",
    "projections": "settings?tab=projections",
    "export": "settings?tab=export",
    "settings": "settings?tab=settings",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(console: Console, scheme: str) -> None:
    page = console.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = []
    for name, route in PAGES.items():
        console.open(route)
        page.wait_for_load_state("networkidle")
        page.get_by_role("heading", level=1).first.wait_for(state="attached")
        found += violations(page, name)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dialogs_are_accessible(console: Console, scheme: str) -> None:
    page = console.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = []
    for route, button in (("review/links?state=proposed", "Add a link type"), ("review", "Correct")):
        console.open(route)
        page.get_by_role("button", name=button).first.click()
        page.get_by_role("dialog").get_by_text("Threshold, condition and spelling").click()
        found += violations(page, button)
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
    assert found == []


def violations(page: Page, name: str) -> list[str]:
    return [
        f"{name}: {rule['id']} {node['target']} {node['failureSummary']}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("width", [1024, 640])
def test_no_page_scrolls_sideways(console: Console, width: int) -> None:
    page = console.page
    page.set_viewport_size({"width": width, "height": 768})
    too_wide = []
    for name, route in PAGES.items():
        console.open(route)
        page.wait_for_load_state("networkidle")
        body = page.locator("html").evaluate("element => [element.scrollWidth, element.clientWidth]")
        if body[0] > body[1] + 1:
            too_wide.append((name, body))
    assert too_wide == []
