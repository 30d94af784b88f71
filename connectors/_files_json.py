"""JSON and JSON lines, streamed: lists of objects become rows, nested objects dotted columns, lists multi-values."""

import codecs
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from bifrost.errors import RecordError
from connectors._files_text import detect_encoding, open_utf8

__all__ = ["flatten", "json_lists", "json_tables", "to_table"]

_CHUNK = 1 << 20
_LARGEST_VALUE = 64 << 20
_DEEPEST = 50
_WHITE = " \t\r\n"
_decoder = json.JSONDecoder()


class _Scanner:
    """Takes JSON values one after the other from a text stream; holds one value at a time."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._stream = open_utf8(path, encoding)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._at = 0
        self._ended = False
        self._before = 0

    @property
    def offset(self) -> int:
        """Characters read so far."""
        return self._before + self._at

    def _more(self) -> bool:
        if self._ended:
            return False
        wanted = max(_CHUNK, len(self._text) - self._at)
        data = self._stream.read(wanted)
        self._before += self._at
        self._text = self._text[self._at :] + self._decoder.decode(data, final=not data)
        self._at = 0
        self._ended = not data
        return bool(data)

    def peek(self) -> str:
        """The next character that is not white space, "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _WHITE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def skip(self) -> None:
        self._at += 1

    def value(self) -> Any:
        """The next value. Raises ValueError where the text is no JSON."""
        self.peek()
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise ValueError("nested too deeply") from None
            except json.JSONDecodeError as error:
                if self._ended:
                    raise ValueError(f"{error.msg} at character {self._before + error.pos}") from None
                if len(self._text) - self._at > _LARGEST_VALUE:
                    raise ValueError("a value above 64 MB, or not JSON") from None
            else:
                if end < len(self._text) or self._ended:  # else a number may go on in the next chunk
                    self._at = end
                    return value
            self._more()

    def close(self) -> None:
        self._stream.close()


def _items(path: Path, encoding: str) -> Iterator[tuple[str, Any]]:
    """(list name, item) of each list of objects in the file; the name is "" for a list at the top."""
    scanner = _Scanner(path, encoding)
    try:
        while first := scanner.peek():  # several, where a file of JSON lines is called .json
            if first == "[":
                yield from (("", item) for item in _list(scanner))
            elif first == "{":
                yield from _object(scanner)
            else:
                raise ValueError("neither a list nor an object at the top")
    finally:
        scanner.close()


def _list(scanner: _Scanner) -> Iterator[Any]:
    scanner.skip()
    if scanner.peek() == "]":
        scanner.skip()
        return
    while True:
        yield scanner.value()
        mark = scanner.peek()
        if mark not in (",", "]"):
            raise ValueError(
                f"expected , or ] at character {scanner.offset}" if mark else "the file ends inside a list"
            )
        scanner.skip()
        if mark == "]":
            return


def _object(scanner: _Scanner) -> Iterator[tuple[str, Any]]:
    """The lists of objects inside an object. Without one, an object of objects is a row for each, else it is one row."""
    scanner.skip()
    plain: dict[str, Any] = {}
    lists = False
    while scanner.peek() not in ("}", ""):
        name = scanner.value()
        if not isinstance(name, str) or scanner.peek() != ":":
            raise ValueError(f"expected a name and a colon at character {scanner.offset}")
        scanner.skip()
        if scanner.peek() == "[":
            # a list of other things than objects is a value of the object
            items = _list(scanner)
            start = list(islice(items, 1))
            if start and isinstance(start[0], dict):
                lists = True
                yield name, start[0]
                yield from ((name, item) for item in items)
            else:
                plain[name] = [*start, *items]
        else:
            plain[name] = scanner.value()
        if scanner.offset > _LARGEST_VALUE and not lists:
            raise ValueError("an object above 64 MB without a list of objects")
        if scanner.peek() == ",":
            scanner.skip()
    if scanner.peek() != "}":
        raise ValueError("the file ends inside an object")
    scanner.skip()
    if lists or not plain:
        return
    if len(plain) > 1 and all(isinstance(value, dict) for value in plain.values()):
        yield from (("", {"key": name, **value}) for name, value in plain.items())
    else:
        yield "", plain


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, bytes]]:
    with open_utf8(path, encoding) as stream:
        number = 0
        while line := stream.readline(_LARGEST_VALUE):
            number += 1
            if line.strip():
                yield number, line


def json_lists(path: Path, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """The encoding, and the names of the lists in a JSON file. Stops quietly where the file is broken."""
    encoding = encoding or detect_encoding(path)
    names: dict[str, None] = {}
    try:
        for name, _ in _items(path, encoding):
            names[name] = None
    except ValueError:
        pass
    return encoding, tuple(names)


def json_tables(path: Path, label: str, layout: Mapping[str, Any], rows: int) -> Iterator[pa.Table | RecordError]:
    """Tables of ``rows`` objects. An item that is no object is a record error; so is the place where the JSON breaks."""
    batch: list[dict[str, Any]] = []
    wanted, lines = layout.get("list"), layout["format"] == "jsonl"
    items = _parsed_lines(path, label, layout["encoding"]) if lines else _items(path, layout["encoding"])
    number = 0
    try:
        for name, item in items:
            if wanted is not None and name != wanted:
                continue
            number += 1
            if isinstance(item, RecordError):
                yield item
                continue
            try:
                if flat := flatten(item):  # an empty object says nothing
                    batch.append(flat)
            except ValueError as error:
                yield RecordError(f"{label} item {number}: {error}", record=f"{label} item {number}")
            if len(batch) >= rows:
                yield to_table(batch)
                batch = []
    except ValueError as error:
        if batch:
            yield to_table(batch)
        yield RecordError(
            f"{label} is not valid JSON: {error}.",
            record=label,
            remedy="Export the file again; the objects before this place were read.",
        )
        return
    if batch:
        yield to_table(batch)
    if not number and not path.stat().st_size:
        yield RecordError(f"{label} is empty.", record=label, remedy="Remove the file, or export it again.")


def _parsed_lines(path: Path, label: str, encoding: str) -> Iterator[tuple[str, Any]]:
    for number, line in _lines(path, encoding):
        try:
            yield "", json.loads(line)
        except (ValueError, RecursionError) as error:
            yield "", RecordError(f"{label}:{number} is not valid JSON: {error}", record=f"{label}:{number}")


def flatten(item: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """An object with dotted names: ``{"a": {"b": 1}, "c": [{"d": 2}, {"d": 3}]}`` is ``{"a.b": 1, "c.d": [2, 3]}``.

    A plain value becomes the column "value". Raises ValueError for nesting beyond 50 levels.
    """
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if not isinstance(item, dict):
        return {prefix or "value": item}
    flat: dict[str, Any] = {}
    for name, value in item.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, dict):
            flat.update(flatten(value, path, depth + 1))
        elif isinstance(value, list):
            flat.update(_flat_list(value, path, depth + 1))
        else:
            flat[path] = value
    return flat


def _flat_list(values: list[Any], path: str, depth: int) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {}
    for value in values:
        if isinstance(value, list):
            columns.setdefault(path, []).append(_dumped(value))
            continue
        for name, inner in flatten(value, path, depth).items():
            columns.setdefault(name, []).extend(inner if isinstance(inner, list) else [inner])
    return {name: [value for value in found if value is not None] for name, found in columns.items()}


def to_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of scalars and lists as Arrow, columns in order of first appearance; mixed columns as text."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table([_column([row.get(name) for row in rows]) for name in names], names=list(names))


def _column(values: list[Any]) -> pa.Array:
    if any(isinstance(value, list) for value in values):
        lists = [
            None if value is None or value == [] else value if isinstance(value, list) else [value] for value in values
        ]
        try:
            return pa.array(lists)
        except (pa.ArrowException, OverflowError):
            return pa.array([None if value is None else [_text(item) for item in value] for value in lists])
    cleaned = [None if value == "" else value for value in values]
    if not {type(value) for value in cleaned} >= {bool, int} and not {type(value) for value in cleaned} >= {
        bool,
        float,
    }:
        try:
            array = pa.array(cleaned)
            return array.cast(pa.string()) if pa.types.is_null(array.type) else array
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([None if value is None else _text(value) for value in cleaned], pa.string())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _dumped(value)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
