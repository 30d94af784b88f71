"""What example pairs teach: same things, keys of several columns, conditions, and what known link types must not link."""

import random
from collections.abc import Iterator
from itertools import product

import pytest

from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkState, LinkType, link_type_id
from bifrost.ports import TeachRequest
from linking.bounds import least_share
from linking.composites import MOST_COLUMNS
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from tests.linking.company import customers, quiet


@pytest.fixture(scope="module")
def data() -> MemoryData:
    """Customers that accounting keeps as accounts; tickets and stock that refer to others by keys of one and of three columns."""
    rng = random.Random(3)
    made, people = MemoryData(), customers(rng, 50)
    made.add_rows("crm", "customers", [{**p, "contact_person": p["name"].split()[0] + " " + p["town"]} for p in people])
    accounts = [
        {
            "account": 900 + n,
            "holder": p["name"].upper(),
            "main_contact": p["name"].split()[0] + " " + p["town"],
            "place": p["town"],
        }
        for n, p in enumerate(people)
    ]
    rng.shuffle(accounts)
    made.add_rows("books", "accounts", accounts)
    tickets = [
        {
            "ticket": f"T{n:04d}",
            "who": rng.choice(people)["customer_id"],
            "queue": ("help", "sales", "spam")[n % 3],
            "note": n % 5,
        }
        for n in range(150)
    ]
    made.add_rows("desk", "tickets", tickets)
    bins = [(w, a, s) for w in ("N", "S") for a in range(6) for s in range(7)]
    made.add_rows("store", "bins", [{"house": w, "aisle": a, "shelf": s, "bin": n} for n, (w, a, s) in enumerate(bins)])
    made.add_rows(
        "store", "moves", [dict(zip(("h", "a", "sh"), rng.choice(bins), strict=True), day=n) for n in range(200)]
    )
    return made


@pytest.fixture(scope="module")
def linker() -> Iterator[BifrostLinker]:
    made = BifrostLinker()
    yield made
    made.close()


def table(data: MemoryData, source: str, dataset: str) -> list[dict[str, str]]:
    return [row for batch in data.rows(source, dataset) for row in batch.to_pylist()]


def same_customers(data: MemoryData, count: int) -> list[tuple[str, str]]:
    holders = {row["holder"]: row["_uid"] for row in table(data, "books", "accounts")}
    return [(row["_uid"], holders[row["name"].upper()]) for row in table(data, "crm", "customers")[:count]]


def of_tickets(data: MemoryData, queues: tuple[str, ...], count: int) -> list[tuple[str, str]]:
    people = {row["customer_id"]: row["_uid"] for row in table(data, "crm", "customers")}
    return [(r["_uid"], people[r["who"]]) for r in table(data, "desk", "tickets") if r["queue"] in queues][:count]


def test_three_of_three_promise_less_than_thirty_of_thirty() -> None:
    assert 0.4 < least_share(3, 3) < 0.5
    assert least_share(3, 3) < least_share(10, 10) < least_share(30, 30) < 0.95
    assert least_share(0, 0) == 0.0


def test_pairs_of_same_things_teach_a_same_thing_type(linker: BifrostLinker, data: MemoryData) -> None:
    found = linker.teach(data, TeachRequest(tuple(same_customers(data, 3))))
    assert found[0].kind is LinkKind.SAME_THING
    assert {(s.source, s.dataset) for s in (found[0].tail, found[0].head)} == {
        ("crm", "customers"),
        ("books", "accounts"),
    }
    assert len({one.model for one in found}) == 1
    assert [e.tail for e in found[0].examples[:3]] == [tail for tail, _ in same_customers(data, 3)]


def test_many_tickets_of_one_customer_are_no_same_things(linker: BifrostLinker, data: MemoryData) -> None:
    found = linker.teach(data, TeachRequest(tuple(of_tickets(data, ("help",), 6))))
    assert [one.kind for one in found] == [LinkKind.REFERENCE]
    assert str(found[0].tail) == "desk/tickets.who"


def test_a_condition_is_learnt_where_counter_examples_differ(linker: BifrostLinker, data: MemoryData) -> None:
    right, wrong = of_tickets(data, ("help", "sales"), 8), of_tickets(data, ("spam",), 3)
    (found,) = linker.teach(data, TeachRequest(tuple(right), tuple(wrong)))
    assert (str(found.tail), found.condition) == ("desk/tickets.who", "queue != 'spam'")
    assert found.estimated_edges == 100
    assert any("separates" in reason for reason in found.reasons)


def test_keys_of_three_columns_are_taught(linker: BifrostLinker, data: MemoryData) -> None:
    bins = {(r["house"], r["aisle"], r["shelf"]): r["_uid"] for r in table(data, "store", "bins")}
    pairs = [(r["_uid"], bins[r["h"], r["a"], r["sh"]]) for r in table(data, "store", "moves")][:12]
    best = linker.teach(data, TeachRequest(tuple(pairs)))[0]
    assert set(zip(best.tail.columns, best.head.columns, strict=True)) == {
        ("h", "house"),
        ("a", "aisle"),
        ("sh", "shelf"),
    }
    assert best.estimated_edges == 200


def test_keys_of_as_many_columns_as_are_found_can_be_taught(linker: BifrostLinker) -> None:
    rng = random.Random(5)
    made, names = MemoryData(), ("year", "region", "product", "channel")
    plans = list(product(("23", "24", "25"), ("N", "S", "W"), ("ale", "rum", "tea"), ("web", "shop")))
    assert len(names) == MOST_COLUMNS
    made.add_rows("finance", "plans", [{**dict(zip(names, p, strict=True)), "goal": n} for n, p in enumerate(plans)])
    sales = [rng.choice(plans) for _ in range(150)]
    made.add_rows(
        "till", "sales", [dict(zip(("y", "r", "p", "c"), s, strict=True), day=n) for n, s in enumerate(sales)]
    )
    heads = {tuple(r[n] for n in names): r["_uid"] for r in table(made, "finance", "plans")}
    pairs = [(r["_uid"], heads[r["y"], r["r"], r["p"], r["c"]]) for r in table(made, "till", "sales")][:20]
    best = linker.teach(made, TeachRequest(tuple(pairs)))[0]
    assert dict(zip(best.tail.columns, best.head.columns, strict=True)) == dict(zip("yrpc", names, strict=True))
    assert best.estimated_edges == 150


def known_reference(**fields: str) -> LinkType:
    tail, head, kind = (
        Column("desk", "tickets", ("who",)),
        Column("crm", "customers", ("customer_id",)),
        LinkKind.REFERENCE,
    )
    return LinkType(
        link_type_id(kind, tail, head), kind, tail, head, "raised_by", LinkState.CONFIRMED, estimated_edges=150
    )


def test_counter_examples_alone_refine_what_links_them(linker: BifrostLinker, data: MemoryData) -> None:
    wrong = of_tickets(data, ("spam",), 5)
    (found,) = linker.teach(data, TeachRequest((), tuple(wrong), known=(known_reference(),)))
    assert (found.id, found.condition, found.estimated_edges) == (known_reference().id, "queue != 'spam'", 100)


def test_one_counter_example_is_no_reason_for_a_condition(linker: BifrostLinker, data: MemoryData) -> None:
    wrong = of_tickets(data, ("spam",), 1)
    (found,) = linker.teach(data, TeachRequest((), tuple(wrong), known=(known_reference(),)))
    assert found == known_reference()


def test_counter_examples_that_nothing_links_are_refused(linker: BifrostLinker, data: MemoryData) -> None:
    tickets, people = table(data, "desk", "tickets"), table(data, "crm", "customers")
    pair = next((t["_uid"], p["_uid"]) for t in tickets for p in people if t["who"] != p["customer_id"])
    with pytest.raises(InputError):
        linker.teach(data, TeachRequest((), (pair,), known=(known_reference(),)))


def test_taught_proposals_stay_until_somebody_answers(linker: BifrostLinker, data: MemoryData) -> None:
    found = linker.teach(
        data, TeachRequest(tuple(of_tickets(data, ("help", "sales"), 8)), tuple(of_tickets(data, ("spam",), 3)))
    )
    again = {one.id: one for one in linker.propose(data, (), found, quiet)}
    assert again[found[0].id].condition == found[0].condition
    assert again[found[0].id].model == found[0].model
