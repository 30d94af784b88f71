"""CSV and TSV, streamed: every cell as text, ragged rows as record errors."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from bifrost.errors import RecordError
from connectors._files_text import detect_encoding, find_header, open_utf8, sniff_delimiter

__all__ = ["column_names", "csv_layout", "csv_tables"]

_BLOCK = 8 << 20
"""Bytes parsed at once; a cell may not be larger."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BARE_VALUE = re.compile(r"[-+]?[0-9][0-9.,:/\- ]*")


def csv_layout(path: Path, suffix: str, encoding: str | None, delimiter: str | None) -> dict[str, Any]:
    """Encoding, delimiter and header of a file, as the options of its dataset. Reads the file once."""
    encoding = encoding or detect_encoding(path)
    delimiter = delimiter or ("\t" if suffix == ".tsv" else sniff_delimiter(path, encoding))
    first, begin, end = find_header(path, encoding, delimiter)
    headless = bool(first) and all(_BARE_VALUE.fullmatch(cell.strip()) for cell in first)
    names = column_names([""] * len(first) if headless else first)
    return {"encoding": encoding, "delimiter": delimiter, "skip": begin if headless else end, "names": names}


def column_names(header: Sequence[object]) -> list[str]:
    """Names for a header's cells: trimmed, never empty, never twice."""
    names: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(header, 1):
        base = " ".join(_CONTROL.sub(" ", str(cell if cell is not None else "")).split()) or f"column_{position}"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def csv_tables(path: Path, label: str, layout: Mapping[str, Any]) -> Iterator[pa.Table | RecordError]:
    """The rows as tables of trimmed text, empty cells null. ``label`` names the file in errors."""
    names: list[str] = list(layout["names"])
    if not names:
        yield RecordError(f"{label} is empty.", record=label, remedy="Remove the file, or export it again.")
        return
    errors: list[RecordError] = []
    rows = 0
    last: pa.Table | None = None

    def ragged(row: csv.InvalidRow) -> str:
        where = f"{label}:{row.number}" if row.number else label
        text = row.text if len(row.text) <= 80 else row.text[:80] + "..."
        errors.append(
            RecordError(
                f"{where} has {row.actual_columns} cells instead of {row.expected_columns}: {text!r}",
                record=where,
                remedy="Correct this line in the file (a missing quote or a delimiter too many); the other lines are read.",
            )
        )
        return "skip"

    with open_utf8(path, layout["encoding"]) as stream:
        try:
            reader = csv.open_csv(
                stream,
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, column_names=names,
                    skip_rows=layout["skip"],
                ),
                parse_options=csv.ParseOptions(
                    delimiter=layout["delimiter"], newlines_in_values=True, invalid_row_handler=ragged
                ),
                convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
            )  # fmt: skip
            for batch in reader:
                yield from errors
                errors.clear()
                table = _trimmed(pa.Table.from_batches([batch]))
                yield from _damaged(table, label, rows)
                rows += table.num_rows
                if table.num_rows:
                    last = table.slice(table.num_rows - 1)
                yield table
        except pa.ArrowException as error:
            yield from errors
            yield RecordError(
                f"{label} cannot be read further: {error}",
                record=label,
                remedy="Look for a quote that is never closed, or a cell above 8 MB; the lines before it were read.",
            )
            return
        yield from errors
        if last is not None and _quote_left_open(path, last):
            yield RecordError(
                f"{label} row {rows}: a quote is never closed, so that this row took in all lines after it.",
                record=f"{label} row {rows}",
                remedy="Close the quote in the file, then build again.",
            )
        if not rows:
            yield pa.table({name: pa.array([], pa.string()) for name in names})


def _trimmed(table: pa.Table) -> pa.Table:
    columns = []
    for column in table.columns:
        trimmed = pc.utf8_trim_whitespace(column)
        columns.append(pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed))
    return pa.table(columns, names=table.column_names)


def _damaged(table: pa.Table, label: str, before: int) -> Iterator[RecordError]:
    """Says which rows hold bytes that are no text. The rows themselves are kept, with U+FFFD in place of these bytes."""
    for name in table.column_names:
        for row in pc.indices_nonzero(pc.match_substring(table.column(name), "\ufffd")).to_pylist():
            where = f"{label} row {before + row + 1}"
            yield RecordError(
                f"{where}, column {name!r}: bytes that are no text were replaced by \ufffd.",
                record=where,
                remedy="Name the file's encoding in the source's settings, or correct the file; the row was read.",
            )


def _quote_left_open(path: Path, last: pa.Table) -> bool:
    """Whether the last row spans lines and the file has an odd number of quotes."""
    if not any("\n" in (value or "") for column in last.columns for value in column.to_pylist()):
        return False
    with path.open("rb") as file:
        return sum(chunk.count(b'"') for chunk in iter(lambda: file.read(1 << 20), b"")) % 2 == 1
