"""Groups of one table keep to people's answers, and questions are about what an answer settles."""

from itertools import combinations
from types import SimpleNamespace
from typing import cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linking.records import Matching, match_tables
from linking.records.adapt import PINNED, Answers
from linking.records.blocking import Pairs
from linking.records.competition import clearly_beaten
from linking.records.decide import cluster_records
from linking.records.group_questions import group_questions
from linking.records.grouping import groups_of
from linking.records.options import MatchOptions
from linking.records.questions import choose
from tests.linking.records.tables import misspell, people, table

SIZE = 12
pair = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda p: p[0] < p[1])


def arrays(chosen: list[tuple[int, int]]) -> Pairs:
    ends = np.array(chosen, np.int64).reshape(-1, 2)
    return Pairs(ends[:, 0], ends[:, 1])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE),
    st.dictionaries(pair, st.floats(0, 1, width=32)),
    st.sets(pair),
)
def test_groups_keep_to_answers_that_agree_with_each_other(
    entity: list[int], probability: dict[tuple[int, int], float], asked: set[tuple[int, int]]
) -> None:
    known, answered = sorted(probability), sorted(asked)
    scores = np.array([probability[p] for p in known], np.float32)
    same = np.array([entity[i] == entity[j] for i, j in answered], bool)
    label = groups_of(
        arrays(known), scores, SIZE, Answers(arrays(answered), same), threshold=0.3, largest=100, small_factor=1.5
    )
    assert len(label) == SIZE
    for (i, j), one in zip(answered, same.tolist(), strict=True):
        assert (label[i] == label[j]) == one


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(pair, st.floats(0, 1, width=32)))
def test_without_answers_groups_are_those_of_average_linkage(probability: dict[tuple[int, int], float]) -> None:
    pairs, scores = arrays(sorted(probability)), np.array([probability[p] for p in sorted(probability)], np.float32)
    assert np.array_equal(
        groups_of(pairs, scores, SIZE, None, threshold=0.3, largest=100, small_factor=1.5),
        cluster_records(pairs, scores, SIZE, threshold=0.3, largest=100, small_factor=1.5),
    )


def test_one_answer_parts_two_groups_that_a_chain_joined() -> None:
    inside = [*combinations(range(5), 2), *combinations(range(5, 10), 2)]
    across = [(i, j) for i in range(5) for j in range(5, 10)]
    pairs = arrays(sorted([*inside, *across]))
    scores = np.where((pairs.left < 5) == (pairs.right < 5), 0.9, 0.5).astype(np.float32)
    answered = arrays([(2, 7)])
    one = groups_of(
        pairs, scores, SIZE, Answers(answered, np.array([True])), threshold=0.3, largest=100, small_factor=1.5
    )
    assert len(set(one[:10].tolist())) == 1
    two = groups_of(
        pairs, scores, SIZE, Answers(answered, np.array([False])), threshold=0.3, largest=100, small_factor=1.5
    )
    assert [set(two[:5].tolist()), set(two[5:10].tolist())] == [{two[0]}, {two[5]}]
    assert two[0] != two[5]


def test_answers_that_contradict_each_other_join() -> None:
    answered = arrays([(0, 1), (0, 2), (1, 2)])
    answers = Answers(answered, np.array([True, False, True]))
    label = groups_of(answered, np.zeros(3, np.float32), 3, answers, threshold=0.3, largest=100, small_factor=1.5)
    assert label[0] == label[1] == label[2]


def branches() -> pa.Table:
    """Fourteen records of one person, half of them under another name but the same mail address, among sixty people."""
    everybody = people(62, seed=3)
    one, other = everybody[0], everybody[1] | {"mail": everybody[0]["mail"]}
    many = [*misspell([one] * 7, seed=5, share=0.15), *misspell([other] * 7, seed=6, share=0.15)]
    return table([*many, *everybody[2:], *misspell(everybody[2:22], seed=4)], "t")


def numbers(matching: Matching, judged: dict[tuple[str, str], bool]) -> list[tuple[int, int]]:
    return [(int(q.left.removeprefix("t/")), int(q.right.removeprefix("t/"))) for q in choose(matching, 10, judged)]


def between(questions: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [q for q in questions if q[0] < 7 <= q[1] < 14]


def test_whether_two_groups_are_one_is_asked_once() -> None:
    rows = branches()
    matching = match_tables(rows)
    label = matching.clusters()[0]
    assert len(set(label[:7].tolist())) == len(set(label[7:14].tolist())) == 1
    assert label[0] != label[7]
    asked = between(numbers(matching, {}))
    assert len(asked) == 1
    (left, right) = (f"t/{k}" for k in asked[0])
    for verdict in (True, False):
        judged = {(left, right): verdict}
        after = match_tables(rows, judged=judged)
        label = after.clusters()[0]
        assert (len(set(label[:14].tolist())) == 1) is verdict
        assert not between(numbers(after, judged)[:1])


def asked(probability: dict[tuple[int, int], float], group: list[int]) -> list[tuple[tuple[int, int], float]]:
    """Pairs of records in groups with what asking about them is worth, the most first."""
    pairs = arrays(list(probability))
    matching = SimpleNamespace(
        pairs=pairs,
        probability=np.array(list(probability.values())),
        clusters=lambda: (np.array(group),),
        options=MatchOptions(),
    )
    value = group_questions(cast("Matching", matching), None).value
    return [(list(probability)[k], float(value[k])) for k in np.argsort(-value).tolist()]


def test_questions_about_groups_are_about_records_that_are_typical_of_them() -> None:
    strong = {pair: 0.9 for four in (range(4), range(5, 9)) for pair in combinations(four, 2)}
    astray = {(k, 4): 0.35 for k in range(4)}  # record 4 hardly belongs to the first group
    apart = {(0, 5): 0.4, (4, 6): 0.5}
    (joining, _), *_ = asked({**strong, **astray, **apart}, [0] * 5 + [1] * 4)
    assert joining == (0, 5)
    bridge = {(0, 5): 0.55, (1, 6): 0.6, (2, 7): 0.5, (3, 8): 0.7, (0, 8): 0.6, (4, 5): 0.6}
    (parting, _), *_ = asked({**strong, **astray, **bridge}, [0] * 9)
    assert parting != (4, 5)


def test_values_of_questions_lie_between_0_and_1() -> None:
    questions = choose(match_tables(branches()), 50, {})
    assert questions
    assert all(0 <= q.value <= 1 for q in questions)


def namesakes() -> pa.Table:
    """Sixty people and twenty of them again; four who share a name and an address, each twice, one of them three times."""
    everybody = people(64, seed=11)
    alike = [person | {"name": everybody[60]["name"], "mail": everybody[60]["mail"]} for person in everybody[60:]]
    return table([*everybody[:60], *misspell(everybody[:20], seed=8, share=0.2), *alike, *alike, alike[3]], "t")


def test_the_likeliest_partner_of_a_record_rules_out_clearly_worse_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = namesakes()
    matching = match_tables(rows)
    assert matching.rivals
    label = matching.clusters()[0]
    assert [label[k] == label[60 + k] for k in range(20)] == [True] * 20
    assert [label[80 + k] == label[84 + k] for k in range(4)] == [True] * 4
    assert label[83] == label[88]
    assert len(set(label[80:84].tolist())) == 4
    monkeypatch.setattr("linking.records.matching.seldom_several", lambda *_: False)
    assert len(set(match_tables(rows).clusters()[0][80:84].tolist())) < 4


def test_answered_pairs_neither_rule_out_nor_are_ruled_out() -> None:
    pairs = arrays([(0, 1), (0, 2), (0, 3), (1, 2)])
    assert clearly_beaten(pairs, np.array([3, 1, 2.5, 0], np.float32)).tolist() == [False, True, False, True]
    assert clearly_beaten(pairs, np.array([-PINNED, 1, PINNED, 0], np.float32)).tolist() == [False] * 4
