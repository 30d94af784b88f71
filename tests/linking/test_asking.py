"""What is asked next, how it is drawn, and how other ways to ask are judged on recorded answers."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.links import Column, LinkKind, LinkType, PairQuestion, Verdict, link_type_id
from linking.asking import Question, order_questions, question_features, reward_of, said_of_pair, worth
from linking.choosing import POLICIES, ask, chances, choose, favourite
from linking.replaying import BanditRecord, doubly_robust, replay, replay_all


def proposal(n: int, probability: float, edges: int = 100, kind: LinkKind = LinkKind.REFERENCE) -> LinkType:
    tail, head = Column("s", f"t{n}", ("a",)), Column("s", f"h{n}", ("id",))
    made = LinkType(link_type_id(kind, tail, head), kind, tail, head, f"n{n}", probability=probability)
    return replace(made, estimated_edges=edges, baseline=probability)


def proposals(count: int) -> list[Question]:
    draw = random.Random(count)
    return [Question(proposal(n, draw.random(), 10 ** draw.randrange(1, 5))) for n in range(count)]


def pair(n: int, value: float, doubtful: float = 50.0) -> Question:
    same = proposal(99, 0.9, kind=LinkKind.SAME_THING)
    return Question(same, PairQuestion(f"a{n}", f"b{n}", 0.5, value), doubtful=doubtful)


def test_pairs_come_behind_likely_types_and_before_hopeless_ones() -> None:
    likely, hopeless = Question(proposal(1, 0.9, 1_000)), Question(proposal(2, 0.01, 10))
    asked = order_questions([hopeless, pair(1, 1.0), likely])
    assert [q.subject for q in asked] == [likely.subject, pair(1, 1.0).subject, hopeless.subject]
    assert worth(pair(1, 1.0, 500.0)) > worth(pair(1, 1.0, 5.0)) > worth(pair(1, 0.1, 5.0))


def test_pairs_of_one_type_do_not_crowd_out_those_of_another() -> None:
    other = Question(proposal(98, 0.9, kind=LinkKind.SAME_THING), PairQuestion("x", "y", 0.5, 0.9), doubtful=50.0)
    asked = order_questions([pair(1, 1.0), pair(2, 1.0), pair(3, 1.0), other])
    assert asked.index(other) < 3


@given(st.integers(1, 30), st.sampled_from(POLICIES))
def test_every_question_and_every_rival_has_a_known_chance(count: int, policy: str) -> None:
    questions = {q.subject: question_features(q) for q in order_questions(proposals(count))}
    chance = chances(policy, tuple(questions), questions)
    assert sum(chance.values()) == pytest.approx(1.0)
    assert min(chance.values()) > 0
    for rival in POLICIES:
        assert chance[favourite(rival, tuple(questions), questions)] >= 0.03


def test_choices_are_drawn_with_their_propensity_and_the_same_for_the_same_seed() -> None:
    questions, rounds = proposals(6), 3_000
    counts: dict[str, int] = {}
    propensity: dict[str, float] = {}
    for seed in range(rounds):
        choice = choose(questions, seed=str(seed))
        assert choice is not None
        counts[choice.question.subject] = counts.get(choice.question.subject, 0) + 1
        propensity[choice.question.subject] = choice.propensity
    for chosen, p in propensity.items():
        assert counts[chosen] / rounds == pytest.approx(p, abs=0.03)
    assert choose(questions, seed="x") == choose(questions, seed="x")
    assert choose([], seed="x") is None


def test_the_drawn_question_is_asked_first_and_the_others_in_order() -> None:
    questions = proposals(12)
    asked, choice = ask(questions, seed="7"), choose(questions, seed="7")
    assert choice is not None
    assert asked[0] == choice.question
    assert asked[1:] == [q for q in order_questions(questions) if q != choice.question]
    by_edges = ask(questions, seed="7", policy="edges")[1:]
    edges = [q.link_type.estimated_edges for q in by_edges]
    assert edges == sorted(edges, reverse=True)


def recorded(rounds: int, reward_by: str, seed: int = 0) -> list[BanditRecord]:
    """Choices drawn as the product draws them, rewarded by one feature and a little noise."""
    draw = random.Random(seed)
    records = []
    for n in range(rounds):
        choice = choose(
            [Question(proposal(k, draw.random(), 10 ** draw.randrange(1, 5))) for k in range(15)], seed=str(n)
        )
        assert choice is not None
        said = choice.features[choice.question.subject]
        value = math.log10(said["edges"]) / 4 if reward_by == "edges" else said[reward_by]
        records.append(
            BanditRecord(
                choice.question.subject, choice.propensity, choice.policy, choice.candidates,
                value + draw.gauss(0, 0.05), choice.features,
            )
        )  # fmt: skip
    return records


@pytest.mark.parametrize("best", ["uncertainty", "edges", "probability"])
def test_every_way_to_ask_has_support_and_the_best_one_is_found(best: str) -> None:
    found = {one.policy: one for one in replay_all(recorded(150, best))}
    assert all(one.matched >= 3 and math.isfinite(one.error) for one in found.values())
    assert max(found.values(), key=lambda one: one.reward).policy == best
    assert found[best].reward == pytest.approx(1.0, abs=0.1)
    assert found[best].robust == pytest.approx(1.0, abs=0.15)


def test_replay_weighs_by_propensity() -> None:
    records = [BanditRecord(c, 0.5, "old", ("a", "b"), 2.0 if c == "a" else 1.0) for c in "abababab"]
    mean, error = replay(records, lambda record: record.candidates[0])
    assert mean == pytest.approx(2.0)
    assert error == pytest.approx(0.0)
    assert replay(records, lambda _: "c") == (0.0, math.inf)
    assert replay(records[:1], lambda _: "a")[1] == math.inf
    assert doubly_robust(records[:1], lambda _: "a")[1] == math.inf


def test_a_person_who_picked_another_question_tells_nothing_about_a_policy() -> None:
    records = recorded(40, "edges")
    own = [replace(one, propensity=0.0, reward=99.0) for one in records[:10]]
    assert replay_all([*records, *own]) == replay_all(records)


def test_the_reward_of_an_answer_is_what_it_settled_per_second() -> None:
    assert reward_of(Verdict.CONFIRM, 990, 3.0) == pytest.approx(1.0)
    assert reward_of(Verdict.REJECT, 0, 0.0) < reward_of(Verdict.CONFIRM, 0, 0.0)
    assert reward_of(Verdict.CONFIRM, 990, 1e9) > 0
    assert reward_of(Verdict.REJECT, 90, 3.0, pair=True) > reward_of(Verdict.REJECT, 0, 3.0, pair=True) > 0


def test_what_speaks_for_a_pair_is_said_in_words() -> None:
    said = said_of_pair({"field:name": 4.2, "field:city": -1.5, "field:born": 0.1, "margin": 9.0, "likeness": 0.9})
    assert said == "for it: name; against it: city"
    assert said_of_pair({}) == ""
