"""What column names mean under the naming conventions of their database.

Some schemas start every column of a table with the table's initials (``l_orderkey``, ``ss_item_sk``) or write words
together (``custkey``). Neither can be seen in one name alone; the other names of the database show it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from linking.names import ABBREVIATIONS, ID_WORDS, table_words

__all__ = ["said_names"]

_LONGEST_INITIALS = 4
_SHARE = 0.8
_FEWEST = 3
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
    return {
        dataset: {name: _said(name, _initials(dataset, columns), known) for name in columns}
        for dataset, columns in tables.items()
    }


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


def _said(name: str, initials: str, known: set[str]) -> str:
    start, _, rest = name.partition("_")
    meant = rest if initials and start.lower() == initials and rest else name
    one_case = meant.upper() == meant or meant[1:].lower() == meant[1:]
    parts = [_split(part, known) for part in meant.split("_")] if one_case else []
    return "_".join(parts) if parts and all(parts) else meant


def _split(word: str, known: set[str]) -> str:
    """``custkey`` as ``cust_key``, where the beginning is a word of a table's name."""
    low = word.lower()
    if low in known:
        return word
    for ending in _ENDINGS:
        if low.endswith(ending) and low[: -len(ending)] in known:
            return f"{word[: -len(ending)]}_{word[-len(ending) :]}"
    return word
