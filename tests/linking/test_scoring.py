import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from bifrost.links import Column, Correction, Judgement, LinkKind, LinkState, LinkType, Verdict, link_type_id
from linking.asking import order_types
from linking.linker import BifrostLinker
from linking.scoring import WEIGHTS, Prior, adapt, answers, load_priors
from linking.trees import Forest
from tests.linking.company import company, quiet

AT = datetime(2026, 1, 1, tzinfo=UTC)


def proposals() -> list[LinkType]:
    linker = BifrostLinker()
    found = linker.propose(company(), (), (), quiet)
    linker.close()
    return found


def judged(link_type: LinkType, verdict: Verdict, number: int = 1) -> Judgement:
    return Judgement(number, link_type.id, verdict, "ann", AT, features=link_type.features)


def many(count: int) -> list[LinkType]:
    """Open references whose features differ a little."""
    rng = np.random.default_rng(0)
    names = load_priors()[LinkKind.REFERENCE].names
    found = []
    for n in range(count):
        tail, head = Column("a", f"t{n}", ("x",)), Column("b", "h", ("y",))
        features = dict(zip(names, rng.random(len(names)).round(3).tolist(), strict=True))
        kind = LinkKind.REFERENCE
        found.append(
            LinkType(
                link_type_id(kind, tail, head),
                kind,
                tail,
                head,
                f"r{n}",
                probability=0.5,
                estimated_edges=n,
                features=features,
            )
        )
    return found


def test_a_forest_survives_being_written_and_read() -> None:
    forest = Forest.from_dict(
        {
            "roots": [0, 3],
            "feature": [0, -1, -1, 1, -1, -1],
            "threshold": [0.5, 0, 0, 2, 0, 0],
            "left": [1, 1, 2, 4, 4, 5],
            "right": [2, 1, 2, 5, 4, 5],
            "missing_left": [1, 0, 0, 0, 0, 0],
            "value": [0, -1, 1, 0, -0.5, 0.5],
            "bias": 0.25,
            "slope": 2.0,
            "shift": 0.5,
        }
    )
    x = np.array([[0.0, 1.0], [1.0, 3.0], [np.nan, np.nan]])
    expected = np.array([-1 - 0.5, 1 + 0.5, -1 + 0.5]) + 0.25
    np.testing.assert_allclose(forest.log_odds(x), 2 * expected + 0.5)
    again = Forest.from_dict(json.loads(json.dumps(forest.to_dict())))
    np.testing.assert_allclose(again.log_odds(x), forest.log_odds(x))


def test_shipped_weights_are_small_and_cover_all_kinds() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 5 * 2**20
    assert set(load_priors()) == set(LinkKind)


def test_without_answers_the_prior_speaks() -> None:
    prior = load_priors()[LinkKind.REFERENCE]
    features = [t.features for t in many(5)]
    np.testing.assert_allclose(adapt(prior, [], []).probability(features), 1 / (1 + np.exp(-prior.log_odds(features))))


def test_answers_against_what_is_sure_are_weighed_and_not_swung_between() -> None:
    """A full Newton step from far away overshoots, and the next one back again, further each time."""
    prior = Prior(("odds",), np.zeros(1), np.ones(1), np.ones(1), 0.0, None, "test", clip=20.0)
    features: list[dict[str, float]] = [{"odds": odds} for odds in (4.8, 5.8, 4.7, 6.2, 6.9, 6.9, 6.8, 8.1, 8.3)]
    right = [True, False, False, False, False, True, False, False, True]
    fitted = adapt(prior, features, right).probability(features)
    assert abs(fitted.sum() - sum(right)) < 1
    assert fitted.min() > 0.1


def test_a_rejection_makes_similar_proposals_less_likely_and_a_confirmation_more() -> None:
    known = [t for t in proposals() if t.kind is LinkKind.REFERENCE]
    first, second = known[0], known[1]
    linker = BifrostLinker()
    before = {t.id: t.probability for t in linker.rescore(known, [])}
    lower = {t.id: t.probability for t in linker.rescore(known, [judged(first, Verdict.REJECT)])}
    higher = {t.id: t.probability for t in linker.rescore(known, [judged(first, Verdict.CONFIRM)])}
    assert lower[second.id] < before[second.id] <= higher[second.id] + 1e-6


def test_one_mistaken_answer_does_not_overturn_what_is_sure() -> None:
    known = [t for t in proposals() if t.kind is LinkKind.REFERENCE and t.probability >= 0.9]
    assert len(known) >= 2
    for mistaken in known:
        after = BifrostLinker().rescore(known, [judged(mistaken, Verdict.REJECT)])
        assert all(t.probability > 0.5 for t in after if t.id != mistaken.id)


def test_answers_of_one_kind_leave_other_kinds_alone() -> None:
    known = proposals()
    reference = next(t for t in known if t.kind is LinkKind.REFERENCE)
    mention = next(t for t in known if t.kind is LinkKind.MENTION)
    after = {t.id: t for t in BifrostLinker().rescore(known, [judged(reference, Verdict.REJECT)])}
    assert after[mention.id].probability == mention.probability


def test_judged_link_types_are_never_rescored() -> None:
    known = many(3)
    decided = LinkType(
        known[0].id, known[0].kind, known[0].tail, known[0].head, "mine", LinkState.CONFIRMED, probability=0.123,
        features=known[0].features,
    )  # fmt: skip
    after = BifrostLinker().rescore([decided, *known[1:]], [judged(decided, Verdict.CONFIRM)])
    assert len(after) == 3
    assert next(t for t in after if t.id == decided.id) == decided


def test_a_correction_to_other_columns_says_that_the_proposal_was_wrong() -> None:
    old, new = many(2)
    other = replace(judged(old, Verdict.CONFIRM), correction=Correction(tail=new.tail, head=new.head))
    known = [replace(old, state=LinkState.REJECTED), replace(new, state=LinkState.CONFIRMED)]
    features, labels = answers(LinkKind.REFERENCE, known, [other])
    assert dict(zip(labels, features, strict=True)) == {False: old.features, True: new.features}
    assert answers(LinkKind.REFERENCE, known, [replace(other, undone_at=AT)]) == ([], [])


@pytest.mark.parametrize("correction", [Correction(flip=True), Correction(name="n"), Correction(condition="x = 1")])
def test_a_correction_that_keeps_the_columns_says_that_they_were_right(correction: Correction) -> None:
    old = many(1)[0]
    said = replace(judged(old, Verdict.CONFIRM), correction=correction)
    turned = replace(old, id=link_type_id(old.kind, old.head, old.tail), tail=old.head, head=old.tail, features={})
    assert answers(LinkKind.REFERENCE, [old, turned], [said]) == ([old.features], [True])


def test_another_kind_is_an_example_of_both_kinds() -> None:
    old = many(1)[0]
    said = replace(judged(old, Verdict.CONFIRM), correction=Correction(kind=LinkKind.MENTION))
    new = replace(
        old, id=link_type_id(LinkKind.MENTION, old.tail, old.head), kind=LinkKind.MENTION, features={"a": 1.0}
    )
    assert answers(LinkKind.REFERENCE, [old, new], [said]) == ([old.features], [False])
    assert answers(LinkKind.MENTION, [old, new], [said]) == ([{"a": 1.0}], [True])


@pytest.mark.parametrize("verdict", [Verdict.UNSURE, Verdict.DEFER])
def test_answers_that_decide_nothing_teach_nothing(verdict: Verdict) -> None:
    known = many(4)
    linker = BifrostLinker()
    assert linker.rescore(known, [judged(known[0], verdict)]) == linker.rescore(known, [])


def test_an_undone_answer_is_forgotten() -> None:
    known = many(4)
    undone = Judgement(1, known[0].id, Verdict.REJECT, "ann", AT, undone_by="bob", undone_at=AT)
    linker = BifrostLinker()
    assert linker.rescore(known, [undone]) == linker.rescore(known, [])


def count_calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    calls = {"log_odds": 0}
    original = Forest.log_odds

    def counted(forest: Forest, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        calls["log_odds"] += 1
        return original(forest, matrix)

    monkeypatch.setattr(Forest, "log_odds", counted)
    return calls


def test_hundreds_of_proposals_are_rescored_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = many(400)
    answers = [judged(t, Verdict.CONFIRM if n % 2 else Verdict.REJECT, n) for n, t in enumerate(known[:100])]
    calls = count_calls(monkeypatch)
    BifrostLinker().rescore(known, answers)
    assert calls["log_odds"] <= 4


def test_proposals_that_settle_more_come_first_and_repeat_later() -> None:
    known = many(10)
    ordered = order_types(known)
    assert sorted(t.id for t in ordered) == sorted(t.id for t in known)
    assert order_types(known) == ordered
