"""What the names of two tables and of a column say together, when none of them says it alone.

``type`` in ``artist`` is the number of an ``artist_type``, ``run_id`` that of a ``testrun`` where nothing is called ``run``, and
``parent`` that of another row of the same table.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from linking.names import core_words, table_words, words

__all__ = ["DETAIL", "PART", "SAME_END", "UPWARDS", "WITHIN", "kin_pairs", "kinship", "leads_up"]

DETAIL, PART, UPWARDS, WITHIN, SAME_END = 5, 4, 3, 2, 1
"""How near: the head is called like tail table and column; the tail's table is called like a part of the head's; the head is the
row above; the names of the two tables begin or end alike; only the end of the head's name is the column's."""
_SHORTEST = 3
"""Letters that an end of a word, and what stands before it, need to be words of their own."""
_KINDS = frozenset({
    "category", "class", "format", "group", "kind", "level", "method", "mode", "parent", "phase", "priority", "reason", "role",
    "stage", "state", "status", "type",
})  # fmt: skip
"""What many tables have their own of."""
_ABOVE = frozenset({"parent", "root", "ancestor", "predecessor", "superior"})
_OF_A_KIND = frozenset({
    ("copied", "from"), ("copy", "of"), ("derived", "from"), ("duplicate", "of"), ("forked", "from"), ("merged", "into"),
    ("part", "of"), ("replaced", "by"), ("reply", "to"), ("response", "to"), ("superseded", "by"), ("variant", "of"),
})  # fmt: skip
"""What a thing is to another one of its kind."""


@lru_cache(maxsize=262_144)
def kinship(named: tuple[str, ...], tail_table: str, head_table: str) -> int:
    """How much the name of a table says that a column of another one, called ``named``, is its number; 0 for nothing.

    >>> kinship(("type",), "artist", "artist_type"), kinship(("storage",), "s3_storage_link", "s3_storage")
    (5, 4)
    >>> kinship(("type",), "plans_testplan", "plans_plantype"), kinship(("run",), "tag", "testrun")
    (2, 1)
    >>> kinship(("port",), "ship", "report"), kinship(("type",), "type", "type"), kinship(("user",), "auth_group", "auth_user")
    (0, 0, 0)
    """
    end, own, head = "".join(named), table_words(tail_table), table_words(head_table)
    tail, whole = "".join(own), "".join(head)
    rest = whole.removesuffix(end)
    if len(end) < _SHORTEST or rest in ("", whole) or tail == whole:
        return 0
    if tail.startswith(whole):
        return PART
    common = next((n for n, (a, b) in enumerate(zip(own, head, strict=False)) if a != b), min(len(own), len(head)))
    kinds = {*named} <= _KINDS
    if kinds and rest == tail:
        return DETAIL
    left, right = "".join(own[common:]), "".join(head[common:])
    before = right.removesuffix(end)
    begin_alike = rest.startswith(tail) if kinds else tail.startswith(rest) and rest != "".join(own[:common])
    if begin_alike or (before != right and len(before) >= _SHORTEST and left.endswith(before)):
        return WITHIN
    joined = head[-1].endswith(end) and len(head[-1]) - len(end) >= _SHORTEST
    return SAME_END if joined or rest == tail else 0


def kin_pairs(
    names: Sequence[tuple[str, ...]], tables: Sequence[int], datasets: Sequence[str]
) -> list[tuple[int, int]]:
    """Places of columns and of the datasets that their names are kin to. ``names`` are the words of the columns, ``tables`` the
    places of their datasets; only datasets whose names end like a column's are looked at."""
    ending: dict[str, list[int]] = defaultdict(list)
    for place, dataset in enumerate(datasets):
        name = "".join(table_words(dataset))
        for n in range(1, len(name)):
            ending[name[n:]].append(place)
    return [
        (column, head)
        for column, (named, own) in enumerate(zip(names, tables, strict=True))
        for head in ending.get("".join(named), ())
        if kinship(named, datasets[own], datasets[head])
    ]


@lru_cache(maxsize=65_536)
def leads_up(name: str, dataset: str) -> bool:
    """Whether a column is called after what stands above a row of its own table, and perhaps in which respect.

    >>> leads_up("parent", "genre"), leads_up("parentGenreId", "genre"), leads_up("parent_type", "genre")
    (True, True, False)
    >>> leads_up("variationParentTypeID", "invTypes"), leads_up("student_parent_id", "student"), leads_up("in_reply_to", "posts")
    (True, False, True)
    """
    core = core_words(name)
    if core[-2:] in _OF_A_KIND:
        return True
    place = next((n for n, word in enumerate(core) if word in _ABOVE), None)
    if place is None or words(name)[-1] in ("type", "level"):
        return False
    below = core[place + 1 :]
    return (bool(below) or not place) and below in ((), table_words(dataset)[-len(below) :])
