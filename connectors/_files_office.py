"""Parquet files and the sheets of workbooks."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bifrost.errors import RecordError
from connectors._files_csv import column_names
from connectors._files_json import to_table

__all__ = ["parquet_tables", "sheet_names", "sheet_tables"]

_LARGEST_WORKBOOK = 512 << 20
"""Bytes of XML after unpacking."""
_HEADER_AMONG = 20


def parquet_tables(path: Path, label: str, rows: int) -> Iterator[pa.Table | RecordError]:
    """Tables of ``rows`` rows; structs become dotted columns, what has no equal here becomes text."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield _plain(pa.Table.from_batches([batch]))
    except (pa.ArrowException, OSError) as error:
        yield RecordError(f"{label} cannot be read: {error}", record=label, remedy="Write the Parquet file again.")


def _plain(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(column.type) for column in table.columns):
        table = table.flatten()
    columns = [_plain_column(column) for column in table.columns]
    return pa.table(columns, names=column_names(table.column_names))


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = pc.cast(column, kind.value_type), kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_null(kind) or pa.types.is_string_view(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_nested(kind) and not (
        (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and not pa.types.is_nested(kind.value_type)
    ):
        return pa.chunked_array([to_table([{"x": value} for value in column.to_pylist()]).column("x").combine_chunks()])
    return column


def sheet_names(path: Path) -> tuple[str, ...]:
    """The sheets of a workbook. Raises ValueError where it cannot be opened."""
    with _open(path) as workbook:
        return tuple(workbook.sheet_names)


def sheet_tables(path: Path, label: str, layout: Mapping[str, Any], rows: int) -> Iterator[pa.Table | RecordError]:
    """The rows below a sheet's header as tables of ``rows`` rows."""
    try:
        with _open(path) as workbook:
            cells = iter(workbook.get_sheet_by_name(layout["sheet"]).iter_rows())
            start = list(islice(cells, _HEADER_AMONG))
            at = _header_at(start)
            if at is None:
                return
            names = column_names(start[at])
            used = [
                position for position, name in enumerate(names) if start[at][position] != "" or _filled(start, position)
            ]
            batch: list[dict[str, Any]] = []
            for row in (*start[at + 1 :], *()):
                _take(batch, row, names, used)
            for row in cells:
                _take(batch, row, names, used)
                if len(batch) >= rows:
                    yield to_table(batch)
                    batch = []
            yield (
                to_table(batch)
                if batch
                else pa.table({names[position]: pa.array([], pa.string()) for position in used})
            )
    except ValueError as error:
        yield RecordError(
            f"{label} cannot be read: {error}",
            record=label,
            remedy="Open it in a spreadsheet program and save it again.",
        )


def _take(batch: list[dict[str, Any]], row: Sequence[Any], names: Sequence[str], used: Sequence[int]) -> None:
    values = {names[position]: _value(row[position]) for position in used if position < len(row)}
    if any(value is not None for value in values.values()):
        batch.append(values)


def _value(cell: Any) -> Any:
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, str):
        return cell.strip() or None
    return cell if isinstance(cell, bool | int | float) or hasattr(cell, "isoformat") else str(cell)


def _filled(rows: Sequence[Sequence[Any]], position: int) -> bool:
    return any(position < len(row) and row[position] != "" for row in rows)


def _header_at(rows: Sequence[Sequence[Any]]) -> int | None:
    """The first row that is nearly as wide as the widest and all text; titles above a table are narrower."""
    widths = [sum(cell != "" for cell in row) for row in rows]
    if not any(widths):
        return None
    for at, row in enumerate(rows):
        if widths[at] >= 0.8 * max(widths) and all(isinstance(cell, str) for cell in row):
            return at
    return next(at for at, width in enumerate(widths) if width)


def _open(path: Path) -> Any:
    """A calamine workbook (a context manager). Refuses archives that unpack to more than 512 MB."""
    import python_calamine

    if not path.stat().st_size:
        raise ValueError("the file is empty")
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_WORKBOOK:
                    raise ValueError("it unpacks to more than 512 MB")
        return python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError) as error:
        raise ValueError(str(error)) from None
