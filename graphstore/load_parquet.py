"""Reading Parquet tables of vertices and edges, one per label, as exports write them."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, time
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import Any, NamedTuple
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from bifrost.errors import InputError
from bifrost.values import Value
from graphstore.load_files import NOTHING_LOADED, GraphFile, Loaded, Part, wrong
from graphstore.values import value_key

__all__ = ["parquet_parts"]

_BATCH = 5_000
_FIXED = ("_id", "_tail", "_head", "_score")
_WRITTEN_AS_TEXT: dict[str, Callable[[str], Value]] = {"datetime": datetime.fromisoformat, "time": time.fromisoformat}
_KEPT = (
    kinds.is_string, kinds.is_large_string, kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal,
    kinds.is_date, kinds.is_timestamp, kinds.is_time,
)  # fmt: skip


class _Column(NamedTuple):
    """``column`` is its name in the file, ``name`` that of the property."""

    column: str
    name: str
    several: bool
    parse: Callable[[str], Value] | None
    is_nanoseconds: bool


def parquet_parts(files: Sequence[GraphFile]) -> Iterator[Part]:
    """The vertices of all files, then the edges. Raises InputError with the row that is wrong."""
    for wants_edges in (False, True):
        for file in files:
            with _opened(file) as table:
                names = table.schema_arrow.names
                if ("_tail" in names or "_head" in names) == wants_edges:
                    yield from _elements(file.name, table, wants_edges)


@contextmanager
def _opened(file: GraphFile) -> Iterator[pq.ParquetFile]:
    """Parquet is read from its end, which neither an archive's nor a compressed stream can."""
    with file.open() as stream, ExitStack() as stack:
        if file.member is not None or file.name.lower().endswith(".gz"):
            copy = stack.enter_context(TemporaryFile(prefix="bifrost-load-"))
            shutil.copyfileobj(stream, copy, 1 << 20)
            copy.seek(0)
            stream = copy
        try:
            yield stack.enter_context(pq.ParquetFile(stream))
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise InputError(f"{file.name} is no readable Parquet file: {error}", remedy=NOTHING_LOADED) from None


def _elements(file: str, table: pq.ParquetFile, is_edge: bool) -> Iterator[Part]:
    schema = table.schema_arrow
    for name in ("_id", "_tail", "_head") if is_edge else ("_id",):
        if schema.names.count(name) != 1 or not _is_text(schema.field(name).type):
            raise InputError(f"{file} has no text column {name}.", remedy=NOTHING_LOADED)
    written = (schema.metadata or {}).get(b"label", b"").decode(errors="replace")
    label = written or unquote(PurePosixPath(file).name.split(".parquet")[0])
    columns = [_column(file, field) for field in schema if field.name not in _FIXED]
    line = 1
    for batch in table.iter_batches(_BATCH):
        try:
            elements = _loaded(file, line, label, batch, columns)
        except ValueError as error:
            rows = f"rows {line} to {line + batch.num_rows - 1}"
            raise InputError(f"{file} {rows}: {error}", remedy=NOTHING_LOADED) from None
        yield Part(file, "row", elements)
        line += batch.num_rows


def _loaded(file: str, first: int, label: str, batch: pa.RecordBatch, columns: list[_Column]) -> list[Loaded]:
    fixed = [batch.column(name).to_pylist() if name in batch.schema.names else None for name in _FIXED]
    ids, tails, heads, scores = fixed
    said = [_values(batch.column(column.column), column) for column in columns]
    names = [column.name for column in columns]
    found = []
    for i, id in enumerate(ids or ()):
        line = first + i
        properties = {name: values[i] for name, values in zip(names, said, strict=True) if values[i]}
        if not id:
            raise wrong(file, "row", line, "it has no _id.")
        if tails is None or heads is None:
            found.append(Loaded(line, label, id, properties))
            continue
        score = 1.0 if scores is None or scores[i] is None else scores[i]
        if not tails[i] or not heads[i] or not 0 <= score <= 1:
            problem = "the edge lacks a vertex at one end." if 0 <= score <= 1 else f"{score} is no score from 0 to 1."
            raise wrong(file, "row", line, problem)
        found.append(Loaded(line, label, id, properties, tails[i], heads[i], float(score)))
    return found


def _values(array: pa.Array, column: _Column) -> list[tuple[Value, ...]]:
    if column.is_nanoseconds:
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    given, parse = array.to_pylist(), column.parse
    if column.several:
        return [
            _distinct([parse(v) if parse else v for v in values if v is not None]) if values else () for values in given
        ]
    return [() if value is None else (parse(value) if parse else value,) for value in given]


def _distinct(values: list[Value]) -> tuple[Value, ...]:
    return tuple({value_key(value): value for value in values}.values())


# ---- columns ---------------------------------------------------------------------------------------------------------


def _column(file: str, field: pa.Field) -> _Column:
    type = field.type
    several = kinds.is_list(type) or kinds.is_large_list(type)
    inner = type.value_type if several else type
    if kinds.is_dictionary(inner):
        inner = inner.value_type
    if not any(is_kind(inner) for is_kind in _KEPT):
        raise InputError(
            f"{file}: the column {field.name!r} of type {type} holds no property values.",
            remedy="Properties are texts, numbers, booleans, dates, times, or lists of one of them.",
        )
    declared: Mapping[Any, bytes] = field.metadata or {}
    parse = _WRITTEN_AS_TEXT.get(declared.get(b"type", b"").decode(errors="replace")) if _is_text(inner) else None
    name = declared.get(b"name", b"").decode(errors="replace") or field.name
    return _Column(field.name, name, several, parse, kinds.is_timestamp(type) and type.unit == "ns")


def _is_text(type: pa.DataType) -> bool:
    return bool(kinds.is_string(type) or kinds.is_large_string(type))
