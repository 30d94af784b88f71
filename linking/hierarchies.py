"""Hierarchies: references of a table to itself, as rows that name the row above them.

Whether following them ever comes back tells a lot: of N rows of which k name nothing, values drawn at random have no cycle
with probability k/N (the forests among the functions, by Cayley's formula), so where all rows name one there always is one.
If rows that name themselves end the way up as well, chance leaves a forest far more often where few rows are named: of the
codes 1 to 3 beside the numbers of the rows in three of five cases.
Where chance leaves none, the way up is long: about the square root of the rows (the height of random forests), while people
build hierarchies that grow with the logarithm, or chains in which each row is named once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.joins import side_sql
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = ["Hierarchy", "hierarchy_of", "hierarchy_reason", "log_odds_of"]

_MOST_ROWS = 2_000_000
_FEWEST = 5
"""Rows that name another one, below which a missing cycle says nothing."""
_TREES, _SELF_NAMED_TREES, _TANGLES = 0.75, 0.1, 0.15
"""The shares of true references of a table to itself without any cycle, with none but rows at the top that name themselves,
and with others, such as who is married to whom."""
_LIMIT = 2.5
_CHAINS = 0.8
"""The share of different ones among the rows that are named, from which hardly any is named twice."""
_LEVELS, _LEVELS_PER_DOUBLING = 3, 1.5
"""How many levels a hierarchy may have, and how many more per doubling of the rows that are named."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """``linked`` rows name another row or are named; of these ``roots`` name none. ``cyclic`` rows lie on cycles or below
    one; ``levels`` counts the longest way up, itself included. ``rows`` are all rows of the table, ``named`` those that
    others name, and ``itself`` those of the roots that name themselves."""

    rows: int
    linked: int
    roots: int
    levels: int
    cyclic: int
    named: int
    itself: int = 0

    @property
    def tangled(self) -> bool:
        """Whether the way up is longer than people make it: no chain, and too many levels."""
        chain = self.named >= _CHAINS * (self.linked - self.roots)
        return not chain and self.levels > _LEVELS + _LEVELS_PER_DOUBLING * math.log2(max(self.named, 2))


def hierarchy_of(
    workspace: Workspace,
    table: LoadedTable,
    tail: Sequence[ColumnProfile],
    head: Sequence[ColumnProfile],
    transform: Mapping[str, str],
) -> Hierarchy | None:
    """The shape of a table's reference to itself; None where a row names several, none names another, or it is too large."""
    if table.rows > _MOST_ROWS:
        return None
    sides = side_sql(table, tail, transform, "tail"), side_sql(table, head, transform, "head")
    return workspace.recall((table,), ("hierarchy", *sides), lambda: _hierarchy(workspace, table, *sides))


def _hierarchy(workspace: Workspace, table: LoadedTable, tail: str, head: str) -> Hierarchy | None:
    named = workspace.connection.execute(
        f"""SELECT t._row AS child, h.first AS above, h.n AS n FROM ({tail}) t
        JOIN (SELECT value, min(_row) AS first, count(*) AS n FROM ({head}) GROUP BY value) h USING (value)"""
    ).fetchnumpy()
    child, above, many = (np.asarray(named[name], np.int64) for name in ("child", "above", "n"))
    if (many > 1).any() or len(np.unique(child)) < len(child) or not (child != above).any():
        return None
    parent = np.full(table.rows, -1, np.int64)
    parent[child] = above
    itself = parent == np.arange(table.rows)
    parent[itself] = -1  # who names himself is at the top
    return _shape(parent, int(itself.sum()))


def _shape(parent: NDArray[np.int64], itself: int) -> Hierarchy:
    """By pointer doubling: after 2^k steps whoever is still on the way up is on a cycle or below one."""
    linked = parent >= 0
    named = np.unique(parent[linked])
    linked[named] = True
    steps, up = (parent >= 0).astype(np.int64), parent.copy()
    for _ in range(int(math.log2(max(len(parent), 2))) + 1):
        on = up >= 0
        if not on.any():
            break
        steps[on] += steps[up[on]]
        up[on] = up[up[on]]
    cyclic = up >= 0
    levels = int(steps[linked & ~cyclic].max()) + 1 if (linked & ~cyclic).any() else 0
    roots = int((linked & (parent < 0)).sum())
    return Hierarchy(len(parent), int(linked.sum()), roots, levels, int(cyclic.sum()), len(named), itself)


def log_odds_of(shape: Hierarchy | None) -> float:
    """How much the shape speaks for a reference (above 0) or against it, against values drawn at random."""
    if shape is None or shape.linked - shape.roots < _FEWEST or (shape.tangled and not shape.cyclic):
        return 0.0
    silent = max(shape.rows - (shape.linked - shape.roots) - shape.itself, 0) / shape.rows
    if shape.cyclic:
        expected, by_chance = _TANGLES, 1 - silent
    elif shape.itself:
        expected, by_chance = _SELF_NAMED_TREES, _no_cycle_by_chance(silent, shape.named) - silent
    else:
        expected, by_chance = _TREES, silent
    return min(max(math.log(expected / max(by_chance, 1e-6)), -_LIMIT), _LIMIT)


def _no_cycle_by_chance(silent: float, named: int) -> float:
    """How often rows that name one of ``named`` rows by chance, or nothing with probability ``silent``, leave no cycle but
    rows that name themselves: Abel's sum over all rooted forests, a (a + n b)^(n - 1) with a for a root and b for any other."""
    each = (1 - silent) / max(named, 1)
    return (silent + each) * (1 + each) ** (max(named, 1) - 1)


def hierarchy_reason(shape: Hierarchy) -> str:
    """The shape in plain words."""
    if shape.cyclic:
        return f"No tree: from {shape.cyclic:,} of {shape.linked:,} records the way up never ends (cycles)."
    trees = "A tree" if shape.roots == 1 else f"{shape.roots:,} trees"
    roots = "1 root" if shape.roots == 1 else f"{shape.roots:,} roots"
    return f"{trees} of {shape.linked:,} records: no cycles, {shape.levels:,} levels, {roots}."
