import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bifrost.links import LinkKind, LinkType
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.composites import composite_keys
from linking.forms import said
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.workspace import Workspace
from tests.linking.company import find, quiet

Row = Mapping[str, Any]
LINES = [
    {"order_no": o, "line_no": n, "item": f"thing {o * n}"} for o in range(1000, 1080) for n in range(1, 2 + o % 5)
]
PLAN = [
    {"year": year, "region": region, "product": product, "target": random.Random(f"{year}{region}{product}").randint(1000, 99999)}
    for year in (2021, 2022, 2023)
    for region in ("north", "south", "east", "west")
    for product in ("bolt", "nut", "screw", "washer", "rivet", "clamp")
]  # fmt: skip


def proposals(data: MemoryData) -> tuple[list[LinkType], dict[str, set[tuple[str, str]]]]:
    """What is proposed, and the edges of each reference by several columns."""
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    together = [p for p in found if p.kind is LinkKind.REFERENCE and len(p.tail.columns) > 1]
    edges = {p.id: {(e.tail, e.head) for e in linker.links(p, data, (), quiet)} for p in together}
    linker.close()
    return found, edges


@pytest.mark.parametrize(
    ("spell", "transform"),
    [
        (lambda o, n: (o, n), {}),
        (lambda o, n: (f"{o:08d}", f"{n:03d}"), {"tail.order_no": "strip_zeros", "tail.line_no": "strip_zeros"}),
        (lambda o, n: (float(o), str(n)), {}),
        (lambda o, n: (f"ORD-{o}", n), {"tail.order_no": "strip_prefix:ord-"}),
        (lambda o, n: (f"ord-{o:06d}", n), {"tail.order_no": "strip_prefix:ord- | strip_zeros"}),
    ],
    ids=["plain", "padded", "typed otherwise", "prefix", "prefix and zeros"],
)
def test_keys_of_two_columns_are_found_through_their_normal_forms(
    spell: Callable[[int, int], tuple[Any, Any]], transform: Mapping[str, str]
) -> None:
    data = MemoryData()
    data.add_rows("erp", "order_lines", LINES)
    sent = []
    for i, line in enumerate(LINES[::2]):
        order, number = spell(line["order_no"], line["line_no"])  # type: ignore[arg-type]
        sent.append({"shipment": 90_000 + i, "order_no": order, "line_no": number})
    data.add_rows("wms", "shipments", sent)
    found, edges = proposals(data)
    link = find(found, "reference", "wms/shipments.order_no+line_no", "erp/order_lines.order_no+line_no")
    assert link.probability > 0.9
    assert link.transform == transform
    assert edges[link.id] == {(f"wms/shipments/{i}", f"erp/order_lines/{2 * i}") for i in range(len(sent))}
    assert (link.cardinality, link.estimated_edges, link.name) == ("one-to-one", len(sent), "order_line")
    for key, rule in transform.items():
        assert any(f"shipments.{key.removeprefix('tail.')} {said(rule)}" in reason for reason in link.reasons)


@pytest.mark.parametrize("declared", [False, True])
def test_keys_of_three_columns_are_found(declared: bool) -> None:
    data = MemoryData()
    key = ("year", "region", "product")
    info = DatasetInfo("plan", DatasetKind.TABLE, tuple(ColumnInfo(c) for c in PLAN[0]), key=key)
    data.add_rows("erp", "plan", PLAN, info if declared else None)
    chosen = random.Random(1).choices(PLAN, k=300)
    sales = [
        {"sale": 5_000 + i, "year": f"FY{x['year']}", "region": str(x["region"]).upper(), "product": x["product"]}
        for i, x in enumerate(chosen)
    ]
    data.add_rows("shop", "sales", sales)
    found, edges = proposals(data)
    link = find(found, "reference", "shop/sales.year+region+product", "erp/plan.year+region+product")
    assert link.probability > 0.5
    assert link.transform == {"tail.year": "strip_prefix:fy"}
    assert (link.cardinality, link.estimated_edges, link.name) == ("many-to-one", 300, "plan")
    assert len(edges[link.id]) == 300
    assert any("Only together the 3 columns" in reason for reason in link.reasons)


def test_keys_of_four_columns_are_keys_and_those_with_a_needless_column_are_not() -> None:
    data = MemoryData()
    rows = [{**row, "channel": channel} for row in PLAN for channel in ("shop", "web")]
    data.add_rows("erp", "plan", [{"channel": r.pop("channel"), **r} for r in rows])
    data.add_rows("erp", "lines", LINES)
    workspace = Workspace()
    with workspace.using(data):
        keys = {
            table.dataset: [{p.name for p in key} for key in composite_keys(workspace, table)]
            for table in workspace.tables()
        }
    workspace.close()
    assert {"year", "region", "product", "channel"} in keys["plan"]
    assert keys["lines"] == [{"order_no", "line_no"}]


def test_unrelated_columns_of_the_same_kinds_are_no_reference() -> None:
    rng = random.Random(2)
    data = MemoryData()
    data.add_rows("erp", "order_lines", LINES)
    other = [{"entry": 7_000 + i, "room_no": rng.randint(1000, 1079), "seat_no": rng.randint(1, 5)} for i in range(150)]
    data.add_rows("hall", "bookings", other)
    found, _ = proposals(data)
    assert [p for p in found if len(p.tail.columns) > 1] == []
