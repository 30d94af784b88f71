"""The names and codes of columns as a look-up table of token sequences, and of the other ways in which people write them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from linking.mentions.tokens import fold, words_of

__all__ = ["BARE", "MAX_TOKENS", "SHORT", "STARTS", "Entry", "Lexicon"]

MAX_TOKENS = 8
"""Longer names (whole sentences) are not looked up."""
BARE = "bare"
"""The form of a code without its fixed beginning and leading zeros: a plain number."""
SHORT = "short"
"""The form of a company's name without its legal form."""
_JOINED = 5
STARTS = 5
"""So many characters of a code are looked at before its parts are put together."""
_BARE_DIGITS = 4
_LEGAL_FORMS = frozenset(
    tuple(form.split())
    for form in (
        "ab", "ag", "aps", "a s", "as", "bv", "b v", "co", "company", "corp", "corporation", "eg", "e v", "ev", "gbr", "gmbh",
        "gmbh co kg", "gmbh und co kg", "inc", "incorporated", "kft", "kg", "kgaa", "kk", "limited", "llc", "llp", "ltd",
        "nv", "n v", "ohg", "oy", "oyj", "plc", "pte ltd", "pty ltd", "pvt ltd", "s a", "sa", "s a s", "sas", "sarl",
        "s a r l", "se", "s l", "sl", "s p a", "spa", "s r l", "srl", "s r o", "sro", "sp z o o", "co kg", "co ltd", "zrt",
    )
)  # fmt: skip
_LEGAL_ENDS = frozenset(form[-1] for form in _LEGAL_FORMS)
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a head column. ``uids`` are the records that have it; ``code`` when it holds a digit.

    ``form`` is empty for the value as it stands, else how ``tokens`` differ from it (:data:`BARE`, :data:`SHORT`).
    """

    column: int
    value: str
    uids: tuple[str, ...]
    tokens: tuple[str, ...]
    code: bool
    form: str = ""


@dataclass(slots=True)
class Lexicon:
    """Token sequence -> entries. ``pieces`` holds the tokens of codes, to mend codes broken over two lines; ``joined``
    the codes without what stands between their parts, ``starts`` how these begin."""

    sequences: dict[tuple[str, ...], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    lengths: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    pieces: set[str] = field(default_factory=set)
    joined: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    starts: set[str] = field(default_factory=set)

    def add(self, column: int, values: Iterable[tuple[str, Sequence[str]]], *, prefix: str = "") -> int:
        """Adds the values of a column with the uids that have them; returns how many can be looked up.

        ``prefix`` is the fixed beginning of the column's codes, folded: without it they are looked up too.
        """
        added = 0
        others: dict[tuple[tuple[str, ...], str], list[tuple[str, Sequence[str]]]] = defaultdict(list)
        exact: set[tuple[str, ...]] = set()
        for value, uids in values:
            tokens = words_of(value)
            if not tokens or len(tokens) > MAX_TOKENS or not _distinct_enough(tokens):
                continue
            self._add(Entry(column, value, tuple(uids), tokens, _has_digit(value)))
            exact.add(tokens)
            added += 1
            for other in _other_forms(value, tokens, prefix):
                others[other].append((value, uids))
        for (tokens, form), meant in others.items():
            if tokens not in exact:
                everyone = tuple(dict.fromkeys(uid for _, uids in meant for uid in uids))
                self._add(Entry(column, meant[0][0], everyone, tokens, form == BARE, form))
        return added

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Lexicon":
        """A lexicon of these alone."""
        made = cls()
        for entry in entries:
            made._add(entry)
        return made

    def entries(self) -> Iterator[Entry]:
        """All of them."""
        return chain.from_iterable(self.sequences.values())

    def _add(self, entry: Entry) -> None:
        tokens = entry.tokens
        self.sequences[tokens].append(entry)
        self.lengths[tokens[0]].add(len(tokens))
        if entry.code and not entry.form:
            self.pieces.update(tokens)
            joined = "".join(tokens)
            if len(joined) >= _JOINED and not joined.isdigit():
                self.joined[joined].append(entry)
                self.starts.update(joined[:n] for n in range(1, STARTS + 1))


def _distinct_enough(tokens: Sequence[str]) -> bool:
    """One- and two-letter words and short numbers occur in every text."""
    length = sum(map(len, tokens))
    return length >= 4 if all(t.isdigit() for t in tokens) else length >= 3


def _has_digit(text: str) -> bool:
    if text.isascii():
        return _DIGIT.search(text) is not None
    return any(c.isdigit() for c in text)


def _other_forms(value: str, tokens: tuple[str, ...], prefix: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Further spellings, as tokens with their form."""
    if prefix and (folded := fold(value).strip()).startswith(prefix):
        number = "".join(c for c in folded.removeprefix(prefix) if c.isalnum())
        for bare in {number, number.lstrip("0")} if number.isdigit() else ():
            if len(bare) >= _BARE_DIGITS:
                yield (bare,), BARE
    if tokens[-1] not in _LEGAL_ENDS:
        return
    for length in range(1, min(len(tokens), 5)):
        if tokens[-length:] in _LEGAL_FORMS and not _has_digit(value):
            shorter = tokens[:-length]
            if _distinct_enough(shorter):
                yield shorter, SHORT
