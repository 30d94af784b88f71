"""Documents in SQL: pages with their words as packed arrays, tables, mentions."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.documents import Box, Document, Mention, Page, Table, WordIndex
from bifrost.errors import NotFoundError
from graphstore import schema as s
from graphstore.database import Database
from graphstore.encoding import dumps
from graphstore.values import clean_text

__all__ = ["delete_documents", "insert_documents", "pack_words", "read_document", "read_document_of", "unpack_words"]

_PAGE_COLUMNS = ("record", "number", "text", "width", "height", "from_ocr", "tables", "words")
_MENTION_COLUMNS = (
    "record", "position", "page", "begin", "end", "text", "type", "normal", "confidence", "extractor",
)  # fmt: skip


def pack_words(words: WordIndex) -> bytes | None:
    """The three arrays behind their length, deflated; None for a page without layout."""
    count = len(words.spans)
    if not count:
        return None
    parts = (
        words.spans.astype("<i4").tobytes(), words.boxes.astype("<f4").tobytes(), words.confidence.astype("<f4").tobytes()
    )  # fmt: skip
    return struct.pack("<I", count) + zlib.compress(b"".join(parts), 1)


def unpack_words(data: bytes | None) -> WordIndex:
    """The inverse of :func:`pack_words`."""
    if data is None:
        return WordIndex.empty()
    (count,) = struct.unpack_from("<I", data)
    raw = zlib.decompress(data[4:])
    spans = np.frombuffer(raw, "<i4", count * 2).reshape(count, 2)
    boxes = np.frombuffer(raw, "<f4", count * 4, offset=count * 8).reshape(count, 4)
    confidence = np.frombuffer(raw, "<f4", count, offset=count * 24)
    return WordIndex(spans.astype(np.int32), boxes.astype(np.float32), confidence.astype(np.float32))


def insert_documents(
    database: Database, connection: Connection, documents: Sequence[tuple[int, int, Document]]
) -> None:
    """Writes (record id, fragment id, document) triples of records that have no document yet."""
    heads, pages, mentions = [], [], []
    for record, fragment, document in documents:
        heads.append((record, fragment, document.media_type, document.reader, dumps(document.properties)))
        for page in document.pages:
            tables = dumps([_table_data(table) for table in page.tables])
            pages.append(
                (record, page.number, clean_text(page.text), float(page.width), float(page.height),
                 int(page.from_ocr), tables, pack_words(page.words))
            )  # fmt: skip
        for position, m in enumerate(document.mentions):
            mentions.append(
                (record, position, m.page, m.begin, m.end, clean_text(m.text), m.type, clean_text(m.normal),
                 float(m.confidence), m.extractor)
            )  # fmt: skip
    database.insert(connection, s.document, ("record", "fragment", "media_type", "reader", "properties"), heads)
    database.insert(connection, s.page, _PAGE_COLUMNS, pages)
    database.insert(connection, s.mention, _MENTION_COLUMNS, mentions)


def delete_documents(database: Database, connection: Connection, records: Iterable[int]) -> None:
    records = list(records)
    for table in (s.document, s.page, s.mention):
        database.delete(connection, table.c.record, records)


def read_document(connection: Connection, uid: str) -> Document:
    """The document of the record that the fragment comes from. Raises NotFoundError."""
    query = (
        sa.select(s.document)
        .join(s.fragment, s.fragment.c.record == s.document.c.record)
        .where(s.fragment.c.uid == uid)
        .order_by(s.document.c.record)
        .limit(1)
    )
    head = connection.execute(query).one_or_none()
    if head is None:
        raise NotFoundError(f"No document has the id {uid!r}.")
    return read_document_of(connection, head)


def read_document_of(connection: Connection, head: Any) -> Document:
    """The document of a row of the document table."""
    pages = connection.execute(sa.select(s.page).where(s.page.c.record == head.record).order_by(s.page.c.number))
    mentions = connection.execute(
        sa.select(s.mention).where(s.mention.c.record == head.record).order_by(s.mention.c.position)
    )
    return Document(
        media_type=head.media_type,
        reader=head.reader,
        properties={name: tuple(values) for name, values in orjson.loads(head.properties).items()},
        pages=tuple(
            Page(
                row.number, row.text, row.width, row.height, unpack_words(row.words),
                tuple(_table(data) for data in orjson.loads(row.tables)), bool(row.from_ocr),
            )
            for row in pages
        ),
        mentions=tuple(
            Mention(row.page, row.begin, row.end, row.text, row.type, row.normal, row.confidence, row.extractor)
            for row in mentions
        ),
    )  # fmt: skip


def _table_data(table: Table) -> dict[str, Any]:
    box = table.box
    return {
        "rows": table.rows,
        "header": table.has_header,
        "box": None if box is None else [box.x0, box.y0, box.x1, box.y1],
    }


def _table(data: dict[str, Any]) -> Table:
    rows = tuple(tuple(row) for row in data["rows"])
    return Table(rows, data["header"], None if data["box"] is None else Box(*data["box"]))
