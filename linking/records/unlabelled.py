"""Log odds of candidate pairs without any label: decoys where records have one partner at most, else the shipped prior."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from linking.records.agreement import level_of
from linking.records.decoys import Decoys, judge_by_decoys
from linking.records.features import rarities
from linking.records.fields import FieldKind
from linking.records.parallel import in_order
from linking.records.prepared import MULTIPLE_FEATURES, Prepared
from linking.records.prior import Prior

__all__ = ["unlabelled_log_odds"]

Float = NDArray[np.float32]
MEASURES: tuple[Mapping[str, float], ...] = (
    {"mix": 1.0, "agreement": 0.1},
    {"grams": 1.0, "agreement": 1.0},
    {"grams": 0.5, "mix": 0.5, "agreement": 0.3},
    {"mean": 1.0, "agreement": 0.3},
    {"mean": 1.0, "agreement": 1.0},
    {"mean": 1.0, "grams": 1.0, "mix": 1.0, "agreement": 1.0},
)
"""Measures of likeness by the features that they weigh, the usual one first. Long texts are told apart by their rare words,
short values with errors by their 3-grams, records of many short fields by agreement (a unit of which is ten nats)."""
CLEARLY = 0.01
"""Another measure must tell more pairs apart than the usual one by so many, as a share of the smaller table."""
MOST_AGREED = 4.0
"""Fields repeat each other, so their agreement is not to be believed beyond these log odds."""
LEEWAY = 1.0
"""How far the log odds may exceed what agreement allows."""
SURE = 0.95
LEAST_SURE = 0.1
"""Where fewer of the merged pairs are sure, decoys tell no matches from strangers: there may be none."""
LINKS = 0.3
"""What a unit of the log odds that links add counts beside likeness."""
PRIOR_RECORDS = 20
"""The prior counts as much as decoys of so many records."""
LIMIT = 6.0
COMPARABLE = 3
"""From so many fields on, one field in common is not enough by itself."""


def unlabelled_log_odds(
    prepared: Prepared,
    prior: Prior,
    once: tuple[bool, bool],
    learnt: Decoys | None = None,
    links: Float | None = None,
) -> tuple[Float, Decoys | None]:
    """float32 [pairs], and what decoys said. ``learnt`` are decoys from before, to judge by.

    ``once`` tells whether a left record, and a right record, has at most one partner. ``links`` are the log odds that what
    records are linked to adds.
    """
    log_odds = prior.log_odds(prepared)
    if not any(once):
        log_odds = _by_agreement(prepared, log_odds)
        return log_odds if links is None else log_odds + links, None
    if links is not None:
        log_odds = log_odds + links
    decoys = _best_told_apart(prepared, once, learnt, links)
    if decoys.matches is None:
        return log_odds, decoys
    size = min(n for n, single in zip(prepared.comparer.statistics.shape, once, strict=True) if single)
    share = size / (size + PRIOR_RECORDS)
    mixed = share * decoys.log_odds + (1 - share) * np.clip(log_odds, -LIMIT, LIMIT)
    return _cautious(prepared, mixed.astype(np.float32), decoys, links), decoys


def _by_agreement(prepared: Prepared, log_odds: Float) -> Float:
    """The mean of what the prior says and what agreement of the fields says, and little more than that.

    The prior ranks pairs well, but where the line runs differs from task to task. Fields that agree or not, each by itself,
    know how many pairs of one table match. One or two fields cannot tell, nor can those of two tables that are written
    differently; such records are as alike as the prior says.
    """
    comparer = prepared.comparer
    if not comparer.records.dirty or len(comparer.fields) < COMPARABLE or not len(prepared.pairs):
        return log_odds
    levels = level_of(prepared.table.similarities)
    agreed = prepared.table.agreement.judged(levels, rarities(comparer, prepared.pairs, levels))
    if agreed is None:
        return log_odds
    mean = (log_odds + np.clip(agreed, -MOST_AGREED, MOST_AGREED)) / 2
    return np.minimum(mean, agreed + LEEWAY).astype(np.float32)


def _best_told_apart(prepared: Prepared, once: tuple[bool, bool], learnt: Decoys | None, links: Float | None) -> Decoys:
    """Decoys by the measure of likeness that makes most pairs sure; by that of ``learnt`` where given."""

    def judged(measure: int) -> Decoys:
        weights = MEASURES[measure]
        score = sum(weight * _column(prepared, name) for name, weight in weights.items()) / sum(weights.values())
        if links is not None:
            score = score + LINKS * links
        found = judge_by_decoys(prepared.pairs, np.asarray(score, np.float32), shape, once, learnt)
        return replace(found, measure=measure)

    shape = prepared.comparer.records.shape
    if learnt is not None:
        return judged(learnt.measure)
    found = list(in_order(judged, range(len(MEASURES))))
    counts = list(in_order(lambda d: _told_apart(d, prepared, once), found))
    told = [sure + net for sure, net, _ in counts]
    told[0] += CLEARLY * min(shape)
    best = int(np.argmax(told))
    sure, _, merged = counts[best]
    if sure < LEAST_SURE * merged:
        return replace(found[best], log_odds=np.zeros_like(found[best].log_odds), matches=None, curves=())
    return found[best]


def _told_apart(decoys: Decoys, prepared: Prepared, once: tuple[bool, bool]) -> tuple[float, float, int]:
    """How many pairs are sure, how many more of the merged ones are right than wrong by expectation, and how many are merged."""
    best = np.ones(len(prepared.pairs), bool)
    for end, single, size in zip(
        (prepared.pairs.left, prepared.pairs.right), once, prepared.comparer.records.shape, strict=True
    ):
        if single:
            highest = np.full(size, -np.inf, np.float32)
            np.maximum.at(highest, end, decoys.surplus)
            best &= decoys.surplus >= highest[end]
    probability = 1 / (1 + np.exp(-decoys.log_odds[best].astype(np.float64)))
    merged = probability[probability >= 0.5]
    return float((merged > SURE).sum()), float((2 * merged - 1).sum()), len(merged)


def _cautious(prepared: Prepared, log_odds: Float, decoys: Decoys, links: Float | None) -> Float:
    """Pairs that have a value in one short field only, of several, are no likelier than that field (and links) allow.

    Decoys cannot know this: they compare records as they are, full or nearly empty.
    """
    fields = prepared.comparer.fields
    if len(fields) < COMPARABLE:
        return log_odds
    present = ~np.isnan(prepared.table.similarities)
    text = np.array([f.source.kind is FieldKind.TEXT for f in fields])
    poor = (present.sum(axis=1) <= 1) & ~(present & text).any(axis=1)
    left, right = prepared.comparer.statistics.shape
    matching = max(decoys.matches or 1.0, 1.0) / max(left * right, 1)
    alone = prepared.table.contributions.sum(axis=1) + np.log(matching)
    if links is not None:
        alone = alone + links
    return np.where(poor, np.minimum(log_odds, alone), log_odds).astype(np.float32)


def _column(prepared: Prepared, name: str) -> Float:
    return np.asarray(prepared.multiple[:, MULTIPLE_FEATURES.index(name)])
