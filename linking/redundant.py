"""References that say the same as others: of two names for the same records one is asked about, and what refers to a key that
two tables share refers to the table that owns it."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bifrost.links import Column, LinkType
from linking.joins import agreement
from linking.profiles import SAMPLE
from linking.references import ReferenceCandidate
from linking.scoring import KINDRED, Adapted
from linking.workspace import Workspace

__all__ = [
    "ONE_TO_ONE",
    "parts_of",
    "said_by_composites",
    "says_more",
    "to_roots",
    "with_shares",
    "without_duplicates",
]

ONE_TO_ONE = 0.9
"""Share of different values from which on a reference links one record with one record, whatever rows lack a value."""
_SAME_EDGES = 0.9
"""The share of equal edges from which two references say the same."""
_AS_GOOD, _NAMES_AS_GOOD = 0.01, 0.1
"""By how much the containment and the name of a reference to a shared key may be better without counting."""
_SURPRISE = 8.0
"""The log-likelihood by which draws from a part of the keys are told from draws from all."""
_LIKELY = 0.5
_IMPLIED = -0.85
"""The log-odds that a reference is declared that a reference by several columns implies."""
_HELD = 0.9
"""The share of values found from which on a column may refer to something beside what it names with others."""
_STEPS = 10
_SAYS_LESS = 1e-3
"""What is left of the share of a candidate when another one is meant."""


def with_shares(candidates: Sequence[ReferenceCandidate], shares: Sequence[float]) -> list[ReferenceCandidate]:
    return [
        replace(c, features={**c.features, "odds_share": share}) for c, share in zip(candidates, shares, strict=True)
    ]


def to_roots(
    candidates: list[ReferenceCandidate], scorer: Adapted, widths: Mapping[str, int]
) -> list[ReferenceCandidate]:
    """What could as well refer to the key of a table that shares it with another one (texts of articles beside articles)
    refers to that other one, unless its name says otherwise, only some of its records are ever meant, or the other one lies in
    another source: a source's own copy is what its records mean, and what readers of that source alone may see. ``widths`` are
    the numbers of columns per table."""
    place = {(c.tail.id, c.head.id): i for i, c in enumerate(candidates)}
    shared = [i for i, c in enumerate(candidates) if c.tail.key_like and c.features["name_equal"]]
    probabilities = scorer.probability([candidates[i].features for i in shared])
    above: dict[int, tuple[float, int]] = {}
    for i, probability in zip(shared, probabilities.tolist(), strict=True):
        tail, head = candidates[i].tail.id, candidates[i].head.id
        if probability >= 0.5 and probability > above.get(tail, (0.0, 0))[0]:
            above[tail] = probability, head
    above = {t: (p, h) for t, (p, h) in above.items() if above.get(h, (0.0, -1))[1] != t or (p, h) > above[h]}
    features = [dict(c.features) for c in candidates]
    nearest = _nearest(candidates, above, widths)
    for i, c in enumerate(candidates):
        if (c.tail.id, c.head.id) in nearest:
            first = place[c.tail.id, nearest[c.tail.id, c.head.id]]
            _outdo(features, i, first)
            features[first][KINDRED] -= _SURPRISE
            continue
        root = place.get((c.tail.id, above[c.head.id][1])) if c.head.id in above else None
        if root is None or candidates[root].containment < c.containment - _AS_GOOD:
            continue
        if c.tail.source == c.head.source != candidates[root].head.source:
            continue
        if candidates[root].features["name_score"] >= c.features["name_score"] - _NAMES_AS_GOOD:
            _outdo(features, root, i)
    return [replace(c, features=f) for c, f in zip(candidates, features, strict=True)]


def _outdo(features: Sequence[dict[str, float]], meant: int, other: int) -> None:
    """What speaks for the other one speaks for the one that is meant."""
    one, less = features[meant], features[other]
    one["odds_share"] = min(one["odds_share"] + less["odds_share"], 1.0)
    one[KINDRED] = max(one.get(KINDRED, 0.0), less.get(KINDRED, 0.0))
    less["odds_share"] *= _SAYS_LESS
    less[KINDRED] = min(less.get(KINDRED, 0.0), 0.0)


def _nearest(
    candidates: Sequence[ReferenceCandidate], above: Mapping[int, tuple[float, int]], widths: Mapping[str, int]
) -> dict[tuple[int, int], int]:
    """Tails with the smallest of several tables that share a key (persons, employees, sellers) and hold all their values, where
    draws from the key of the first table would hardly all be found there; and that first table's key. The first one says less
    of its records than they do: otherwise they only add to it."""
    heads: dict[int, dict[int, ReferenceCandidate]] = defaultdict(dict)
    for c in candidates:
        if c.features["name_equal"]:
            heads[c.tail.id][c.head.id] = c
    found = {}
    for tail, among in heads.items():
        for first in {h for _, h in above.values()} & set(among):
            root = among[first].head
            shared = [
                c
                for c in among.values()
                if above.get(c.head.id, (0.0, -1))[1] == first and c.containment == c.row_containment == 1.0
                if _unlikely(c, root.distinct) and widths[c.head.table] > widths[root.table]
                if c.head.distinct > c.tail.distinct or widths[c.head.table] > widths[c.tail.table]
            ]
            if shared:
                best = min(shared, key=lambda c: (c.head.distinct, -widths[c.head.table], c.head.id))
                found[tail, best.head.id] = first
    return found


def _unlikely(c: ReferenceCandidate, keys: int) -> bool:
    """Whether so many draws from so many keys would hardly all be found among the head's."""
    return min(c.tail.distinct, SAMPLE) * math.log(max(keys, 1) / max(c.head.distinct, 1)) >= _SURPRISE


def said_by_composites(
    single: Sequence[LinkType], composites: Sequence[LinkType], scorer: Adapted, keep: frozenset[str]
) -> list[LinkType]:
    """All references, without those by one column that are part of one by several to the same table, which are none. Less likely,
    and asked about, are those to where a reference by several leads in turn (sections of a course, where a grade names course and
    section), which can be walked over that one, so that few schemas declare them; and those of a column whose values are found in
    part only, while with others it names all there is elsewhere."""
    every = [*single, *composites]
    likely = [t for t in every if t.probability >= _LIKELY]
    onwards: dict[tuple[str, str], list[LinkType]] = defaultdict(list)
    for t in likely:
        onwards[_table(t.tail)].append(t)
    parts: set[tuple[Column, Column]] = set()
    steps: set[tuple[Column, Column]] = set()
    explained = {tail for t in composites if t.probability >= _LIKELY for tail, _ in parts_of(t)}
    steps |= {(t.tail, t.head) for t in single if t.tail in explained and t.features["containment"] < _HELD}
    for t in (t for t in composites if t.probability >= _LIKELY):
        named = dict(zip(t.head.columns, t.tail.columns, strict=True))
        parts |= parts_of(t)
        for step in onwards[_table(t.head)]:
            if {*step.tail.columns} <= {*named} and step.head != t.tail:
                steps.add((replace(t.tail, columns=tuple(named[h] for h in step.tail.columns)), step.head))
    found = []
    for t in every:
        ends = t.tail, t.head
        if t.id in keep or ends not in parts:
            found.append(_unlikelier(t, scorer) if ends in steps and t.id not in keep else t)
    return found


def parts_of(link_type: LinkType) -> set[tuple[Column, Column]]:
    """The pairs of columns that a reference by several columns consists of."""
    pairs = zip(link_type.tail.columns, link_type.head.columns, strict=True)
    return {(replace(link_type.tail, columns=(a,)), replace(link_type.head, columns=(b,))) for a, b in pairs}


def _unlikelier(link_type: LinkType, scorer: Adapted) -> LinkType:
    """The reference with at most the probability of those that others imply."""
    features = dict(link_type.features)
    # Log-odds are cut off far from 0, so that what is taken away may not show the first time.
    for _ in range(_STEPS):
        more = float(scorer.prior.log_odds([features])[0]) - _IMPLIED
        if more <= 0:
            break
        features[KINDRED] = features.get(KINDRED, 0.0) - more
    features[KINDRED] = round(features.get(KINDRED, 0.0), 6)
    probabilities = [float(scorer.probability([features], corrected=both)[0]) for both in (True, False)]
    return replace(
        link_type, features=features, probability=round(probabilities[0], 6), baseline=round(probabilities[1], 6)
    )


def without_duplicates(
    workspace: Workspace, found: Sequence[LinkType], earlier: Sequence[LinkType], keep: frozenset[str]
) -> list[LinkType]:
    kept: list[LinkType] = []
    for link_type in sorted(found, key=lambda t: (t.id not in keep, *_preference(t))):
        if link_type.id in keep or says_more(workspace, link_type, earlier, kept):
            kept.append(link_type)
    return kept


def says_more(workspace: Workspace, link_type: LinkType, earlier: Sequence[LinkType], kept: Sequence[LinkType]) -> bool:
    """Whether a reference links other records than those that are declared (``earlier``) or ``kept``."""
    same_tables = [
        other
        for other in (*earlier, *kept)
        if (_table(other.tail), _table(other.head)) == (_table(link_type.tail), _table(link_type.head))
    ]
    return not _said_by_key(workspace, link_type, kept) and not any(
        _may_say_same(other, link_type) and agreement(workspace, other, link_type) >= _SAME_EDGES
        for other in same_tables
    )


def _said_by_key(workspace: Workspace, link_type: LinkType, kept: Sequence[LinkType]) -> bool:
    """Whether a name, not a key, only says again which records a one-to-one reference the other way links."""
    f = link_type.features
    if f.get("tail_id_name") or f.get("tail_unique", 0.0) < ONE_TO_ONE:
        return False
    turned = replace(link_type, tail=link_type.head, head=link_type.tail, transform=_turned(link_type.transform))
    ends = _table(turned.tail), _table(turned.head)
    others = [o for o in kept if (_table(o.tail), _table(o.head)) == ends and ends[0] != ends[1]]
    one_to_one = [o for o in others if o.features.get("tail_unique", 0.0) >= ONE_TO_ONE]
    return any(agreement(workspace, o, turned) >= _SAME_EDGES for o in one_to_one)


def _table(side: Column) -> tuple[str, str]:
    return side.source, side.dataset


def _turned(transform: Mapping[str, str]) -> dict[str, str]:
    """The transform of a link type read from head to tail."""
    other = {"tail": "head", "head": "tail"}
    parts = {key: key.partition(".") for key in transform}
    return {f"{other.get(side, side)}{dot}{name}": transform[key] for key, (side, dot, name) in parts.items()}


def _may_say_same(first: LinkType, second: LinkType) -> bool:
    """Two columns that name records by the same key are two references, though they agree today (ship to, bill to)."""
    return first.head != second.head or bool(set(first.tail.columns) & set(second.tail.columns))


def _preference(link_type: LinkType) -> tuple[float, ...]:
    """The likeliest first; of equally likely ones those by one column, to identifiers rather than to names."""
    f = link_type.features
    return (
        -round(link_type.probability, 1),
        len(link_type.tail.columns),
        -f.get("head_id_name", 0.0),
        -f.get("tail_id_name", 0.0),
        -link_type.probability,
    )
