"""Corrections over a real service: refused before anything is stored, described anew, and undone without a trace."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.service import Service
from bifrost.errors import InputError
from bifrost.links import Column, Correction, LinkKind, LinkState, LinkType, Verdict, link_type_id
from tests.api.projects import built_project

PEOPLE = Column("shop", "people", ("person_id",))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders and visits that refer to people, by numbers and by badges."""
    work = tmp_path_factory.mktemp("corrections")
    folder = work / "shop"
    folder.mkdir()
    people = "".join(f"P{n:03d},Person {n},K-{500 + n}\n" for n in range(1, 40))
    (folder / "people.csv").write_text(f"person_id,name,badge\n{people}")
    states = ("open", "paid", "late")
    orders = "".join(f"o{n:04d},P{1 + n * 7 % 39:03d},{501 + n * 5 % 39},{states[n % 3]}\n" for n in range(120))
    (folder / "orders.csv").write_text(f"orders_no,person_id,badge,state\n{orders}")
    visits = "".join(f"v{n:04d},P{1 + n * 11 % 39:03d}\n" for n in range(90))
    (folder / "visits.csv").write_text(f"visits_no,person_id\n{visits}")
    return built_project(work, "shop")


def orders_to_people(service: Service) -> LinkType:
    tail = Column("shop", "orders", ("person_id",))
    return service.store.links.link_type(link_type_id(LinkKind.REFERENCE, tail, PEOPLE))


WRONG = {
    "no such column": Correction(condition="status = 'open'"),
    "not a condition": Correction(condition="state is"),
    "no such step": Correction(transform={"head": "strip_prefx:K-"}),
    "no such side": Correction(transform={"tial": "strip_zeros"}),
    "no such head column": Correction(head=Column("shop", "people", ("number",))),
    "no such dataset": Correction(head=Column("shop", "persons", ("person_id",))),
    "a key of one and of two columns": Correction(tail=Column("shop", "orders", ("person_id", "badge"))),
    "no text to mention anybody in": Correction(kind=LinkKind.MENTION, tail=Column("shop", "orders", ("state",))),
    "the same columns on both sides": Correction(tail=PEOPLE),
    "a threshold that no score reaches": Correction(threshold=1.5),
    "a name of nothing": Correction(name="  "),
    "a name as long as a book": Correction(name="x" * 20_000),
    "values that are not found": Correction(head=Column("shop", "people", ("name",))),
    "a value that no row has": Correction(condition="state = 'opne'"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_correction_that_cannot_be_applied_changes_nothing(service: Service, wrong: Correction) -> None:
    before, position = service.store.links.link_types(), service.store.log.position()
    with pytest.raises(InputError):
        service.judge(orders_to_people(service).id, Verdict.CONFIRM, "ann", wrong)
    assert service.store.links.link_types() == before
    assert service.store.links.judgements(include_undone=True) == []
    assert service.store.log.position() == position


def test_a_link_type_that_cannot_be_applied_is_reported_and_costs_no_other_its_links(service: Service) -> None:
    """Columns can go after an answer."""
    broken = orders_to_people(service)
    service.store.links.judge(broken.id, Verdict.CONFIRM, "ann", correction=Correction(condition="status = 'open'"))
    tail = Column("shop", "visits", ("person_id",))
    service.store.links.judge(link_type_id(LinkKind.REFERENCE, tail, PEOPLE), Verdict.CONFIRM, "ann")
    build = service.store.catalog.add_build(()).id
    errors = service.pipeline.run(build)
    (error,) = errors.values()
    assert list(errors) == [f"linking/{broken.name}"]
    assert "status" in error["message"]
    assert broken.id in error["remedy"]
    assert service.store.catalog.build(build).state.value == "failed"
    assert sum(service.store.view().label_counts()[1].values()) == 90


def test_a_condition_is_described_by_what_it_leaves(service: Service) -> None:
    before = orders_to_people(service)
    outcome = service.judge(before.id, Verdict.CONFIRM, "ann", Correction(condition="state = 'open'"))
    after = orders_to_people(service)
    assert (before.estimated_edges, after.estimated_edges, outcome.edges_changed) == (120, 40, 40)
    assert any("40 of 120 rows" in reason for reason in after.reasons)
    open_orders = {f"shop/orders/o{n:04d}" for n in range(0, 120, 3)}
    assert {example.tail for example in after.examples} <= open_orders
    service.undo(outcome.judgement.id, "ann")
    assert orders_to_people(service) == before


def test_other_columns_have_evidence_of_their_own(service: Service) -> None:
    before = orders_to_people(service)
    badges = [Column("shop", dataset, ("badge",)) for dataset in ("orders", "people")]
    correction = Correction(tail=badges[0], head=badges[1], transform={"head": "strip_prefix:k-"})
    outcome = service.judge(before.id, Verdict.CONFIRM, "ann", correction)
    made = service.store.links.link_type(link_type_id(LinkKind.REFERENCE, *badges))
    assert (made.state, made.estimated_edges, outcome.edges_changed) == (LinkState.CONFIRMED, 120, 120)
    assert any("badge" in reason for reason in made.reasons)
    assert not any("person_id" in reason for reason in made.reasons)
    assert made.features
    assert made.features["name_equal"] == 1.0
    assert made.features != before.features
    assert 0 < made.probability < 1
    assert made.probability != before.probability


def test_a_flip_turns_the_cardinality(service: Service) -> None:
    before = orders_to_people(service)
    assert before.cardinality == "many-to-one"
    service.judge(before.id, Verdict.CONFIRM, "ann", Correction(flip=True))
    turned = service.store.links.link_type(link_type_id(LinkKind.REFERENCE, before.head, before.tail))
    assert (turned.cardinality, turned.estimated_edges) == ("one-to-many", 120)
    assert {e.tail.split("/")[1] for e in turned.examples} == {"people"}


def test_the_next_build_keeps_the_evidence_of_what_was_corrected(service: Service) -> None:
    service.judge(orders_to_people(service).id, Verdict.CONFIRM, "ann", Correction(condition="state = 'open'"))
    after = orders_to_people(service)
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    assert replace(orders_to_people(service), features={}) == replace(after, features={})


def test_the_command_line_takes_rules_and_conditions_as_people_write_them(service: Service, tmp_path: Path) -> None:
    id = orders_to_people(service).id
    service.close()
    runner, correct = CliRunner(), ["--data-dir", str(tmp_path / "data"), "links", "correct", id]
    badges = ["--tail", "shop/orders.badge", "--head", "shop/people.badge"]
    wrong = runner.invoke(cli, [*correct, *badges, "--transform", "strip_prefix:k-"])
    assert "names no side" in str(wrong.exception or wrong.output)
    done = runner.invoke(cli, [*correct, *badges, "--transform", "head=strip_prefix:K-", "--condition", "state=open"])
    assert (done.exit_code, "40 edges changed" in done.output) == (0, True)
