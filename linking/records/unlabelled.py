"""Log odds of candidate pairs without any label: decoys where records have one partner at most, else the shipped prior."""

import numpy as np
from numpy.typing import NDArray

from linking.records.decoys import Decoys, judge_by_decoys
from linking.records.fields import FieldKind
from linking.records.prepared import MULTIPLE_FEATURES, Prepared
from linking.records.prior import Prior

__all__ = ["unlabelled_log_odds"]

Float = NDArray[np.float32]
AGREEMENT = 0.1
"""What a unit of Fellegi-Sunter agreement (ten nats) counts beside likeness where pairs compete."""
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
    if links is not None:
        log_odds = log_odds + links
    if not any(once):
        return log_odds, None
    score = _column(prepared, "mix") + AGREEMENT * _column(prepared, "agreement")
    if links is not None:
        score = score + LINKS * links
    decoys = judge_by_decoys(prepared.pairs, score, prepared.comparer.records.shape, once, learnt)
    if decoys.matches is None:
        return log_odds, decoys
    size = min(n for n, single in zip(prepared.comparer.statistics.shape, once, strict=True) if single)
    share = size / (size + PRIOR_RECORDS)
    mixed = share * decoys.log_odds + (1 - share) * np.clip(log_odds, -LIMIT, LIMIT)
    return _cautious(prepared, mixed.astype(np.float32), decoys, links), decoys


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
