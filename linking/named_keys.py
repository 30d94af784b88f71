"""What the names of columns say by custom about references, beyond how alike two names are.

``user_id`` refers to the table of users, whatever other column holds its values; ``author_id`` does as well. ``parent_term_id``
beside ``term_id`` refers to what this one refers to, and what ``item_id`` refers to is said row by row where ``item_type`` holds
names of tables.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from linking.kin_names import DETAIL, SAME_END, UPWARDS, WITHIN, kinship, leads_up
from linking.kindred import holds_many, reaches
from linking.names import ID_WORDS, core_words, is_id_name, names_table, table_words, words
from linking.people import HELD, PERSON, SOMEBODY, people_meant, says_who
from linking.profiles import ColumnProfile
from linking.references import ReferenceCandidate

__all__ = ["custom_odds", "is_own_key"]

_EXACT = 2.0
"""What is added where a column is called after a table and its key holds all values."""
_OWNER = 4.0
"""What is added for the key of the table that a column is named after, and taken from columns of that name elsewhere."""
_SIBLING = 2.5
"""What is added where another column, whose name this one ends with, is called like the key."""
_EITHER = 6.0
"""What is taken from a reference of a column beside which the table is named that each row refers to."""
_ATTRIBUTE, _LABEL = 3.0, 8.0
"""What is taken where two columns of one name (of one that labels anything) are no keys, and the one's table has a key."""
_PART = 1.5
"""What is added where a column is called after a table and what for: ``default_status_id``, ``issue_from_id``."""
_ONE_ROW = 6.0
"""What is taken from a reference to a table of one row, unless the name says so."""
_INITIAL = 4.0
"""What is added where a column is called after the initial of one table alone that holds all values: ``sid`` and ``sense``."""
_UNLIKE = 3.0
"""What is taken from a reference of numbers that no name says, where all others are called like keys."""
_AGAIN = 0.4
"""Up to which share of different values numbers count as coming again and again."""
_HOUSE, _RULE = 8, 0.9
"""How many columns called after tables, and which share of them called like keys, make a rule."""
_FEW_KINDS, _MOST_KINDS = 60, 0.3
"""Of so few things, or of more if so many of them occur, a column may be the kind that is only called ``type``."""
_ENDS = 2
_AMID = 9
"""By how many words a table of references loses against one that says something of its own."""
_NAMED = 0.5
_SAYING_NOTHING = frozenset({"type", "status", "state", "kind", "name", "title", "label", "group", "level"})
_LABELS = frozenset({"name", "title", "label", "color", "colour", "caption", "slug", "description", "comment", "note"})
_BETWEEN = frozenset({"from", "to", "by", "of", "for", "in", "at", "with"})
_OWN_KEYS = frozenset({("id",), ("uuid",), ("guid",), ("pk",)})
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_KINDS = frozenset({"type", "class", "kind", "table", "model"})

Columns = Mapping[str, Sequence[ColumnProfile]]


def custom_odds(candidates: Sequence[ReferenceCandidate], columns: Sequence[ColumnProfile]) -> list[float]:
    """Per candidate what to add to its log-odds. ``columns`` are all of the workspace."""
    tables: dict[str, list[ColumnProfile]] = defaultdict(list)
    for column in columns:
        tables[column.table].append(column)
    things = {"".join(table_words(members[0].dataset)[n:]) for members in tables.values() for n in (0, -1)}
    keys = {name: key for name, members in tables.items() if (key := _own_key(members, things)) is not None}
    between = _only_between(tables, things)
    after = _named_after(candidates, keys, between)
    kin = _kin(candidates, tables, keys, between, after)
    settled = {tail for tail, _ in kin}
    after = {(tail, head) for tail, head in after if tail not in settled} | kin
    named = {tail for tail, _ in after}
    strict, plain = _house_style(candidates, after)
    siblings = _siblings(candidates, tables)
    told = _told_by_row(candidates, tables)
    people, perhaps = people_meant(candidates, keys, between, things)
    parts = _in_part(candidates, keys)
    partly = {tail for tail, _ in parts}
    found = []
    for c in candidates:
        odds = 0.0
        exact = (c.tail.id, c.head.id) in after
        if exact:
            odds += _EXACT
        if c.tail.id in named:
            if exact:
                odds += _OWNER
            elif _called_so_elsewhere(c) or c.tail.id in settled:
                odds -= _OWNER
        elif c.tail.id in people:
            odds += PERSON if c.head.id in people[c.tail.id] else -_OWNER
        elif (c.tail.id, c.head.id) in parts:
            odds += _INITIAL if plain or len(core_words(c.tail.said)[0]) == 1 else _PART
        elif c.tail.id in partly and _of_a_part(c):
            odds -= _OWNER
        elif c.head.id in perhaps.get(c.tail.id, ()):
            odds += SOMEBODY
        if (c.tail.id, c.head.id) in siblings or (not c.tail.nonnull and _key_of_that_name(c)):
            odds += _SIBLING
        if c.tail.id in told and told[c.tail.id] != {words(c.head.dataset)[-1:]}:
            odds -= _EITHER
        if _attribute(c, keys):
            odds -= _LABEL if words(c.tail.said)[-1] in _LABELS else _ATTRIBUTE
        if _refers_itself(c.head, keys) or _is_own(c) or _measures_own(c):
            odds -= _OWNER
        if strict and not exact and c.tail.id not in people and _unlike_keys(c):
            odds -= _UNLIKE
        odds -= _from_little(c, exact, keys)
        found.append(odds)
    return found


def _kin(
    candidates: Sequence[ReferenceCandidate],
    tables: Columns,
    keys: Mapping[str, ColumnProfile],
    between: set[str],
    after: set[tuple[int, int]],
) -> set[tuple[int, int]]:
    """Tails with the key of the table that their own table's name and theirs tell together, where some are nearest. Which table
    the column alone is called after tells more, unless it says as little as ``type``, and that table is not near."""
    owners = {"".join(table_words(members[0].dataset)) for members in tables.values()}
    first = {name: p for name, members in tables.items() for p in members if p.position == 0 and p.key_like}
    found: dict[int, dict[int, int]] = defaultdict(dict)
    ends: dict[int, str] = {}
    plain, just, named = set(), set(), set()
    for c in candidates:
        held = c.tail.type == c.head.type if not c.tail.nonnull else c.containment >= HELD
        key = keys.get(c.head.table, first.get(c.head.table))
        if key is None or key.id != c.head.id or not held or c.tail.source != c.head.source:
            continue
        said, table = _foreign(c.tail) or _numbered(c), table_words(c.head.dataset)
        amid = c.head.table in between
        if c.tail.table == c.head.table and leads_up(c.tail.said, c.tail.dataset):
            near = UPWARDS if said or not c.tail.nonnull else 0
        else:
            near = kinship(said, c.tail.dataset, c.head.dataset)
        if names_table(said, table) == 0:
            just.add(c.tail.id)
            if not {*said} <= _SAYING_NOTHING:
                plain.add(c.tail.id)
        if not amid and (c.tail.id, c.head.id) in after:
            named.add(c.tail.id)
        other = near == WITHIN and "".join(table).removesuffix("".join(said)) in owners  # the kinds of other things
        own = c.head.table in keys
        if amid and near < DETAIL:
            continue
        if near >= UPWARDS or (own and near == WITHIN) or (own and near == SAME_END and c.tail.nonnull):
            found[c.tail.id][c.head.id] = 2 * near - other
            ends[c.head.id] = table[-1]
    best = set()
    for tail, heads in found.items():
        nearest = sorted((h for h, near in heads.items() if near == max(heads.values())), key=lambda h: len(ends[h]))
        shortest, most = ends[nearest[0]], max(heads.values())
        if tail in plain or (most == 2 * SAME_END and tail in named) or (most <= 2 * WITHIN and tail in just):
            continue
        if all(ends[h].endswith(shortest) and ends[h] != shortest for h in nearest[1:]):
            best.add((tail, nearest[0]))
        elif most > 2 * SAME_END:
            best |= {(tail, head) for head in nearest}
    return best


def _only_between(tables: Columns, things: set[str]) -> set[str]:
    """The tables that say hardly more than which records of others belong together. ``things`` are what tables are called."""
    found = set()
    for name, members in tables.items():
        called = [
            is_id_name(p.said) or (p.kind == "integer" and "".join(words(p.said)) in things)
            for p in members
            if p.position
        ]
        if sum(called) >= max(_ENDS, len(called) - 1):
            found.add(name)
    return found


def _numbered(c: ReferenceCandidate) -> tuple[str, ...]:
    """The words of a column of numbers that is called like a kind of thing, where few of these are not among them."""
    said, tail = words(c.tail.said), c.tail
    if said != core_words(tail.said) or (c.features["tail_measure"] and not {*said} <= _SAYING_NOTHING):
        return ()
    if not tail.nonnull:
        return said
    numbers = tail.kind == c.head.kind == "integer" and said != table_words(tail.dataset)
    return said if numbers and (c.head.distinct <= _FEW_KINDS or c.features["coverage"] >= _MOST_KINDS) else ()


def _is_own(c: ReferenceCandidate) -> bool:
    """Whether a column is called just like its own table, and the head is no other number of such a thing."""
    own = core_words(c.tail.said)
    return (
        is_id_name(c.tail.said)
        and own == table_words(c.tail.dataset)
        and own != core_words(c.head.said)
        and names_table(own, table_words(c.head.dataset)) is None
        and c.tail.table != c.head.table
    )


def _measures_own(c: ReferenceCandidate) -> bool:
    """Whether a column is called like a measure of its own table's rows, and neither like these nor like what is above one."""
    said, table = words(c.tail.said), table_words(c.tail.dataset)
    measure = c.tail.table == c.head.table and bool(c.features["tail_measure"])
    return measure and said[-1:] != table[-1:] and not leads_up(c.tail.said, c.tail.dataset)


def _house_style(candidates: Sequence[ReferenceCandidate], after: set[tuple[int, int]]) -> tuple[bool, bool]:
    """Whether columns that are called after tables are all called like keys, so that what is not hardly refers to anything; and
    whether hardly any is, so that what ends like a table's name refers to it (``sale`` and ``from_location``)."""
    called = {c.tail.id: is_id_name(c.tail.said) for c in candidates if (c.tail.id, c.head.id) in after}
    many, keys = len(called) >= _HOUSE, sum(called.values())
    return many and keys >= _RULE * len(called), many and keys <= (1 - _RULE) * len(called)


def _unlike_keys(c: ReferenceCandidate) -> bool:
    """Whether numbers refer to a table although no name says so, unless they come again and again and reach up to its last keys."""
    unlike = c.features["name_score"] < _NAMED and not c.features["tail_preposition"] and not is_id_name(c.tail.said)
    numbers = c.tail.kind == c.head.kind == "integer"
    return numbers and unlike and not ((c.tail.uniqueness < _AGAIN or holds_many(c)) and reaches(c))


def _own_key(members: Sequence[ColumnProfile], things: set[str]) -> ColumnProfile | None:
    """The column that identifies the rows and is called so, or like the table; the first of several. Without one the first column
    that is called like a key, but not like that of any other table: ``employee_id`` of ``nurses``."""
    called = [p for p in members if is_own_key(p)]
    if not called:
        first = (
            p
            for p in members
            if p.position == 0 and p.key_like and is_id_name(p.said) and max(map(len, words(p.said))) > 2
        )
        called = [p for p in first if not {"".join(core_words(p.said)[n:]) for n in (0, -1)} & things]
    return min(called, key=lambda p: (bool(core_words(p.said)), p.position), default=None)


def is_own_key(column: ColumnProfile) -> bool:
    """Whether a column identifies the rows of its table, and its name says so."""
    if column.rows and not column.key_like:
        return False
    own, table = core_words(column.said), table_words(column.dataset)
    return is_id_name(column.said) and (
        words(column.said) in _OWN_KEYS or (own[-1:] == table[-1:] and bool(own)) or (not own and column.position == 0)
    )


def _foreign(column: ColumnProfile) -> tuple[str, ...]:
    """The words that tell what a column called like a key identifies, unless that is its own table."""
    own = core_words(column.said)
    return own if own and is_id_name(column.said) and own != table_words(column.dataset) else ()


def _bare(c: ReferenceCandidate) -> tuple[str, ...]:
    """The words of a column that holds numbers and is called like a thing, not like a key or a measure: ``party``."""
    said = words(c.tail.said)
    numbers = c.tail.kind == c.head.kind == "integer" and c.tail.nonnull and said != table_words(c.tail.dataset)
    measure = c.features["tail_measure"] and said not in (("currency",), ("unit",))
    plain = said == core_words(c.tail.said) and not measure and not set(said) <= _SAYING_NOTHING - {"group"}
    return said if numbers and plain else ()


def _named_after(
    candidates: Sequence[ReferenceCandidate], keys: Mapping[str, ColumnProfile], between: set[str]
) -> set[tuple[int, int]]:
    """Tails with the key of the table that they are called after. A table whose name only ends so counts where no other one
    has a key of just that name, unless that refers to it in turn."""
    before: dict[int, dict[int, int]] = defaultdict(dict)
    equal: dict[int, set[int]] = defaultdict(set)
    for c in candidates:
        named, key = _foreign(c.tail) or _bare(c), keys.get(c.head.table)
        held = not c.tail.nonnull or c.containment >= HELD
        if not named or not held or c.tail.source != c.head.source:
            continue
        extra = names_table(named, table_words(c.head.dataset))
        if c.tail.table == c.head.table and c.head.table in between:
            continue
        if extra is not None and key is not None and key.id == c.head.id:
            extra += _AMID if extra and c.head.table in between else 0
            before[c.tail.id][c.head.id] = extra
        elif c.features["name_equal"] and c.head.position == 0 and c.tail.table != c.head.table:
            equal[c.tail.id].add(c.head.id)
    least = {tail: min(heads.values()) for tail, heads in before.items()}
    return {
        (tail, head)
        for tail, heads in before.items()
        for head, extra in heads.items()
        if extra == least[tail] and not (extra and any(head not in before.get(other, ()) for other in equal[tail]))
    }


def _refers_itself(head: ColumnProfile, keys: Mapping[str, ColumnProfile]) -> bool:
    """Whether a head is called like the key of something else, in a table that numbers its rows by another column."""
    key = keys.get(head.table)
    numbers = head.kind == "integer" or bool(_UUID.fullmatch(next(iter(head.sample), "")))
    foreign = bool(_foreign(head)) and numbers and not is_own_key(head)
    return foreign and key is not None and key.id != head.id


def _called_so_elsewhere(c: ReferenceCandidate) -> bool:
    named = core_words(c.tail.said)
    return core_words(c.head.said) == named and names_table(named, table_words(c.head.dataset)) is None


def _of_a_part(c: ReferenceCandidate) -> bool:
    """Whether a head elsewhere is called like the end of the tail's name: ``country_area.area`` for ``begin_area``."""
    named, own = core_words(c.head.said), core_words(c.tail.said)
    ends = bool(named) and own[-len(named) :] == named
    return ends and names_table(named, table_words(c.head.dataset)) != 0


def _key_of_that_name(c: ReferenceCandidate) -> bool:
    equal = bool(c.features["name_equal"]) and is_id_name(c.tail.said)
    return equal and c.head.position == 0 and c.tail.position > 0


def _siblings(candidates: Sequence[ReferenceCandidate], tables: Columns) -> set[tuple[int, int]]:
    """Columns that end with the name of another of their table, with the key that this one is called like."""
    called = {(c.tail.id, c.head.id) for c in candidates if c.features["name_equal"] and c.containment >= HELD}
    shorter: dict[int, list[int]] = {}
    for tail in {c.tail.id: c.tail for c in candidates if is_id_name(c.tail.said)}.values():
        ends = {words(tail.said)[n:] for n in range(1, len(words(tail.said)))}
        shorter[tail.id] = [p.id for p in tables[tail.table] if words(p.said) in ends and not p.key_like]
    return {
        (c.tail.id, c.head.id)
        for c in candidates
        if c.containment >= HELD and any((other, c.head.id) in called for other in shorter.get(c.tail.id, ()))
    }


def _in_part(candidates: Sequence[ReferenceCandidate], keys: Mapping[str, ColumnProfile]) -> set[tuple[int, int]]:
    """Tails with the key of the only table that they are called after, beside what for, and that holds all their values."""
    before: dict[int, dict[int, int]] = defaultdict(dict)
    for c in candidates:
        named, key, table = _foreign(c.tail) or _bare(c), keys.get(c.head.table), table_words(c.head.dataset)
        held = c.containment >= HELD and key is not None and key.id == c.head.id
        if not named or not held or c.tail.source != c.head.source:
            continue
        parts = [named[n:] for n in range(1, len(named))] + ([named[:-1]] if {*named[-1:]} & _BETWEEN else [])
        extra = [n for n in (names_table(part, table) for part in parts) if n in (0, 1)]
        if len(named) == len(named[0]) == 1 and table[-1:] and table[-1][0] == named[0]:
            extra.append(0)
        if extra:
            before[c.tail.id][c.head.id] = min(n for n in extra if n is not None)
    least = {tail: [h for h, n in heads.items() if n == min(heads.values())] for tail, heads in before.items()}
    return {(tail, heads[0]) for tail, heads in least.items() if len(heads) == 1}


def _told_by_row(candidates: Sequence[ReferenceCandidate], tables: Columns) -> dict[int, set[tuple[str, ...]]]:
    """Of columns beside which each row names the table that it refers to the last words of these names."""
    places = {words(members[0].dataset)[-1:] for members in tables.values()}
    found = {}
    for tail in {c.tail.id: c.tail for c in candidates if core_words(c.tail.said) and is_id_name(c.tail.said)}.values():
        for other in tables[tail.table]:
            said = words(other.said)
            if said[-1:] and said[-1] in _KINDS and said[:-1] == core_words(tail.said) and other.kind != "integer":
                meant = {words(re.split(r"[.:]", value)[-1])[-1:] for value in other.sample}
                if meant & places:
                    found[tail.id] = meant
    return found


def _attribute(c: ReferenceCandidate, keys: Mapping[str, ColumnProfile]) -> bool:
    """Whether two columns only have the same name and values, as descriptions of different things have."""
    tail, head = c.tail, c.head
    if is_id_name(tail.said) or is_id_name(head.said) or tail.table == head.table or tail.source != head.source:
        return False
    key, said = keys.get(head.table), words(tail.said)
    if not tail.nonnull:
        return key is not None and key.id != head.id
    same = said == words(head.said) or {*said[-1:], *words(head.said)[-1:]} <= _LABELS
    plain = same and not set(said) & {*table_words(head.dataset), *ID_WORDS}
    return plain and key is not None and key.id != head.id


def _from_little(c: ReferenceCandidate, exact: bool, keys: Mapping[str, ColumnProfile]) -> float:
    """What is taken where one row, one value or none at all is found, and the names do not say enough."""
    tail, head = c.tail, c.head
    called = is_id_name(tail.said)
    extra = names_table(core_words(tail.said), table_words(head.dataset))
    named = exact or extra == 0 or (extra is not None and not set(words(tail.said)) <= _SAYING_NOTHING)
    if not tail.nonnull:
        key = keys.get(head.table)
        sure = extra == 0 or (named and key is not None and key.id == head.id) or says_who(tail)
        return _ONE_ROW if not called and (tail.type != head.type or not sure) else 0.0
    if head.rows == 1 and not named and not (called and c.features["name_equal"]):
        return _ONE_ROW
    return _ATTRIBUTE if tail.distinct == 1 and not called and not named else 0.0
