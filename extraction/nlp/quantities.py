"""Rules for dates, amounts of money and percentages."""

import re
from collections.abc import Iterator

from extraction.nlp.hits import Hit
from extraction.nlp.numbers import (
    CURRENCIES,
    CURRENCY_CODES,
    MONTHS,
    NUMBER,
    iso_date,
    month_number,
    parse_number,
    year_of,
)

__all__ = ["dates", "money", "percentages"]

_MONTH = "(?:" + "|".join(sorted((re.escape(name) for name in MONTHS), key=len, reverse=True)) + r")(?![^\W\d_])\.?"
_DAY = r"(?P<{0}>[0-3]?\d)(?:st|nd|rd|th|º|er)?(?![\d:])"
_YEAR = r"(?P<{0}>(?:1[5-9]|20|21)\d\d)(?!\d)"

_ISO = re.compile(
    r"(?<![\w.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
)
_NUMERIC = re.compile(r"(?<![\w./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-])(?!\.\d)")
_NAMED = re.compile(
    rf"""(?<![\w])(?:
      {_DAY.format("d1")}[ ]?[.,]?[ ]?(?:of[ ]|de[ ]|-)?[ ]?(?P<m1>{_MONTH})[ ,-]{{0,3}}(?:de[ ])?{_YEAR.format("y1")}
    | (?P<m2>{_MONTH})[ ]{{0,2}}{_DAY.format("d2")}[ ]?,?[ ]{{0,2}}{_YEAR.format("y2")}
    | (?P<m3>{_MONTH})[ ,-]{{0,3}}(?:of[ ]|de[ ])?{_YEAR.format("y3")}
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_QUARTER = re.compile(r"(?<![\w])(?:Q([1-4])[ /-]?((?:19|20)\d\d)|((?:19|20)\d\d)[ /-]?Q([1-4]))(?![\w])")

_SYMBOL = r"US\$|Rs\.?(?=[ \d])|[$€£¥₹₩₽₺₫฿]"
_WORD = "dollars?|euros?|pounds|yen|rupees|francs"
_SCALE = r"(?:[ ]?(?P<{0}>(?i:million|billion|thousand|trillion|mio|mrd|bn|mn|m|k|b)\b\.?))?"
_MONEY = re.compile(
    rf"""(?<![\w.,])(?:
      (?P<c1>{_SYMBOL}|(?:{CURRENCY_CODES})(?![A-Za-z]))[ \u00a0]?(?P<n1>{NUMBER})(?![\d]){_SCALE.format("s1")}
    | (?P<n2>{NUMBER})(?![\d]){_SCALE.format("s2")}[ \u00a0]?(?P<c2>[$€£¥₹₩₽₺₫฿](?![\d])|(?:{CURRENCY_CODES})\b|(?i:{_WORD})\b)
    )""",
    re.VERBOSE,
)
_SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "b": 9, "bn": 9, "mrd": 9, "billion": 9, "trillion": 12,
}  # fmt: skip
_PERCENT = re.compile(rf"(?<![\w.,])([-+−]?(?:{NUMBER}))[ \u00a0]?(?:%|per[ ]cent\b|percent\b|Prozent\b)(?![\w%])")


def dates(text: str) -> Iterator[Hit]:
    """Normal form: ISO 8601 (2024-03-05, 2024-03, 2024-Q1).

    03/04/2024 is read as the unambiguous dates of the same text are; without any, / means month first (as in the United
    States), . and - day first; then the confidence is low.
    """
    for match in _ISO.finditer(text):
        normal = iso_date(int(match[1]), int(match[3]), int(match[4]))
        if normal:
            yield Hit(*match.span(), "DATE", normal, 0.98, "date")
    for match in _NAMED.finditer(text):
        normal = _named(match)
        if normal:
            yield Hit(*match.span(), "DATE", normal, 0.95, "date")
    yield from _numeric_dates(text)
    for match in _QUARTER.finditer(text):
        year, quarter = (match[2], match[1]) if match[1] else (match[3], match[4])
        yield Hit(*match.span(), "DATE", f"{year}-Q{quarter}", 0.9, "date")


def _named(match: re.Match[str]) -> str | None:
    for variant in "123":
        name = match[f"m{variant}"]
        if name:
            month, year = month_number(name), int(match[f"y{variant}"])
            if month is None:
                return None
            return f"{year}-{month:02}" if variant == "3" else iso_date(year, month, int(match[f"d{variant}"]))
    return None


def _numeric_dates(text: str) -> Iterator[Hit]:
    found = list(_NUMERIC.finditer(text))
    day_first = {(int(match[1]) > 12, match[2]) for match in found if (int(match[1]) > 12) != (int(match[3]) > 12)}
    for match in found:
        first, second, year = int(match[1]), int(match[3]), year_of(match[4])
        mark = match[2]
        if (first > 12) != (second > 12) or first == second:
            order, confidence = first > 12, 0.95
        elif ((True, mark) in day_first) != ((False, mark) in day_first):
            order, confidence = (True, mark) in day_first, 0.9
        else:
            order, confidence = mark != "/", 0.6
        day, month = (first, second) if order else (second, first)
        normal = iso_date(year, month, day)
        if normal:
            short = 0.15 if len(match[4]) == 2 else 0.0
            yield Hit(*match.span(), "DATE", normal, round(confidence - short, 2), "date")


def money(text: str) -> Iterator[Hit]:
    """Normal form: currency code and value in units, as in ``EUR 1234.5``."""
    for match in _MONEY.finditer(text):
        side = "1" if match["c1"] else "2"
        value = parse_number(match[f"n{side}"])
        currency = match[f"c{side}"]
        code = CURRENCIES.get(currency) or CURRENCIES.get(currency.lower())
        if value is None or code is None:
            continue
        scale = match[f"s{side}"]
        if scale:
            value = value.scaleb(_SCALES[scale.lower().rstrip(".")])
        yield Hit(*match.span(), "MONEY", f"{code} {value:f}", 0.97, "money")


def percentages(text: str) -> Iterator[Hit]:
    """Normal form: ``12.5%``."""
    for match in _PERCENT.finditer(text):
        sign = "-" if match[1][0] in "-−" else ""
        value = parse_number(match[1].lstrip("+-−"))
        if value is not None:
            yield Hit(*match.span(), "PERCENT", f"{sign}{value:f}%", 0.97, "percent")
