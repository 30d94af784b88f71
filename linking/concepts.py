"""Which columns of two tables mean the same: similarity of names, values and meanings, for all pairs at once.

Every feature is a matrix [left columns, right columns]. Character 3-grams and words are weighted by how rare they are
among all columns compared (TF-IDF), so that what every name contains says little.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import JaroWinkler

from linking.names import words
from linking.profiles import ColumnProfile
from linking.scoring import Prior
from linking.semantics import NameVectors, spoken

__all__ = [
    "MIX",
    "ColumnText",
    "concept_features",
    "concept_log_odds",
    "plain_score",
    "text_of",
    "with_combinations",
]

Matrix = NDArray[np.float64]
_VALUES = 60
_ENCODED_VALUES = 12
_NUMERIC = ("integer", "number", "boolean")


@dataclass(frozen=True, slots=True)
class ColumnText:
    """What concept matching reads of a column: its name, some distinct values, its kind, and its range if numeric."""

    name: str
    values: tuple[str, ...]
    kind: str
    low: float = 0.0
    high: float = 0.0
    comment: str = ""


def text_of(profile: ColumnProfile) -> ColumnText:
    """A profile as concept matching reads it: the most frequent sampled values."""
    ranked = sorted(zip(profile.sample_counts, profile.sample, strict=True), key=lambda item: -item[0])
    values = tuple(value[:80] for _, value in ranked[:_VALUES])
    return ColumnText(profile.name, values, profile.kind, profile.low, profile.high, profile.comment)


def concept_features(
    left: Sequence[ColumnText], right: Sequence[ColumnText], vectors: NameVectors | None = None
) -> dict[str, Matrix]:
    """Feature name -> float64 [len(left), len(right)]. Without an encoder the features of meaning are missing."""
    left_words, right_words = [words(c.name) for c in left], [words(c.name) for c in right]
    features = {
        "name_grams": _cosine([_grams(spoken(c.name)) for c in left], [_grams(spoken(c.name)) for c in right]),
        "name_words": _soft_words(left_words, right_words),
        "value_grams": _cosine([_value_grams(c) for c in left], [_value_grams(c) for c in right]),
        "value_words": _cosine([_value_words(c) for c in left], [_value_words(c) for c in right]),
        "value_contained": _contained(left, right),
        "initials": _pairs(left_words, right_words, _initials),
        "same_kind": _pairs(left, right, _same_kind),
        "range": _pairs(left, right, _range_overlap),
        "no_values": _pairs(left, right, lambda a, b: float(not a.values or not b.values)),
    }
    if vectors is not None:
        features["meaning_name"] = _meanings(vectors, [spoken(c.name) for c in left], [spoken(c.name) for c in right])
        features["meaning_both"] = _meanings(vectors, [_sentence(c) for c in left], [_sentence(c) for c in right])
        features["meaning_values"] = _meanings(vectors, [_listed(c) for c in left], [_listed(c) for c in right])
    return features


# ---- pieces ----------------------------------------------------------------------------------------------------------


def _grams(text: str) -> Counter[str]:
    padded = f"  {text} "
    return Counter(padded[i : i + 3] for i in range(len(padded) - 2))


def _value_grams(column: ColumnText) -> Counter[str]:
    if column.kind in _NUMERIC:
        return Counter()
    total: Counter[str] = Counter()
    for value in column.values:
        total.update(set(_grams(value.lower()[:60])))
    return total


def _value_words(column: ColumnText) -> Counter[str]:
    if column.kind in _NUMERIC:
        return Counter()
    return Counter({w for value in column.values for w in re.findall(r"[^\W_]+", value.lower())})


def _cosine(left: Sequence[Counter[str]], right: Sequence[Counter[str]]) -> Matrix:
    """Cosine of TF-IDF vectors, term frequencies damped by the square root."""
    frequency: Counter[str] = Counter()
    for bag in (*left, *right):
        frequency.update(bag.keys())
    total = len(left) + len(right)
    place = {term: i for i, term in enumerate(frequency)}
    idf = np.array([np.log(1 + total / n) for n in frequency.values()])

    def matrix(bags: Sequence[Counter[str]]) -> Any:
        from scipy.sparse import csr_matrix

        rows = [i for i, bag in enumerate(bags) for _ in bag]
        columns = [place[term] for bag in bags for term in bag]
        values = np.array([np.sqrt(n) for bag in bags for n in bag.values()], np.float64)
        found = csr_matrix((values * idf[columns], (rows, columns)), shape=(len(bags), max(len(place), 1)))
        norm = np.sqrt(found.multiply(found).sum(axis=1)).A1
        return csr_matrix(found.multiply(1 / np.maximum(norm, 1e-9)[:, None]))

    if not place:
        return np.zeros((len(left), len(right)))
    return np.asarray((matrix(left) @ matrix(right).T).toarray(), np.float64)


def _word_match(left: str, right: str) -> float:
    """Equal, or one abbreviates the other, or they are spelled alike."""
    if left == right:
        return 1.0
    short, long = sorted((left, right), key=len)
    if len(short) >= 3 and long.startswith(short):
        return 0.85
    if len(short) >= 4 and long.startswith(short[:4]):
        return 0.7
    similarity = float(JaroWinkler.similarity(left, right))
    return 0.8 * similarity if similarity > 0.88 else 0.0


def _soft_words(left: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> Matrix:
    """Soft TF-IDF of words (Cohen et al. 2003): each word's best match, weighted by its rarity, from both sides."""
    frequency: Counter[str] = Counter()
    for name in (*left, *right):
        frequency.update(set(name))
    total = len(left) + len(right)
    weight = {w: float(np.log(1 + total / n)) for w, n in frequency.items()}
    cache: dict[tuple[str, str], float] = {}

    def match(a: str, b: str) -> float:
        if (a, b) not in cache:
            cache[a, b] = _word_match(a, b)
        return cache[a, b]

    def covered(part: Sequence[str], whole: Sequence[str]) -> float:
        mass = sum(weight[w] for w in part)
        return sum(weight[w] * max((match(w, o) for o in whole), default=0.0) for w in part) / mass if mass else 0.0

    return np.array([[(covered(a, b) + covered(b, a)) / 2 for b in right] for a in left]).reshape(len(left), len(right))


def _contained(left: Sequence[ColumnText], right: Sequence[ColumnText]) -> Matrix:
    """The share of the side with fewer distinct values that is found on the other side, for columns of words."""
    a = [frozenset(" ".join(re.findall(r"[^\W_]+", v.lower())) for v in c.values) - {""} for c in left]
    b = [frozenset(" ".join(re.findall(r"[^\W_]+", v.lower())) for v in c.values) - {""} for c in right]
    result = np.zeros((len(left), len(right)))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if x and y and left[i].kind not in _NUMERIC and right[j].kind not in _NUMERIC:
                common = len(x & y)
                result[i, j] = common / min(len(x), len(y)) * min(1.0, common / 2)
    return result


def _initials(left: Sequence[str], right: Sequence[str]) -> float:
    """A word of one name that is the initials of words of the other (bmi, body mass index)."""
    for one, other in ((left, right), (right, left)):
        letters = "".join(w[0] for w in other)
        if any(len(w) >= 3 and w in letters for w in one):
            return 1.0
    return 0.0


def _same_kind(left: ColumnText, right: ColumnText) -> float:
    if not left.values or not right.values:
        empty, other = (left, right) if not left.values else (right, left)
        return 0.0 if empty.values else (0.3 if other.kind in _NUMERIC else -0.3)
    a, b = (c.kind in _NUMERIC for c in (left, right))
    return 1.0 if a == b else -1.0


def _range_overlap(left: ColumnText, right: ColumnText) -> float:
    if left.kind not in _NUMERIC or right.kind not in _NUMERIC or not left.values or not right.values:
        return 0.0
    low, high = max(left.low, right.low), min(left.high, right.high)
    span = max(left.high, right.high) - min(left.low, right.low)
    return max(high - low, 0.0) / span if span > 0 else float(low == high)


def _pairs(left: Sequence[object], right: Sequence[object], measure: Callable[..., float]) -> Matrix:
    return np.array([[measure(a, b) for b in right] for a in left], np.float64).reshape(len(left), len(right))


def _listed(column: ColumnText) -> str:
    return ", ".join(v[:40] for v in column.values[:_ENCODED_VALUES]) or spoken(column.name)


def _sentence(column: ColumnText) -> str:
    values = ", ".join(v[:40] for v in column.values[:_ENCODED_VALUES])
    said = f"{spoken(column.name)}. {column.comment}".strip(". ")
    return f"{said}: {values}" if values else said


def _meanings(vectors: NameVectors, left: Sequence[str], right: Sequence[str]) -> Matrix:
    return np.asarray(vectors.matrix(left) @ vectors.matrix(right).T, np.float64)


MIX = {
    "name_grams": 1.0, "name_words": 1.0, "value_grams": 1.0, "meaning_name": 1.0, "meaning_both": 1.0,
    "meaning_values": 1.0, "value_contained": 1.0, "same_kind": 0.3,
}  # fmt: skip
"""The plain mix: every view counts the same. Serves as a feature and as the yardstick of the trained model."""


def with_combinations(features: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Adds the plain mix, how far a pair is from the best one of its row and column, and a few products."""
    mix = np.asarray(sum(weight * features[name] for name, weight in MIX.items() if name in features), np.float64)
    zero = np.zeros_like(mix)
    meaning, both = features.get("meaning_name", zero), features.get("meaning_both", zero)
    return {
        **features,
        "mix": mix,
        "mix_row": mix - mix.max(axis=1, keepdims=True) if mix.size else mix,
        "mix_column": mix - mix.max(axis=0, keepdims=True) if mix.size else mix,
        "grams_both": features["name_grams"] * features["value_grams"],
        "words_meaning": features["name_words"] * both,
        "best_name": np.maximum(features["name_grams"], features["name_words"]),
        "value_grams_squared": features["value_grams"] ** 2,
        "meaning_squared": meaning**2,
        "best_meaning": np.maximum(meaning, features["name_words"]),
    }


def plain_score(features: Mapping[str, Matrix]) -> Matrix:
    """The plain mix with half the distance to the best of the row, so that rows can be compared with each other."""
    combined = with_combinations(features)
    return np.asarray(combined["mix"] + 0.5 * combined["mix_row"], np.float64)


def concept_log_odds(features: Mapping[str, Matrix], prior: Prior) -> Matrix:
    """Log-odds of a prior for all pairs, float64 [left, right]."""
    combined = with_combinations(features)
    shape = next(iter(combined.values())).shape
    stacked = np.stack([combined.get(name, np.full(shape, np.nan)).ravel() for name in prior.names], axis=1)
    return np.asarray((prior.standardised(stacked) @ prior.weights + prior.bias).reshape(shape), np.float64)
