"""Names in two columns of one table that are written in one column of the other: first and last name, and "Last, First".

Columns are compared one by one, so two of them would never meet the one. Which two belong together is told by their words: most
values of the one column hold a word of each.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import pyarrow as pa
import pyarrow.compute as pc

from linking.records.fields import normalise

__all__ = ["JOINED", "with_joined_names"]

JOINED = " + "
"""Between the names of two columns that are compared as one."""
SAMPLE = 3_000
LEAST = 20
"""Values that a column must have to be looked at."""
SINGLE, SEVERAL = 1.5, 1.8
"""Words of a part of a name at most, and of a whole name at least, in the mean."""
LONGEST = 4.0
HELD = 0.3
"""The share of the whole names that hold a word of each part: part of the names of one table are unknown to the other."""
APART = 0.2
"""The share of words that two parts of names may have in common."""


def with_joined_names(left: pa.Table, right: pa.Table, names: Sequence[Sequence[str]]) -> tuple[pa.Table, pa.Table]:
    """Both tables, where two columns of one of them together are a column of the other, with one column in their place.

    ``names`` are the columns of the two tables that have no namesake in the other one.
    """
    tables = [left, right]
    words = [{c: _words(table[c][:SAMPLE]) for c in chosen} for table, chosen in zip(tables, names, strict=True)]
    for side in (0, 1):
        parts, wholes = words[side], words[1 - side]
        for whole, values in wholes.items():
            pair = _parts_of(values, parts)
            if pair is not None:
                separator = ", " if _with_comma(tables[1 - side][whole][:SAMPLE]) else " "
                tables[side] = _joined(tables[side], pair, separator)
                parts = {c: w for c, w in parts.items() if c not in pair}
    return tables[0], tables[1]


def _words(column: pa.ChunkedArray) -> list[list[str]]:
    """The words of each value that has any, or nothing where they are no names."""
    filled = [v for v in normalise(column).to_pylist() if v]
    if len(filled) < LEAST or sum(any(c.isdigit() for c in v) for v in filled) > 0.05 * len(filled):
        return []
    return [v.replace(",", " ").split() for v in filled]


def _parts_of(whole: Sequence[Sequence[str]], parts: dict[str, list[list[str]]]) -> tuple[str, str] | None:
    """The two columns that make up a column of names, in the order in which it has them."""
    if not whole or not SEVERAL <= _mean(whole) <= LONGEST:
        return None
    known = {
        c: {w for value in values for w in value} for c, values in parts.items() if values and _mean(values) <= SINGLE
    }
    found: Counter[tuple[str, str]] = Counter()
    for first, second in permutations(known, 2):
        if len(known[first] & known[second]) <= APART * min(len(known[first]), len(known[second])):
            found[first, second] = sum(v[0] in known[first] and not known[second].isdisjoint(v[1:]) for v in whole)
    if not found:
        return None
    pair, count = found.most_common(1)[0]
    return pair if count >= HELD * len(whole) else None


def _mean(values: Sequence[Sequence[str]]) -> float:
    return sum(map(len, values)) / len(values)


def _with_comma(column: pa.ChunkedArray) -> bool:
    return bool(pc.mean(pc.match_substring(normalise(column), ",")).as_py() > 0.5)


def _joined(table: pa.Table, pair: tuple[str, str], separator: str) -> pa.Table:
    parts = [normalise(table[c]) for c in pair]
    filled = [pc.if_else(pc.equal(part, ""), None, part) for part in parts]
    both = pc.binary_join_element_wise(*filled, separator, null_handling="skip")
    return table.drop_columns(list(pair)).append_column(JOINED.join(pair), both)
