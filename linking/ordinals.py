"""Numbers that count the rows of a group: lines 1 to 5 of an order, slots 0 to 3 of a hero.

They begin at the same number in each group and leave none out, so that they are found among the first keys of nearly any table.
Groups differ in size: where all have the same numbers, as students with a mark in each of eight subjects do, these may be keys.
"""

from collections.abc import Sequence
from dataclasses import replace

from linking.names import core_words, table_words
from linking.profiles import ColumnProfile
from linking.references import ReferenceCandidate
from linking.scoring import KINDRED
from linking.workspace import LoadedTable, Workspace

__all__ = ["counts_rows", "ordinals_doubted", "same_ordinals"]

_NAMED = 0.5
"""How well a name fits from which on it, not the numbers, says what is meant."""
_WORTH = 4.0
"""What is taken from a reference by such numbers alone; nothing else speaks for it."""
_AGAIN = 0.5
"""The share of different values below which numbers come again, in each group."""
_FEWEST, _MOST, _MANY = 3, 1_000, 5
"""How many different numbers there are at least and at most, and in how many groups of several rows they are seen."""
_GROUPS, _RIGHT = 0.7, 0.95
"""Up to which share of different values a column makes groups, and in which share of them the numbers are as they should."""
_LOOKED_AT = 8
"""Columns that may make the groups, the first ones of a table."""


def ordinals_doubted(workspace: Workspace, candidates: Sequence[ReferenceCandidate]) -> list[ReferenceCandidate]:
    """The candidates; references by numbers that count rows, and no names, have so much less log-odds."""
    found = []
    for c in candidates:
        alone = c.head.kind == "integer" and c.features["name_score"] < _NAMED and c.tail.table != c.head.table
        table = workspace.table(c.tail.source, c.tail.dataset) if alone else None
        if table is not None and counts_rows(workspace, table, c.tail):
            c = replace(c, features={**c.features, KINDRED: min(c.features.get(KINDRED, 0.0), 0.0) - _WORTH})
        found.append(c)
    return found


def same_ordinals(
    workspace: Workspace, tail: Sequence[ColumnProfile], head: Sequence[ColumnProfile], place: int
) -> bool:
    """Whether of two keys the columns at ``place`` both count the rows that agree in the others, and the head's no things that its
    table is called after (lines of ``order_lines``)."""
    thing = core_words(head[place].said)[-1:]
    if thing and "".join(thing) in "".join(table_words(head[place].dataset)):
        return False
    tables = [workspace.table(key[place].source, key[place].dataset) for key in (tail, head)]
    return all(
        table is not None
        and _may_count(key[place])
        and _counts(workspace, table, key[place], [*key[:place], *key[place + 1 :]])
        for table, key in zip(tables, (tail, head), strict=True)
    )


def counts_rows(workspace: Workspace, table: LoadedTable, column: ColumnProfile) -> bool:
    """Whether a column counts the rows that have the same value in another column of its table."""
    if not _may_count(column):
        return False
    groups = [
        p
        for p in sorted(table.columns.values(), key=lambda p: p.position)
        if p.id != column.id and p.kind in ("integer", "code", "name") and p.distinct >= _MANY and not p.multivalued
        if p.uniqueness <= _GROUPS and p.null_share <= 1 - _RIGHT
    ]
    return any(_counts(workspace, table, column, [p]) for p in groups[:_LOOKED_AT])


def _may_count(column: ColumnProfile) -> bool:
    dense = column.kind == "integer" and column.low in (0, 1) and column.distinct == column.high - column.low + 1
    return dense and not column.multivalued and _FEWEST <= column.distinct <= _MOST and column.uniqueness < _AGAIN


def _counts(workspace: Workspace, table: LoadedTable, column: ColumnProfile, within: Sequence[ColumnProfile]) -> bool:
    """Whether a column counts the rows that agree in the columns ``within``."""
    groups = ", ".join(p.sql for p in within)
    text = f"""SELECT count(*), count(*) FILTER (first = {int(column.low)} AND last - first + 1 = n AND many = n), min(n), max(n)
        FROM (SELECT min(number) AS first, max(number) AS last, count(*) AS n, count(DISTINCT number) AS many
            FROM (SELECT ({groups}) AS of_, TRY_CAST({column.sql} AS BIGINT) AS number FROM {table.name})
            WHERE number IS NOT NULL GROUP BY of_ HAVING count(*) > 1)"""
    rows = workspace.recall((table,), ("counts", text), lambda: workspace.connection.execute(text).fetchall())
    ((count, right, least, most),) = rows
    return bool(count >= _MANY and right >= _RIGHT * count and most > least)
