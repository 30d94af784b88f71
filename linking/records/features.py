"""Features of candidate pairs that mean the same in every matching task, whatever its fields are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.records.agreement import LEVELS, Agreement, estimate, level_of, told_apart
from linking.records.blocking import Pairs
from linking.records.compare import Comparer
from linking.records.parallel import in_order
from linking.records.rivals import Rivals, rivals_of

__all__ = [
    "PAIR_FEATURES",
    "RIVAL_FEATURES",
    "Known",
    "PairTable",
    "compare_pairs",
    "pair_features",
    "rarities",
    "rival_features",
    "updated_rivals",
]

Float = NDArray[np.float32]

PAIR_FEATURES = (
    "grams",
    "words",
    "sharp_grams",
    "sharp_words",
    "mix",
    "rare_words_contained",
    "codes_contained",
    "codes_conflict",
    "codes_shared",
    "numbers_contained",
    "numbers_conflict",
    "numbers_shared",
    "agreement",
    "agreement_surplus",
    "agreement_share",
    "mean",
    "equal",
    "present",
    "evidence",
    "best_field",
    "worst_field",
    "size",
)
RIVAL_SCORES = (("mix", 0.5), ("grams", 0.5), ("agreement", 1.5), ("mean", 0.5))
"""The features whose margin over rivals is measured, and the largest margin that counts."""
RIVAL_FEATURES = (
    *(f"{name}_{what}" for name, _ in RIVAL_SCORES for what in ("margin_low", "margin_high", "surplus")),
    "likeness_low",
    "likeness_high",
)


@dataclass(frozen=True, slots=True)
class PairTable:
    """Candidate pairs with all that was compared. ``similarities`` and ``contributions`` are [pairs, fields]."""

    pairs: Pairs
    similarities: Float
    contributions: Float
    overall: dict[str, Float]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Known:
    """Pairs compared before: row ``place[k]`` of ``table`` and of ``rivals`` is pair k, where that is not negative.

    ``rivals`` are their RIVAL_FEATURES. ``touched`` marks the left and the right records with other pairs than before.
    """

    table: PairTable
    rivals: Float
    place: NDArray[np.int64]
    touched: tuple[NDArray[np.bool_], NDArray[np.bool_]]


def compare_pairs(
    comparer: Comparer,
    pairs: Pairs,
    *,
    agreement: Agreement | None = None,
    known: Known | None = None,
    seed: int = 0,
    background: int = 20_000,
) -> PairTable:
    """Compares the pairs, but for ``known`` ones, and estimates from them, without labels, what agreement is worth.

    With ``agreement`` nothing is estimated.
    """
    similarities, overall = _compared(comparer, pairs, known)
    levels = level_of(similarities)
    if agreement is not None:
        return PairTable(pairs, similarities, _contributions(comparer, pairs, levels, agreement), overall, agreement)
    if not len(pairs):
        none = Agreement(np.zeros((len(comparer.fields), LEVELS)), 0.0)
        return PairTable(pairs, similarities, similarities, overall, none)
    random = _random_pairs(comparer, background, seed)
    guess = (1 / (1 + np.exp(-12 * (overall["grams"] - 0.5)))).astype(np.float32)
    strangers = level_of(comparer.similarities(random))
    agreement = estimate(levels, strangers, guess)
    left, right = comparer.records.shape
    possible = left * (left - 1) / 2 if comparer.records.dirty else left * right
    rarity = rarities(comparer, pairs, levels)
    agreement = told_apart(agreement, levels, strangers, rarity, guess, possible)
    return PairTable(pairs, similarities, agreement.contributions(levels, rarity), overall, agreement)


def _compared(comparer: Comparer, pairs: Pairs, known: Known | None) -> tuple[Float, dict[str, Float]]:
    if known is None:
        return comparer.similarities(pairs), comparer.overall(pairs)
    fresh = np.flatnonzero(known.place < 0)
    made = comparer.similarities(pairs.take(fresh)), comparer.overall(pairs.take(fresh))
    similarities = known.table.similarities[known.place]
    similarities[fresh] = made[0]
    overall = {}
    for name, values in known.table.overall.items():
        overall[name] = values[known.place]
        overall[name][fresh] = made[1][name]
    return similarities, overall


def pair_features(comparer: Comparer, table: PairTable) -> Float:
    """PAIR_FEATURES of each pair, float32 [pairs, features]."""
    weight = np.array([f.entropy for f in comparer.fields], np.float32)
    present = ~np.isnan(table.similarities)
    mass = np.maximum((weight * present).sum(axis=1), 1e-6)
    similarity = np.nan_to_num(table.similarities)
    total = table.contributions.sum(axis=1)
    possible = (np.maximum(table.agreement.weights[:, -1], 0.5) * present).sum(axis=1)
    size = float(np.log(max(1, *comparer.statistics.shape)))
    columns = {
        **table.overall,
        "agreement": np.clip(total, -15, 30) / 10,
        "agreement_surplus": np.clip(total - size, -15, 30) / 10,
        "agreement_share": total / np.maximum(possible, 0.5),
        "mean": (weight * similarity).sum(axis=1) / mass,
        "equal": (weight * (similarity > 0.999)).sum(axis=1) / mass,
        "present": mass / max(float(weight.sum()), 1e-6),
        "evidence": mass / 10,
        "best_field": table.contributions.max(axis=1) / 5,
        "worst_field": table.contributions.min(axis=1) / 5,
        "size": np.full(len(table.pairs), size / 10),
    }
    return np.stack([columns[name].astype(np.float32) for name in PAIR_FEATURES], axis=1)


def rival_features(comparer: Comparer, pairs: Pairs, features: Float) -> Float:
    """RIVAL_FEATURES of each pair, float32 [pairs, features], from its PAIR_FEATURES.

    ``surplus`` is the score less the mean of the best three rivals at both ends (Conneau et al. 2018, CSLS).
    """
    shape, dirty = comparer.records.shape, comparer.records.dirty
    columns: list[Float] = []
    scores = [np.ascontiguousarray(features[:, PAIR_FEATURES.index(name)]) for name, _ in RIVAL_SCORES]
    every = list(in_order(lambda score: rivals_of(pairs, score, shape, dirty=dirty), scores))
    for (_, limit), score, rivals in zip(RIVAL_SCORES, scores, every, strict=True):
        columns.extend(rivals.margins(score, limit))
        columns.append(np.clip(score - rivals.mean, -limit, limit))
    return np.stack([*columns, *_likeness(comparer, pairs, every[0])], axis=1, dtype=np.float32)


def updated_rivals(comparer: Comparer, pairs: Pairs, features: Float, known: Known) -> Float:
    """What :func:`rival_features` would give, computed only for pairs of touched records."""
    stale = known.touched[0][pairs.left] | known.touched[1][pairs.right]
    ends = [np.zeros(n, bool) for n in comparer.records.shape]
    if comparer.records.dirty:
        ends[1] = ends[0]
    ends[0][pairs.left[stale]] = True
    ends[1][pairs.right[stale]] = True
    around = np.flatnonzero(ends[0][pairs.left] | ends[1][pairs.right])
    made = known.rivals[known.place]
    made[stale] = rival_features(comparer, pairs.take(around), features[around])[stale[around]]
    return made


def _likeness(comparer: Comparer, pairs: Pairs, rivals: Rivals) -> tuple[Float, Float]:
    """How alike each end is to its rival: two rivals that are copies of each other do not exclude each other."""
    to_right = comparer.grams.within(1, pairs.right, np.maximum(rivals.left_record, 0))
    to_left = comparer.grams.within(0, pairs.left, np.maximum(rivals.right_record, 0))
    to_right = np.where(rivals.left_record < 0, 0, to_right)
    to_left = np.where(rivals.right_record < 0, 0, to_left)
    return np.minimum(to_left, to_right), np.maximum(to_left, to_right)


def _contributions(comparer: Comparer, pairs: Pairs, levels: NDArray[np.int8], agreement: Agreement) -> Float:
    return agreement.contributions(levels, rarities(comparer, pairs, levels))


def rarities(comparer: Comparer, pairs: Pairs, levels: NDArray[np.int8]) -> Float:
    """Of each pair and field how much rarer than usual (natural logarithm) the value is that both records have."""
    return np.where(levels == LEVELS - 1, comparer.rarities(pairs), 0).astype(np.float32)


def _random_pairs(comparer: Comparer, count: int, seed: int) -> Pairs:
    generator = np.random.default_rng(seed)
    left, right = (generator.integers(0, max(n, 1), count) for n in comparer.records.shape)
    pairs = Pairs(left, right)
    return pairs.take(left != right) if comparer.records.dirty else pairs
