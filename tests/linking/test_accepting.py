"""Rules that accept, audits, estimates and agreement, without a store."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.links import (
    AUTOMATIC,
    Column,
    Correction,
    Estimate,
    Judgement,
    LinkKind,
    LinkState,
    LinkType,
    Matched,
    Verdict,
    link_type_id,
)
from linking.accepting import AcceptRule, acceptable, audit_results, audits, rule_for
from linking.estimates import Audited, estimate_precision, estimate_recall, share_of, why_no_recall
from linking.reviewers import agreements, cohens_kappa, reviewers
from linking.scoring import answers

AT = datetime(2026, 1, 1, tzinfo=UTC)


def link_type(n: int, probability: float, kind: LinkKind = LinkKind.REFERENCE, **fields: object) -> LinkType:
    tail, head = Column("s", f"t{n}", ("a",)), Column("s", "h", ("id",))
    made = LinkType(link_type_id(kind, tail, head), kind, tail, head, f"n{n}", probability=probability)
    return replace(made, **fields)  # type: ignore[arg-type]


def answer(id: int, subject: str, verdict: Verdict, by: str, **fields: object) -> Judgement:
    return replace(Judgement(id, subject, verdict, by, AT + timedelta(seconds=id)), **fields)  # type: ignore[arg-type]


def rule(kind: LinkKind | None = None, probability: float = 0.9, audit: float = 0.1) -> AcceptRule:
    return AcceptRule(kind, probability, audit, "ann", AT)


def test_the_rule_of_a_kind_goes_before_that_of_all_kinds() -> None:
    known = [link_type(1, 0.95), link_type(2, 0.95, LinkKind.MENTION)]
    found = acceptable(known, [], [rule(), rule(LinkKind.REFERENCE, 0.99)])
    assert [t.kind for t, _ in found] == [LinkKind.MENTION]


def test_what_a_person_answered_is_left_to_people_even_when_taken_back() -> None:
    known = [link_type(1, 0.99)]
    undone = answer(1, known[0].id, Verdict.CONFIRM, "ann", undone_at=AT)
    assert acceptable(known, [undone], [rule()]) == []
    assert acceptable([replace(known[0], state=LinkState.CONFIRMED)], [], [rule()]) == []


@given(st.integers(1, 40), st.floats(0.05, 1.0))
def test_of_each_kind_at_least_one_is_audited_and_about_the_share(count: int, share: float) -> None:
    known = [link_type(n, 0.99, state=LinkState.CONFIRMED) for n in range(count)]
    judgements = [answer(n, t.id, Verdict.CONFIRM, AUTOMATIC) for n, t in enumerate(known)]
    chosen = audits(known, judgements, [rule(audit=share)])
    assert 1 <= len(chosen) <= count
    if share == 1.0:
        assert len(chosen) == count
    checked = answer(99, chosen[0].id, Verdict.CONFIRM, "bob")
    assert chosen[0] not in audits(known, [*judgements, checked], [rule(audit=share)])


def test_audits_tell_how_right_a_rule_is() -> None:
    known = [link_type(n, 0.95, state=LinkState.CONFIRMED) for n in range(4)]
    judgements = [answer(n, t.id, Verdict.CONFIRM, AUTOMATIC) for n, t in enumerate(known)]
    judgements += [answer(10, known[0].id, Verdict.CONFIRM, "bob"), answer(11, known[1].id, Verdict.REJECT, "bob")]
    (result,) = audit_results(known, judgements)
    assert (result.accepted, result.checked, result.right) == (4, 2, 1)
    assert result.precision.low < 0.8 < result.precision.high


@pytest.mark.parametrize(
    ("correction", "right"),
    [
        (Correction(name="better"), 1),
        (Correction(condition="a = 1"), 1),
        (Correction(flip=True), 0),
        (Correction(kind=LinkKind.MENTION), 0),
        (Correction(head=Column("s", "other", ("id",))), 0),
    ],
)
def test_an_audit_answered_by_another_link_type_was_wrong(correction: Correction, right: int) -> None:
    known = [link_type(1, 0.95, state=LinkState.CONFIRMED)]
    rule_said, person_said = (answer(n, known[0].id, Verdict.CONFIRM, by) for n, by in enumerate((AUTOMATIC, "bob")))
    (result,) = audit_results(known, [rule_said, replace(person_said, correction=correction)])
    assert (result.checked, result.right) == (1, right)


def test_answers_of_rules_teach_nothing() -> None:
    known = [link_type(1, 0.95, features={"containment": 1.0})]
    assert answers(LinkKind.REFERENCE, known, [answer(1, known[0].id, Verdict.CONFIRM, AUTOMATIC)]) == ([], [])
    assert answers(LinkKind.REFERENCE, known, [answer(1, known[0].id, Verdict.CONFIRM, "ann")])[1] == [True]


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1))
def test_an_estimate_lies_in_its_interval(right: int, wrong: int, expected: float) -> None:
    found = share_of(right, right + wrong, expected)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.basis == right + wrong


def test_judged_pairs_move_the_precision_and_narrow_it() -> None:
    one = link_type(1, 0.9, state=LinkState.CONFIRMED)
    before = estimate_precision(one, [])
    wrong = [answer(n, f"{one.id}|a{n}|b{n}", Verdict.REJECT, "ann") for n in range(6)]
    assert estimate_precision(one, wrong).value < before.value
    right = [replace(j, verdict=Verdict.CONFIRM) for j in wrong]
    after = estimate_precision(one, right)
    assert after.high - after.low < before.high - before.low


@pytest.mark.parametrize(
    ("kind", "features", "low", "high"),
    [
        (LinkKind.REFERENCE, {"containment": 0.5, "tail_distinct": 3.0}, 0.45, 0.55),
        (LinkKind.MENTION, {"accepted_share": 0.9, "edges": 2.0}, 0.8, 0.95),
    ],
)
def test_recall_comes_from_what_names_no_record(
    kind: LinkKind, features: Mapping[str, float], low: float, high: float
) -> None:
    found = estimate_recall(link_type(1, 0.9, kind, features=features))
    assert found is not None
    assert low < found.value < high


def test_quality_of_same_things_is_what_matching_all_of_them_told() -> None:
    one = link_type(1, 0.9, LinkKind.SAME_THING, threshold=0.5, state=LinkState.CONFIRMED)
    matched = Matched(Estimate(0.93, 0.9, 0.96, 5_000), Estimate(0.76, 0.7, 0.82, 5_000))
    assert estimate_recall(one, matched) == matched.recall
    assert estimate_precision(one, [], matched) == matched.precision
    assert estimate_recall(one) is None
    assert "matched" in why_no_recall(one)


def test_same_concepts_say_that_they_have_no_recall() -> None:
    one = link_type(1, 0.9, LinkKind.SAME_CONCEPT)
    assert estimate_recall(one) is None
    assert "no links" in why_no_recall(one)


def test_what_a_rule_confirmed_is_as_sure_as_the_model_said_and_no_more() -> None:
    one = link_type(1, 0.8, state=LinkState.CONFIRMED)
    by_rule = estimate_precision(one, [answer(1, one.id, Verdict.CONFIRM, AUTOMATIC)])
    by_person = estimate_precision(one, [answer(1, one.id, Verdict.CONFIRM, "ann")])
    assert by_rule.value == pytest.approx(0.8, abs=0.01)
    assert by_person.value > 0.95


def test_agreement_is_counted_beyond_chance() -> None:
    assert cohens_kappa([(True, True), (False, False)]) == 1.0
    assert cohens_kappa([(True, True), (True, True)]) == 1.0
    assert cohens_kappa([(True, True), (True, False), (False, True), (False, False)]) == 0.0
    assert cohens_kappa([(True, False), (False, True)]) == -1.0


def test_reviewers_are_listed_and_compared_by_their_newest_answers() -> None:
    said = [
        answer(1, "x", Verdict.REJECT, "ann"), answer(2, "x", Verdict.CONFIRM, "ann"), answer(3, "x", Verdict.CONFIRM, "bob"),
        answer(4, "y", Verdict.UNSURE, "bob"), answer(5, "z", Verdict.CONFIRM, "bob", undone_at=AT),
        answer(6, "x", Verdict.CONFIRM, AUTOMATIC),
    ]  # fmt: skip
    (agreement,) = agreements(said)
    assert (agreement.first, agreement.second, agreement.common, agreement.agreeing) == ("ann", "bob", 1, 1)
    assert agreement.kappa is None
    ann, bob = reviewers(said)
    assert (ann.name, ann.answers, ann.confirmed, ann.rejected) == ("ann", 2, 1, 1)
    assert (bob.name, bob.answers, bob.unsure, bob.undone) == ("bob", 2, 1, 1)


def test_the_rule_of_a_link_type_goes_before_that_of_its_kind() -> None:
    known = [link_type(1, 0.95), link_type(2, 0.95)]
    own = AcceptRule(None, 0.99, 1.0, "ann", AT, known[0].id)
    assert [t for t, _ in acceptable(known, [], [rule(LinkKind.REFERENCE), own])] == [known[1]]
    assert rule_for(known[0], [rule(), own]) == own
    assert rule_for(known[1], [own]) is None


def test_others_are_audited_later_and_by_the_lots_of_the_project() -> None:
    known = [link_type(n, 0.99, state=LinkState.CONFIRMED) for n in range(40)]
    judgements = [answer(n, t.id, Verdict.CONFIRM, AUTOMATIC) for n, t in enumerate(known)]

    def drawn(days: int, seed: str) -> set[str]:
        found = audits(known, judgements, [rule(audit=0.1)], now=AT + timedelta(days=days, minutes=1), seed=seed)
        return {t.id for t in found}

    assert drawn(1, "a") == drawn(29, "a") != drawn(1, "b")
    assert drawn(1, "a") < drawn(100, "a") < drawn(400, "a")


def test_links_drawn_by_lot_decide_about_the_precision_of_matched_records() -> None:
    one = link_type(1, 0.9, LinkKind.SAME_THING, state=LinkState.CONFIRMED)
    matched = Matched(Estimate(0.97, 0.92, 1.0, 500), Estimate(0.8, 0.7, 0.9, 500))
    wrong = estimate_precision(one, [], matched, Audited(2, 10))
    right = estimate_precision(one, [], matched, Audited(10, 10))
    assert wrong.value < 0.9 < right.value
    assert right.high - right.low < 0.1
    assert estimate_precision(one, [], matched, Audited(0, 0)) == matched.precision
