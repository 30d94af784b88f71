"""Which of several records a mention means: a conditional logit over the records and "none of them" (McFadden 1974).

Its few weights are fitted on generated texts (:mod:`linking.training.train_choice`) and shipped as JSON.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linking.mentions.context import ALWAYS, EVIDENCE, Doubt
from linking.scoring import WEIGHTS

__all__ = ["FILE", "ChoiceModel", "load_choice"]

FILE = "mention_choice.json"


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """Weights of the evidence of a record, and of what speaks for none of them; ``temperature`` calibrates."""

    evidence: NDArray[np.float64]
    none: NDArray[np.float64]
    temperature: float = 1.0

    def probabilities(self, doubts: Sequence[Doubt]) -> list[NDArray[np.float64]]:
        """Per mention the probability of each record, float64 [records]; what is left of 1 is that of none."""
        if not doubts:
            return []
        scores = np.concatenate([d.evidence for d in doubts]) @ self.evidence
        none = np.array([d.always for d in doubts]) @ self.none
        made, at = [], 0
        for d, against in zip(doubts, none.tolist(), strict=True):
            z = np.append(scores[at : at + len(d.uids)], against) / self.temperature
            at += len(d.uids)
            p = np.exp(z - z.max())
            made.append((p / p.sum())[:-1])
        return made

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "evidence": dict(zip(EVIDENCE, (round(float(w), 4) for w in self.evidence), strict=True)),
            "none": dict(zip(ALWAYS, (round(float(w), 4) for w in self.none), strict=True)),
            "temperature": round(self.temperature, 4),
        }


@cache
def load_choice(folder: Path = WEIGHTS) -> ChoiceModel:
    """The shipped weights."""
    data: dict[str, Any] = json.loads((folder / FILE).read_text())
    return ChoiceModel(
        np.array([data["evidence"][name] for name in EVIDENCE]),
        np.array([data["none"][name] for name in ALWAYS]),
        float(data["temperature"]),
    )
