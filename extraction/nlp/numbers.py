"""Amounts and dates as people write them, into one normal form."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

__all__ = ["CURRENCIES", "CURRENCY_CODES", "MONTHS", "NUMBER", "iso_date", "month_number", "parse_number", "year_of"]

NUMBER = r"\d{1,3}(?:[,.'’\u00a0\u202f]\d{2,3}+){1,6}+(?:[.,]\d{1,4})?+|\d{1,15}+(?:[.,]\d{1,4})?+"
"""A number with or without thousands separators; without sign."""

CURRENCY_CODES = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|SGD|HKD"
CURRENCIES = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₫": "VND",
    "฿": "THB",
    "Rs": "INR",
    "Rs.": "INR",
    "dollar": "USD",
    "dollars": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "pounds": "GBP",
    "yen": "JPY",
    "rupees": "INR",
    "francs": "CHF",
    **{code: code for code in CURRENCY_CODES.split("|")},
}
"""ISO 4217 codes of what stands beside amounts; words in lower case."""

_MONTH_NAMES = (
    "january jan januar janvier enero gennaio januari",
    "february feb februar février fevrier febrero febbraio februari",
    "march mar märz maerz mars marzo maart mrz",
    "april apr avril abril aprile",
    "may mai mayo maggio mei",
    "june jun juni juin junio giugno",
    "july jul juli juillet julio luglio",
    "august aug août aout agosto augustus",
    "september sep sept septembre septiembre settembre",
    "october oct oktober octobre octubre ottobre okt",
    "november nov novembre noviembre",
    "december dec dezember décembre decembre diciembre dicembre dez",
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}


def parse_number(text: str) -> Decimal | None:
    """The value of a number in English, continental, Swiss or Indian notation; None where it is none.

    A single separator before exactly three digits separates thousands: ``1.234`` is 1234, ``1.23`` is 1.23.
    """
    digits = re.sub(r"['’\s\u00a0\u202f]", "", text)
    marks = [mark for mark in digits if mark in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            return None
        digits = digits.replace("." if decimal == "," else ",", "").replace(",", ".")
    elif len(marks) > 1 or (marks and len(digits) - digits.index(marks[0]) == 4 and not digits.startswith("0")):
        digits = digits.replace(marks[0], "")
    else:
        digits = digits.replace(",", ".")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


def month_number(name: str) -> int | None:
    return MONTHS.get(name.lower().rstrip("."))


def year_of(digits: str) -> int:
    """Two digits mean 1969 to 2068, as POSIX reads them."""
    value = int(digits)
    return value if len(digits) > 2 else value + (1900 if value >= 69 else 2000)


def iso_date(year: int, month: int, day: int) -> str | None:
    """ISO 8601, or None for a day that does not exist."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
