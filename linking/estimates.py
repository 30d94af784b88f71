"""How right and how complete the links of a type are, estimated, with 95% intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bifrost.links import Judgement, LinkKind, LinkState, LinkType, SamePair, Verdict

__all__ = ["Estimate", "estimate_precision", "estimate_recall", "share_of"]

_WORTH = 4.0
"""As many answers as what the models say counts for."""
_CONFIRMED = 0.97
"""The share of right links expected of a type that a person confirmed after seeing examples, before any pair is judged."""
_MERGED = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """``value`` in [0, 1] lies in [``low``, ``high``] with 95%; ``basis`` is how many answers or records it rests on."""

    value: float
    low: float
    high: float
    basis: int


def share_of(right: float, total: float, expected: float = 0.5, worth: float = _WORTH) -> Estimate:
    """A share after ``right`` of ``total`` trials: a beta posterior whose prior of ``worth`` trials expects ``expected``."""
    from scipy.stats import beta

    expected = min(max(expected, 0.01), 0.99)
    a, b = worth * expected + right, worth * (1 - expected) + total - right
    low, high = (float(x) for x in beta.ppf((0.025, 0.975), a, b))
    return Estimate(round(a / (a + b), 4), round(low, 4), round(high, 4), round(total))


def estimate_precision(
    link_type: LinkType, judgements: Sequence[Judgement], pairs: Sequence[SamePair] = ()
) -> Estimate:
    """The share of right links: what the scores say, moved by the pairs that people judged. ``pairs`` of same-thing types."""
    expected = _CONFIRMED if link_type.state is LinkState.CONFIRMED else link_type.probability
    threshold = _MERGED if link_type.threshold is None else link_type.threshold
    served = [pair.score for pair in pairs if pair.score >= threshold]
    if served:
        expected = sum(served) / len(served)
    verdicts = _pair_verdicts(link_type, judgements)
    return share_of(sum(verdicts), len(verdicts), expected)


def estimate_recall(link_type: LinkType, pairs: Sequence[SamePair] = ()) -> Estimate | None:
    """The share of all true links that are there; None where the data does not tell.

    References: the share of values that name a record. Mentions: the share of the places found that are sure enough.
    Same things: the share of the scores' sum that lies above the threshold.
    """
    f = link_type.features
    match link_type.kind:
        case LinkKind.REFERENCE if not math.isnan(f.get("containment", math.nan)):
            values = max(10 ** f.get("tail_distinct", 0.0), 1.0)
            return share_of(f["containment"] * values, values, 0.9, 1.0)
        case LinkKind.MENTION if "accepted_share" in f:
            hits = max(10 ** f.get("edges", 0.0) - 1, 0.0) / max(f["accepted_share"], 0.01)
            return share_of(f["accepted_share"] * hits, hits, 0.8, 2.0)
        case LinkKind.SAME_THING if pairs:
            threshold = _MERGED if link_type.threshold is None else link_type.threshold
            total = sum(pair.score for pair in pairs)
            return share_of(sum(p.score for p in pairs if p.score >= threshold), total, 0.8, 2.0)
        case _:
            return None


def _pair_verdicts(link_type: LinkType, judgements: Sequence[Judgement]) -> list[bool]:
    """The newest answers about single pairs of a link type."""
    newest = {
        j.subject: j.verdict for j in judgements if j.undone_at is None and j.subject.startswith(f"{link_type.id}|")
    }
    return [v is Verdict.CONFIRM for v in newest.values() if v in (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)]
