"""References as joins."""

from dataclasses import replace

import pytest

import linking.joins
from bifrost.errors import InputError
from bifrost.links import LinkKind
from linking.joins import examples, reference_edges
from linking.memory import MemoryData
from linking.workspace import Workspace
from tests.graphstore.worlds import link_type

REFERENCE = link_type(LinkKind.REFERENCE, "erp/order.customer", "erp/customer.id")


def company(orders: int, customers: int) -> MemoryData:
    data = MemoryData()
    data.add_rows("erp", "customer", [{"id": f"C-{i:06d}", "town": f"T{i % 3}"} for i in range(customers)])
    rows = [{"order_no": i, "customer": f"C-{i * 7919 % customers:06d}", "town": f"T{i % 3}"} for i in range(orders)]
    data.add_rows("erp", "order", rows)
    return data


def test_edges_of_many_records_need_no_more_room_than_the_records() -> None:
    """Joining every order with every customer first would need gigabytes."""
    data, workspace = company(60_000, 6_000), Workspace("300MB")
    with workspace.using(data) as loaded:
        loaded.connection.execute("SET max_temp_directory_size = '300MB'")
        edges = list(reference_edges(loaded, REFERENCE))
    workspace.close()
    assert len(edges) == 60_000
    assert {edge.score for edge in edges} == {1.0}


def test_columns_that_name_nothing_in_particular_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking.joins, "MOST_EDGES", 1_000)
    town = link_type(LinkKind.REFERENCE, "erp/order.town", "erp/customer.town")
    with Workspace().using(company(300, 30)) as loaded, pytest.raises(InputError, match="3,000 links") as refused:
        list(reference_edges(loaded, town))
    assert "condition" in str(refused.value.remedy)


def test_examples_show_what_is_usual_what_is_borderline_and_what_is_missing() -> None:
    data, workspace = MemoryData(), Workspace()
    data.add_rows("erp", "customer", [{"id": f"CUST-{n:03d}", "name": f"N{n}"} for n in (*range(30), 7)])
    data.add_rows("erp", "order", [{"no": n, "customer": f"{n % 32:03d}"} for n in range(64)])
    reference = replace(REFERENCE, transform={"head": "strip_prefix:CUST-"})
    with workspace.using(data) as loaded:
        found = examples(loaded, reference, 5)
    workspace.close()
    assert len(found.pairs) == 3
    assert "007" not in {pair[2] for pair in found.pairs}
    ambiguous, different = found.borderline
    assert (ambiguous[2], ambiguous[5], ambiguous[6]) == ("007", 0.5, "names 2 records")
    assert different[6] == "written differently"
    assert different[:2] not in {pair[:2] for pair in found.pairs}
    assert {value for _, value, _ in found.unmatched} == {"030", "031"}
