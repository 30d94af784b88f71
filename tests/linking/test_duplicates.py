import random
from typing import Any

import pytest

from bifrost.links import LinkKind, LinkType
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.training.values import makers
from tests.linking.company import company, quiet

Row = dict[str, Any]


def customers(seed: int, count: int, copies: int) -> list[Row]:
    """Customers with numbers; the last ``copies`` are earlier ones entered again, with an error each."""
    rng = random.Random(seed)
    make = makers(rng)
    rows: list[Row] = [
        {f: str(make[f]()) for f in ("company", "street", "city", "phone", "date")} for _ in range(count - copies)
    ]
    for row in rng.sample(rows, copies):
        field = rng.choice(["company", "street"])
        at = rng.randrange(1, len(row[field]) - 1)
        rows.append({**row, field: row[field][:at] + row[field][at + 1 :]})
    return [{"customer_no": 5_000 + n, **row} for n, row in enumerate(rows)]


def proposals(data: MemoryData) -> list[LinkType]:
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    linker.close()
    return [t for t in found if t.kind is LinkKind.SAME_THING and t.tail == t.head]


@pytest.mark.parametrize("copies", [15, 60])
def test_a_table_in_which_customers_were_entered_twice_is_proposed_with_examples(copies: int) -> None:
    data = MemoryData()
    data.add_rows("crm", "customers", customers(1, 200, copies))
    (found,) = proposals(data)
    assert found.probability > 0.5
    assert found.name == "same_customer"
    assert found.reasons
    assert all(example.tail != example.head for example in found.examples)


@pytest.mark.parametrize("seed", range(3))
def test_a_table_of_different_customers_is_not(seed: int) -> None:
    data = MemoryData()
    data.add_rows("crm", "customers", customers(seed, 200, 0))
    assert [t for t in proposals(data) if t.probability >= 0.5] == []


def members(seed: int, count: int, copies: int) -> list[Row]:
    """People whose names are made of few words; the last ``copies`` are earlier ones under another number."""
    rng = random.Random(seed)
    first = [
        "Anna",
        "Ben",
        "Carla",
        "David",
        "Eva",
        "Finn",
        "Greta",
        "Hans",
        "Ines",
        "Jonas",
        "Karl",
        "Lena",
        "Mia",
        "Noah",
    ]
    last = ["Park", "Silva", "Novak", "Costa", "Rao", "Chen", "Larsson", "Petrov", "Tanaka", "Mbeki", "Hansen", "Weber"]
    rows = [
        {
            "who": f"{rng.choice(last)}, {rng.choice(first)}",
            "fee": rng.choice([20, 21, 22]),
            "town": rng.choice(["Ulm", "Bonn", "Kiel", "Trier"]),
            "born": f"19{rng.randrange(40, 99)}-0{rng.randrange(1, 9)}-{rng.randrange(10, 28)}",
        }
        for _ in range(count - copies)
    ]
    return [{"member": f"M{n}", **row} for n, row in enumerate([*rows, *rows[:copies]])]


@pytest.mark.parametrize("seed", range(3))
def test_names_of_few_words_that_recur_by_chance_are_no_duplicates(seed: int) -> None:
    data = MemoryData()
    data.add_rows("club", "members", [{k: row[k] for k in ("member", "who", "fee")} for row in members(seed, 90, 0)])
    assert proposals(data) == []


def test_names_of_few_words_that_recur_with_all_they_say_are_duplicates() -> None:
    data = MemoryData()
    data.add_rows("club", "members", members(0, 100, 12))
    (found,) = proposals(data)
    assert found.probability > 0.5


def test_messages_that_are_alike_are_no_duplicates() -> None:
    rng = random.Random(2)
    said = [
        "please send the invoice for order {} to our new address",
        "the pump in hall {} has been leaking since Monday morning",
    ]
    rows = [
        {"ticket": n, "priority": rng.choice(["low", "high"]), "text": rng.choice(said).format(rng.randrange(100, 160))}
        for n in range(90)
    ]
    data = MemoryData()
    data.add_rows("desk", "tickets", rows)
    assert proposals(data) == []


def test_orders_of_one_customer_are_not_duplicates() -> None:
    rng = random.Random(3)
    people = customers(4, 40, 0)
    orders = []
    for n in range(300):
        buyer = rng.choice(people)
        orders.append({
            "order_no": 10_000 + n,
            **{f"ship_{f}": buyer[f] for f in ("company", "street", "city")},
            "ordered": f"20{rng.randint(10, 24)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            "freight": round(rng.uniform(3, 400), 2),
        })  # fmt: skip
    data = MemoryData()
    data.add_rows("shop", "orders", orders)
    assert [t for t in proposals(data) if t.probability >= 0.5] == []


def test_sizes_of_one_product_are_not_duplicates() -> None:
    rng = random.Random(5)
    make = makers(rng)
    names = [str(make["product"]()) for _ in range(40)]
    rows = [
        {"article": f"A{40 * size + n}", "title": f"{name} {size * 10} cm", "price": round(rng.uniform(1, 90), 2)}
        for size in range(1, 5)
        for n, name in enumerate(names)
    ]
    data = MemoryData()
    data.add_rows("shop", "articles", rows)
    assert [t for t in proposals(data) if t.probability >= 0.5] == []


def test_no_table_of_a_company_without_duplicates_is_proposed() -> None:
    assert [t for t in proposals(company()) if t.probability >= 0.5] == []


def test_the_pairs_of_a_proposal_are_the_copies() -> None:
    data = MemoryData()
    data.add_rows("crm", "customers", customers(1, 200, 30))
    linker = BifrostLinker()
    (found,) = [t for t in linker.propose(data, (), (), quiet) if t.kind is LinkKind.SAME_THING]
    pairs = [p for p in linker.same(found, data, (), quiet) if p.score >= 0.5]
    linker.close()
    copies = {p.left if int(p.left.rsplit("/", 1)[-1]) >= 170 else p.right for p in pairs}
    assert len(copies) >= 25
    assert len(pairs) <= 40
