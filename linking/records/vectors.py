"""Sparse TF-IDF vectors over character 3-grams and words, built by array operations without a Python loop per record."""

from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from linking.records.terms import count_grams, count_words

__all__ = ["gram_counts", "inverse_frequency", "row_cosine", "shared_terms", "sums", "tfidf", "word_counts"]

Csr: TypeAlias = sparse.csr_matrix
Float: TypeAlias = NDArray[np.float32]


def gram_counts(left: pa.Array, right: pa.Array) -> tuple[Csr, Csr]:
    """Counts of character 3-grams (words padded by one blank) as two matrices over the same columns."""
    first, second = count_grams([left, right])
    return first.counts, second.counts


def word_counts(left: pa.Array, right: pa.Array) -> tuple[Csr, Csr]:
    """Counts of words (runs of letters and digits) as two matrices over the same columns."""
    first, second = count_words([left, right])
    return first.counts, second.counts


def inverse_frequency(*matrices: Csr) -> Float:
    """Smoothed inverse document frequency over all rows of the matrices."""
    rows = sum(m.shape[0] for m in matrices)
    frequency = sum(np.bincount(m.indices, minlength=m.shape[1]) for m in matrices)
    return np.asarray(np.log((1 + rows) / (1 + frequency)) + 1, np.float32)


def tfidf(counts: Csr, weights: Float) -> Csr:
    """Rows of unit length, with logarithmic term frequency."""
    result = counts.astype(np.float32)
    result.data = (1 + np.log(result.data)) * weights[result.indices]
    norms = np.sqrt(sums(result.data**2, result.indptr))
    scale = np.where(norms > 0, 1 / np.maximum(norms, 1e-12), 0)
    result.data *= np.repeat(scale, np.diff(result.indptr)).astype(np.float32)
    return result


def row_cosine(
    left: Csr, right: Csr, i: NDArray[np.int64], j: NDArray[np.int64], block: int = 50_000
) -> NDArray[np.float32]:
    """Dot products of row ``i[k]`` of left with row ``j[k]`` of right, in blocks of bounded memory."""
    result = np.zeros(len(i), np.float32)
    for start in range(0, len(i), block):
        shared = shared_terms(left, right, i[start : start + block], j[start : start + block])
        result[start : start + block] = sums(shared.data, shared.indptr)
    return result


def shared_terms(left: Csr, right: Csr, i: NDArray[np.int64], j: NDArray[np.int64]) -> Csr:
    """Of each pair the terms that row ``i[k]`` of left and row ``j[k]`` of right share, with the product of their values."""
    return left[i].multiply(right[j]).tocsr()


def sums(values: Float, bounds: NDArray[np.integer]) -> Float:
    """The sum of ``values[bounds[k]:bounds[k + 1]]`` for each k, float32; the same whatever stands in other segments."""
    result = np.zeros(len(bounds) - 1, np.float32)
    filled = np.flatnonzero(np.diff(bounds))
    if len(filled):
        result[filled] = np.add.reduceat(values, bounds[filled])
    return result
