"""References by a key of several columns: order number and line number; year, region and product.

Columns are a key together where no fewer of them are and no two rows agree in all. Other tables refer to it when they have
columns of fitting names whose values, each in its own normal form, are found there together, more often than chance would
have it. Which normal forms make two columns agree is told by their sketches, as for keys of one column.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, islice, product, takewhile

from linking.joins import side_sql
from linking.named_keys import is_own_key
from linking.names import MEASURE_WORDS, core_words, is_id_name, name_similarity, table_words, words
from linking.profiles import ColumnProfile
from linking.references import FORM_COST, ReferenceCandidate, describe_pair, form_complexity, name_score
from linking.workspace import LoadedTable, Workspace

__all__ = ["MOST_COLUMNS", "CompositeCandidate", "composite_candidate", "composite_candidates", "composite_keys"]

MOST_COLUMNS = 4
_COLUMNS = 6
_KEYS = 6
_PEEK = 20_000
"""Rows that show most combinations not to be keys, before all rows are looked at."""
_OPTIONS = 3
_TRIED = 9
_NAMES_FIT, _NAMES_TABLE = 0.7, 0.8
"""From which likeness of names on a column may stand for one of a key, be it called like it, or after its table (``state_code``
for ``state.iso_code``)."""
_NULLS = 0.001
"""Codes such as ``NAN`` are taken for nothing at all."""
_CONTAINED = 0.85
_ALONE = 0.5
"""The share of one column's sampled values that must be found in its counterpart."""
_BY_CHANCE = 1e-4
"""The largest probability that the values are found together by chance alone, given how many combinations are keys."""
_UNIQUE = 0.97
"""The share of different values from which on a column tells its rows apart (nearly) alone."""
_PARTS = frozenset(
    {"sequence", "position", "version", "index", "year", "month", "day", "date", "hour", "grade", "level"}
    | {"jahr", "monat", "datum", "annee", "mois", "anio", "ano", "año", "fecha", "anno", "mese"}
)
"""Words that measure or order, but also take part in keys."""
_VERSIONS = frozenset({"version", "revision", "edition"})

Columns = tuple[ColumnProfile, ...]
Forms = Mapping[tuple[int, int], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CompositeCandidate:
    """``tail`` columns name records by ``head`` columns, in this order; ``transform`` is that of the link type.
    ``tail_unique`` is the share of different ones among the tail's combinations."""

    tail: Columns
    head: Columns
    containment: float
    transform: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, float] = field(default_factory=dict)
    tail_unique: float = 0.0
    by_name: bool = False
    """Whether the names alone say so, because the key holds (nearly) all combinations."""


def composite_keys(workspace: Workspace, table: LoadedTable) -> list[Columns]:
    """The declared key if it has two to four columns, else those of its first columns that tell all rows apart, none of
    which is needless."""
    declared = table.summary.info.key
    if 2 <= len(declared) <= MOST_COLUMNS and all(name in table.columns for name in declared):
        return [tuple(table.columns[name] for name in declared)]
    if table.rows < 4 or declared or any(_numbers_rows(p) for p in table.columns.values()):
        return []
    usable = [p for p in table.columns.values() if _may_be_part(p)][:_COLUMNS]
    keys: list[Columns] = []
    for size in range(2, MOST_COLUMNS + 1):
        smaller = [frozenset(p.id for p in key) for key in keys]
        needed = (key for key in combinations(usable, size) if not any(ids <= {p.id for p in key} for ids in smaller))
        keys += islice((key for key in needed if _tells_apart(workspace, table, key)), _KEYS)
    first = _first_columns(workspace, table)
    return [*keys, first] if first and first not in keys else keys


def _first_columns(workspace: Workspace, table: LoadedTable) -> Columns:
    """The fewest first columns that tell all rows of a table apart, though one alone might (nearly) do by accident: rooms by
    building and number, where few numbers occur twice. None but the last is called like the key of this table: zones by site and
    zone are zones of a site, things by number and site are things that have one. Or a key and a version, of which there may be one
    each so far."""
    columns = sorted(table.columns.values(), key=lambda p: p.position)[:MOST_COLUMNS]
    if len(columns) > 1 and is_own_key(columns[0]) and _is_version(columns[1]):
        return tuple(columns[:2])
    key = tuple(takewhile(lambda p: _may_be_part(p, by_accident=p.position > 0 or p.distinct < p.rows), columns))
    sizes = (n for n in range(2, len(key) + 1) if _tells_apart(workspace, table, key[:n]))
    size = next(sizes, 0)
    return () if any(is_own_key(p) for p in key[: size - 1]) else key[:size]


def _may_be_part(p: ColumnProfile, by_accident: bool = False) -> bool:
    counting = words(p.said)[-1:] and words(p.said)[-1] in MEASURE_WORDS - _PARTS
    usable = p.kind in ("integer", "code", "name", "date") and not p.multivalued and not counting
    return usable and p.null_share <= _NULLS and p.distinct >= 2 and (by_accident or p.uniqueness < _UNIQUE)


def _is_version(p: ColumnProfile) -> bool:
    return bool(_VERSIONS.intersection(words(p.said)[-1:])) and _may_be_part(p)


def _numbers_rows(p: ColumnProfile) -> bool:
    """Whether a table has a key of its own already, so that no one refers to it by others."""
    return p.position == 0 and p.key_like and p.kind == "integer" and is_id_name(p.said)


def _tells_apart(workspace: Workspace, table: LoadedTable, key: Columns) -> bool:
    if math.prod(p.distinct for p in key) < table.rows:
        return False
    together = ", ".join(p.sql for p in key)
    for rows in (min(_PEEK, table.rows), table.rows):
        ((count,),) = workspace.connection.execute(
            f"SELECT count(DISTINCT ({together})) FROM {table.name} WHERE _row < {rows}"
        ).fetchall()
        if count < rows:
            return False
    return True


def composite_candidates(workspace: Workspace) -> list[CompositeCandidate]:
    """All candidates with features, in no particular order."""
    keys = [
        (table, key)
        for table in workspace.tables()
        for key in composite_keys(workspace, table)
        if all(p.distinct for p in key)
    ]
    if not keys:
        return []
    tails = [t for t in workspace.tables() if t.rows]
    heads = {p.id: p for _, key in keys for p in key}
    forms = _agreeing_forms(workspace, {p.id: p for t in tails for p in t.columns.values()}, heads)
    found = []
    for head_table, key in keys:
        for tail_table in tails:
            if tail_table is not head_table:
                found += _between(workspace, tail_table, head_table, key, forms)
    return found


def _agreeing_forms(
    workspace: Workspace, tails: Mapping[int, ColumnProfile], heads: Mapping[int, ColumnProfile]
) -> Forms:
    """Per pair of columns with fitting names the normal forms under which most of the tail's values are found."""
    possible = {(t.id, h.id) for h in heads.values() for t in tails.values() if t.id != h.id and _fits(t, h)}
    if not possible:
        return {}
    rows = workspace.connection.execute(
        """WITH pairs AS (SELECT unnest($tails)::INTEGER AS tail, unnest($heads)::INTEGER AS head),
        total AS (SELECT col, form, count(*) AS k FROM sample_hash
            WHERE col IN (SELECT tail FROM pairs) GROUP BY ALL)
        SELECT p.tail, p.head, s.form, v.form, count(*) / any_value(t.k) AS share
        FROM pairs p JOIN sample_hash s ON s.col = p.tail JOIN value_hash v ON v.col = p.head AND v.hash = s.hash
        JOIN total t ON t.col = s.col AND t.form = s.form GROUP BY ALL HAVING count(*) >= $least * any_value(t.k)""",
        {"tails": [t for t, _ in possible], "heads": [h for _, h in possible], "least": _ALONE},
    ).fetchall()
    best: dict[tuple[int, int], tuple[float, tuple[str, str]]] = {}
    for tail, head, tail_form, head_form, share in rows:
        worth = share - FORM_COST * (form_complexity(tail_form) + form_complexity(head_form))
        ranked = (worth, (tail_form, head_form))
        if (tail, head) not in best or (-worth, ranked[1]) < (-best[tail, head][0], best[tail, head][1]):
            best[tail, head] = ranked
    return {pair: forms for pair, (_, forms) in best.items()}


def _fits(tail: ColumnProfile, head: ColumnProfile) -> bool:
    same_kind = tail.kind == head.kind or {tail.kind, head.kind} <= {"code", "name", "integer"}
    single = bool(tail.nonnull) and not tail.multivalued and not head.multivalued
    if not (single and same_kind):
        return False
    if name_similarity(words(tail.said), words(head.said)) >= _NAMES_FIT:
        return True
    named = {*table_words(head.dataset)[-1:]} <= {*words(tail.said)}
    return (named and name_score(tail, head) >= _NAMES_TABLE) or _in_a_role(tail, head) or _called_after(tail, head)


def _in_a_role(tail: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a column is called like what another one identifies, perhaps after a role: ``first_verse`` and ``verses.number``."""
    own, thing = core_words(tail.said), core_words(head.said) or table_words(head.dataset)[-1:]
    return bool(thing) and own[-len(thing) :] == thing


def _between(
    workspace: Workspace, tail: LoadedTable, head: LoadedTable, key: Columns, forms: Forms
) -> list[CompositeCandidate]:
    density = min(head.rows / math.prod(p.distinct for p in key), 1.0)
    found = []
    for chosen in _choices(tail, key, forms):
        transform = _transform(chosen, key, forms)
        share, count = _containment(workspace, tail, chosen, head, key, transform)
        sure = _chance(share, count, density) <= _BY_CHANCE
        if share >= _CONTAINED and (sure or _same_names(chosen, key, head)):
            filled = tail.rows * math.prod(1 - p.null_share for p in chosen)
            unique = min(count / max(filled, 1), 1.0)
            made = composite_candidate(chosen, key, transform, share)
            found.append(replace(made, tail_unique=unique, by_name=not sure))
    kept: list[CompositeCandidate] = []
    for c in sorted(found, key=lambda c: -c.containment):
        if not kept or (not c.by_name and all(_beside(c, other) for other in kept)):
            kept.append(c)
    return kept


def _beside(one: CompositeCandidate, other: CompositeCandidate) -> bool:
    """Whether they are two references to one key: by other columns (the two ends of a route), or by some in common and others
    that are both called after the head's (``season`` and ``home_club_no``, ``season`` and ``away_club_no``)."""
    pairs = [(a, b, h) for a, b, h in zip(one.tail, other.tail, one.head, strict=True) if a != b]
    if not pairs or {a.id for a, _, _ in pairs} & {p.id for p in other.tail}:
        return False
    return len(pairs) == len(one.head) or all(_called_like(a, h) and _called_like(b, h) for a, b, h in pairs)


def _called_like(column: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a name is that of a key and says what for: ``home_club_no``, ``teamIDwinner``."""
    said, key = words(column.said), words(head.said)
    return len(said) > len(key) and key in (said[-len(key) :], said[: len(key)])


def _choices(tail: LoadedTable, key: Columns, forms: Forms) -> Iterator[Columns]:
    """Different columns of a table for those of a key, those of the best fitting names first. The table's own key is none of
    them."""
    options: list[list[ColumnProfile]] = []
    for column in key:
        usable = [p for p in tail.columns.values() if (p.id, column.id) in forms and not is_own_key(p)]
        usable.sort(key=lambda p: -name_similarity(words(p.said), words(column.said)))
        options.append(usable[:_OPTIONS])
    different = (chosen for chosen in product(*options) if len({p.id for p in chosen}) == len(key))
    yield from islice(different, _TRIED)


def _transform(tail: Columns, head: Columns, forms: Forms) -> dict[str, str]:
    found: dict[str, str] = {}
    for t, h in zip(tail, head, strict=True):
        tail_form, head_form = forms[t.id, h.id]
        found |= {f"tail.{t.name}": tail_form} if tail_form else {}
        found |= {f"head.{h.name}": head_form} if head_form else {}
    return found


def _containment(
    workspace: Workspace,
    tail: LoadedTable,
    left: Columns,
    head: LoadedTable,
    right: Columns,
    transform: Mapping[str, str],
) -> tuple[float, int]:
    """The share of the tail's distinct combinations found in the head, and their number."""
    ((share, count),) = workspace.connection.execute(
        f"""SELECT count(h.value) / greatest(count(*), 1), count(*) FROM
        (SELECT DISTINCT value FROM ({side_sql(tail, left, transform, "tail")})) t
        LEFT JOIN (SELECT DISTINCT value FROM ({side_sql(head, right, transform, "head")})) h USING (value)"""
    ).fetchall()
    return float(share), int(count)


def _chance(share: float, count: int, density: float) -> float:
    """A bound on the probability of finding ``share`` of independent combinations in a key of this density (Hoeffding)."""
    return math.exp(-2 * count * max(share - density, 0.0) ** 2)


def _same_names(tail: Columns, key: Columns, head: LoadedTable) -> bool:
    """Where a key holds all combinations, as plans by year and region do, finding them says little; equal names do, where they are
    several, the declared key, or the first of their table, one of them called like a key (``site_no`` and ``sector_no``)."""
    own = all(p.position < len(key) for p in key) and any(is_id_name(p.said) for p in key)
    known = len(key) > 2 or tuple(p.name for p in key) == head.summary.info.key or own
    equal = all(words(t.said) == words(h.said) for t, h in zip(tail, key, strict=True))
    return known and (equal or all(_called_after(t, h) for t, h in zip(tail, key, strict=True)))


def _called_after(column: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a name is that of a table and of a part of its key: ``permit_no`` and ``serial_no`` of ``building_permits``."""
    said, table = words(column.said), "".join(table_words(head.dataset))
    named = "".join(said[:-1])
    return len(named) > 2 and table.endswith(named) and said[-1:] == words(head.said)[-1:]


def composite_candidate(tail: Columns, head: Columns, transform: Mapping[str, str], share: float) -> CompositeCandidate:
    """Features of the most telling pair of columns, with what holds for all columns together."""
    each = []
    for t, h in zip(tail, head, strict=True):
        tail_form, head_form = (transform.get(f"{s}.{p.name}", "") for s, p in (("tail", t), ("head", h)))
        each.append(describe_pair(ReferenceCandidate(t, h, tail_form, head_form, share, share)))
    features = dict(max(each, key=lambda f: f["tail_distinct"]))
    by_name: dict[str, float] = defaultdict(float)
    for name in (
        "name_score",
        "name_column",
        "name_equal",
        "name_table",
        "name_trigram",
        "tail_id_name",
        "head_id_name",
    ):
        by_name[name] = max(f[name] for f in each)
    features.update(
        by_name, head_unique=1.0, tail_key_like=0.0, name_margin=by_name["name_score"], containment_margin=share,
        rivals=0.0, size_rank=0.0, same_table_rivals=0.0, head_tails=0.0, tail_measure=0.0, head_measure=0.0,
        complexity=max(f["complexity"] for f in each),
    )  # fmt: skip
    return CompositeCandidate(tail, head, share, transform, features)
