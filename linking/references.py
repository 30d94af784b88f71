"""Reference candidates: columns whose values are found among the values of a column that names records.

Found by one join of every column's sketch with the value hashes of all key-like columns (sampled containment, as in
inclusion-dependency discovery), never by comparing columns pair by pair. The features are those that separate keys
from coincidence in the literature (Rostin et al. 2009, Motl and Kordik 2017), and how a candidate stands among its rivals.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linking.kin_names import WITHIN, kin_pairs, kinship, leads_up
from linking.names import (
    ID_WORDS,
    MEASURE_WORDS,
    PEOPLE,
    containment,
    core_words,
    is_id_name,
    name_similarity,
    names_table,
    table_words,
    tells_who,
    trigram_similarity,
    words,
)
from linking.profiles import TELLING, ColumnProfile, are_uncommon
from linking.rivals import Hits, rivals_of
from linking.semantics import NameVectors, spoken
from linking.workspace import Workspace

__all__ = [
    "FORM_COST",
    "ReferenceCandidate",
    "describe_pair",
    "form_complexity",
    "name_score",
    "reference_candidates",
]

MIN_CONTAINMENT = 0.5
_POINTING = {(w,) for w in ("to", "by", "of", "via", "from", "for", "in", "at", "under", "parent", "with")}
_QUANTIFIERS = {
    "total",
    "quantity",
    "count",
    "remaining",
    "average",
    "mean",
    "maximum",
    "minimum",
    "max",
    "min",
    "sum",
    "net",
    "number",
}
_FLAGS = {"is", "has", "was", "can", "should", "allow"}
"""First words of names that ask a question."""
_NUMBERED = {"street", "house", "floor", "page", "line", "row", "version", "phone", "fax", "mobile", "serial", "tax"}
"""Words before "number" that make it a property of the thing itself, not the key of another."""
_ORDERED = {"child", "column", "display", "list", "menu", "print", "row", "sort", "term", "view"}
"""Words before "order" that make it a position, not an order."""
_SAYING_NOTHING = {*ID_WORDS, "name", "title", "label", "description", "type", "status"}
_AT_ONCE = 50_000
FORM_COST = 0.03
"""By how much a form that drops something must raise the containment to be preferred."""


@dataclass(frozen=True, slots=True)
class ReferenceCandidate:
    """``tail`` may name records by ``head``. ``containment`` is the share of sampled distinct tail values found."""

    tail: ColumnProfile
    head: ColumnProfile
    tail_form: str
    head_form: str
    containment: float
    row_containment: float
    features: Mapping[str, float] = field(default_factory=dict)


def reference_candidates(
    workspace: Workspace, vectors: NameVectors | None = None, wanted: tuple[int, int] | None = None
) -> list[ReferenceCandidate]:
    """Candidates with their features, ordered by tail and head: of each column the likeliest few (:mod:`linking.rivals`).

    ``vectors`` adds what the names mean; ``wanted`` names a pair of columns, by id, that is kept wherever it stands.
    """
    profiles = {profile.id: profile for profile in (*workspace.columns(), *workspace.property_columns())}
    columns = [profiles[id] for id in sorted(profiles)]
    hits = _hits(columns, workspace)
    if not len(hits.tail):
        return []
    meaning = _Meaning(columns, hits, vectors) if vectors is not None else None
    ids = np.array([p.id for p in columns])
    kept = _looked_at(hits) if wanted is None else (ids[hits.tail] == wanted[0]) & (ids[hits.head] == wanted[1])
    rivals = rivals_of(hits, _name_scores(hits), None if meaning is None else meaning.with_table, kept)
    meanings = {} if meaning is None else meaning.features(rivals.chosen)
    values = {**meanings, **rivals.features}
    rows = np.column_stack(list(values.values())).tolist()
    made = []
    for place, row in zip(rivals.chosen.tolist(), rows, strict=True):
        c = ReferenceCandidate(
            columns[hits.tail[place]], columns[hits.head[place]], hits.tail_form[place], hits.head_form[place],
            float(hits.containment[place]), float(hits.row_containment[place]),
        )  # fmt: skip
        made.append(replace(c, features={**describe_pair(c), **dict(zip(values, row, strict=True))}))
    return made


def _looked_at(hits: Hits) -> NDArray[np.bool_]:
    """Hits that their names speak for, though not by being alike: of columns that say who did something in keys of tables of
    people, of those called after what stands above a row in their own table, and of those called like the end of a table's name
    in keys of that table."""
    columns = hits.columns
    who = np.array([tells_who(p.said, numbers=p.kind == "integer") for p in columns])
    people = np.array([bool({*table_words(p.dataset)[-1:]} & {*PEOPLE}) for p in columns])
    up = np.array([leads_up(p.said, p.dataset) for p in columns])
    datasets, table = np.unique([p.dataset for p in columns], return_inverse=True)
    names = [core_words(p.said) for p in columns]
    within = up[hits.tail] & (table[hits.tail] == table[hits.head])
    pairs = kin_pairs(names, table.tolist(), datasets.tolist())
    kin = np.isin(hits.tail * len(datasets) + table[hits.head], [tail * len(datasets) + head for tail, head in pairs])
    key = np.array([is_id_name(p.said) for p in columns])
    return np.asarray(((who[hits.tail] & people[hits.head]) | within | kin) & key[hits.head])


def _hits(columns: Sequence[ColumnProfile], workspace: Workspace) -> Hits:
    """Of each pair of columns the hit in the forms that find most; what drops something must find more."""
    forms = sorted({"", *(form for p in columns for form in p.forms)})
    tail, tail_form, head, head_form, share, row_share = (
        np.concatenate(pair)
        for pair in zip(_contained(workspace, columns, forms), _by_name_alone(workspace.columns()), strict=True)
    )
    ids = np.array([p.id for p in columns], np.int64)
    tail, head = np.searchsorted(ids, tail), np.searchsorted(ids, head)
    cost = np.array([FORM_COST * form_complexity(form) for form in forms])
    drops = np.array(["strip_prefix" in form for form in forms])
    agree = np.ones(len(tail), bool)
    for k in np.flatnonzero(drops[tail_form] | drops[head_form]).tolist():
        agree[k] = _forms_agree(columns[tail[k]], forms[tail_form[k]], columns[head[k]], forms[head_form[k]])
    order = np.lexsort((head_form, tail_form, cost[tail_form] + cost[head_form] - share, head, tail))
    order = order[agree[order]]
    new = (np.diff(tail[order], prepend=-1) != 0) | (np.diff(head[order], prepend=-1) != 0)
    best = order[new]
    named = [[forms[i] for i in side[best].tolist()] for side in (tail_form, head_form)]
    return Hits(columns, tail[best], head[best], share[best], row_share[best], *named)


_Found = Sequence[NDArray[Any]]
"""Ids of tails, forms, ids of heads, forms (places in a list); the shares of distinct values and of rows found."""


def _contained(workspace: Workspace, columns: Sequence[ColumnProfile], forms: Sequence[str]) -> _Found:
    """Columns whose values are found in a column that names records, in any normal form."""
    of_tables = {p.id for p in workspace.columns()}
    found: Mapping[str, NDArray[Any]] = workspace.connection.execute(
        """
        WITH total AS (
            SELECT col, form, count(*) AS k, sum(n) AS m FROM sample_hash WHERE list_contains($tails, col) GROUP BY ALL
        ), hits AS (
            SELECT s.col, s.form, v.col AS head, v.form AS head_form, count(*) AS k, sum(s.n) AS m
            FROM sample_hash s JOIN value_hash v ON s.hash = v.hash
            WHERE list_contains($tails, s.col) AND list_contains($heads, v.col) AND s.col <> v.col
            GROUP BY ALL
        )
        SELECT h.col::BIGINT AS tail, list_position($forms, h.form)::BIGINT - 1 AS tail_form,
            h.head::BIGINT AS head, list_position($forms, h.head_form)::BIGINT - 1 AS head_form,
            (h.k / t.k)::DOUBLE AS share, (h.m / t.m)::DOUBLE AS row_share
        FROM hits h JOIN total t ON h.col = t.col AND h.form = t.form WHERE h.k >= $least * t.k
        """,
        {
            "tails": [p.id for p in columns if _may_refer(p)],
            "heads": [p.id for p in columns if p.key_like and p.id in of_tables],
            "forms": forms,
            "least": MIN_CONTAINMENT,
        },
    ).fetchnumpy()
    return list(found.values())


def _by_name_alone(profiles: Sequence[ColumnProfile]) -> _Found:
    """Columns without any value can only be judged by their names: those named like a key of their own source."""
    empty = [p for p in profiles if not p.nonnull]
    heads = [p for p in profiles if p.key_like or (p.position == 0 and not p.rows)] if empty else []
    found = [
        (tail.id, head.id)
        for tail in empty
        for head in heads
        if tail.source == head.source and tail.id != head.id
        if (tail.table != head.table and name_score(tail, head) >= 0.9)
        or _ends_with_key(tail, head)
        or (tail.type == head.type and _called_after(tail, head))
    ]
    tails, heads_ = np.array(found, np.int64).reshape(-1, 2).T
    nothing, unknown = np.zeros(len(found), np.int64), np.full(len(found), math.nan)
    return tails, nothing, heads_, nothing, unknown, unknown


def _ends_with_key(tail: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a name says the key of a table and what for: ``original_language_id`` and ``language.language_id``."""
    own, said = words(tail.said), words(head.said)
    thing = core_words(head.said)
    table = table_words(head.dataset)
    if not is_id_name(head.said) or (thing and thing != table):
        return False
    named = own[: -len(said)] if own[-len(said) :] == said and not thing else ()
    return (bool(thing) and own[-len(said) :] == said) or any(
        names_table(named[n:], table) in (0, 1) for n in range(len(named))
    )


def _called_after(tail: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a head numbers what the tail is called after: a table, alone or beside its own, people, or its own table's rows."""
    own, table = core_words(tail.said), table_words(head.dataset)
    if not is_id_name(head.said) or core_words(head.said) not in ((), table, table[-1:]):
        return False
    if tail.table == head.table:
        return tail.id != head.id and leads_up(tail.said, tail.dataset)
    numbered = is_id_name(tail.said) or "integer" in (tail.type, head.kind)
    named = bool(own) and names_table(own, table) in (0, 1)
    people = tells_who(tail.said, numbers=tail.type == "integer") and table[-1:] in {(word,) for word in PEOPLE}
    return people or (numbered and (named or kinship(own, tail.dataset, head.dataset) >= WITHIN))


def _may_refer(column: ColumnProfile) -> bool:
    return column.kind in ("integer", "code", "name") and column.distinct >= 1 and column.mean_length <= 80


def form_complexity(form: str) -> int:
    """How many steps of a normal form drop something."""
    return sum(step not in ("", "split") for step in form.split(" | "))


def _forms_agree(tail: ColumnProfile, tail_form: str, head: ColumnProfile, head_form: str) -> bool:
    """Dropping equal prefixes says no more than the base form; dropping one or different ones leaves bare numbers, which
    are found everywhere, to names, unless the numbers are of a kind that other columns hardly hold by accident."""
    dropped = ["strip_prefix" in form for form in (tail_form, head_form)]
    if not any(dropped):
        return True
    if (all(dropped) and tail.prefix == head.prefix) or set(words(tail.said)) <= _SAYING_NOTHING:
        return False
    people = {core_words(tail.said)[-1:], table_words(head.dataset)[-1:]} <= {(word,) for word in PEOPLE}
    return (
        people
        or name_score(tail, head) >= 0.5
        or (tail.distinct >= TELLING and are_uncommon(head.sample, head.distinct))
    )


def name_score(tail: ColumnProfile, head: ColumnProfile) -> float:
    """How much the names alone say that ``tail`` refers to ``head``, in [0, 1]."""
    own, column, table = core_words(tail.said), core_words(head.said), table_words(head.dataset)
    if tail.dataset == head.dataset and tail.source == head.source:
        return 0.5 * name_similarity(words(tail.said), words(head.said))
    target = tuple(dict.fromkeys((*table, *column)))
    to_table = containment(table[-1:], own) if table else 0.0
    to_column = name_similarity(words(tail.said), words(head.said))
    back = containment(own, target)
    if not own:
        return 0.3 * to_column
    if words(tail.said) == words(head.said):
        return 0.95 + 0.05 * to_table
    return max(0.45 * to_table + 0.35 * back + 0.2 * to_column, 0.8 * to_column if column else 0.0)


_ASSUMED = {
    "containment": 1.0, "row_containment": 1.0, "coverage": 0.5, "tail_distinct": 1.0, "head_distinct": 1.5,
    "rows_ratio": 0.5, "tail_unique": 0.3, "head_unique": 1.0, "tail_nulls": 0.0, "head_nulls": 0.0, "tail_key_like": 0.0,
    "value_bits": 2.0, "letters": 0.0, "words": 1.0,
}  # fmt: skip
"""Where a column has no values its name is judged as if the values fitted."""


def _log(x: float) -> float:
    return math.log10(max(x, 1e-6))


def _measure(name: str) -> float:
    found = words(name)
    counted = len(found) > 1 and found[0] in _QUANTIFIERS | _FLAGS and not is_id_name(name)
    printed = len(found) > 1 and found[-1] == "number" and found[-2] in _NUMBERED
    placed = len(found) > 1 and found[-1] == "order" and found[-2] in _ORDERED
    return float(bool(found) and (found[-1] in MEASURE_WORDS or counted or printed or placed))


def _name_scores(hits: Hits) -> NDArray[np.float64]:
    """:func:`name_score` of each hit. Thousands of columns share a few names: each pair of names is scored once."""
    columns = hits.columns
    said = np.unique([p.said for p in columns], return_inverse=True)[1]
    table = np.unique([p.table for p in columns], return_inverse=True)[1]
    key = (said[hits.tail] * len(columns) + hits.head) * 2 + (table[hits.tail] == table[hits.head])
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    scores = [name_score(columns[hits.tail[k]], columns[hits.head[k]]) for k in first.tolist()]
    return np.array(scores)[back]


class _Meaning:
    """Cosines of what the names of hits mean. ``with_table`` is that of the tail's name with the head's table, [n]."""

    def __init__(self, columns: Sequence[ColumnProfile], hits: Hits, vectors: NameVectors) -> None:
        self._hits, self._vectors = hits, vectors
        self._said = [spoken(p.said) for p in columns]
        self._tables = [_said_table(p) for p in columns]
        self._context = [f"{table} {said}" for table, said in zip(self._tables, self._said, strict=True)]
        self.with_table = self._cosines(hits.tail, hits.head, self._said, self._tables)

    def features(self, chosen: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Of some hits: the name with table and column, and table and name with the table."""
        tail, head = self._hits.tail[chosen], self._hits.head[chosen]
        return {
            "meaning_table": self.with_table[chosen],
            "meaning_column": self._cosines(tail, head, self._said, self._said),
            "meaning_context": self._cosines(tail, head, self._context, self._tables),
        }

    def _cosines(
        self, tail: NDArray[np.int64], head: NDArray[np.int64], left: Sequence[str], right: Sequence[str]
    ) -> NDArray[np.float64]:
        sides = []
        for places, texts in ((tail, left), (head, right)):
            own, back = np.unique([texts[i] for i in places.tolist()], return_inverse=True)
            sides.append((self._vectors.matrix(own.tolist()), back))
        (a, i), (b, j) = sides
        found = np.empty(len(tail))
        for start in range(0, len(tail), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            found[part] = np.einsum("ij,ij->i", a[i[part]], b[j[part]])
        return found


def _said_table(column: ColumnProfile) -> str:
    return " ".join(table_words(column.dataset)) or column.dataset


def describe_pair(c: ReferenceCandidate) -> dict[str, float]:
    """The features of a candidate that do not depend on its rivals."""
    tail, head = c.tail, c.head
    own, table = core_words(tail.said), table_words(head.dataset)
    same_table = (tail.source, tail.dataset) == (head.source, head.dataset)
    numeric = tail.kind == "integer" and head.kind == "integer"
    spread = head.high - head.low + 1
    empty = not tail.nonnull
    matched = min(c.containment * tail.distinct, head.distinct)
    return {
        "containment": c.containment,
        "row_containment": c.row_containment,
        "coverage": math.nan if empty else matched / max(head.distinct, 1),
        "tail_distinct": _log(tail.distinct),
        "head_distinct": _log(head.distinct),
        "rows_ratio": _log(tail.rows / max(head.rows, 1)),
        "tail_unique": tail.uniqueness,
        "head_unique": min(head.uniqueness, 1.0),
        "tail_nulls": tail.null_share,
        "head_nulls": head.null_share,
        "tail_key_like": float(tail.key_like),
        "tail_first": float(tail.position == 0),
        "head_first": float(head.position == 0),
        "head_position": min(head.position, 20) / 20,
        "tail_id_name": float(is_id_name(tail.said)),
        "head_id_name": float(is_id_name(head.said)),
        "tail_preposition": float(words(tail.said)[-1:] in _POINTING),
        "tail_measure": _measure(tail.said),
        "head_measure": _measure(head.said),
        "name_score": name_score(tail, head),
        "name_column": name_similarity(words(tail.said), words(head.said)),
        "name_trigram": trigram_similarity(tail.said, head.said),
        "name_equal": float(words(tail.said) == words(head.said)),
        "name_table": containment(table[-1:], own),
        "name_extra": float(len([w for w in own if containment((w,), (*table, *core_words(head.said))) < 0.7])),
        "tail_named_own_table": containment(table_words(tail.dataset)[-1:], own) if own else 1.0,
        "head_named_own_table": containment(table[-1:], core_words(head.said)) if core_words(head.said) else 1.0,
        "numeric": float(numeric),
        "head_dense": head.distinct / spread if numeric and spread > 0 else -1.0,
        "tail_spread": (tail.high - tail.low + 1) / spread if numeric and spread > 0 else -1.0,
        "tail_low_offset": _log(1 + abs(tail.low - head.low)) if numeric else -1.0,
        "value_bits": math.log10(1 + abs(head.high)) if numeric else min(tail.mean_length, 30.0),
        "letters": tail.letter_share,
        "words": tail.mean_words,
        "multivalued": float(tail.multivalued),
        "same_source": float(tail.source == head.source),
        "same_table": float(same_table),
        "complexity": float(form_complexity(c.tail_form) + form_complexity(c.head_form)),
        "same_type": float(tail.type == head.type),
        **(_ASSUMED if empty else {}),
    }
