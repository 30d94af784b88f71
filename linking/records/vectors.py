"""Sparse TF-IDF vectors over character 3-grams and words, built by array operations without a Python loop per record."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["gram_counts", "inverse_frequency", "row_cosine", "tfidf", "word_counts"]

Csr: TypeAlias = sparse.csr_matrix


def gram_counts(left: pa.Array, right: pa.Array, n: int = 3) -> tuple[Csr, Csr]:
    """Counts of character n-grams (words padded by one blank) as two matrices over the same columns."""
    sides = [_gram_ids(text, n) for text in (left, right)]
    return _compact(sides, (len(left), len(right)))


def word_counts(left: pa.Array, right: pa.Array) -> tuple[Csr, Csr, pa.Array]:
    """Counts of words (runs of letters and digits) as two matrices over the same columns, and the words."""
    lists = [_words(text) for text in (left, right)]
    both = pa.concat_arrays([words for _, words in lists]).dictionary_encode()
    ids = np.asarray(both.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    cut = len(lists[0][1])
    width = max(len(both.dictionary), 1)
    left_matrix = _matrix(lists[0][0], ids[:cut], (len(left), width))
    right_matrix = _matrix(lists[1][0], ids[cut:], (len(right), width))
    return left_matrix, right_matrix, both.dictionary


def inverse_frequency(*matrices: Csr) -> NDArray[np.float32]:
    """Smoothed inverse document frequency over all rows of the matrices."""
    rows = sum(m.shape[0] for m in matrices)
    frequency = sum(np.bincount(m.indices, minlength=m.shape[1]) for m in matrices)
    return np.asarray(np.log((1 + rows) / (1 + frequency)) + 1, np.float32)


def tfidf(counts: Csr, weights: NDArray[np.float32]) -> Csr:
    """Rows of unit length, with logarithmic term frequency."""
    result = counts.astype(np.float32)
    result.data = (1 + np.log(result.data)) * weights[result.indices]
    norms = np.sqrt(np.add.reduceat(np.append(result.data**2, 0), result.indptr[:-1])) if result.nnz else np.zeros(0)
    lengths = np.diff(result.indptr)
    if result.nnz:
        scale = np.where(lengths > 0, 1 / np.maximum(norms, 1e-12), 0)
        result.data *= np.repeat(scale, lengths).astype(np.float32)
    return result


def row_cosine(
    left: Csr, right: Csr, i: NDArray[np.int64], j: NDArray[np.int64], block: int = 50_000
) -> NDArray[np.float32]:
    """Dot products of row ``i[k]`` of left with row ``j[k]`` of right, in blocks of bounded memory."""
    result = np.zeros(len(i), np.float32)
    for start in range(0, len(i), block):
        stop = start + block
        product = left[i[start:stop]].multiply(right[j[start:stop]])
        result[start:stop] = np.asarray(product.sum(axis=1)).ravel()
    return result


@dataclass(frozen=True, slots=True)
class _Occurrences:
    row: NDArray[np.int64]
    id: NDArray[np.int64]


def _gram_ids(text: pa.Array, n: int) -> _Occurrences:
    # Punctuation becomes a blank; each value is padded by one blank on either side, so that n-grams never span records.
    clean = pc.replace_substring_regex(text, r"[^\p{L}\p{N}]+", " ")
    padded = pc.binary_join_element_wise(" ", pc.utf8_trim(clean, " "), " ", "").cast(pa.large_string())
    offsets = np.frombuffer(padded.buffers()[1], np.int64, count=len(padded) + 1, offset=8 * padded.offset)
    data = np.frombuffer(padded.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]].astype(np.int64)
    offsets = offsets - offsets[0]
    if len(data) < n:
        empty = np.zeros(0, np.int64)
        return _Occurrences(empty, empty)
    ids = data[: len(data) - n + 1].copy()
    for k in range(1, n):
        ids = ids * 256 + data[k : len(data) - n + 1 + k]
    row = np.repeat(np.arange(len(padded)), np.diff(offsets))[: len(ids)]
    inside = np.arange(len(ids)) + n <= offsets[1:][row]
    return _Occurrences(row[inside], ids[inside])


def _compact(sides: list[_Occurrences], rows: tuple[int, int]) -> tuple[Csr, Csr]:
    vocabulary = np.unique(np.concatenate([np.unique(s.id) for s in sides]))
    width = max(len(vocabulary), 1)
    left, right = (
        _matrix(s.row, np.searchsorted(vocabulary, s.id), (n, width)) for s, n in zip(sides, rows, strict=True)
    )
    return left, right


def _matrix(row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, int]) -> Csr:
    matrix = sparse.coo_matrix((np.ones(len(row), np.float32), (row, column)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix


def _words(text: pa.Array) -> tuple[NDArray[np.int64], pa.Array]:
    # Hyphens and dots inside a word are dropped: CLI-8M and CLI8M, 1.000 and 1000, are the same word.
    glued = pc.replace_substring_regex(text, r"([\p{L}\p{N}])[-.'/]([\p{N}])", r"\1\2")
    clean = pc.utf8_trim(pc.replace_substring_regex(glued, r"[^\p{L}\p{N}]+", " "), " ")
    lists = pc.utf8_split_whitespace(pc.if_else(pc.equal(clean, ""), None, clean))
    return np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), np.int64), pc.list_flatten(lists)
