"""Links drawn by lot from what was accepted without a question, over a real service."""

from datetime import UTC, datetime, timedelta

import pytest

from api.auditing import Auditing
from api.review_log import ReviewLog
from api.service import Service
from bifrost.errors import NotFoundError
from bifrost.links import LinkType, Verdict
from linking.asking import Purpose, Question


def audited(service: Service) -> list[Question]:
    return [question for question in service.queue("ann") if question.pair and question.purpose is Purpose.AUDIT]


def accepted(service: Service) -> LinkType:
    return service.review.set_rule(None, 0.9, 0.05, "ann")[0]


def test_nothing_is_drawn_without_a_rule(service: Service) -> None:
    service.judge(service.questions("ann")[0].id, Verdict.CONFIRM, "ann")
    assert audited(service) == []
    assert service.review.link_audits() == []


def test_links_of_an_accepted_type_are_drawn_with_a_known_rate_and_stay_drawn(service: Service) -> None:
    one = accepted(service)
    asked = [question for question in audited(service) if question.link_type.id == one.id]
    assert len(asked) == 6
    (audit, *_) = [audit for audit in service.review.link_audits() if audit.link_type.id == one.id]
    assert (audit.drawn, audit.population, audit.checked) == (6, 120, 0)
    assert {q.subject for q in audited(service)} >= {q.subject for q in asked}


def test_answers_about_drawn_links_give_the_precision_of_the_type(service: Service) -> None:
    one = accepted(service)
    before = service.review.precision(one)
    asked = [question.pair for question in audited(service) if question.link_type.id == one.id]
    for number, pair in enumerate(asked):
        assert pair is not None
        service.judge_pair(one.id, pair.left, pair.right, Verdict.REJECT if number < 4 else Verdict.CONFIRM, "ann")
    (audit, *_) = [audit for audit in service.review.link_audits() if audit.link_type.id == one.id]
    assert (audit.checked, audit.right) == (6, 2)
    assert audit.precision == service.review.precision(one)
    assert audit.precision.value < before.value
    assert not [question for question in audited(service) if question.link_type.id == one.id]


def test_other_links_are_drawn_after_a_while(service: Service) -> None:
    one, log = accepted(service), ReviewLog(service.settings)
    later = Auditing(
        service.store.links,
        log,
        service.review.rules,
        service.review.matched,
        lambda: datetime.now(UTC) + timedelta(days=31),
    )
    first = {question.subject for question in audited(service)}
    later.draw()
    second = {question.subject for question in later.questions()}
    assert first < second
    assert next(a.rounds for a in later.results() if a.link_type.id == one.id) == 2
    log.close()


def test_a_rule_of_one_link_type_confirms_and_audits_only_that(service: Service) -> None:
    first, second = service.questions("ann")[:2]
    done = service.review.set_rule(None, 0.5, 0.1, "ann", first.id)
    assert [one.id for one in done] == [first.id]
    assert {question.link_type.id for question in audited(service)} == {first.id}
    assert service.review.rules()[0].link_type == first.id
    with pytest.raises(NotFoundError):
        service.review.set_rule(None, 0.5, 0.1, "ann", "nothing")
    (change, *_) = service.review.rule_changes()
    assert change.link_type == first.id
    service.review.undo_rule(change.id, "ann")
    assert service.review.rules() == []
    assert {one.id for one in service.questions("ann")} >= {first.id, second.id}


def test_links_of_a_type_that_a_person_confirmed_are_audited_by_a_rule_of_its_own(service: Service) -> None:
    one = service.questions("ann")[0]
    service.judge(one.id, Verdict.CONFIRM, "ann")
    service.review.set_rule(None, 0.9, 0.05, "ann", one.id)
    assert {question.link_type.id for question in audited(service)} == {one.id}
