"""Fast scoring of many pairs by a small-tree forest: comparisons and bit masks over whole columns.

QuickScorer (Lucchese et al. 2015): every inner node that sends a row to the right clears the leaves of its left
subtree in the row's bit mask; the first leaf left is where the row ends. Each step is one array operation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.trees import Forest

__all__ = ["score_rows"]

BLOCK = 8_192
LEAVES = 8


@dataclass(frozen=True, slots=True)
class _Tree:
    """``nodes`` are (feature, threshold, mask that a step to the right leaves); ``values[mask]`` is the leaf's value."""

    nodes: tuple[tuple[int, np.float32, np.uint8], ...]
    values: NDArray[np.float32]


def score_rows(forest: Forest, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log odds, float32 [rows], the same as ``forest.log_odds`` up to rounding. Features must not be NaN.

    Trees may have up to eight leaves.
    """
    trees = [_compile(forest, int(root)) for root in forest.roots]
    result = np.empty(len(features), np.float32)
    for start in range(0, len(features), BLOCK):
        columns = np.ascontiguousarray(features[start : start + BLOCK].T, np.float32)
        total = np.full(columns.shape[1], forest.bias, np.float32)
        for tree in trees:
            mask = np.full(columns.shape[1], 255, np.uint8)
            for feature, threshold, left_out in tree.nodes:
                right = (columns[feature] > threshold).view(np.uint8)
                mask &= ~(right * left_out)
            total += tree.values[mask]
        result[start : start + BLOCK] = total
    return np.asarray(forest.slope * result + forest.shift, np.float32)


def _compile(forest: Forest, root: int) -> _Tree:
    leaves: list[float] = []
    nodes: list[tuple[int, np.float32, np.uint8]] = []

    def walk(node: int) -> tuple[int, int]:
        """Leaves of the subtree as a range."""
        first = len(leaves)
        if forest.feature[node] < 0:
            leaves.append(float(forest.value[node]))
        else:
            _, middle = walk(int(forest.left[node]))
            walk(int(forest.right[node]))
            lost = sum(1 << leaf for leaf in range(first, middle))
            nodes.append((int(forest.feature[node]), _round_down(float(forest.threshold[node])), np.uint8(lost)))
        return first, len(leaves)

    walk(root)
    if len(leaves) > LEAVES:
        raise ValueError(f"a tree has {len(leaves)} leaves, more than {LEAVES}")
    # The lowest bit still set is the leaf; bits above the last leaf never are the lowest.
    lowest = np.array([(m & -m).bit_length() - 1 for m in range(256)])
    values = np.array([leaves[b] if 0 <= b < len(leaves) else 0.0 for b in lowest.tolist()], np.float32)
    return _Tree(tuple(nodes), values)


def _round_down(threshold: float) -> np.float32:
    """The largest float32 that is not above: comparisons with float32 features stay the same."""
    rounded = np.float32(threshold)
    return rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf))
