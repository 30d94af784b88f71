"""Adaptation: people's answers about pairs, of this task and of others like it, bend the prior to the task at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bifrost.links import PairLesson
from linking.logistic import fit_logistic
from linking.records.blocking import Pairs
from linking.records.fields import Records
from linking.records.lessons import Carried, carried_to
from linking.records.prepared import Prepared

__all__ = ["Answers", "adapt"]

Float = NDArray[np.float32]
PINNED = 40.0
PENALTY = 200.0
"""How strongly the correction shrinks to the prior, divided by the number of answers: a few of one kind must not bend it far.

Chosen on made-up tasks (benchmarks.linking_answers), as the next two."""
LEAST_PENALTY = 2.0
LARGEST = 8.0
"""The largest correction of the log odds."""
HALF_TRUST, HALF_TRUST_INSIDE = 5, 15
"""With so many answers half of the correction is applied: the first few may all be of one kind. Inside one table it takes more,
because a pair that is wrongly thought the same joins the groups of both records.

Chosen on made-up tasks (benchmarks.linking_answers; seeds 0, 1), confirmed on the seeds 3 to 5."""
SURE = 2.5
ANCHORS = 500
FEW_SURE, LIKELY_ANSWERS = 0.3, 20.0
"""Where a smaller share of the likely pairs is sure, likely ones count as so many answers, each with its probability."""
LEAST = 4
"""Fewer answers pin their pairs but do not move the model."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Judged pairs of rows and whether they are the same thing; ``lessons`` are answers about other tables."""

    pairs: Pairs
    same: NDArray[np.bool_]
    lessons: tuple[PairLesson, ...] = ()

    @classmethod
    def of(
        cls, records: Records, judged: Mapping[tuple[str, str], bool], lessons: Sequence[PairLesson] = ()
    ) -> "Answers":
        """From uids; pairs with an unknown uid are left out. In one table the order of a pair does not matter."""
        ends = [
            _rows(side, [pair[k] for pair in judged]) for k, side in enumerate((records.left_uids, records.right_uids))
        ]
        same = np.fromiter(judged.values(), bool, len(judged))
        left, right = ends
        if records.dirty:
            left, right = np.minimum(left, right), np.maximum(left, right)
        else:
            # A link type without a direction may have been judged from either side.
            other = [_rows(s, [p[k] for p in judged]) for k, s in ((1, records.left_uids), (0, records.right_uids))]
            left, right = np.where(left < 0, other[0], left), np.where(right < 0, other[1], right)
        known = (left >= 0) & (right >= 0)
        known &= (left != right) | (not records.dirty)
        return cls(Pairs(left[known], right[known]), same[known], tuple(lessons))

    def locate(self, pairs: Pairs, width: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Positions of the judged pairs among ``pairs`` (sorted, as blocking makes them) and their answers."""
        code = pairs.left * width + pairs.right
        wanted = self.pairs.left * width + self.pairs.right
        if not len(code):
            return np.zeros(0, np.int64), np.zeros(0, bool)
        position = np.minimum(np.searchsorted(code, wanted), len(code) - 1)
        found = code[position] == wanted
        return position[found], self.same[found]


def _rows(uids: pa.Array, wanted: list[str]) -> NDArray[np.int64]:
    index = pc.index_in(pa.array(wanted, pa.string()), value_set=uids)
    return np.asarray(pc.fill_null(index, -1).to_numpy(zero_copy_only=False), np.int64)


def adapt(prepared: Prepared, base: Float, answers: Answers, *, unique: bool, links: Float | None = None) -> Float:
    """New log odds of all pairs: the prior's, corrected by a ridge regression on the answers, and the answers pinned.

    ``links`` are features of what each pair is linked to.
    In a unique task a confirmed pair also rules out the other pairs of its two records.
    """
    pairs, width = prepared.pairs, prepared.comparer.records.shape[1]
    position, same = answers.locate(pairs, width)
    result = base.copy()
    carried = carried_to(prepared, base, answers.lessons)
    said = np.concatenate([same, carried.same])
    if (len(position) >= LEAST or len(carried)) and said.any() and not said.all():
        result = _refit(prepared, base, position, same, links, carried)
    if unique:
        confirmed = position[same]
        rivals = np.isin(pairs.left, pairs.left[confirmed]) | np.isin(pairs.right, pairs.right[confirmed])
        result[rivals] = np.minimum(result[rivals], -PINNED / 2)
    result[position] = np.where(same, PINNED, -PINNED)
    return result


def _refit(
    prepared: Prepared,
    base: Float,
    position: NDArray[np.int64],
    same: NDArray[np.bool_],
    links: Float | None,
    carried: Carried,
) -> Float:
    x = np.hstack([np.clip(base, -8, 8)[:, None], prepared.multiple, _field_features(prepared)])
    if links is not None:
        x = np.hstack([x, links])
    near = np.abs(base) < 6
    population = x[near] if near.sum() > 100 else x
    mean = population.mean(axis=0, dtype=np.float64)
    scale = np.maximum(population.std(axis=0, dtype=np.float64), 1e-3)
    low, high = mean - 4 * scale, mean + 4 * scale
    count = len(position) + float(carried.weight.sum())
    anchors = _anchors(base, position, count)
    rows = np.concatenate([position, *(a.rows for a in anchors)])
    weight = [np.ones(len(position)), *(np.full(len(a.rows), a.weight / len(a.rows)) for a in anchors), carried.weight]
    penalty = max(PENALTY / count, LEAST_PENALTY)
    model = fit_logistic(
        np.vstack([x[rows], np.clip(_rows_of(carried, mean), low, high).astype(np.float32)]),
        np.concatenate([same, *(a.same for a in anchors), carried.same]), penalty=penalty, bias_penalty=penalty / 10,
        weight=np.concatenate(weight).astype(np.float32),
        offset=np.clip(np.concatenate([base[rows], carried.odds]), -8, 8), mean=mean, scale=scale,
    )  # fmt: skip
    correction = model.log_odds(np.clip(x, low, high))
    trust = count / (count + (HALF_TRUST_INSIDE if prepared.comparer.records.dirty else HALF_TRUST))
    return np.asarray(base + trust * np.clip(correction, -LARGEST, LARGEST), np.float32)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """Pairs that nobody was asked about, taken as answers of this ``weight`` together; ``same`` are probabilities."""

    rows: NDArray[np.int64]
    same: NDArray[np.float64]
    weight: float


def _anchors(base: Float, position: NDArray[np.int64], count: float) -> list[_Anchor]:
    """Keep the correction from running away where nobody was asked: what is sure stays so. Where no match is sure, a few
    answers of no, which most pairs get, would else speak for all."""
    shuffled = np.random.default_rng(0)
    likely, sure = np.flatnonzero(base > 0), np.setdiff1d(np.flatnonzero(np.abs(base) > SURE), position)
    few_sure = (base[sure] > 0).sum() < FEW_SURE * len(likely)
    sure = shuffled.permutation(sure)[:ANCHORS]
    anchors = [_Anchor(sure, (base[sure] > 0).astype(np.float64), count)]
    if few_sure:
        likely = shuffled.permutation(np.setdiff1d(likely, position))[:ANCHORS]
        anchors.append(_Anchor(likely, 1 / (1 + np.exp(-base[likely].astype(np.float64))), LIKELY_ANSWERS))
    return [anchor for anchor in anchors if len(anchor.rows)]


def _rows_of(carried: Carried, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Carried answers as rows of the regression; of the fields and links of this task they say nothing."""
    rows = np.tile(mean, (len(carried), 1))
    rows[:, 0] = np.clip(carried.odds, -8, 8)
    rows[:, 1 : 1 + carried.features.shape[1]] = carried.features
    return rows


def _field_features(prepared: Prepared) -> Float:
    """Similarity less .5 per field and whether both sides have a value."""
    similarity = prepared.table.similarities
    present = ~np.isnan(similarity)
    return np.hstack([np.where(present, similarity - 0.5, 0), present]).astype(np.float32)
