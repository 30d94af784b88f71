"""Other ways to ask, judged on recorded answers before one of them replaces the policy in use.

Self-normalised inverse propensity scoring (Li et al. 2010, 2011; Swaminathan and Joachims 2015), and beside it a doubly
robust estimate (Dudik, Langford and Li 2011), which fills in what was not asked from a regression on the features.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from linking.choosing import POLICIES, favourite

__all__ = ["BanditRecord", "Replayed", "doubly_robust", "replay", "replay_all"]

_FEATURES = ("probability", "uncertainty", "disagreement", "edges", "pair", "worth")
_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class BanditRecord:
    """A choice with its outcome: ``reward`` is what the answer settled per second it took.

    ``features`` of all candidates, by their ids, let another policy choose among them. ``propensity`` is 0 where a person
    answered another question than the one that was asked first.
    """

    chosen: str
    propensity: float
    policy: str
    candidates: tuple[str, ...]
    reward: float
    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


Policy = Callable[[BanditRecord], str]
"""The id that it would choose among the candidates."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What an answer would have settled per second under a policy: ``reward`` by inverse propensities and ``robust``, the
    doubly robust estimate, each with its standard error (infinite where nothing tells).

    ``matched`` of ``answers`` choices were the ones that the policy would have made.
    """

    policy: str
    reward: float
    error: float
    robust: float
    robust_error: float
    matched: int
    answers: int

    def interval(self) -> tuple[float, float]:
        """95%, by inverse propensities."""
        return self.reward - 1.96 * self.error, self.reward + 1.96 * self.error


def replay(records: Sequence[BanditRecord], policy: Policy) -> tuple[float, float]:
    """The reward per question that another policy would have had, and its standard error."""
    weights = [1 / r.propensity if policy(r) == r.chosen else 0.0 for r in records]
    total = sum(weights)
    if not total:
        return 0.0, math.inf
    mean = sum(w * r.reward for w, r in zip(weights, records, strict=True)) / total
    if sum(w > 0 for w in weights) < 2:
        return mean, math.inf
    variance = sum((w * (r.reward - mean)) ** 2 for w, r in zip(weights, records, strict=True)) / total**2
    return mean, math.sqrt(variance)


def doubly_robust(records: Sequence[BanditRecord], policy: Policy) -> tuple[float, float]:
    """The same by the doubly robust estimator: right if the propensities or the regression are."""
    import numpy as np

    if len(records) < 2:
        return 0.0, math.inf

    def row(record: BanditRecord, one: str) -> list[float]:
        said = record.features.get(one, {})
        values = [said.get(name, 0.0) for name in _FEATURES]
        values[3] = math.log10(1 + max(values[3], 0.0))
        return [1.0, *values]

    x = np.array([row(r, r.chosen) for r in records])
    y = np.array([r.reward for r in records])
    penalty = np.diag([0.0, *[_RIDGE] * len(_FEATURES)])
    fitted = np.linalg.lstsq(x.T @ x + penalty, x.T @ y, rcond=None)[0]
    wanted = [policy(r) for r in records]
    terms = np.array([row(r, one) for r, one in zip(records, wanted, strict=True)]) @ fitted
    for k, (record, one) in enumerate(zip(records, wanted, strict=True)):
        if one == record.chosen:
            terms[k] += (record.reward - x[k] @ fitted) / record.propensity
    return float(terms.mean()), float(terms.std(ddof=1) / math.sqrt(len(records)))


def replay_all(records: Sequence[BanditRecord]) -> list[Replayed]:
    """Every policy on the choices whose propensity is known."""
    known = [record for record in records if record.propensity > 0]
    found = []
    for name in POLICIES:

        def policy(record: BanditRecord, name: str = name) -> str:
            return favourite(name, record.candidates, record.features)

        matched = sum(policy(record) == record.chosen for record in known)
        found.append(
            Replayed(name, *replay(known, policy), *doubly_robust(known, policy), matched=matched, answers=len(known))
        )
    return found
