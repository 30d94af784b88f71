"""The shipped prior: two forests over task-independent features, trained by ``python -m linking.records.training``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linking.records.prepared import Prepared
from linking.trees import Forest

__all__ = ["WEIGHTS", "Prior", "load_prior"]

Float = NDArray[np.float32]
WEIGHTS = Path(__file__).parent / "weights" / "prior.json"
BLOCK = 100_000


@dataclass(frozen=True, slots=True)
class Prior:
    """``multiple`` scores pairs where things may recur in a table, ``unique`` where each occurs at most once."""

    multiple: Forest
    unique: Forest

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, object]]) -> "Prior":
        return cls(Forest.from_dict(data["multiple"]), Forest.from_dict(data["unique"]))

    def to_dict(self) -> dict[str, dict[str, object]]:
        return {"multiple": self.multiple.to_dict(), "unique": self.unique.to_dict()}

    def log_odds(self, prepared: Prepared, *, unique: bool) -> Float:
        """float32 [pairs]."""
        features = prepared.unique if unique else prepared.multiple
        forest = self.unique if unique else self.multiple
        parts = [forest.log_odds(features[k : k + BLOCK].astype(np.float64)) for k in range(0, len(features), BLOCK)]
        return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


@cache
def load_prior() -> Prior:
    """The prior that ships with Bifrost."""
    return Prior.from_dict(json.loads(WEIGHTS.read_text(encoding="utf-8")))
