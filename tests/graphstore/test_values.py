"""Which values are equal, and that their hashes agree in every process."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from time import monotonic as time_now

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.codec import decode_properties, encode_properties
from bifrost.values import Value
from graphstore.bulk_values import ValueRows
from graphstore.encoding import dumps, properties_text, properties_texts
from graphstore.inserting import rows_of
from graphstore.values import clean_text, equal_values, exact_decimal, value_hash

SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.text(max_size=5), st.integers(), st.floats(allow_nan=False), st.booleans(), st.decimals(allow_nan=False),
    st.dates(), st.datetimes(timezones=st.none() | st.just(UTC)), st.times(),
)  # fmt: skip


@given(SCALARS, SCALARS)
def test_equal_values_have_equal_hashes(left: Value, right: Value) -> None:
    if equal_values(left, right):
        assert value_hash(left) == value_hash(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1.0), (1, Decimal("1.00")), (2**60, float(2**60)), (float("nan"), float("nan")), (float("nan"), Decimal("NaN")),
     (datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))))],
)  # fmt: skip
def test_these_are_equal(left: Value, right: Value) -> None:
    assert equal_values(left, right)
    assert value_hash(left) == value_hash(right)


@pytest.mark.parametrize("digits", [4_299, 4_300, 4_301])
def test_long_numbers_have_the_same_hash_as_integers_and_as_decimals(digits: int) -> None:
    assert value_hash(10**digits) == value_hash(Decimal(f"1E+{digits}"))
    assert value_hash(10**digits) != value_hash(10**digits + 1)


def test_a_short_text_that_stands_for_millions_of_digits_takes_no_time() -> None:
    started = time_now()
    value_hash(Decimal("1E+20000000"))
    assert time_now() - started < 1
    for text in ("1E+20000", "-1E-20000", "0E+999999999"):
        with pytest.raises(ValueError, match="more than 10,000 places"):
            exact_decimal(text)
    with pytest.raises(ValueError, match="no number"):
        exact_decimal("ten")
    assert exact_decimal("1.50") == Decimal("1.5")


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, True), (1, "1"), (True, "true"), (date(2024, 1, 1), "2024-01-01"), (date(2024, 1, 1), datetime(2024, 1, 1)),
     (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)), (time(1), "01:00:00")],
)  # fmt: skip
def test_these_are_not(left: Value, right: Value) -> None:
    assert not equal_values(left, right)
    assert value_hash(left) != value_hash(right)


def test_hashes_are_the_same_for_ever() -> None:
    values: list[Value] = [
        "a",
        1,
        0.5,
        True,
        Decimal("0.5"),
        date(2024, 1, 1),
        datetime(2024, 1, 1, tzinfo=UTC),
        time(1),
    ]
    assert [value_hash(value) for value in values] == [
        -6564837394086784237,
        -4509982747438411011,
        6234383560460751848,
        -7408814470180438822,
        6234383560460751848,
        2375744621002982318,
        -6755360019533067147,
        3760428796750429273,
    ]


@given(st.dictionaries(st.text(max_size=4), st.lists(SCALARS, min_size=1, max_size=3).map(tuple), max_size=4))
def test_properties_are_stored_as_the_codec_writes_them(properties: dict[str, tuple[Value, ...]]) -> None:
    text = properties_text(properties)
    assert "\\u0000" not in text
    if not any("\x00" in str((name, values)) or "\\x00" in repr((name, values)) for name, values in properties.items()):
        assert decode_properties(text) == decode_properties(encode_properties(properties))


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "{", "},{", "\x00", "null"]),
            st.lists(SCALARS | st.sampled_from(["},{", "null", "[]", "\x00", float("nan")]), max_size=3).map(tuple),
            max_size=3,
        ),
        max_size=5,
    )
)
def test_many_properties_are_stored_as_each_by_itself(many: list[dict[str, tuple[Value, ...]]]) -> None:
    assert properties_texts(many) == [properties_text(properties) for properties in many]


VALUES = st.lists(SCALARS | st.sampled_from([0, 0.0, False, 1, 1.0, True, time(12), time(12, tzinfo=UTC)]), max_size=3)


@given(st.lists(st.dictionaries(st.sampled_from("ab"), VALUES), max_size=6))
def test_rows_of_the_value_index_hold_the_hash_of_each_value(properties: list[dict[str, list[Value]]]) -> None:
    keys = {"a": 1, "b": 2}
    rows = ValueRows(keys.__getitem__)
    rows.add(range(7, 7 + len(properties)), properties)
    rows.add(range(7 + len(properties), 7 + 2 * len(properties)), properties)
    expected = {
        (keys[name], value_hash(value), vertex)
        for vertex, one in enumerate(properties * 2, 7)
        for name, values in one.items()
        for value in values
    }
    assert [row for batch in rows.batches() for row in rows_of(batch, 3)] == sorted(expected)


def test_times_of_two_zones_have_hashes_of_their_own() -> None:
    rows, times = ValueRows(lambda _: 1), (time(12, tzinfo=UTC), time(13, tzinfo=timezone(timedelta(hours=1))))
    assert times[0] == times[1]
    rows.add([1], [{"at": times}])
    assert len(list(rows_of(next(rows.batches()), 3))) == 2


@given(st.text(st.characters(), max_size=20))
def test_cleaned_text_keeps_its_length_and_can_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    assert len(cleaned) == len(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert json.loads(dumps({"text": text}))["text"].replace("\x00", "\ufffd") == cleaned
