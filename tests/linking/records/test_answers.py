"""People's answers pin their pairs, teach the model, and choose what is asked next."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bifrost.links import Column, Judgement, LinkKind, LinkType, Verdict, link_type_id
from linking.memory import MemoryData
from linking.records import match, match_tables, next_pairs
from linking.records.questions import choose
from tests.linking.records.tables import misspell, people, table

TAIL, HEAD = Column("crm", "contacts"), Column("erp", "customers")
LINK = LinkType(link_type_id(LinkKind.SAME_THING, TAIL, HEAD), LinkKind.SAME_THING, TAIL, HEAD, "same")


def data() -> MemoryData:
    everybody = people(120, seed=7)
    made = MemoryData()
    made.add_table("crm", "contacts", table(everybody[:80], "crm|contacts"))
    made.add_table("erp", "customers", table(misspell(everybody[40:]), "erp|customers"))
    return made


def answer(number: int, left: str, right: str, verdict: Verdict, undone: bool = False) -> Judgement:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return Judgement(number, f"{LINK.id}|{left}|{right}", verdict, "anna", at, undone_at=at if undone else None)


def scores(judgements: list[Judgement]) -> dict[tuple[str, str], float]:
    return {(p.left, p.right): p.score for p in match(LINK, data(), judgements, lambda _: None)}


def test_a_rejected_pair_is_never_merged_and_a_confirmed_one_always() -> None:
    before = scores([])
    best = max(before, key=lambda p: before[p])
    stranger = ("crm|contacts/0", "erp|customers/70")
    after = scores([answer(1, *best, Verdict.REJECT), answer(2, *stranger, Verdict.CONFIRM)])
    assert after.get(best, 0.0) < 0.5
    assert after[stranger] > 0.99


def test_an_undone_or_unsure_answer_changes_nothing() -> None:
    before = scores([])
    best = max(before, key=lambda p: before[p])
    assert scores([answer(1, *best, Verdict.REJECT, undone=True), answer(2, *best, Verdict.UNSURE)]) == before


def test_a_higher_threshold_of_the_link_type_merges_fewer_pairs() -> None:
    usual = sorted(score for score in scores([]).values() if score >= 0.5)
    threshold = (usual[0] + usual[-1]) / 2
    strict = replace(LINK, threshold=threshold)
    pairs = list(match(strict, data(), [], lambda _: None))
    merged = [p for p in pairs if p.score >= threshold]
    assert 0 < len(merged) < len(usual)


def test_a_later_answer_replaces_an_earlier_one() -> None:
    best = max(scores([]).items(), key=lambda x: x[1])[0]
    assert scores([answer(1, *best, Verdict.REJECT), answer(2, *best, Verdict.CONFIRM)])[best] > 0.99


def test_a_confirmed_partner_rules_out_the_others_where_things_are_unique() -> None:
    before = scores([])
    left, right = max(before, key=lambda p: before[p])
    other = next(f"erp|customers/{k}" for k in range(80) if f"erp|customers/{k}" != right)
    after = scores([answer(1, left, other, Verdict.CONFIRM)])
    assert after.get((left, right), 0.0) < 0.5


def test_a_judged_pair_of_one_table_keeps_apart_or_together() -> None:
    first = people(60, seed=9)
    rows = table(first + misspell(first[:20], seed=2), "t")
    apart, together = ("t/3", "t/63"), ("t/30", "t/50")
    found = match_tables(rows, judged={apart: False, together: True})
    merged = {(p.left, p.right) for p in found.same_pairs() if p.score >= 0.5}
    label, _ = found.clusters()
    assert apart not in merged
    assert together in merged
    assert label[30] == label[50]


def test_questions_are_open_different_and_undecided() -> None:
    asked = next_pairs(LINK, data(), [], lambda _: None, count=8)
    assert 0 < len(asked) <= 8
    assert len({q.left for q in asked}) == len(asked) == len({q.right for q in asked})
    first = asked[0]
    judged = answer(1, first.left, first.right, Verdict.CONFIRM)
    again = next_pairs(LINK, data(), [judged], lambda _: None, count=8)
    assert (first.left, first.right) not in {(q.left, q.right) for q in again}


@pytest.mark.parametrize("seed", [1, 2])
def test_answers_to_its_own_questions_do_not_make_it_worse(seed: int) -> None:
    everybody = people(240, seed=seed)
    left, right = table(everybody[:160], "a"), table(misspell(everybody[80:], seed, share=0.7), "b")
    truth = {(f"a/{k}", f"b/{k - 80}") for k in range(80, 160)}
    judged: dict[tuple[str, str], bool] = {}

    def f1() -> float:
        found = {(p.left, p.right) for p in match_tables(left, right, judged=judged).same_pairs() if p.score >= 0.5}
        return 2 * len(found & truth) / (len(found) + len(truth))

    without = f1()
    for _ in range(3):
        for question in choose(match_tables(left, right, judged=judged), 10, judged):
            judged[question.left, question.right] = (question.left, question.right) in truth
    assert f1() >= without
