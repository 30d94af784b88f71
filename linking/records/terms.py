"""Terms: the character 3-grams or words of many texts, counted in batches over one sorted vocabulary of codes."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from linking.records.parallel import in_order

__all__ = [
    "CODE",
    "NUMBER",
    "TermStatistics",
    "Terms",
    "count_fragments",
    "count_grams",
    "count_words",
    "distinct",
    "merged_codes",
]

Csr: TypeAlias = sparse.csr_matrix
Ids: TypeAlias = NDArray[np.int64]
Tokens: TypeAlias = tuple[Ids, Ids, NDArray[np.int64]]
"""Of each occurrence its text and the position of its code, and the codes, sorted."""
GRAM, FRAGMENT = 3, 5
BATCH = 50_000
_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)
"""Knuth's multiplicative hashing: the upper bits of the product are the hash."""
PLAIN, CODE, NUMBER = 0, 1, 2
"""What a word is; the two lowest bits of its code."""
SHORTEST_CODE = 4
"""Letters and digits of a word that counts as a code; one of digits only needs one more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Texts by terms: ``counts`` is float32 CSR [texts, terms], sorted in each row; ``codes`` are the terms, ascending."""

    codes: Ids
    counts: Csr

    def damp(self) -> "Terms":
        """Replaces the counts by 1 + ln(count), in place."""
        np.log(self.counts.data, out=self.counts.data)
        self.counts.data += 1
        return self

    def over(self, codes: Ids) -> "Terms":
        """The same over a larger vocabulary."""
        if len(codes) == len(self.codes):
            return self
        place = np.searchsorted(codes, self.codes).astype(np.int32)
        index = place[self.counts.indices] if len(place) else self.counts.indices
        return Terms(codes, _csr(self.counts.data, index, self.counts.indptr, len(codes)))

    def with_rows(self, old: Ids, fresh: "Terms") -> "Terms":
        """Row k is this one's row ``old[k]``, or where that is negative the next row of ``fresh`` (same vocabulary)."""
        both = sparse.vstack([self.counts, fresh.counts], format="csr")
        new = old < 0
        source = old.copy()
        source[new] = self.counts.shape[0] + np.arange(int(new.sum()))
        return Terms(self.codes, both[source])


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """How telling terms are: smoothed inverse document frequencies of ``codes``, ``unseen`` for all other terms."""

    codes: Ids
    weights: NDArray[np.float32]
    unseen: float

    @classmethod
    def of(cls, codes: Ids, frequency: NDArray[np.float64], texts: int) -> "TermStatistics":
        """From the number of texts that hold each term."""
        weights = (np.log((1 + texts) / (1 + frequency)) + 1).astype(np.float32)
        return cls(codes, weights, float(np.log(1 + texts) + 1))

    def weigh(self, codes: Ids) -> NDArray[np.float32]:
        """The weight of each code, float32."""
        if codes is self.codes:
            return self.weights
        if not len(self.codes):
            return np.full(len(codes), self.unseen, np.float32)
        place = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[place] == codes, self.weights[place], self.unseen).astype(np.float32)


def count_grams(texts: Sequence[pa.Array]) -> list[Terms]:
    """How often each text has each character 3-gram (words padded by one blank), one vocabulary for all arrays."""
    return _counted(texts, gram_tokens)


def count_words(texts: Sequence[pa.Array]) -> list[Terms]:
    """How often each text has each word (run of letters and digits), one vocabulary for all arrays."""
    return _counted(texts, word_tokens)


def count_fragments(texts: Sequence[pa.Array]) -> list[Terms]:
    """How often each text has each run of five bytes, one vocabulary for all arrays."""
    return _counted(texts, lambda text: gram_tokens(text, FRAGMENT))


def gram_tokens(text: pa.Array, n: int = GRAM) -> Tokens:
    """Character n-grams, as their bytes. Each text is padded by one blank on either side, punctuation is a blank.

    Longer ones than 3-grams are known by 24 bits of a hash: a few have one code.
    """
    clean = pc.replace_substring_regex(text, r"[^\p{L}\p{N}]+", " ")
    padded = pc.binary_join_element_wise(" ", pc.utf8_trim(clean, " "), " ", "").cast(pa.large_string())
    offsets = np.frombuffer(padded.buffers()[1], np.int64, count=len(padded) + 1, offset=8 * padded.offset)
    data = np.frombuffer(padded.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]].astype(np.int64)
    offsets = offsets - offsets[0]
    if len(data) < n:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    ids = data[: len(data) - n + 1].copy()
    for k in range(1, n):
        ids = ids * 256 + data[k : len(data) - n + 1 + k]
    if n > GRAM:
        ids = (ids.astype(np.uint64) * _FIBONACCI >> np.uint64(64 - 8 * GRAM)).astype(np.int64)
    row = np.repeat(np.arange(len(padded)), np.diff(offsets))[: len(ids)]
    inside = np.arange(len(ids)) + n <= offsets[1:][row]
    return row[inside], *_numbered(ids[inside])


def word_tokens(text: pa.Array) -> Tokens:
    """Words, as hashes (blake2b) whose lowest bits say whether a word is a code or a number."""
    # Hyphens and dots inside a word are dropped: CLI-8M and CLI8M, 1.000 and 1000, are the same word.
    glued = pc.replace_substring_regex(text, r"([\p{L}\p{N}])[-.'/]([\p{N}])", r"\1\2")
    clean = pc.utf8_trim(pc.replace_substring_regex(glued, r"[^\p{L}\p{N}]+", " "), " ")
    lists = pc.utf8_split_whitespace(pc.if_else(pc.equal(clean, ""), None, clean))
    words = pc.list_flatten(lists).dictionary_encode()
    hashes = (_hash(w) for w in words.dictionary.to_pylist())
    codes = np.fromiter(hashes, np.int64, len(words.dictionary)) & ~np.int64(3) | _kinds(words.dictionary)
    order = np.argsort(codes)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    row = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), np.int64)
    return row, place[np.asarray(words.indices.to_numpy(zero_copy_only=False), np.int64)], codes[order]


def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little", signed=True)


def _kinds(words: pa.Array) -> Ids:
    digit = np.asarray(pc.match_substring_regex(words, "[0-9]").to_numpy(zero_copy_only=False), bool)
    letter = np.asarray(pc.match_substring_regex(words, r"\p{L}").to_numpy(zero_copy_only=False), bool)
    length = np.asarray(pc.utf8_length(words).to_numpy(zero_copy_only=False))
    code = digit & (length >= SHORTEST_CODE) & (letter | (length > SHORTEST_CODE))
    return np.where(code, CODE, np.where(digit, NUMBER, PLAIN)).astype(np.int64)


def _numbered(ids: Ids) -> tuple[Ids, Ids]:
    """Positions among the different ids, and those ids in order. A table where they are few, else a sort."""
    high = int(ids.max(initial=0)) + 1
    if high > 1 << 8 * GRAM:
        codes, place = np.unique(ids, return_inverse=True)
        return place.astype(np.int64), codes
    seen = np.zeros(high, bool)
    seen[ids] = True
    codes = np.flatnonzero(seen)
    table = np.empty(high, np.int64)
    table[codes] = np.arange(len(codes))
    return table[ids], codes


def _counted(texts: Sequence[pa.Array], tokenise: Callable[[pa.Array], Tokens]) -> list[Terms]:
    batches = [text[start : start + BATCH] for text in texts for start in range(0, max(len(text), 1), BATCH)]
    parts = list(in_order(lambda batch: _count(batch, tokenise), batches))
    codes = merged_codes([p.codes for p in parts])
    made, counts = [], iter(parts)
    for text in texts:
        own = [part.over(codes).counts for part in itertools.islice(counts, len(range(0, max(len(text), 1), BATCH)))]
        made.append(Terms(codes, own[0] if len(own) == 1 else sparse.vstack(own, format="csr")))
    return made


def _count(batch: pa.Array, tokenise: Callable[[pa.Array], Tokens]) -> Terms:
    row, place, codes = tokenise(batch)
    width = max(len(codes), 1)
    key = np.sort(row * width + place)
    first = np.flatnonzero(np.diff(key, prepend=-1))
    count = np.diff(first, append=len(key)).astype(np.float32)
    key = key[first]
    bounds = np.searchsorted(key, np.arange(len(batch) + 1) * width)
    return Terms(codes, _csr(count, (key % width).astype(np.int32), bounds, len(codes)))


def merged_codes(codes: Sequence[Ids]) -> Ids:
    """All codes once, ascending. The first array itself where it holds all others."""
    every = distinct(np.concatenate(codes))
    return codes[0] if len(every) == len(codes[0]) else every


def distinct(values: Ids) -> Ids:
    """Each value once, ascending (by sorting, which is faster than the hash table of ``np.unique``)."""
    values = np.sort(values)
    first = np.ones(len(values), bool)
    first[1:] = values[1:] != values[:-1]
    return values[first]


def _csr(data: NDArray[np.float32], index: NDArray[np.int32], bounds: NDArray[np.integer], width: int) -> Csr:
    made = sparse.csr_matrix((data, index, bounds), shape=(len(bounds) - 1, max(width, 1)), copy=False)
    made.has_sorted_indices = True
    return made
