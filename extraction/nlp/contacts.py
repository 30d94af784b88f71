"""Rules for e-mail addresses, web addresses, bank accounts and telephone numbers.

All expressions here and in the sister modules begin at the edge of a run and never give back more than a few characters
(possessive quantifiers, small bounds), so that they take linear time on hostile text. What stands under a possessive
quantifier must not backtrack itself: Python before 3.11.5 matches that wrongly.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from extraction.nlp.hits import Hit

__all__ = ["emails", "ibans", "phones", "urls"]

_EMAIL = re.compile(
    r"(?<![\w.+%'-])[\w+%][\w.+%'-]{0,63}+@((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8})([A-Za-z]{2,24})(?![\w-])(?!\.\w)"
)
_URL = re.compile(r"""(?<![\w@.])(?:https?://|ftp://|www\.)[^\s<>"{}|\\^`\x00-\x1f\x7f]{3,2000}+""", re.IGNORECASE)
_TRAILING = ".,;:!?'’”"
_OPENING = {")": "(", "]": "["}
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?=[ ]?[A-Z0-9]{4})")
_GAP = r"(?:[ ]?\(|\)[ ]?|[ .\-/])?"
_PHONE_INTERNATIONAL = re.compile(rf"(?<![\w+])\+(?:{_GAP}\d){{8,15}}(?!{_GAP}\d|\w)")
_PHONE_NATIONAL = re.compile(
    r"""(?<![\w.,+/-])(?:
      \(\d{1,5}\)[ ]?\d(?:[ .\-]?\d){4,10}
    | \d{3}[-.]\d{3}[-.]\d{4}
    | 0\d{1,4}[-/]\d(?:[ \-]?+\d){4,9}+
    )(?![\w])(?![.,-]\d)""",
    re.VERBOSE,
)
_PHONE_LABELLED = re.compile(
    r"\b(?:telephone|phone|tel|telefax|fax|mobile|cell|hotline|telefon|mobil|tél)\b[.]?(?:[ ]?(?:no|nr|number)\b[.]?)?"
    r"\s{0,3}:?\s{0,3}"
    rf"((?:\+|\()?\d(?:{_GAP}\d){{5,14}})(?!{_GAP}\d|\w)",
    re.IGNORECASE,
)

_IBAN_REGISTRY = (
    "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 EE:20 EG:29 "
    "ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 "
    "LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 "
    "RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 TN:24 TR:26 UA:29 VG:24 XK:20"
)
_IBAN_LENGTHS = {pair[:2]: int(pair[3:]) for pair in _IBAN_REGISTRY.split()}
"""Characters of an account number by country (ISO 13616)."""


def emails(text: str) -> Iterator[Hit]:
    """Normal form: domain in lower case, and the local part too, since no mail system in use tells cases apart."""
    for match in _EMAIL.finditer(text):
        yield Hit(*match.span(), "EMAIL", match[0].lower(), 0.99, "email")


def urls(text: str) -> Iterator[Hit]:
    """Normal form: with scheme, scheme and host in lower case, without a closing slash."""
    for match in _URL.finditer(text):
        found = match[0].rstrip(_TRAILING)
        while found[-1:] in _OPENING and found.count(_OPENING[found[-1]]) < found.count(found[-1]):
            found = found[:-1].rstrip(_TRAILING)
        if "." not in found[4:]:
            continue
        address = found if "://" in found else f"https://{found}"
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        normal = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().rstrip("/")
        yield Hit(match.start(), match.start() + len(found), "URL", normal, 0.98, "url")


def ibans(text: str) -> Iterator[Hit]:
    """Only with a right length and check digits (ISO 7064 mod 97-10). Normal form: without spaces."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2])
        if length is None:
            continue
        window = text[match.start() : match.start() + 2 * length]
        taken = 0
        account = ""
        for char in window:
            if len(account) == length:
                break
            if char.isascii() and char.isalnum():
                account += char
            elif char not in " \u00a0":
                break
            taken += 1
        after = text[match.start() + taken : match.start() + taken + 1]
        if len(account) == length and not after.isalnum() and _mod97(account) == 1:
            yield Hit(match.start(), match.start() + taken, "IBAN", account, 0.99, "iban")


def _mod97(account: str) -> int:
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97


def phones(text: str) -> Iterator[Hit]:
    """Normal form: digits only, with + where the number is international."""
    for match in _PHONE_INTERNATIONAL.finditer(text):
        yield Hit(*match.span(), "PHONE", _phone(match[0]), 0.95, "phone")
    for match in _PHONE_LABELLED.finditer(text):
        yield Hit(*match.span(1), "PHONE", _phone(match[1]), 0.95, "phone")
    for match in _PHONE_NATIONAL.finditer(text):
        yield Hit(*match.span(), "PHONE", _phone(match[0]), 0.7, "phone")


def _phone(text: str) -> str:
    return ("+" if text.startswith("+") else "") + re.sub(r"\D", "", text.replace("(0)", ""))
