"""Columns that say who did something refer to people: ``author_id`` to users, ``examiner_id`` to employees."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from linking.names import PEOPLE, core_words, is_id_name, table_words, tells_who, words
from linking.profiles import ColumnProfile
from linking.references import ReferenceCandidate

__all__ = ["HELD", "PERSON", "SOMEBODY", "people_meant", "says_who"]

PERSON = 8.0
"""What is added where a column that says what somebody did may refer to a table of people."""
SOMEBODY = 4.0
"""What is added where a column called like a key may refer to people, as its name sounds (``examiner_id``, ``mentor_id``)."""
HELD = 0.95
"""The share of a column's values that a key must hold which its name tells."""
_HUMAN = frozenset({"user", "employee", "person", "people", "staff", "personnel"})
"""Last words of the names of tables of nothing but people: the worker that is ``owner`` of a lock may be a machine."""
_SOUNDS = re.compile(r".{3,}(er|or|ee|ist)")
_SUPERIORS = frozenset({"manager", "supervisor", "lead", "leader"})

Meant = dict[int, set[int]]
"""By tail the heads that may be meant."""


def people_meant(
    candidates: Sequence[ReferenceCandidate], keys: Mapping[str, ColumnProfile], between: set[str], things: set[str]
) -> tuple[Meant, Meant]:
    """The keys of tables of people that columns refer to which say who did something, and that others may refer to which only
    sound like somebody. ``keys`` are the tables' own, ``between`` the tables of hardly more than references, which join two
    others where they are called so (``project_members``), ``things`` what tables are called: these are nobody."""
    surely: dict[int, dict[int, int]] = defaultdict(dict)
    maybe: dict[int, dict[int, int]] = defaultdict(dict)
    for c in candidates:
        *first, last = table_words(c.head.dataset) or ("",)
        joins = c.head.table in between and not things.isdisjoint(first)
        if last not in PEOPLE or joins or not _is_held(c, keys):
            continue
        rank = PEOPLE.index(last)
        called = last in _HUMAN and says_who(c.tail) and not c.features["tail_measure"]
        if called or tells_who(c.tail.said):
            if set(words(c.tail.said)) & _SUPERIORS:
                rank = -1 if c.tail.table == c.head.table else rank or len(PEOPLE)
            surely[c.tail.id][c.head.id] = rank
        elif last in _HUMAN and c.tail.nonnull and _sounds_so(c.tail, things):
            maybe[c.tail.id][c.head.id] = rank
    return _first(surely), _first(maybe)


def says_who(column: ColumnProfile) -> bool:
    """Whether a column says who did something, by its name and by whether it holds numbers."""
    return tells_who(column.said, numbers="integer" in (column.type, column.kind))


def _is_held(c: ReferenceCandidate, keys: Mapping[str, ColumnProfile]) -> bool:
    key = keys.get(c.head.table)
    filled = c.containment >= HELD if c.tail.nonnull else c.tail.type == c.head.type
    return filled and key is not None and key.id == c.head.id and c.tail.source == c.head.source


def _sounds_so(column: ColumnProfile, things: set[str]) -> bool:
    said = core_words(column.said)
    somebody = bool(said) and (bool(_SOUNDS.fullmatch(said[-1])) or said[-1] in PEOPLE)
    return somebody and is_id_name(column.said) and said[-1] not in things


def _first(found: Mapping[int, Mapping[int, int]]) -> Meant:
    return {tail: {h for h, rank in heads.items() if rank == min(heads.values())} for tail, heads in found.items()}
