"""Links given as columns are stored as the same links given one by one."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bifrost.link_columns import LinkColumns
from bifrost.links import LinkEdge, LinkKind, LinkState, Verdict
from bifrost.ports import ReplaceReport
from bifrost.values import Evidence
from graphstore.sql import SqlStore
from tests.contracts.stores import postgres_url, shared_postgres_url, sqlite_template, sqlite_url, store
from tests.graphstore.worlds import graph, link_type, record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url", "store"]

TYPE = replace(
    link_type(LinkKind.REFERENCE, "a/order.who", "b/customer.id", "PLACED_BY"), state=LinkState.CONFIRMED, threshold=0.3
)
EVIDENCE = Evidence(f"link.{TYPE.id}", column="who")


def places(store: SqlStore) -> dict[str, int]:
    """The place of each row by its uid."""
    found: dict[str, int] = {}
    for dataset in (("a", "order"), ("b", "customer")):
        reading = store.linking_data().reading(*dataset)
        assert reading is not None
        for batch, _, place in reading.rows:
            found.update(zip(batch.column("_uid").to_pylist(), place.tolist(), strict=True))
    return found


def columns(edges: list[tuple[str, str, float]], place: dict[str, int]) -> LinkColumns:
    tails, heads, scores = zip(*edges, strict=True) if edges else ((), (), ())
    where = [[place.get(tail, -1), place.get(head, -1)] for tail, head, _ in edges]
    return LinkColumns(
        pa.chunked_array([pa.array(tails, pa.string())]),
        pa.chunked_array([pa.array(heads, pa.string())]),
        np.array(scores, np.float64),
        np.array(where, np.int64).reshape(-1, 2),
        EVIDENCE,
    )


def links_of(store: SqlStore) -> Any:
    with store.database.read() as connection:
        query = "SELECT uid, record, type, properties, evidence, score, pin, given, active FROM link ORDER BY uid"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture
def twin(tmp_path: Any) -> Any:
    made = SqlStore(f"sqlite:///{tmp_path / 'twin.sqlite'}")
    made.migrate()
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(4))
def test_columns_make_the_links_that_edges_make(store: SqlStore, twin: SqlStore, seed: int) -> None:
    chance = random.Random(seed)
    orders, customers = [f"{n:03}" for n in range(30)], [f"{n:03}" for n in range(8)]
    for one in (store, twin):
        register(one, "a/order", "b/customer")
        say(one, "a/order", *(record("a/order", key, n=key) for key in orders))
        say(one, "b/customer", *(record("b/customer", key, n=key) for key in customers))
    known, edges, reports = TYPE, dict[tuple[str, str], float](), list[ReplaceReport]()
    for step in range(14):
        for _ in range(chance.randrange(12)):
            pair = f"a/order/{chance.choice(orders)}", f"b/customer/{chance.choice([*customers, 'nobody'])}"
            if chance.random() < 0.3:
                edges.pop(pair, None)
            else:
                edges[pair] = chance.choice((1.0, 0.5, 0.25))
        said = [(tail, head, score) for (tail, head), score in edges.items()]
        if said and chance.random() < 0.3:
            said.append((*said[0][:2], 0.9))  # the same pair by another of its values
        reports.append(store.links.write_links(known, columns(said, places(store))))
        again = twin.links.write_links(known, [LinkEdge(*edge, EVIDENCE) for edge in said])
        assert (reports[-1], links_of(store)) == (again, links_of(twin)), f"step {step}"
        assert graph(store) == graph(twin), f"step {step}"
        match chance.randrange(5):
            case 0 if edges:
                subject = "|".join((TYPE.id, *chance.choice(list(edges))))
                verdict = chance.choice((Verdict.CONFIRM, Verdict.REJECT))
                for one in (store, twin):
                    one.links.judge(subject, verdict, "ann")
            case 1:
                known = replace(
                    known, threshold=chance.choice((None, 0.3, 0.6)), name=chance.choice(("BY", "PLACED_BY"))
                )
                for one in (store, twin):
                    one.links.save_link_types([known])
            case 2:
                key = chance.choice(customers)
                for one in (store, twin):
                    one.fragments.remove_records("b", "customer", [key])
                    if step % 2:
                        say(one, "b/customer", record("b/customer", key, n="again"))
            case _:
                pass
    assert sum(report.unchanged for report in reports) > 50


def test_links_that_stay_are_not_written(store: SqlStore) -> None:
    register(store, "a/order", "b/customer")
    say(store, "a/order", *(record("a/order", f"{n}", n=n) for n in range(20)))
    say(store, "b/customer", record("b/customer", "0", n=0), record("b/customer", "1", n=1))
    said = [(f"a/order/{n}", "b/customer/0", 1.0) for n in range(20)]
    assert store.links.write_links(TYPE, columns(said, places(store))) == ReplaceReport(added=20)
    told: list[int] = []
    given = replace(columns([*said[1:], ("a/order/0", "b/customer/1", 1.0)], places(store)), passed=told.append)
    assert store.links.write_links(TYPE, given) == ReplaceReport(added=1, unchanged=19, removed=1)
    assert told == [1], "one edge was looked at by itself"
    assert store.links.write_links(TYPE, columns([], {})) == ReplaceReport(removed=20)
