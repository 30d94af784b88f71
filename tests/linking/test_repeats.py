from dataclasses import replace

from bifrost.links import Column, LinkKind, LinkState, LinkType, link_type_id
from linking.asking import Question, worth
from linking.repeats import what_is_left


def reference(tail: str, head: str, state: LinkState = LinkState.PROPOSED) -> LinkType:
    ends = [Column("s", *((t := text.split("."))[0], (t[1],))) for text in (tail, head)]
    kind = LinkKind.REFERENCE
    return LinkType(link_type_id(kind, *ends), kind, ends[0], ends[1], "n", state, probability=0.8, estimated_edges=50)


ASKED = reference("orders.client", "clients.id")


def left(tail: str, head: str, state: LinkState = LinkState.CONFIRMED) -> float:
    return what_is_left(ASKED, [reference(tail, head, state)])


def test_answers_leave_little_of_questions_that_say_the_same() -> None:
    assert left("clients.id", "orders.client") == left("orders.client", "clients.code") == 0.1
    assert left("orders.client", "agents.id") == left("orders.payer", "clients.id") == 0.5
    assert left("visits.client", "clients.id") == 1.0


def test_a_no_leaves_other_targets_and_half_of_the_reverse() -> None:
    assert left("orders.client", "agents.id", LinkState.REJECTED) == 1.0
    assert left("clients.id", "orders.client", LinkState.REJECTED) == 0.5
    assert left("orders.client", "clients.code", LinkState.PROPOSED) == 1.0
    assert what_is_left(ASKED, [replace(ASKED, state=LinkState.CONFIRMED)]) == 1.0


def test_what_is_left_is_the_worth_of_the_question() -> None:
    assert worth(Question(ASKED, left=0.1)) == worth(Question(ASKED)) * 0.1
