"""The demo company is believable, deterministic, and knows its own truth."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from api.demo import make_company
from bifrost.errors import InputError
from bifrost.values import digest_of


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    make_company(folder, scale=1, seed=3)
    return folder


def _truth(folder: Path) -> Any:
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): digest_of((p.read_bytes(),)) for p in folder.rglob("*") if p.is_file()}


def test_the_same_seed_gives_the_same_bytes(company: Path, tmp_path: Path) -> None:
    make_company(tmp_path, scale=1, seed=3)
    assert _contents(tmp_path) == _contents(company)


def test_another_seed_gives_another_company(company: Path, tmp_path: Path) -> None:
    make_company(tmp_path, scale=1, seed=4)
    assert _contents(tmp_path)["erp.sqlite"] != _contents(company)["erp.sqlite"]


def test_every_document_is_in_the_truth(company: Path) -> None:
    files = {p.relative_to(company / "documents").as_posix() for p in (company / "documents").rglob("*") if p.is_file()}
    assert files == set(_truth(company)["documents"])


def test_the_truth_names_existing_records(company: Path) -> None:
    with sqlite3.connect(company / "erp.sqlite") as database:
        keys = {
            "customer": {row[0] for row in database.execute("SELECT customer_no FROM customer")},
            "product": {row[0] for row in database.execute("SELECT article_no FROM product")},
            "order": {row[0] for row in database.execute("SELECT order_no FROM sales_order")},
            "invoice": {row[0] for row in database.execute("SELECT invoice_no FROM invoice")},
            "employee": {str(row[0]) for row in database.execute("SELECT emp_id FROM employee")},
        }
    database.close()
    truth = _truth(company)
    for mentioned in truth["documents"].values():
        for kind, values in mentioned.items():
            assert set(values) <= keys[kind]
    assert set(truth["same"]["pairs"].values()) <= keys["customer"]


def test_no_trivial_join_finds_the_same_customers(company: Path) -> None:
    """Names differ in spelling: an exact join finds less than half of the customers that the CRM knows."""
    with sqlite3.connect(company / "erp.sqlite") as database:
        names = {row[0] for row in database.execute("SELECT company FROM customer")}
    database.close()
    with (company / "crm" / "accounts.csv").open(encoding="utf-8") as file:
        accounts = list(csv.DictReader(file, delimiter=";"))
    exact = sum(account["acct_name"] in names for account in accounts)
    assert exact < len(_truth(company)["same"]["pairs"]) / 2


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        make_company(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]
