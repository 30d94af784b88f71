"""Whether things recur in a table of two is judged by whether a record's partners could be one thing themselves."""

import numpy as np
import pyarrow as pa

from linking.records import Matching, match_tables
from tests.linking.records.tables import LAST, misspell, people, table


def names(values: list[str], prefix: str) -> pa.Table:
    return table([{"name": value} for value in values], prefix)


def cups(count: int, seed: int = 5) -> list[str]:
    generator = np.random.default_rng(seed)
    picked = generator.permutation(len(LAST) ** 2)[:count]
    return [f"{LAST[k // len(LAST)]} {LAST[k % len(LAST)]} cup" for k in picked.tolist()]


def precision_recall(matching: Matching, truth: set[tuple[str, str]]) -> tuple[float, float]:
    found = {(p.left, p.right) for p in matching.same_pairs() if p.score >= 0.5}
    return len(found & truth) / max(len(found), 1), len(found & truth) / len(truth)


def test_seasons_of_one_cup_do_not_recur() -> None:
    every = [(cup, year) for cup in cups(40) for year in range(2001, 2011)]
    left, right = [f"{year} {cup}" for cup, year in every], [f"{cup.title()} ({year})" for cup, year in every[::3]]
    matching = match_tables(names(left, "a"), names(right, "b"))
    assert matching.once == (True, True)
    precision, recall = precision_recall(matching, {(f"a/{3 * k}", f"b/{k}") for k in range(len(right))})
    assert precision > 0.9
    assert recall > 0.9


def test_a_record_without_its_number_has_one_partner_at_most() -> None:
    """It resembles all ten volumes, but these are no copies of each other."""
    volumes = [f"{cup} volume {n}" for cup in cups(30) for n in range(1, 11)]
    matching = match_tables(names(volumes, "a"), names(cups(30), "b"))
    assert matching.once[1]


def test_copies_in_one_table_are_partners_of_the_same_record() -> None:
    everybody = people(200, seed=4)
    copies = everybody + misspell(everybody[:120], seed=5, share=0.15)
    matching = match_tables(table(everybody, "a"), table(copies, "b"))
    assert matching.once == (False, True)
    truth = {(f"a/{k}", f"b/{j}") for k in range(200) for j in ((k, 200 + k) if k < 120 else (k,))}
    precision, recall = precision_recall(matching, truth)
    assert precision > 0.9
    assert recall > 0.9


def test_one_record_twice_among_few_says_little() -> None:
    everybody = people(10, seed=6)
    matching = match_tables(table(everybody, "a"), table([*everybody, everybody[0]], "b"))
    assert matching.once == (True, True)


def test_confirmed_pairs_say_that_things_recur() -> None:
    """A second partner that nobody would guess stays confirmed, and with more of them a record may have several."""
    everybody = people(120, seed=7)
    left, right = table(everybody, "a"), table(everybody, "b")
    second = {(f"a/{k}", f"b/{k + 40}"): True for k in range(8)}
    once = match_tables(left, right, judged=dict([*second.items()][:1]) | {("a/0", "b/0"): True})
    assert once.once == (True, True)
    assert {("a/0", "b/0"), ("a/0", "b/40")} <= {(p.left, p.right) for p in once.same_pairs() if p.score >= 0.5}
    several = match_tables(left, right, judged=second | {(f"a/{k}", f"b/{k}"): True for k in range(8)})
    assert several.once == (False, True)
