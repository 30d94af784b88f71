"""What is written is what is read, types included."""

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.codec import decode_properties, decode_value, encode_properties, encode_value
from bifrost.values import Value

VALUES = st.one_of(
    st.text(),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.times(),
    st.decimals(allow_nan=False, allow_infinity=False),
).filter(lambda value: not (isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value)))


@given(
    st.dictionaries(
        st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.lists(VALUES, max_size=3), max_size=4
    )
)
def test_properties_survive_a_round_trip(properties: dict[str, list[Value]]) -> None:
    decoded = decode_properties(encode_properties(properties))
    assert decoded == {name: tuple(values) for name, values in properties.items()}
    for name, values in properties.items():
        assert [type(value) for value in decoded[name]] == [type(value) for value in values]


def test_not_a_number_survives() -> None:
    assert math.isnan(float(str(decode_value(encode_value(math.nan)))))


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="not a property value: bytes"):
        encode_value(b"x")  # type: ignore[arg-type]


def test_typed_values_are_readable() -> None:
    stored = encode_properties({"on": [date(2024, 2, 1)], "at": [time(9, 30)], "sum": [Decimal("1.50")], "n": [2**70]})
    assert stored == (
        b'{"on":[{"@date":"2024-02-01"}],"at":[{"@time":"09:30:00"}],"sum":[{"@decimal":"1.50"}],'
        b'"n":[{"@int":"1180591620717411303424"}]}'
    )
    assert decode_value({"@datetime": "2024-02-01T10:00:00"}) == datetime(2024, 2, 1, 10)
