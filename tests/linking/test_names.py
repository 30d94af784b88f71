import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.links import Column, LinkKind
from linking.describe import link_name, percent
from linking.names import is_id_name, name_similarity, table_words, trigram_similarity, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CustomerID", ("customer", "id")),
        ("cust_no", ("customer", "number")),
        ("Order Details", ("order", "detail")),
        ("raised_by_emp_id", ("raised", "by", "employee", "id")),
        ("HTTPStatusCode", ("http", "status", "code")),
        ("tbl_orders", ("order",)),
        ("customerid", ("customer", "id")),
        ("größe", ("größe",)),
        ("customerIDs", ("customer", "id")),
        ("tag_ids", ("tag", "id")),
        ("AGs", ("ag",)),
        ("USState", ("us", "state")),
        ("", ()),
    ],
)
def test_names_are_split_into_comparable_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [("crm/support_chats.json", ("support", "chat")), ("prices.xlsx#Sheet1", ("price",)), ("x.xlsx#Stock", ("stock",))],
)
def test_a_dataset_is_called_by_its_last_part(dataset: str, expected: tuple[str, ...]) -> None:
    assert table_words(dataset) == expected


def test_id_columns_are_known_by_their_name() -> None:
    assert is_id_name("order_no")
    assert is_id_name("ID")
    assert not is_id_name("quantity")


@given(st.text(max_size=40), st.text(max_size=40))
def test_similarities_are_symmetric_and_bounded(left: str, right: str) -> None:
    assert name_similarity(words(left), words(right)) == pytest.approx(name_similarity(words(right), words(left)))
    assert 0 <= name_similarity(words(left), words(right)) <= 1
    assert 0 <= trigram_similarity(left, right) <= 1


@pytest.mark.parametrize(
    ("column", "dataset", "expected"),
    [
        ("customer_id", "customers", "customer"),
        ("CustomerID", "Clients", "customer"),
        ("ReportsTo", "Employees", "reports_to"),
        ("raised_by_emp_id", "employees", "raised_by_employee"),
    ],
)
def test_a_reference_is_named_after_its_column(column: str, dataset: str, expected: str) -> None:
    assert link_name(LinkKind.REFERENCE, Column("a", "rows", (column,)), Column("b", dataset, ("id",))) == expected


@pytest.mark.parametrize(("share", "said"), [(1.0, "100%"), (0.9999, "99%"), (0.0, "0%"), (0.001, "1%"), (0.5, "50%")])
def test_percentages_never_round_to_all_or_nothing(share: float, said: str) -> None:
    assert percent(share) == said
