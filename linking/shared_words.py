"""Rare words and whole names that tables share.

They are sampled by hash, so that two samples hold the same ones (coordinated sampling). The words of names may all be frequent;
names that two tables of strangers would share by chance do not count.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Overlap", "Texts", "overlaps", "sharing"]

_KEPT = 3_000
_LEAST_OFTEN, _OFTEN = 3, 0.003
"""A word is rare if it is in so many rows, or in this share of them, at most."""
_LEAST_SHARED = 2
_DEVIATIONS = 3.0
"""So many standard deviations more names than by chance are no accident."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A table and expressions for the texts by which a person would recognise its records; ``names`` are those that name them."""

    table: str
    rows: int
    texts: tuple[str, ...]
    names: tuple[str, ...]


class Overlap(NamedTuple):
    """Two tables, by number, the share of the smaller one's rare words (or names) that the other one has, and whether they share
    more whole names than strangers would."""

    left: int
    right: int
    share: float
    names: bool


def overlaps(connection: Any, tables: Sequence[Texts]) -> list[Overlap]:
    """Pairs of tables that share at least two rare words or names.

    Of a table with more than are kept only those with small hashes are known: two tables are compared up to the largest hash
    that is known of both. Leaves the words for :func:`sharing`.
    """
    # ``kind`` is 0 for words and 1 for names.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rare_word (tab INT, kind INT, word VARCHAR, hash UBIGINT, row_ BIGINT)"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE name_word (tab INT, word VARCHAR, share DOUBLE)")
    for number, table in enumerate(tables):
        _add(connection, number, table)
    rare = connection.execute("SELECT DISTINCT 2 * tab + kind AS place, hash FROM rare_word ORDER BY ALL").fetchnumpy()
    if not len(rare["place"]):
        return []
    starts = np.flatnonzero(np.diff(rare["place"], prepend=-1))
    hashes = dict(zip(rare["place"][starts].tolist(), np.split(rare["hash"], starts[1:]), strict=True))
    shared = connection.execute(
        """SELECT x.tab, y.tab, kind, count(DISTINCT word) AS n FROM rare_word x JOIN rare_word y USING (kind, word)
        WHERE x.tab < y.tab GROUP BY ALL HAVING n >= ? ORDER BY ALL""",
        [_LEAST_SHARED],
    ).fetchall()
    found: dict[tuple[int, int], Overlap] = {}
    for left, right, kind, n in shared:
        both = hashes[2 * left + kind], hashes[2 * right + kind]
        known = min((h[-1] for h in both if len(h) >= _KEPT), default=None)
        sizes = [len(h) if known is None else int(np.searchsorted(h, known, "right")) for h in both]
        share = n / max(min(sizes), 1)
        if kind:
            few, many = (left, right) if sizes[0] <= sizes[1] else (right, left)
            chance = _by_chance(connection, few, many, tables[many].rows)
            expected = chance * min(sizes)
            if n <= expected + _DEVIATIONS * math.sqrt(expected):
                continue
            share = (share - chance) / max(1 - chance, 0.01)
        before = found.get((left, right))
        found[left, right] = Overlap(left, right, max(share, before.share if before else 0.0), bool(kind))
    return list(found.values())


def sharing(connection: Any, overlap: Overlap, limit: int) -> list[tuple[int, int]]:
    """Pairs of rows of two of the tables that share a rare word, or a name where names tell."""
    return list(
        connection.execute(
            """SELECT x.row_, y.row_ FROM rare_word x JOIN rare_word y USING (kind, word)
            WHERE x.tab = ? AND y.tab = ? AND kind <= ? GROUP BY ALL ORDER BY min(x.hash), x.row_, y.row_ LIMIT ?""",
            [overlap.left, overlap.right, int(overlap.names), limit],
        ).fetchall()
    )


def _add(connection: Any, number: int, table: Texts) -> None:
    often = max(_LEAST_OFTEN, int(_OFTEN * table.rows))
    words = f"SELECT _row, unnest(ws) AS w FROM ({_words(table, table.texts)})"
    names = (
        f"SELECT _row, array_to_string(list_sort(ws), ' ') AS w FROM ({_words(table, table.names)}) WHERE len(ws) > 1"
    )
    for kind, query in enumerate((words, names)):
        connection.execute(
            f"""INSERT INTO rare_word
            WITH words AS (SELECT DISTINCT _row, w FROM ({query})),
            rare AS (SELECT w, hash(w) AS h FROM words GROUP BY w HAVING count(*) <= {often} ORDER BY h LIMIT {_KEPT})
            SELECT {number}, {kind}, w, h, min(_row) FROM words JOIN rare USING (w) GROUP BY w, h, _row"""
        )
    connection.execute(
        f"""INSERT INTO name_word SELECT {number}, w, count(DISTINCT _row) / {table.rows}
        FROM (SELECT _row, unnest(ws) AS w FROM ({_words(table, table.names)}) WHERE len(ws) > 1) GROUP BY w"""
    )


def _words(table: Texts, texts: Iterable[str]) -> str:
    """A query for the words of each of some texts of each row; of none without a text."""
    return " UNION ALL ".join(
        f"SELECT _row, regexp_extract_all(strip_accents(lower({text})), '[\\pL\\pN]{{3,}}') AS ws FROM {table.table}"
        for text in texts
    ) or f"SELECT _row, ['']::VARCHAR[] AS ws FROM {table.table} WHERE false"  # fmt: skip


def _by_chance(connection: Any, few: int, many: int, rows: int) -> float:
    """The share of the names of one table that another one would have if its rows took the words of their names by lot."""
    found = connection.execute(
        """WITH part AS (SELECT DISTINCT word, unnest(string_split(word, ' ')) AS w FROM rare_word WHERE tab = ? AND kind = 1),
        likely AS (SELECT part.word, exp(sum(ln(coalesce(share, 0) + 1e-12))) AS p
            FROM part LEFT JOIN name_word ON name_word.tab = ? AND name_word.word = part.w GROUP BY part.word)
        SELECT avg(1 - pow(1 - least(p, 1), ?)) FROM likely""",
        [few, many, rows],
    ).fetchall()
    return float(found[0][0] or 0.0)
