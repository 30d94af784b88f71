"""Dates as one text: tables write the same day as 1975-04-08, 08/04/1975, 8. April 1975 or Apr 8, 1975."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["as_dates"]

_SAMPLE = 2_000
_MOSTLY = 0.9
"""The share of the values of a column that are dates of one way of writing, from which on it is a column of dates."""
_PIVOT = 30
"""Years of two digits from here on are of the last century: mostly birthdays are written like that."""
_TIME = r"(?:[t ]00:00(?::00(?:\.0+)?)?(?:z|[+-]00:?00)?)?"
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan gen ene", "feb fev", "mar mrz maa mae", "apr avr abr", "may mai mei mag", "jun giu", "jul lug", "aug aou ago",
         "sep set", "oct okt ott out", "nov", "dec dez dic"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
"""By their first three letters in English, German, French, Spanish, Italian, Dutch and Portuguese."""


class _Parts(NamedTuple):
    """Numbers of the dates in a column; 0 where a value is none."""

    year: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]

    @property
    def valid(self) -> NDArray[np.bool_]:
        return (self.month >= 1) & (self.month <= 12) & (self.day >= 1) & (self.day <= 31) & (self.year > 0)


def as_dates(values: pa.Array) -> pa.Array:
    """A normalised column whose values are nearly all dates of one way of writing as ISO 8601 dates, without a midnight; any
    other column, and other values in it, as they are. Where the order of day and month is open, the day comes first."""
    present = values.filter(pc.not_equal(values, ""))[:_SAMPLE]
    if not len(present):
        return values
    for read in _WAYS:
        if np.mean(read(present).valid) > _MOSTLY:
            found = read(values)
            return pc.if_else(pa.array(found.valid), _written(found), values)
    return values


def _written(found: _Parts) -> pa.Array:
    parts = [
        pc.utf8_lpad(pa.array(part).cast(pa.string()), width, "0")
        for part, width in zip(found, (4, 2, 2), strict=True)
    ]  # fmt: skip
    return pc.binary_join_element_wise(*parts, "-")


def _groups(values: pa.Array, pattern: str) -> list[pa.Array]:
    """The groups of a pattern; empty where it does not match."""
    found = pc.extract_regex(values, pattern)
    return [pc.fill_null(pc.struct_field(found, [i]), "") for i in range(found.type.num_fields)]


def _number(digits: pa.Array) -> NDArray[np.int64]:
    plain = pc.if_else(pc.equal(digits, ""), "0", digits)
    return np.asarray(plain.cast(pa.int64()).to_numpy(zero_copy_only=False))


def _year(digits: pa.Array) -> NDArray[np.int64]:
    number = _number(digits)
    short = np.asarray(pc.equal(pc.utf8_length(digits), 2).to_numpy(zero_copy_only=False))
    return np.where(short, number + np.where(number >= _PIVOT, 1900, 2000), number)


def _year_first(values: pa.Array) -> _Parts:
    year, month, day = _groups(values, rf"^(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}}){_TIME}$")
    return _Parts(_number(year), _number(month), _number(day))


def _year_last(values: pa.Array) -> _Parts:
    pattern = rf"^(?P<a>\d{{1,2}})[-/.] ?(?P<b>\d{{1,2}})[-/.] ?(?P<y>\d{{4}}|\d{{2}}){_TIME}$"
    first, second, year = _groups(values, pattern)
    a, b = _number(first), _number(second)
    day, month = (b, a) if (b > 12).sum() > (a > 12).sum() else (a, b)
    return _Parts(_year(year), month, day)


def _named(pattern: str) -> Callable[[pa.Array], _Parts]:
    def read(values: pa.Array) -> _Parts:
        found = pc.extract_regex(values, pattern)
        name, day, year = (pc.fill_null(pc.struct_field(found, [part]), "") for part in ("m", "d", "y"))
        # June and July begin alike in French.
        name = pc.replace_substring_regex(name, "^jui(n|l)", r"ju\1")
        names = pc.utf8_slice_codeunits(name, 0, 3).dictionary_encode()
        known = np.array([_MONTHS.get(one, 0) for one in names.dictionary.to_pylist()] or [0], np.int64)
        return _Parts(_number(year), known[np.asarray(names.indices)], _number(day))

    return read


_WAYS = (
    _year_first,
    _year_last,
    _named(r"^(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:de |of )?(?P<m>[a-z]{3,})\.?,?[ -](?:de )?(?P<y>\d{4})$"),
    _named(r"^(?P<m>[a-z]{3,})\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})$"),
)
