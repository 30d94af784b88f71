"""Stores on each database, and a shop in them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from bifrost.links import LinkKind, SamePair, Verdict
from bifrost.ports import Store
from bifrost.values import RecordFragments
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import Said, link_type, record, record_of, register, say

__all__ = [
    "PAIRS", "REFERS", "SAME", "as_port", "confirmed_same", "order", "postgres_url", "shared_postgres_url", "shop",
    "sqlite_template", "sqlite_url", "store",
]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def shop(store: SqlStore) -> SqlStore:
    """Customers with orders in one source, clients of another."""
    register(store, "erp/customer", "erp/order", "crm/client", rank={"crm": 1})
    say(store, "erp/order", *(order(i) for i in range(6)))
    say(store, "erp/customer", *(record("erp/customer", str(i), name=f"Customer {i}") for i in range(3)))
    say(store, "crm/client", *(record("crm/client", str(i), name=f"customer {i}", phone=f"+{i}") for i in range(3)))
    return store


def as_port(store: SqlStore) -> Store:
    """Type checking this is the proof that the store has all that the port asks for."""
    return store


def order(i: int, **extra: int) -> RecordFragments:
    links = [("PLACED_BY", f"erp/customer/{i % 3}")]
    said: dict[str, Said] = {"amount": Decimal(f"{i}.50"), "day": date(2024, 1, i % 28 + 1), "n": i}
    return record_of("erp/order", str(i), {**said, **extra}, links)


SAME = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name", "same")
REFERS = link_type(LinkKind.REFERENCE, "crm/client.id", "erp/order.id", "ORDERED")
PAIRS = [SamePair(f"crm/client/{i}", f"erp/customer/{i}", 0.6 + i / 10) for i in range(3)]


def confirmed_same(store: SqlStore) -> int:
    store.links.save_link_types([SAME, REFERS])
    judgement = store.links.judge(SAME.id, Verdict.CONFIRM, "ann")
    store.links.write_same(SAME, PAIRS)
    return judgement.id
