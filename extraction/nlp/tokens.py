"""Words and sentences of plain text, by their offsets. Linear time on any input."""

import re
from collections.abc import Iterator

__all__ = ["MAX_SENTENCE", "Span", "sentences", "words"]

Span = tuple[int, int]
"""Begin and end offset in code points."""

MAX_SENTENCE = 120
"""Words; longer sentences (tables, lists, text without punctuation) are cut into pieces of at most this many."""

LONG_LINE = 50
"""Characters; a line that long is taken as wrapped prose, so the next line continues it."""

_WORD = re.compile(
    r"""
    (?:[A-Z]\.){2,8}                 # U.S.
  | \d{1,30}(?:[.,]\d{1,30}){1,8}    # 1,000.50
  | [^\W_]{1,200}                    # letters and digits of any script
  | ['’](?:s|S)(?![^\W_])            # possessive
  | ([^\w\s])\1{0,50}                # ... --
  | _+
    """,
    re.VERBOSE,
)
_ABBREVIATIONS = (
    "mr mrs ms dr prof st sr jr inc ltd co corp no vs fig vol pp ed al eds gen col capt lt sgt rev hon gov sen rep approx dept "
    "est tel ext attn ave blvd rd"
)
_ABBREVIATION = frozenset(_ABBREVIATIONS.split())
_CLOSING = frozenset("\"')]}”’»")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")


def words(text: str, begin: int = 0, end: int | None = None) -> list[Span]:
    """The words and punctuation marks of text[begin:end]; control and format characters belong to none."""
    stop = len(text) if end is None else end
    return [match.span() for match in _WORD.finditer(text, begin, stop) if not _CONTROL.match(text[match.start()])]


def sentences(text: str) -> Iterator[list[Span]]:
    """Sentences as lists of word spans, none empty. A short line (a heading, a cell, an address line) ends one."""
    sentence: list[Span] = []
    previous_end = 0
    line_begin = 0
    for span in words(text):
        gap = text[previous_end : span[0]]
        if sentence and (
            len(sentence) >= MAX_SENTENCE
            or _breaks_line(gap, previous_end - line_begin)
            or (gap and _ends_sentence(text, sentence, span))
        ):
            yield sentence
            sentence = []
        if "\n" in gap:
            line_begin = span[0]
        sentence.append(span)
        previous_end = span[1]
    if sentence:
        yield sentence


def _breaks_line(gap: str, line_length: int) -> bool:
    """Whether the white space between two words separates what they belong to."""
    breaks = gap.count("\n")
    return breaks > 1 or "\f" in gap or "\t" in gap or "   " in gap or (breaks == 1 and line_length < LONG_LINE)


def _ends_sentence(text: str, sentence: list[Span], following: Span) -> bool:
    """Whether a full stop, question or exclamation mark ends the sentence before the word ``following``."""
    last = len(sentence) - 1
    while last > 0 and text[sentence[last][0]] in _CLOSING:
        last -= 1
    mark = text[sentence[last][0] : sentence[last][1]]
    if mark[-1] not in ".!?。！？":
        return False
    head = text[following[0]]
    if not (head.isupper() or head.isdigit() or head in "\"'([“‘«"):
        return False
    if mark != "." or last == 0:
        return len(mark) == 1 or mark[0] in ".!?"
    before = text[sentence[last - 1][0] : sentence[last - 1][1]]
    initial = len(before) == 1 and before.isupper()
    return not initial and before.lower() not in _ABBREVIATION
