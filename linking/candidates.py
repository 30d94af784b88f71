"""Candidates become scored link types, of references only those worth a person's time."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bifrost.links import Column, LinkKind, LinkType, link_type_id
from linking.alternatives import STANDS_IN, Ranked, next_likeliest
from linking.chance import chance_doubted
from linking.composites import CompositeCandidate, composite_candidates
from linking.consensus import agreed_odds
from linking.describe import link_name, percent, property_link_name, with_reference_evidence
from linking.gnn_scoring import corrections
from linking.hierarchies import hierarchy_of, log_odds_of
from linking.kindred import Kindred
from linking.named_keys import custom_odds
from linking.names import core_words, is_id_name, table_words, words
from linking.ordinals import ordinals_doubted, same_ordinals
from linking.profiles import ColumnProfile
from linking.redundant import (
    ONE_TO_ONE,
    parts_of,
    said_by_composites,
    says_more,
    to_roots,
    with_shares,
    without_duplicates,
)
from linking.references import ReferenceCandidate, reference_candidates
from linking.scoring import CORRECTION, HIERARCHY, KINDRED, Adapted
from linking.semantics import NameVectors
from linking.workspace import Workspace

__all__ = ["CERTAIN", "MIN_PROBABILITY", "Scorers", "declared_types", "find_references", "make_link_type"]

MIN_PROBABILITY = 0.15
"""Below it a link type is not shown."""
CERTAIN = 0.5
"""The probability from which on a reference is thought right."""
_NAMED = 0.5
"""How well the names must fit where numbers refer to something, so that they are no mere part of a key."""
_TIMES = frozenset({"year", "season", "quarter", "month", "week", "date", "day"})
"""Words for times, at which tables of facts say something of the same things."""
_PEERS = 0.5
"""The share of different values from which on a reference by several columns that each refer elsewhere is none."""

Scorers = Mapping[LinkKind, Adapted]


def make_link_type(
    kind: LinkKind, tail: Column, head: Column, features: Mapping[str, float], scorers: Scorers, **fields: Any
) -> LinkType:
    """A proposal with its probabilities."""
    rounded = {name: round(float(value), 6) for name, value in features.items()}
    scorer = scorers[kind]
    probability = round(float(scorer.probability([rounded])[0]), 6)
    baseline = round(float(scorer.probability([rounded], corrected=False)[0]), 6)
    fields.setdefault("name", link_name(kind, tail, head))
    return LinkType(
        id=link_type_id(kind, tail, head, fields.get("through")), kind=kind, tail=tail, head=head, probability=probability,
        baseline=baseline, features=rounded, model=scorer.prior.version, **fields,
    )  # fmt: skip


# ---- references ------------------------------------------------------------------------------------------------------


class FoundReferences(NamedTuple):
    """``between`` holds for pairs of tables the probability of the best reference between them, ``in_place`` by the ids of
    rejected references what is proposed in their places."""

    references: list[LinkType]
    between: Mapping[tuple[str, str], float]
    in_place: Mapping[str, LinkType]


def find_references(
    workspace: Workspace,
    scorers: Scorers,
    vectors: NameVectors | None = None,
    *,
    keep: frozenset[str] = frozenset(),
    rejected: frozenset[str] = frozenset(),
    gnn: str | None = None,
) -> FoundReferences:
    """References worth proposing.

    Per tail column the best head is kept and its rivals are named; of two references between the same tables that link
    the same records only the better one is kept. ``keep`` lists ids that stay whatever their probability (judged ones), unless
    they are among the ``rejected``: where one of these is the best of its column, the next likeliest takes its place. Others
    come with what would take theirs (:mod:`linking.alternatives`).
    ``gnn`` names the backend of the GNN that corrects the explicit features; None leaves it out.
    """
    declared = _declared(workspace)
    backwards = {(t.head, t.tail) for t in declared_types(workspace)}
    candidates = [
        c
        for c in reference_candidates(workspace, vectors)
        if (c.tail.table, (c.tail.name,)) not in declared and (_column(c.tail), _column(c.head)) not in backwards
    ]
    scorer = scorers[LinkKind.REFERENCE]
    kindred = Kindred(candidates, list(workspace.columns()))
    candidates = _weighed(workspace, candidates, kindred, scorer, vectors, gnn)
    gone = np.array([bool(rejected) and _id(c) in rejected for c in candidates], bool)
    probabilities = scorer.probability([c.features for c in candidates])
    agreed = agreed_odds(candidates, np.where(gone, 0.0, probabilities).tolist())
    for place, more in agreed.items():
        c = candidates[place]
        candidates[place] = replace(c, features={**c.features, KINDRED: c.features.get(KINDRED, 0.0) + more})
    places = sorted(agreed)
    probabilities[places] = scorer.probability([candidates[place].features for place in places])
    ranks = _ranks(candidates, probabilities, rejected, scorer)
    between: dict[tuple[str, str], float] = defaultdict(float)
    for probability, candidate, no in zip(probabilities.tolist(), candidates, gone.tolist(), strict=True):
        # Values that are (nearly) all different say the opposite.
        if candidate.tail.uniqueness < ONE_TO_ONE and not no:
            key = (candidate.tail.table, candidate.head.table)
            between[key] = max(between[key], probability)
    for table, _ in declared:
        for reference_table in declared[table, _]:
            between[table, reference_table] = 1.0
    left_of: Mapping[int, Ranked] = ranks
    if rejected:
        left_of = {tail: [item for item in ranked if _id(item[1]) not in rejected] for tail, ranked in ranks.items()}
    likely = {
        tail: [ranked[0], *(item for item in left_of[tail] if item is not ranked[0])]
        for tail, ranked in ranks.items()
        if ranked[0][0] >= MIN_PROBABILITY or _id(ranked[0][1]) in rejected
    }
    following = next_likeliest(likely, kindred, scorer)
    found, in_place = [], {}
    for tail, ranked in ranks.items():
        first, left = ranked[0][1], left_of[tail]
        found += [_reference(workspace, c, left, scorers) for _, c in left if keep and _id(c) in keep]
        refused = first.head if _id(first) in rejected else None
        best = left if refused is None else following.get(tail, [])
        if best and best[0][0] >= MIN_PROBABILITY and _id(best[0][1]) not in keep:
            found.append(_reference(workspace, best[0][1], best, scorers, refused))
            if refused is not None:
                in_place[_id(first)] = found[-1].id
    found = _one_way(found, keep)
    composites = [t for t in _find_composites(workspace, scorers, declared, found, keep) if t.id not in rejected]
    found = said_by_composites(found, composites, scorer, keep)
    earlier = declared_types(workspace) if declared else []
    found = without_duplicates(workspace, found, earlier, keep)
    known = {t.id: t for t in found}
    parts = {pair for t in found if len(t.tail.columns) > 1 and t.probability >= CERTAIN for pair in parts_of(t)}
    for tail, best in following.items():
        first = ranks[tail][0][1]
        if best and best[0][0] >= MIN_PROBABILITY and _id(first) in known:
            other = _reference(workspace, best[0][1], best, scorers, first.head)
            beside = [t for t in found if t.id != _id(first)]
            if (other.tail, other.head) not in parts and says_more(workspace, other, earlier, beside):
                known[_id(first)] = replace(known[_id(first)], otherwise=other)
    return FoundReferences(
        list(known.values()), between, {id: known[other] for id, other in in_place.items() if other in known}
    )


def _ranks(
    candidates: Sequence[ReferenceCandidate],
    probabilities: NDArray[np.float64],
    rejected: frozenset[str],
    scorer: Adapted,
) -> dict[int, list[tuple[float, ReferenceCandidate]]]:
    """Per column, by id, its candidates with their probabilities, the likeliest first; before them the rejected one that was
    likelier than all, to go by what the model said before any answer: the no itself makes it unlikely."""
    ranks: dict[int, list[tuple[float, ReferenceCandidate]]] = defaultdict(list)
    for probability, c in zip(probabilities.tolist(), candidates, strict=True):
        ranks[c.tail.id].append((probability, c))
    for tail, ranked in ranks.items():
        ranked.sort(key=lambda item: -item[0])
        if rejected and any(_id(c) in rejected for _, c in ranked):
            odds = scorer.prior.log_odds([c.features for _, c in ranked]).tolist()
            first = max(range(len(ranked)), key=lambda n: (odds[n], _id(ranked[n][1]) in rejected))
            if _id(ranked[first][1]) in rejected:
                ranks[tail] = [ranked[first], *ranked[:first], *ranked[first + 1 :]]
    return ranks


def _id(c: ReferenceCandidate) -> str:
    return link_type_id(LinkKind.REFERENCE, _column(c.tail), _column(c.head))


def _weighed(
    workspace: Workspace,
    candidates: list[ReferenceCandidate],
    kindred: Kindred,
    scorer: Adapted,
    vectors: NameVectors | None,
    gnn: str | None,
) -> list[ReferenceCandidate]:
    """With the features that say how candidates stand among the others, and what speaks for them beyond their columns."""
    columns = list(workspace.columns())
    candidates = [
        replace(c, features={**c.features, KINDRED: odds + custom})
        for c, odds, custom in zip(candidates, kindred.odds(), custom_odds(candidates, columns), strict=True)
    ]
    candidates = ordinals_doubted(workspace, chance_doubted(workspace, candidates))
    shares = scorer.prior.shares([c.features for c in candidates], [c.tail.id for c in candidates])
    candidates = with_shares(candidates, shares)
    if gnn is not None and candidates:
        added = corrections(workspace, candidates, [c.features for c in candidates], scorer.prior, vectors, gnn)
        candidates = [
            replace(c, features={**c.features, CORRECTION: float(more)})
            for c, more in zip(candidates, added, strict=True)
        ]
    widths = Counter(column.table for column in columns)
    return to_roots([_with_shape(workspace, c) for c in candidates], scorer, widths)


def _with_shape(workspace: Workspace, c: ReferenceCandidate) -> ReferenceCandidate:
    """For a table's reference to itself what its cycles, or that there are none, say."""
    table = workspace.table(c.tail.source, c.tail.dataset)
    if c.tail.table != c.head.table or table is None or not c.tail.nonnull or c.tail.multivalued:
        return c
    transform = {side: form for side, form in (("tail", c.tail_form), ("head", c.head_form)) if form}
    odds = log_odds_of(hierarchy_of(workspace, table, (c.tail,), (c.head,), transform))
    return replace(c, features={**c.features, HIERARCHY: odds}) if odds else c


def _one_way(found: Sequence[LinkType], keep: frozenset[str]) -> list[LinkType]:
    """Of two columns that each contain the other's values only one refers to the other."""
    best = {(t.tail, t.head): t.probability for t in found}
    return [t for t in found if t.id in keep or best.get((t.head, t.tail), -1.0) < t.probability]


def _find_composites(
    workspace: Workspace,
    scorers: Scorers,
    declared: Mapping[Any, Any],
    single: Sequence[LinkType],
    keep: frozenset[str],
) -> list[LinkType]:
    """References by several columns, unless the same columns are declared to refer to something.

    Rows of two tables that mostly agree in columns which all refer elsewhere are facts about the same things, side by side.
    """
    taken = {(table, frozenset(names)) for table, names in declared}
    leading: dict[Column, set[Column]] = defaultdict(set)
    for t in single:
        # Small numbers are found anywhere: without a name they may as well be parts of a key.
        if t.probability >= CERTAIN and (not t.features["numeric"] or t.features["name_score"] >= _NAMED):
            leading[t.tail].add(t.head)
    found: list[tuple[CompositeCandidate, LinkType]] = []
    made = [(c, *_composite_type(c, scorers)) for c in composite_candidates(workspace)]
    for c, link_type, names in sorted(made, key=lambda one: len(one[0].tail)):
        if (c.tail[0].table, frozenset(names)) in taken:
            continue
        elsewhere = [
            bool(leading[_column(t)] - {_column(h)}) and core_words(t.said)[-1:] != table_words(h.dataset)[-1:]
            for t, h in zip(c.tail, c.head, strict=True)
        ]
        peers = c.tail_unique >= _PEERS and _are_peers(workspace, c, elsewhere, found)
        if c.by_name and len(c.tail) == 2:
            peers = all(leads for p, leads in zip(c.tail, elsewhere, strict=True) if is_id_name(p.said))
        if (link_type.probability >= MIN_PROBABILITY and not peers) or link_type.id in keep:
            found.append((c, link_type))
    # Of two tables with the same key, the one that holds less of it refers to the other, or whose name begins with the other's.
    surest: dict[frozenset[Column], tuple[Any, ...]] = {}
    for c, t in found:
        ends, rank = frozenset((t.tail, t.head)), (t.id in keep, c.containment, _name_goes_on(t), c.head[0].rows, t.id)
        surest[ends] = max(surest.get(ends, rank), rank)
    kept = [(c, t) for c, t in found if t.id in keep or surest[frozenset((t.tail, t.head))][-1] == t.id]
    # Of several tables that share a key, the one that holds most of it is meant, of equals the one whose name the tail's name
    # begins with (plans, plan_items: plan_item_notes), and of these the one that says most.
    widths = Counter(p.table for p in workspace.columns())
    most: dict[Column, tuple[Any, ...]] = {}
    for c, t in kept:
        key = c.head[0]
        place = (round(t.probability, 1), round(c.containment, 2), _name_goes_on(t), key.rows, widths[key.table], t.id)
        most[t.tail] = max(most.get(t.tail, place), place)
    kept = [(c, t) for c, t in kept if t.id in keep or most[t.tail][-1] == t.id]
    parts = {pair for _, t in kept if t.probability >= CERTAIN for pair in parts_of(t)}
    onwards = {t.tail for t in single if t.probability >= CERTAIN and (t.tail, t.head) not in parts}
    kept = [(c, t) for c, t in kept if t.id in keep or not any(_goes_on(t, other, onwards) for _, other in kept)]
    return [replace(t, **with_reference_evidence(workspace, t, c.tail, c.head)) for c, t in kept]  # type: ignore[arg-type]


def _composite_type(c: CompositeCandidate, scorers: Scorers) -> tuple[LinkType, tuple[str, ...]]:
    """A candidate as a link type, and the names of its tail's columns."""
    names = tuple(p.name for p in c.tail)
    tail = Column(c.tail[0].source, c.tail[0].dataset, names)
    head = Column(c.head[0].source, c.head[0].dataset, tuple(p.name for p in c.head))
    return make_link_type(LinkKind.REFERENCE, tail, head, c.features, scorers, transform=c.transform), names


def _are_peers(
    workspace: Workspace,
    c: CompositeCandidate,
    elsewhere: Sequence[bool],
    found: Sequence[tuple[CompositeCandidate, LinkType]],
) -> bool:
    """Whether each column refers ``elsewhere``, alone or with others of them (as ``found`` for fewer columns), but for one that
    counts rows in each of the two tables, and times."""
    beyond: set[int] = set()
    for other, t in found:
        part = {p.id for p in other.tail}
        if part < {p.id for p in c.tail} and other.head[0].table != c.head[0].table and t.probability >= CERTAIN:
            beyond |= part
    left = [place for place, p in enumerate(c.tail) if not elsewhere[place] and p.id not in beyond]
    timeless = [place for place in left if not _TIMES.intersection(words(c.tail[place].said))]
    counted = len(timeless) == 1 < len(c.tail) and len(left) < len(c.tail) and c.tail_unique >= ONE_TO_ONE
    return not left or (counted and same_ordinals(workspace, c.tail, c.head, timeless[0]))


def _name_goes_on(link_type: LinkType) -> int:
    """How many words of the tail's name are all of the head's; 0 where it does not begin with them."""
    name, other = table_words(link_type.tail.dataset), table_words(link_type.head.dataset)
    return len(other) if len(name) > len(other) and name[: len(other)] == other else 0


def _goes_on(short: LinkType, long: LinkType, elsewhere: set[Column]) -> bool:
    """Whether a reference by more columns says the same and more: the first columns of the head, of equal names, none of which
    refers to anything else."""
    less, all_ = parts_of(short), parts_of(long)
    equal = all(words(tail.columns[0]) == words(head.columns[0]) for tail, head in all_)
    return less < all_ and equal and long.probability >= CERTAIN and not {tail for tail, _ in all_ - less} & elsewhere


def _column(profile: Any) -> Column:
    return Column(profile.source, profile.dataset, (profile.name,))


def _reference(
    workspace: Workspace,
    candidate: ReferenceCandidate,
    ranked: Ranked,
    scorers: Scorers,
    refused: ColumnProfile | None = None,
) -> LinkType:
    """``ranked`` are the candidates of its column, ``refused`` is the head in whose place it is proposed."""
    tail, head = candidate.tail, candidate.head
    transform = {
        side: form
        for side, form in (("tail", candidate.tail_form), ("head", candidate.head_form))
        if form and not (side == "tail" and tail.is_list and form == "")
    }
    name = property_link_name(workspace, _column(tail)) or link_name(LinkKind.REFERENCE, _column(tail), _column(head))
    link_type = make_link_type(
        LinkKind.REFERENCE, _column(tail), _column(head), candidate.features, scorers, name=name, transform=transform
    )

    sources = (tail.source, head.source)  # Whoever sees these sees the link type, and must not learn of others.
    rivals = [
        f"Its values are also found in {c.head.source}/{c.head.text()} ({percent(c.containment)})."
        for _, c in ranked
        if c is not candidate and c.features["name_score"] >= 0.5 and c.containment >= 0.9 and c.head.source in sources
    ][:2]
    if refused is not None and refused.source in sources:
        rivals.append(
            f"{STANDS_IN} {refused.source}/{refused.text()}: what looks right and is wrong often refers to nothing."
        )
    return replace(link_type, **with_reference_evidence(workspace, link_type, (tail,), (head,), rivals))  # type: ignore[arg-type]


def _declared(workspace: Workspace) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """(workspace table, columns) that a source declares as keys -> the tables they refer to."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for table in workspace.tables():
        for reference in table.summary.info.references:
            head = workspace.table(table.source, reference.dataset)
            if head is not None:
                found[table.name, reference.columns].append(head.name)
                if len(reference.columns) > 1:
                    for column in reference.columns:
                        found[table.name, (column,)].append(head.name)
    return found


def declared_types(workspace: Workspace) -> list[LinkType]:
    """The references that sources declare."""
    types = []
    for table in workspace.tables():
        for reference in table.summary.info.references:
            tail = Column(table.source, table.dataset, reference.columns)
            head = Column(table.source, reference.dataset, reference.target_columns)
            types.append(
                LinkType(
                    link_type_id(LinkKind.REFERENCE, tail, head), LinkKind.REFERENCE, tail, head, "", declared=True
                )
            )
    return types
