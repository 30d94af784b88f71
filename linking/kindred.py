"""What is known of a reference beyond its two columns: from columns of the same name, from the span of the values, and
from the keys of other tables.

Values that are drawn from the keys of a table span nearly all of them: of a thousand draws from the keys 1 to 5,000 hardly
ever all are below 4,000. A name that says nothing of any table is still a name: ``movie_id`` in eight tables refers to one
table, which holds the values of all eight. And of two tables with the same key, the one that is named like the key owns it.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from heapq import nlargest

from linking.names import ID_WORDS, MEASURE_WORDS, containment, core_words, is_id_name, table_words, words
from linking.profiles import SAMPLE, ColumnProfile
from linking.references import ReferenceCandidate

__all__ = ["SURELY_NAMED", "Kindred", "holds_many", "reaches", "span_fit"]

_WORST = -30.0
"""The least log-likelihood that is told apart."""
_REACHES, _REACH, _SEVERAL, _FIT = 3.0, 0.85, 8, -5.0
"""What is added where at least so many numbers, which no name explains, reach up to the share of the keys of a table, and the least
log-likelihood with which draws from these would reach no farther. Fewer numbers may as well be kinds that only a program knows."""
_FAR, _MANY_NUMBERS, _PART_OF_KEYS = 0.95, 100, 0.3
"""Up to which share of the keys so many numbers, that share of all keys, must reach to count though draws would reach farther."""
_MISSING = 30.0
"""What a column counts none of whose values are found, in log-likelihood."""
_SHARE, _LIMIT = 0.5, 4.0
"""How much of a log-likelihood counts, because keys are not drawn at random, and what it can add at most."""
_FEW_DRAWS, _MANY_ROWS, _TOO_FEW = 3, 20, 4.0
"""A column of many rows with fewer different values than that (all 0, say) is found anywhere: without a name it loses so much."""
_SAME_KEY = 2.5
"""What is added where a column is called like the leading column of another table that holds all of its values."""
_OWNER = 4.0
"""What is taken from a reference of a table's own key, as its name says, to the same key elsewhere."""
_ALIKE_CODES, _HELD = 2.5, 0.9
"""What is taken where some of the values are found, fewer than that share, and no name speaks for it: codes of one form share
values; and what for rows of its own table, which are all there, or for the rows' own key, which something else would have."""
_LONG_CODES, _LONG, _MIXED = 2.5, 10, 0.05
"""What is added where codes of at least so many letters and digits, with a share of both, or slugs as long are all found among the
keys of a table: handles and UUIDs are not equal by chance."""
_ALIKE_TEXTS, _SMALL_PART, _UNNAMED = 3.0, 0.1, 0.3
"""What is taken where texts are so small a part of many others: words that a language has anyway, not names of records."""
_NAMED, SURELY_NAMED = 0.5, 0.7
"""How well a column's name fits a table and its key that it may be, or certainly is, named after."""
_ALL_DIFFERENT, _OFTEN_DIFFERENT = 0.97, 0.4
_ALONE = 1.0
"""What the span of values can add at most where no name speaks for it, neither of table and key nor of other columns."""
_ALL_KEYS, _MANY_KEYS = 1.0, 8
"""What is added where a column holds all of at least so many keys and nothing else."""
_BETWEEN = 2.0
"""What a head loses, in log-likelihood, whose table is mostly references: such tables are hardly referred to."""
_SAME_AREA = 4.0
"""What is added where of several tables of one name this one is named like the tail's table, and taken from the others."""
_HOME = 4.0
"""What is added for the table that a column and its rivals in other tables are named after, and taken from these."""
_SAYING_NOTHING = ID_WORDS | {"name", "title", "label", "description", "type", "status", "date", "code"}

Family = tuple[str | tuple[str, ...], ...]


def span_fit(low: float, high: float, draws: int, head: ColumnProfile) -> float:
    """The log-likelihood that so many keys of ``head``, drawn at random, lie between ``low`` and ``high``; at most 0."""
    keys = _numbers(head.sample)
    inside = bisect_right(keys, high) - bisect_left(keys, low)
    return max(min(draws, SAMPLE) * math.log(min((inside + 1) / max(len(keys), 1), 1.0)), _WORST)


def _amid(low: float, high: float, draws: int, head: ColumnProfile) -> float:
    """The log-likelihood of the smaller of the gaps that so many random keys of ``head`` leave at both ends; at most 0. Rows may
    well name the first rows of a table alone, or the last; what lies far from both (years amid numbers of persons) names none."""
    keys = _numbers(head.sample)
    above, below = len(keys) - bisect_left(keys, low), bisect_right(keys, high)
    return max(min(draws, SAMPLE) * math.log(min((max(above, below) + 1) / max(len(keys), 1), 1.0)), _WORST)


@lru_cache(maxsize=4_096)
def _numbers(sample: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted(int(value) for value in sample if re.fullmatch(r"-?\d+", value)))


class Kindred:
    """What is known of candidates beyond their two columns. ``columns`` are all of the workspace."""

    def __init__(self, candidates: Sequence[ReferenceCandidate], columns: Sequence[ColumnProfile]) -> None:
        self._candidates = candidates
        self._leading = _leading(columns)
        self._spans = _Spans(candidates, _between(columns))
        self._named = Counter(words(p.said) for p in {c.tail.id: c.tail for c in candidates}.values())
        several = {said for said, n in self._named.items() if n > 1}
        self._ends = {said[n:] for said in self._named for n in range(1, len(said) - 1)} | several

    def odds(self) -> list[float]:
        """Per candidate what to add to its log-odds."""
        return self._odds(self._candidates, [self._spans.margin(c) for c in self._candidates])

    def odds_without(self, left: Sequence[ReferenceCandidate], gone: Collection[int]) -> list[float]:
        """The same for the candidates ``left`` of one column, as if the heads ``gone``, by id, were none of it."""
        best = self._spans.without(left[0].tail, gone)
        return self._odds(left, [self._spans.margin(c, best) for c in left])

    def _odds(self, candidates: Sequence[ReferenceCandidate], margins: Sequence[float]) -> list[float]:
        areas, homes = _areas(candidates), _homes(candidates)
        found = []
        for c, margin, area, home in zip(candidates, margins, areas, homes, strict=True):
            said = words(c.tail.said)
            shared = said in self._ends or any(said[n:] in self._named for n in range(1, len(said) - 1))
            found.append(round(_odds(c, margin, c.head.id in self._leading, shared) + area + home, 3))
        return found


def _odds(c: ReferenceCandidate, margin: float, leads: bool, shared: bool) -> float:
    tail, head, f = c.tail, c.head, c.features
    if not tail.nonnull:
        return 0.0
    odds = 0.0
    foreign = is_id_name(tail.said) and not f["tail_measure"] and not _owned(tail)
    if foreign and (tail.uniqueness < _ALL_DIFFERENT or f["name_score"] >= _NAMED):
        most = _LIMIT if f["name_score"] >= _NAMED or shared else _ALONE
        least = 0.0 if f["name_score"] >= SURELY_NAMED else -_LIMIT
        odds += max(min(_SHARE * margin, most), least)
    elif tail.kind == head.kind == "integer" and tail.distinct >= _FEW_DRAWS and tail.table != head.table:
        # Within a table the first rows are often above the others.
        least = 0.0 if f["name_equal"] else -_LIMIT / 2
        fit = span_fit(tail.low, tail.high, tail.distinct, head)
        odds += _REACHES if leads and reaches(c) else max(_SHARE * fit, least)
    if tail.kind == head.kind == "integer" and tail.distinct >= _FEW_DRAWS and f["name_score"] < _NAMED:
        odds += max(_SHARE * _amid(tail.low, tail.high, tail.distinct, head), -_LIMIT)
    same = (
        f["name_equal"]
        and leads
        and c.containment >= 0.99
        and (not tail.key_like or tail.position)
        and not f["tail_measure"]
    )
    if same or ((leads or _owned(head)) and c.containment >= 0.95 and _names_key(tail, head)):
        odds += _SAME_KEY
    elif tail.table == head.table and not leads and not _owned(head):
        odds -= _OWNER
    elif leads and not foreign and not f["tail_measure"] and _all_of(tail, head, f):
        odds += _ALL_KEYS
    all_keys = tail.position > 0 and c.containment >= 0.95 > f["coverage"]
    if all_keys and _is_long_code(head) and (leads or head.is_slug):
        odds += _LONG_CODES
    taken = f["mutual"] and _exact(tail) and not _exact(head)
    unlike = f["name_score"] < _NAMED and tail.table != head.table
    if (_owned(tail) and taken) or (
        unlike and not shared and _named_here(tail) and tail.uniqueness >= _OFTEN_DIFFERENT
    ):
        odds -= _OWNER
    if c.containment < _HELD and f["name_score"] < _NAMED:
        odds -= _ALIKE_CODES
    if c.containment < _HELD and tail.source == head.source and (tail.table == head.table or _numbers_own(tail)):
        odds -= _ALIKE_CODES
    few = unlike and f["coverage"] < _SMALL_PART and tail.kind == "name" and not foreign
    if few and f["name_score"] < _UNNAMED and not head.is_slug:
        odds -= _ALIKE_TEXTS
    if tail.distinct < _FEW_DRAWS and tail.rows >= _MANY_ROWS and f["name_score"] < _NAMED:
        odds = min(odds, 0.0) - _TOO_FEW
    return odds


def reaches(c: ReferenceCandidate) -> bool:
    """Whether several numbers, called like a thing rather than a measure, are all keys and span them as draws from them would."""
    tail, head, f = c.tail, c.head, c.features
    if tail.kind != "integer" or head.kind != "integer":
        return False
    measure = f["tail_measure"] or words(tail.said)[-1:] == ("order",)
    thing = not measure and not is_id_name(tail.said) and tail.position > 0 and not f["tail_key_like"]
    wide = tail.high - head.low >= _REACH * (head.high - head.low) and tail.distinct >= _SEVERAL
    held = thing and wide and c.containment == 1.0 and f["name_score"] < SURELY_NAMED
    return held and (span_fit(tail.low, tail.high, tail.distinct, head) >= _FIT or holds_many(c))


def holds_many(c: ReferenceCandidate) -> bool:
    """Whether a good part of many keys are among the numbers of a column, up to the last ones: hardly by accident."""
    tail, head = c.tail, c.head
    far = tail.high - head.low >= _FAR * (head.high - head.low)
    return far and tail.distinct >= _MANY_NUMBERS and c.features["coverage"] >= _PART_OF_KEYS


def _areas(candidates: Sequence[ReferenceCandidate]) -> list[float]:
    """Which of several tables of one name a name means, by the beginnings of names: in ``audit_budget`` a ``route_id`` refers
    to ``audit_route`` rather than to ``stock_route``, unless one has just that name."""
    namesakes: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    exact = set()
    for i, c in enumerate(candidates):
        own, table = table_words(c.tail.dataset), table_words(c.head.dataset)
        held = not c.tail.nonnull or c.containment >= 0.95
        named = c.features["name_score"] >= SURELY_NAMED and held and c.tail.table != c.head.table
        if named and len(table) > 1:
            if core_words(c.tail.said) == table:
                exact.add(c.tail.id)
            common = next(
                (n for n, (a, b) in enumerate(zip(own, table, strict=False)) if a != b), min(len(own), len(table))
            )
            namesakes[c.tail.id, table[-1]].append((common, i))
    found = [0.0] * len(candidates)
    for (tail, _), others in namesakes.items():
        if tail in exact:
            continue
        tables = {candidates[i].head.table: common for common, i in others}
        most = max(tables.values())
        if list(tables.values()).count(most) == 1 < len(tables):
            for common, i in others:
                found[i] = _SAME_AREA if common == most else -_SAME_AREA
    return found


def _homes(candidates: Sequence[ReferenceCandidate]) -> list[float]:
    """Where columns of several tables are named after another table that holds their values, they all refer to that one:
    ``politics.country`` to ``country.code`` rather than to ``economy.country``, though a row stands there for each country. Of
    columns called like keys (``country_id``) the names of table and key tell as much."""
    homes: dict[int, list[int]] = defaultdict(list)
    beside: dict[int, list[int]] = defaultdict(list)
    for i, c in enumerate(candidates):
        named, table = _without_number(core_words(c.tail.said)), table_words(c.head.dataset)
        if not named or is_id_name(c.tail.said) or c.features["tail_measure"]:
            continue
        if c.containment < 0.95 or c.tail.table == c.head.table:
            continue
        if table == named and c.head.key_like:
            homes[c.tail.id].append(i)
        elif table != named and _without_number(core_words(c.head.said)) == named:
            beside[c.tail.id].append(i)
    found = [0.0] * len(candidates)
    for tail, others in beside.items():
        for i in others if homes[tail] else ():
            found[i] = -_HOME
        for i in homes[tail]:
            found[i] = _HOME
    return found


def _without_number(said: tuple[str, ...]) -> tuple[str, ...]:
    """``country1`` and ``country 2`` as ``country``."""
    last = said[-1].rstrip("0123456789") if said else ""
    return (*said[:-1], last) if last else said[:-1]


def _names_key(tail: ColumnProfile, head: ColumnProfile) -> bool:
    """Whether a name is the key's, or table and key, with what it is for: ``from_stop_id``, ``ParentCategoryID``."""
    own, key = words(tail.said), words(head.said)
    if not core_words(head.said):
        key = (*table_words(head.dataset), *key)
    longer = len(own) > len(key)
    return longer and bool(set(key) - _SAYING_NOTHING) and key in (own[-len(key) :], own[: len(key)])


def _all_of(tail: ColumnProfile, head: ColumnProfile, f: Mapping[str, float]) -> bool:
    """Whether a column holds each key of a table, no other value, and most of them several times."""
    full = tail.distinct == head.distinct >= _MANY_KEYS and f["row_containment"] == 1.0
    return full and f["rivals"] == 0.0 and tail.uniqueness < 0.5


def _owned(column: ColumnProfile) -> bool:
    """Whether the name says that the column is the key of its own table."""
    own, table = core_words(column.said), table_words(column.dataset)
    return column.key_like and is_id_name(column.said) and (not own or own[-1:] == table[-1:])


def _named_here(column: ColumnProfile) -> bool:
    """Whether the name says that the column numbers the things of its own table, every row or not."""
    own, table = core_words(column.said), table_words(column.dataset)
    return is_id_name(column.said) and bool(own) and containment(own[-1:], table) >= 0.8


def _numbers_own(column: ColumnProfile) -> bool:
    """Whether a column is the first one of its table, and a key as its name says."""
    return column.position == 0 and column.key_like and is_id_name(column.said)


def _is_long_code(column: ColumnProfile) -> bool:
    mixed = min(column.letter_share, column.digit_share) >= _MIXED
    return column.mean_length >= _LONG and ((column.kind == "code" and mixed) or column.is_slug)


def _exact(column: ColumnProfile) -> bool:
    return core_words(column.said) in ((), table_words(column.dataset))


def _between(columns: Sequence[ColumnProfile]) -> set[str]:
    """The tables at least half of whose columns beside the first, and two of them, are named like keys of others."""
    tables: dict[str, list[bool]] = defaultdict(list)
    for column in columns:
        if column.position:
            tables[column.table].append(is_id_name(column.said) and not _owned(column))
    return {table for table, named in tables.items() if sum(named) >= max(2, len(named) / 2)}


def _leading(columns: Sequence[ColumnProfile]) -> set[int]:
    """Of each table the first column that may be its key, where before it only the same value stands everywhere."""
    tables: dict[str, list[ColumnProfile]] = defaultdict(list)
    for column in columns:
        tables[column.table].append(column)
    found = set()
    for members in tables.values():
        varied = [p for p in sorted(members, key=lambda p: p.position) if p.distinct > 1 or p.rows == 1]
        if varied and varied[0].key_like and not set(words(varied[0].said)) & MEASURE_WORDS:
            found.add(varied[0].id)
    return found


# ---- the span of values, beside the rivals -----------------------------------------------------------------------------


Best = Mapping[Family, Sequence[float]]


class _Spans:
    """How much better than every rival a head holds and spans the values of all columns that are called like the tail."""

    def __init__(self, candidates: Sequence[ReferenceCandidate], between: set[str]) -> None:
        self._between = between
        self._members: dict[Family, dict[int, ColumnProfile]] = defaultdict(dict)
        self._shares: dict[Family, dict[int, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
        self._heads = {c.head.id: c.head for c in candidates}
        self._families = _families(candidates)
        for c in candidates:
            for family in (*self._families[c.tail.id], ("ends", c.tail.source, words(c.tail.said))):
                self._members[family][c.tail.id] = c.tail
                self._shares[family][c.head.id][c.tail.id] = 0.0 if math.isnan(c.containment) else c.containment
        self._worth = {
            family: {head: self._worth_of(family, head, found) for head, found in heads.items()}
            for family, heads in self._shares.items()
        }
        self._best = {family: nlargest(2, worth.values()) for family, worth in self._worth.items()}

    def margin(self, c: ReferenceCandidate, best: Best | None = None) -> float:
        """``best`` holds the worths of the two best heads of each of the tail's families."""
        best = self._best if best is None else best
        return max(_margin(self._worth[family][c.head.id], best[family]) for family in self._families[c.tail.id])

    def without(self, tail: ColumnProfile, gone: Collection[int]) -> Best:
        """The worths of the two best heads of the tail's families, as if it had no candidates with the heads ``gone``."""
        found = {}
        for family in self._families[tail.id]:
            worth = dict(self._worth[family])
            for head in gone:
                shares = {id: share for id, share in self._shares[family][head].items() if id != tail.id}
                del worth[head]
                if shares:
                    worth[head] = self._worth_of(family, head, shares)
            found[family] = nlargest(2, worth.values())
        return found

    def _worth_of(self, family: Family, head: int, shares: Mapping[int, float]) -> float:
        less = _BETWEEN if self._heads[head].table in self._between else 0.0
        return _worth(self._members[family], shares, self._heads[head]) - less


def _margin(mine: float, best: Sequence[float]) -> float:
    """How far one is before the best of the others, or behind it. ``best`` are the two best of all."""
    others = best[1:] if mine == best[0] else best[:1]
    return mine - others[0] if others else 0.0


def _families(candidates: Sequence[ReferenceCandidate]) -> dict[int, list[Family]]:
    """Per column those of its source that are called the same, and those called like the end of its name: ``movie_id`` for
    ``linked_movie_id``. One that is only called ``id`` or ``code`` stands for itself."""
    tails = {c.tail.id: c.tail for c in candidates}
    named = {(p.source, words(p.said)) for p in tails.values() if core_words(p.said)}
    found: dict[int, list[Family]] = {}
    for id, p in tails.items():
        said = words(p.said)
        ends = [(p.source, said[n:]) for n in range(1, len(said) - 1) if core_words(" ".join(said[n:]))]
        own = (p.source, said) if core_words(p.said) else (f"{p.source} {id}", said)
        found[id] = [own, *[("ends", *end) for end in ends if end in named][:1]]
    return found


def _worth(members: Mapping[int, ColumnProfile], shares: Mapping[int, float], head: ColumnProfile) -> float:
    """The log-likelihood of the spans, less what is missing; what is no candidate counts as not found."""
    others = [id for id, p in members.items() if id != head.id and p.nonnull]
    if not others:
        return 0.0
    share = sum(shares.get(id, 0.0) for id in others) / len(others)
    drawn = [members[id] for id in others if id in shares and members[id].kind == "integer"]
    if head.kind != "integer" or not drawn:
        return -_MISSING * (1 - share)
    most, low, high = max(p.distinct for p in drawn), min(p.low for p in drawn), max(p.high for p in drawn)
    return span_fit(low, high, most, head) - _MISSING * (1 - share)
