"""The console exports what was learnt, takes over what was learnt elsewhere, and takes it back."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bifrost.links import LinkKind, Verdict
from linking.knowledge import import_knowledge
from tests.e2e.conftest import Console, serving
from tests.e2e.workplace import Workplace
from tests.linking.records.tables import misspell, people

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def project(folder: Path, seed: int) -> Workplace:
    """Two tables of people, half of them the same ones, misspelt."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    everybody = people(180, seed=seed)
    for name, rows in (("clients", everybody[:120]), ("members", misspell(everybody[60:], seed, share=0.6))):
        with (tables / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["no", *rows[0]])
            writer.writeheader()
            writer.writerows({"no": f"{name[0]}{n:04d}", **row} for n, row in enumerate(rows))
    made = Workplace(folder / "data")
    made.add("crm", tables)
    assert made.build() == {}
    return made


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    """The file that a first project wrote, after one answer about a link type and eight about pairs."""
    made = project(tmp_path / "first", 1)
    links = made.store.links.link_types()
    same = next(t for t in links if t.kind is LinkKind.SAME_THING and t.tail.dataset != t.head.dataset)
    made.service.judge(same.id, Verdict.CONFIRM, "ann")
    for n, question in enumerate(made.service.pair_questions(same.id, 8)):
        assert question.pair is not None
        verdict = Verdict.CONFIRM if n % 2 else Verdict.REJECT
        made.service.judge_pair(same.id, question.pair.left, question.pair.right, verdict, "ann")
    file = tmp_path / "taught.json"
    file.write_bytes(made.service.carrying.export())
    made.service.close()
    return file


@pytest.fixture
def console(page: Page, tmp_path: Path) -> Iterator[Console]:
    page.set_default_timeout(30_000)
    project(tmp_path / "second", 2).service.close()
    with serving(tmp_path / "second" / "data") as url:
        console = Console(page, url)
        page.on("pageerror", lambda error: console.complaints.append(str(error)))
        console.sign_in()
        yield console
        assert console.complaints == []


def test_knowledge_is_exported_taken_over_and_taken_back(console: Console, taught: Path, tmp_path: Path) -> None:
    page = console.page
    page.get_by_role("link", name="Review").first.click()
    page.get_by_role("tab", name="Other projects").click()
    expect(page.get_by_text("Nothing was taken over")).to_be_visible()
    page.get_by_role("button", name="Export what was learnt").click()
    expect(page.get_by_text("There is nothing to export yet")).to_be_visible()

    wrong = tmp_path / "orders.json"
    wrong.write_text(json.dumps({"orders": [1, 2]}))
    page.get_by_label("File of knowledge").set_input_files(wrong)
    expect(page.get_by_text("This is no file of linking knowledge.")).to_be_visible()
    expect(page.get_by_text("Choose the file that 'Export what was learnt'")).to_be_visible()

    page.get_by_label("File of knowledge").set_input_files(taught)
    expect(page.get_by_text("Taken over from taught.json")).to_be_visible()
    expect(page.get_by_text("1 answer about link types and 8 about pairs of records.")).to_be_visible()
    expect(page.get_by_text("This is no file of linking knowledge.")).to_have_count(0)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="taught.json"))
    expect(row.get_by_role("cell", name="8", exact=True)).to_be_visible()

    page.get_by_label("File of knowledge").set_input_files(taught)
    expect(page.get_by_text("This file was imported already.")).to_be_visible()
    row.get_by_role("button", name="Take back taught.json").click()
    expect(page.get_by_text("Taken back: taught.json")).to_be_visible()
    expect(page.get_by_text("Nothing was taken over")).to_be_visible()


def test_what_is_exported_can_be_imported(console: Console, tmp_path: Path) -> None:
    page = console.page
    console.open("review")
    page.get_by_role("button", name="Confirm", exact=False).first.click()
    expect(page.get_by_text("Confirmed:")).to_be_visible()
    console.open("review/projects")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export what was learnt").click()
    expect(page.get_by_text("Exported what was learnt")).to_be_visible()
    file = tmp_path / "exported.json"
    download.value.save_as(file)
    assert len(import_knowledge(file.read_bytes())) == 1
