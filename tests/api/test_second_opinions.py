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
