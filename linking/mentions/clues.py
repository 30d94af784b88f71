"""What may tell records apart that share a name: their other values, and the names and codes of records they are linked to."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from bifrost.errors import InputError
from bifrost.links import LinkKind, LinkType
from linking.joins import row_pairs_sql
from linking.mentions.heads import nameable, person_name
from linking.mentions.lexicon import Entry, Lexicon
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = ["ClueColumn", "Clues", "gather_clues", "telling_references"]

_KINDS = frozenset({"name", "code", "integer", "date", "number"})
_FEW = 2_000
"""Columns with so few values are looked up whole: that a text holds another record's value speaks against a record."""
_MOST_RECORDS = 200_000
_MOST_PAIRS = 5_000_000
"""Records and links beyond which clues are not gathered: names that fit so many records tell nothing anyway."""
_COMMON = math.log(2)
"""A value that half of all records have tells nothing."""
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})\b.*")
Step: TypeAlias = tuple[LinkType, bool]


@dataclass(frozen=True, slots=True)
class ClueColumn:
    """Where clues come from: a column of the head's table, or of one that its records are linked to by ``path``."""

    number: int
    dataset: str
    names: tuple[str, ...]
    linked: bool
    path: tuple[Step, ...] = ()

    def said(self, value: str) -> str:
        """``city Cork``, ``order 1042``: the value with what a person calls it."""
        return f"{self.dataset} {value}" if self.linked else f"{' '.join(self.names)} {value}"


@dataclass(slots=True)
class Clues:
    """Values to look for, and whose they are: entries hold numbers of records as text. ``rarity`` is log(records / those that
    have the value), by column and value."""

    columns: list[ClueColumn] = field(default_factory=list)
    lexicon: Lexicon = field(default_factory=Lexicon)
    rarity: dict[tuple[int, str], float] = field(default_factory=dict)
    having: dict[int, set[int]] = field(default_factory=dict)
    """Per own column the candidates that have a value in it."""

    def rarity_of(self, entry: Entry) -> float:
        return self.rarity[entry.column, entry.value]


def gather_clues(
    workspace: Workspace, table: LoadedTable, uids: Sequence[str], references: Sequence[LinkType]
) -> Clues | None:
    """The clues of the records ``uids`` of a table (numbered by their place), None where there would be too many.

    ``references`` are confirmed link types; records are linked over one of them, or over two in opposite directions (the
    orders of a person's company, the products of an order).
    """
    if len(uids) > _MOST_RECORDS:
        return None
    clues = Clues()
    connection = workspace.connection
    connection.register("wanted", pa.table({"uid": pa.array(uids, pa.string()), "idx": range(len(uids))}))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE candidate AS SELECT min(t._row) AS row, w.idx AS idx FROM wanted w JOIN {table.name} t "
        "ON t._uid = w.uid GROUP BY w.idx"
    )
    connection.unregister("wanted")
    own = f"SELECT _row AS record, _row AS row FROM {table.name}"
    try:
        for columns in _columns(table, every=True):
            _add(workspace, clues, table, table, own, columns, ())
        for path in _paths((table.source, table.dataset), references):
            end = _end(workspace, path[-1])
            if end is None or not _walk(workspace, path):
                continue
            for columns in _columns(end, every=len(path) == 1 and path[0][1]):
                _add(workspace, clues, table, end, "SELECT record, row FROM way", columns, path)
            connection.execute("DROP TABLE way")
    finally:
        connection.execute("DROP TABLE candidate")
    return clues


def telling_references(table: tuple[str, str], known: Sequence[LinkType]) -> list[LinkType]:
    """Those of ``known`` link types over which :func:`gather_clues` follows the records of a table, each once."""
    return list({step[0].id: step[0] for path in _paths(table, known) for step in path}.values())


def _columns(table: LoadedTable, *, every: bool) -> Iterator[tuple[ColumnProfile, ...]]:
    """The columns to look up, those that name records alone or all short ones; first and last names also together."""
    for p in table.columns.values():
        if p.kind in _KINDS if every else nameable(p):
            yield (p,)
    first, last = person_name(table)
    if first and last:
        yield first, last


def _paths(start: tuple[str, str], references: Sequence[LinkType]) -> Iterator[tuple[Step, ...]]:
    by_id = {r.id: r for r in reversed(references) if r.kind is LinkKind.REFERENCE}
    usable = [by_id[id_] for id_ in sorted(by_id)]
    for step, end in _steps(usable, start):
        if end == start:
            continue
        yield (step,)
        for more, last in _steps(usable, end):
            if more[0].id != step[0].id and more[1] != step[1] and last not in (start, end):
                yield step, more


def _steps(references: Sequence[LinkType], at: tuple[str, str]) -> Iterator[tuple[Step, tuple[str, str]]]:
    for r in references:
        tail, head = (r.tail.source, r.tail.dataset), (r.head.source, r.head.dataset)
        if tail == at:
            yield (r, True), head
        if head == at:
            yield (r, False), tail


def _end(workspace: Workspace, step: Step) -> LoadedTable | None:
    side = step[0].head if step[1] else step[0].tail
    return workspace.table(side.source, side.dataset)


def _walk(workspace: Workspace, path: Sequence[Step]) -> bool:
    """Makes the table ``way`` (record, row) of the rows at the end of a path; False where there is none or far too many."""
    made = ""
    for link_type, forward in path:
        try:
            pairs = row_pairs_sql(workspace, link_type)
        except InputError:
            return False
        if pairs is None:
            return False
        here, there = ("tail_row", "head_row") if forward else ("head_row", "tail_row")
        step = f"SELECT {here} AS record, {there} AS row FROM ({pairs})"
        made = f"SELECT DISTINCT a.record, b.row FROM ({made}) a JOIN ({step}) b ON a.row = b.record" if made else step
    connection = workspace.connection
    connection.execute(f"CREATE OR REPLACE TEMP TABLE way AS SELECT * FROM ({made}) LIMIT {_MOST_PAIRS + 1}")
    ((count,),) = connection.execute("SELECT count(*) FROM way").fetchall()
    if not 0 < count <= _MOST_PAIRS:
        connection.execute("DROP TABLE way")
        return False
    return True


def _add(
    workspace: Workspace,
    clues: Clues,
    table: LoadedTable,
    end: LoadedTable,
    way: str,
    columns: Sequence[ColumnProfile],
    path: tuple[Step, ...],
) -> None:
    """Adds the values of a column (or of several together) of the rows at the end of a way."""
    value = " || ' ' || ".join(f"trim({'unnest(' + p.sql + ')' if p.is_list else p.sql})" for p in columns)
    values_of = f"SELECT _row, {value} AS value FROM {end.name}"
    said = f"SELECT DISTINCT w.record, v.value FROM ({way}) w JOIN ({values_of}) v ON v._row = w.row"
    whole = not path and max(p.distinct for p in columns) <= _FEW
    some = "" if whole else "WHERE value IN (SELECT value FROM said JOIN candidate ON row = record)"
    rows = workspace.connection.execute(
        f"""WITH said AS ({said} WHERE length(v.value) BETWEEN 3 AND 120)
        SELECT value, count(*), coalesce(list(idx ORDER BY idx) FILTER (idx IS NOT NULL), []) FROM said
        LEFT JOIN candidate ON row = record {some} GROUP BY value ORDER BY value"""
    ).fetchall()
    column = ClueColumn(len(clues.columns), end.dataset, tuple(p.name for p in columns), bool(path), path)
    clues.columns.append(column)
    values: list[tuple[str, tuple[str, ...]]] = []
    having = clues.having.setdefault(column.number, set())
    for text, count, records in rows:
        rarity = math.log(max(table.rows, 1) / count)
        having.update(records)
        if rarity < _COMMON:
            continue
        for spelling in _spellings(text, columns[0].kind):
            clues.rarity[column.number, spelling] = rarity
            values.append((spelling, tuple(map(str, records))))
    clues.lexicon.add(column.number, values, prefix=columns[0].prefix if len(columns) == 1 else "")


def _spellings(value: str, kind: str) -> Iterator[str]:
    yield value
    if kind == "date" and (match := _ISO.fullmatch(value)):
        year, month, day = match.groups()
        yield f"{day}.{month}.{year}"
        yield f"{month}/{day}/{year}"
        if month[0] == "0" or day[0] == "0":
            yield f"{int(day)}.{int(month)}.{year}"
