"""One tabular file: which tables are in it, what their columns and keys are, and their rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from bifrost.errors import RecordError
from bifrost.values import DatasetInfo, DatasetKind
from connectors._files_csv import csv_layout, csv_tables
from connectors._files_json import json_lists, json_tables
from connectors._files_listing import TABULAR
from connectors._files_office import parquet_tables, sheet_names, sheet_tables
from connectors._files_text import detect_encoding
from connectors._infer import TableProfile

__all__ = ["ROWS", "TableFile", "describe", "read_tables"]

ROWS = 5000
"""Rows per batch."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """One state of a file: ``modified`` and ``size`` change when its content does. ``key`` is its path in the source."""

    path: Path
    key: str
    modified: int
    size: int
    encoding: str | None
    delimiter: str | None


@lru_cache(maxsize=4096)
def describe(file: TableFile, name: str) -> tuple[DatasetInfo, ...]:
    """The tables of a file, found by reading all of it; remembered for as long as the file does not change.

    Raises OSError where the file cannot be read, LookupError for an unknown encoding.
    """
    return tuple(_profile(file.path, name + part, options) for part, options in _layouts(file))


def _layouts(file: TableFile) -> list[tuple[str, dict[str, Any]]]:
    """(what to add to the dataset's name, options) for each table of a file."""
    suffix = file.path.suffix.lower()
    base = {"path": file.key, "format": TABULAR[suffix]}
    match base["format"]:
        case "csv":
            return [("", {**base, **csv_layout(file.path, suffix, file.encoding, file.delimiter)})]
        case "json":
            encoding, lists = json_lists(file.path, file.encoding)
            shared = {**base, "encoding": encoding}
            many = len(lists) > 1
            return [(f"#{part}" if many and part else "", {**shared, "list": part}) for part in lists or ("",)]
        case "jsonl":
            return [("", {**base, "encoding": file.encoding or detect_encoding(file.path)})]
        case "workbook":
            try:
                return [(f"#{sheet}", {**base, "sheet": sheet}) for sheet in sheet_names(file.path)]
            except ValueError as error:
                return [("", {**base, "sheet": "", "error": str(error)})]
        case _:
            return [("", base)]


def _profile(path: Path, name: str, options: dict[str, Any]) -> DatasetInfo:
    profile = TableProfile(name)
    for item in read_tables(path, options, ROWS):
        if isinstance(item, pa.Table):
            profile.add(item)
    return DatasetInfo(
        name,
        DatasetKind.TABLE,
        columns=profile.columns(),
        key=profile.key(),
        estimated_records=profile.rows,
        options=options,
    )


def read_tables(path: Path, options: Mapping[str, Any], rows: int) -> Iterator[pa.Table | RecordError]:
    """The rows as the format gives them; ``options`` as :func:`describe` found them."""
    label = options["path"]
    match options["format"]:
        case "csv":
            yield from csv_tables(path, label, options)
        case "parquet":
            yield from parquet_tables(path, label, rows)
        case "workbook":
            yield from sheet_tables(path, f"{label}#{options['sheet']}", options, rows)
        case _:
            yield from json_tables(path, label, options, rows)
