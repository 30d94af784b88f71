"""The values that flow between the parts: sources, datasets, records, fragments, links and where they came from.

All are frozen. ``uid`` strings are readable and stable: ``source/dataset/record key`` (see :func:`make_uid`), so that
ingesting the same record twice names the same fragment.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

import pyarrow as pa

from bifrost.documents import Box, Document

__all__ = [
    "EMPTY",
    "Box",
    "ColumnInfo",
    "DatasetInfo",
    "DatasetKind",
    "Evidence",
    "FileRecord",
    "Fragment",
    "LinkStatement",
    "RecordFragments",
    "Reference",
    "RowBatch",
    "Value",
    "digest_of",
    "make_uid",
]

Value = str | int | float | bool | Decimal | date | datetime | time
"""A scalar property value. Lists of a source become several values of one property."""


class _Empty(Mapping[str, Any]):
    """An empty mapping that nobody can change and that survives pickling (a mappingproxy does not)."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "EMPTY"

    def __reduce__(self) -> str:
        return "EMPTY"


EMPTY: Mapping[str, Any] = _Empty()


def make_uid(*parts: str) -> str:
    """Joins name parts into a uid; ``/`` and ``%`` inside a part are percent-escaped, all else stays readable.

    >>> make_uid("northwind", "Order Details", "10248|11")
    'northwind/Order Details/10248|11'
    """
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def digest_of(parts: Iterable[bytes]) -> bytes:
    """A 16-byte content digest (BLAKE2b) that tells whether a record changed."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.digest()


class DatasetKind(StrEnum):
    TABLE = "table"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column as its source declares it. ``type`` is one of text, integer, number, boolean, date, datetime, time, list."""

    name: str
    type: str = "text"
    nullable: bool = True
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A declared foreign key: ``columns`` of this dataset name rows of ``dataset`` by ``target_columns``."""

    columns: tuple[str, ...]
    dataset: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A table, or the documents of a folder. ``key`` is the primary key; ``unique`` lists further unique keys."""

    name: str
    kind: DatasetKind
    columns: tuple[ColumnInfo, ...] = ()
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    comment: str = ""
    estimated_records: int | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    @property
    def declared(self) -> "DatasetInfo":
        """What the source says of the dataset, without how many records it has now."""
        return replace(self, estimated_records=None)


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows of a table dataset. ``keys[i]`` is the stable record key of row ``i`` of ``table``."""

    table: pa.Table
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that a reader turns into a document. ``key`` is its path relative to the source, with forward slashes."""

    key: str
    media_type: str
    content: bytes
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where in its record a value or link was found and how it was obtained.

    ``column`` for rows; ``page`` (from 1), ``boxes`` and ``quote`` for documents. ``extractor`` names the code that
    made it ("row", "reader.pdf", "ner.head", "rule.email", "link.<id>"). ``confidence`` lies in [0, 1]. ``notes``, of
    edits only, are meta-properties that people set: JSON, property name -> list of [value, {name: value}], encoded.
    ``reason`` tells a person why, where the place does not say it all.
    """

    extractor: str = "row"
    confidence: float = 1.0
    column: str = ""
    page: int | None = None
    boxes: tuple[Box, ...] = ()
    quote: str = ""
    notes: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one record says about one thing. A vertex is assembled from the fragments that share a canonical id.

    ``properties`` maps a name to its values in order, without duplicates. ``evidence`` maps a property name to where
    it was found; a property without an entry was read by ``default_evidence``.
    """

    uid: str
    type: str
    properties: Mapping[str, tuple[Value, ...]]
    default_evidence: Evidence = Evidence()
    evidence: Mapping[str, Evidence] = field(default_factory=lambda: EMPTY)


class LinkStatement(NamedTuple):
    """What one record says about how two things relate: an edge between the vertices that hold two fragments.

    An edge is served only while fragments with both uids exist, so a statement may name a thing not read yet. A tuple,
    because a load makes millions: a frozen dataclass takes three times as long to make, and columns of it longer still.
    """

    uid: str
    type: str
    tail: str
    head: str
    properties: Mapping[str, tuple[Value, ...]] = EMPTY
    evidence: Evidence = Evidence()


@dataclass(frozen=True, slots=True)
class RecordFragments:
    """All that one record says: the unit that the store replaces. ``digest`` tells whether it changed."""

    key: str
    digest: bytes
    fragments: tuple[Fragment, ...] = ()
    links: tuple[LinkStatement, ...] = ()
    document: Document | None = None


def quote_iri(uid: str) -> str:
    """A uid as the last part of an IRI."""
    return quote(uid, safe="/:@!$'()*,;=-._~")
