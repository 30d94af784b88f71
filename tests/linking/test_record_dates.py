"""Dates that two tables write differently."""

import random
from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa
import pytest

from linking.records import match_tables
from linking.records.alignment import UID
from linking.records.dates import as_dates
from linking.records.fields import normalise

DAYS = [date(1950, 1, 3) + timedelta(days=97 * n) for n in range(200)]
ISO = [day.isoformat() for day in DAYS]
GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]


@pytest.mark.parametrize(
    "write",
    [
        lambda d: f"{d:%d/%m/%Y}",
        lambda d: f"{d:%m/%d/%Y}",
        lambda d: f"{d.day}.{d.month}.{d.year}",
        lambda d: f"{d:%Y/%m/%d}",
        lambda d: f"{d:%Y-%m-%dT00:00:00}",
        lambda d: f"{d:%Y-%m-%d 00:00:00.000}",
        lambda d: f"{d:%d-%b-%Y}",
        lambda d: f"{d:%B} {d.day}, {d.year}",
        lambda d: f"{d.day}. {GERMAN[d.month - 1]} {d.year}",
        lambda d: f"{d.day} {FRENCH[d.month - 1]} {d.year}",
    ],
)
def test_every_way_of_writing_becomes_one(write: Callable[[date], str]) -> None:
    written = normalise(pa.array([*map(write, DAYS), None]))
    assert as_dates(written).to_pylist() == [*ISO, ""]


def test_years_of_two_digits_are_mostly_of_the_last_century() -> None:
    assert as_dates(pa.array(["08.04.75", "31.12.30", "01.02.21"])).to_pylist() == [
        "1975-04-08", "1930-12-31", "2021-02-01"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["", ""],
        ["1.2.3", "4.15.6", "2.0.1"],
        ["99/99/9999", "45.45.2020"],
        ["10 downing street", "5 may road 2000"],
        ["2020-01-01 12:30:00", "2021-05-05 08:00:00"],
        ["12", "19750408"],
        ["08/04/1975", "unknown", "n/a"],
    ],
)
def test_what_is_no_date_stays(values: list[str]) -> None:
    assert as_dates(pa.array(values, pa.string())).to_pylist() == values


def test_single_values_that_are_no_dates_stay() -> None:
    written = [*(f"{d:%d/%m/%Y}" for d in DAYS), "unknown", "31/31/1999"]
    assert as_dates(pa.array(written)).to_pylist() == [*ISO, "unknown", "31/31/1999"]


def test_people_are_told_apart_by_birthdays_that_two_tables_write_differently() -> None:
    """Only the birthday tells namesakes apart."""
    rng = random.Random(3)
    first, last = ("Ann", "Ben", "Cleo", "Dan", "Eva", "Fay"), ("Adler", "Berg", "Cole", "Dorn")
    names = [f"{rng.choice(first)} {rng.choice(last)}" for _ in DAYS]
    left = pa.table({UID: [f"a{n}" for n in range(200)], "name": names, "birth_date": ISO})
    right = pa.table({
        UID: [f"b{n}" for n in range(50, 200)], "full_name": names[50:], "born": [f"{d:%d/%m/%Y}" for d in DAYS[50:]]
    })  # fmt: skip
    found = {(pair.left, pair.right) for pair in match_tables(left, right).same_pairs() if pair.score >= 0.5}
    right_ones = {(f"a{n}", f"b{n}") for n in range(50, 200)}
    assert len(found & right_ones) >= 0.95 * len(right_ones)
    assert len(found - right_ones) <= 0.05 * len(right_ones)
