"""Rows become fragments and, through declared references and join tables, links."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import inflection
import pyarrow as pa

from bifrost.keys import join_keys, record_key, row_digests
from bifrost.values import (
    DatasetInfo,
    Evidence,
    Fragment,
    LinkStatement,
    RecordFragments,
    Reference,
    RowBatch,
    Value,
    digest_of,
    make_uid,
)

__all__ = ["RowMapper", "is_join_table", "link_name_of", "vertex_type_of"]

_WORDS = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UNNAMED_SHEET = re.compile(r"(sheet|tabelle|feuil|hoja|foglio|table)\s*\d*", re.IGNORECASE)
_KEY_SUFFIXES = {"id", "key", "code", "no", "nr", "num", "number", "fk", "ref", "uuid"}
_PLURAL_ONLY = {"data", "media", "metadata", "news", "series"}
_ROW = Evidence("row")

Cells = list[tuple[Value, ...] | None]
"""One column of a batch: the values of each row, None where it has none."""


def vertex_type_of(dataset: str) -> str:
    """The vertex type of a dataset's rows: CamelCase, singular.

    >>> vertex_type_of("Order Details"), vertex_type_of("crm/support_chats"), vertex_type_of("prices#Sheet1")
    ('OrderDetail', 'SupportChat', 'Price')
    """
    file, _, sheet = dataset.partition("#")
    name = sheet if sheet and not _UNNAMED_SHEET.fullmatch(sheet) else file.rsplit("/", 1)[-1]
    words = _split(name)
    if not words:
        return "Record"
    if words[-1].lower() not in _PLURAL_ONLY:
        words[-1] = inflection.singularize(words[-1])
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return joined if joined[0].isalpha() else f"Record{joined}"


def link_name_of(columns: Sequence[str], target_type: str) -> str:
    """The link type of a reference: the column's name without its key suffix, else the target's type, in snake case.

    >>> link_name_of(["CustomerID"], "Client"), link_name_of(["ReportsTo"], "Employee"), link_name_of(["id"], "Person")
    ('customer', 'reports_to', 'person')
    """
    words = [word.lower() for word in _split(columns[0])] if len(columns) == 1 else []
    if words and words[-1] in _KEY_SUFFIXES:
        words.pop()
    return "_".join(words) or inflection.underscore(target_type)


def _split(name: str) -> list[str]:
    return [part for word in _WORDS.findall(name) for part in _CAMEL.split(word)]


def is_join_table(dataset: DatasetInfo, catalog: Mapping[str, DatasetInfo]) -> bool:
    """Whether the primary key is exactly two foreign keys and no other table refers to this one."""
    return bool(_ends(dataset)) and not any(
        reference.dataset == dataset.name for other in catalog.values() for reference in other.references
    )


def _ends(dataset: DatasetInfo) -> tuple[Reference, Reference] | None:
    if len(dataset.columns) < 2 or not dataset.key:
        return None
    inside = [reference for reference in dataset.references if set(reference.columns) <= set(dataset.key)]
    if len(inside) != 2 or sorted([*inside[0].columns, *inside[1].columns]) != sorted(dataset.key):
        return None
    first, second = sorted(inside, key=lambda reference: dataset.key.index(reference.columns[0]))
    return first, second


@dataclass(frozen=True, slots=True)
class _Link:
    """A reference that can be followed: ``columns`` in the order of the target's record key."""

    type: str
    columns: tuple[str, ...]
    target: str
    suffix: str
    evidence: Evidence


class RowMapper:
    """Maps the rows of one table. ``catalog`` holds the datasets of the same source by name, ``types`` their vertex types."""

    def __init__(
        self,
        source: str,
        dataset: DatasetInfo,
        vertex_type: str,
        catalog: Mapping[str, DatasetInfo],
        types: Mapping[str, str],
    ) -> None:
        self.vertex_type = vertex_type
        self._prefix = make_uid(source, dataset.name) + "/"
        self._source = source
        self._types = types
        self._links = tuple(
            link for reference in dataset.references if (link := self._link(reference, catalog)) is not None
        )
        self._join = self._join_of(dataset, catalog)
        self._edge_type = inflection.underscore(vertex_type)
        mapping = (vertex_type, [column.name for column in dataset.columns], self._links, self._join)
        self._salt = digest_of([repr(mapping).encode()])

    def digests(self, batch: RowBatch) -> list[bytes]:
        """The digests of :meth:`map`, which cost a fifth of it."""
        return row_digests([pa.array(batch.keys, pa.string()), *batch.table.columns], self._salt)

    def map(self, batch: RowBatch) -> list[RecordFragments]:
        """One RecordFragments per row, in order."""
        table = batch.table
        columns: dict[str, Cells] = {name: _cells(table.column(name)) for name in table.column_names}
        digests = self.digests(batch)
        uids = [self._prefix + key.replace("%", "%25").replace("/", "%2F") for key in batch.keys]
        if self._join is not None:
            return self._edges(batch, digests, uids, columns, *self._join)
        links = self._link_statements(table, uids)
        kind = self.vertex_type
        return [
            RecordFragments(key, digest, (Fragment(uid, kind, properties, _ROW),), statements)
            for key, digest, uid, properties, statements in zip(
                batch.keys, digests, uids, _rows(columns, len(uids)), links, strict=True
            )
        ]

    def _edges(
        self,
        batch: RowBatch,
        digests: list[bytes],
        uids: list[str],
        columns: dict[str, Cells],
        tail: _Link,
        head: _Link,
    ) -> list[RecordFragments]:
        others = {name: cells for name, cells in columns.items() if name not in (*tail.columns, *head.columns)}
        records: list[RecordFragments] = []
        for key, digest, uid, at, to, properties in zip(
            batch.keys,
            digests,
            uids,
            self._heads(batch.table, tail),
            self._heads(batch.table, head),
            _rows(others, len(uids)),
            strict=True,
        ):
            if at is None or to is None:  # cannot be an edge, but must not be lost
                everything = {name: cells[len(records)] for name, cells in columns.items()}
                kept = {name: values for name, values in everything.items() if values is not None}
                records.append(RecordFragments(key, digest, (Fragment(uid, self.vertex_type, kept, _ROW),)))
            else:
                statement = LinkStatement(uid, self._edge_type, at, to, properties, _ROW)
                records.append(RecordFragments(key, digest, (), (statement,)))
        return records

    def _link_statements(self, table: pa.Table, uids: list[str]) -> Iterator[tuple[LinkStatement, ...]]:
        if not self._links:
            return iter([()] * len(uids))
        made = []
        for link in self._links:
            kind, suffix, evidence = link.type, link.suffix, link.evidence
            made.append(
                [
                    None if head is None else LinkStatement(uid + suffix, kind, uid, head, evidence=evidence)
                    for uid, head in zip(uids, self._heads(table, link), strict=True)
                ]
            )
        return (tuple([link for link in row if link is not None]) for row in zip(*made, strict=True))

    def _heads(self, table: pa.Table, link: _Link) -> list[str | None]:
        """The uid that each row's foreign key names."""
        prefix = make_uid(self._source, link.target) + "/"
        keys: list[str | None] = join_keys([table.column(name) for name in link.columns]).to_pylist()
        return [None if key is None else prefix + key.replace("%", "%25").replace("/", "%2F") for key in keys]

    def _link(self, reference: Reference, catalog: Mapping[str, DatasetInfo]) -> _Link | None:
        target = catalog.get(reference.dataset)
        if target is None:
            return None
        key = record_key(target)
        if not key or sorted(key) != sorted(reference.target_columns):
            return None
        own = dict(zip(reference.target_columns, reference.columns, strict=True))
        kind = link_name_of(reference.columns, self._types.get(target.name) or vertex_type_of(target.name))
        names = "+".join(reference.columns)
        return _Link(kind, tuple(own[name] for name in key), target.name, f"#{names}", Evidence("row", column=names))

    def _join_of(self, dataset: DatasetInfo, catalog: Mapping[str, DatasetInfo]) -> tuple[_Link, _Link] | None:
        ends = _ends(dataset)
        if ends is None or not is_join_table(dataset, catalog):
            return None
        tail, head = (self._link(reference, catalog) for reference in ends)
        return (tail, head) if tail is not None and head is not None else None


def _rows(columns: Mapping[str, Cells], count: int) -> Iterator[dict[str, tuple[Value, ...]]]:
    """The properties of each row: columns without a value are left out."""
    if not columns:
        return iter([{} for _ in range(count)])
    names = tuple(columns)
    rows: Any = zip(*columns.values(), strict=True)
    if all(None not in cells for cells in columns.values()):
        return (dict(zip(names, row, strict=True)) for row in rows)
    return ({name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows)


def _cells(column: pa.ChunkedArray) -> Cells:
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lists = column.to_pylist()
        return [tuple(dict.fromkeys(value for value in values or () if value is not None)) or None for values in lists]
    kind = column.type
    if column.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind)):
        return [(value,) for value in column.to_numpy().tolist()]
    return [None if value is None else (value,) for value in column.to_pylist()]
