"""What column names mean under the naming conventions of their database.

Some schemas start every column of a table with the table's initials (``l_orderkey``, ``ss_item_sk``) or write words
together (``custkey``). Neither can be seen in one name alone; the other names of the database show it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from linking.names import ABBREVIATIONS, ID_WORDS, table_words

__all__ = ["said_names"]

_LONGEST_INITIALS = 4
_SHARE = 0.8
_FEWEST = 3
_LETTERS = 2
_ENDINGS = tuple(
    sorted({*ID_WORDS, "no", "nr", "num", "nbr", "ref", "name", "date", "type", "nummer"} - {"fk", "pk"}, key=len)
)


def said_names(tables: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Per dataset of one source the meaning of each of its column names, words separated; most names mean themselves.

    >>> said_names({"orders": ["o_orderkey", "o_custkey", "o_status"], "customer": ["c_custkey", "c_name", "c_city"]})["orders"]
    {'o_orderkey': 'order_key', 'o_custkey': 'cust_key', 'o_status': 'status'}
    """
    known = {word for dataset in tables for word in table_words(dataset)}
    known |= {short for short, word in ABBREVIATIONS.items() if word in known and len(short) > 2}
    initials = {dataset: _initials(dataset, columns) for dataset, columns in tables.items()}
    legacy = {dataset: found for dataset, columns in tables.items() if (found := _first_letters(columns))}
    if len(legacy) < _FEWEST or len({*legacy.values()}) < _SHARE * len(legacy):
        legacy = {}
    owners: dict[str, list[str]] = defaultdict(list)
    for dataset, start in initials.items():
        owners[start].append("_".join(word for word in table_words(dataset) if len(word) > 1))
    meant = {start: own[0] for start, own in owners.items() if len(start) > 1 and len(own) == 1 and own[0]}
    return {
        dataset: {
            name: _said(name.removeprefix(legacy.get(dataset, "")) or name, initials[dataset], known, meant)
            for name in columns
        }
        for dataset, columns in tables.items()
    }


def _first_letters(columns: Sequence[str]) -> str:
    """The two letters with which all columns of a table begin, as old programs have it: ``ABAN8`` and ``ABALPH``."""
    starts = {name[:_LETTERS] for name in columns}
    plain = all(len(name) > _LETTERS + 1 and name.isalnum() and name == name.upper() for name in columns)
    return min(starts) if plain and len(starts) == 1 and len(columns) > 1 and min(starts).isalpha() else ""


def _initials(dataset: str, columns: Sequence[str]) -> str:
    """The short word that nearly all columns of a table start with, where it is no word of the table's own name."""
    starts = Counter(
        start.lower() for start, separator, rest in (c.partition("_") for c in columns) if separator and rest
    )
    if len(columns) < _FEWEST or not starts:
        return ""
    start, count = starts.most_common(1)[0]
    is_short = len(start) <= _LONGEST_INITIALS and start not in table_words(dataset) and start not in ID_WORDS
    return start if is_short and count >= max(_SHARE * len(columns), _FEWEST) else ""


def _said(name: str, initials: str, known: set[str], meant: Mapping[str, str]) -> str:
    start, _, rest = name.partition("_")
    stripped = bool(initials and start.lower() == initials and rest)
    shown = rest if stripped else name
    one_case = shown.upper() == shown or shown[1:].lower() == shown[1:]
    parts = [
        meant[part.lower()] if stripped and not place and part.lower() in meant.keys() - known else _split(part, known)
        for place, part in enumerate(shown.split("_"))
    ]
    return "_".join(parts) if one_case and all(parts) else shown


def _split(word: str, known: set[str]) -> str:
    """``custkey`` as ``cust_key``, where the beginning is a word of a table's name."""
    low = word.lower()
    if low in known:
        return word
    for ending in _ENDINGS:
        if low.endswith(ending) and low[: -len(ending)] in known:
            return f"{word[: -len(ending)]}_{word[-len(ending) :]}"
    return word
