"""Duplicate candidates: tables of which several records probably describe the same thing.

A sketch, not a matching run: records that share a rare word are compared column by column inside DuckDB. Records of a
table are alike for many reasons (orders of one customer share its address), so a pair counts as a duplicate only
if its columns agree in proportion to how much they tell, the figures and dates among them included. Names made of a few hundred
words are alike by chance: what is found among as many strangers, whose words and values are drawn by lot, is taken off.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bifrost.links import Column, LinkKind, LinkType, PairExample, Role, link_type_id
from linking.candidates import Scorers, make_link_type
from linking.describe import percent
from linking.names import table_words
from linking.profiles import ColumnProfile
from linking.same_things import SEPARATOR
from linking.workspace import LoadedTable, Workspace

__all__ = ["DuplicateCandidate", "duplicate_candidates", "duplicate_evidence", "duplicates_of", "find_duplicates"]

_LEAST_ROWS = 20
_LEAST_PROBABLE = 0.5
"""A few near copies are in most tables; a question about every table would be a nuisance."""
_WORDS = 4_000
_PAIRS = 6_000
_OFTEN = 8
"""Records that share a word, at most, for the word to be rare."""
_SHORT = 100
"""Characters of a text that are compared."""
_AGREES = 0.72
_PRESENT = 0.4
"""The share of what a record may tell that both must have filled."""
_HARD_AGREES = 0.5
"""The share of what figures and dates may tell that agrees in a duplicate: orders of one customer have other dates."""
_RUNNING_WORDS, _ALONE = 6.0, 0.75
"""Words of a running text, and the share of what a table tells that only one column tells."""
_NAME_WORDS = 3.5
"""Texts of more words are hardly alike by chance."""
_PIECES, _SHUFFLES = 4, 3
"""Strangers take the first three words of a name and the rest of it by lot, each by itself; so often they are drawn."""
_DEVIATIONS = 3.0
"""So many standard deviations more near copies than among strangers are no accident."""
_SHUFFLED, _SHUFFLED_ROWS = "shuffled", 200_000
"""The table of strangers, and its most rows: names that only a few of very many people have are seldom alike by chance."""
_HARD = ("integer", "number", "date")


@dataclass(frozen=True, slots=True)
class DuplicateCandidate:
    """``pairs`` are sampled records that agree, best first: (uid, uid, agreement, text, text); ``weak_pairs`` do not."""

    table: LoadedTable
    pairs: tuple[tuple[str, str, float, str, str], ...]
    weak_pairs: tuple[tuple[str, str, float, str, str], ...]
    columns: tuple[str, ...]
    share: float
    features: Mapping[str, float] = field(default_factory=dict)


def find_duplicates(
    workspace: Workspace, scorers: Scorers, references: Sequence[LinkType], *, keep: frozenset[str] = frozenset()
) -> list[LinkType]:
    """Tables that probably hold several records of one thing, as same-thing types of a table with itself.

    Types whose ids are in ``keep`` (judged ones) are returned whatever their probability.
    """
    found = []
    for candidate in duplicate_candidates(workspace, _referring(workspace, references), keep):
        table = candidate.table
        side = Column(table.source, table.dataset)
        name = f"same_{'_'.join(table_words(table.dataset)) or 'record'}"
        link_type = make_link_type(
            LinkKind.SAME_THING, side, side, candidate.features, scorers, name=name, **duplicate_evidence(candidate)
        )
        if link_type.probability >= _LEAST_PROBABLE or link_type.id in keep:
            found.append(link_type)
    return found


def _referring(workspace: Workspace, references: Sequence[LinkType]) -> frozenset[int]:
    """Columns that name other records, by declared keys or probably."""
    ids = {p.id for r in references if r.probability >= 0.5 for p in workspace.profiles_of(r.tail) or ()}
    for table in workspace.tables():
        declared = {name for reference in table.summary.info.references for name in reference.columns}
        ids |= {p.id for name, p in table.columns.items() if name in declared}
    return frozenset(ids)


def duplicate_evidence(candidate: DuplicateCandidate) -> dict[str, object]:
    """The fields of a link type of a table with itself that its sampled records give."""
    f = candidate.features
    twins = round(10 ** f["twins"] - 1)
    reasons = (
        f"{twins:,} of {candidate.table.rows:,} records ({percent(f['duplicate_share'])}) have a near copy in a sample.",
        f"{percent(f['twins_share'])} of the sampled records that share a rare word agree in nearly all they tell.",
        f"Compared by {', '.join(candidate.columns[:5])}.",
    )

    def example(pair: tuple[str, str, float, str, str], note: str = "", role: Role = "representative") -> PairExample:
        left, right, score, left_text, right_text = pair
        return PairExample(left, right, left_text[:160], right_text[:160], round(score, 3), note, role)

    pairs, weak = candidate.pairs, candidate.weak_pairs
    shown = pairs[: max(len(pairs) - 1, 1) : max(len(pairs) // 4, 1)][:4]

    return {
        "reasons": reasons,
        "examples": tuple(example(p) for p in shown)
        + tuple(example(p, "hardly agrees", "borderline") for p in pairs[-1:] if len(pairs) > 1),
        "counter_examples": tuple(example(p, "alike, but differs", "counter") for p in weak),
        "estimated_edges": len(candidate.pairs),
        "cardinality": "many-to-many",
        "threshold": 0.5,
    }


def duplicate_candidates(
    workspace: Workspace, referring: frozenset[int] = frozenset(), keep: frozenset[str] = frozenset()
) -> list[DuplicateCandidate]:
    """Tables with at least one pair of records that agree, and those whose link type is in ``keep``, in no order.

    ``referring`` holds the ids of columns that name other records: that two records name the same one says little.
    """
    found = []
    for table in workspace.tables():
        side = Column(table.source, table.dataset)
        wanted = link_type_id(LinkKind.SAME_THING, side, side) in keep
        columns = _comparable(table, referring)
        words = [p for p in columns if p.kind not in _HARD]
        if not words or len(columns) < 2 or (not wanted and (table.rows < _LEAST_ROWS or _are_messages(columns))):
            continue
        candidate = _candidate(workspace, table, columns, words)
        if candidate.pairs or wanted:
            found.append(candidate)
    return found


def _are_messages(columns: Sequence[ColumnProfile]) -> bool:
    """Whether a table hardly says anything but one running text: many messages are alike, and none is another one again."""
    telling = max(columns, key=_weight)
    return telling.mean_words > _RUNNING_WORDS and _weight(telling) >= _ALONE * sum(map(_weight, columns))


def duplicates_of(workspace: Workspace, side: Column) -> DuplicateCandidate | None:
    """One table compared with itself, whatever comes of it; None where it has nothing to compare."""
    table = workspace.table(side.source, side.dataset)
    columns = [] if table is None else _comparable(table, frozenset())
    words = [p for p in columns if p.kind not in _HARD]
    return _candidate(workspace, table, columns, words) if table is not None and words and len(columns) > 1 else None


def _comparable(table: LoadedTable, referring: frozenset[int]) -> list[ColumnProfile]:
    """Columns that describe a record: not its number, not what it refers to."""
    return [
        p
        for p in table.columns.values()
        if not p.multivalued
        and p.id not in referring
        and p.kind != "boolean"
        and not (p.key_like and p.kind in ("integer", "code"))
        and p.null_share <= 0.9
        and p.distinct >= 2
    ][:20]


def _candidate(
    workspace: Workspace, table: LoadedTable, columns: Sequence[ColumnProfile], words: Sequence[ColumnProfile]
) -> DuplicateCandidate:
    read = tuple(p.id for p in columns), tuple(p.id for p in words)
    return workspace.recall((table,), ("duplicates", read), lambda: _compared(workspace, table, columns, words))


def _compared(
    workspace: Workspace, table: LoadedTable, columns: Sequence[ColumnProfile], words: Sequence[ColumnProfile]
) -> DuplicateCandidate:
    found = _compared_rows(workspace.connection, table.name, columns, words)
    agreeing = [r for r in found if r.agrees]
    twins, compared = _rows_of(agreeing), _rows_of(found)
    by_chance = 0
    if twins and table.rows <= _SHUFFLED_ROWS and all(p.mean_words <= _NAME_WORDS for p in words):
        by_chance = _by_chance(workspace.connection, table.name, columns, words)
    # Records come in pairs, so that their number varies twice as much.
    if len(twins) <= by_chance + _DEVIATIONS * math.sqrt(2 * by_chance):
        agreeing, by_chance = [], len(twins)
    beyond = len(twins) - by_chance
    hard_mass = sum(r.hard_present for r in agreeing)
    hard = sum(_weight(p) for p in columns if p.kind in _HARD)
    features = {
        "within": 1.0,
        "twins_share": beyond / max(len(compared), 1),
        "twins": math.log10(1 + beyond),
        "duplicate_share": beyond / max(table.rows, 1),
        "hard_agreement": sum(r.hard for r in agreeing) / hard_mass if hard_mass else 1.0,
        "hard_share": hard / max(sum(map(_weight, columns)), 1e-9),
    }
    return DuplicateCandidate(
        table,
        tuple(r.shown for r in agreeing[:300]),
        tuple(r.shown for r in found if 0.4 <= r.agreement < _AGREES)[:3],
        tuple(p.name for p in columns),
        beyond / max(table.rows, 1),
        features,
    )


class _Row(NamedTuple):
    """Two records that share a rare word, their agreement, and how much their figures and dates tell and agree."""

    left: str
    right: str
    agreement: float
    left_text: str
    right_text: str
    x: int
    y: int
    hard: float
    hard_present: float

    @property
    def agrees(self) -> bool:
        return self.agreement >= _AGREES and self.hard >= _HARD_AGREES * self.hard_present

    @property
    def shown(self) -> tuple[str, str, float, str, str]:
        return self[:5]


def _rows_of(pairs: Sequence[_Row]) -> set[int]:
    return {row for r in pairs for row in (r.x, r.y)}


def _weight(column: ColumnProfile) -> float:
    """How much it tells that two records agree in a column."""
    return math.log(1 + column.distinct)


def _compared_rows(
    connection: Any, table: str, columns: Sequence[ColumnProfile], words: Sequence[ColumnProfile]
) -> list[_Row]:
    """Records of a table that share a rare word, those that agree most first."""
    union = " UNION ALL ".join(
        f"SELECT _row, unnest(regexp_extract_all(strip_accents(lower(left({p.sql}, {_SHORT}))), '[\\pL\\pN]+')) AS w"
        f" FROM {table} WHERE {p.sql} IS NOT NULL"
        for p in words
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE alike AS
        WITH words AS (SELECT DISTINCT _row, w FROM ({union}) WHERE length(w) >= 3),
        rare AS (SELECT w FROM words GROUP BY w HAVING count(*) BETWEEN 2 AND {_OFTEN} ORDER BY hash(w) LIMIT {_WORDS})
        SELECT a._row AS x, b._row AS y, count(*) AS common FROM words a JOIN rare USING (w) JOIN words b USING (w)
        WHERE a._row < b._row GROUP BY a._row, b._row ORDER BY common DESC, hash(a._row), b._row LIMIT {_PAIRS}"""
    )
    ((some,),) = connection.execute("SELECT count(*) FROM alike").fetchall()
    if not some:
        return []
    weights = [_weight(p) for p in columns]
    hard = [(f"s{i}", w) for i, (p, w) in enumerate(zip(columns, weights, strict=True)) if p.kind in _HARD]
    (score, present), (hard_score, hard_present) = map(_weighted, ([(f"s{i}", w) for i, w in enumerate(weights)], hard))
    texts = [
        f"concat_ws('{SEPARATOR}', {', '.join(f'left({side}.{p.sql}, {_SHORT})' for p in words[:6])})" for side in "ab"
    ]
    likeness = ", ".join(f"{_likeness(p)} AS s{i}" for i, p in enumerate(columns))
    rows = connection.execute(
        f"""SELECT uid_a, uid_b, (({score}) / greatest({present}, 0.001))::DOUBLE AS agreement, text_a, text_b, x, y,
            ({hard_score})::DOUBLE AS hard, ({hard_present})::DOUBLE AS hard_present
        FROM (SELECT a._uid AS uid_a, b._uid AS uid_b, {texts[0]} AS text_a, {texts[1]} AS text_b, x, y, {likeness}
            FROM alike JOIN {table} a ON a._row = x JOIN {table} b ON b._row = y)
        WHERE {present} >= {_PRESENT * sum(weights):.4f} ORDER BY agreement DESC, x, y"""
    ).fetchall()
    return [_Row(*row) for row in rows]


def _by_chance(connection: Any, table: str, columns: Sequence[ColumnProfile], words: Sequence[ColumnProfile]) -> int:
    """How many of as many strangers have a near copy: the most of a few draws, up to one without any."""
    most = 0
    for seed in range(_SHUFFLES):
        _shuffle(connection, table, columns, seed)
        found = len(_rows_of([r for r in _compared_rows(connection, _SHUFFLED, columns, words) if r.agrees]))
        if not found:
            break
        most = max(most, found)
    return most


def _shuffle(connection: Any, table: str, columns: Sequence[ColumnProfile], seed: int) -> None:
    """Strangers: each column's values, and each word of its names, drawn by lot without replacement."""
    parts, made = [], ["_row", "_uid"]
    for k, p in enumerate(columns):
        if p.kind not in _HARD:
            split = f"string_split({p.sql}, ' ')"
            values = [f"{split}[{n + 1}]" for n in range(_PIECES - 1)]
            values.append(f"nullif(array_to_string({split}[{_PIECES}:], ' '), '')")
            made.append(f"nullif(concat_ws(' ', {', '.join(f'p{k}_{n}' for n in range(_PIECES))}), '') AS {p.sql}")
        else:
            values = [p.sql]
            made.append(f"p{k}_0 AS {p.sql}")
        parts += [
            f"(SELECT {v} AS p{k}_{n} FROM {table} ORDER BY hash(_row, {k}, {n}, {seed}), _row)"
            for n, v in enumerate(values)
        ]
    numbered = f"(SELECT _row, _uid FROM {table} ORDER BY _row)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SHUFFLED} AS SELECT {', '.join(made)} FROM "
        + " POSITIONAL JOIN ".join([numbered, *parts])
    )


def _weighted(parts: Sequence[tuple[str, float]]) -> tuple[str, str]:
    """The weighted sum of some numbers that may be NULL, and the weight of those that are not, as SQL."""
    score = " + ".join(f"{w:.4f} * coalesce({s}, 0)" for s, w in parts) or "0"
    return score, " + ".join(f"CASE WHEN {s} IS NULL THEN 0 ELSE {w:.4f} END" for s, w in parts) or "0"


def _likeness(p: ColumnProfile) -> str:
    """How alike two values of a column are, in [0, 1], as SQL over ``a`` and ``b``; NULL where one is absent."""
    a, b = (f"strip_accents(lower(left({side}.{p.sql}, {_SHORT})))" for side in "ab")
    if p.kind in _HARD:
        near = f"length({a}) >= 6 AND levenshtein({a}, {b}) <= 1"
        return f"CASE WHEN {a} = {b} THEN 1.0 WHEN {near} THEN 0.7 WHEN {a} <> {b} THEN 0.0 END"
    # Two sizes or models of one product differ by a number only.
    numbers = [f"list_distinct(regexp_extract_all({text}, '[\\pL]*[0-9][\\pL0-9]*'))" for text in (a, b)]
    shared = f"len(list_intersect({numbers[0]}, {numbers[1]}))"
    other = f"{shared} < least(len({numbers[0]}), len({numbers[1]}))"
    alike = f"jaro_winkler_similarity({a}, {b})"
    if p.mean_words < 2:
        other = "FALSE"
    return (
        f"CASE WHEN {a} = {b} THEN 1.0 WHEN {other} THEN 0.0 WHEN {alike} >= 0.9 THEN 0.9 WHEN {alike} >= 0.8 THEN 0.6"
        f" WHEN {a} <> {b} THEN 0.0 END"
    )
