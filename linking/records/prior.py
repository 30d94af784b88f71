"""The shipped prior: two forests over task-independent features, trained by ``python -m linking.records.training``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linking.records.prepared import UNIQUE_FEATURES, Prepared
from linking.records.scoring import score_rows
from linking.trees import Forest

__all__ = ["WEIGHTS", "Prior", "load_prior"]

Float = NDArray[np.float32]
WEIGHTS = Path(__file__).parent / "weights" / "prior.json"
DECOY_SHARE = 0.6
ENOUGH_PRESENT = 0.5


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
        log_odds = score_rows(self.unique if unique else self.multiple, features)
        return _with_decoys(log_odds, features) if unique else log_odds


def _with_decoys(log_odds: Float, features: Float) -> Float:
    """Moves the prior towards what the decoys of this very task say, where the two records share enough fields.

    The prior knows what matches usually look like, the decoys what they look like here; on data unlike all that the
    prior was trained on, the decoys are the better judge.
    """
    decoys = features[:, UNIQUE_FEATURES.index("decoy_odds")]
    known = features[:, UNIQUE_FEATURES.index("present")] >= ENOUGH_PRESENT
    mixed = (1 - DECOY_SHARE) * np.clip(log_odds, -6, 6) + DECOY_SHARE * np.clip(decoys, -4, 4)
    return np.where(known, mixed, log_odds).astype(np.float32)


@cache
def load_prior() -> Prior:
    """The prior that ships with Bifrost."""
    return Prior.from_dict(json.loads(WEIGHTS.read_text(encoding="utf-8")))
