"""Ruled tables from their lines: grids of cells, and which cell a word stands in. The same for PDF and for scans."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bifrost.documents import Box, Table
from extraction.layout import Word, is_broken_word

__all__ = ["Grid", "Line", "find_grids", "order_by_cells", "tables_of"]

Line = tuple[float, float, float, float]
"""x0, y0, x1, y1 with x0 <= x1 and y0 <= y1; nearly horizontal or nearly vertical."""

_MOST_LINES = 5000


@dataclass(frozen=True, slots=True)
class Grid:
    """The lines of one table: ``xs`` and ``ys`` ascending, at least two rows or columns of cells."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def cell(self, word: Word) -> tuple[int, int] | None:
        """(row, column) of the cell that holds the word's centre."""
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        row, column = bisect_left(self.ys, y) - 1, bisect_left(self.xs, x) - 1
        inside = 0 <= row < len(self.ys) - 1 and 0 <= column < len(self.xs) - 1
        return (row, column) if inside else None


def find_grids(horizontal: Sequence[Line], vertical: Sequence[Line], tolerance: float) -> list[Grid]:
    """Grids of lines that cross, top first. ``tolerance``: how far lines may miss each other and still meet."""
    if not horizontal or not vertical or len(horizontal) + len(vertical) > _MOST_LINES:
        return []
    rows, columns = np.array(horizontal, float), np.array(vertical, float)
    groups = _groups(rows, columns, tolerance)
    grids = []
    for some_rows, some_columns in groups:
        ys = _levels((rows[some_rows, 1] + rows[some_rows, 3]) / 2, tolerance)
        xs = _levels((columns[some_columns, 0] + columns[some_columns, 2]) / 2, tolerance)
        if len(xs) >= 2 and len(ys) >= 2 and len(xs) + len(ys) >= 5:
            grids.append(Grid(xs, ys))
    return sorted(grids, key=lambda grid: (grid.ys[0], grid.xs[0]))


def _groups(
    rows: NDArray[np.float64], columns: NDArray[np.float64], tolerance: float
) -> list[tuple[list[int], list[int]]]:
    """Connected components of lines that cross."""
    crosses = (
        (rows[:, None, 0] - tolerance <= columns[None, :, 2])
        & (rows[:, None, 2] + tolerance >= columns[None, :, 0])
        & (columns[None, :, 1] - tolerance <= rows[:, None, 3])
        & (columns[None, :, 3] + tolerance >= rows[:, None, 1])
    )
    group_of_row = np.full(len(rows), -1)
    group_of_column = np.full(len(columns), -1)
    count = 0
    for start in range(len(rows)):
        if group_of_row[start] >= 0 or not crosses[start].any():
            continue
        some_rows = np.zeros(len(rows), np.bool_)
        some_rows[start] = True
        while True:
            some_columns = np.any(crosses[some_rows], axis=0)
            more_rows = np.any(crosses[:, some_columns], axis=1)
            if (more_rows == some_rows).all():
                break
            some_rows = more_rows
        group_of_row[some_rows], group_of_column[some_columns] = count, count
        count += 1
    return [
        (np.flatnonzero(group_of_row == group).tolist(), np.flatnonzero(group_of_column == group).tolist())
        for group in range(count)
    ]


def _levels(positions: NDArray[np.float64], tolerance: float) -> tuple[float, ...]:
    """Positions that differ by less than the tolerance are one line."""
    ordered = np.sort(positions)
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > tolerance)
    return tuple(float(np.mean(part)) for part in np.split(ordered, starts[1:]))


def order_by_cells(words: Sequence[Word], grids: Sequence[Grid]) -> list[Word]:
    """The words in reading order: those of a table cell by cell. Sets ``before`` at cell borders and in broken words.

    Words outside of tables keep their order; a table stands where its first word stood.
    """
    placed: list[Word | tuple[int, list[tuple[int, int, Word]]]] = []
    tables: dict[int, list[tuple[int, int, Word]]] = {}
    for word in words:
        where = next(((at, cell) for at, grid in enumerate(grids) if (cell := grid.cell(word)) is not None), None)
        if where is None:
            placed.append(word)
            continue
        at, (row, column) = where
        if at not in tables:
            tables[at] = []
            placed.append((at, tables[at]))
        tables[at].append((row, column, word))
    ordered: list[Word] = []
    after_table = False
    for item in placed:
        if isinstance(item, Word):
            if after_table:
                item.before = "\n"
            ordered.append(item)
            after_table = False
        else:
            ordered += _in_cells(grids[item[0]], item[1])
            after_table = True
    return ordered


def _in_cells(grid: Grid, members: list[tuple[int, int, Word]]) -> list[Word]:
    cells: defaultdict[tuple[int, int], list[Word]] = defaultdict(list)
    for row, column, word in members:
        cells[row, column].append(word)
    ordered = []
    for row, column in sorted(cells):
        lines = _lines(cells[row, column])
        _join_broken(lines, grid.xs[column], grid.xs[column + 1])
        lines[0][0].before = "\n"
        ordered += [word for line in lines for word in line]
    return ordered


def _lines(words: list[Word]) -> list[list[Word]]:
    """Words of a cell as lines from top to bottom, by the overlap of their heights."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda each: (each.y0 + each.y1) / 2):
        last = lines[-1][-1] if lines else None
        middle = (word.y0 + word.y1) / 2
        if last is not None and last.y0 < middle < last.y1:
            lines[-1].append(word)
        else:
            lines.append([word])
    for line in lines:
        line.sort(key=lambda each: each.x0)
        line[0].before = "\n"
        for word in line[1:]:
            word.before = word.before.strip("\n") or ("" if word.before == "" else " ")
    return lines


def _join_broken(lines: list[list[Word]], left: float, right: float) -> None:
    for line, following in pairwise(lines):
        if len(line) == 1 and is_broken_word(line[0], following[0], left, right):
            following[0].before = ""


def tables_of(words: Sequence[Word], grids: Sequence[Grid]) -> tuple[Table, ...]:
    """The tables with their cell texts. ``words`` as :func:`order_by_cells` left them. Empty rows are left out."""
    tables = []
    for grid in grids:
        texts: defaultdict[tuple[int, int], str] = defaultdict(str)
        for word in words:
            if (cell := grid.cell(word)) is not None:
                before = "" if not texts[cell] or word.before == "" else " "
                texts[cell] += before + word.text
        rows = [tuple(texts[row, column] for column in range(len(grid.xs) - 1)) for row in range(len(grid.ys) - 1)]
        filled = tuple(row for row in rows if any(row))
        if len(filled) > 1:
            tables.append(Table(filled, has_header=all(filled[0]), box=grid.box))
    return tuple(tables)
