"""Rules for identifiers: tokens that name a record (B07JW9H4J1, emp_0431, CLNT-0001, INV-2024-0007), by their form alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from extraction.nlp.hits import Hit

__all__ = ["identifiers"]

_TOKEN = re.compile(
    r"(?<![^\W_])(?<![-_/.#@&+])[A-Za-z0-9]{1,40}+(?:[-_/][A-Za-z0-9]{1,40}+){0,6}+(?![^\W])(?![-_/@&+][\w])"
)
_SEPARATED = re.compile(r"[A-Za-z]{1,10}(?:[-_/][A-Za-z]{1,10})?[-_/]\d{2,12}(?:[-_/][A-Za-z0-9]{1,12}){0,3}")
_DIGITS_FIRST = re.compile(r"\d{2,8}[-_/][A-Z]{1,6}[-_/]?\d{2,12}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SOLID = re.compile(r"[A-Z0-9]{6,24}")
_QUANTITY = re.compile(r"\d+[A-Za-z]{1,5}\d{0,2}")
_WORDLIKE_PREFIX = re.compile(r"[a-z]+[-/]")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d(?:[-/]\d{2,4})?")

_LABEL = (
    r"customer|client|vendor|supplier|product|item|article|part|employee|staff|order|invoice|contract|case|ticket|account|acct|"
    r"shipment|tracking|purchase[ ]order|po|policy|project|serial|batch|asset|user|member|patient|reference|ref|document|doc"
)
_KEY = r"(?:id|no|nr|num|number|code|key|sku|\#)"
_AFTER_ID_LABEL = re.compile(
    rf"(?<![\w])(?:(?:{_LABEL})[ _-]?)?id\b[ ]{{0,2}}[:#=][ ]{{0,3}}([^\W_][\w.-]{{1,39}}+)", re.IGNORECASE
)
_AFTER_LABEL = re.compile(
    rf"""(?<![\w])(?:(?:{_LABEL})[ _-]?{_KEY}?|{_KEY})[.]?[ ]{{0,2}}(?:[:\#=]|(?<=[\#.]))[ ]{{0,3}}
    ([A-Za-z]{{0,6}}[-_/]?\d[\w/-]{{1,30}}+)""",
    re.IGNORECASE | re.VERBOSE,
)
_AFTER_NOUN = re.compile(
    r"""(?<![\w])(?:order|invoice|ticket|case|contract|shipment|purchase[ ]order|po|rma)
    (?:[ ](?:no|nr|number|id)\b[.]?)?[ ]\#?(\d{4,12})(?![\w.,/-]?\d)(?![\w%])""",
    re.IGNORECASE | re.VERBOSE,
)
_LINE = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the identifiers of one kind share: what stands before the first digit, and the length."""

    prefix: str
    length: int


def _shape(code: str) -> _Shape:
    prefix = re.match(r"[^\d]*", code)
    return _Shape(prefix[0] if prefix else "", len(code))


def _changes(code: str) -> int:
    """How often letters and digits take turns."""
    return sum(a.isdigit() != b.isdigit() for a, b in pairwise(code))


def _code_confidence(token: str) -> float:
    """How sure a token is an identifier, judged by form; 0 where it looks like a word, quantity, date or version."""
    if _UUID.fullmatch(token):
        return 0.97
    if _SEPARATED.fullmatch(token):
        return _separated_confidence(token)
    if _DIGITS_FIRST.fullmatch(token):
        return 0.7
    if _SOLID.fullmatch(token) and not _QUANTITY.fullmatch(token):
        letters, digits = sum(map(str.isalpha, token)), sum(map(str.isdigit, token))
        changes = _changes(token)
        if changes >= 3 and len(token) >= 8:
            return 0.9
        if letters and digits >= 3 and changes <= 2 and token[0].isalpha():
            return 0.8
        if changes >= 2 and digits >= 2:
            return 0.7
    return 0.0


def _separated_confidence(token: str) -> float:
    number = re.search(r"\d+", token)
    if number is None:
        return 0.0
    digits = number[0]
    padded = digits.startswith("0")
    several = len(re.findall(r"[-_/]\d", token)) > 1
    if "_" in token or padded:
        return 0.9
    if _WORDLIKE_PREFIX.match(token):
        return 0.0 if _YEAR.fullmatch(digits) or len(digits) < 4 else 0.6
    if token[: number.start() - 1].isupper() and (several or len(digits) >= 3):
        return 0.85
    return 0.6 if len(digits) >= 4 and not _YEAR.fullmatch(digits) else 0.0


def identifiers(text: str) -> Iterator[Hit]:
    """Normal form: the identifier without the line break that a narrow table cell put into it."""
    whole = [
        Hit(*match.span(), "ID", match[0], confidence, "id")
        for match in _TOKEN.finditer(text)
        if (confidence := _code_confidence(match[0]))
    ]
    yield from _broken(text, whole)
    for match in _AFTER_ID_LABEL.finditer(text):
        begin, end = match.span(1)
        code = match[1].rstrip(".-")
        yield Hit(begin, end - len(match[1]) + len(code), "ID", code, 0.9, "id")
    for match in _AFTER_LABEL.finditer(text):
        code = match[1].rstrip("/-")
        yield Hit(match.start(1), match.start(1) + len(code), "ID", code, 0.85, "id")
    yield from whole
    for match in _AFTER_NOUN.finditer(text):
        yield Hit(*match.span(1), "ID", match[1], 0.75, "id")


def _broken(text: str, whole: list[Hit]) -> Iterator[Hit]:
    """Identifiers cut by a line break: a part at the end of a line, the rest at the begin of the next.

    They are joined where the result has the prefix and length of unbroken identifiers of the text and the first part alone
    has not, or where the cut is at a separator, or where a short rest with a digit stands alone on its line.
    """
    shapes: dict[_Shape, int] = {}
    for hit in whole:
        shape = _shape(hit.normal)
        shapes[shape] = shapes.get(shape, 0) + 1
    previous: re.Match[str] | None = None
    for line in _LINE.finditer(text):
        if previous is not None and 0 < line.start() - previous.end() <= 2:
            joined = _join(text, previous, line, shapes)
            if joined is not None:
                yield joined
        previous = line


_LAST_PART = re.compile(r"(?<![\w-])[A-Za-z0-9]{1,20}+(?:[-_/][A-Za-z0-9]{1,20}+){0,4}+[-_/]?[ ]{0,3}$")
_FIRST_PART = re.compile(r"[ ]{0,3}([A-Za-z0-9]{1,20}+(?:[-_/][A-Za-z0-9]{1,20}+){0,4}+)(?![\w]|[-_/.]\w)")


def _join(text: str, above: re.Match[str], below: re.Match[str], shapes: dict[_Shape, int]) -> Hit | None:
    left = _LAST_PART.search(text, max(above.start(), above.end() - 60), above.end())
    right = _FIRST_PART.match(text, below.start(), below.end())
    if left is None or right is None:
        return None
    head, tail = left[0].rstrip(), right[1]
    joined = head + tail
    confidence = _code_confidence(joined)
    if not confidence or not any(map(str.isdigit, head + tail)):
        return None
    at_separator = head[-1] in "-_/" and tail[0].isdigit() and head[0].isalpha()
    alone = right.end() == below.end() or not text[right.end() : below.end()].strip()
    own = shapes.get(_shape(head), 0)
    same = shapes.get(_shape(joined), 0)
    plain_word = tail.islower() or tail.istitle()
    if same and own <= 1 and same > own - 1 and not (tail.isalpha() and plain_word):
        return Hit(left.start(), right.end(1), "ID", joined, 0.85, "id.joined")
    if at_separator:
        return Hit(left.start(), right.end(1), "ID", joined, 0.8, "id.joined")
    strong = (
        _changes(head) >= 2 and len(head) >= 5 and len(tail) <= 4 and any(map(str.isdigit, tail)) and tail.isupper()
    )
    if strong and own <= 1 and alone:
        return Hit(left.start(), right.end(1), "ID", joined, 0.6, "id.joined")
    return None
