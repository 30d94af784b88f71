"""What linking reads, streamed from the fragments as Arrow batches."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from bifrost.catalog import DatasetSummary
from bifrost.codec import decode_value
from bifrost.errors import NotFoundError
from bifrost.ports import Reading
from graphstore import schema as s
from graphstore.assemble import chunks
from graphstore.catalog import SqlCatalog
from graphstore.database import Database
from graphstore.documents import unpack_words
from graphstore.values import clean_text

__all__ = ["SqlLinkingData"]

_BATCH = 10_000
_PAGES = 500
_FEW = 0.1
"""Of the records of a dataset; where more have changed, all are read."""
_LINKS = 1 << 62
"""The place of the first row that is a link: after all fragments."""
_Rows = tuple[pa.RecordBatch, NDArray[np.int64], NDArray[np.int64]]
_FRAGMENT_ROWS = sa.select(s.fragment.c.id, s.fragment.c.uid, s.fragment.c.properties, s.fragment.c.record)
_LINK_ROWS = sa.select(s.link.c.id, s.link.c.uid, s.link.c.properties, s.link.c.record)


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
        return (batch for batch, _, _ in self._all(source, dataset))

    def reading(self, source: str, dataset: str, since: tuple[int, int] | None = None) -> Reading:
        counter, record = s.counter.c, s.record.c
        newest, store = sa.select(counter.value).where(counter.name == "version"), self._db.identity()
        with self._db.read() as connection:
            version = store, int(connection.execute(newest).scalar() or 0)
            if since is None or since[0] != store:
                return Reading(version, self._all(source, dataset))
            id = self._dataset(connection, source, dataset)
            # As a sum, the dataset is no reason to look through all of its records: the newest versions are few.
            newer = sa.select(record.id).where(record.version > since[1], record.dataset + 0 == id)
            changed = frozenset(connection.execute(newer).scalars())
            number = connection.execute(sa.select(sa.func.count()).where(record.dataset == id)).scalar_one()
            if len(changed) > _FEW * number:
                return Reading(version, self._all(source, dataset))
            went = s.removed_record.c
            any_went = sa.select(sa.literal(1)).where(went.version > since[1], went.dataset == id).limit(1)
            present = None
            if connection.execute(any_went).first() is not None:
                there = connection.execute(sa.select(record.id).where(record.dataset == id)).scalars()
                present = np.fromiter(there, np.int64)
        return Reading(version, self._of_records(sorted(changed)), changed, present)

    def _all(self, source: str, dataset: str) -> Iterator[_Rows]:
        with self._db.read() as connection:
            id = self._dataset(connection, source, dataset)
            many = self._columns(connection, id)
        fragment, link = s.fragment.c, s.link.c
        own = sa.select(s.record.c.id).where(
            s.record.c.dataset == id, ~sa.exists().where(fragment.record == s.record.c.id)
        )
        fragments, links = _FRAGMENT_ROWS.where(fragment.dataset == id), _LINK_ROWS.where(link.record.in_(own))
        for query, key, first in ((fragments, fragment.id, 0), (links, link.id, _LINKS)):
            for rows in self._keyset(query, key, _BATCH):
                yield _placed(rows, many, first)

    def _of_records(self, records: Sequence[int]) -> Iterator[_Rows]:
        """The rows of some records; columns that these do not fill are left out."""
        for ids in chunks(records):
            with self._db.read() as connection:
                fragments = connection.execute(
                    _FRAGMENT_ROWS.where(self._db.within(s.fragment.c.record, ids)).order_by(s.fragment.c.id)
                ).all()
                own = set(ids) - {row.record for row in fragments}
                query = _LINK_ROWS.where(self._db.within(s.link.c.record, own)).order_by(s.link.c.id)
                links = connection.execute(query).all() if own else []
            for rows, first in ((fragments, 0), (links, _LINKS)):
                if rows:
                    yield _placed(rows, _columns_of(rows), first)

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


def _columns_of(rows: Sequence[Any]) -> dict[str, bool]:
    """Property name -> whether one of these rows has several values."""
    found: dict[str, bool] = {}
    for row in rows:
        for name, values in orjson.loads(row.properties).items():
            found[name] = found.get(name, False) or len(values) > 1
    return found


def _placed(rows: Sequence[Any], columns: dict[str, bool], first: int) -> _Rows:
    """A batch, the records of its rows and their places, ``first`` being that of id 0."""
    places = np.array([row[0] for row in rows], np.int64) + first
    return _row_batch(rows, columns), np.array([row[3] for row in rows], np.int64), places


def _row_batch(rows: Sequence[Any], columns: dict[str, bool]) -> pa.RecordBatch:
    loads = orjson.loads
    said = [loads(row[2]) for row in rows]
    arrays = [pa.array([row[1] for row in rows], pa.string())]
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
