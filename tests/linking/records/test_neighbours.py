"""Nearest neighbours are exact, and the same however the work is cut up and on how many processors it is done."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from linking.records import match_tables, neighbours, parallel, terms
from linking.records.matching import Matching
from linking.records.neighbours import NONE, Neighbours, nearest_lists, row_lists
from linking.records.options import MatchOptions
from linking.records.ranking import best_first
from tests.linking.records.tables import misspell, people, table


def vectors(generator: np.random.Generator, rows: int, terms: int) -> sparse.csr_matrix:
    """Rows with small whole numbers, so that many are equally similar; some are empty."""
    values = generator.integers(1, 4, (rows, terms)) * (generator.random((rows, terms)) < 0.4)
    return sparse.csr_matrix(values.astype(np.float32))


def by_hand(left: sparse.csr_matrix, right: sparse.csr_matrix, k: int) -> Neighbours:
    scores = left.toarray() @ right.toarray().T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    score = np.take_along_axis(scores, order, axis=1)
    row = np.where(score > 0, order, NONE)
    missing = [(0, 0), (0, k - row.shape[1])]
    return Neighbours(np.pad(row, missing, constant_values=NONE).astype(np.int32), np.pad(score, missing))


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    np.testing.assert_array_equal(found.row, expected.row)
    np.testing.assert_array_equal(found.score, expected.score)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    sizes=st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 12)),
    k=st.integers(1, 6),
    cut=st.sampled_from([(1 << 20, 1 << 15, 1 << 19, 32), (40, 7, 10, 4), (300, 64, 100, 2), (1, 30, 0, 3)]),
    workers=st.integers(1, 3),
)
def test_neighbours_are_exact_however_the_work_is_cut_up(
    seed: int, sizes: tuple[int, int, int], k: int, cut: tuple[int, int, int, int], workers: int
) -> None:
    generator = np.random.default_rng(seed)
    left, right = vectors(generator, sizes[0], sizes[2]), vectors(generator, sizes[1], sizes[2])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("BLOCK_NONZERO", "COLUMNS", "BUFFER", "PARTS"), cut, strict=True):
            patch.setattr(neighbours, name, value)
        patch.setattr(parallel, "processors", lambda: workers)
        of_left, of_right = nearest_lists(left, right, k)
        assert_same(of_left, by_hand(left, right, k))
        assert_same(of_right, by_hand(right, left, k))
        assert_same(row_lists(left, right, k), of_left)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([-2.5, -1.0, -0.0, 0.0, 0.5, 1e-40, 7.0]), st.integers(0, 4)))
)
def test_the_best_come_first(entries: list[tuple[int, float, int]]) -> None:
    end = np.array([e for e, _, _ in entries], np.int64)
    score = np.array([s for _, s, _ in entries], np.float32)
    then = np.array([t for _, _, t in entries], np.int64)
    assert best_first(end, score).tolist() == np.lexsort((-score, end)).tolist()
    order, expected = best_first(end, score, then), np.lexsort((then, -score, end))
    for column in (end, score, then):
        np.testing.assert_array_equal(column[order], column[expected])


@pytest.mark.parametrize("dirty", [False, True])
def test_more_processors_change_nothing(monkeypatch: pytest.MonkeyPatch, dirty: bool) -> None:
    for name, value in (("BLOCK_NONZERO", 20_000), ("COLUMNS", 128)):
        monkeypatch.setattr(neighbours, name, value)
    monkeypatch.setattr(terms, "BATCH", 100)
    everybody = people(500, seed=12)
    left, right = table(everybody, "a"), table(misspell(everybody[200:], seed=13), "b")

    def matched(workers: int) -> Matching:
        monkeypatch.setattr(parallel, "processors", lambda: workers)
        return match_tables(left, None if dirty else right, options=MatchOptions(candidates_kept=800, large=0))

    one, two = matched(1), matched(2)
    np.testing.assert_array_equal(one.prepared.multiple, two.prepared.multiple)
    np.testing.assert_array_equal(one.log_odds, two.log_odds)
    assert list(one.same_pairs()) == list(two.same_pairs())


def test_a_mistake_in_one_of_several_threads_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "processors", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        list(parallel.in_order(lambda x: 1 / x, [3, 2, 1, 0, 1, 2]))
    assert list(parallel.in_order(lambda x: x * x, range(20))) == [x * x for x in range(20)]
