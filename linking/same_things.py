"""Same-thing candidates: tables whose records may describe the same things.

Two tables are compared by what their rarest words, or whole names, have in common (linking/shared_words.py); records that
share one are compared by character 3-grams.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from linking.mentions.tokens import fold
from linking.names import name_similarity, table_words, trigram_similarity
from linking.profiles import ColumnProfile
from linking.shared_words import Overlap, Texts, overlaps, sharing
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
_TELLING = 0.6
"""The least share of different values by which a column, or two together, tell records apart."""
_PARTS, _PART_WORDS, _LETTERS = 4, 2.0, 0.8
"""So many columns are tried as parts of names; parts are of so few words, and nearly all letters."""
_NAME_WORDS = 4.0
"""Columns of more words on average are no names of records as a whole."""
_PAIRS_KEPT = 300
_LEAST_OVERLAP = 0.05
_AGREES = 0.72
"""3-gram containment from which two sampled records count as agreeing, if also one pair of columns is alike."""
_ALIKE = 0.5
_NAMED_ALIKE = 0.85
"""The likeness (Dice's coefficient of 3-grams) from which on two names, their words in order, are one."""
_WORDS = re.compile(r"\w+")
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


def identifying_columns(
    workspace: Workspace, table: LoadedTable, referring: frozenset[int] = frozenset()
) -> list[ColumnProfile]:
    """The columns by which a person would recognise a record: names, codes, titles; the most telling first.

    Two columns that name a record together, such as first name and last name, come before all others.

    ``referring`` holds the ids of columns that name other records: they say nothing of the record itself.
    """
    for uniqueness, absent in ((_TELLING, 0.5), (0.3, 0.7)):
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
    named = _named_together(workspace, table, referring)
    rest = sorted((p for p in usable if p not in named), key=lambda p: (p.kind != "name", -p.uniqueness))
    return [*named, *rest][:4]


def _named_together(workspace: Workspace, table: LoadedTable, referring: frozenset[int]) -> tuple[ColumnProfile, ...]:
    """Two columns that name a record together and not alone: first name and last name, however few there are of each."""
    parts = [
        p
        for p in table.columns.values()
        if p.kind == "name"
        and not p.multivalued
        and p.id not in referring
        and p.uniqueness < _TELLING
        and p.null_share <= 0.5
        and p.mean_words <= _PART_WORDS
        and p.letter_share >= _LETTERS
    ]
    pairs = [
        (_together(workspace, table, pair), pair)
        for pair in combinations(sorted(parts, key=lambda p: -p.uniqueness)[:_PARTS], 2)
    ]
    share, best = max(pairs, key=lambda found: found[0], default=(0.0, ()))
    return tuple(sorted(best, key=lambda p: p.position)) if share >= _TELLING else ()


def _told_apart(workspace: Workspace, table: LoadedTable, referring: frozenset[int]) -> float:
    """The share of its records that the most telling identifying column, or two of them that name it, tell apart."""
    together = _named_together(workspace, table, referring)
    alone = max(p.uniqueness for p in identifying_columns(workspace, table, referring))
    return max(alone, _together(workspace, table, together) if together else 0.0)


def _together(workspace: Workspace, table: LoadedTable, pair: Sequence[ColumnProfile]) -> float:
    """The share of the rows that two columns tell apart together."""
    first, second = pair
    key = first.id, second.id
    if key not in table.together:
        query = f"SELECT count(DISTINCT ({first.sql}, {second.sql})) FROM {table.name}"
        table.together[key] = workspace.connection.execute(query).fetchall()[0][0] / max(table.rows, 1)
    return table.together[key]


def comparable(left: ColumnProfile, right: ColumnProfile) -> bool:
    """Whether two columns could say the same of a thing: running text names things, but is none of their names."""
    longer = max(left.mean_words, right.mean_words) / max(min(left.mean_words, right.mean_words), 0.1)
    return (left.kind == "text") == (right.kind == "text") or longer <= _LONGER


def same_thing_candidates(workspace: Workspace, referring: frozenset[int] = frozenset()) -> list[SameThingCandidate]:
    """All pairs of tables that share rare words, with features, in no particular order."""
    tables = [t for t in workspace.tables() if t.rows >= 3 and identifying_columns(workspace, t, referring)]
    texts = [_searched(workspace, table, referring) for table in tables]
    return [
        _candidate(workspace, (tables[one.left], tables[one.right]), one, referring)
        for one in overlaps(workspace.connection, texts)
        if one.share >= _LEAST_OVERLAP and _comparable_parts(workspace, tables[one.left], tables[one.right], referring)
    ]


def _searched(workspace: Workspace, table: LoadedTable, referring: frozenset[int]) -> Texts:
    """The parts in whose words other tables are searched; whole names are of two columns, or of any one of a few words."""
    parts = _parts(workspace, table, referring)
    texts = tuple(f"concat_ws(' ', {', '.join(p.sql for p in part)})" for part in parts)
    names = tuple(
        text
        for text, (first, *others) in zip(texts, parts, strict=True)
        if others or (first.kind == "name" and first.mean_words <= _NAME_WORDS)
    )
    return Texts(table.name, table.rows, texts, names)


def _parts(workspace: Workspace, table: LoadedTable, referring: frozenset[int]) -> list[tuple[ColumnProfile, ...]]:
    """What a person would recognise a record by, part by part: one column each, or two that name it together."""
    together = _named_together(workspace, table, referring)
    alone = [(p,) for p in identifying_columns(workspace, table, referring) if p not in together]
    return [together, *alone] if together else [*alone]


def _comparable_parts(
    workspace: Workspace, left: LoadedTable, right: LoadedTable, referring: frozenset[int] = frozenset()
) -> list[tuple[int, int, bool]]:
    """Which parts of both, by their places, can be compared, and whether one of them is of two columns; none where neither
    table can be about the other's things."""
    sides = [_parts(workspace, table, referring) for table in (left, right)]
    return [
        (i, j, len(p) > 1 or len(q) > 1)
        for i, p in enumerate(sides[0])
        for j, q in enumerate(sides[1])
        if comparable(p[0], q[0])
    ]


def _candidate(
    workspace: Workspace,
    pair: tuple[LoadedTable, LoadedTable],
    overlap: Overlap,
    referring: frozenset[int],
) -> SameThingCandidate:
    a, b = pair
    rows = sharing(workspace.connection, overlap, 4 * _PAIRS_KEPT)
    columns = [(i, j, named and overlap.names) for i, j, named in _comparable_parts(workspace, a, b, referring)]
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
        "word_overlap": overlap.share,
        "agreeing_share": len(agreeing) / max(len(compared), 1),
        "agreeing": math.log10(1 + len(agreeing)),
        "agreeing_overlap": overlap.share * len(agreeing) / max(len(compared), 1),
        "table_names": name_similarity(table_words(a.dataset), table_words(b.dataset)),
        "aligned": math.log10(1 + len(aligned)),
        "aligned_share": len(aligned) / max(min(len(a.columns), len(b.columns)), 1),
        "aligned_values": max((value for _, _, value in aligned), default=0.0),
        "same_source": float(a.source == b.source),
        "size_ratio": math.log10(max(a.rows, b.rows) / max(min(a.rows, b.rows), 1)),
        "unique": min(_told_apart(workspace, table, referring) for table in (a, b)),
    }
    weak = tuple(pair for pair in compared if pair[2] < _AGREES)
    return SameThingCandidate(a, b, agreeing, (*weak[:1], *weak[1:][-2:]), aligned, features)


Parts = tuple[str, ...]


def _texts(
    workspace: Workspace, table: LoadedTable, rows: set[int], referring: frozenset[int]
) -> dict[int, tuple[str, Parts]]:
    """uid and identifying texts of some rows, one for each part."""
    columns = ", ".join(
        f"left(concat_ws(' ', {', '.join(p.sql for p in part)}), 200)" for part in _parts(workspace, table, referring)
    )
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
    if not all(identifying_columns(workspace, table) for table in (left, right)):
        return [0.0] * len(pairs)
    nothing: frozenset[int] = frozenset()
    texts = [_texts(workspace, table, {pair[i] for pair in pairs}, nothing) for i, table in enumerate((left, right))]
    columns = _comparable_parts(workspace, left, right)
    return [_agreement(texts[0][a][1], texts[1][b][1], columns) for a, b in pairs]


def _trigrams(text: str) -> set[str]:
    padded = f" {' '.join(fold(text).split())} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _agreement(left: Parts, right: Parts, comparable: Sequence[tuple[int, int, bool]]) -> float:
    """How much of the shorter record's 3-grams the longer one has; at most half where no two comparable parts are alike.

    A text that names a record contains all of its name, but no column of the text's table looks like the name. Whole names,
    in whatever order, are enough, whatever else is known of either record.
    """
    a, b = _trigrams(_joined(left)), _trigrams(_joined(right))
    contained = len(a & b) / max(min(len(a), len(b)), 1)
    most = 0.0
    for i, j, named in comparable:
        if left[i] and right[j]:
            in_order = _in_order if named else fold
            p, q = _trigrams(in_order(left[i])), _trigrams(in_order(right[j]))
            alike = 2 * len(p & q) / (len(p) + len(q))
            if named and alike >= _NAMED_ALIKE and min(len(left[i].split()), len(right[j].split())) > 1:
                return max(contained, _AGREES)
            most = max(most, alike)
    return contained if most >= _ALIKE else min(contained, 0.5)


def _in_order(text: str) -> str:
    return " ".join(sorted(_WORDS.findall(fold(text))))


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
