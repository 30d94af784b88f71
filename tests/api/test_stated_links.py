"""Link types that people state over a real service: applied at once, undone without a trace, back with their source."""

from pathlib import Path

import pytest

from api.service import Service
from api.stated_links import stated_link_type
from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkState, Verdict
from tests.api.projects import build, built_project

BADGES = Column("shop", "orders", ("badge",)), Column("shop", "people", ("badge",))
RULE = {"head": "strip_prefix:K-"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders that refer to people by numbers, and by badges without the letter that people have before theirs."""
    work = tmp_path_factory.mktemp("stated")
    folder = work / "shop"
    folder.mkdir()
    people = "".join(f"P{n:03d},Person {n},K-{500 + n},D/{n:04d}-A\n" for n in range(1, 40))
    (folder / "people.csv").write_text(f"person_id,name,badge,desk\n{people}")
    orders = "".join(f"o{n:04d},P{1 + n * 7 % 39:03d},{501 + n * 5 % 39},{1 + n * 5 % 39}\n" for n in range(120))
    (folder / "orders.csv").write_text(f"orders_no,person_id,badge,desk\n{orders}")
    return built_project(work, "shop")


def _edges(service: Service) -> int:
    return service.store.view().label_counts()[1].get("has_badge", 0)


def test_a_stated_link_type_is_confirmed_linked_and_undone(service: Service) -> None:
    before = {one.id: one.state for one in service.store.links.link_types()}
    stated = stated_link_type("has_badge", *BADGES, transform=RULE)
    outcome = service.add_link_type(stated, "ann")
    assert outcome.link_type is not None
    assert (outcome.link_type.state, outcome.judgement.by) == (LinkState.CONFIRMED, "ann")
    assert outcome.link_type.reasons
    assert (_edges(service), outcome.edges_changed) == (120, 120)
    build(service)
    assert _edges(service) == 120
    service.undo(outcome.judgement.id, "ann")
    assert _edges(service) == 0
    after = {one.id: one.state for one in service.store.links.link_types()}
    assert after == before


def test_the_first_rule_that_fits_is_taken_where_none_is_given(service: Service) -> None:
    desks = Column("shop", "orders", ("desk",)), Column("shop", "people", ("desk",))
    outcome = service.add_link_type(stated_link_type("at", *desks), "ann")
    assert outcome.link_type is not None
    assert dict(outcome.link_type.transform) == {"tail": "digits | strip_zeros", "head": "digits | strip_zeros"}
    assert (outcome.edges_changed, outcome.link_type.estimated_edges) == (120, 120)
    assert "shop/people/P001" in {edge.head for edge in service.store.view().edges("at").items}


def test_what_links_nothing_is_refused_and_stored_nowhere(service: Service) -> None:
    before = service.store.links.link_types()
    sides = Column("shop", "orders", ("badge",)), Column("shop", "people", ("name",))
    for transform in (None, {"head": "strip_prefix:X-"}):
        with pytest.raises(InputError, match="names no record") as refused:
            service.add_link_type(stated_link_type("x", *sides, transform=transform), "ann")
        assert "rule" in refused.value.remedy
    assert service.store.links.link_types() == before
    assert service.store.links.judgements() == []


def test_a_known_link_type_is_confirmed_as_it_is_stated(service: Service) -> None:
    [known] = [one for one in service.questions() if one.tail.columns == ("person_id",)]
    outcome = service.add_link_type(stated_link_type("of_person", known.tail, known.head), "ann")
    assert outcome.link_type is not None
    assert (outcome.link_type.id, outcome.link_type.name) == (known.id, "of_person")
    service.undo(outcome.judgement.id, "ann")
    assert service.store.links.link_type(known.id).state is LinkState.PROPOSED


@pytest.mark.parametrize(
    ("tail", "head"),
    [("orders.nothing", "people.badge"), ("letters.badge", "people.badge"), ("orders.badge", "people.badge+name")],
)
def test_what_cannot_be_linked_is_refused(service: Service, tail: str, head: str) -> None:
    sides = [Column("shop", text.partition(".")[0], tuple(text.partition(".")[2].split("+"))) for text in (tail, head)]
    with pytest.raises(InputError):
        service.add_link_type(stated_link_type("x", sides[0], sides[1]), "ann")
    assert service.store.links.judgements() == []


def test_it_comes_back_with_a_source_that_was_removed_by_mistake(service: Service) -> None:
    outcome = service.add_link_type(stated_link_type("has_badge", *BADGES, transform=RULE), "ann")
    service.judge(outcome.judgement.subject, Verdict.CONFIRM, "bob")
    service.remove_source("shop", by="ann")
    assert service.store.view().count() == 0
    service.undo_edit(service.source_edits.history(1)[0].id, "ann")
    build(service)
    assert _edges(service) == 120


def test_duplicates_in_one_table_are_stated_and_undone(service: Service) -> None:
    people = Column("shop", "people")
    with pytest.raises(InputError, match="same columns"):
        stated_link_type("has_badge", BADGES[1], BADGES[1])
    stated = service.add_link_type(stated_link_type("same_person", people, people, LinkKind.SAME_THING), "ann")
    assert stated.link_type is not None
    assert (stated.link_type.kind, stated.link_type.state) == (LinkKind.SAME_THING, LinkState.CONFIRMED)
    service.undo(stated.judgement.id, "ann")
    assert stated.judgement.subject not in {one.id for one in service.store.links.link_types()}
