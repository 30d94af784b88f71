"""The names and codes of columns as a look-up table of token sequences."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from linking.mentions.tokens import tokenize

__all__ = ["MAX_TOKENS", "Entry", "Lexicon"]

MAX_TOKENS = 8
"""Longer names (whole sentences) are not looked up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a head column. ``uids`` are the records that have it; ``code`` when it holds a digit."""

    column: int
    value: str
    uids: tuple[str, ...]
    tokens: tuple[str, ...]
    code: bool


@dataclass(slots=True)
class Lexicon:
    """Token sequence -> entries. ``pieces`` holds the tokens of codes, to mend codes broken over two lines."""

    sequences: dict[tuple[str, ...], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    lengths: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    pieces: set[str] = field(default_factory=set)

    def add(self, column: int, values: Iterable[tuple[str, Sequence[str]]]) -> int:
        """Adds the values of a column with the uids that have them; returns how many can be looked up."""
        added = 0
        for value, uids in values:
            tokens = tuple(tokenize(value).words)
            if not tokens or len(tokens) > MAX_TOKENS or not _distinct_enough(tokens):
                continue
            code = any(c.isdigit() for c in value)
            entry = Entry(column, value, tuple(uids), tokens, code)
            self.sequences[tokens].append(entry)
            self.lengths[tokens[0]].add(len(tokens))
            if code:
                self.pieces.update(tokens)
            added += 1
        return added


def _distinct_enough(tokens: Sequence[str]) -> bool:
    """One- and two-letter words and short numbers occur in every text."""
    length = sum(map(len, tokens))
    return length >= 4 if all(t.isdigit() for t in tokens) else length >= 3
