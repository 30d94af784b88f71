"""Comparison of one field: its different values are numbered once, and pairs of values are compared by the field's kind."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from linking.records import vectors
from linking.records.fields import Field, FieldKind, codes_to_array, numbers_of
from linking.records.terms import BATCH, TermStatistics, count_grams, distinct, merged_codes

__all__ = ["FieldComparer", "FieldStatistics"]

Float: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
BLOCK = 200_000


@dataclass(frozen=True, slots=True)
class FieldStatistics:
    """How the values of a field are spread. ``share`` is that of each of ``values`` among those present.

    ``mean_log_share`` is the mean of its natural logarithm over the records; ``entropy`` (nats) says how much an equal value
    tells: the entropy of the values, times how often the left table has one.
    """

    values: pa.Array
    share: NDArray[np.float64]
    unseen: float
    mean_log_share: float
    entropy: float
    grams: TermStatistics

    @classmethod
    def of(cls, values: pa.Array, left: Ids, right: Ids, kind: FieldKind) -> "FieldStatistics":
        """From the different values and their numbers in both tables; the empty value is absence."""
        counts = np.bincount(left, minlength=len(values)) + np.bincount(right, minlength=len(values))
        grams = _gram_statistics(values, counts) if kind in (FieldKind.NAME, FieldKind.TEXT) else _NO_GRAMS
        present = np.asarray(pc.not_equal(values, "").to_numpy(zero_copy_only=False), bool)
        counts = np.where(present, counts, 0)
        total = max(float(counts.sum()), 1)
        share = counts / total
        some = share[share > 0]
        mean = float((some * np.log(some)).sum()) if len(some) else 0.0
        filled = float(np.mean(share[left] > 0)) if len(left) else 0.0
        return cls(values, share, 1 / total, mean, -mean * filled, grams)

    def share_of(self, values: pa.Array) -> NDArray[np.float64]:
        """The share of each value, as of one occurrence where it is new, 0 for the empty value."""
        if values is self.values:
            return self.share
        place = pc.index_in(values, value_set=self.values)
        known = np.asarray(pc.fill_null(place, -1).to_numpy(zero_copy_only=False), np.int64)
        empty = np.asarray(pc.equal(values, "").to_numpy(zero_copy_only=False), bool)
        found = self.share[known] if len(self.share) else np.zeros(len(known))
        # A value that was only on records changed since is as rare as a new one.
        return np.where(empty, 0.0, np.where((known >= 0) & (found > 0), found, self.unseen))


_NO_GRAMS = TermStatistics(np.zeros(0, np.int64), np.zeros(0, np.float32), 1.0)


class FieldComparer:
    """Compares the values of one field. ``statistics`` are those of this data where none are given."""

    def __init__(self, source: Field, statistics: FieldStatistics | None = None) -> None:
        self.source = source
        sides = [source.left, source.right]
        if source.kind is FieldKind.CODE:
            sides = [codes_to_array(side) for side in sides]
        both = pa.concat_arrays(sides).dictionary_encode()
        numbers = np.asarray(both.indices.to_numpy(zero_copy_only=False), np.int64)
        self._values = both.dictionary
        self._left, self._right = numbers[: len(source.left)], numbers[len(source.left) :]
        if statistics is None:
            statistics = FieldStatistics.of(self._values, self._left, self._right, source.kind)
        self.statistics = statistics
        self._share = statistics.share_of(self._values)

    @property
    def entropy(self) -> float:
        return self.statistics.entropy

    def rarity(self, left: Ids) -> Float:
        """Log of how much rarer the left value is than the field's average value; 0 where absent."""
        share = self._share[self._left[left]]
        log = np.log(np.where(share > 0, share, 1.0))
        return np.asarray(np.where(share > 0, self.statistics.mean_log_share - log, 0), np.float32)

    def similarity(self, left: Ids, right: Ids) -> Float:
        """Similarity in [0, 1] of each pair of rows, NaN where a side is absent."""
        result = np.zeros(len(left), np.float32)
        for start in range(0, len(left), BLOCK):
            block = slice(start, start + BLOCK)
            result[block] = self._block(self._left[left[block]], self._right[right[block]])
        return result

    def _block(self, a: Ids, b: Ids) -> Float:
        result = np.full(len(a), np.nan, np.float32)
        present = (self._share[a] > 0) & (self._share[b] > 0)
        result[present & (a == b)] = 1.0
        open_ = np.flatnonzero(present & (a != b))
        key, back = np.unique(a[open_] * len(self._values) + b[open_], return_inverse=True)
        # Equal after everything but letters and digits is only nearly equal for strings.
        compared = np.minimum(self._of_kind(key // len(self._values), key % len(self._values)), 0.995)
        result[open_] = compared[back]
        return result

    def _of_kind(self, a: Ids, b: Ids) -> Float:
        """Similarity of different values by their numbers."""
        if not len(a):
            return np.zeros(0, np.float32)
        if self.source.kind is FieldKind.NUMBER:
            x, y = numbers_of(self._values.take(pa.array(a))), numbers_of(self._values.take(pa.array(b)))
            scale = np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-9)
            return np.asarray(np.nan_to_num(1 - np.minimum(np.abs(x - y) / scale, 1), nan=0.0), np.float32)
        if self.source.kind is FieldKind.TEXT:
            return self._cosine(a, b)
        first, second = (self._values.take(pa.array(x)).to_pylist() for x in (a, b))
        edits = process.cpdist(first, second, scorer=OSA.normalized_similarity, dtype=np.float32)
        return edits if self.source.kind is FieldKind.CODE else np.maximum(edits, self._cosine(a, b))

    def _cosine(self, a: Ids, b: Ids) -> Float:
        used = distinct(np.concatenate([a, b]))
        (terms,) = count_grams([self._values.take(pa.array(used))])
        rows = vectors.tfidf(terms.counts, self.statistics.grams.weigh(terms.codes))
        return vectors.row_cosine(rows, rows, np.searchsorted(used, a), np.searchsorted(used, b))


def _gram_statistics(values: pa.Array, counts: NDArray[np.int64]) -> TermStatistics:
    """Document frequencies of 3-grams over all records, from the different values and how often each occurs."""
    parts = []
    for start in range(0, len(values), BATCH):
        (terms,) = count_grams([values[start : start + BATCH]])
        texts = np.repeat(counts[start : start + BATCH], np.diff(terms.counts.indptr))
        parts.append((terms.codes, np.bincount(terms.counts.indices, texts, minlength=len(terms.codes))))
    if not parts:
        return _NO_GRAMS
    codes = merged_codes([c for c, _ in parts])
    frequency = np.zeros(len(codes))
    for own, found in parts:
        frequency[np.searchsorted(codes, own)] += found
    return TermStatistics.of(codes, frequency, int(counts.sum()))
