"""Some questions are asked twice: the second person sees neither scores nor the first answer. Over a real service."""

from api.asking import Asking
from api.review_log import ReviewLog
from api.service import Service
from bifrost.links import LinkState, Verdict
from linking.asking import Purpose


def twice(service: Service, share: float = 1.0) -> None:
    """Lets this share of all questions be asked twice."""
    pipeline, log = service.pipeline, ReviewLog(service.settings)
    service.asking = Asking(
        service.store.links, log, service.review, pipeline.linker, service.store.linking_data, twice=share
    )


def test_with_one_reviewer_nothing_is_asked_twice(service: Service) -> None:
    twice(service)
    first = service.questions("ann")[0]
    service.judge(first.id, Verdict.CONFIRM, "ann")
    assert first.id not in {one.id for one in service.questions("ann")}
    assert first.id not in {one.id for one in service.questions("bob")}


def test_what_one_person_answered_comes_up_blind_for_another(service: Service) -> None:
    twice(service)
    first, second = service.questions("ann")[:2]
    service.judge(first.id, Verdict.CONFIRM, "ann")
    service.judge(second.id, Verdict.CONFIRM, "bob")
    (again,) = [question for question in service.queue("bob") if question.purpose is Purpose.SECOND]
    assert again.link_type.id == first.id
    assert again.blind
    assert again.link_type.state is LinkState.PROPOSED
    outcome = service.judge(first.id, Verdict.CONFIRM, "bob")
    asked = service.asking.asked()[outcome.judgement.id]
    assert (asked.purpose, asked.blind) == (Purpose.SECOND, True)
    assert [question for question in service.queue("bob") if question.purpose is Purpose.SECOND] == []
    service.judge(second.id, Verdict.REJECT, "ann")
    (agreement,) = service.review.reviewed().agreements
    assert (agreement.common, agreement.blind, agreement.agreeing) == (2, 2, 1)
    assert agreement.blind_kappa is not None


def test_only_the_share_that_is_set_is_asked_twice(service: Service) -> None:
    twice(service, 0.0)
    first, second = service.questions("ann")[:2]
    service.judge(first.id, Verdict.CONFIRM, "ann")
    service.judge(second.id, Verdict.CONFIRM, "bob")
    assert all(question.purpose is not Purpose.SECOND for question in service.queue("bob"))


def test_an_answer_given_blind_says_so(service: Service) -> None:
    first, second = service.questions("ann")[:2]
    seen = service.judge(first.id, Verdict.CONFIRM, "ann").judgement.id
    unseen = service.judge(second.id, Verdict.REJECT, "ann", blind=True).judgement.id
    asked = service.asking.asked()
    assert not asked[seen].blind
    assert asked[unseen].blind


def disputed(service: Service) -> tuple[str, int]:
    """A link type that ann confirmed and bob, asked for a second opinion, rejected; with the id of bob's answer."""
    twice(service)
    first, second = service.questions("ann")[:2]
    service.judge(first.id, Verdict.CONFIRM, "ann")
    service.judge(second.id, Verdict.CONFIRM, "bob")
    outcome = service.judge(first.id, Verdict.REJECT, "bob")
    assert outcome.opinion is not None
    assert (outcome.opinion.agrees, outcome.opinion.first.by) == (False, "ann")
    assert outcome.judgement.disputed
    return first.id, outcome.judgement.id


def asked_again(service: Service, by: str) -> list[tuple[str, tuple[str, ...]]]:
    found = [one for one in service.queue(by) if one.purpose is Purpose.DISPUTED]
    return [(one.subject, tuple(j.by for j in one.said)) for one in found]


def test_a_second_opinion_says_whether_it_agrees(service: Service) -> None:
    twice(service)
    first, second = service.questions("ann")[:2]
    assert service.judge(first.id, Verdict.CONFIRM, "ann").opinion is None
    service.judge(second.id, Verdict.CONFIRM, "bob")
    outcome = service.judge(first.id, Verdict.CONFIRM, "bob")
    assert outcome.opinion is not None
    assert outcome.opinion.agrees
    assert asked_again(service, "ann") == []


def test_the_first_answer_stands_until_a_dispute_is_settled(service: Service) -> None:
    edges = sum(service.store.view().label_counts()[1].values())
    id, _ = disputed(service)
    assert service.store.links.link_type(id).state is LinkState.CONFIRMED
    assert sum(service.store.view().label_counts()[1].values()) > edges
    for somebody in ("ann", "bob", "cid"):
        assert asked_again(service, somebody) == [(id, ("ann", "bob"))]
    assert service.queue("cid")[0].purpose is Purpose.DISPUTED
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    assert service.store.links.link_type(id).state is LinkState.CONFIRMED
    (agreement,) = service.review.reviewed().agreements
    assert (agreement.common, agreement.agreeing) == (1, 0)
    settled = service.judge(id, Verdict.REJECT, "cid")
    assert settled.opinion is None
    assert service.store.links.link_type(id).state is LinkState.REJECTED
    assert asked_again(service, "ann") == []
    service.undo(settled.judgement.id, "cid")
    assert service.store.links.link_type(id).state is LinkState.CONFIRMED
    assert asked_again(service, "ann") == [(id, ("ann", "bob"))]


def test_a_dispute_ends_when_either_answer_is_taken_back(service: Service) -> None:
    id, opinion = disputed(service)
    first = next(j for j in service.store.links.judgements() if j.subject == id)
    service.undo(first.id, "ann")
    assert asked_again(service, "ann") == []
    assert service.store.links.link_type(id).state is LinkState.REJECTED, "the second opinion is the only one"
    service.undo(opinion, "bob")
    assert service.store.links.link_type(id).state is LinkState.PROPOSED


def test_a_disputed_answer_teaches_nothing(service: Service) -> None:
    _, opinion = disputed(service)
    assert opinion not in {j.id for j in service.store.links.judgements()}
    every = {j.id: j for j in service.store.links.judgements(include_undone=True)}
    assert every[opinion].disputed
    assert [j.id for j in every.values() if j.disputed] == [opinion]


def test_who_sees_the_first_answer_may_overrule_it(service: Service) -> None:
    """Only questions that were asked as if nobody had answered are second opinions."""
    first = service.questions("ann")[0]
    service.judge(first.id, Verdict.CONFIRM, "ann")
    outcome = service.judge(first.id, Verdict.REJECT, "bob")
    assert outcome.opinion is None
    assert service.store.links.link_type(first.id).state is LinkState.REJECTED
