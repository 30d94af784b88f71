"""The parts of record matching keep their promises on any input."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linking.logistic import fit_logistic
from linking.records.adapt import _anchors
from linking.records.agreement import LEVELS, MISSING, level_of
from linking.records.blocking import Pairs, nearest, union
from linking.records.decide import cluster_records, unique_mapping
from linking.records.decoys import judge_by_decoys
from linking.records.fields import FieldKind, Records, kind_of, normalise, numbers_of
from linking.records.matching import match_records
from linking.records.prepared import MULTIPLE_FEATURES
from linking.records.prior import load_prior
from linking.records.rivals import rivals_of
from linking.records.scoring import score_rows
from linking.records.training import disturb, half, read_labelled
from linking.records.vectors import gram_counts, inverse_frequency, row_cosine, tfidf, word_counts

DATA = Path(os.environ.get("BIFROST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "entity_resolution"
texts = st.lists(st.text(max_size=30), min_size=1, max_size=8)
edges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 1, width=32)), max_size=40)


@given(texts)
def test_normalising_twice_changes_nothing(values: list[str]) -> None:
    once = normalise(pa.array(values, pa.string()))
    assert once.to_pylist() == normalise(once).to_pylist() or any("&" in v for v in values)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["12.50", "$3", "1,200.00", "7"], FieldKind.NUMBER),
        (["20050301", "19991231", "20200229"], FieldKind.CODE),
        (["404/231-1368", "212-677-0606"], FieldKind.CODE),
        (["anna adler", "bernd becker"], FieldKind.NAME),
        (["a long description of a thing that goes on and on"], FieldKind.TEXT),
        (["", ""], FieldKind.NAME),
    ],
)
def test_kinds_follow_from_the_shapes_of_values(values: list[str], kind: FieldKind) -> None:
    assert kind_of(pa.array(values, pa.string())) is kind


def test_numbers_are_read_whatever_surrounds_them() -> None:
    read = numbers_of(pa.array(["$1,200.50", "", "n/a", "-3"], pa.string()))
    np.testing.assert_array_equal(np.nan_to_num(read, nan=-99), [1200.5, -99, -99, -3])


@settings(deadline=None)
@given(texts, texts)
def test_cosines_of_texts_lie_between_0_and_1_and_a_text_equals_itself(first: list[str], second: list[str]) -> None:
    left, right = (normalise(pa.array(x, pa.string())) for x in (first, second))
    for counts in (gram_counts(left, right), word_counts(left, right)[:2]):
        weights = inverse_frequency(*counts)
        a, b = (tfidf(c, weights) for c in counts)
        i, j = (x.ravel() for x in np.meshgrid(np.arange(len(first)), np.arange(len(second))))
        cosine = row_cosine(a, b, i, j)
        assert ((cosine >= -1e-6) & (cosine <= 1 + 1e-5)).all()
        own = row_cosine(a, a, np.arange(len(first)), np.arange(len(first)))
        np.testing.assert_allclose(own[np.diff(a.indptr) > 0], 1, atol=1e-5)


def test_blocking_finds_what_all_pairs_would_find() -> None:
    generator = np.random.default_rng(0)
    words = ["".join(generator.choice(list("abcdef"), 6)) for _ in range(60)]
    left, right = (pa.array([" ".join(generator.choice(words, 4)) for _ in range(50)], pa.string()) for _ in range(2))
    counts = gram_counts(left, right)
    weights = inverse_frequency(*counts)
    a, b = (tfidf(c, weights) for c in counts)
    full = (a @ b.T).toarray()
    found = nearest(a, b, 5, budget=1e9, dirty=False)
    pairs = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    for row in range(50):
        assert (row, int(full[row].argmax())) in pairs
        assert (int(full[:, row].argmax()), row) in pairs
    assert len(nearest(a, b, 5, budget=100, dirty=False)) <= len(found)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_pairs_of_one_table_are_ordered_and_never_of_a_record_with_itself(rows: list[tuple[int, int]]) -> None:
    ends = np.array(rows, np.int64).reshape(-1, 2)
    made = union([(ends[:, 0], ends[:, 1])], 10, dirty=True)
    assert (made.left < made.right).all()
    assert set(zip(made.left.tolist(), made.right.tolist(), strict=True)) == {
        (min(r), max(r)) for r in rows if r[0] != r[1]
    }


def pairs_of(
    rows: list[tuple[int, int, float]], dirty: bool
) -> tuple[Pairs, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    scored = {(min(a, b), max(a, b)) if dirty else (a, b): s for a, b, s in rows if not (dirty and a == b)}
    keys = sorted(scored)
    left, right = (np.array([k[x] for k in keys], np.int64) for x in (0, 1))
    return Pairs(left, right), np.array([scored[k] for k in keys], np.float32)


@given(edges)
def test_a_unique_mapping_uses_no_record_twice_and_is_stable(rows: list[tuple[int, int, float]]) -> None:
    pairs, score = pairs_of(rows, dirty=False)
    chosen = unique_mapping(pairs, score)
    taken = pairs.take(chosen)
    assert len(set(taken.left.tolist())) == len(taken) == len(set(taken.right.tolist()))
    for k in np.flatnonzero(~chosen):
        rivals = chosen & ((pairs.left == pairs.left[k]) | (pairs.right == pairs.right[k]))
        assert (score[rivals] >= score[k]).any()


@given(edges, st.booleans())
def test_the_best_rival_is_the_best_other_pair_of_a_record(rows: list[tuple[int, int, float]], dirty: bool) -> None:
    pairs, score = pairs_of(rows, dirty)
    rivals = rivals_of(pairs, score, (10, 10), dirty=dirty)
    for k in range(len(pairs)):
        touching = pairs.left == pairs.left[k]
        if dirty:
            touching |= pairs.right == pairs.left[k]
        touching[k] = False
        assert rivals.left_score[k] == (score[touching].max() if touching.any() else -np.inf)


def test_one_strong_pair_does_not_chain_two_groups() -> None:
    inside = [(a, b, 0.95) for a in range(4) for b in range(a + 1, 4)] + [
        (a, b, 0.95) for a in range(4, 8) for b in range(a + 1, 8)
    ]
    pairs, score = pairs_of([*inside, (3, 4, 0.9)], dirty=True)
    label = cluster_records(pairs, score, 8, threshold=0.35)
    assert label.tolist() == [0, 0, 0, 0, 4, 4, 4, 4]


def test_huge_components_are_cut_in_bounded_time() -> None:
    chain = [(k, k + 1, 0.9) for k in range(2_999)]
    pairs, score = pairs_of(chain, dirty=True)
    label = cluster_records(pairs, score, 3_000, threshold=0.5, largest=100)
    assert len(label) == 3_000


def test_levels_start_at_absence_and_end_at_equality() -> None:
    assert level_of(np.array([np.nan, 0.0, 1.0], np.float32)).tolist() == [MISSING, 0, LEVELS - 1]


def test_the_logistic_fit_shrinks_to_its_offset_and_never_runs_away() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(40, 6)).astype(np.float32)
    y = x[:, 0] > 0
    strong = fit_logistic(x, y, penalty=1e6, bias_penalty=1e6, offset=np.ones(40, np.float32))
    np.testing.assert_allclose(strong.log_odds(x, 1.0), 1.0, atol=0.01)
    weak = fit_logistic(x, y, penalty=1e-6)
    assert np.isfinite(weak.log_odds(x)).all()
    assert ((weak.log_odds(x) > 0) == y).mean() > 0.95


def test_the_logistic_fit_takes_probabilities_for_answers() -> None:
    x = np.zeros((100, 1), np.float32)
    wanted = fit_logistic(x, np.full(100, 0.8), penalty=1.0)
    counted = fit_logistic(x, np.arange(100) < 80, penalty=1.0)
    assert wanted.bias == pytest.approx(np.log(4), abs=0.01)
    assert counted.bias == pytest.approx(wanted.bias, abs=1e-4)


def test_where_no_match_is_sure_likely_pairs_stand_beside_the_answers() -> None:
    unsure = np.r_[np.full(50, 1.0), np.full(950, -4.0)].astype(np.float32)
    answered = np.arange(10)
    strangers, likely = _anchors(unsure, answered, 10.0)
    assert (unsure[strangers.rows] < 0).all() and (strangers.same == 0).all()
    assert sorted(likely.rows.tolist()) == list(range(10, 50))
    assert likely.same == pytest.approx(1 / (1 + np.exp(-1.0)))
    (both,) = _anchors(np.where(unsure > 0, 4.0, -4.0).astype(np.float32), answered, 10.0)
    assert both.same.sum() > 0, "sure matches speak for themselves"


def test_fast_scoring_equals_walking_the_trees() -> None:
    forest, width = load_prior().forest, len(MULTIPLE_FEATURES)
    x = np.random.default_rng(0).normal(0, 0.5, (500, width)).astype(np.float32)
    np.testing.assert_allclose(score_rows(forest, x), forest.log_odds(x.astype(np.float64)), atol=1e-4)


@pytest.mark.skipif(not (DATA / "restaurants").is_dir(), reason="no entity_resolution data in $BIFROST_DATA")
def test_real_tables_are_matched_and_disturbed_copies_stay_tasks() -> None:
    task = half(read_labelled(DATA / "restaurants"), 1)
    matching = match_records(task.records)
    chosen = matching.pairs.take(matching.accepted)
    hits = (task.left_entity[chosen.left] == task.right_entity[chosen.right]).sum()
    assert 2 * hits / (len(chosen) + task.true_pairs) > 0.75
    for seed in range(5):
        copy = disturb(task, np.random.default_rng(seed))
        assert copy.records.shape == (len(copy.left_entity), len(copy.right_entity))
        match_records(copy.records)


@pytest.mark.skipif(not (DATA / "dblp_acm").is_dir(), reason="no entity_resolution data in $BIFROST_DATA")
def test_a_larger_table_does_not_say_how_many_records_of_the_smaller_one_have_a_partner() -> None:
    task = read_labelled(DATA / "dblp_acm")
    kept = np.sort(np.random.default_rng(0).permutation(len(task.left_entity))[:784])
    rows = pa.array(kept)
    fields = tuple(replace(f, left=f.left.take(rows)) for f in task.records.fields)
    matching = match_records(replace(task.records, left_uids=task.records.left_uids.take(rows), fields=fields))
    found = matching.pairs.take(matching.accepted)
    entity = task.left_entity[kept]
    hits = int((entity[found.left] == task.right_entity[found.right]).sum())
    assert 2 * hits / (len(found) + int(np.isin(entity, task.right_entity).sum())) > 0.96


@pytest.mark.parametrize("strangers", [0.0, 0.3, 0.8])
def test_decoys_tell_how_many_records_have_a_partner_whatever_the_scale_of_the_scores(strangers: float) -> None:
    generator = np.random.default_rng(0)
    n = 800
    score = generator.uniform(0, 0.2, (n, n)) ** 2 * 10
    partnered = generator.random(n) >= strangers
    score[np.arange(n)[partnered], np.arange(n)[partnered]] += generator.normal(0.5, 0.1, int(partnered.sum()))
    best = np.argsort(-score, axis=1)[:, :8], np.argsort(-score, axis=0)[:8].T
    rows = np.repeat(np.arange(n), 8)
    pairs = union([(rows, best[0].ravel()), (best[1].ravel(), rows)], n, dirty=False)
    decoys = judge_by_decoys(pairs, score[pairs.left, pairs.right].astype(np.float32), (n, n))
    assert decoys.matches == pytest.approx(partnered.sum(), rel=0.15)
    true = (pairs.left == pairs.right) & partnered[pairs.left]
    found = unique_mapping(pairs, decoys.surplus) & (decoys.log_odds > 0)
    assert (found & true).sum() >= 0.9 * true.sum()
    assert (found & true).sum() >= 0.9 * found.sum()


def test_decoys_need_a_few_records_to_learn_from() -> None:
    pairs = Pairs(np.array([0, 0]), np.array([0, 1]))
    decoys = judge_by_decoys(pairs, np.array([0.9, 0.1], np.float32), (1, 2))
    assert decoys.matches is None
    assert (decoys.log_odds == 0).all()


def test_a_task_needs_a_field() -> None:
    with pytest.raises(ValueError, match="field"):
        Records(pa.array(["a"]), pa.array(["b"]), (), dirty=False)
