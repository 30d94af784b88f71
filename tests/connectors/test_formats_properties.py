"""Whatever a program writes as CSV or JSON is read back as it was."""

import csv
import json
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.errors import RecordError
from bifrost.values import RowBatch
from connectors import _files_json
from connectors._files_json import flatten, json_tables
from connectors._infer import TableProfile, cast_column
from connectors.files import FilesConnector, FilesOptions

NAMES = st.text(st.characters(categories=["L"]), min_size=1, max_size=6)
CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs", "Zs", "Cc"]), min_size=1
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats")


@given(
    names=st.lists(NAMES, min_size=2, max_size=4, unique=True),
    rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
)
@settings(max_examples=60, deadline=None)
def test_csv(folder: Path, names: list[str], rows: list[list[str]], delimiter: str) -> None:
    path = folder / "any.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        writer.writerows(row[: len(names)] for row in rows)
    connector = FilesConnector(FilesOptions.model_validate({"path": path, "delimiter": delimiter, "encoding": "utf-8"}))
    (dataset,) = connector.datasets()
    items = list(connector.crawl(dataset))
    found = [row for item in items if isinstance(item, RowBatch) for row in item.table.to_pylist()]
    for expected, row in zip(rows, found, strict=True):
        for column, text in zip(dataset.columns, expected, strict=False):
            value = row[column.name]
            assert column.type != "text" or value == (text.strip() or None)
    assert all("\ufffd" in item.message for item in items if isinstance(item, RecordError))


@given(items=st.lists(st.dictionaries(st.text(min_size=1), JSON, max_size=4), max_size=6), chunk=st.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_json_in_chunks_of_any_size(folder: Path, items: list[dict[str, Any]], chunk: int) -> None:
    path = folder / "any.json"
    path.write_text(
        json.dumps({"before": [1, {}], "items": items, "after": None}, ensure_ascii=False),
        encoding="utf-8",
        errors="replace",
    )
    expected = json.loads(path.read_text(encoding="utf-8"))["items"]
    with mock.patch.object(_files_json, "_CHUNK", chunk):
        found = [item for name, item in _files_json._items(path, "utf-8") if name == "items"]
    assert found == expected


@given(rows=st.lists(st.dictionaries(st.text(min_size=1), JSON, max_size=4), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None)
def test_any_json_becomes_a_table_with_a_row_for_each_object_that_says_something(
    folder: Path, rows: list[dict[str, Any]]
) -> None:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    layout = {"format": "jsonl", "encoding": "utf-8", "path": "rows.jsonl"}
    tables = [table for table in json_tables(path, "rows.jsonl", layout, 3) if isinstance(table, pa.Table)]
    assert sum(table.num_rows for table in tables) == sum(bool(flatten(row)) for row in rows)
    names = {name for row in rows for name in flatten(row)}
    assert {name for table in tables for name in table.column_names} == names


@given(values=st.lists(st.one_of(st.none(), st.text(max_size=8), st.integers().map(str), st.floats().map(str),
                                 st.dates().map(str), st.datetimes().map(str), st.booleans().map(str)), max_size=20))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_column_always_fits_the_type_found_for_it(values: list[str | None]) -> None:
    table = pa.table({"v": pa.array(values, pa.string())})
    profile = TableProfile("any")
    profile.add(table)
    (column,) = profile.columns()
    cast = cast_column(table.column("v"), column.type)
    assert cast.null_count == table.column("v").null_count
    assert column.type == "text" or not pa.types.is_string(cast.type)
