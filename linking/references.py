"""Reference candidates: columns whose values are found among the values of a column that names records.

Found by one join of every column's sketch with the value hashes of all key-like columns (sampled containment, as in
inclusion-dependency discovery), never by comparing columns pair by pair. The features are those that separate keys
from coincidence in the literature (Rostin et al. 2009, Motl and Kordik 2017), and how a candidate stands among its rivals.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from linking.names import (
    ID_WORDS,
    MEASURE_WORDS,
    containment,
    core_words,
    is_id_name,
    name_similarity,
    table_words,
    trigram_similarity,
    words,
)
from linking.profiles import ColumnProfile
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
_SAYING_NOTHING = {*ID_WORDS, "name", "title", "label", "description", "type", "status"}
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


def reference_candidates(workspace: Workspace, vectors: NameVectors | None = None) -> list[ReferenceCandidate]:
    """All candidates with their features, in no particular order. ``vectors`` adds what the names mean."""
    profiles = {profile.id: profile for profile in workspace.columns()}
    heads = [p.id for p in profiles.values() if p.key_like]
    properties = {p.id: p for p in workspace.property_columns()}
    profiles |= properties
    tails = [p.id for p in profiles.values() if _may_refer(p)]
    empty = _by_name_alone(workspace.columns())
    if not heads or not tails:
        return _with_features(empty, vectors)
    rows = workspace.connection.execute(
        """
        WITH total AS (
            SELECT col, form, count(*) AS k, sum(n) AS m FROM sample_hash WHERE list_contains($tails, col) GROUP BY ALL
        ), hits AS (
            SELECT s.col, s.form, v.col AS head, v.form AS head_form, count(*) AS k, sum(s.n) AS m
            FROM sample_hash s JOIN value_hash v ON s.hash = v.hash
            WHERE list_contains($tails, s.col) AND list_contains($heads, v.col) AND s.col <> v.col
            GROUP BY ALL
        )
        SELECT h.col, h.form, h.head, h.head_form, h.k / t.k, h.m / t.m
        FROM hits h JOIN total t ON h.col = t.col AND h.form = t.form WHERE h.k >= $least * t.k
        """,
        {"tails": tails, "heads": heads, "least": MIN_CONTAINMENT},
    ).fetchall()
    best: dict[tuple[int, int], tuple[float, ReferenceCandidate]] = {}
    for tail, tail_form, head, head_form, share, row_share in rows:
        if not _forms_agree(profiles[tail], tail_form, profiles[head], head_form):
            continue
        cost = FORM_COST * (form_complexity(tail_form) + form_complexity(head_form))
        candidate = ReferenceCandidate(profiles[tail], profiles[head], tail_form, head_form, share, row_share)
        if (tail, head) not in best or share - cost > best[tail, head][0]:
            best[tail, head] = share - cost, candidate
    return _with_features([*(candidate for _, candidate in best.values()), *empty], vectors)


def _by_name_alone(profiles: Sequence[ColumnProfile]) -> list[ReferenceCandidate]:
    """Columns without any value can only be judged by their names: those named like a key of their own source."""
    empty = [p for p in profiles if not p.nonnull]
    heads = [p for p in profiles if p.key_like or (p.position == 0 and not p.rows)] if empty else []
    return [
        ReferenceCandidate(tail, head, "", "", math.nan, math.nan)
        for tail in empty
        for head in heads
        if tail.source == head.source and tail.table != head.table
        if name_score(tail, head) >= 0.9 or _ends_with_key(tail, head)
    ]


def _ends_with_key(tail: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a name says the key of a table and what for: ``original_language_id`` and ``language.language_id``."""
    own, said = words(tail.said), words(head.said)
    thing = core_words(head.said)
    named = said if thing else (*table_words(head.dataset), *said)
    return is_id_name(head.said) and (not thing or thing == table_words(head.dataset)) and own[-len(named) :] == named


def _may_refer(column: ColumnProfile) -> bool:
    return column.kind in ("integer", "code", "name") and column.distinct >= 1 and column.mean_length <= 80


def form_complexity(form: str) -> int:
    """How many steps of a normal form drop something."""
    return sum(step not in ("", "split") for step in form.split(" | "))


def _forms_agree(tail: ColumnProfile, tail_form: str, head: ColumnProfile, head_form: str) -> bool:
    """Dropping equal prefixes says no more than the base form; dropping one or different ones leaves bare numbers, which
    are found everywhere, to names."""
    dropped = ["strip_prefix" in form for form in (tail_form, head_form)]
    if not any(dropped):
        return True
    if (all(dropped) and tail.prefix == head.prefix) or set(words(tail.said)) <= _SAYING_NOTHING:
        return False
    return name_score(tail, head) >= 0.5


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
    return float(bool(found) and (found[-1] in MEASURE_WORDS or counted or printed))


def _with_features(
    candidates: Sequence[ReferenceCandidate],
    vectors: NameVectors | None = None,
) -> list[ReferenceCandidate]:
    by_tail: dict[int, list[int]] = defaultdict(list)
    by_head: dict[int, int] = defaultdict(int)
    for i, candidate in enumerate(candidates):
        by_tail[candidate.tail.id].append(i)
        by_head[candidate.head.id] += 1
    meanings = _meanings(candidates, vectors)
    found = {(c.tail.id, c.head.id) for c in candidates}
    result = []
    for places in by_tail.values():
        rivals = [candidates[i] for i in places]
        beside = _rival_features(rivals)
        meant = _meaning_features(rivals, meanings)
        for c, features, meaning in zip(rivals, beside, meant, strict=True):
            more = {
                "mutual": float((c.head.id, c.tail.id) in found),
                "head_tails": _log(by_head[c.head.id]),
            }
            result.append(replace(c, features={**describe_pair(c), **features, **meaning, **more}))
    return result


def _meanings(
    candidates: Sequence[ReferenceCandidate], vectors: NameVectors | None
) -> dict[tuple[int, int], tuple[float, float, float]]:
    """Per candidate the cosines of the tail's name with the head's table and column, and of table and name with the table."""
    if vectors is None:
        return {}
    pairs = {}
    for c in candidates:
        tail, table, column = spoken(c.tail.said), _said_table(c.head), spoken(c.head.said)
        context = f"{_said_table(c.tail)} {tail}"
        pairs[c.tail.id, c.head.id] = (tail, table, column, context)
    vectors.add(text for texts in pairs.values() for text in texts)
    return {
        key: (vectors.cosine(tail, table), vectors.cosine(tail, column), vectors.cosine(context, table))
        for key, (tail, table, column, context) in pairs.items()
    }


def _said_table(column: ColumnProfile) -> str:
    return " ".join(table_words(column.dataset)) or column.dataset


def _meaning_features(
    rivals: Sequence[ReferenceCandidate], meanings: Mapping[tuple[int, int], tuple[float, float, float]]
) -> list[dict[str, float]]:
    if not meanings:
        return [{} for _ in rivals]
    by_table: dict[str, float] = {}
    for c in rivals:
        by_table[c.head.table] = max(by_table.get(c.head.table, 0.0), meanings[c.tail.id, c.head.id][0])
    best = _Best(by_table)
    found = []
    for c in rivals:
        table, column, context = meanings[c.tail.id, c.head.id]
        found.append(
            {
                "meaning_table": table,
                "meaning_column": column,
                "meaning_margin": table - max(best.without(c.head.table), 0.0),
                "meaning_context": context,
            }
        )
    return found


class _Best:
    """The largest of some values, each one left out."""

    def __init__(self, values: Mapping[Any, float]) -> None:
        self.ranked = sorted(((value, key) for key, value in values.items()), key=lambda item: -item[0])[:2]

    def without(self, key: Any) -> float:
        return next((value for value, other in self.ranked if other != key), 0.0)


def _rival_features(rivals: Sequence[ReferenceCandidate]) -> list[dict[str, float]]:
    """How each candidate stands among the other columns that its tail could refer to."""
    scores = {c.head.id: name_score(c.tail, c.head) for c in rivals}
    contained = {c.head.id: c.containment for c in rivals}
    best_name, best_contained = _Best(scores), _Best(contained)
    shares, sizes = sorted(contained.values()), sorted(c.head.distinct for c in rivals)
    positions: dict[str, list[int]] = defaultdict(list)
    for c in rivals:
        positions[c.head.table].append(c.head.position)
    found = []
    for c in rivals:
        as_good = len(rivals) - bisect_left(shares, c.containment - 0.02) - 1
        margin = c.containment - best_contained.without(c.head.id)
        found.append(
            {
                "name_margin": scores[c.head.id] - best_name.without(c.head.id),
                "containment_margin": margin if c.tail.nonnull else 0.0,
                "rivals": _log(1 + (as_good if c.tail.nonnull else 0)),
                "size_rank": bisect_left(sizes, c.head.distinct) / max(len(rivals) - 1, 1),
                "same_table_rivals": float(sum(p < c.head.position for p in positions[c.head.table])),
            }
        )
    return found


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
