"""How right and how complete the links of a type are, estimated, with 95% intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bifrost.links import AUTOMATIC, Estimate, Judgement, LinkKind, LinkState, LinkType, Matched, Verdict

__all__ = ["Audited", "Estimate", "estimate_precision", "estimate_recall", "share_of", "why_no_recall"]

_WORTH = 4.0
"""As many answers as what the models say counts for."""
_MOST_WORTH = 2_000.0
_CONFIRMED = 0.97
"""The share of right links expected of a type that a person confirmed after seeing examples, before any pair is judged."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Of ``checked`` links that were drawn by lot, so many were ``right``."""

    right: int
    checked: int


def share_of(right: float, total: float, expected: float = 0.5, worth: float = _WORTH) -> Estimate:
    """A share after ``right`` of ``total`` trials: a beta posterior whose prior of ``worth`` trials expects ``expected``."""
    from scipy.stats import beta

    expected = min(max(expected, 0.01), 0.99)
    a, b = worth * expected + right, worth * (1 - expected) + total - right
    low, high = (float(x) for x in beta.ppf((0.025, 0.975), a, b))
    return Estimate(round(a / (a + b), 4), round(low, 4), round(high, 4), round(total))


def estimate_precision(
    link_type: LinkType,
    judgements: Sequence[Judgement],
    matched: Matched | None = None,
    audited: Audited | None = None,
) -> Estimate:
    """The share of right links: what the models or a person say of the type, moved by the pairs that people judged.

    Of same things that were ``matched``, the pairs themselves tell: their probabilities, as far as they can be believed.
    Where links drawn by lot were ``audited``, these count instead of those that somebody happened to judge.
    """
    checked = audited is not None and audited.checked > 0
    if matched is not None and link_type.state is LinkState.CONFIRMED:
        said = matched.precision
        if audited is None or not checked:
            return said
        return share_of(audited.right, audited.checked, said.value, _answers_behind(said))
    expected = _CONFIRMED if _confirmed_by_somebody(link_type, judgements) else link_type.probability
    if audited is not None and checked:
        return share_of(audited.right, audited.checked, expected)
    verdicts = _pair_verdicts(link_type, judgements)
    return share_of(sum(verdicts), len(verdicts), expected)


def _answers_behind(estimate: Estimate) -> float:
    """As many answers as give an interval as wide."""
    deviation = max(estimate.high - estimate.low, 1e-3) / 3.92
    value = min(max(estimate.value, 0.01), 0.99)
    return min(max(value * (1 - value) / deviation**2 - 1, 1.0), _MOST_WORTH)


def _confirmed_by_somebody(link_type: LinkType, judgements: Sequence[Judgement]) -> bool:
    """Whether a person, or the source itself, says so; a rule only repeats what the model said."""
    if link_type.state is not LinkState.CONFIRMED:
        return False
    said = [
        j.by
        for j in judgements
        if j.undone_at is None and j.verdict is Verdict.CONFIRM and j.subject.partition("|")[0] == link_type.id
        and "|" not in j.subject
    ]  # fmt: skip
    return any(by != AUTOMATIC for by in said) or not said


def estimate_recall(link_type: LinkType, matched: Matched | None = None) -> Estimate | None:
    """The share of all true links that are there; None where the data does not tell (:func:`why_no_recall`).

    References: the share of values that name a record. Mentions: the share of the places found that are sure enough.
    Same things: the share of the probabilities of all compared pairs that is merged. Join tables: the share of rows that
    name a record at both ends.
    """
    f = link_type.features
    match link_type.kind:
        case LinkKind.REFERENCE if not math.isnan(f.get("containment", math.nan)):
            values = max(10 ** f.get("tail_distinct", 0.0), 1.0)
            return share_of(f["containment"] * values, values, 0.9, 1.0)
        case LinkKind.MENTION if "accepted_share" in f:
            hits = max(10 ** f.get("edges", 0.0) - 1, 0.0) / max(f["accepted_share"], 0.01)
            return share_of(f["accepted_share"] * hits, hits, 0.8, 2.0)
        case LinkKind.SAME_THING if matched is not None:
            return matched.recall
        case LinkKind.JOIN_TABLE if f.get("both_ends"):
            return share_of(link_type.estimated_edges, link_type.estimated_edges / f["both_ends"], 0.9, 1.0)
        case _:
            return None


def why_no_recall(link_type: LinkType) -> str:
    """Why :func:`estimate_recall` gives none, in words for people."""
    match link_type.kind:
        case LinkKind.SAME_CONCEPT:
            return "none: aligns columns, gives no links"
        case LinkKind.SAME_THING:
            return "known once the records are matched"
        case _:
            return "not known: it was not found by a search of the data"


def _pair_verdicts(link_type: LinkType, judgements: Sequence[Judgement]) -> list[bool]:
    """The newest answers about single pairs of a link type."""
    newest = {
        j.subject: j.verdict for j in judgements if j.undone_at is None and j.subject.startswith(f"{link_type.id}|")
    }
    return [v is Verdict.CONFIRM for v in newest.values() if v in (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)]
