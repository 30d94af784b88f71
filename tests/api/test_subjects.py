"""Answers name what exists: records of the ends of a link type, and the link type that a correction made."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.service import Service
from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.links import Column, Correction, LinkKind, LinkState, LinkType, Verdict, link_type_id
from tests.api.projects import built_project

CLIENT = Column("shop", "orders", ("client",))
NUMBER = Column("shop", "clients", ("client_no",))
ORDERS = link_type_id(LinkKind.REFERENCE, CLIENT, NUMBER)
PARTIES = Column("shop", "clients"), Column("books", "accounts")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clients with orders, the same clients as accounting knows them, and ports that nobody links."""
    work = tmp_path_factory.mktemp("ends")
    shop, books = work / "shop", work / "books"
    shop.mkdir()
    books.mkdir()
    clients = "".join(f"C-{n:04d},Client {n} Ltd,Person {n}\n" for n in range(40))
    (shop / "clients.csv").write_text(f"client_no,name,contact_person\n{clients}")
    (shop / "orders.csv").write_text("order_no,client\n" + "".join(f"{900 + n},C-{n % 40:04d}\n" for n in range(90)))
    (shop / "ports.csv").write_text("port,country\nRotterdam,NL\nHamburg,DE\nCork,IE\n")
    accounts = "".join(f"A{n:03d},CLIENT {n} LTD,Person {n}\n" for n in range(40))
    (books / "accounts.csv").write_text(f"account,holder,main_contact\n{accounts}")
    return built_project(work, "shop", "books")


def same(service: Service) -> str:
    stated = LinkType(link_type_id(LinkKind.SAME_THING, *PARTIES), LinkKind.SAME_THING, *PARTIES, "is")
    service.add_link_type(stated, "ann")
    return stated.id


def port(service: Service, number: int) -> str:
    rows = [row["_uid"] for batch in service.store.linking_data().rows("shop", "ports") for row in batch.to_pylist()]
    return str(rows[number])


def test_pairs_of_other_records_are_refused_and_change_nothing(service: Service) -> None:
    id, labels = same(service), service.store.view().label_counts()
    wrong = [
        (port(service, 0), port(service, 1), InputError, "is of shop/ports, and not of shop/clients"),
        ("shop/clients/C-0001", port(service, 0), InputError, "and not of books/accounts"),
        ("shop/clients/C-0001", "books/accounts/none", NotFoundError, "no record 'books/accounts/none'"),
        ("", "books/accounts/A001", NotFoundError, "no record ''"),
    ]
    for verdict in (Verdict.CONFIRM, Verdict.REJECT):
        for tail, head, error, says in wrong:
            with pytest.raises(error, match=says):
                service.judge_pair(id, tail, head, verdict, "ann")
    with pytest.raises(InputError, match="not of shop/orders"):
        service.judge_pair(ORDERS, "shop/clients/C-0001", "shop/orders/901", Verdict.REJECT, "ann")
    with pytest.raises(NotFoundError):
        service.judge_pair("none", "shop/orders/901", "shop/clients/C-0001", Verdict.REJECT, "ann")
    assert [j.subject for j in service.store.links.judgements(include_undone=True)] == [id]
    assert service.store.view().label_counts() == labels


def test_a_merged_thing_stands_for_its_record_and_ends_may_be_turned(service: Service) -> None:
    id = same(service)
    for number, turned in ((1, False), (2, True)):
        pair = (f"shop/clients/C-{number:04d}", f"books/accounts/A{number:03d}")
        outcome = service.judge_pair(id, *(pair[::-1] if turned else pair), Verdict.REJECT, "ann")
        assert (outcome.judgement.subject, outcome.merged) == (f"{id}|{pair[0]}|{pair[1]}", -1)
    service.judge(ORDERS, Verdict.CONFIRM, "ann")
    outcome = service.judge_pair(ORDERS, "shop/orders/903", "books/accounts/A003", Verdict.REJECT, "ann")
    assert outcome.judgement.subject == f"{ORDERS}|shop/orders/903|shop/clients/C-0003"
    assert (outcome.edges_changed, outcome.merged) == (1, 0)


@pytest.mark.parametrize(
    "correction",
    [Correction(flip=True), Correction(kind=LinkKind.MENTION), Correction(head=Column("shop", "clients", ("name",)))],
    ids=["direction", "kind", "columns"],
)
def test_the_id_before_a_correction_leads_to_the_one_after_it(service: Service, correction: Correction) -> None:
    if correction.head is not None:
        correction = Correction(tail=Column("shop", "clients", ("contact_person",)), head=correction.head)
        correction = Correction(tail=correction.tail, head=Column("books", "accounts", ("main_contact",)))
    first = service.judge(ORDERS, Verdict.CONFIRM, "ann", correction)
    assert first.link_type is not None
    assert first.link_type.id != ORDERS
    confirmed = service.store.links.link_types((LinkState.CONFIRMED,))
    for verdict, again in ((Verdict.CONFIRM, correction), (Verdict.CONFIRM, None), (Verdict.DELETE, None)):
        with pytest.raises(ConflictError, match="was corrected") as refused:
            service.judge(ORDERS, verdict, "bob", again)
        assert first.link_type.id in refused.value.remedy
    assert service.store.links.link_types((LinkState.CONFIRMED,)) == confirmed
    service.undo(first.judgement.id, "ann")
    service.judge(ORDERS, Verdict.CONFIRM, "ann")
    assert [one.id for one in service.store.links.link_types((LinkState.CONFIRMED,))] == [ORDERS]


def test_corrected_back_and_forth_the_one_that_stands_is_named(service: Service) -> None:
    flip = Correction(flip=True)
    there = service.judge(ORDERS, Verdict.CONFIRM, "ann", flip).link_type
    assert there is not None
    back = service.judge(there.id, Verdict.CONFIRM, "ann", flip).link_type
    assert back is not None
    assert back.id == ORDERS
    with pytest.raises(ConflictError) as refused:
        service.judge(there.id, Verdict.CONFIRM, "ann")
    assert ORDERS in refused.value.remedy
    service.judge(ORDERS, Verdict.REJECT, "ann")
    assert not service.store.links.link_types((LinkState.CONFIRMED,))


def test_only_the_links_of_what_was_answered_are_counted(service: Service) -> None:
    service.judge(ORDERS, Verdict.CONFIRM, "ann")
    labels = service.store.view().label_counts()
    id = same(service)
    undone = service.undo(max(j.id for j in service.store.links.judgements()), "ann")
    assert undone.edges_changed == 40, "merged pairs, of which few edges follow"
    assert service.store.view().label_counts() == labels
    flipped = service.judge(ORDERS, Verdict.CONFIRM, "ann", Correction(flip=True))
    assert flipped.edges_changed == 90
    assert service.undo(flipped.judgement.id, "ann").edges_changed == 90
    assert service.judge(ORDERS, Verdict.REJECT, "ann").edges_changed == 90
    assert id not in {one.id for one in service.store.links.link_types((LinkState.CONFIRMED,))}


def test_the_command_line_says_what_is_linked_now(service: Service, tmp_path: Path) -> None:
    id = same(service)
    service.close()
    runner, links = CliRunner(), ["--data-dir", str(tmp_path / "data"), "links"]
    assert "40 pairs merged" in runner.invoke(cli, [*links, "show", id]).output
    assert "about 90 edges" in runner.invoke(cli, [*links, "show", ORDERS]).output
    runner.invoke(cli, [*links, "pair", "reject", id, "shop/clients/C-0001", "books/accounts/A001"])
    assert "39 pairs merged" in runner.invoke(cli, [*links, "show", id]).output
    runner.invoke(cli, [*links, "confirm", ORDERS])
    assert ", 90 edges" in runner.invoke(cli, [*links, "show", ORDERS]).output
    assert "No link types" in runner.invoke(cli, [*links, "list", "--state", "deferred"]).output


def test_the_command_line_names_the_new_id(service: Service, tmp_path: Path) -> None:
    service.close()
    runner, links = CliRunner(), ["--data-dir", str(tmp_path / "data"), "links"]
    said = runner.invoke(cli, [*links, "correct", ORDERS, "--flip"])
    new = link_type_id(LinkKind.REFERENCE, NUMBER, CLIENT)
    assert said.exit_code == 0
    assert f"Its id is {new} now" in said.output
    again = runner.invoke(cli, [*links, "correct", ORDERS, "--flip"])
    assert isinstance(again.exception, ConflictError)
    assert f"Answer about {new}" in again.exception.remedy
    wrong = runner.invoke(cli, [*links, "pair", "reject", new, "shop/clients/C-0001", "shop/orders/none"])
    assert wrong.exit_code != 0
    assert "There is no record 'shop/orders/none'" in str(wrong.exception)
