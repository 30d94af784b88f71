"""What records are linked to helps to tell them apart, where it does, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from linking.records.adapt import Answers
from linking.records.blocking import Pairs
from linking.records.fields import Records
from linking.records.linked import Beyond, Linked, overlap, said
from linking.records.matching import Matching, match_records, rematch_records
from linking.records.packing import pack, unpack
from linking.records.sync import change_between
from tests.linking.records.tables import people
from tests.linking.records.test_sync import assert_same, edited, keyed, task

Rows = list[tuple[str, dict[str, str]]]
PEOPLE = people(240, seed=11)


def short(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Three letters of the name and the town alone: many people share them."""
    return [r | {"name": r["name"][:3], "born": "", "mail": ""} for r in rows]


def links_to(left: list[int], right: list[int], things: int, *, dirty: bool = False) -> Linked:
    """Row k is linked to the thing with number ``left[k]`` (``right[k]``)."""
    one, two = (
        sparse.csr_matrix((np.ones(len(x), np.float32), (np.arange(len(x)), np.array(x))), shape=(len(x), things))
        for x in (left, right)
    )
    return Linked.of("orders", one, one if dirty else two, None, pa.array([f"no. {n}" for n in range(things)]))


def f1(matching: Matching, left: list[int], right: list[int]) -> float:
    accepted = matching.pairs.take(matching.accepted)
    hits = int((np.array(left)[accepted.left] == np.array(right)[accepted.right]).sum())
    return 2 * hits / (len(accepted) + len(set(left) & set(right)))


def two_tables() -> tuple[Records, list[int], list[int]]:
    left, right = list(range(200)), list(range(40, 240))
    clear, vague = PEOPLE[:80], short(PEOPLE[80:])
    every = clear + vague
    return (
        task(keyed([every[k] for k in left], "a"), keyed([every[k] for k in right], "b")),
        left,
        right,
    )


def test_links_tell_records_apart_that_say_the_same() -> None:
    records, left, right = two_tables()
    alone = match_records(records)
    linked = match_records(records, linked=[links_to(left, right, 240)])
    assert linked.signal is not None
    assert linked.signal.trusted
    assert f1(linked, left, right) > f1(alone, left, right) + 0.05


def test_links_that_strangers_share_as_well_are_not_trusted() -> None:
    records, left, right = two_tables()
    towns = np.random.default_rng(1).integers(0, 3, 240)
    matching = match_records(records, linked=[links_to(towns[left].tolist(), np.roll(towns[right], 7).tolist(), 3)])
    assert matching.signal is not None
    assert not matching.signal.trusted
    np.testing.assert_array_equal(matching.log_odds, match_records(records).log_odds)


def test_to_share_nothing_never_speaks_for_a_pair() -> None:
    records, left, right = two_tables()
    partners = [k for k in left if k < 80]

    def own(rows: list[int], first: int) -> sparse.csr_matrix:
        there = [(at, first + k) for at, k in enumerate(rows) if k in partners]
        return sparse.csr_matrix(
            (np.ones(len(there), np.float32), tuple(zip(*there, strict=True))), shape=(len(rows), 400)
        )

    apart = Linked.of("orders", own(left, 0), own(right, 200), None)
    matching = match_records(records, linked=[apart])
    assert matching.signal is not None
    assert (matching.signal.weights <= 0).all()


def test_links_of_nobody_change_nothing() -> None:
    records, _, _ = two_tables()
    nobody = Linked.of("orders", sparse.csr_matrix((200, 5)), sparse.csr_matrix((200, 5)), None)
    np.testing.assert_array_equal(match_records(records, linked=[nobody]).log_odds, match_records(records).log_odds)


def test_what_is_shared_is_said_in_words() -> None:
    left = sparse.csr_matrix(np.array([[1, 1, 1, 0], [0, 0, 0, 1]], np.float32))
    right = sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], np.float32))
    linked = Linked.of("products of orders", left, right, None, pa.array(["tea", "milk", "salt", "rye"]))
    pairs = Pairs(np.array([0, 1, 1]), np.array([0, 1, 2]))
    assert said(linked, pairs) == [
        "share 2 of 2: products of orders",
        "both: products of orders rye",
        "different: products of orders",
    ]
    found = overlap(linked, pairs)
    np.testing.assert_allclose(found.share, [1, 1, 0])
    assert found.number.tolist() == [2, 1, 0]


def test_things_of_two_tables_count_by_how_probably_they_are_the_same() -> None:
    eye = sparse.identity(3, np.float32, "csr")
    same = sparse.csr_matrix(np.array([[0.9, 0, 0], [0, 0.4, 0], [0, 0, 0]], np.float32))
    linked = Linked.of("artists", eye, eye, same)
    found = overlap(linked, Pairs(np.arange(3), np.arange(3)))
    np.testing.assert_allclose(found.number, [0.9, 0.4, 0], atol=1e-6)
    assert found.share[0] > found.share[1] > found.share[2] == 0


def test_what_follows_from_a_nearer_thing_counts_once() -> None:
    # Customers 0 and 1 share port 0; 0 and 2 have two ports in one country; 3 and 4 share port 3, and 3 a second country.
    ports = sparse.csr_matrix(np.eye(4, dtype=np.float32)[[0, 0, 1, 3, 3]])
    countries = sparse.csr_matrix(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32))
    beyond = (ports @ countries).tolil()
    beyond[3, 1] = 1
    linked = [
        Linked.of("ports", ports, ports, None),
        Linked.of("countries of ports", beyond.tocsr(), beyond.tocsr(), None, beyond=Beyond(ports, ports, countries)),
    ]
    near, far = (overlap(one, Pairs(np.array([0, 0, 3]), np.array([1, 2, 4]))) for one in linked)
    assert near.share.tolist() == [1, 0, 1]
    assert near.present.all()
    assert far.present.tolist() == [False, True, False]
    assert far.share.tolist() == [0, 1, 0]
    assert far.number.tolist() == [0, 1, 0]


def test_a_rare_thing_says_more() -> None:
    linked = links_to([0] * 30 + [1], [0] * 30 + [1], 2)
    found = overlap(linked, Pairs(np.array([0, 30]), np.array([0, 30])))
    assert found.amount[1] > 3 * found.amount[0]


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 25), dirty=st.booleans())
def test_a_sync_with_changed_neighbours_gives_what_matching_everything_gives(
    seed: int, count: int, dirty: bool
) -> None:
    generator = np.random.default_rng(seed)
    every = PEOPLE[:80] + short(PEOPLE[80:160])
    left: Rows = keyed(every, "a")
    right: Rows = [] if dirty else keyed(every[30:], "b")
    if dirty:
        left = left + keyed(every[20:60], "c")

    def neighbours(rows: Rows) -> list[int]:
        return [int(generator.integers(40)) if generator.random() < 0.1 else hash_of(u) for u, _ in rows]

    def hash_of(uid: str) -> int:
        prefix, _, number = uid.rpartition("/")
        return (int(number) + {"a": 0, "b": 30, "c": 20}.get(prefix, 7)) % 60

    def links(first: Rows, second: Rows) -> list[Linked]:
        mine = neighbours(first)
        return [links_to(mine, mine if dirty else neighbours(second), 60, dirty=dirty)]

    before = task(left, None if dirty else right)
    matching = match_records(before, linked=links(left, right))
    for turn in range(2):
        left = edited(left, generator, count, f"l{turn}")
        right = right if dirty else edited(right, generator, count, f"r{turn}")
        after = task(left, None if dirty else right)
        change = change_between(before, after)
        assert change is not None
        linked = links(left, right)
        full = match_records(after, like=matching, linked=linked)
        before, matching = after, rematch_records(matching, after, change, linked=linked)
        assert_same(matching, full)


def test_answers_weigh_links_as_well() -> None:
    records, left, right = two_tables()
    linked = [links_to(left, right, 240)]
    matching = match_records(records, linked=linked)
    same = np.array(left)[matching.pairs.left] == np.array(right)[matching.pairs.right]
    chosen = np.sort(np.random.default_rng(0).choice(len(same), 60, replace=False))
    answers = Answers(matching.pairs.take(chosen), same[chosen])
    again = match_records(records, linked=linked, answers=answers, prepared=matching.blocked)
    assert f1(again, left, right) >= f1(matching, left, right) - 0.01


def test_what_was_learnt_of_links_can_be_kept(tmp_path: Path) -> None:
    records, left, right = two_tables()
    linked = [links_to(left, right, 240)]
    matching = match_records(records, linked=linked)
    pack(replace(matching, linked=()), tmp_path)
    again = match_records(records, like=unpack(tmp_path), linked=linked)
    np.testing.assert_array_equal(again.accepted, matching.accepted)
