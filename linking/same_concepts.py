"""Same-concept candidates: columns of tables about the same kind of thing, in different sources, that mean the same.

They align properties and write no edges, so only few are worth a person's time: those of tables that seem to describe the
same kind of thing (by name, or by several equal column names), where several columns fit.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from bifrost.links import Column, LinkKind, LinkType, PairExample, link_type_id
from linking.concepts import concept_features, concept_log_odds, text_of, with_combinations
from linking.describe import percent
from linking.names import name_similarity, table_words, words
from linking.profiles import ColumnProfile
from linking.scoring import Adapted
from linking.semantics import NameVectors
from linking.workspace import LoadedTable, Workspace

__all__ = ["find_same_concepts"]

_MAX_PAIRS = 40
_MAX_PROPOSALS = 5
_LEAST = 0.8
_FITTING = 2
_MAX_COLUMNS = 400


def find_same_concepts(
    workspace: Workspace,
    scorer: Adapted,
    vectors: NameVectors | None,
    apart: frozenset[tuple[str, str]],
    *,
    keep: frozenset[str] = frozenset(),
) -> list[LinkType]:
    """The best few, most probable first. ``apart`` lists pairs of tables (workspace names) that need no alignment."""
    found: dict[str, LinkType] = {}
    for a, b in _alike(workspace, apart):
        proposals = list(_aligned(a, b, scorer, vectors))
        if sum(p.probability >= _LEAST for p in proposals) >= _FITTING or any(p.id in keep for p in proposals):
            found.update({p.id: p for p in proposals if p.probability >= _LEAST or p.id in keep})
    ranked = sorted(found.values(), key=lambda p: (p.id not in keep, -p.probability, p.id))
    return ranked[: _MAX_PROPOSALS + sum(p.id in keep for p in ranked)]


def _alike(workspace: Workspace, apart: frozenset[tuple[str, str]]) -> list[tuple[LoadedTable, LoadedTable]]:
    scored = []
    for a, b in combinations(workspace.tables(), 2):
        if a.source == b.source or not a.rows or not b.rows or {(a.name, b.name), (b.name, a.name)} & apart:
            continue
        if max(len(a.columns), len(b.columns)) > _MAX_COLUMNS:
            continue
        same = {words(name) for name in a.columns} & {words(name) for name in b.columns}
        score = name_similarity(table_words(a.dataset), table_words(b.dataset)) + 0.25 * len(same)
        if score >= 0.75:
            scored.append((score, a, b))
    scored.sort(key=lambda item: -item[0])
    return [(a, b) for _, a, b in scored[:_MAX_PAIRS]]


def _aligned(a: LoadedTable, b: LoadedTable, scorer: Adapted, vectors: NameVectors | None) -> Iterator[LinkType]:
    """The pairs of columns that are each other's best, as proposals."""
    left, right = list(a.columns.values()), list(b.columns.values())
    features = concept_features([text_of(p) for p in left], [text_of(p) for p in right], vectors)
    combined = with_combinations(features)
    z = concept_log_odds(features, scorer.prior)
    for i, p in enumerate(left):
        j = int(np.argmax(z[i]))
        if int(np.argmax(z[:, j])) == i and p.nonnull and right[j].nonnull:
            values = {name: round(float(matrix[i, j]), 6) for name, matrix in combined.items()}
            yield _proposal(p, right[j], values, scorer)


def _proposal(a: ColumnProfile, b: ColumnProfile, features: Mapping[str, float], scorer: Adapted) -> LinkType:
    sides = [Column(p.source, p.dataset, (p.name,)) for p in (a, b)]
    if sides[1] < sides[0]:
        sides, a, b = sides[::-1], b, a
    probability = round(float(scorer.probability([features])[0]), 6)
    reasons = [
        f"The names are {percent(max(features['best_name'], 0.0))} alike, the values {percent(features['value_grams'])}."
    ]
    if features["value_contained"] > 0:
        reasons.append(
            f"{percent(min(features['value_contained'], 1.0))} of the values of one are values of the other."
        )
    return LinkType(
        link_type_id(LinkKind.SAME_CONCEPT, *sides), LinkKind.SAME_CONCEPT, sides[0], sides[1],
        "_".join(words(a.name)) or "same_concept", probability=probability, baseline=probability, reasons=tuple(reasons),
        examples=tuple(
            PairExample("", "", left, right, 0.0) for left, right in zip(a.sample[:3], b.sample[:3], strict=False)
        ),
        features=features, model=scorer.prior.version,
    )  # fmt: skip
