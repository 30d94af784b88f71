"""Rules for identifiers: tokens that name a record (B07JW9H4J1, emp_0431, CLNT-0001, INV-2024-0007), by their form alone."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from extraction.nlp.hits import Hit

__all__ = ["Shapes", "identifiers", "shapes_of"]

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


Shapes = Counter[tuple[str, int]]
"""How many identifiers of a document begin with the same two characters and have the same length."""

ENOUGH = 3
"""So many of one shape vouch for a token of that shape which its form alone would not show to be an identifier."""


def _shape(code: str) -> tuple[str, int]:
    return code[:2], len(code)


def shapes_of(texts: Iterable[str]) -> Shapes:
    """The shapes of the identifiers that stand out by their form, over all pages of a document."""
    return Counter(_shape(token) for text in texts for token in _TOKEN.findall(text) if _code_confidence(token))


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


def identifiers(text: str, shapes: Shapes | None = None) -> Iterator[Hit]:
    """Normal form: the identifier without the line break that a narrow table cell put into it.

    ``shapes`` are those of the document that the text is a page of; by default of the text alone.
    """
    known = shapes_of([text]) if shapes is None else shapes
    yield from _broken(text, known)
    for match in _AFTER_ID_LABEL.finditer(text):
        code = match[1].rstrip(".-")
        yield Hit(match.start(1), match.start(1) + len(code), "ID", code, 0.9, "id")
    for match in _AFTER_LABEL.finditer(text):
        code = match[1].rstrip("/-")
        yield Hit(match.start(1), match.start(1) + len(code), "ID", code, 0.85, "id")
    for match in _TOKEN.finditer(text):
        confidence = _code_confidence(match[0]) or _shape_confidence(match[0], known)
        if confidence:
            yield Hit(*match.span(), "ID", match[0], confidence, "id")
    for match in _AFTER_NOUN.finditer(text):
        yield Hit(*match.span(1), "ID", match[1], 0.75, "id")


def _shape_confidence(token: str, shapes: Shapes) -> float:
    alike = _SOLID.fullmatch(token) and any(map(str.isdigit, token)) and shapes[_shape(token)] >= ENOUGH
    return 0.75 if alike else 0.0


def _broken(text: str, shapes: Shapes) -> Iterator[Hit]:
    """Identifiers cut by a line break: the rest stands at the begin of the next line."""
    above: re.Match[str] | None = None
    for line in _LINE.finditer(text):
        if above is not None and 0 < line.start() - above.end() <= 2:
            rest = _FIRST_PART.match(text, line.start(), line.end())
            joined = rest and (
                _joined_at_end(text, above, rest, line.end(), shapes) or _joined_in_column(text, above, rest, shapes)
            )
            if joined:
                yield joined
        above = line


_LAST_PART = re.compile(r"(?<![\w-])[A-Za-z0-9]{1,20}+(?:[-_/][A-Za-z0-9]{1,20}+){0,4}+[-_/]?[ ]{0,3}$")
_FIRST_PART = re.compile(r"[ ]{0,3}([A-Za-z0-9]{1,20}+(?:[-_/][A-Za-z0-9]{1,20}+){0,4}+)(?![\w]|[-_/.]\w)")


def _joined_at_end(text: str, above: re.Match[str], rest: re.Match[str], line_end: int, shapes: Shapes) -> Hit | None:
    """The last part of the line above and the rest, where the result has the shape of unbroken identifiers and the part
    alone has not; or the cut is at a separator; or a short rest with a digit is all there is in its line."""
    part = _LAST_PART.search(text, max(above.start(), above.end() - 60), above.end())
    if part is None:
        return None
    head, tail = part[0].rstrip(), rest[1]
    joined = head + tail
    if not _code_confidence(joined) and not _shape_confidence(joined, shapes):
        return None
    broken = shapes[_shape(head)] <= 1 and not (tail.isalpha() and not tail.isupper())
    if broken and shapes[_shape(joined)]:
        return Hit(part.start(), rest.end(1), "ID", joined, 0.85, "id.joined")
    if head[-1] in "-_/" and tail[0].isdigit() and head[0].isalpha():
        return Hit(part.start(), rest.end(1), "ID", joined, 0.8, "id.joined")
    strong = (
        _changes(head) >= 2 and len(head) >= 5 and len(tail) <= 4 and any(map(str.isdigit, tail)) and tail.isupper()
    )
    if broken and strong and not text[rest.end() : line_end].strip():
        return Hit(part.start(), rest.end(1), "ID", joined, 0.6, "id.joined")
    return None


def _joined_in_column(text: str, above: re.Match[str], rest: re.Match[str], shapes: Shapes) -> Hit | None:
    """The first parts of two lines, where a table's other columns stand between them; only by the document's shapes.

    The mention is the part above, since what lies between belongs to other cells.
    """
    part = _FIRST_PART.match(text, above.start(), above.end())
    if part is None or len(part[1]) < 4 or shapes[_shape(part[1])] > 1:
        return None
    joined = part[1] + rest[1]
    fits = shapes[_shape(joined)] >= ENOUGH and (_code_confidence(joined) or _shape_confidence(joined, shapes))
    if not fits or not any(map(str.isdigit, part[1])) or (rest[1].isalpha() and not rest[1].isupper()):
        return None
    return Hit(part.start(1), part.end(1), "ID", joined, 0.7, "id.joined")
