"""Tables in a ZIP archive: CSV for Neptune's bulk loader and for openCypher, Parquet per vertex and edge label."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from bifrost.values import Value
from graphstore.beside import name_beside
from graphstore.export_rows import Element, PropertyShape, Snapshot

__all__ = ["csv_archive", "parquet_archive"]

Shapes = Mapping[str, Mapping[str, PropertyShape]]
_CSV_TYPES = {"integer": "Long", "number": "Double", "boolean": "Bool", "date": "Date", "datetime": "Date"}
_HEADS = {
    # https://docs.aws.amazon.com/neptune/latest/userguide/bulk-load-tutorial-format-gremlin.html and -opencypher.html
    "neptune": (("~id", "~label"), ("~id", "~from", "~to", "~label")),
    "opencypher": ((":ID", ":LABEL"), (":ID", ":START_ID", ":END_ID", ":TYPE")),
}


class _Sink(io.RawIOBase):
    """Collects what a ZIP archive writes, to be handed on chunk by chunk."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        return self._length

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


# ---- CSV -------------------------------------------------------------------------------------------------------------


def csv_archive(dialect: str) -> Callable[[Snapshot], Iterator[bytes]]:
    """vertices.csv and edges.csv with typed headers; several values of a property as an array. The ``score`` of edges has a
    ``_`` more than properties of that name have."""
    vertex_head, edge_head = _HEADS[dialect]

    def write(snapshot: Snapshot) -> Iterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            vertices = (((v.id, v.label), v) for batch in snapshot.vertex_batches() for v in batch)
            yield from _csv(archive, sink, "vertices.csv", vertex_head, snapshot.shapes("vertex"), vertices)
            edges = (((e.id, e.tail, e.head, e.label), e) for batch in snapshot.edge_batches() for e in batch)
            shapes = snapshot.shapes("edge")
            score = name_beside((name for properties in shapes.values() for name in properties), "score")
            head = (*edge_head, f"{score}:Double")
            scored = (((*row, str(e.score)), e) for row, e in edges)
            yield from _csv(archive, sink, "edges.csv", head, shapes, scored)
        yield sink.take()

    return write


def _csv(
    archive: zipfile.ZipFile,
    sink: _Sink,
    name: str,
    head: tuple[str, ...],
    shapes: Shapes,
    rows: Iterable[tuple[tuple[str, ...], Element]],
) -> Iterator[bytes]:
    columns = _columns(shapes)
    headings = _headings(head, columns)
    with archive.open(name, "w", force_zip64=True) as binary:
        text = io.TextIOWrapper(binary, "utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*head, *headings])
        for i, (fixed, element) in enumerate(rows):
            writer.writerow(
                [*fixed, *(_cell(element.properties.get(column, ()), type) for column, type in columns.items())]
            )
            if i % 1_000 == 999 and (chunk := sink.take()):
                yield chunk
        text.flush()
        text.detach()
    yield sink.take()


def _columns(shapes: Shapes) -> dict[str, str]:
    """Property name -> CSV type over all labels; text where labels differ."""
    types: dict[str, set[str]] = {}
    several: set[str] = set()
    for properties in shapes.values():
        for name, shape in properties.items():
            types.setdefault(name, set()).add(_CSV_TYPES.get(shape.type, "String"))
            if shape.several:
                several.add(name)
    return {
        name: (kinds.pop() if len(kinds) == 1 else "String") + ("[]" if name in several else "")
        for name, kinds in sorted(types.items())
    }


def _headings(head: Iterable[str], columns: Mapping[str, str]) -> list[str]:
    """The headings of properties, each with its type. No two have one name: the later gets ``_2``."""
    taken = {fixed.split(":")[0] for fixed in head}
    headings = []
    for name, type in columns.items():
        plain = given = name.replace(":", "_").replace("\n", " ")
        number = 1
        while plain in taken:
            number += 1
            plain = f"{given}_{number}"
        taken.add(plain)
        headings.append(f"{plain}:{type}")
    return headings


def _cell(values: Iterable[Value], type: str) -> str:
    texts = [_text(value) for value in values]
    return ";".join(text.replace(";", "\\;") for text in texts) if type.endswith("[]") else "".join(texts[:1])


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | time) else str(value)


# ---- Parquet ---------------------------------------------------------------------------------------------------------

_LIKE_FIXED = re.compile("_+(id|tail|head|score)")
_ARROW = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32()}
_CAST: dict[str, Callable[[Any], Any]] = {"integer": int, "number": float, "boolean": bool}


def parquet_archive(snapshot: Snapshot) -> Iterator[bytes]:
    """``vertices/<label>.parquet`` (``_id``, properties) and ``edges/<label>.parquet`` (``_id``, ``_tail``, ``_head``,
    ``_score``, properties); a property with several values somewhere is a list everywhere in its table. The column of a
    property called like one of those four has one more ``_`` before it, and its name in the metadata."""
    with TemporaryDirectory(prefix="bifrost-export-") as folder:
        for kind, table in (("vertices", "vertex"), ("edges", "edge")):
            batches = snapshot.vertex_batches() if kind == "vertices" else snapshot.edge_batches()
            _write_tables(Path(folder) / kind, snapshot.shapes(table), batches, is_edge=kind == "edges")
        sink = _Sink()
        # Parquet is compressed already.
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(Path(folder).rglob("*.parquet")):
                with archive.open(file.relative_to(folder).as_posix(), "w", force_zip64=True) as target:
                    for chunk in _read(file.open("rb")):
                        target.write(chunk)
                        yield sink.take()
        yield sink.take()


def _read(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(1 << 20):
            yield chunk


def _write_tables(folder: Path, shapes: Shapes, batches: Iterable[list[Element]], *, is_edge: bool) -> None:
    folder.mkdir()
    schemas = {
        label: _schema(properties, is_edge).with_metadata({"label": label}) for label, properties in shapes.items()
    }
    writers = {
        label: pq.ParquetWriter(folder / f"{_file_name(label)}.parquet", schema, compression="zstd")
        for label, schema in schemas.items()
    }
    try:
        for batch in batches:
            by_label: dict[str, list[Element]] = {}
            for element in batch:
                by_label.setdefault(element.label, []).append(element)
            for label, elements in by_label.items():
                writers[label].write_batch(_arrow(elements, schemas[label], shapes[label], is_edge))
    finally:
        for writer in writers.values():
            writer.close()


def _file_name(label: str) -> str:
    """The label, escaped; a long one is cut and told apart by a digest. The whole label is in the file's metadata."""
    name = quote(label, safe=" ")
    return name if len(name) <= 150 else f"{name[:150]}~{blake2b(label.encode(), digest_size=8).hexdigest()}"


def _schema(properties: Mapping[str, PropertyShape], is_edge: bool) -> pa.Schema:
    fixed = [("_id", pa.string())]
    if is_edge:
        fixed += [("_tail", pa.string()), ("_head", pa.string()), ("_score", pa.float64())]
    said = [_field(name, shape) for name, shape in properties.items()]
    return pa.schema([*fixed, *said])


def _field(name: str, shape: PropertyShape) -> pa.Field:
    """A column, which says the type of its values also where they are written as text."""
    type = _ARROW.get(shape.type, pa.string())
    metadata = {"type": shape.type, "name": name}
    return pa.field(_column_name(name), pa.list_(type) if shape.several else type, metadata=metadata)


def _column_name(name: str) -> str:
    return f"_{name}" if _LIKE_FIXED.fullmatch(name) else name


def _arrow(
    elements: list[Element], schema: pa.Schema, properties: Mapping[str, PropertyShape], is_edge: bool
) -> pa.RecordBatch:
    columns: list[list[Any]] = [[e.id for e in elements]]
    if is_edge:
        columns += [[e.tail for e in elements], [e.head for e in elements], [e.score for e in elements]]
    for name, shape in properties.items():
        rows = [[_arrow_value(value, shape.type) for value in e.properties.get(name, ())] for e in elements]
        columns.append([row or None if shape.several else (row[0] if row else None) for row in rows])
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _arrow_value(value: Value, type: str) -> Any:
    if type in _CAST:
        number = _CAST[type](value)
        return None if type == "integer" and not -(2**63) <= number < 2**63 else number
    return value if type == "date" and not isinstance(value, datetime) else _text(value)
