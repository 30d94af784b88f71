"""Conditions learnt from examples: a column of few values in which counter-examples differ from what is right."""

from collections.abc import Collection, Sequence

from linking.forms import base_sql
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = ["excluding_condition", "separating_condition"]

_FEW = 20
_SURE_OF_ONE = 3
"""So many examples with one and the same value say that it must have this value, not only that it is not another one."""
_BY_CHANCE = 0.05
"""The largest probability that counter-examples share values by accident, over all columns looked at."""


def separating_condition(
    workspace: Workspace, table: LoadedTable, right: Collection[int], wrong: Collection[int], without: Sequence[int]
) -> tuple[str, str] | None:
    """A condition that holds for the rows ``right`` and not for the rows ``wrong``, and what else would separate them.

    ``without`` lists columns (their ids) that the rule itself compares.
    """
    found = []
    for column in _of_few_values(table, without):
        yes, no = (_values(workspace, table, column, rows) for rows in (right, wrong))
        if yes and no and not yes & no and None not in yes:
            found.append((column.distinct, column.name, _written(column.name, yes, no, len(right))))
    if not found:
        return None
    found.sort()
    others = [name for _, name, _ in found[1:4]]
    also = f" So would {', '.join(others)}: check it." if others else ""
    return found[0][2], f"The condition separates the examples from the counter-examples.{also}"


def excluding_condition(
    workspace: Workspace, table: LoadedTable, linked: Collection[int], wrong: Collection[int], without: Sequence[int]
) -> str | None:
    """A condition that leaves out the rows ``wrong`` and as few others of ``linked`` as possible.

    None where the values that the wrong ones share are so frequent, or the wrong ones so few, that it may be an accident.
    """
    columns = _of_few_values(table, without)
    best: tuple[float, str] | None = None
    for column in columns:
        no = _values(workspace, table, column, wrong)
        values = _column_of(workspace, table, column, linked)
        share = sum(value in no or value is None for value in values) / max(len(values), 1)
        if len(columns) * share ** len(wrong) <= _BY_CHANCE and (best is None or share < best[0]):
            best = share, _excluded(column.name, no)
    return None if best is None else best[1]


def _of_few_values(table: LoadedTable, without: Sequence[int]) -> list[ColumnProfile]:
    return [
        p
        for p in table.columns.values()
        if p.id not in without
        and not p.is_list
        and 1 < p.distinct + bool(p.null_share) <= _FEW
        and p.distinct < table.rows / 2
    ]


def _column_of(
    workspace: Workspace, table: LoadedTable, column: ColumnProfile, rows: Collection[int]
) -> list[str | None]:
    found = workspace.connection.execute(
        f"SELECT {base_sql(column.sql)} FROM {table.name} WHERE list_contains(?, _row)", [list(rows)]
    ).fetchall()
    return [value for (value,) in found]


def _values(workspace: Workspace, table: LoadedTable, column: ColumnProfile, rows: Collection[int]) -> set[str | None]:
    return set(_column_of(workspace, table, column, rows))


def _written(name: str, yes: set[str | None], no: set[str | None], examples: int) -> str:
    if len(yes) == 1 and (examples >= _SURE_OF_ONE or len(no) > 1):
        return f"{_quoted(name)} = {_text(next(iter(yes)))}"
    return _excluded(name, no)


def _excluded(name: str, values: set[str | None]) -> str:
    texts = sorted(value for value in values if value is not None)
    parts = [f"{_quoted(name)} is not null"] if None in values else []
    if len(texts) == 1:
        parts.append(f"{_quoted(name)} != {_text(texts[0])}")
    elif texts:
        parts.append(f"{_quoted(name)} not in ({', '.join(map(_text, texts))})")
    return " and ".join(parts)


def _quoted(name: str) -> str:
    plain = name.isidentifier() and name.lower() not in ("and", "or", "not", "in", "is", "null")
    return name if plain else '"' + name.replace('"', '""') + '"'


def _text(value: str | None) -> str:
    return "'" + (value or "").replace("'", "''") + "'"
