"""The shipped prior: a forest over task-independent features, trained by ``python -m linking.records.training``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linking.records.prepared import Prepared
from linking.records.scoring import score_rows
from linking.trees import Forest

__all__ = ["WEIGHTS", "Prior", "load_prior"]

Float = NDArray[np.float32]
WEIGHTS = Path(__file__).parent / "weights" / "prior.json"


@dataclass(frozen=True, slots=True)
class Prior:
    """Scores pairs without presuming that a thing occurs once in a table."""

    forest: Forest

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> "Prior":
        return cls(Forest.from_dict(data))

    def to_dict(self) -> dict[str, object]:
        return self.forest.to_dict()

    def log_odds(self, prepared: Prepared) -> Float:
        """float32 [pairs]."""
        return score_rows(self.forest, prepared.multiple)


@cache
def load_prior() -> Prior:
    """The prior that ships with Bifrost."""
    return Prior.from_dict(json.loads(WEIGHTS.read_text(encoding="utf-8")))
