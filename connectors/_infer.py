"""Column types and keys of files that declare none, from all of their values."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import inflection
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bifrost.keys import column_texts
from bifrost.values import ColumnInfo

__all__ = ["TableProfile", "cast_column", "key_rank", "kind_of"]

_INTEGER = r"^-?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?([eE][-+][0-9]{1,3})?$"
_BOOLEAN = r"^(?i:true|false)$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[-+][0-9]{2}:?[0-9]{2})?$"
_SHAPES = {"integer": _INTEGER, "number": _NUMBER, "boolean": _BOOLEAN, "date": _DATE, "datetime": _DATETIME}
_LONGEST_NUMBER = 17
"""Characters: more digits than a double holds stay text."""

_NAMED_LIKE_A_KEY = 2
_NO_KEY = 9
_KEY_WORDS = {"id", "uuid", "guid", "key", "code", "no", "nr", "number"}
_NATURAL_KEYS = {"sku", "isbn", "ean", "gtin", "email", "iban", "doi", "vin"}
_COUNTERS = {"index", "row", "rownum", "rowid", "line", "unnamed"}
_KEYS_WATCHED = 4
_ROWS_WATCHED_CLOSELY = 1_000_000


def kind_of(array_type: pa.DataType) -> str:
    """Our name for an Arrow type; "binary" for bytes."""
    checks = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "datetime"),
        (pa.types.is_time, "time"),
        (pa.types.is_list, "list"),
        (pa.types.is_large_list, "list"),
        (pa.types.is_binary, "binary"),
        (pa.types.is_large_binary, "binary"),
        (pa.types.is_fixed_size_binary, "binary"),
    )
    return next((kind for check, kind in checks if check(array_type)), "text")


class _Column:
    """What all values of one column have in common so far."""

    def __init__(self) -> None:
        self.native: set[str] = set()
        self.shapes = set(_SHAPES)
        self.texts = False
        self.nulls = False
        self.rows = 0

    def add(self, column: pa.ChunkedArray) -> None:
        self.rows += len(column)
        self.nulls = self.nulls or column.null_count > 0
        values = column.drop_null() if column.null_count else column
        if not len(values):
            return
        if not pa.types.is_string(column.type):
            self.native.add(kind_of(column.type))
            return
        self.texts = True
        for shape in sorted(self.shapes):
            if not _all_are(values, shape):
                self.shapes.discard(shape)

    def kind(self) -> str:
        native = self._native()
        if not self.texts:
            return native or "text"
        if native:
            return native if native == "list" or native in self.shapes else "text"
        return next(
            (shape for shape in ("integer", "number", "boolean", "date", "datetime") if shape in self.shapes), "text"
        )

    def _native(self) -> str:
        if len(self.native) < 2:
            return next(iter(self.native), "")
        if "list" in self.native:
            return "list"
        return {frozenset({"integer", "number"}): "number", frozenset({"date", "datetime"}): "datetime"}.get(
            frozenset(self.native), "text"
        )


def _all_are(values: pa.ChunkedArray, shape: str) -> bool:
    if not pc.all(pc.match_substring_regex(values, _SHAPES[shape])).as_py():
        return False
    if shape == "number":
        return bool(pc.max(pc.utf8_length(values)).as_py() <= _LONGEST_NUMBER)
    if shape in ("date", "datetime"):
        return kind_of(cast_column(values, shape).type) == shape
    return True


class TableProfile:
    """Sees a table batch by batch, then tells its columns and its key. Memory: 8 bytes a row for each watched key."""

    def __init__(self, dataset: str) -> None:
        self._dataset = dataset
        self._columns: dict[str, _Column] = {}
        self._watched: dict[str, _Distinct] | None = None
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        if not table.num_rows:
            for name in table.column_names:
                self._columns.setdefault(name, _Column())
            return
        for name in table.column_names:
            if name not in self._columns:
                self._columns[name] = column = _Column()
                column.nulls = self.rows > 0
            self._columns[name].add(table.column(name))
        for name in self._columns.keys() - set(table.column_names):
            self._columns[name].nulls = True
        self._watch(table)
        self.rows += table.num_rows

    def columns(self) -> tuple[ColumnInfo, ...]:
        """Binary columns are left out."""
        kinds = {name: column.kind() for name, column in self._columns.items()}
        return tuple(
            ColumnInfo(name, kind, self._columns[name].nulls or not self.rows)
            for name, kind in kinds.items()
            if kind != "binary"
        )

    def key(self) -> tuple[str, ...]:
        """The one column that looks most like a key among those without nulls and duplicates; empty if none does."""
        kinds = {info.name: info.type for info in self.columns()}
        fit = [
            name
            for name in self._watched or ()
            if not self._columns[name].nulls and kinds.get(name) in ("text", "integer")
        ]
        if self.rows < 2:  # one row makes every column unique: only a name that says so makes a key
            fit = [name for name in fit if self._rank(name)[0] <= _NAMED_LIKE_A_KEY]
        best = min(fit, key=self._rank, default=None)
        return () if best is None else (best,)

    def _watch(self, table: pa.Table) -> None:
        if self._watched is None:
            able = [
                name
                for name in table.column_names
                if self._rank(name)[0] < _NO_KEY and not table.column(name).null_count
            ]
            self._watched = {name: _Distinct() for name in able}
        keep = _KEYS_WATCHED if self.rows < _ROWS_WATCHED_CLOSELY else 1
        for name in list(self._watched):
            column = table.column(name) if name in table.column_names else None
            if column is None or column.null_count or not self._watched[name].add(column):
                del self._watched[name]
        for name in sorted(self._watched, key=self._rank)[keep:]:
            del self._watched[name]

    def _rank(self, name: str) -> tuple[int, int]:
        position = list(self._columns).index(name)
        return key_rank(name, self._dataset, position), position


def key_rank(name: str, dataset: str, position: int) -> int:
    """How much a column's name looks like the key of this dataset: 0 is best, 9 is no key."""
    words = [word for word in re.split(r"[^a-z0-9]+", inflection.underscore(name.strip()).lower()) if word]
    if not words or words[0] in _COUNTERS:
        return 5
    stem = "".join(words[:-1])
    if words[-1] in _KEY_WORDS:
        if not stem:
            return 0 if words[-1] in ("id", "uuid", "guid") else 1
        return 1 if _resembles(stem, dataset) else 2
    if words[-1] in _NATURAL_KEYS:
        return 3
    return 4 if position == 0 else _NO_KEY


def _resembles(stem: str, dataset: str) -> bool:
    """Whether a column's stem names the dataset: "emp" for employees, "order" for sales/orders."""
    words = re.split(r"[^a-z0-9]+", inflection.underscore(re.split(r"[/#]", dataset)[-1]).lower())
    subject = "".join([*words[:-1], inflection.singularize(words[-1])])
    if not subject:
        return False
    common = SequenceMatcher(None, stem, subject).find_longest_match()
    return (
        stem.startswith(subject)
        or subject.startswith(stem)
        or common.size >= max(4, 0.7 * min(len(stem), len(subject)))
    )


class _Distinct:
    """Whether all values so far differ, by 64-bit hashes in sorted runs."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.int64]] = []

    def add(self, column: pa.ChunkedArray) -> bool:
        hashes = np.sort(np.fromiter(map(hash, column_texts(column).to_pylist()), np.int64, len(column)))
        if len(hashes) > 1 and bool((hashes[1:] == hashes[:-1]).any()):
            return False
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            if bool((run[at] == hashes).any()):
                return False
        while self._runs and len(self._runs[-1]) <= len(hashes):
            hashes = np.sort(np.concatenate([hashes, self._runs.pop()]))
        self._runs.append(hashes)
        return True


_TARGETS: dict[str, Sequence[pa.DataType]] = {
    "integer": (pa.int64(),),
    "number": (pa.float64(),),
    "boolean": (pa.bool_(),),
    "date": (pa.date32(),),
    "datetime": (pa.timestamp("us"), pa.timestamp("us", "UTC")),
    "time": (pa.time64("us"),),
}


def cast_column(column: pa.ChunkedArray, kind: str) -> pa.Array | pa.ChunkedArray:
    """The column in the type of ``kind``; as text where a value does not fit."""
    present = kind_of(column.type)
    if present == kind and kind not in ("date", "datetime"):
        return column
    if kind == "list":
        return pa.array(
            [None if value is None else value if isinstance(value, list) else [value] for value in column.to_pylist()]
        )
    if present == "datetime" and kind == "datetime" and column.type.tz:
        return pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    for target in _TARGETS.get(kind, ()):
        try:
            return pc.cast(column, target, safe=present != "datetime")
        except pa.ArrowException:
            continue
    return column_texts(column)
