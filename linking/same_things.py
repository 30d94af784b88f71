"""Same-thing candidates: tables whose records may describe the same things.

Two tables are compared by what their rarest words have in common. Rare words of identifying columns are sampled by hash,
so that both samples hold the same words (coordinated sampling); records that share one are compared by character 3-grams.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from linking.mentions.tokens import fold
from linking.names import name_similarity, table_words, trigram_similarity
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = [
    "SameThingCandidate",
    "align_columns",
    "comparable",
    "identifying_columns",
    "record_likeness",
    "same_thing_candidates",
]

SEPARATOR = " · "
_WORDS_KEPT = 3_000
_PAIRS_KEPT = 300
_LEAST_OVERLAP = 0.05
_AGREES = 0.72
"""3-gram containment from which two sampled records count as agreeing, if also one pair of columns is alike."""
_ALIKE = 0.5
_LONGER = 2.0
"""How many times as many words a text may have as a name that it is compared with."""


@dataclass(frozen=True, slots=True)
class SameThingCandidate:
    """``pairs`` are sampled records of both tables that agree, best first: (left uid, right uid, similarity, texts)."""

    left: LoadedTable
    right: LoadedTable
    pairs: tuple[tuple[str, str, float, str, str], ...]
    weak_pairs: tuple[tuple[str, str, float, str, str], ...]
    aligned: tuple[tuple[ColumnProfile, ColumnProfile, float], ...]
    features: Mapping[str, float] = field(default_factory=dict)


def identifying_columns(table: LoadedTable, referring: frozenset[int] = frozenset()) -> list[ColumnProfile]:
    """The columns by which a person would recognise a record: names, codes, titles; the most telling first.

    ``referring`` holds the ids of columns that name other records: they say nothing of the record itself.
    """
    for uniqueness, absent in ((0.6, 0.5), (0.3, 0.7)):
        usable = [
            p
            for p in table.columns.values()
            if p.kind in ("name", "code", "text")
            and not p.multivalued
            and p.id not in referring
            and p.uniqueness >= uniqueness
            and p.null_share <= absent
            and p.letter_share >= 0.3
            and p.mean_length <= 200
            and p.mean_words <= 15
        ]
        if usable:
            break
        # Where no column tells records apart by itself, several may together: first name, last name, street.
    return sorted(usable, key=lambda p: (p.kind != "name", -p.uniqueness))[:4]


def comparable(left: ColumnProfile, right: ColumnProfile) -> bool:
    """Whether two columns could say the same of a thing: running text names things, but is none of their names."""
    longer = max(left.mean_words, right.mean_words) / max(min(left.mean_words, right.mean_words), 0.1)
    return (left.kind == "text") == (right.kind == "text") or longer <= _LONGER


def same_thing_candidates(workspace: Workspace, referring: frozenset[int] = frozenset()) -> list[SameThingCandidate]:
    """All pairs of tables that share rare words, with features, in no particular order."""
    tables = [t for t in workspace.tables() if t.rows >= 3 and identifying_columns(t, referring)]
    connection = workspace.connection
    connection.execute("CREATE OR REPLACE TEMP TABLE rare_word (tab INTEGER, word VARCHAR, hash UBIGINT, row_ BIGINT)")
    for number, table in enumerate(tables):
        words = " UNION ALL ".join(
            f"SELECT _row, unnest(regexp_extract_all(strip_accents(lower({p.sql})), '[\\pL\\pN]+')) AS w FROM {table.name}"
            for p in identifying_columns(table, referring)
        )
        often = max(3, int(0.003 * table.rows))
        connection.execute(
            f"""INSERT INTO rare_word
            WITH words AS (SELECT DISTINCT _row, w FROM ({words}) WHERE length(w) >= 3),
            rare AS (SELECT w, hash(w) AS h FROM words GROUP BY w HAVING count(*) <= {often} ORDER BY h LIMIT {_WORDS_KEPT})
            SELECT {number}, w, h, min(_row) FROM words JOIN rare USING (w) GROUP BY w, h, _row"""
        )
    return [
        _candidate(workspace, (tables[left], tables[right]), (left, right), overlap, referring)
        for left, right, overlap in _overlaps(connection)
        if overlap >= _LEAST_OVERLAP and _comparable_columns(tables[left], tables[right], referring)
    ]


def _overlaps(connection: Any) -> list[tuple[int, int, float]]:
    """Pairs of tables, by number, that share at least two rare words, and the share of the smaller one's words.

    Of a table with more rare words than are kept only those with small hashes are known: two tables are compared up to
    the largest hash that is known of both.
    """
    rare = connection.execute("SELECT DISTINCT tab, hash FROM rare_word ORDER BY tab, hash").fetchnumpy()
    if not len(rare["tab"]):
        return []
    starts = np.flatnonzero(np.diff(rare["tab"], prepend=-1))
    hashes = dict(zip(rare["tab"][starts].tolist(), np.split(rare["hash"], starts[1:]), strict=True))
    shared = connection.execute(
        """SELECT x.tab, y.tab, count(DISTINCT x.word) AS n FROM rare_word x JOIN rare_word y
            ON x.word = y.word AND x.tab < y.tab GROUP BY ALL HAVING n >= 2 ORDER BY ALL"""
    ).fetchall()
    found = []
    for left, right, n in shared:
        both = hashes[left], hashes[right]
        known = min((h[-1] for h in both if len(h) >= _WORDS_KEPT), default=None)
        sizes = [len(h) if known is None else int(np.searchsorted(h, known, "right")) for h in both]
        found.append((left, right, n / max(min(sizes), 1)))
    return found


def _comparable_columns(
    left: LoadedTable, right: LoadedTable, referring: frozenset[int] = frozenset()
) -> list[tuple[int, int]]:
    """Which identifying columns of both, by their places, can be compared; none where neither table can be about the
    other's things."""
    sides = identifying_columns(left, referring), identifying_columns(right, referring)
    return [(i, j) for i, p in enumerate(sides[0]) for j, q in enumerate(sides[1]) if comparable(p, q)]


def _candidate(
    workspace: Workspace,
    pair: tuple[LoadedTable, LoadedTable],
    places: tuple[int, int],
    overlap: float,
    referring: frozenset[int],
) -> SameThingCandidate:
    a, b = pair
    left, right = places
    rows = workspace.connection.execute(
        f"""SELECT x.row_, y.row_ FROM rare_word x JOIN rare_word y ON x.word = y.word
        WHERE x.tab = {left} AND y.tab = {right} GROUP BY ALL ORDER BY min(x.hash), x.row_, y.row_ LIMIT {4 * _PAIRS_KEPT}"""
    ).fetchall()
    columns = _comparable_columns(a, b, referring)
    texts_a = _texts(workspace, a, {x for x, _ in rows}, referring)
    texts_b = _texts(workspace, b, {y for _, y in rows}, referring)
    best: dict[int, tuple[float, int]] = {}
    for x, y in rows:
        similarity = _agreement(texts_a[x][1], texts_b[y][1], columns)
        if similarity > best.get(x, (-1.0, 0))[0]:
            best[x] = similarity, y
    compared = [
        (texts_a[x][0], texts_b[y][0], similarity, _joined(texts_a[x][1]), _joined(texts_b[y][1]))
        for x, (similarity, y) in best.items()
    ]
    compared.sort(key=lambda pair: -pair[2])
    agreeing = tuple(pair for pair in compared if pair[2] >= _AGREES)
    aligned = tuple(align_columns(a, b))
    features = {
        "word_overlap": overlap,
        "agreeing_share": len(agreeing) / max(len(compared), 1),
        "agreeing": math.log10(1 + len(agreeing)),
        "agreeing_overlap": overlap * len(agreeing) / max(len(compared), 1),
        "table_names": name_similarity(table_words(a.dataset), table_words(b.dataset)),
        "aligned": math.log10(1 + len(aligned)),
        "aligned_share": len(aligned) / max(min(len(a.columns), len(b.columns)), 1),
        "aligned_values": max((value for _, _, value in aligned), default=0.0),
        "same_source": float(a.source == b.source),
        "size_ratio": math.log10(max(a.rows, b.rows) / max(min(a.rows, b.rows), 1)),
        "unique": min(max(p.uniqueness for p in identifying_columns(t, referring)) for t in (a, b)),
    }
    weak = tuple(pair for pair in compared if pair[2] < _AGREES)
    return SameThingCandidate(a, b, agreeing, (*weak[:1], *weak[1:][-2:]), aligned, features)


Parts = tuple[str, ...]


def _texts(
    workspace: Workspace, table: LoadedTable, rows: set[int], referring: frozenset[int]
) -> dict[int, tuple[str, Parts]]:
    """uid and identifying texts of some rows, one for each identifying column."""
    columns = ", ".join(f"coalesce(left({p.sql}, 200), '')" for p in identifying_columns(table, referring))
    found = workspace.connection.execute(
        f"SELECT _row, _uid, {columns} FROM {table.name} WHERE list_contains(?, _row)", [list(rows)]
    ).fetchall()
    return {row: (uid, tuple(parts)) for row, uid, *parts in found}


def _joined(parts: Parts) -> str:
    return SEPARATOR.join(filter(None, parts))


def record_likeness(
    workspace: Workspace, left: LoadedTable, right: LoadedTable, pairs: Sequence[tuple[int, int]]
) -> list[float]:
    """How alike the records of pairs of rows look, in [0, 1]; 0 where a table has nothing to recognise a record by."""
    if not identifying_columns(left) or not identifying_columns(right):
        return [0.0] * len(pairs)
    nothing: frozenset[int] = frozenset()
    texts = [_texts(workspace, table, {pair[i] for pair in pairs}, nothing) for i, table in enumerate((left, right))]
    columns = _comparable_columns(left, right)
    return [_agreement(texts[0][a][1], texts[1][b][1], columns) for a, b in pairs]


def _trigrams(text: str) -> set[str]:
    padded = f" {' '.join(fold(text).split())} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _agreement(left: Parts, right: Parts, columns: Sequence[tuple[int, int]]) -> float:
    """How much of the shorter record's 3-grams the longer one has; at most half where no two ``columns`` are alike.

    A text that names a record contains all of its name, but no column of the text's table looks like the name.
    """
    a, b = _trigrams(_joined(left)), _trigrams(_joined(right))
    contained = len(a & b) / max(min(len(a), len(b)), 1)
    if contained < _AGREES:
        return contained
    pairs = [(_trigrams(left[i]), _trigrams(right[j])) for i, j in columns if left[i] and right[j]]
    alike = max((2 * len(p & q) / (len(p) + len(q)) for p, q in pairs), default=0.0)
    return contained if alike >= _ALIKE else min(contained, 0.5)


def align_columns(left: LoadedTable, right: LoadedTable) -> list[tuple[ColumnProfile, ColumnProfile, float]]:
    """Columns of two tables that seem to mean the same, one to one, with the overlap of their sampled values."""
    scored = []
    values: dict[int, set[str]] = defaultdict(set)
    for p in (*left.columns.values(), *right.columns.values()):
        values[p.id] = {fold(v) for v in p.sample[:400]}
    for a in left.columns.values():
        for b in right.columns.values():
            alike = a.kind == b.kind or {a.kind, b.kind} <= {"name", "code", "text"}
            smaller = min(len(values[a.id]), len(values[b.id]))
            if not alike or not smaller:
                continue
            overlap = len(values[a.id] & values[b.id]) / smaller
            telling = overlap if a.kind in ("name", "code", "text") else 0.3 * overlap
            score = max(trigram_similarity(a.said, b.said), telling)
            if score >= 0.5:
                scored.append((score + 0.5 * overlap, a, b, overlap))
    scored.sort(key=lambda item: (-item[0], item[1].position, item[2].position))
    used: set[int] = set()
    aligned = []
    for _, a, b, overlap in scored:
        if a.id not in used and b.id not in used:
            used |= {a.id, b.id}
            aligned.append((a, b, overlap))
    return aligned
