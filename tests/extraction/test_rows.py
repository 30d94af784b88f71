"""Rows as fragments and links."""

import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.keys import Occurrences, content_keys, join_keys
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, RecordFragments, Reference, RowBatch
from extraction.rows import RowMapper, is_join_table, link_name_of, vertex_type_of


def dataset(name: str, columns: str, key: str = "id", *references: Reference, **more: Any) -> DatasetInfo:
    return DatasetInfo(
        name,
        DatasetKind.TABLE,
        tuple(ColumnInfo(column, nullable=column != key) for column in columns.split()),
        tuple(key.split()),
        references=references,
        **more,
    )


CUSTOMER = dataset("Customers", "id name")
PRODUCT = dataset("Products", "id name")
ORDER = dataset("Orders", "id customer_id note", "id", Reference(("customer_id",), "Customers", ("id",)))
LINE = dataset(
    "Order Details",
    "product order quantity",
    "order product",
    Reference(("product",), "Products", ("id",)),
    Reference(("order",), "Orders", ("id",)),
)
CATALOG = {each.name: each for each in (CUSTOMER, PRODUCT, ORDER, LINE)}
TYPES = {"Customers": "Client", "Products": "Product", "Orders": "Order", "Order Details": "OrderDetail"}


def mapped(
    info: DatasetInfo, rows: dict[str, Any], catalog: dict[str, DatasetInfo] | None = None
) -> list[RecordFragments]:
    table = pa.table(rows)
    keys = tuple(join_keys([table.column(name) for name in info.key]).to_pylist()) if info.key else ("k",)
    return RowMapper("erp", info, TYPES.get(info.name, "Thing"), catalog or CATALOG, TYPES).map(RowBatch(table, keys))


def test_a_row_is_a_fragment_with_every_value_and_no_null() -> None:
    (record,) = mapped(
        CUSTOMER, {"id": ["A/1"], "name": [None], "since": [datetime.date(2024, 2, 29)], "tags": [["x", "y", "x"]]}
    )
    (fragment,) = record.fragments
    assert record.key == "A/1"
    assert fragment.uid == "erp/Customers/A%2F1"
    assert fragment.type == "Client"
    assert fragment.properties == {"id": ("A/1",), "since": (datetime.date(2024, 2, 29),), "tags": ("x", "y")}
    assert fragment.default_evidence.extractor == "row"
    assert record.links == ()


def test_a_declared_reference_is_a_link_to_the_row_that_it_names() -> None:
    first, second = mapped(ORDER, {"id": [1, 2], "customer_id": [7, None], "note": ["", "x"]})
    (link,) = first.links
    assert (link.type, link.tail, link.head) == ("customer", "erp/Orders/1", "erp/Customers/7")
    assert link.evidence.column == "customer_id"
    assert first.fragments[0].properties["customer_id"] == (7,)
    assert second.links == ()


@pytest.mark.parametrize(
    "values", [pa.array([7.0]), pa.array(["7"]), pa.array([Decimal("7.00")]), pa.array([7], pa.int8())]
)
def test_a_reference_finds_its_target_however_it_is_typed(values: pa.Array) -> None:
    (record,) = mapped(ORDER, {"id": [1], "customer_id": values})
    assert record.links[0].head == "erp/Customers/7"


def test_composite_references_follow_the_order_of_the_target_key() -> None:
    room = dataset("rooms", "house number", "house number")
    guest = dataset("guests", "id nr haus", "id", Reference(("nr", "haus"), "rooms", ("number", "house")))
    (record,) = mapped(guest, {"id": [1], "nr": ["2|3"], "haus": ["H"]}, {"rooms": room, "guests": guest})
    assert record.links[0].head == "erp/rooms/H|2\\|3"
    assert record.links[0].type == "room"


def test_references_to_other_columns_than_the_record_key_make_no_link() -> None:
    order = dataset("Orders", "id who", "id", Reference(("who",), "Customers", ("name",)))
    (record,) = mapped(order, {"id": [1], "who": ["Ann"]})
    assert record.links == ()
    assert mapped(order, {"id": [1], "who": ["Ann"]}, {"Orders": order})[0].links == ()


def test_a_join_table_is_an_edge_with_properties() -> None:
    (record,) = mapped(LINE, {"product": [11], "order": [5], "quantity": [3]})
    (link,) = record.links
    assert record.fragments == ()
    assert record.key == "5|11"
    assert (link.uid, link.type) == ("erp/Order Details/5|11", "order_detail")
    assert (link.tail, link.head) == ("erp/Orders/5", "erp/Products/11")
    assert link.properties == {"quantity": (3,)}


def test_a_table_that_others_refer_to_is_no_join_table() -> None:
    claim = dataset("claims", "id o p", "id", Reference(("o", "p"), "Order Details", ("order", "product")))
    assert is_join_table(LINE, CATALOG)
    assert not is_join_table(LINE, {**CATALOG, "claims": claim})
    assert not is_join_table(ORDER, CATALOG)
    (record,) = mapped(LINE, {"product": [11], "order": [5], "quantity": [3]}, {**CATALOG, "claims": claim})
    assert [link.type for link in record.links] == ["product", "order"]
    assert record.fragments[0].type == "OrderDetail"


def test_a_join_of_a_table_with_itself() -> None:
    friend = dataset(
        "friends", "a b", "a b", Reference(("a",), "Customers", ("id",)), Reference(("b",), "Customers", ("id",))
    )
    (record,) = mapped(friend, {"a": [1], "b": [2]}, {**CATALOG, "friends": friend})
    assert (record.links[0].tail, record.links[0].head) == ("erp/Customers/1", "erp/Customers/2")


def test_the_digest_tells_every_change() -> None:
    def digest(info: DatasetInfo = ORDER, **row: Any) -> bytes:
        return mapped(info, {name: [value] for name, value in row.items()})[0].digest

    base = digest(id=1, customer_id=7, note="x")
    assert digest(id=1, customer_id=7, note="x") == base
    assert len({base, digest(id=1, customer_id=7, note="y"), digest(id=1, customer_id=8, note="x")}) == 3
    assert digest(id=1, customer_id=7, note="") != digest(id=1, customer_id=7, note=None)
    without_reference = dataset("Orders", "id customer_id note")
    assert digest(without_reference, id=1, customer_id=7, note="x") != base


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Order Details", "OrderDetail"), ("crm/support_chats", "SupportChat"), ("Categories", "Category"),
        ("prices#Sheet1", "Price"), ("book#Price List", "PriceList"), ("2020", "Record2020"), ("sales", "Sale"),
        ("news", "News"), ("hr/employees", "Employee"), ("%%%", "Record"), ("Straße_daten", "StraßeDaten"),
        ("CRMAccounts", "CRMAccount"),
    ],
)  # fmt: skip
def test_vertex_types(name: str, expected: str) -> None:
    assert vertex_type_of(name) == expected


@pytest.mark.parametrize(
    ("columns", "target", "expected"),
    [
        (["CustomerID"], "Client", "customer"), (["customer_id"], "Client", "customer"), (["ReportsTo"], "Person", "reports_to"),
        (["id"], "OrderDetail", "order_detail"), (["ShipVia"], "Shipper", "ship_via"), (["a", "b"], "Room", "room"),
        (["SKU_CODE"], "Product", "sku"),
    ],
)  # fmt: skip
def test_link_names(columns: list[str], target: str, expected: str) -> None:
    assert link_name_of(columns, target) == expected


@given(st.lists(st.tuples(st.text(), st.text()), max_size=30))
def test_composite_keys_never_collide(pairs: list[tuple[str, str]]) -> None:
    keys = join_keys([pa.array([a for a, _ in pairs], pa.string()), pa.array([b for _, b in pairs], pa.string())])
    assert len(set(keys.to_pylist())) == len(set(pairs))


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=12))
def test_content_keys_do_not_depend_on_batches(batches: list[list[str]]) -> None:
    occurrences = Occurrences()
    split = [key for batch in batches for key in content_keys([pa.array(batch, pa.string())], occurrences)]
    whole = [value for batch in batches for value in batch]
    assert split == content_keys([pa.array(whole, pa.string())], Occurrences())
    assert len(set(split)) == len(whole)
