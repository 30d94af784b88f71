"""Comparison: what each candidate pair has in common, per field by its kind and over all fields, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA
from scipy import sparse

from linking.records import vectors
from linking.records.blocking import Pairs
from linking.records.fields import Field, FieldKind, Records, codes_to_array, joined, numbers_of

__all__ = ["Comparer"]

Csr: TypeAlias = sparse.csr_matrix
Float: TypeAlias = NDArray[np.float32]
BLOCK = 200_000


@dataclass(frozen=True, slots=True)
class _Side:
    left: Csr
    right: Csr


class Comparer:
    """Compares pairs of one matching task. Vectors are built once; each call is bounded by its number of pairs."""

    def __init__(self, records: Records) -> None:
        self.records = records
        left = joined([f.left for f in records.fields])
        right = left if records.dirty else joined([f.right for f in records.fields])
        counts = vectors.gram_counts(left, right)
        self.grams = self._weighted(*counts)
        word_left, word_right, words = vectors.word_counts(left, right)
        self.words = self._weighted(word_left, word_right)
        self.sharp_grams = self._weighted(*counts, power=2.0)
        self.sharp_words = self._weighted(word_left, word_right, power=2.0)
        frequency = self._frequency(word_left, word_right)
        self.rare_words = self._binary(word_left, word_right, frequency)
        has_digit = np.asarray(pc.match_substring_regex(words, "[0-9]").to_numpy(zero_copy_only=False), bool)
        letters = np.asarray(pc.match_substring_regex(words, r"\p{L}").to_numpy(zero_copy_only=False), bool)
        length = np.asarray(pc.utf8_length(words).to_numpy(zero_copy_only=False))
        code = has_digit & (length >= 4) & (letters | (length >= 5))
        number = has_digit & ~code
        self.codes = self._binary(word_left, word_right, frequency * code)
        self.numbers = self._binary(word_left, word_right, frequency * number)
        self.fields = tuple(_FieldComparer(f, records.dirty) for f in records.fields)

    def _weighted(self, left: Csr, right: Csr, power: float = 1.0) -> _Side:
        weights = self._frequency(left, right) ** power
        weighted = vectors.tfidf(left, weights)
        return _Side(weighted, weighted if self.records.dirty else vectors.tfidf(right, weights))

    def _frequency(self, left: Csr, right: Csr) -> NDArray[np.float32]:
        return vectors.inverse_frequency(left) if self.records.dirty else vectors.inverse_frequency(left, right)

    def _binary(self, left: Csr, right: Csr, weights: NDArray[np.float32]) -> _Side:
        def apply(counts: Csr) -> Csr:
            result = counts.copy()
            result.data = np.sqrt(weights[result.indices]).astype(np.float32)
            result.eliminate_zeros()
            return result

        first = apply(left)
        return _Side(first, first if self.records.dirty else apply(right))

    def similarities(self, pairs: Pairs) -> NDArray[np.float32]:
        """Similarity in [0, 1] of each field, NaN where a side is absent, float32 [pairs, fields]."""
        return np.stack([f.similarity(pairs.left, pairs.right) for f in self.fields], axis=1)

    def rarities(self, pairs: Pairs) -> NDArray[np.float32]:
        """Log of how much rarer the left value is than the field's average value, float32 [pairs, fields]."""
        return np.stack([f.rarity(pairs.left) for f in self.fields], axis=1)

    def likeness(self, pairs: Pairs) -> NDArray[np.float32]:
        """The measure called ``mix`` of :meth:`overall` alone."""
        i, j = pairs.left, pairs.right
        grams = vectors.row_cosine(self.sharp_grams.left, self.sharp_grams.right, i, j)
        words = vectors.row_cosine(self.sharp_words.left, self.sharp_words.right, i, j)
        return np.asarray((grams + words) / 2, np.float32)

    def overall(self, pairs: Pairs) -> dict[str, NDArray[np.float32]]:
        """Similarities over all fields together, by feature name."""
        i, j = pairs.left, pairs.right
        result: dict[str, Float] = {
            "grams": vectors.row_cosine(self.grams.left, self.grams.right, i, j),
            "words": vectors.row_cosine(self.words.left, self.words.right, i, j),
            "sharp_grams": vectors.row_cosine(self.sharp_grams.left, self.sharp_grams.right, i, j),
            "sharp_words": vectors.row_cosine(self.sharp_words.left, self.sharp_words.right, i, j),
        }
        result["mix"] = np.asarray((result["sharp_grams"] + result["sharp_words"]) / 2, np.float32)
        for name, side in (("rare_words", self.rare_words), ("codes", self.codes), ("numbers", self.numbers)):
            shared = vectors.row_cosine(side.left, side.right, i, j)
            a, b = _mass(side.left)[i], _mass(side.right)[j]
            smaller = np.minimum(a, b)
            overlap = np.divide(shared, smaller, out=np.zeros_like(shared), where=smaller > 0)
            result[f"{name}_contained"] = overlap
            if name != "rare_words":
                result[f"{name}_conflict"] = np.where(smaller > 0, 1 - overlap, 0).astype(np.float32)
                result[f"{name}_shared"] = np.log1p(shared)
        return result


def _mass(matrix: Csr) -> NDArray[np.float32]:
    return np.asarray(matrix.multiply(matrix).sum(axis=1), np.float32).ravel()


class _FieldComparer:
    """Compares the values of one field by its kind; what it needs is built at first use."""

    def __init__(self, source: Field, dirty: bool) -> None:
        self.source, self.dirty = source, dirty

    @cached_property
    def _values(self) -> tuple[Sequence[str], Sequence[str]]:
        sides = (self.source.left, self.source.right)
        if self.source.kind is FieldKind.CODE:
            sides = (codes_to_array(sides[0]), codes_to_array(sides[1]))
        left = sides[0].to_pylist()
        return left, left if self.dirty else sides[1].to_pylist()

    @cached_property
    def _numbers(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return numbers_of(self.source.left), numbers_of(self.source.right)

    @cached_property
    def _grams(self) -> _Side:
        left, right = vectors.gram_counts(self.source.left, self.source.right)
        weights = vectors.inverse_frequency(left, right)
        return _Side(vectors.tfidf(left, weights), vectors.tfidf(right, weights))

    @cached_property
    def _codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Dictionary codes of both sides and the share of each value among the present values."""
        left, right = (pa.array(v, pa.string()) for v in self._values)
        both = pa.concat_arrays([left, right]).dictionary_encode()
        codes = np.asarray(both.indices.to_numpy(zero_copy_only=False), np.int64)
        counts = np.bincount(codes).astype(np.float64)
        empty = np.asarray(pc.equal(both.dictionary, "").to_numpy(zero_copy_only=False), bool)
        counts[empty] = 0
        return codes[: len(left)], codes[len(left) :], counts / max(counts.sum(), 1)

    @cached_property
    def _mean_log_share(self) -> float:
        share = self._codes[2]
        share = share[share > 0]
        return float((share * np.log(share)).sum()) if len(share) else 0.0

    def rarity(self, left: NDArray[np.int64]) -> NDArray[np.float32]:
        share = self._codes[2][self._codes[0][left]]
        log = np.log(np.where(share > 0, share, 1.0))
        return np.asarray(np.where(share > 0, self._mean_log_share - log, 0), np.float32)

    @cached_property
    def entropy(self) -> float:
        """How much an equal value says, in nats: the entropy of the values present, times how often one is present."""
        present = float(np.mean(self._codes[2][self._codes[0]] > 0)) if len(self._codes[0]) else 0.0
        return -self._mean_log_share * present

    def similarity(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
        codes_left, codes_right, share = self._codes
        a, b = codes_left[left], codes_right[right]
        absent = (share[a] == 0) | (share[b] == 0)
        result = self._of_kind(left, right)
        result[a == b] = 1.0
        # Equal after everything but letters and digits is only nearly equal for strings.
        result[(a != b) & (result > 0.995)] = 0.995
        result[absent] = np.nan
        return result

    def _of_kind(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.source.kind is FieldKind.NUMBER:
            x, y = self._numbers[0][left], self._numbers[1][right]
            scale = np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-9)
            return np.asarray(np.nan_to_num(1 - np.minimum(np.abs(x - y) / scale, 1), nan=0.0), np.float32)
        if self.source.kind is FieldKind.TEXT:
            return vectors.row_cosine(self._grams.left, self._grams.right, left, right)
        edits = self._edit_similarity(left, right)
        if self.source.kind is FieldKind.CODE:
            return edits
        return np.maximum(edits, vectors.row_cosine(self._grams.left, self._grams.right, left, right))

    def _edit_similarity(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
        result = np.zeros(len(left), np.float32)
        first, second = self._values
        for start in range(0, len(left), BLOCK):
            a = [first[x] for x in left[start : start + BLOCK].tolist()]
            b = [second[x] for x in right[start : start + BLOCK].tolist()]
            result[start : start + BLOCK] = process.cpdist(a, b, scorer=OSA.normalized_similarity, dtype=np.float32)
        return result
