from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bifrost.links import Column, Judgement, LinkKind, LinkState, LinkType, Verdict, link_type_id
from linking.scoring import load_priors
from linking.waking import EDGES, to_ask_again

AT = datetime(2026, 1, 1, tzinfo=UTC)
TAIL, HEAD = Column("s", "t", ("a",)), Column("s", "h", ("id",))
FEATURES = dict.fromkeys(load_priors()[LinkKind.REFERENCE].names, 0.5)
ONE = LinkType(
    link_type_id(LinkKind.REFERENCE, TAIL, HEAD), LinkKind.REFERENCE, TAIL, HEAD, "n", LinkState.DEFERRED,
    estimated_edges=100, features=FEATURES,
)  # fmt: skip
LATER = Judgement(1, ONE.id, Verdict.DEFER, "ann", AT, features={**FEATURES, EDGES: 100.0})
SOON = AT + timedelta(days=1)


@pytest.mark.parametrize(("edges", "asked"), [(100, 0), (109, 0), (91, 0), (111, 1), (80, 1), (0, 1)])
def test_more_or_fewer_links_are_a_reason_to_ask_again(edges: int, asked: int) -> None:
    assert len(to_ask_again([replace(ONE, estimated_edges=edges)], [LATER], 14, SOON)) == asked


def test_other_features_are_a_reason_if_they_matter() -> None:
    same = replace(ONE, features={**FEATURES, "rows_ratio": FEATURES["rows_ratio"] + 1e-6})
    other = replace(
        ONE, features={**FEATURES, "containment": 1.0, "row_containment": 1.0, "name_score": 1.0, "name_equal": 1.0}
    )
    assert to_ask_again([same], [LATER], 14, SOON) == []
    assert [why for _, why in to_ask_again([other], [LATER], 14, SOON)] == ["the evidence is another one now"]


@pytest.mark.parametrize("kind", LinkKind)
def test_link_types_of_every_kind_are_woken(kind: LinkKind) -> None:
    one = replace(ONE, id=link_type_id(kind, TAIL, HEAD), kind=kind, features={"edges": 1.0})
    later = replace(LATER, subject=one.id, features={"edges": 1.0, EDGES: 100.0})
    assert to_ask_again([one], [later], 14, SOON) == []
    assert to_ask_again([replace(one, estimated_edges=500)], [later], 14, SOON)


def test_days_are_a_reason_unless_they_are_set_to_none() -> None:
    late = AT + timedelta(days=15)
    assert [why for _, why in to_ask_again([ONE], [LATER], 14, late)] == ["answered 15 days ago"]
    assert to_ask_again([ONE], [LATER], 0, late) == []


def test_who_could_not_tell_is_asked_again_but_a_no_is_a_no() -> None:
    late = AT + timedelta(days=15)
    unsure = replace(LATER, verdict=Verdict.UNSURE)
    assert to_ask_again([replace(ONE, state=LinkState.PROPOSED)], [unsure], 14, late)
    no = replace(LATER, verdict=Verdict.REJECT)
    assert to_ask_again([replace(ONE, state=LinkState.REJECTED)], [no], 14, late) == []
    again = replace(LATER, id=2, verdict=Verdict.REOPEN)
    assert to_ask_again([replace(ONE, state=LinkState.PROPOSED)], [unsure, again], 14, late) == []
