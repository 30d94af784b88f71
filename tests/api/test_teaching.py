"""Teaching over a real service: new teaching wins, one answer settles a lesson, pairs are kept as answers."""

from pathlib import Path

import pytest

from api.service import Service
from bifrost.errors import BifrostError
from bifrost.links import AUTOMATIC, TAUGHT, Column, LinkKind, LinkState, LinkType, Verdict, link_type_id
from tests.api.projects import built_project

ORDERS = link_type_id(
    LinkKind.REFERENCE, Column("shop", "orders", ("client",)), Column("shop", "clients", ("client_no",))
)
_TOWNS = ("Aarhus", "Bremen", "Cork", "Delft", "Evora", "Ferrara", "Ghent")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clients with orders, and the same clients as accounting knows them."""
    work = tmp_path_factory.mktemp("teaching")
    shop, books = work / "shop", work / "books"
    shop.mkdir()
    books.mkdir()
    clients = "".join(f"C-{n:04d},Client {n} Ltd,Person {n},{_TOWNS[n % 7]}\n" for n in range(60))
    (shop / "clients.csv").write_text(f"client_no,name,contact_person,city\n{clients}")
    states = ("open", "paid", "test")
    orders = "".join(f"{9000 + n},C-{n * 7 % 60:04d},{states[n % 3]}\n" for n in range(180))
    (shop / "orders.csv").write_text(f"order_no,client,state\n{orders}")
    accounts = "".join(f"A{n:03d},CLIENT {n} LTD,Person {n},{_TOWNS[n % 7]}\n" for n in range(60))
    (books / "accounts.csv").write_text(f"account,holder,main_contact,town\n{accounts}")
    return built_project(work, "shop", "books")


def orders(*numbers: int) -> list[tuple[str, str]]:
    return [(f"shop/orders/{9000 + n}", f"shop/clients/C-{n * 7 % 60:04d}") for n in numbers]


def same_clients(count: int) -> list[tuple[str, str]]:
    return [(f"shop/clients/C-{n:04d}", f"books/accounts/A{n:03d}") for n in range(count)]


def stored(service: Service, id: str = ORDERS) -> LinkType:
    return service.store.links.link_type(id)


def test_new_teaching_wins_over_an_earlier_no(service: Service) -> None:
    service.judge(ORDERS, Verdict.REJECT, "ann")
    before = stored(service)
    found = service.teach(orders(1, 2, 4, 5), orders(3, 6), "bills", "bob")
    assert [(one.id, one.state, one.name, one.condition) for one in found] == [
        (ORDERS, LinkState.PROPOSED, "bills", "state != 'open'")
    ]
    assert stored(service) == found[0]
    assert ORDERS in {one.id for one in service.questions()}
    reopened = next(j for j in service.store.links.judgements() if j.verdict is Verdict.REOPEN)
    assert (reopened.by, reopened.subject) == ("bob", ORDERS)
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    assert (stored(service).state, stored(service).name) == (LinkState.PROPOSED, "bills")
    service.undo(reopened.id, "bob")
    assert (stored(service).state, stored(service).name) == (LinkState.REJECTED, before.name)


def test_the_pairs_are_kept_as_answers(service: Service) -> None:
    (found,) = service.teach(orders(1, 2, 4, 5), orders(3), "", "bob")
    kept = {j.subject: (j.verdict, j.by) for j in service.store.links.judgements(subject_prefix=found.id)}
    assert kept == {
        f"{found.id}|{tail}|{head}": (verdict, "bob")
        for pairs, verdict in ((orders(1, 2, 4, 5), Verdict.CONFIRM), (orders(3), Verdict.REJECT))
        for tail, head in pairs
    }


def test_what_was_taught_is_never_accepted_by_a_rule_and_one_answer_settles_it(service: Service) -> None:
    found = service.teach(same_clients(3), (), "", "bob")
    service.review.set_rule(None, 0.5, 0.1, "ann")
    assert len(found) > 1
    assert all(one.model == found[0].model and one.model.startswith(TAUGHT) for one in found)
    for one in service.store.links.link_types((LinkState.PROPOSED,)):
        if not one.model.startswith(TAUGHT):
            service.judge(one.id, Verdict.UNSURE, "ann")
    assert {stored(service, one.id).state for one in found} == {LinkState.PROPOSED}
    service.judge(found[1].id, Verdict.CONFIRM, "ann")
    assert stored(service, found[1].id).state is LinkState.CONFIRMED
    others = [one.id for one in found if one.id != found[1].id]
    assert {stored(service, id).state for id in others} == {LinkState.REJECTED}
    assert not set(others) & {one.id for one in service.questions()}
    pairs = service.store.links.judgements(subject_prefix=f"{found[1].id}|")
    assert {(j.verdict, j.by) for j in pairs} == {(Verdict.CONFIRM, "bob")}
    assert len(pairs) == 3
    answers = service.store.links.judgements(include_undone=True)
    accepted = {j.subject for j in answers if j.by == AUTOMATIC and j.verdict is Verdict.CONFIRM}
    assert not accepted & {one.id for one in found}


def test_taking_the_answer_to_a_lesson_back_restores_all_of_it(service: Service) -> None:
    found = service.teach(same_clients(3), (), "", "bob")
    before = {one.id: one for one in service.store.links.link_types()}
    said = {j.subject: j.verdict for j in service.store.links.judgements()}
    labels = service.store.view().label_counts()
    outcome = service.judge(found[1].id, Verdict.CONFIRM, "ann")
    assert service.store.view().label_counts() != labels
    service.undo(outcome.judgement.id, "ann")
    after = {one.id: one for one in service.store.links.link_types()}
    assert {id: one.state for id, one in after.items()} == {id: one.state for id, one in before.items()}
    taught = {one.id for one in found}
    assert {id: one for id, one in after.items() if id in taught} == {id: before[id] for id in taught}
    assert {j.subject: j.verdict for j in service.store.links.judgements()} == said
    assert service.store.view().label_counts() == labels
    service.judge(found[0].id, Verdict.CONFIRM, "ann")
    assert stored(service, found[1].id).state is LinkState.REJECTED


def test_same_things_can_be_taught(service: Service) -> None:
    found = service.teach(same_clients(3), (), "", "bob")
    assert found[0].kind is LinkKind.SAME_THING
    service.judge(found[0].id, Verdict.CONFIRM, "bob")
    labels = service.store.view().label_counts()[0]
    assert labels["Client"] + labels.get("Account", 0) <= 62


def test_merged_things_are_read_as_the_records_that_explain_the_examples(service: Service) -> None:
    clients = Column("shop", "clients"), Column("books", "accounts")
    stated = LinkType(link_type_id(LinkKind.SAME_THING, *clients), LinkKind.SAME_THING, *clients, "is")
    service.add_link_type(stated, "ann")
    accounts = [(tail, f"books/accounts/A{head[-3:]}") for tail, head in orders(1, 2, 4, 5)]
    assert [service.store.view().vertex(one) for _, one in accounts] == [
        service.store.view().vertex(one) for _, one in orders(1, 2, 4, 5)
    ]
    found = service.teach(accounts, (), "bills", "bob")
    assert (found[0].id, found[0].name) == (ORDERS, "bills")
    said = service.store.links.judgements(subject_prefix=f"{ORDERS}|")
    assert {j.subject for j in said} == {f"{ORDERS}|{tail}|{head}" for tail, head in orders(1, 2, 4, 5)}


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([], "no example"),
        ([("shop/orders/9001", "shop/orders/9001")], "paired with itself"),
        ([("shop/orders/9001", "shop/clients/none")], "There is no record 'shop/clients/none'"),
    ],
)
def test_examples_that_name_nothing_are_refused(service: Service, pairs: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(BifrostError, match=says):
        service.teach(pairs, (), "", "bob")


def test_a_pair_cannot_be_an_example_and_a_counter_example(service: Service) -> None:
    with pytest.raises(BifrostError, match="an example and a counter-example"):
        service.teach(orders(1, 2), orders(2), "", "bob")


def test_counter_examples_refine_a_confirmed_link_type_at_once(service: Service) -> None:
    service.judge(ORDERS, Verdict.CONFIRM, "ann")
    edges = sum(service.store.view().label_counts()[1].values())
    (found,) = service.teach((), orders(2, 5, 8, 11, 14), "", "bob")
    assert (found.id, found.state, found.condition) == (ORDERS, LinkState.CONFIRMED, "state != 'test'")
    assert sum(service.store.view().label_counts()[1].values()) == edges - 60
    correction = next(j for j in service.store.links.judgements() if j.correction is not None)
    service.undo(correction.id, "bob")
    assert sum(service.store.view().label_counts()[1].values()) == edges - 5, "the pairs themselves stay apart"


def test_one_counter_example_keeps_only_its_pair_apart(service: Service) -> None:
    service.judge(ORDERS, Verdict.CONFIRM, "ann")
    edges = sum(service.store.view().label_counts()[1].values())
    (found,) = service.teach((), orders(2), "", "bob")
    assert found.condition == ""
    assert sum(service.store.view().label_counts()[1].values()) == edges - 1


def test_what_was_put_off_comes_back_when_the_evidence_changes(service: Service, built: Path) -> None:
    service.judge(ORDERS, Verdict.DEFER, "ann")
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    assert stored(service).state is LinkState.DEFERRED
    file = built / "shop" / "orders.csv"
    before = file.read_text()
    file.write_text(before + "".join(f"{9500 + n},C-{n % 60:04d},open\n" for n in range(60)))
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    file.write_text(before)
    assert stored(service).state is LinkState.PROPOSED
    (again,) = [j for j in service.store.links.judgements() if j.verdict is Verdict.REOPEN]
    assert (again.by, again.note) == (AUTOMATIC, "asked again: 240 links instead of 180")


def test_a_question_nobody_could_answer_is_left_to_others(service: Service) -> None:
    service.judge(ORDERS, Verdict.UNSURE, "ann")
    assert ORDERS not in {one.id for one in service.questions("ann")}
    assert ORDERS in {one.id for one in service.questions("bob")}
