"""Reading CSV as Neptune's bulk loader and openCypher take it, which is what exports write."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import NamedTuple

from bifrost.values import Value
from graphstore.load_files import NOTHING_LOADED, GraphFile, Loaded, Part, wrong
from graphstore.values import value_key

__all__ = ["csv_parts"]

_BATCH = 5_000
_CELL = 64 * 2**20
"""Characters of the longest cell, and line; the driver's own limit of 128 KiB is less than texts may have."""
_HEADS = (("~id", "~label", "~from", "~to"), (":ID", ":LABEL", ":START_ID", ":END_ID"))
_EDGE_LABELS = {"~label": "~label", ":LABEL": ":TYPE"}
_SEPARATOR = re.compile(r"(?<!\\);")
_BOOLEANS = {"true": True, "false": False}


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


def _moment(text: str) -> date | datetime:
    """A day, or a moment where there is a time of day."""
    return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)


_TYPES: dict[str, Callable[[str], Value]] = {
    "string": str,
    **dict.fromkeys(("byte", "short", "int", "integer", "long"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("bool", "boolean"), _boolean),
    **dict.fromkeys(("date", "datetime"), _moment),
}


class _Column(NamedTuple):
    position: int
    name: str
    type: str
    convert: Callable[[str], Value]
    several: bool

    def values(self, cell: str) -> tuple[Value, ...]:
        if not self.several:
            return (self.convert(cell),)
        texts = [text.replace("\\;", ";") for text in _SEPARATOR.split(cell)]
        return tuple({value_key(value): value for value in map(self.convert, texts)}.values())


class _Layout(NamedTuple):
    """Which column of a file is what."""

    width: int
    id: int
    label: int
    tail: int | None
    head: int | None
    score: int | None
    columns: tuple[_Column, ...]


def csv_parts(files: Sequence[GraphFile]) -> Iterator[Part]:
    """The vertices of all files, then the edges. Raises InputError with the line that is wrong."""
    with _long_cells():
        layouts = [(file, next(_rows(file), None)) for file in files]
        known = [(file, _layout(file.name, head[1])) for file, head in layouts if head is not None]
        for wants_edges in (False, True):
            for file, layout in known:
                if (layout.tail is not None) == wants_edges:
                    yield from _elements(file, layout)


def _elements(file: GraphFile, layout: _Layout) -> Iterator[Part]:
    batch: list[Loaded] = []
    rows = _rows(file)
    next(rows)
    for line, row in rows:
        if len(row) != layout.width:
            if not row:
                continue
            raise wrong(file.name, "line", line, f"it has {len(row)} cells instead of {layout.width}.")
        batch.append(_element(file.name, layout, line, row))
        if len(batch) == _BATCH:
            yield Part(file.name, "line", batch)
            batch = []
    if batch:
        yield Part(file.name, "line", batch)


def _element(file: str, layout: _Layout, line: int, row: list[str]) -> Loaded:
    said: dict[str, tuple[Value, ...]] = {}
    for column in layout.columns:
        cell = row[column.position]
        if cell:
            try:
                values = column.values(cell)
            except ValueError:
                problem = f"{cell[:80]!r} in column {column.name!r} is no {column.type}."
                raise wrong(file, "line", line, problem) from None
            said[column.name] = said[column.name] + values if column.name in said else values
    id, label = row[layout.id], row[layout.label]
    if not id or not label:
        raise wrong(file, "line", line, "it has no id." if not id else "it has no label.")
    if layout.tail is None or layout.head is None:
        return Loaded(line, label, id, said)
    tail, head = row[layout.tail], row[layout.head]
    if not tail or not head:
        raise wrong(file, "line", line, "the edge lacks a vertex at one end.")
    return Loaded(line, label, id, said, tail, head, _score(file, layout, line, row))


def _score(file: str, layout: _Layout, line: int, row: list[str]) -> float:
    cell = "" if layout.score is None else row[layout.score]
    try:
        score = float(cell or 1)
    except ValueError:
        score = -1
    if not 0 <= score <= 1:
        raise wrong(file, "line", line, f"the score {cell[:80]!r} is no number between 0 and 1.")
    return score


# ---- the first line --------------------------------------------------------------------------------------------------


def _layout(file: str, head: list[str]) -> _Layout:
    found = next((names for names in _HEADS if names[0] in head), None)
    if found is None:
        raise wrong(
            file, "line", 1, f"the heading names no column ~id or :ID, but {', '.join(head)[:200]!r}.",
            "Give the CSV of Neptune's bulk loader or of openCypher, headings included; other tables are sources: "
            "bifrost source add",
        )  # fmt: skip
    id, label, tail, end = found
    is_edge = tail in head or end in head
    needed = (id, _EDGE_LABELS[label], tail, end) if is_edge else (id, label)
    for name in needed:
        if head.count(name) != 1:
            raise wrong(file, "line", 1, f"there must be one column {name}.", NOTHING_LOADED)
    fixed = [head.index(name) for name in needed]
    score = _score_column(head, max(fixed) + 1) if is_edge else None
    columns = tuple(
        _column(file, position, heading)
        for position, heading in enumerate(head)
        if position not in fixed and position != score
    )
    ends = fixed[2:] if is_edge else [None, None]
    return _Layout(len(head), fixed[0], fixed[1], ends[0], ends[1], score, columns)


def _score_column(head: list[str], first: int) -> int | None:
    """How sure an edge is stands right after its fixed columns; elsewhere ``score`` is a property like others."""
    is_score = first < len(head) and head[first].partition(":")[0].lstrip("_") == "score"
    return first if is_score else None


def _column(file: str, position: int, heading: str) -> _Column:
    name, colon, type = heading.rpartition(":")
    if not colon:
        name, type = heading, "String"
    plain = type.partition("(")[0].strip()
    several = plain.endswith("[]")
    convert = _TYPES.get(plain.removesuffix("[]").lower())
    if not name or convert is None:
        known = ", ".join(sorted({kind.capitalize() for kind in _TYPES}))
        raise wrong(
            file, "line", 1, f"the heading {heading!r} is no NAME:TYPE.", f"Types are {known}, with [] for several."
        )
    return _Column(position, name, plain, convert, several)


# ---- lines -----------------------------------------------------------------------------------------------------------


def _rows(file: GraphFile) -> Iterator[tuple[int, list[str]]]:
    """The number of the line on which each row ends, and its cells."""
    with file.open() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        reader = csv.reader(_lines(text), strict=True)
        try:
            for row in reader:
                yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            problem = "it is not UTF-8." if isinstance(error, UnicodeDecodeError) else f"{error}."
            raise wrong(file.name, "line", reader.line_num + 1, problem) from None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_CELL + 1):
        if len(line) > _CELL:
            raise csv.Error(f"it has more than {_CELL >> 20} million characters")
        yield line


@contextmanager
def _long_cells() -> Iterator[None]:
    before = csv.field_size_limit(_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
