"""Linking data held in memory: tables and documents without a store, for benchmarks, tests and trial runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from bifrost.catalog import DatasetSummary
from bifrost.ports import Reading
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, make_uid

__all__ = ["MemoryData", "as_text"]

_BATCH = 20_000
_PAGES = pa.schema([("_uid", pa.string()), ("page", pa.int32()), ("text", pa.string()), ("from_ocr", pa.bool_())])
_MENTIONS = pa.schema(
    [
        ("_uid", pa.string()),
        ("page", pa.int32()),
        ("begin", pa.int32()),
        ("end", pa.int32()),
        ("text", pa.string()),
        ("type", pa.string()),
        ("normal", pa.string()),
        ("confidence", pa.float32()),
    ]
)


def as_text(value: Any) -> str | None:
    """A value as :class:`bifrost.ports.LinkingData` gives it: text, None where there is nothing."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bytes):
        return None
    return str(value)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, pa.Array]:
    """The columns of some rows; one that no row fills is left out."""
    columns: dict[str, pa.Array] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if any(isinstance(value, list) for value in values):
            lists = [v if isinstance(v, list) else [] if v is None else [v] for v in values]
            columns[name] = pa.array([[as_text(item) for item in items] for items in lists], pa.list_(pa.string()))
        elif any(value is not None for value in values):
            columns[name] = pa.array([as_text(value) for value in values], pa.string())
    return columns


class MemoryData:
    """Implements :class:`bifrost.ports.LinkingData` over Arrow tables."""

    def __init__(self) -> None:
        self._summaries: list[DatasetSummary] = []
        self._rows: dict[tuple[str, str], pa.Table] = {}
        self._pages: dict[tuple[str, str], pa.Table] = {}
        self._mentions: dict[tuple[str, str], pa.Table] = {}

    def add_rows(
        self,
        source: str,
        dataset: str,
        rows: Sequence[Mapping[str, Any]],
        info: DatasetInfo | None = None,
    ) -> None:
        """A table out of dictionaries. A list value stays a list; anything else becomes text.

        Record keys are the values of ``info.key``, or row numbers without a key.
        """
        names = list(dict.fromkeys(name for row in rows for name in row))
        if info is None:
            info = DatasetInfo(dataset, DatasetKind.TABLE, tuple(ColumnInfo(name) for name in names))
        columns = _columns(rows)
        keys = ["|".join(str(row.get(k)) for k in info.key) if info.key else str(i) for i, row in enumerate(rows)]
        uids = pa.array([make_uid(source, dataset, key) for key in keys], pa.string())
        self.add_table(source, dataset, pa.table({"_uid": uids, **columns}), info)

    def add_table(self, source: str, dataset: str, table: pa.Table, info: DatasetInfo | None = None) -> None:
        """A table whose first column ``_uid`` names the records and whose other columns are text or lists of text."""
        if info is None:
            names = [name for name in table.column_names if name != "_uid"]
            info = DatasetInfo(dataset, DatasetKind.TABLE, tuple(ColumnInfo(name) for name in names))
        self._rows[source, dataset] = table
        self._summaries.append(DatasetSummary(source, info, dataset, records=table.num_rows))

    def add_documents(
        self,
        source: str,
        dataset: str,
        documents: Mapping[str, Sequence[str]],
        *,
        from_ocr: bool = False,
        mentions: Sequence[Mapping[str, Any]] = (),
        properties: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Documents as record key -> texts of their pages; ``properties`` as record key -> what the document says of itself."""
        rows = [
            {"_uid": make_uid(source, dataset, key), "page": number, "text": text, "from_ocr": from_ocr}
            for key, pages in documents.items()
            for number, text in enumerate(pages, 1)
        ]
        self._pages[source, dataset] = pa.Table.from_pylist(rows, _PAGES)
        self._mentions[source, dataset] = pa.Table.from_pylist(list(mentions), _MENTIONS)
        if properties:
            keys = list(properties)
            uids = pa.array([make_uid(source, dataset, key) for key in keys], pa.string())
            self._rows[source, dataset] = pa.table({"_uid": uids, **_columns([properties[key] for key in keys])})
        info = DatasetInfo(dataset, DatasetKind.DOCUMENTS)
        self._summaries.append(DatasetSummary(source, info, "Document", records=len(documents)))

    def datasets(self) -> list[DatasetSummary]:
        return list(self._summaries)

    def reading(self, source: str, dataset: str, since: tuple[int, int] | None = None) -> Reading | None:
        return None

    def rows(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        table = self._rows.get((source, dataset))
        yield from table.to_batches(max_chunksize=_BATCH) if table is not None else ()

    def pages(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        table = self._pages.get((source, dataset))
        yield from table.to_batches(max_chunksize=500) if table is not None else ()

    def mentions(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        table = self._mentions.get((source, dataset))
        yield from table.to_batches(max_chunksize=_BATCH) if table is not None else ()

    def boxes(self, uid: str, page: int, begin: int, end: int) -> tuple[tuple[float, float, float, float], ...]:
        return ()
