"""A prepared matching task: candidates, comparisons and features, all that does not depend on people's answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.records.blocking import Pairs, best_of_each, nearest, union
from linking.records.compare import Comparer
from linking.records.features import (
    PAIR_FEATURES,
    RIVAL_FEATURES,
    PairTable,
    compare_pairs,
    pair_features,
    rival_features,
)
from linking.records.fields import Records
from linking.records.options import MatchOptions

__all__ = ["MULTIPLE_FEATURES", "Prepared", "block", "prepare"]

Float = NDArray[np.float32]
LEAST_BUDGET = 5e7
BEST_KEPT = 3
"""Of many candidates so many of each record are compared in full: decoys look no further than the third."""
MULTIPLE_FEATURES = (*PAIR_FEATURES, *RIVAL_FEATURES)
"""What is known of a pair, whatever the task."""


@dataclass(frozen=True)
class Prepared:
    """``multiple`` is float32 [pairs, MULTIPLE_FEATURES]."""

    comparer: Comparer
    table: PairTable
    multiple: Float

    @property
    def pairs(self) -> Pairs:
        return self.table.pairs

    @property
    def margin(self) -> Float:
        """How much more alike a pair is than the best rival of either record; negative where a rival is better."""
        return np.asarray(self.multiple[:, MULTIPLE_FEATURES.index("mix_margin_low")])


def block(comparer: Comparer, options: MatchOptions, rows: NDArray[np.int64] | None = None) -> Pairs:
    """Candidates: nearest neighbours by character 3-grams and by words, of ``rows`` of the left table or of all."""
    dirty = comparer.records.dirty
    spaces = ((comparer.grams, options.neighbours), (comparer.words, options.word_neighbours))
    budget = max(LEAST_BUDGET, options.budget_per_record * sum(comparer.records.shape))
    found = [nearest(s.left, s.right, k, budget=budget, dirty=dirty, rows=rows) for s, k in spaces]
    pairs = union([(p.left, p.right) for p in found], comparer.records.shape[1], dirty=dirty)
    if dirty or len(pairs) <= options.candidates_kept:
        return pairs
    # Frequent terms were left out to find candidates; with all terms the best of them are told apart cheaply.
    return pairs.take(best_of_each(pairs, comparer.likeness(pairs), comparer.records.shape, BEST_KEPT))


def prepare(records: Records, options: MatchOptions, rows: NDArray[np.int64] | None = None) -> Prepared:
    """Blocks, compares and describes the pairs."""
    comparer = Comparer(records)
    pairs = block(comparer, options, rows)
    table = compare_pairs(comparer, pairs, seed=options.seed)
    own = pair_features(comparer, table)
    return Prepared(comparer, table, np.hstack([own, rival_features(comparer, pairs, own)]))
