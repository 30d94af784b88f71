"""What linking reads, streamed from the fragments as Arrow batches."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.catalog import DatasetSummary
from bifrost.codec import decode_value
from bifrost.errors import NotFoundError
from graphstore import schema as s
from graphstore.catalog import SqlCatalog
from graphstore.database import Database
from graphstore.documents import unpack_words
from graphstore.values import clean_text

__all__ = ["SqlLinkingData"]

_BATCH = 10_000
_PAGES = 500


class SqlLinkingData:
    """The linking data port over SQL. Streams hold no connection between batches."""

    def __init__(self, database: Database, catalog: SqlCatalog) -> None:
        self._db = database
        self._catalog = catalog

    def datasets(self) -> list[DatasetSummary]:
        return self._catalog.datasets()

    def rows(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """A record without a fragment of its own (a row of a join table) is read from its links.

        All batches have the same columns, in the order in which properties first occur.
        """
        with self._db.read() as connection:
            id = self._dataset(connection, source, dataset)
            many = self._columns(connection, id)
        link_rows = sa.select(s.link.c.id, s.link.c.uid, s.link.c.properties).where(
            s.link.c.record.in_(
                sa.select(s.record.c.id).where(
                    s.record.c.dataset == id, ~sa.exists().where(s.fragment.c.record == s.record.c.id)
                )
            )
        )
        f = s.fragment
        fragment_rows = sa.select(f.c.id, f.c.uid, f.c.properties).where(f.c.dataset == id)
        for query, key in ((fragment_rows, f.c.id), (link_rows, s.link.c.id)):
            for rows in self._keyset(query, key, _BATCH):
                yield _row_batch(rows, many)

    def pages(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        with self._db.read() as connection:
            id = self._dataset(connection, source, dataset)
        schema = pa.schema(
            [("_uid", pa.string()), ("page", pa.int32()), ("text", pa.string()), ("from_ocr", pa.bool_())]
        )
        columns = (s.page.c.number, s.page.c.text, s.page.c.from_ocr)
        for rows in self._of_documents(id, s.page, columns, s.page.c.number):
            data = [(row.uid, row.number, row.text, bool(row.from_ocr)) for row in rows]
            yield _batch(data, schema)

    def mentions(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        with self._db.read() as connection:
            id = self._dataset(connection, source, dataset)
        m = s.mention
        schema = pa.schema(
            [
                ("_uid", pa.string()), ("page", pa.int32()), ("begin", pa.int32()), ("end", pa.int32()),
                ("text", pa.string()), ("type", pa.string()), ("normal", pa.string()), ("confidence", pa.float64()),
            ]
        )  # fmt: skip
        columns = (m.c.page, m.c.begin, m.c.end, m.c.text, m.c.type, m.c.normal, m.c.confidence)
        for rows in self._of_documents(id, m, columns, m.c.position):
            yield _batch([tuple(row)[1:] for row in rows], schema)

    def boxes(self, uid: str, page: int, begin: int, end: int) -> tuple[tuple[float, float, float, float], ...]:
        query = (
            sa.select(s.page.c.words)
            .join(s.fragment, s.fragment.c.record == s.page.c.record)
            .where(s.fragment.c.uid == clean_text(uid), s.page.c.number == page)
            .limit(1)
        )
        with self._db.read() as connection:
            words = connection.execute(query).scalar()
        return tuple((box.x0, box.y0, box.x1, box.y1) for box in unpack_words(words).boxes_of(begin, end))

    # ---- streaming ---------------------------------------------------------------------------------------------------

    def _dataset(self, connection: Connection, source: str, dataset: str) -> int:
        query = (
            sa.select(s.dataset.c.id)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .where(s.source.c.name == source, s.dataset.c.name == dataset)
        )
        id = connection.execute(query).scalar()
        if id is None:
            raise NotFoundError(f"There is no dataset {source}/{dataset}.")
        return int(id)

    def _keyset(self, query: Any, key: Any, size: int) -> Iterator[Sequence[Any]]:
        last = 0
        while True:
            with self._db.read() as connection:
                rows = connection.execute(query.where(key > last).order_by(key).limit(size)).all()
            if rows:
                yield rows
            if len(rows) < size:
                return
            last = rows[-1].id

    def _of_documents(self, dataset: int, table: sa.Table, columns: Sequence[Any], order: Any) -> Iterator[list[Any]]:
        """Rows of a table of documents, whole documents at a time: (record, uid, *columns)."""
        documents = (
            sa.select(s.document.c.record.label("id"), s.fragment.c.uid)
            .join(s.fragment, s.fragment.c.id == s.document.c.fragment)
            .where(s.fragment.c.dataset == dataset)
        )
        for group in self._keyset(documents, s.document.c.record, _PAGES):
            inside = self._db.within(table.c.record, [row.id for row in group])
            uids = documents.subquery()
            query = (
                sa.select(table.c.record, uids.c.uid, *columns)
                .join(uids, uids.c.id == table.c.record)
                .where(inside)
                .order_by(table.c.record, order)
            )
            with self._db.read() as connection:
                rows = connection.execute(query).all()
            if rows:
                yield list(rows)

    def _columns(self, connection: Connection, dataset: int) -> dict[str, bool]:
        """Property name -> whether some record has several values, over all rows of a dataset."""
        if self._db.is_sqlite:
            shape = "p.key AS name, max(json_array_length(p.value)) AS n FROM {0} x, json_each(x.properties) p"
        else:
            shape = "p.key AS name, max(jsonb_array_length(p.value)) AS n FROM {0} x, jsonb_each(x.properties::jsonb) p"
        fragments = f"SELECT {shape.format('fragment')} WHERE x.dataset = :id GROUP BY p.key"
        links = (
            f"SELECT {shape.format('link')} WHERE x.record IN (SELECT r.id FROM record r WHERE r.dataset = :id AND NOT "
            "EXISTS (SELECT 1 FROM fragment f WHERE f.record = r.id)) GROUP BY p.key"
        )
        found: dict[str, bool] = {}
        for text in (fragments, links):
            for row in connection.execute(sa.text(text), {"id": dataset}):
                found[row.name] = found.get(row.name, False) or row.n > 1
        first = (
            sa.select(s.fragment.c.properties).where(s.fragment.c.dataset == dataset).order_by(s.fragment.c.id).limit(1)
        )
        order = {name: i for i, name in enumerate(orjson.loads(connection.execute(first).scalar() or "{}"))}
        return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _text(encoded: Any) -> str:
    """A stored value as text: ISO dates, plain numbers, true and false."""
    if isinstance(encoded, str):
        return encoded
    if encoded.__class__ is int:
        return str(encoded)
    value = decode_value(encoded)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _row_batch(rows: Sequence[Any], columns: dict[str, bool]) -> pa.RecordBatch:
    loads = orjson.loads
    said = [loads(properties) for _, _, properties in rows]
    arrays = [pa.array([uid for _, uid, _ in rows], pa.string())]
    for name, several in columns.items():
        values = [data.get(name) for data in said]
        if several:
            lists = [None if value is None else [_text(item) for item in value] for value in values]
            arrays.append(pa.array(lists, pa.list_(pa.string())))
        else:
            # Most values are texts, which stay as they are.
            firsts = [None if value is None else value[0] for value in values]
            texts = [one if one is None or one.__class__ is str else _text(one) for one in firsts]
            arrays.append(pa.array(texts, pa.string()))
    return pa.record_batch(arrays, names=["_uid", *columns])


def _batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True))
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
