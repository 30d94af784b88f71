"""Codes in names and texts of one table: where they tell things apart, records with different ones are two things.

A catalogue describes the models of a series in nearly the same words. What differs is a code in the middle of the text, and
a record of another origin that has the same code describes the same thing.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linking.records.blocking import Pairs
from linking.records.fields import FieldKind, joined
from linking.records.prepared import Prepared
from linking.records.space import BLOCK
from linking.records.terms import CODE, PLAIN, Terms, TermStatistics, count_words
from linking.records.vectors import shared_terms, sums

__all__ = ["code_worth", "telling_fields"]

Float = NDArray[np.float32]
DIFFERENT = 0.5
"""Codes tell things apart where of likely pairs whose texts are alike a larger share of the codes is different."""
ALIKE = 0.5
"""The share of other words that texts that are alike have in common."""
FEWEST = 30
"""Likely pairs with texts that are alike, below which nothing is concluded."""
AGAINST, FOR = 8.0, 3.0
"""Log odds that different codes take away and shared ones add."""


def telling_fields(prepared: Prepared, log_odds: Float) -> tuple[str, ...]:
    """The names and texts of one table whose codes tell things apart, judged by the pairs that are likely by all else.

    Texts that vary from record to record of a thing have different codes, too, but other words as well.
    """
    likely = prepared.pairs.take(log_odds > 0)
    found = []
    for field in prepared.comparer.records.fields if len(likely) >= FEWEST else ():
        if field.kind in (FieldKind.NAME, FieldKind.TEXT):
            words, known = count_words([field.left])[0], prepared.comparer.words.statistics
            codes, others = (_shared(words, known, kind, likely) for kind in (CODE, PLAIN))
            alike = codes[~np.isnan(codes) & (others >= ALIKE)]
            if len(alike) >= FEWEST and 1 - float(alike.mean()) > DIFFERENT:
                found.append(field.name)
    return tuple(found)


def code_worth(prepared: Prepared, fields: Sequence[str]) -> Float:
    """What the codes in these names and texts add to the log odds of the pairs of one table, 0 where a record has none."""
    if not fields:
        return np.zeros(len(prepared.pairs), np.float32)
    texts: list[pa.Array] = [f.left for f in prepared.comparer.records.fields if f.name in fields]
    words = count_words([joined(texts)])[0]
    shared = _shared(words, prepared.comparer.words.statistics, CODE, prepared.pairs)
    return np.nan_to_num(FOR * shared - AGAINST * (1 - shared)).astype(np.float32)


def _shared(words: Terms, known: TermStatistics, kind: int, pairs: Pairs) -> Float:
    """What words of one kind two records share, weighed by rarity, as a part of what the record with less has.

    float32 [pairs], NaN where a record has none.
    """
    chosen = np.flatnonzero((words.codes & 3) == kind)
    counts, weights = words.counts[:, chosen], known.weigh(words.codes[chosen])
    counts.data[:] = 1
    mass = sums(weights[counts.indices], counts.indptr)
    result = np.full(len(pairs), np.nan, np.float32)
    for start in range(0, len(pairs), BLOCK):
        left, right = pairs.left[start : start + BLOCK], pairs.right[start : start + BLOCK]
        shared = shared_terms(counts, counts, left, right)
        common, less = sums(weights[shared.indices], shared.indptr), np.minimum(mass[left], mass[right])
        np.divide(common, less, out=result[start : start + BLOCK], where=less > 0)
    return result
