"""Comparison: what each candidate pair has in common, per field by its kind and over all fields, as arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from linking.records.blocking import Pairs
from linking.records.field_compare import FieldComparer, FieldStatistics
from linking.records.fields import Records, joined
from linking.records.parallel import in_order
from linking.records.space import BLOCK, Space
from linking.records.terms import CODE, NUMBER, Terms, TermStatistics, count_fragments, count_grams, count_words
from linking.records.vectors import shared_terms, sums

__all__ = ["Comparer", "Statistics"]

Float: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
Count: TypeAlias = Callable[[Sequence[pa.Array]], list[Terms]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What comparison knows of the data as a whole. After a sync of few records it stays as it was.

    ``fragments`` are those of a large task.
    """

    shape: tuple[int, int]
    grams: TermStatistics
    words: TermStatistics
    fields: tuple[FieldStatistics, ...]
    fragments: TermStatistics | None = None


class Comparer:
    """Compares pairs of one matching task. Vectors are built once; each call works in blocks of bounded memory.

    ``statistics`` are those of this data where none are given. With ``fragments``, or where the statistics have them, there is a
    third space, of runs of five bytes: longer ones than 3-grams are rarer, and find neighbours among many records sooner.
    """

    def __init__(
        self,
        records: Records,
        statistics: Statistics | None = None,
        spaces: tuple[Space, Space, Space | None] | None = None,
        *,
        fragments: bool = False,
    ) -> None:
        self.records = records
        if spaces is None:
            known = statistics and (statistics.grams, statistics.words, statistics.fragments)
            grams, words, long = known or (None, None, None)
            spaces = (
                Space.of(*_both(records, count_grams), grams),
                Space.of(*_both(records, count_words), words),
                Space.of(*_both(records, count_fragments), long) if long or (fragments and not known) else None,
            )
        self.grams, self.words, self.fragments = spaces
        self._known = statistics

    @cached_property
    def fields(self) -> tuple[FieldComparer, ...]:
        """One for each field of the records."""
        sources = self.records.fields
        known: Sequence[FieldStatistics | None] = self._known.fields if self._known else [None] * len(sources)
        return tuple(in_order(lambda x: FieldComparer(*x), zip(sources, known, strict=True)))

    @cached_property
    def statistics(self) -> Statistics:
        if self._known is not None:
            return self._known
        fields = tuple(f.statistics for f in self.fields)
        long = None if self.fragments is None else self.fragments.statistics
        return Statistics(self.records.shape, self.grams.statistics, self.words.statistics, fields, long)

    def changed(self, records: Records, old: tuple[Ids, Ids]) -> "Comparer":
        """The comparer of the same task after a sync: row k of a table was ``old[k]``, or is new where that is negative."""
        texts = [joined([c.take(pa.array(np.flatnonzero(o < 0))) for c in side]) for side, o in _sides(records, old)]

        def changed(space: Space, count: Count) -> Space:
            return space.changed([t.damp() for t in count(texts)], old)

        long = None if self.fragments is None else changed(self.fragments, count_fragments)
        spaces = changed(self.grams, count_grams), changed(self.words, count_words), long
        return Comparer(records, self.statistics, spaces)

    def similarities(self, pairs: Pairs) -> Float:
        """Similarity in [0, 1] of each field, NaN where a side is absent, float32 [pairs, fields]."""
        return np.stack(list(in_order(lambda f: f.similarity(pairs.left, pairs.right), self.fields)), axis=1)

    def rarities(self, pairs: Pairs) -> Float:
        """Log of how much rarer the left value is than the field's average value, float32 [pairs, fields]."""
        return np.stack([f.rarity(pairs.left) for f in self.fields], axis=1)

    def likeness(self, pairs: Pairs) -> Float:
        """The measure called ``mix`` of :meth:`overall` alone."""
        grams, words = (space.sharp(pairs.left, pairs.right) for space in (self.grams, self.words))
        return np.asarray((grams + words) / 2, np.float32)

    def overall(self, pairs: Pairs) -> dict[str, Float]:
        """Similarities over all fields together, by feature name."""
        result: dict[str, Float] = {}
        result["grams"], result["sharp_grams"] = self.grams.cosines(pairs.left, pairs.right)
        starts = range(0, max(len(pairs), 1), BLOCK)
        blocks = list(in_order(lambda s: self._words(pairs.take(slice(s, s + BLOCK))), starts))
        result.update({name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]})
        result["mix"] = np.asarray((result["sharp_grams"] + result["sharp_words"]) / 2, np.float32)
        return result

    def _words(self, pairs: Pairs) -> dict[str, Float]:
        i, j = pairs.left, pairs.right
        shared = shared_terms(self.words.left.counts, self.words.right.counts, i, j)
        result: dict[str, Float] = {}
        result["words"], result["sharp_words"] = self.words.cosines_of(shared, i, j)
        for name, worth in (("rare_words", self.words.weights), *self._telling.items()):
            common, overlap, both = _overlap(shared, worth, (self.words.left, i), (self.words.right, j))
            result[f"{name}_contained"] = overlap
            if name != "rare_words":
                result[f"{name}_conflict"] = np.where(both, 1 - overlap, 0).astype(np.float32)
                result[f"{name}_shared"] = np.log1p(common)
        return result

    def conflicts(self, side: int, i: Ids, j: Ids) -> Float:
        """The share of codes or numbers, whichever is larger, that rows of one side (0 left, 1 right) do not share where both
        have some."""
        terms = (self.words.left, self.words.right)[side]
        result = np.zeros(len(i), np.float32)
        for start in range(0, len(i), BLOCK):
            a, b = i[start : start + BLOCK], j[start : start + BLOCK]
            shared = shared_terms(terms.counts, terms.counts, a, b)
            for worth in self._telling.values():
                _, overlap, both = _overlap(shared, worth, (terms, a), (terms, b))
                part = result[start : start + BLOCK]
                np.maximum(part, np.where(both, 1 - overlap, 0), out=part)
        return result

    @property
    def _telling(self) -> dict[str, Float]:
        """What each word is worth as a code, and as a number."""
        weights, kind = self.words.weights, self.words.codes & 3
        return {"codes": weights * (kind == CODE), "numbers": weights * (kind == NUMBER)}


def _overlap(
    shared: sparse.csr_matrix, worth: Float, left: tuple[Terms, Ids], right: tuple[Terms, Ids]
) -> tuple[Float, Float, NDArray[np.bool_]]:
    """What the terms that two rows share are worth, as a part of what the row with less has, and whether both have any."""
    common = sums(worth[shared.indices], shared.indptr)
    smaller = np.minimum(_mass(left[0], worth, left[1]), _mass(right[0], worth, right[1]))
    both = smaller > 0
    return common, np.divide(common, smaller, out=np.zeros_like(common), where=both), both


def _mass(terms: Terms, worth: Float, rows: Ids) -> Float:
    """What all terms of each row are worth together."""
    counts = terms.counts[rows]
    return sums(worth[counts.indices], counts.indptr)


def _both(records: Records, count: Count) -> tuple[Terms, Terms]:
    """Both tables by terms with logarithmic frequency; twice the same object in one table."""
    sides = [[f.left for f in records.fields]]
    if not records.dirty:
        sides.append([f.right for f in records.fields])
    made = [terms.damp() for terms in count([joined(side) for side in sides])]
    return made[0], made[-1]


def _sides(records: Records, old: tuple[Ids, Ids]) -> list[tuple[list[pa.Array], Ids]]:
    left = ([f.left for f in records.fields], old[0])
    return [left] if records.dirty else [left, ([f.right for f in records.fields], old[1])]
