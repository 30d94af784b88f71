"""Inference for gradient-boosted trees in plain arrays: no pickles, no training library at run time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Forest"]

_CELLS = 100_000
"""Places in trees that are kept track of at once."""


@dataclass(frozen=True, slots=True)
class Forest:
    """All nodes of all trees in one table. ``feature`` is -1 in leaves; missing values go left where ``missing_left``.

    ``roots`` [trees]; the other arrays [nodes]. The log-odds are ``bias`` plus the sum of one leaf per tree, then
    ``slope`` and ``shift`` of a Platt calibration.
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    bias: float
    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Forest":
        """The inverse of :meth:`to_dict`."""
        return cls(
            np.array(data["roots"], np.int64),
            np.array(data["feature"], np.int64),
            np.array(data["threshold"], np.float64),
            np.array(data["left"], np.int64),
            np.array(data["right"], np.int64),
            np.array(data["missing_left"], np.bool_),
            np.array(data["value"], np.float64),
            float(data["bias"]),
            float(data.get("slope", 1.0)),
            float(data.get("shift", 0.0)),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON, numbers rounded to what matters."""
        return {
            "roots": self.roots.tolist(),
            "feature": self.feature.tolist(),
            "threshold": [float(f"{t:.7g}") for t in self.threshold],
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "missing_left": [int(m) for m in self.missing_left],
            "value": [float(f"{v:.5g}") for v in self.value],
            "bias": self.bias,
            "slope": self.slope,
            "shift": self.shift,
        }

    def log_odds(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 [n] from float64 [n, features]; NaN is missing."""
        total = np.full(len(matrix), self.bias)
        step = max(1, _CELLS // max(len(self.roots), 1))
        for start in range(0, len(matrix), step):
            block, part = matrix[start : start + step], total[start : start + step]
            for leaves in self.value[self._leaves(block)].T:
                part += leaves
        return np.asarray(self.slope * total + self.shift, np.float64)

    def _leaves(self, matrix: NDArray[np.float64]) -> NDArray[np.int64]:
        """The leaf of each row in each tree, int64 [n, trees]: all trees are walked down at once."""
        rows = np.arange(len(matrix))[:, None]
        node = np.broadcast_to(self.roots, (len(matrix), len(self.roots)))
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return node
            x = matrix[rows, np.maximum(feature, 0)]
            left = np.where(np.isnan(x), self.missing_left[node], x <= self.threshold[node])
            node = np.where(inner, np.where(left, self.left[node], self.right[node]), node)
