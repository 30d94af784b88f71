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

__all__ = ["FEW_FIELDS", "WEIGHTS", "Prior", "load_prior"]

Float = NDArray[np.float32]
FEW_FIELDS = 2
WEIGHTS = Path(__file__).parent / "weights" / "prior.json"


@dataclass(frozen=True, slots=True)
class Prior:
    """Scores pairs without presuming that a thing occurs once in a table.

    ``few`` scores records of one or two fields, which are a matter of their own, where there is one.
    """

    forest: Forest
    few: Forest | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> "Prior":
        few = data.get("few")
        return cls(Forest.from_dict(data), Forest.from_dict(few) if isinstance(few, Mapping) else None)

    def to_dict(self) -> dict[str, object]:
        few = {} if self.few is None else {"few": self.few.to_dict()}
        return self.forest.to_dict() | few

    def log_odds(self, prepared: Prepared) -> Float:
        """float32 [pairs]."""
        forest = self.forest
        if self.few is not None and prepared.table.similarities.shape[1] <= FEW_FIELDS:
            forest = self.few
        return score_rows(forest, prepared.multiple)


@cache
def load_prior() -> Prior:
    """The prior that ships with Bifrost."""
    return Prior.from_dict(json.loads(WEIGHTS.read_text(encoding="utf-8")))
