"""What takes the place of a reference once it is rejected: the next likeliest column that its own could mean."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bifrost.links import TAUGHT, LinkState, LinkType
from linking.kindred import Kindred
from linking.references import ReferenceCandidate
from linking.scoring import KINDRED, Adapted

__all__ = ["Ranked", "chained", "next_likeliest", "with_alternatives"]

Ranked = Sequence[tuple[float, ReferenceCandidate]]
"""Candidates of one column with their probabilities, the likeliest first."""

_AGAINST = (LinkState.REJECTED, LinkState.DELETED)
_DEPTH = 2
"""How many rejections of a column are followed by another proposal at once; further ones come with the next build."""


def next_likeliest(
    ranked: Mapping[int, Ranked], kindred: Kindred, scorer: Adapted, at_least: float
) -> dict[int, list[Ranked]]:
    """Per column, by id: how its other candidates rank once the first is rejected, then once the next one is as well.

    What the rejected ones said against them goes, and they share the odds among them. Ends where the best of them is not
    ``at_least`` so likely.
    """
    found: dict[int, list[Ranked]] = defaultdict(list)
    last = {column: candidates for column, candidates in ranked.items() if len(candidates) > 1}
    gone = {column: set[int]() for column in last}
    for _ in range(_DEPTH):
        left = []
        for column, candidates in last.items():
            before = [c for _, c in candidates[1:]]
            said = kindred.odds_without(before, gone[column])
            gone[column].add(candidates[0][1].head.id)
            left += _with_odds(before, np.subtract(kindred.odds_without(before, gone[column]), said).tolist())
        ranks: dict[int, list[tuple[float, ReferenceCandidate]]] = defaultdict(list)
        probabilities = scorer.probability([c.features for c in left]).tolist() if left else []
        for probability, c in zip(probabilities, left, strict=True):
            ranks[c.tail.id].append((probability, c))
        last = {}
        for column, others in ranks.items():
            others.sort(key=lambda item: -item[0])
            if others[0][0] >= at_least:
                found[column].append(others)
                if len(others) > 1:
                    last[column] = others
    return found


def _with_odds(candidates: Sequence[ReferenceCandidate], more: Sequence[float]) -> list[ReferenceCandidate]:
    """The candidates of a column with ``more`` log-odds each, and their shares of the odds among each other."""
    shares = [c.features["odds_share"] * math.exp(odds) for c, odds in zip(candidates, more, strict=True)]
    total = sum(shares)
    return [
        replace(c, features={**c.features, KINDRED: c.features.get(KINDRED, 0.0) + odds, "odds_share": share / total})
        for c, odds, share in zip(candidates, more, shares, strict=True)
    ]


def chained(others: Sequence[LinkType]) -> LinkType | None:
    """The first of ``others``, each with the one behind it to take its place."""
    return replace(others[0], otherwise=chained(others[1:])) if others else None


def with_alternatives(known: Sequence[LinkType]) -> list[LinkType]:
    """``known`` with what takes the place of its rejected and deleted link types, as far as nothing else that is open or
    confirmed has it, and without open proposals that would only take the place of others."""
    early = {id for t in known if t.state not in _AGAINST for id in _behind(t)}
    result = [t for t in known if t.id not in early or t.state is not LinkState.PROPOSED or t.model.startswith(TAUGHT)]
    ids, ends = {t.id for t in known}, [t for t in result if t.state not in _AGAINST]
    tails, turned = {(t.kind, t.tail) for t in ends}, {(t.kind, t.head, t.tail) for t in ends}
    wanted = [t.otherwise for t in known if t.state in _AGAINST and t.otherwise is not None]
    for t in sorted(wanted, key=lambda t: (-t.probability, t.id)):
        if t.id not in ids | early and (t.kind, t.tail) not in tails and (t.kind, t.tail, t.head) not in turned:
            tails.add((t.kind, t.tail))
            result.append(t)
    return result


def _behind(link_type: LinkType) -> list[str]:
    others, after = [], link_type.otherwise
    while after is not None:
        others.append(after.id)
        after = after.otherwise
    return others
