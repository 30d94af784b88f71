"""After a sync only what it touched is matched again, with exactly the result of matching everything."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linking.records.adapt import Answers
from linking.records.alignment import records_of
from linking.records.blocking import Pairs
from linking.records.fields import Records
from linking.records.matching import Matching, match_records, rematch_records
from linking.records.options import MatchOptions
from linking.records.sync import change_between
from tests.linking.records.tables import misspell, people, table

Rows = list[tuple[str, dict[str, str]]]
EVERYBODY = people(160, seed=5)
OTHERS = misspell(people(200, seed=5)[60:], seed=6)
TRIMMED = MatchOptions(candidates_kept=300)
"""So few candidates are kept that the best of each record have to be found, as in large tables."""
LARGE = MatchOptions(candidates_kept=300, large=0)
"""Neighbours are found as in large tables, too."""


def keyed(rows: list[dict[str, str]], prefix: str) -> Rows:
    return [(f"{prefix}/{k}", row) for k, row in enumerate(rows)]


def worse(row: dict[str, str], seed: int) -> dict[str, str]:
    """The row with swapped letters in most of its longer values."""
    return row | misspell([{n: v for n, v in row.items() if len(v) > 2}], seed, share=0.9)[0]


def arrow(rows: Rows) -> pa.Table:
    made = table([row for _, row in rows], "x")
    return made.set_column(0, "_uid", pa.array([uid for uid, _ in rows], pa.string()))


def task(left: Rows, right: Rows | None) -> Records:
    return records_of(arrow(left), None if right is None else arrow(right), [(c, c) for c in EVERYBODY[0]])


def edited(rows: Rows, generator: np.random.Generator, count: int, prefix: str) -> Rows:
    """The rows with some changed, some gone and some new ones anywhere between them."""
    made = list(rows)
    for k in range(count):
        at, kind = int(generator.integers(len(made))), int(generator.integers(4))
        uid, row = made[at]
        other = made[int(generator.integers(len(made)))][1]
        if kind == 0:
            del made[at]
        elif kind == 1:
            made.insert(at, (f"new/{prefix}/{k}", worse(other, k)))
        elif kind == 2:
            made[at] = uid, {**row, "name": other["name"], "mail": f"unheard-of-{k}@nowhere.example"}
        else:
            made[at] = uid, worse(row, k)
    return made


def assert_same(first: Matching, second: Matching) -> None:
    for a, b in (
        (first.pairs.left, second.pairs.left),
        (first.pairs.right, second.pairs.right),
        (first.prepared.multiple, second.prepared.multiple),
        (first.log_odds, second.log_odds),
        (first.accepted, second.accepted),
    ):
        np.testing.assert_array_equal(a, b)
    assert list(first.same_pairs()) == list(second.same_pairs())


@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 30),
    dirty=st.booleans(),
    options=st.sampled_from([MatchOptions(), TRIMMED, LARGE]),
)
def test_a_sync_gives_what_matching_everything_gives(seed: int, count: int, dirty: bool, options: MatchOptions) -> None:
    generator = np.random.default_rng(seed)
    left, right = keyed(EVERYBODY, "a"), keyed(OTHERS, "b")
    if dirty:
        left, right = left[:80] + right[:40], []
    before = task(left, None if dirty else right)
    matching = match_records(before, options)
    for turn in range(2):
        left = edited(left, generator, count, f"l{turn}")
        right = right if dirty else edited(right, generator, count, f"r{turn}")
        after = task(left, None if dirty else right)
        change = change_between(before, after)
        assert change is not None
        full = match_records(after, options, like=matching)
        before, matching = after, rematch_records(matching, after, change)
        assert_same(matching, full)


def test_answers_count_after_a_sync_as_they_do_without_one() -> None:
    left, right = keyed(EVERYBODY, "a"), keyed(OTHERS, "b")
    before = task(left, right)
    matching = match_records(before)
    after = task(edited(left, np.random.default_rng(1), 10, "l"), right)
    change = change_between(before, after)
    assert change is not None
    answers = Answers(Pairs(np.array([0, 1, 2, 70, 71]), np.array([3, 4, 5, 9, 11])), np.array([0, 1, 0, 0, 1], bool))
    assert_same(
        rematch_records(matching, after, change, answers=answers), match_records(after, answers=answers, like=matching)
    )


def test_a_changed_record_leaves_its_group_and_finds_another() -> None:
    rows = keyed(EVERYBODY[:60] + misspell(EVERYBODY[:20], seed=3), "t")
    before = task(rows, None)
    matching = match_records(before)
    label, _ = matching.clusters()
    assert label[5] == label[65]
    moved = [*rows]
    moved[65] = rows[65][0], misspell([EVERYBODY[40]], seed=8)[0]
    after = task(moved, None)
    change = change_between(before, after)
    assert change is not None
    label, _ = rematch_records(matching, after, change).clusters()
    assert label[5] != label[65]
    assert label[40] == label[65]


def test_a_sync_that_cannot_be_told_is_none() -> None:
    rows = keyed(EVERYBODY[:30], "a")
    before = task(rows, None)
    assert change_between(before, task(rows[::-1], None)) is None
    assert change_between(before, task(rows, rows)) is None
    same = change_between(before, task(rows, None))
    assert same is not None
    assert (same.left == np.arange(30)).all()


@pytest.mark.parametrize("dirty", [True, False])
def test_most_records_may_go_and_come_back(dirty: bool) -> None:
    left, right = keyed(EVERYBODY[:40], "a"), keyed(OTHERS[:40], "b")
    before = task(left, None if dirty else right)
    matching = match_records(before)
    few = task(left[:12], None if dirty else right[:12])
    gone = change_between(before, few)
    assert gone is not None
    least = rematch_records(matching, few, gone)
    assert_same(least, match_records(few, like=matching))
    back = change_between(few, before)
    assert back is not None
    assert_same(rematch_records(least, before, back), matching)
