"""The evidence for one link type as a person made or changed it: exactly its columns, its rule and its condition.

Proposals get theirs where they are found (:mod:`linking.candidates`); corrected and taught link types get theirs here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bifrost.links import TAUGHT, Column, LinkEdge, LinkKind, LinkType, PairExample
from bifrost.ports import LinkingData
from linking.candidates import Scorers
from linking.composites import composite_candidate
from linking.concepts import concept_features, text_of, with_combinations
from linking.conditions import condition_sql
from linking.corrections import check_link_type
from linking.describe import percent, same_evidence, with_reference_evidence
from linking.duplicates import duplicate_evidence, duplicates_of
from linking.join_tables import join_evidence
from linking.joins import check_number, count_edges, text_sql
from linking.mentions.apply import mention_edges
from linking.mentions.propose import mention_candidates
from linking.profiles import ColumnProfile
from linking.references import ReferenceCandidate, describe_pair, reference_candidates
from linking.same_things import same_thing_candidates
from linking.semantics import NameVectors
from linking.workspace import Workspace

__all__ = ["NOT_TAUGHT_PAIR", "TAUGHT_PAIR", "TAUGHT_REASONS", "Evident", "describe"]

TAUGHT_PAIR = "an example that was taught"
NOT_TAUGHT_PAIR = "taught: must not match"
TAUGHT_REASONS = ("Explains ", "The condition separates ")
"""How reasons begin that only the examples of a lesson give."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Evident:
    """Where evidence comes from."""

    data: LinkingData
    workspace: Workspace
    scorers: Scorers
    vectors: NameVectors | None


def describe(evident: Evident, link_type: LinkType) -> LinkType:
    """The link type with what the data say of it today: edges, cardinality, reasons, examples, features, probability.

    Features that it has stay: whoever changes columns or kind takes them away. What a person decides stays too. Raises
    InputError for what cannot be applied.
    """
    check_link_type(evident.data, evident.workspace, link_type)
    describer = {
        LinkKind.REFERENCE: _reference, LinkKind.MENTION: _mention,
        LinkKind.SAME_THING: _same_thing, LinkKind.SAME_CONCEPT: _same_concept, LinkKind.JOIN_TABLE: _join_table,
    }[link_type.kind]  # fmt: skip
    described = _with_taught_examples(link_type, describer(evident, link_type))
    taught = [reason for reason in link_type.reasons if reason.startswith(TAUGHT_REASONS)]
    return replace(described, reasons=(*taught, *described.reasons, *_condition_reason(evident, described)))


def _scored(evident: Evident, link_type: LinkType, features: Mapping[str, float]) -> LinkType:
    """With features and the probability that they give; those there already stay, and so does what a taught type promises."""
    if link_type.features or not features:
        return link_type
    rounded = {name: round(float(value), 6) for name, value in features.items()}
    scorer = evident.scorers[link_type.kind]
    probability = round(float(scorer.probability([rounded])[0]), 6)
    baseline = round(float(scorer.probability([rounded], corrected=False)[0]), 6)
    if link_type.model.startswith(TAUGHT):
        promised = max(link_type.probability, probability)
        return replace(link_type, features=rounded, probability=promised, baseline=baseline)
    return replace(link_type, features=rounded, probability=probability, baseline=baseline, model=scorer.prior.version)


def _condition_reason(evident: Evident, link_type: LinkType) -> list[str]:
    if not link_type.condition.strip():
        return []
    filtered = link_type.through or link_type.tail
    table = evident.workspace.table(filtered.source, filtered.dataset)
    if table is None:
        return []
    condition = condition_sql(link_type.condition, {name: text_sql(p) for name, p in table.columns.items()})
    ((rows,),) = evident.workspace.connection.execute(f"SELECT count(*) FROM {table.name} WHERE {condition}").fetchall()
    return [f"Only where {link_type.condition}: {rows:,} of {table.rows:,} rows."]


def _with_taught_examples(before: LinkType, described: LinkType) -> LinkType:
    """The pairs that a person taught are shown before those that the data give."""
    kept = {side: tuple(e for e in getattr(before, side) if e.note == note)
            for side, note in (("examples", TAUGHT_PAIR), ("counter_examples", NOT_TAUGHT_PAIR))}  # fmt: skip
    if not any(kept.values()):
        return described
    found = {
        side: [e for e in getattr(described, side) if e.note not in (TAUGHT_PAIR, NOT_TAUGHT_PAIR)] for side in kept
    }
    return replace(
        described,
        examples=(*kept["examples"], *found["examples"])[:_EXAMPLES],
        counter_examples=(*kept["counter_examples"], *found["counter_examples"])[:_EXAMPLES],
    )


# ---- references ------------------------------------------------------------------------------------------------------


def _reference(evident: Evident, link_type: LinkType) -> LinkType:
    workspace = evident.workspace
    tail, head = workspace.profiles_of(link_type.tail) or [], workspace.profiles_of(link_type.head) or []
    if not link_type.features:
        link_type = _scored(evident, link_type, _reference_features(evident, link_type, tail, head))
    described = replace(link_type, **with_reference_evidence(workspace, link_type, tail, head))  # type: ignore[arg-type]
    check_number(f"{link_type.tail} to {link_type.head}", described.estimated_edges)
    return described


def _reference_features(
    evident: Evident, link_type: LinkType, tail: Sequence[ColumnProfile], head: Sequence[ColumnProfile]
) -> Mapping[str, float]:
    """As the search for references gives them; where it does not look, as far as they do not depend on rivals."""
    if len(tail) > 1:
        _, values, missing = count_edges(evident.workspace, link_type)
        share = (values - missing) / max(values, 1)
        return composite_candidate(tuple(tail), tuple(head), link_type.transform, share).features
    candidates = reference_candidates(evident.workspace, evident.vectors, (tail[0].id, head[0].id))
    mine = [c for c in candidates if (c.tail.id, c.head.id) == (tail[0].id, head[0].id)]
    if not mine:
        _, values, missing = count_edges(evident.workspace, link_type)
        share = (values - missing) / max(values, 1)
        tail_form, head_form = (link_type.transform.get(side, "") for side in ("tail", "head"))
        return describe_pair(ReferenceCandidate(tail[0], head[0], tail_form, head_form, share, share))
    prior = evident.scorers[LinkKind.REFERENCE].prior
    rivals = [c for c in candidates if c.tail.id == tail[0].id]
    shares = prior.shares([c.features for c in rivals], [c.tail.id for c in rivals])
    return {**mine[0].features, "odds_share": shares[rivals.index(mine[0])]}


# ---- mentions --------------------------------------------------------------------------------------------------------


def _mention(evident: Evident, link_type: LinkType) -> LinkType:
    edges = mention_edges(evident.workspace, evident.data, link_type)
    if not link_type.features:
        found = mention_candidates(evident.data, evident.workspace, link_type.tail)
        features = next((c.features for c in found if c.head.column == link_type.head), {})
        link_type = _scored(evident, link_type, features)
    texts, records = len({e.tail for e in edges}), len({e.head for e in edges})
    by_column = "+".join(link_type.head.columns)
    reasons = [
        f"{texts:,} texts name {records:,} records of {link_type.head.dataset} by {by_column}: {len(edges):,} links."
    ]
    if also := link_type.transform.get("also", ""):
        reasons.append(f"Looked up too: {also}.")
    shown = edges[:: max(len(edges) // _EXAMPLES, 1)][:_EXAMPLES]
    names = _values(evident, link_type.head, [e.head for e in shown])
    return replace(
        link_type,
        estimated_edges=len(edges),
        cardinality="many-to-one" if edges and len(edges) <= 1.05 * texts else "many-to-many",
        reasons=tuple(reasons),
        examples=tuple(_mention_example(e, names) for e in shown),
        counter_examples=(),
    )


def _mention_example(edge: LinkEdge, names: Mapping[str, str]) -> PairExample:
    return PairExample(edge.tail, edge.head, edge.evidence.quote, names.get(edge.head, ""), round(edge.score, 3))


def _values(evident: Evident, side: Column, uids: Sequence[str]) -> dict[str, str]:
    """What some records have in the columns of a side."""
    table, columns = evident.workspace.table(side.source, side.dataset), evident.workspace.profiles_of(side)
    if table is None or not columns:
        return {}
    text = f"concat_ws(' ', {', '.join(p.sql for p in columns)})"
    rows = evident.workspace.connection.execute(
        f"SELECT _uid, left({text}, 160) FROM {table.name} WHERE list_contains(?, _uid)", [list(uids)]
    ).fetchall()
    return dict(rows)


# ---- join tables -----------------------------------------------------------------------------------------------------


def _join_table(evident: Evident, link_type: LinkType) -> LinkType:
    return replace(link_type, **join_evidence(evident.workspace, link_type))


# ---- same things and concepts ----------------------------------------------------------------------------------------


def _same_thing(evident: Evident, link_type: LinkType) -> LinkType:
    ends = [(side.source, side.dataset) for side in (link_type.tail, link_type.head)]
    if ends[0] == ends[1]:
        own = duplicates_of(evident.workspace, Column(*ends[0]))
        if own is None:
            return link_type
        made = _scored(evident, link_type, own.features)
        evidence = {**duplicate_evidence(own), "threshold": made.threshold}
        return replace(made, **evidence)  # type: ignore[arg-type]
    for candidate in same_thing_candidates(evident.workspace):
        if {(t.source, t.dataset) for t in (candidate.left, candidate.right)} == set(ends):
            made = _scored(evident, link_type, {**candidate.features, "reference_between": 0.0})
            return replace(made, **{**same_evidence(candidate, made.tail), "threshold": made.threshold})
    reason = "The two tables share hardly any rare word."
    return replace(link_type, reasons=(reason,), examples=(), counter_examples=(), estimated_edges=0)


def _same_concept(evident: Evident, link_type: LinkType) -> LinkType:
    left, right = (evident.workspace.profiles_of(side) for side in (link_type.tail, link_type.head))
    tables = [evident.workspace.table(s.source, s.dataset) for s in (link_type.tail, link_type.head)]
    if not left or not right or tables[0] is None or tables[1] is None:
        return link_type
    columns = [list(table.columns.values()) for table in tables if table is not None]
    texts = [[text_of(p) for p in side] for side in columns]
    features = concept_features(texts[0], texts[1], evident.vectors)
    at = columns[0].index(left[0]), columns[1].index(right[0])
    values = {name: float(np.asarray(matrix)[at]) for name, matrix in with_combinations(features).items()}
    alike = (
        f"The names are {percent(max(values['best_name'], 0.0))} alike, the values {percent(values['value_grams'])}."
    )
    pairs = zip(left[0].sample[:3], right[0].sample[:3], strict=False)
    return replace(
        _scored(evident, link_type, values),
        reasons=(alike,),
        examples=tuple(PairExample("", "", a, b, 0.0) for a, b in pairs),
        counter_examples=(),
        estimated_edges=0,
    )
