"""Which question comes first: a contextual bandit whose every choice is logged with its features and propensity.

A logging policy that always took the best question would leave nothing to learn about other ways to ask. So the first
question is drawn: mostly among the best few of the policy in use, sometimes the favourite of one of its rivals, rarely any
one. Every rival's favourite therefore has a known, not tiny probability, and can be judged on recorded answers
(linking/replaying.py) before it replaces the policy in use.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from linking.asking import Purpose, Question, order_questions, question_features

__all__ = ["DEFAULT_POLICY", "POLICIES", "Choice", "ask", "chances", "choose", "favourite"]

POLICIES = ("worth", "probability", "uncertainty", "disagreement", "edges")
"""Ways to choose the next question: the one with most of a feature."""
DEFAULT_POLICY = "worth"
_RIVALS = 0.15
"""How often a rival's favourite is asked."""
_ANY = 0.02
_BEST = 4
_SHARPNESS = 12.0
"""How fast the chance of one of the best falls with what it lacks: a tenth less is asked a third as often."""

Features = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A question chosen among ``candidates`` with ``propensity``, the probability that the policy gave it. ``audits`` are
    those candidates that audit links."""

    question: Question
    propensity: float
    policy: str
    candidates: tuple[str, ...]
    features: Features
    audits: frozenset[str] = frozenset()


def favourite(policy: str, candidates: Sequence[str], features: Features) -> str:
    """The candidate that a policy would ask. Of equal ones the first, so ``candidates`` are in the order of their worth."""
    return max(candidates, key=lambda one: features.get(one, {}).get(policy, 0.0))


def chances(policy: str, candidates: Sequence[str], features: Features) -> dict[str, float]:
    """The probability of each candidate to be asked first while ``policy`` is in use. Their sum is 1, none is 0."""
    result = dict.fromkeys(candidates, _ANY / len(candidates))
    for rival in POLICIES:
        result[favourite(rival, candidates, features)] += _RIVALS / len(POLICIES)
    value = {one: features.get(one, {}).get(policy, 0.0) for one in candidates}
    best = sorted(candidates, key=lambda one: -value[one])[:_BEST]
    top = max(value[best[0]], 1e-9)
    weights = [math.exp(_SHARPNESS * (value[one] / top - 1)) for one in best]
    for one, weight in zip(best, weights, strict=True):
        result[one] += (1 - _ANY - _RIVALS) * weight / sum(weights)
    return result


def choose(questions: Sequence[Question], *, seed: str = "", policy: str = DEFAULT_POLICY) -> Choice | None:
    """The next question, drawn by :func:`chances`. The same for the same questions and ``seed``."""
    ordered = order_questions(questions)
    if not ordered:
        return None
    by_subject = {question.subject: question for question in ordered}
    features = {subject: question_features(question) for subject, question in by_subject.items()}
    candidates = tuple(by_subject)
    chance = chances(policy, candidates, features)
    (chosen,) = random.Random(seed).choices(candidates, [chance[one] for one in candidates])  # noqa: S311
    audits = frozenset(subject for subject, one in by_subject.items() if one.purpose is Purpose.AUDIT)
    return Choice(by_subject[chosen], chance[chosen], f"{policy}-drawn", candidates, features, audits)


def ask(questions: Sequence[Question], *, seed: str = "", policy: str = DEFAULT_POLICY) -> list[Question]:
    """All questions: the drawn one first, the others in the order of the policy in use."""
    choice = choose(questions, seed=seed, policy=policy)
    if choice is None:
        return []
    ordered = order_questions(questions)
    if policy != DEFAULT_POLICY:
        ordered.sort(key=lambda q: -choice.features[q.subject].get(policy, 0.0))
    first = choice.question.subject
    return [choice.question, *(one for one in ordered if one.subject != first)]
