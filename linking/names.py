"""Names of columns and tables as words, and how alike two of them are.

``CustomerID``, ``customer_id`` and ``cust_no`` all become comparable: words are split at case changes and
punctuation, made singular, and common abbreviations are spelled out.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import inflection
from rapidfuzz.distance import JaroWinkler

__all__ = [
    "ABBREVIATIONS",
    "ID_WORDS",
    "MEASURE_WORDS",
    "PEOPLE",
    "containment",
    "core_words",
    "is_id_name",
    "name_similarity",
    "names_table",
    "table_words",
    "tells_who",
    "trigram_similarity",
    "words",
]

ID_WORDS = frozenset(
    {"id", "key", "code", "number", "identifier", "uuid", "guid", "reference", "fk", "pk", "sk", "sku", "isbn"}
)
"""Words that say that a column holds identifiers."""

MEASURE_WORDS = frozenset({
    "amount", "age", "average", "balance", "bonus", "bytes", "capacity", "cost", "count", "credit", "currency",
    "date", "day", "debit", "depth", "discount", "distance", "duration", "fee", "grade", "height", "hour", "index",
    "latitude", "length", "level", "limit", "longitude", "max", "maximum", "mean", "millisecond", "min", "minimum",
    "minute", "month", "net", "percent", "percentage", "point", "position", "price", "priority", "quantity",
    "rank", "rate", "rating", "ratio", "reorder", "revenue", "salary", "score", "second", "sequence", "size",
    "sort", "star", "status", "stock", "sum", "tax", "temperature", "time", "total", "unit", "value", "version",
    "volume", "weight", "width", "year", "refcount", "sortkey", "sortorder",
    "anno", "annee", "anio", "ano", "año", "jahr", "mese", "mois", "monat",
    "anzahl", "bestand", "betrag", "datum", "dauer", "gewicht", "menge", "preis", "rabatt", "summe", "umsatz",
    "cantidad", "fecha", "importe", "precio", "montant", "poids", "prix", "prezzo", "importo", "quantidade", "preco",
})  # fmt: skip
"""Words that say that a column measures or orders rather than names something."""

ABBREVIATIONS = {
    "acct": "account", "addr": "address", "amt": "amount", "app": "application", "art": "article", "avg": "average",
    "cat": "category", "cd": "code", "cnt": "count", "co": "company", "cust": "customer", "ctry": "country",
    "dept": "department", "desc": "description", "descr": "description", "dob": "birth", "doc": "document",
    "emp": "employee", "fname": "first", "grp": "group", "ident": "id", "ids": "id", "img": "image", "inv": "invoice",
    "itm": "item", "kunde": "customer", "lang": "language", "lname": "last", "loc": "location", "mgr": "manager",
    "msg": "message", "nbr": "number", "nm": "name", "no": "number", "nr": "number", "num": "number", "ord": "order",
    "org": "organization", "organisation": "organization", "pers": "person", "pid": "id", "pct": "percent",
    "phone": "telephone", "po": "purchase", "prj": "project", "proj": "project", "prod": "product", "ptr": "reference",
    "pwd": "password", "qty": "quantity", "ref": "reference", "reg": "region", "rep": "representative",
    "sal": "salary", "seq": "sequence",
    "srv": "service", "stat": "status", "std": "standard", "stud": "student", "supp": "supplier", "tel": "telephone",
    "tkt": "ticket", "trk": "track", "txn": "transaction", "typ": "type", "usr": "user", "val": "value",
    "vend": "vendor", "warehs": "warehouse", "whs": "warehouse", "yr": "year",
}  # fmt: skip
PEOPLE = ("user", "employee", "person", "people", "staff", "personnel", "worker", "account", "member", "contact")
"""Last words of the names of tables of people, those first whose people do things in a database."""

_DEEDS = frozenset({
    "approved", "approver", "assigned", "assignee", "author", "changed", "closed", "create", "created", "creator", "deleted",
    "edited", "editor", "entered", "lead", "leader", "manager", "moderator", "modified", "owner", "published", "publisher",
    "receiver", "recipient", "reporter", "requested", "requester", "reviewed", "reviewer", "sender", "submitted", "submitter",
    "admin", "administrator", "buyer", "commenter", "contact", "coordinator", "follower", "invitee", "inviter", "maintainer",
    "organiser", "organizer", "poster", "responsible", "seller", "tester", "translator", "voter", "writer",
    "supervisor", "updated", "updater", "uploaded", "uploader", "user", "write",
})  # fmt: skip
_SOMEBODY = frozenset(word for word in _DEEDS if not word.endswith("ed")) - {"create", "lead", "write"}
"""Deeds that are what somebody is called."""
_OF_THINGS = frozenset(
    {
        "blocked",
        "caused",
        "covered",
        "followed",
        "grouped",
        "ordered",
        "powered",
        "preceded",
        "replaced",
        "sorted",
        "superseded",
    }
)
"""What things do to things: no people are meant by ``replaced_by``."""
_RUN = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ](?!s(?![a-zß-öø-ÿ]))[a-zß-öø-ÿ])")
"""Where a new word begins; an s alone after capitals is their plural (``customerIDs``)."""
_PLURAL = re.compile(r"([A-ZÀ-ÖØ-Þ]{2,})s")
_INITIAL = re.compile(r"(?![abdhklm]id)[a-z]id")
"""``sid`` and ``cid``, but not ``bid`` or ``kid``."""
_TABLE_MARKS = frozenset({"tbl", "dim", "fact", "stg", "tb", "vw", "dbo", "raw"})


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name: lower case, singular, abbreviations spelled out.

    >>> words("custNo"), words("Order Details"), words("raised_by_emp_id")
    (('customer', 'number'), ('order', 'detail'), ('raised', 'by', 'employee', 'id'))
    """
    found = []
    for part in (piece for run in _RUN.findall(name) for piece in _CAMEL.split(run)):
        word = (capitals[1] if (capitals := _PLURAL.fullmatch(part)) else part).lower()
        word = ABBREVIATIONS.get(word, word)
        if len(word) > 3 and not word.endswith(("ss", "us", "is")):
            word = inflection.singularize(word)
        found.append(ABBREVIATIONS.get(word, word))
    if len(found) > 1 and found[0] in _TABLE_MARKS:
        found = found[1:]
    if len(found) == 1 and found[0].endswith("id") and (len(found[0]) > 4 or _INITIAL.fullmatch(found[0])):
        return (found[0][:-2], "id")
    return tuple(found)


@lru_cache(maxsize=65_536)
def table_words(dataset: str) -> tuple[str, ...]:
    """The words of a dataset's name: of its last part, without folder, ending and empty sheet names.

    >>> table_words("crm/support_chats.json"), table_words("prices.xlsx#Sheet1")
    (('support', 'chat'), ('price',))
    """
    file, _, sheet = dataset.partition("#")
    name = sheet if sheet and not re.fullmatch(r"(?i)(sheet|table|tabelle)\s*\d*", sheet) else file.rsplit("/", 1)[-1]
    found = words(re.sub(r"\.[A-Za-z0-9]{2,7}$", "", name))
    return found[:-1] if len(found) > 1 and found[-1] in _TABLE_MARKS else found


@lru_cache(maxsize=65_536)
def core_words(name: str) -> tuple[str, ...]:
    """The words that carry the meaning: without id words."""
    return tuple(word for word in words(name) if word not in ID_WORDS)


def is_id_name(name: str) -> bool:
    """Whether the name says that the column holds identifiers."""
    found = words(name)
    return bool(found) and (found[-1] in ID_WORDS or found[0] in ("key", "fk") or "id" in found)


@lru_cache(maxsize=262_144)
def names_table(named: tuple[str, ...], table: tuple[str, ...]) -> int | None:
    """How many words of a table's name stand before those of a column's, however they are joined; None if these are others.

    >>> names_table(("user",), ("auth", "user")), names_table(("x", "type"), ("xtype",)), names_table(("user",), ("role",))
    (1, 0, None)
    """
    wanted = "".join(named)
    return next((n for n in range(len(table)) if "".join(table[n:]) == wanted), None) if wanted else None


@lru_cache(maxsize=65_536)
def tells_who(name: str, *, numbers: bool = False) -> bool:
    """Whether a name says that the column holds who did something; where it holds ``numbers``, what somebody is called is enough.

    >>> tells_who("author_id"), tells_who("updated_by"), tells_who("create_uid"), tells_who("language_id")
    (True, True, True, False)
    >>> tells_who("post_author"), tells_who("post_author", numbers=True)
    (False, True)
    >>> tells_who("published", numbers=True), tells_who("followers", numbers=True)
    (False, False)
    """
    core = core_words(name)
    user_id = core[-1:] == ("uid",)
    preposition = core[-1:] in (("by",), ("to",))
    did = core[:-1] if preposition or user_id else core
    by = core[-1:] == ("by",) and bool(did) and did[-1].endswith("ed") and did[-1] not in _OF_THINGS
    followers = name.lower().endswith("s")  # these are counted
    somebody = numbers and not followers and bool(did) and did[-1] in _SOMEBODY
    return bool(did) and (did[-1] in _DEEDS or by) and (preposition or user_id or somebody or is_id_name(name))


@lru_cache(maxsize=262_144)
def _word_similarity(left: str, right: str) -> float:
    if left == right:
        return 1.0
    if min(len(left), len(right)) >= 3 and (left.startswith(right) or right.startswith(left)):
        return 0.8
    similarity = float(JaroWinkler.similarity(left, right))
    return similarity if similarity > 0.85 else 0.0


def name_similarity(left: Sequence[str], right: Sequence[str]) -> float:
    """Soft overlap of two word lists in [0, 1]: the mean of both sides' best matches (a symmetric Monge-Elkan)."""
    if not left or not right:
        return 0.0
    forward = sum(max(_word_similarity(a, b) for b in right) for a in left) / len(left)
    backward = sum(max(_word_similarity(a, b) for a in left) for b in right) / len(right)
    return (forward + backward) / 2


def containment(part: Sequence[str], whole: Sequence[str]) -> float:
    """How much of ``part`` is found among the words of ``whole``, in [0, 1]."""
    if not part or not whole:
        return 0.0
    return sum(max(_word_similarity(a, b) for b in whole) for a in part) / len(part)


@lru_cache(maxsize=65_536)
def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def trigram_similarity(left: str, right: str) -> float:
    """Dice similarity of character 3-grams of two names, spelled as words."""
    a, b = _trigrams(" ".join(words(left))), _trigrams(" ".join(words(right)))
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0
