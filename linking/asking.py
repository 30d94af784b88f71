"""What to ask next: the answer with the largest expected effect per second of a person's time.

The effect of a question is what a confirmation would settle (edges written, on a logarithmic scale) and what any answer
would teach (uncertainty, and disagreement between the models). Questions that say the same as one already asked for,
because they share a tail column or both tables, come after the others.

Choices made with :func:`choose` are a contextual bandit: every choice is logged with its features and propensity, so
that another policy can be judged on recorded answers (:func:`replay`, Li et al. 2011) before it replaces this one.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bifrost.links import Judgement, LinkKind, LinkType, Verdict

__all__ = [
    "POLICIES",
    "BanditRecord",
    "Choice",
    "blind",
    "choose",
    "next_questions",
    "order_questions",
    "question_features",
    "replay",
    "reward_of",
    "worth",
]

SECONDS = {LinkKind.REFERENCE: 8.0, LinkKind.MENTION: 11.0, LinkKind.SAME_THING: 14.0, LinkKind.SAME_CONCEPT: 8.0}
"""How long a person takes to answer a question of a kind."""
_TEACHES = 0.35
_SAME_AGAIN = 0.5
_EXPLORE = 0.05
_LONGEST = 300.0
"""Seconds after which somebody was away rather than thinking."""


def worth(link_type: LinkType) -> float:
    """The expected effect of asking, per second."""
    p = min(max(link_type.probability, 1e-6), 1 - 1e-6)
    uncertainty = -(p * math.log2(p) + (1 - p) * math.log2(1 - p))
    disagreement = abs(link_type.probability - link_type.baseline)
    settles = math.log10(10 + max(link_type.estimated_edges, 0))
    return settles * (p + _TEACHES * uncertainty + 0.2 * disagreement) / SECONDS[link_type.kind]


def order_questions(open_types: Sequence[LinkType], judgements: Sequence[Judgement] = ()) -> list[LinkType]:
    """The open proposals, the most worthwhile question first. Deterministic."""
    remaining = sorted(open_types, key=lambda t: (-worth(t), t.id))
    ordered: list[LinkType] = []
    tails: set[object] = set()
    tables: set[object] = set()
    while remaining:
        best = max(remaining, key=lambda t: worth(t) * _novelty(t, tails, tables))
        remaining.remove(best)
        ordered.append(best)
        tails.add(best.tail)
        tables.add(_tables(best))
    return ordered


def _tables(link_type: LinkType) -> tuple[object, ...]:
    ends = sorted([(link_type.tail.source, link_type.tail.dataset), (link_type.head.source, link_type.head.dataset)])
    return (link_type.kind, *ends)


def _novelty(link_type: LinkType, tails: set[object], tables: set[object]) -> float:
    factor = _SAME_AGAIN if link_type.tail in tails else 1.0
    return factor * (_SAME_AGAIN if _tables(link_type) in tables else 1.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """A question chosen among ``candidates`` with ``propensity``, the probability that the policy gave it."""

    link_type: LinkType
    propensity: float
    policy: str
    candidates: tuple[str, ...]
    features: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class BanditRecord:
    """A choice with its outcome: ``reward`` is what the answer settled per second it took.

    ``features`` of all candidates, by their ids, let another policy choose among them.
    """

    chosen: str
    propensity: float
    policy: str
    candidates: tuple[str, ...]
    reward: float
    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def question_features(link_type: LinkType) -> dict[str, float]:
    """What policies may look at."""
    return {
        "probability": link_type.probability,
        "uncertainty": 1 - abs(2 * link_type.probability - 1),
        "disagreement": abs(link_type.probability - link_type.baseline),
        "edges": float(link_type.estimated_edges),
        "worth": round(worth(link_type), 6),
    }


def reward_of(link_type: LinkType, verdict: Verdict, edges_changed: int, seconds: float) -> float:
    """What an answer settled, per second that it took: edges on a logarithmic scale, a no counts as little as it teaches."""
    settled = math.log10(10 + edges_changed) if verdict is Verdict.CONFIRM else _TEACHES
    return round(settled / min(max(seconds, 1.0), _LONGEST), 6)


def _top(name: str) -> Callable[[BanditRecord], str]:
    return lambda record: max(record.candidates, key=lambda one: (record.features.get(one, {}).get(name, 0.0), one))


POLICIES: Mapping[str, Callable[[BanditRecord], str]] = {
    name: _top(name) for name in ("worth", "probability", "uncertainty", "disagreement", "edges")
}
"""Ways to choose the next question, to be compared by :func:`replay`: the candidate with most of a feature."""


def choose(
    open_types: Sequence[LinkType], judgements: Sequence[Judgement] = (), *, seed: int = 0, explore: float = _EXPLORE
) -> Choice | None:
    """The next question: mostly the best one, with probability ``explore`` any one, so that propensities are never 0."""
    ordered = order_questions(open_types, judgements)
    if not ordered:
        return None
    rng = random.Random(seed * 1_000_003 + len(judgements))  # noqa: S311
    index = rng.randrange(len(ordered)) if rng.random() < explore else 0
    propensity = explore / len(ordered) + (1 - explore if index == 0 else 0.0)
    chosen = ordered[index]
    features = {t.id: question_features(t) for t in ordered}
    return Choice(chosen, propensity, f"worth-greedy-{explore:g}", tuple(t.id for t in ordered), features)


def next_questions(open_types: Sequence[LinkType], judgements: Sequence[Judgement] = ()) -> list[LinkType]:
    """All questions in the order of :func:`order_questions`, but the one that :func:`choose` chose first."""
    ordered = order_questions(open_types, judgements)
    choice = choose(open_types, judgements)
    if choice is None:
        return ordered
    return [choice.link_type, *(one for one in ordered if one.id != choice.link_type.id)]


def replay(records: Sequence[BanditRecord], policy: Callable[[BanditRecord], str]) -> tuple[float, float]:
    """The reward per question that another policy would have had, and its standard error.

    ``policy`` gives the id it would choose among the candidates. Self-normalised inverse propensity scoring.
    """
    weights = [1 / r.propensity if policy(r) == r.chosen else 0.0 for r in records]
    total = sum(weights)
    if not total:
        return 0.0, math.inf
    mean = sum(w * r.reward for w, r in zip(weights, records, strict=True)) / total
    variance = sum((w * (r.reward - mean)) ** 2 for w, r in zip(weights, records, strict=True)) / total**2
    return mean, math.sqrt(variance)


def blind(link_type: LinkType) -> LinkType:
    """A question without what the models think, so that a reviewer is not led: evidence stays, scores go."""
    return replace(
        link_type,
        probability=0.0,
        baseline=0.0,
        features={},
        examples=tuple(replace(example, score=0.0) for example in link_type.examples),
        counter_examples=tuple(replace(example, score=0.0) for example in link_type.counter_examples),
    )
