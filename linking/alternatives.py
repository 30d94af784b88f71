"""What takes the place of a reference once it is rejected: the next likeliest column that its own could mean."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bifrost.links import TAUGHT, LinkKind, LinkState, LinkType
from linking.kindred import Kindred
from linking.references import ReferenceCandidate
from linking.scoring import KINDRED, Adapted

__all__ = ["AGAINST", "STANDS_IN", "Ranked", "next_likeliest", "with_alternatives"]

Ranked = Sequence[tuple[float, ReferenceCandidate]]
"""Candidates of one column with their probabilities, the likeliest first."""

AGAINST = (LinkState.REJECTED, LinkState.DELETED)
"""The states of link types whose place others take."""
STANDS_IN = "It stands in for"
"""How the reason begins that says which link type was turned down."""
_SLOPE, _BIAS = 0.2, -1.6
"""The log-odds of a candidate of whose column another one was rejected, by those that it has among the ones left: what looked
right and was wrong often refers to nothing. Fitted to development databases: one in six of these was right."""
_STEPS = 5


def next_likeliest(ranked: Mapping[int, Ranked], kindred: Kindred, scorer: Adapted) -> dict[int, Ranked]:
    """Per column, by id: its other candidates once the first is rejected, the likeliest of them first, with what that says of it.

    What the first one said against them goes, and they share the odds among them.
    """
    left = []
    for candidates in ranked.values():
        if len(candidates) > 1:
            first, others = candidates[0][1], [c for _, c in candidates[1:]]
            said = kindred.odds_without([first, *others], ())[1:]
            left += _with_odds(others, np.subtract(kindred.odds_without(others, (first.head.id,)), said).tolist())
    found: dict[int, list[tuple[float, ReferenceCandidate]]] = defaultdict(list)
    for probability, c in zip(scorer.probability([c.features for c in left]).tolist(), left, strict=True):
        found[c.tail.id].append((probability, c))
    for others_of in found.values():
        others_of.sort(key=lambda item: -item[0])
    best = _doubted([others_of[0][1] for others_of in found.values()], scorer)
    for c, probability in zip(best, scorer.probability([c.features for c in best]).tolist(), strict=True):
        found[c.tail.id][0] = probability, c
    return dict(found)


def _doubted(candidates: Sequence[ReferenceCandidate], scorer: Adapted) -> list[ReferenceCandidate]:
    """Candidates of columns of which a likelier one was rejected, with what that says of them."""
    odds = scorer.prior.log_odds([c.features for c in candidates])
    wanted = _SLOPE * odds + _BIAS
    # Log-odds are cut off far from 0, so that what is taken away may not show the first time.
    for _ in range(_STEPS):
        candidates = [_with_more(c, more) for c, more in zip(candidates, (wanted - odds).tolist(), strict=True)]
        odds = scorer.prior.log_odds([c.features for c in candidates])
    return list(candidates)


def _with_odds(candidates: Sequence[ReferenceCandidate], more: Sequence[float]) -> list[ReferenceCandidate]:
    """The candidates of a column with ``more`` log-odds each, and their shares of the odds among each other."""
    shares = [c.features["odds_share"] * math.exp(odds) for c, odds in zip(candidates, more, strict=True)]
    return [
        _with_more(c, odds, odds_share=share / sum(shares))
        for c, odds, share in zip(candidates, more, shares, strict=True)
    ]


def _with_more(c: ReferenceCandidate, odds: float, **features: float) -> ReferenceCandidate:
    return replace(c, features={**c.features, KINDRED: c.features.get(KINDRED, 0.0) + odds, **features})


def with_alternatives(known: Sequence[LinkType]) -> list[LinkType]:
    """``known`` with what takes the place of its rejected and deleted link types, as far as nothing else that is open or
    confirmed has it, and without open proposals that would only take the place of others."""
    early = {t.otherwise.id for t in known if t.state not in AGAINST and t.otherwise is not None}
    result = [t for t in known if t.id not in early or t.state is not LinkState.PROPOSED or t.model.startswith(TAUGHT)]
    ids, live = {t.id for t in known} | early, [t for t in result if t.state not in AGAINST]
    for t in sorted(known, key=lambda t: (-t.probability, t.id)):
        other = t.otherwise if t.state in AGAINST else None
        if other is not None and other.id not in ids and not any(_has_place(one, t, other) for one in live):
            ids.add(other.id)
            live.append(other)
            result.append(other)
    return result


def _has_place(live: LinkType, gone: LinkType, other: LinkType) -> bool:
    """Whether a link type that is open or confirmed says what the columns of ``gone`` mean, so that ``other`` is not asked about:
    one of the same columns, whatever a correction made of them, or the same the other way round."""
    ends = frozenset((live.tail, live.head))
    if ends in (frozenset((gone.tail, gone.head)), frozenset((other.tail, other.head))):
        return True
    if live.kind not in (LinkKind.REFERENCE, LinkKind.MENTION):
        return False
    within = (live.tail.source, live.tail.dataset) == (other.tail.source, other.tail.dataset)
    part = within and {*other.tail.columns} < {*live.tail.columns} and live.state is LinkState.CONFIRMED
    return live.tail == other.tail or part
