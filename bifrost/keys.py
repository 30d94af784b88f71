"""Record keys and row digests, computed for whole columns at once.

A record key is the text of its key columns joined with ``|``. The same function makes the key of a row and the key
that a foreign key points to, so both are equal however the two columns are typed (integer 7, number 7.0, text "7").
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bifrost.values import DatasetInfo

__all__ = ["Occurrences", "column_texts", "content_keys", "join_keys", "record_key", "record_keys", "row_digests"]

_NULL = "\x00"
_BETWEEN = "\x1f"


def column_texts(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as strings, null where it is null: ISO dates, numbers without trailing zeros, JSON for lists."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if (
        pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_date32(kind)
    ):
        return pc.cast(array, pa.string())
    return pa.array([None if value is None else _text(value) for value in array.to_pylist()], pa.string())


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case Decimal():
            text = format(value, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return orjson.dumps(value, default=str).decode()


def join_keys(columns: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Array:
    """The record key of each row, null where any key column is null.

    With several columns, ``|`` and backslash inside a value are escaped by a backslash.
    """
    texts = [column_texts(column) for column in columns]
    if len(texts) == 1:
        return texts[0]
    escaped = [pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), "|", "\\|") for text in texts]
    return pc.binary_join_element_wise(*escaped, "|", null_handling="emit_null")


def record_key(dataset: DatasetInfo) -> tuple[str, ...]:
    """The columns whose values are the record key: the primary key, else the first unique key without nulls, else none."""
    if dataset.key:
        return dataset.key
    nullable = {column.name for column in dataset.columns if column.nullable}
    return next((key for key in dataset.unique if not nullable.intersection(key)), ())


def row_digests(columns: Sequence[pa.Array | pa.ChunkedArray], salt: bytes = b"") -> list[bytes]:
    """A 16-byte BLAKE2b digest of each row over the texts of its columns; null differs from an empty text.

    ``salt`` (at most 64 bytes) makes the same rows differ where they are read differently.
    """
    texts = [column_texts(column) for column in columns]
    joined = pc.binary_join_element_wise(*texts, _BETWEEN, null_handling="replace", null_replacement=_NULL)
    return [blake2b(row, digest_size=16, key=salt).digest() for row in pc.cast(joined, pa.binary()).to_pylist()]


class Occurrences:
    """Counts how often each digest was seen before: 12 bytes a distinct digest, so that keyless tables may be large."""

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.uint32]]] = []

    def number(self, digests: Sequence[bytes]) -> list[int]:
        """For each digest the number of equal digests before it, over all calls."""
        if not digests:
            return []
        hashes = np.frombuffer(b"".join(digest[:8] for digest in digests), dtype=np.uint64)
        distinct, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        seen = np.zeros(len(distinct), np.uint32)
        for keys, totals in self._runs:
            at = np.minimum(np.searchsorted(keys, distinct), len(keys) - 1)
            hit = keys[at] == distinct
            seen[hit] += totals[at[hit]]
        self._add(distinct, counts.astype(np.uint32))
        order = np.argsort(inverse, kind="stable")
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        within = np.empty(len(hashes), np.int64)
        within[order] = np.arange(len(hashes)) - starts
        return (within + seen[inverse]).tolist()  # type: ignore[no-any-return]

    def _add(self, keys: NDArray[np.uint64], counts: NDArray[np.uint32]) -> None:
        while self._runs and len(self._runs[-1][0]) <= len(keys):
            other_keys, other_counts = self._runs.pop()
            keys, inverse = np.unique(np.concatenate([keys, other_keys]), return_inverse=True)
            counts = np.bincount(inverse, np.concatenate([counts, other_counts]), len(keys)).astype(np.uint32)
        self._runs.append((keys, counts))


def content_keys(columns: Sequence[pa.Array | pa.ChunkedArray], occurrences: Occurrences) -> list[str]:
    """Keys for rows that have none: the content's digest and, for repeated rows, the number of the repetition."""
    digests = row_digests(columns)
    numbers = occurrences.number(digests)
    return [
        f"~{digest.hex()}" if not number else f"~{digest.hex()}-{number}"
        for digest, number in zip(digests, numbers, strict=True)
    ]


def record_keys(table: pa.Table, key: Sequence[str], occurrences: Occurrences) -> tuple[str, ...]:
    """The record key of each row: its ``key`` columns, or its content where there are none or one of them is null."""
    if not key:
        return tuple(content_keys(table.columns, occurrences))
    keys: list[str | None] = join_keys([table.column(name) for name in key]).to_pylist()
    missing = [at for at, value in enumerate(keys) if value is None]
    if missing:
        for at, value in zip(missing, content_keys(table.take(missing).columns, occurrences), strict=True):
            keys[at] = value
    return tuple(value for value in keys if value is not None)
