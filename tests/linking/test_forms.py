import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.errors import InputError
from linking.conditions import condition_sql
from linking.forms import check_transform, elements_sql, forms_sql, has_split


def formed(value: str, transform: str = "") -> object:
    query = forms_sql("SELECT 0 AS _row, $v AS raw", transform)
    row = duckdb.connect().execute(query, {"v": value}).fetchone()
    return None if row is None else row[1]


@pytest.mark.parametrize(
    ("value", "transform", "expected"),
    [
        ("  Emp_0106 ", "", "emp_0106"),
        ("12.0", "", "12"),
        ("12.50", "", "12.50"),
        ("None", "", None),
        ("", "", None),
        ("00042", "strip_zeros", "42"),
        ("0000", "strip_zeros", "0"),
        ("CUST-0042", "strip_prefix:CUST- | strip_zeros", "42"),
        ("42", "strip_prefix:cust- | strip_zeros", "42"),
        ("A-12/b", "alnum", "a12b"),
        ("(030) 12 34", "digits", "0301234"),
        ("José", "strip_accents", "jose"),
        ("INV/2024", "strip_suffix:/2024", "inv"),
        ("Ada Adler", "first_word", "ada"),
    ],
)
def test_normal_forms(value: str, transform: str, expected: str | None) -> None:
    assert formed(value, transform) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_the_base_form_is_stable(value: str) -> None:
    once = formed(value.replace("\x00", ""))
    assert once is None or formed(str(once)) == once


@pytest.mark.parametrize("text", ["['emp_1', 'emp_2']", "emp_1; emp_2", "emp_1|emp_2", "(emp_1, emp_2)"])
def test_lists_written_as_text_have_elements(text: str) -> None:
    row = duckdb.connect().execute(f"SELECT {elements_sql('$v')}", {"v": text}).fetchone()
    assert row == (["emp_1", "emp_2"],)


def test_unknown_transformations_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="Unknown transformation") as caught:
        check_transform("base | drop_tables")
    assert "strip_prefix" in caught.value.remedy
    assert has_split("split | strip_zeros")
    assert not has_split("strip_zeros")


COLUMNS = {"status": '"s"', "closed": '"c"', "Unit Price": '"p"'}


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("", [1, 2, 3]),
        ("status = 'OPEN'", [1, 3]),
        ("status in ('open', 'new') and closed is null", [1]),
        ("status not in ('open')", [2]),
        ('"Unit Price" > 10', [2, 3]),
        ("closed is not null", [3]),
        ("status != 'it''s'", [1, 2, 3]),
        ("status=open", [1, 3]),
        ("STATUS == Open and closed is null", [1]),
        ("status in (open, new) and closed is null", [1]),
        ("closed >= 2024-01-01", [3]),
        ('status = "done"', [2]),
    ],
)
def test_conditions_choose_rows(condition: str, rows: list[int]) -> None:
    table = "(VALUES (1, 'open', NULL, '5'), (2, 'done', '', '12.5'), (3, ' Open', '2024-01-01', '11')) t(i, s, c, p)"
    found = duckdb.connect().execute(f"SELECT i FROM {table} WHERE {condition_sql(condition, COLUMNS)} ORDER BY i")
    assert [row[0] for row in found.fetchall()] == rows


@pytest.mark.parametrize(
    "condition",
    [
        "status",
        "status =",
        "status = and",
        "status = not",
        "status = open or 1",
        "nothing = 'x'",
        "status = 'a'; drop table t",
        "1=1 --",
        "status in ()",
        "x" * 3000,
    ],
)
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(InputError):
        condition_sql(condition, COLUMNS)


@given(st.text(max_size=60))
def test_no_condition_reaches_the_engine_unread(condition: str) -> None:
    try:
        sql = condition_sql(condition, COLUMNS)
    except InputError:
        return
    assert ";" not in sql.replace("';'", "") or "'" in condition
