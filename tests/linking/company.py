"""A small company in pieces: an ERP, a ticket system that spells keys differently, and some letters."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bifrost.links import LinkType
from linking.linker import BifrostLinker
from linking.memory import MemoryData

__all__ = ["company", "find", "proposals", "quiet"]

_FIRST = "Ada Bela Cora Dora Emil Finn Gala Hugo Ivo Jana Kaja Lars Mona Nils Olga Pia Quin Rosa Sven Tara".split()  # noqa: SIM905
_LAST = "Adler Brandt Castor Dunkel Ehlers Falk Grimm Hollmann Ibsen Jansen Kramer Lindqvist Moor Nyland".split()  # noqa: SIM905
_TOWNS = ["Aarhus", "Bremen", "Cork", "Delft", "Evora", "Ferrara"]


def quiet(_: object) -> None:
    """A progress sink that nobody watches."""


def proposals(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[LinkType]:
    """What is proposed for the tables of one database, called ``db``."""
    data = MemoryData()
    for name, rows in tables.items():
        data.add_rows("db", name, rows)
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    linker.close()
    return found


def find(items: Sequence[Any], kind: str, tail: str, head: str) -> Any:
    """The one link type between two sides, written as ``source/dataset.column``."""
    found = [t for t in items if (t.kind, str(t.tail), str(t.head)) == (kind, tail, head)]
    assert len(found) == 1, [(t.kind.value, str(t.tail), str(t.head), round(t.probability, 2)) for t in items]
    return found[0]


def customers(rng: random.Random, count: int) -> list[dict[str, Any]]:
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    rng.shuffle(names)
    return [
        {"customer_id": f"CUST-{n:04d}", "name": name, "town": rng.choice(_TOWNS), "since": f"20{n % 20:02d}-01-01"}
        for n, name in enumerate(names[:count], 1)
    ]


def company(seed: int = 7, *, letters: Mapping[str, Sequence[str]] | None = None) -> MemoryData:
    """60 customers, 25 articles, 300 orders, 120 tickets whose customer numbers lack prefix and zeros, and letters."""
    rng = random.Random(seed)
    data = MemoryData()
    people = customers(rng, 60)
    articles = [
        {"article_no": 7000 + 3 * n, "title": f"{rng.choice(_TOWNS)} {rng.choice(_LAST)} lamp {n}", "price": n + 0.5}
        for n in range(25)
    ]
    orders = [
        {
            "order_id": 1 + n,
            "customer": rng.choice(people)["customer_id"].lower(),
            "article_no": rng.choice(articles)["article_no"],
            "quantity": rng.randint(1, 9),
        }
        for n in range(300)
    ]
    tickets = [
        {
            "ticket": f"T{n:05d}",
            "cust_no": str(int(rng.choice(people)["customer_id"][5:])),
            "priority": rng.choice(["low", "high"]),
            "text": "The lamp does not work any more, please send somebody to look after it as soon as you can.",
        }
        for n in range(120)
    ]
    tickets[0]["cust_no"] = "9999"
    data.add_rows("erp", "customers", people)
    data.add_rows("erp", "articles", articles)
    data.add_rows("erp", "orders", orders)
    data.add_rows("desk", "tickets", tickets)
    written = letters or {
        f"letter{n}.pdf": [f"Dear {person['name']},\n\nCustomer ID: {person['customer_id']}\nThank you for your order."]
        for n, person in enumerate(people[:12])
    }
    data.add_documents("post", "letters", written)
    return data
