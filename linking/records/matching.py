"""Matching: the scored and decided candidate pairs of one task, with evidence for the review page."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bifrost.links import Estimate, Matched, PairLesson, SamePair
from linking.records.adapt import Answers, adapt
from linking.records.blocking import Pairs, best_of_each, union
from linking.records.candidates import Change
from linking.records.codes import code_worth, telling_fields
from linking.records.competition import clearly_beaten, seldom_several
from linking.records.decide import components, unique_mapping
from linking.records.decoys import Decoys
from linking.records.fields import Records
from linking.records.graph import GraphSignal, evidence_of, graph_features, learn_signal
from linking.records.grouping import groups_of, with_groups
from linking.records.lessons import lesson_of
from linking.records.linked import Linked, linked_pairs
from linking.records.options import MatchOptions
from linking.records.prepared import Prepared, changed, known_pairs, prepare, with_pairs
from linking.records.prior import Prior, load_prior
from linking.records.recurrence import at_most_once, unless_confirmed
from linking.records.unlabelled import unlabelled_log_odds

__all__ = ["Matching", "match_records", "rematch_records"]

Float = NDArray[np.float32]
CERTAIN = 30.0
"""Log odds of a pair that a person judged."""
DOUBT_OF_DECOYS, DOUBT_OF_PRIOR = 0.025, 0.1
"""Standard errors of the mean probability on data that the model never saw, by what it rests on."""
SMALL_FACTOR = 1.6
SHOWN_AT_ONCE = 10_000
LINKED_KEPT = 3
"""Pairs of each record that are compared because both are linked to the same."""
HOPELESS, NOTHING = 0.01, 0.5
"""Lower probabilities are as good as 0, of however many pairs; fewer matches by expectation are none."""
LOST = 0.02
"""What is left of the probability of a pair whose records have better partners, where each has one at most."""


@dataclass(frozen=True)
class Matching:
    """``log_odds`` and ``probability`` are per candidate pair; ``accepted`` pairs are to be merged.

    ``blocked`` is ``prepared`` as it was before pairs of answers and of groups came in. ``once`` tells whether a left record,
    and a right record, has one partner at most, and ``decoys`` what was learnt from that (without links, then with them).
    ``linked`` is what the records are linked to, and ``signal`` what that turned out to be worth. ``lesson`` is what
    the answers teach other tasks. ``rivals`` tells whether the partners of a record compete for it although it may have several.
    ``telling`` are the fields of one table whose codes tell things apart. ``unasked`` is ``once`` without answers.
    """

    prepared: Prepared
    options: MatchOptions
    unique: bool
    log_odds: Float
    probability: Float
    accepted: NDArray[np.bool_]
    blocked: Prepared
    once: tuple[bool, bool]
    decoys: tuple[Decoys, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)  # per stage
    linked: tuple[Linked, ...] = ()
    signal: GraphSignal | None = None
    lesson: PairLesson | None = None
    rivals: bool = False
    telling: tuple[str, ...] = ()
    unasked: tuple[bool, bool] = (False, False)

    @property
    def records(self) -> Records:
        return self.prepared.comparer.records

    @property
    def pairs(self) -> Pairs:
        return self.prepared.pairs

    @property
    def reduction_ratio(self) -> float:
        """The share of all possible pairs that blocking ruled out."""
        left, right = self.records.shape
        possible = left * (left - 1) / 2 if self.records.dirty else left * right
        return 1 - len(self.pairs) / max(possible, 1)

    def precision(self) -> tuple[float, float, float]:
        """Estimated precision of the accepted pairs and its 95% interval, from their probabilities."""
        p = self.probability[self.accepted].astype(np.float64)
        value = float(p.mean()) if len(p) else 1.0
        return _interval(value, float((p * (1 - p)).sum()), max(len(p), 1), self._doubt)

    def recall(self) -> tuple[float, float, float]:
        """Estimated share of the true candidate pairs that is accepted, and its 95% interval; of nothing all is found."""
        p = self.probability.astype(np.float64)
        p[(p < HOPELESS) & ~self.accepted] = 0
        if p.sum() < NOTHING and not self.accepted.any():
            return 1.0, 0.0, 1.0
        total = max(float(p.sum()), 1e-9)
        missed = float((p * (1 - p))[~self.accepted].sum())
        return _interval(float(p[self.accepted].sum()) / total, missed, total, self._doubt)

    def summary(self) -> Matched:
        """What is known of all pairs together."""
        served = int(self.accepted.sum())

        def estimate(share: tuple[float, float, float]) -> Estimate:
            value, low, high = (round(x, 4) for x in share)
            return Estimate(value, low, high, served)

        p = self.probability.astype(np.float64)
        return Matched(
            estimate(self.precision()),
            estimate(self.recall()),
            round(float((4 * p * (1 - p)).sum()), 3),
            lesson=self.lesson,
        )

    @property
    def _doubt(self) -> float:
        return DOUBT_OF_DECOYS if self.unique else DOUBT_OF_PRIOR

    def scores(self) -> Float:
        """Probabilities moved to the side of the threshold on which the decision fell."""
        t = self.options.threshold
        return np.where(self.accepted, np.maximum(self.probability, t), np.minimum(self.probability, t - 1e-3)).astype(
            np.float32
        )

    def same_pairs(self) -> Iterator[SamePair]:
        """Accepted pairs and the rejected ones worth a look, best first, with what each field contributes."""
        score = self.scores()
        shown = np.flatnonzero(self.accepted | (score >= self.options.keep))
        left, right = self.records.left_uids, self.records.right_uids
        shown = shown[np.argsort(-score[shown], kind="stable")]
        for start in range(0, len(shown), SHOWN_AT_ONCE):
            rows = shown[start : start + SHOWN_AT_ONCE]
            for k, links in zip(rows.tolist(), self._links_evidence(rows), strict=True):
                ends = left[int(self.pairs.left[k])].as_py(), right[int(self.pairs.right[k])].as_py()
                yield SamePair(*ends, float(score[k]), self._own_evidence(k) | links)

    def evidence(self, pair: int) -> dict[str, float]:
        """What speaks for (positive) and against the pair: log Bayes factors per field, likeness over all, margin, links."""
        return self._own_evidence(pair) | self._links_evidence(np.array([pair]))[0]

    def _own_evidence(self, pair: int) -> dict[str, float]:
        table = self.prepared.table
        found = {
            f"field:{f.name}": round(float(c), 3)
            for f, c, s in zip(self.records.fields, table.contributions[pair], table.similarities[pair], strict=True)
            if not np.isnan(s)
        }
        if self.telling and self._codes[pair]:
            found["text:codes in names and texts"] = round(float(self._codes[pair]), 3)
        found["likeness"] = round(float(table.overall["mix"][pair]), 3)
        found["margin"] = round(float(self.prepared.margin[pair]), 3)
        return found

    @cached_property
    def _codes(self) -> Float:
        """What codes add to the log odds of each pair."""
        return code_worth(self.prepared, self.telling)

    def _links_evidence(self, rows: NDArray[np.int64]) -> list[dict[str, float]]:
        if self.signal is None or not self.signal.trusted:
            return [{}] * len(rows)
        return evidence_of(self.linked, self.signal, self.pairs.take(rows))

    def clusters(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number of the thing that each left and each right row describes, over the accepted pairs."""
        left, right = self.records.shape
        if self.records.dirty:
            label = components(self.pairs, self.accepted, left)
            return label, label
        shifted = Pairs(self.pairs.left, self.pairs.right + left)
        label = components(shifted, self.accepted, left + right)
        return label[:left], label[left:]


def match_records(
    records: Records,
    options: MatchOptions | None = None,
    *,
    answers: Answers | None = None,
    prior: Prior | None = None,
    rows: NDArray[np.int64] | None = None,
    prepared: Prepared | None = None,
    like: Matching | None = None,
    linked: Sequence[Linked] = (),
) -> Matching:
    """Matches a task. ``rows`` restricts it to pairs that touch these left rows; ``prepared`` reuses earlier work.
    ``linked`` are the things that the records are linked to.

    With ``like`` nothing is estimated from the data as a whole: frequencies, what agreement is worth and the number of
    partners are those of that run.
    """
    options = options or MatchOptions()
    clock = time.perf_counter()
    seconds: dict[str, float] = {}
    if prepared is None:
        prepared = prepare(records, options, rows, like=like.blocked if like else None)
        seconds["compare"] = time.perf_counter() - clock
    return _matched(prepared, options, answers, prior or load_prior(), like, None, tuple(linked), seconds, rows)


def rematch_records(
    previous: Matching,
    records: Records,
    change: Change,
    *,
    answers: Answers | None = None,
    prior: Prior | None = None,
    linked: Sequence[Linked] = (),
) -> Matching:
    """What :func:`match_records` with ``like=previous`` would give, by looking only at what the change touches."""
    clock = time.perf_counter()
    prepared = changed(previous.blocked, records, previous.options, change)
    seconds = {"compare": time.perf_counter() - clock}
    return _matched(
        prepared, previous.options, answers, prior or load_prior(), previous, change, tuple(linked), seconds
    )


def _matched(
    blocked: Prepared,
    options: MatchOptions,
    answers: Answers | None,
    prior: Prior,
    like: Matching | None,
    change: Change | None,
    linked: tuple[Linked, ...],
    seconds: dict[str, float],
    rows: NDArray[np.int64] | None = None,
) -> Matching:
    prepared = blocked
    if answers is not None:
        prepared = _with_judged(prepared, answers.pairs)
    unasked = like.unasked if like else at_most_once(prepared, prior, options.once)
    once = unless_confirmed(unasked, answers)
    clock = time.perf_counter()
    signal = _signal(prepared, prior, once, linked, like)
    if like is None and signal is not None and not all(once):
        # Records that could not be told apart by themselves may be by what they are linked to.
        unasked = at_most_once(prepared, prior, options.once, _worth(signal, linked, prepared.pairs))
        once = unless_confirmed(unasked, answers)
    if signal is not None and signal.trusted and not any(once):
        # Where a record has one partner at most, strangers that are near by links alone would make worse decoys.
        prepared = _with_linked(prepared, linked, rows)
    # What was learnt of other links or of none, or where records had more or fewer partners, does not hold here.
    learnt = like.decoys if like is not None and (like.signal, like.once) == (signal, once) else ()
    base, decoys = _unjudged(prepared, prior, once, linked, signal, learnt)
    telling: tuple[str, ...] = ()
    if prepared.comparer.records.dirty:
        telling = like.telling if like is not None else telling_fields(prepared, base)
        if options.expand:
            prepared = _expanded(prepared, base + code_worth(prepared, telling), options, like, change)
            base, _ = _unjudged(prepared, prior, once, linked, signal, ())
        base = base + code_worth(prepared, telling)
    log_odds, lesson = base, None
    if answers is not None:
        position, same = answers.locate(prepared.pairs, prepared.comparer.records.shape[1])
        lesson = lesson_of(prepared, base, position, same) if len(position) else None
        log_odds = adapt(prepared, base, answers, unique=all(once), links=graph_features(linked, prepared.pairs))
    rivals = like.rivals if like is not None else seldom_several(prepared, base)
    seconds["score"] = time.perf_counter() - clock
    clock = time.perf_counter()
    probability = (1 / (1 + np.exp(-np.clip(log_odds, -CERTAIN, CERTAIN)))).astype(np.float32)
    if any(once):
        # A pair that lost to a better one of the same record is unlikely, however alike its records are.
        won = unique_mapping(prepared.pairs, log_odds, unique_left=once[0], unique_right=once[1])
        probability = np.where(won, probability, LOST * probability).astype(np.float32)
    if rivals:
        beaten = clearly_beaten(prepared.pairs, log_odds)
        probability = np.where(beaten, LOST * probability, probability).astype(np.float32)
    if answers is not None:
        # An answer holds even where it says that a record has several partners.
        probability[position] = same
    accepted = _decide(prepared, probability, answers, options)
    seconds["decide"] = time.perf_counter() - clock
    return Matching(
        prepared,
        options,
        all(once),
        log_odds,
        probability,
        accepted,
        blocked,
        once,
        decoys,
        seconds,
        linked,
        signal,
        lesson,
        rivals,
        telling,
        unasked,
    )


def _signal(
    prepared: Prepared, prior: Prior, once: tuple[bool, bool], linked: tuple[Linked, ...], like: Matching | None
) -> GraphSignal | None:
    """What links are worth, estimated from the data unless ``like`` knows it of the same links."""
    ways = tuple(one.name for one in linked)
    if not ways or not len(prepared.pairs):
        return None
    if like is not None and like.signal is not None and like.signal.ways == ways:
        return like.signal
    base, _ = unlabelled_log_odds(prepared, prior, once)
    won = np.ones(len(base), bool)
    if any(once):
        won = unique_mapping(prepared.pairs, base, unique_left=once[0], unique_right=once[1])
    return learn_signal(prepared, base, won, graph_features(linked, prepared.pairs), ways)


def _unjudged(
    prepared: Prepared,
    prior: Prior,
    once: tuple[bool, bool],
    linked: tuple[Linked, ...],
    signal: GraphSignal | None,
    learnt: Sequence[Decoys],
) -> tuple[Float, tuple[Decoys, ...]]:
    """Log odds before any answer, and what decoys said, by what records say and, where links count, with them.

    With links the mean of two judgements: by decoys that do not know the links, whose log odds they correct, and by decoys
    whose likeness they are part of. The second finds more where a record's own values say little, the first is more careful.
    """
    base, decoys = unlabelled_log_odds(prepared, prior, once, learnt[0] if learnt else None)
    if signal is None or not signal.trusted:
        return base, () if decoys is None else (decoys,)
    links = _worth(signal, linked, prepared.pairs)
    both, again = unlabelled_log_odds(prepared, prior, once, learnt[1] if learnt else None, links)
    made = tuple(d for d in (decoys, again) if d is not None)
    return np.asarray((base + links + both) / 2, np.float32), made


def _worth(signal: GraphSignal, linked: tuple[Linked, ...], pairs: Pairs) -> Float:
    """What links add to the log odds of each pair."""
    return signal.correction(graph_features(linked, pairs))


def _decide(
    prepared: Prepared,
    probability: Float,
    answers: Answers | None,
    options: MatchOptions,
) -> NDArray[np.bool_]:
    pairs, shape = prepared.pairs, prepared.comparer.records.shape
    if not prepared.comparer.records.dirty:
        return np.asarray(probability >= options.threshold)
    label = groups_of(
        pairs, probability, shape[0], answers, threshold=options.linkage * options.threshold,
        largest=options.largest_component, small_factor=SMALL_FACTOR,
    )  # fmt: skip
    accepted = np.asarray(label[pairs.left] == label[pairs.right])
    if answers is not None:
        position, same = answers.locate(pairs, shape[1])
        accepted[position] = same
    return accepted


def _expanded(
    prepared: Prepared, log_odds: Float, options: MatchOptions, like: Matching | None, change: Change | None
) -> Prepared:
    """Adds the missing pairs inside groups of likely pairs, so that a cluster is judged by all its pairs."""
    pairs = with_groups(prepared, log_odds, options.largest_group)
    if like is None:
        return with_pairs(prepared, pairs)
    known = None if change is None else known_pairs(like.prepared, pairs, prepared.comparer.records.shape, change)
    return with_pairs(prepared, pairs, agreement=like.prepared.table.agreement, known=known)


def _with_linked(prepared: Prepared, linked: tuple[Linked, ...], rows: NDArray[np.int64] | None) -> Prepared:
    """Adds, of the pairs that share what few are linked to, the likest ones of each record."""
    comparer = prepared.comparer
    found = linked_pairs(linked, dirty=comparer.records.dirty)
    if rows is not None:
        found = found.take(np.isin(found.left, rows))
    found = found.take(best_of_each(found, comparer.likeness(found), comparer.records.shape, LINKED_KEPT))
    return _with_judged(prepared, found)


def _with_judged(prepared: Prepared, pairs: Pairs) -> Prepared:
    """Adds pairs that blocking did not find."""
    records = prepared.comparer.records
    found = [(prepared.pairs.left, prepared.pairs.right), (pairs.left, pairs.right)]
    every = union(found, records.shape[1], dirty=records.dirty)
    return with_pairs(prepared, every, agreement=prepared.table.agreement)


def _interval(value: float, variance: float, count: float, doubt: float) -> tuple[float, float, float]:
    """Chance and the model's own error together: probabilities of data never seen are off as a whole."""
    chance = float(np.sqrt(max(variance, 0.25 / max(count, 1)))) / max(count, 1)
    half = 1.96 * float(np.hypot(chance, doubt))
    return value, max(0.0, value - half), min(1.0, value + half)
