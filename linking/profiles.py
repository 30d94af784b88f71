"""What is known of a column without comparing it with any other: counts, shapes, ranges, normal forms.

Everything about how values look comes from a sample of at most 1,000 distinct values (:mod:`linking.profiling`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "LONG_TEXT",
    "SAMPLE",
    "TELLING",
    "ColumnProfile",
    "are_uncommon",
    "character_shares",
    "common_prefix",
    "extra_forms",
    "has_decimal_commas",
    "is_grouped",
    "is_list_text",
    "kind_of",
    "numbers_in",
    "shape",
]

SAMPLE = 1_000
LONG_TEXT = 120
"""Mean characters above which a column is text to be read, not values to be compared."""

TELLING = 20
"""So many numbers at least are no accident."""
_COUNTED = 10_000
"""Below lie counts, years, and most prices and sizes."""
_FAR, _SPARSE = 2, 0.01
"""How far from nothing uncommon numbers begin, by their span; or which part of their span they fill at most."""
_SEVERAL, _LONGEST_CODE = 8, 16
"""Of so many values, no longer than that, nearly all have one length where they are codes."""

_LAST_DIGITS = re.compile(r"\d{1,18}$")
_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"[-+]?[^\w\s.,()-]?\s?\d[\d,.]*(e[-+]?\d+)?\s?%?")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([ t]\d{2}:\d{2}.*)?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}( \d{2}:\d{2}.*)?|\d{2}:\d{2}(:\d{2}.*)?"
)
_BOOLEAN = frozenset({"0", "1", "true", "false", "yes", "no", "y", "n", "t", "f"})
_GROUPED = re.compile(r"[-+]?(0|[1-9]\d{0,2}(?:([,.' \u00a0\u202f’])\d{3}(?:\2\d{3})*)?)(?P<decimals>[.,]\d{1,2})?")
_COMMA = re.compile(r"[-+]?[^\w\s.,()-]?\s?(\d+|\d{1,3}(\.\d{3})+)(,(?P<decimals>\d+))?\s?[^\w\s.,()-]?")
_LIST = re.compile(r"\[.*\]|\{.*\}|[^,;|]{1,40}([;|,]\s*[^,;|]{1,40})+")
_CODE = re.compile(r"(?=.{2,24}$)(?=.*\d)[\w.-]+( [\w.-]+)?")
_PREFIX = re.compile(r"\D*[^\W\d_]\D*")
_ADDRESS = re.compile(r".*<\s*[^<>\s]+@[^<>\s]+\s*>")


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column as linking sees it. Shares lie in [0, 1] and refer to the distinct sampled values.

    ``kind`` is integer, number, date, boolean, code (short, with digits or of one shape), name (a few words) or text.
    ``sample`` holds base forms, ``sample_counts`` how many rows have each. ``forms`` lists the transforms whose hashes
    are in the workspace; the first is the one to compare by ("" or "split"). ``table`` and ``sql`` are its names there.
    """

    id: int
    table: str
    sql: str
    source: str
    dataset: str
    name: str
    type: str
    comment: str
    position: int
    rows: int
    nonnull: int
    distinct: int
    is_list: bool
    kind: str
    mean_length: float
    max_length: int
    mean_words: float
    digit_share: float
    letter_share: float
    low: float
    high: float
    prefix: str
    shapes: tuple[tuple[str, float], ...]
    sample: tuple[str, ...]
    sample_counts: tuple[int, ...]
    forms: tuple[str, ...]
    said: str = ""
    """What the name means under the naming conventions of its source (linking/conventions.py)."""

    @property
    def uniqueness(self) -> float:
        return self.distinct / self.nonnull if self.nonnull else 0.0

    @property
    def null_share(self) -> float:
        return 1 - min(self.nonnull, self.rows) / self.rows if self.rows else 1.0

    @property
    def multivalued(self) -> bool:
        return self.is_list or "split" in self.forms[:1]

    @property
    def key_like(self) -> bool:
        """Whether the column may name the records of its table: (nearly) unique, (nearly) complete, not a measure."""
        return (
            (self.distinct >= 2 or (self.distinct == 1 and self.rows == 1))
            and self.uniqueness >= 0.97
            and self.null_share <= 0.1
            and self.kind in ("integer", "code", "name")
            and not self.multivalued
        )

    @property
    def is_slug(self) -> bool:
        """Whether the values are names for machines: single words, most of them joined (``oak_planks``, ``first-steps``)."""
        if self.kind not in ("code", "name") or self.mean_words > 1.05:
            return False
        some = self.sample[:200]
        return sum(bool(_SLUG.fullmatch(value)) for value in some) >= 0.5 * max(len(some), 1)

    def text(self) -> str:
        return f"{self.dataset}.{self.name}"


_SLUG = re.compile(r"[^\W\d_]\w*([_:/.-]+\w+)+")


def shape(value: str) -> str:
    """Runs of letters as ``a``, of digits as ``9``; everything else stays. ``emp_0106`` is ``a_9``."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", value))[:24]


def extra_forms(values: Sequence[str], kind: str, prefix: str, first: str) -> list[str]:
    """Further normal forms by which a column may agree with another one, most specific last."""
    start = f"{first} | " if first else ""
    forms = []
    if kind in ("integer", "code") and any(len(v) > 1 and v.startswith("0") for v in values):
        forms.append(f"{start}strip_zeros")
    if kind == "integer" and is_grouped(values):
        forms.append(f"{start}digits")
    if prefix:
        zeros = any(v[len(prefix) :].startswith("0") for v in values if v.startswith(prefix))
        forms.append(f"{start}strip_prefix:{prefix}" + (" | strip_zeros" if zeros else ""))
    spaced = kind == "name" and _are_of_one_length(values)
    if (kind == "code" or spaced) and sum(not v.isalnum() for v in values) > 0.3 * len(values):
        forms.append(f"{start}alnum")
    if kind in ("name", "code") and sum(bool(_ADDRESS.fullmatch(v)) for v in values) >= 0.5 * max(len(values), 1):
        forms.append(f"{start}address")
    return forms


def _are_of_one_length(values: Sequence[str]) -> bool:
    """Whether values of several short words are codes with spaces between their parts (``NL RTM``): names differ in length."""
    lengths = Counter(map(len, values))
    longest, count = lengths.most_common(1)[0] if lengths else (0, 0)
    return len(values) >= _SEVERAL and longest <= _LONGEST_CODE and count >= 0.98 * len(values)


def is_grouped(values: Sequence[str], *, decimals: bool = False) -> bool:
    """Whether values are whole numbers (or any, with ``decimals``) written with separators of thousands: ``1,234,567``.

    ``101,203`` may as well be two codes, and ``1.234`` more than one: values of several groups, a shorter group at the
    beginning or one with a zero in front tell.
    """
    found = [m for m in map(_GROUPED.fullmatch, values) if m and (decimals or not m["decimals"])]
    separators = {m[2] for m in found if m[2]}
    if len(found) < 0.98 * len(values) or len(separators) != 1:
        return False
    (separator,) = separators
    groups = [m[1].split(separator) for m in found if m[2]]
    several = any(len(g) > 2 for g in groups)
    told = any(len(g[0]) < 3 or any(part[0] == "0" for part in g[1:]) for g in groups)
    return len(groups) >= 0.2 * len(values) and told and (several or separator != ".")


def has_decimal_commas(values: Sequence[str]) -> bool:
    """Whether values are numbers with a comma before the decimals: ``1.234,50``. Two numbers in every value are hardly
    ever a list, because lists differ in length."""
    found = [v for v in values if v.strip()]
    with_comma = [m for v in found if (m := _COMMA.fullmatch(v.strip())) and m["decimals"]]
    whole = sum(bool(_COMMA.fullmatch(v.strip())) for v in found)
    digits = {len(m["decimals"]) for m in with_comma}
    return (
        len(with_comma) >= 0.5 * max(len(found), 1)
        and whole >= 0.98 * len(found)
        and (len(digits) > 1 or max(digits) != 3)
    )


def is_list_text(values: Sequence[str]) -> bool:
    """Whether values are lists of codes written as text: brackets around, or separators between short codes."""
    filled = [v.strip() for v in values if v.strip() and v.strip().lower() not in ("none", "null", "nan")]
    if len(filled) < 2:
        return False
    bracketed = sum(v[0] in "[{(" and v[-1] in "]})" for v in filled)
    if bracketed >= 0.9 * len(filled):
        return True
    several = [v for v in filled if _LIST.fullmatch(v) and len(v) < 400]
    if len(several) < 0.2 * len(filled) or is_grouped(filled, decimals=True) or has_decimal_commas(filled):
        return False
    elements = [e.strip() for v in filled for e in re.split(r"[,;|]", v)]
    codes = [e for e in elements if _CODE.fullmatch(e)]
    # Dates and addresses have spaces and digits, too, but parts of several shapes.
    spaced = any(" " in e for e in codes)
    alike = Counter(map(shape, codes)).most_common(1)[0][1] if codes else 0
    return len(codes) >= 0.95 * len(elements) and (not spaced or alike >= 0.9 * len(codes))


def kind_of(values: Sequence[str], long_text: bool, declared: str) -> str:
    """The kind of a column by its sampled values and declared type."""
    if long_text:
        return "text"
    if not values:
        return "name"
    total = len(values)
    if set(values) <= _BOOLEAN and total <= 2 and declared not in ("integer",):
        return "boolean"
    if sum(bool(_INTEGER.fullmatch(v)) for v in values) >= 0.98 * total or is_grouped(values):
        return "integer"
    if sum(bool(_DATE.fullmatch(v)) for v in values) >= 0.9 * total:
        return "date"
    if sum(bool(_NUMBER.fullmatch(v)) for v in values) >= 0.95 * total:
        return "number"
    words = sum(len(v.split()) for v in values) / total
    length = sum(map(len, values)) / total
    if words > 8:
        return "text"
    with_digit = sum(any(c.isdigit() for c in v) for v in values) / total
    one_length = Counter(map(len, values)).most_common(1)[0][1] / total
    if words <= 1.05 and (with_digit >= 0.7 or (one_length >= 0.9 and length <= 12)) and length <= 48:
        return "code"
    return "name"


def common_prefix(values: Sequence[str]) -> str:
    """The fixed beginning of nearly all codes (``emp_``), with a letter in it and a digit after it; else nothing."""
    counts = Counter(match.group() for v in values if (match := _PREFIX.match(v)) and len(v) > match.end())
    if not counts:
        return ""
    prefix, count = counts.most_common(1)[0]
    return prefix if count >= 0.9 * len(values) and len(values) >= 2 and len(prefix) <= 16 else ""


def are_uncommon(values: Sequence[str], distinct: int) -> bool:
    """Whether the numbers at the end of a column's values, ``distinct`` of them in all, are far from those that things are
    counted, dated and measured by, or far between: other columns hardly hold them by accident."""
    numbers = sorted({int(found.group()) for value in values if (found := _LAST_DIGITS.search(value))})
    if len(numbers) < TELLING or len(numbers) < 0.9 * len(values) or numbers[0] < _COUNTED:
        return False
    span = numbers[-1] - numbers[0] + 1
    return numbers[0] >= _FAR * span or distinct <= _SPARSE * span


def numbers_in(values: Sequence[str]) -> list[float]:
    """The values as numbers, whatever their currency or unit sign; nothing unless most of them are numbers."""
    if is_grouped(values):
        return [float(re.sub(r"[^\d-]", "", value)) for value in values if _GROUPED.fullmatch(value)]
    found = []
    commas = has_decimal_commas(values)
    for value in values:
        if _NUMBER.fullmatch(value):
            plain = value.replace(".", "").replace(",", ".") if commas else value.replace(",", "")
            text = re.sub(r"[^\d.e+-]", "", plain)
            try:
                found.append(float(text))
            except ValueError:
                continue
    return found if len(found) >= 0.5 * len(values) else []


def character_shares(values: Sequence[str]) -> tuple[float, float, float]:
    """(share of letters, share of digits, mean length)."""
    text = "".join(values)
    if not text:
        return 0.0, 0.0, 0.0
    return (
        sum(c.isalpha() for c in text) / len(text),
        sum(c.isdigit() for c in text) / len(text),
        len(text) / len(values),
    )
