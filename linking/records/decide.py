"""Decisions: from scored pairs to pairs that may all be merged, one-to-one or by clusters that resist chains."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components

from linking.records.blocking import Pairs

__all__ = ["cluster_records", "components", "unique_mapping"]

Float = NDArray[np.float32]
SMALL = 4
"""Records up to which a group counts as small."""


def unique_mapping(
    pairs: Pairs, score: Float, *, unique_left: bool = True, unique_right: bool = True
) -> NDArray[np.bool_]:
    """Best first, each record at most once on the sides that are unique (unique mapping clustering)."""
    order = np.argsort(-score, kind="stable")
    chosen = np.zeros(len(pairs), bool)
    used_left: set[int] = set()
    used_right: set[int] = set()
    for k, i, j in zip(order.tolist(), pairs.left[order].tolist(), pairs.right[order].tolist(), strict=True):
        if (unique_left and i in used_left) or (unique_right and j in used_right):
            continue
        used_left.add(i)
        used_right.add(j)
        chosen[k] = True
    return chosen


def components(pairs: Pairs, keep: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """The connected component of each record over the kept pairs of one table."""
    chosen = pairs.take(keep)
    graph = sparse.coo_matrix((np.ones(len(chosen), np.int8), (chosen.left, chosen.right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def cluster_records(
    pairs: Pairs,
    probability: Float,
    size: int,
    *,
    threshold: float,
    link: float = 0.2,
    largest: int = 2_000,
    small_factor: float = 1.0,
) -> NDArray[np.int64]:
    """The cluster of each record of one table by average linkage of pair probabilities.

    Two groups are joined while the mean probability over all their pairs is at least ``threshold``, so one strong pair
    cannot chain two groups. Pairs that are no candidates count as probability 0. Components over pairs above
    ``link`` that hold more than ``largest`` records are cut by a higher ``link`` first. Small groups need
    ``small_factor`` times the threshold: the mean over few pairs says less.
    """
    label = np.arange(size)
    _cluster(pairs, probability, np.arange(size), label, (threshold, small_factor * threshold), link, largest)
    return label


def _cluster(
    pairs: Pairs,
    probability: Float,
    records: NDArray[np.int64],
    label: NDArray[np.int64],
    threshold: tuple[float, float],
    link: float,
    largest: int,
) -> None:
    """Writes the smallest member of its cluster to ``label`` for each record; thresholds of large and of small groups."""
    position = np.full(len(label), -1)
    position[records] = np.arange(len(records))
    local = Pairs(position[pairs.left], position[pairs.right])
    component = components(local, probability >= link, len(records))
    order = np.argsort(component, kind="stable")
    bounds = np.searchsorted(component[order], np.arange(component.max(initial=-1) + 2))
    inside = component[local.left] == component[local.right]
    pair_order = np.flatnonzero(inside)[np.argsort(component[local.left[inside]], kind="stable")]
    pair_bounds = np.searchsorted(component[local.left[pair_order]], np.arange(component.max(initial=-1) + 2))
    for c in range(len(bounds) - 1):
        members = order[bounds[c] : bounds[c + 1]]
        if len(members) < 2:
            continue
        mine = pair_order[pair_bounds[c] : pair_bounds[c + 1]]
        if len(members) > largest and link < 0.99:
            part = pairs.take(mine)
            _cluster(part, probability[mine], records[members], label, threshold, min(link + 0.15, 0.99), largest)
            continue
        groups = _average_linkage(local, probability, members, mine, threshold, largest)
        for g in np.unique(groups):
            same = records[members[groups == g]]
            label[same] = same.min()


def _average_linkage(
    local: Pairs,
    probability: Float,
    members: NDArray[np.int64],
    mine: NDArray[np.int64],
    threshold: tuple[float, float],
    largest: int,
) -> NDArray[np.int64]:
    n = len(members)
    if n > largest:
        return np.zeros(n, np.int64)
    slot = {int(m): k for k, m in enumerate(members)}
    distance = np.ones((n, n), np.float32)
    a = np.array([slot[x] for x in local.left[mine].tolist()], np.int64)
    b = np.array([slot[x] for x in local.right[mine].tolist()], np.int64)
    distance[a, b] = distance[b, a] = np.maximum(1 - probability[mine], 0)
    tree = linkage(distance[np.triu_indices(n, 1)], "average")
    groups = np.asarray(fcluster(tree, 1 - threshold[0], criterion="distance"), np.int64)
    strict = np.asarray(fcluster(tree, 1 - min(threshold[1], 0.99), criterion="distance"), np.int64)
    # Cuts of one tree are nested, so a small group falls into whole groups of the stricter cut.
    small = np.bincount(groups)[groups] <= SMALL
    return np.where(small, groups.max() + strict, groups)
