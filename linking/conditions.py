"""Conditions on the tail rows of a link type, in a small language of their own: no SQL of a user reaches the engine.

``status = 'open' and country in ('DE', 'AT') and closed is null``; a column name with spaces goes into double quotes. A
value of one word needs no quotes: ``status=open``. Texts are compared in their base form (case and padding do not count),
numbers as numbers.
"""

import re
from collections.abc import Mapping

from bifrost.errors import InputError
from linking.forms import base_sql, literal

__all__ = ["condition_sql"]

_TOKEN = re.compile(r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<op><>|!=|<=|>=|==|=|<|>|\(|\)|,)
    |(?P<number>-?\d+(?:\.\d+)?)(?![\w.:/-])|(?P<word>[\w.][\w.:/-]*))""", re.VERBOSE)  # fmt: skip
_RESERVED = ("and", "or", "not", "in", "is", "null")
_REMEDY = "Write for example: status = 'open' and country in ('DE', 'AT') and closed is null."
_MAX_LENGTH = 2_000


def condition_sql(condition: str, columns: Mapping[str, str]) -> str:
    """The condition as SQL. ``columns`` maps a dataset's column names to SQL expressions. Raises InputError."""
    if not condition.strip():
        return "TRUE"
    if len(condition) > _MAX_LENGTH:
        raise InputError("The condition is too long.", remedy=_REMEDY)
    return _Parser(condition, columns).parse()


class _Parser:
    def __init__(self, text: str, columns: Mapping[str, str]) -> None:
        self.columns = columns
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if not match or match.lastgroup is None:
                raise InputError(f"The condition cannot be read at {text[at : at + 20]!r}.", remedy=_REMEDY)
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        self.at = 0

    def parse(self) -> str:
        terms = [self.comparison()]
        while self.at < len(self.tokens):
            self.expect("and")
            terms.append(self.comparison())
        return " AND ".join(f"coalesce({term}, FALSE)" for term in terms)

    def comparison(self) -> str:
        column = self.column()
        kind, token = self.take()
        word = token.lower()
        if word == "is":
            negated = self.accept("not")
            self.expect("null")
            return f"{base_sql(column)} IS {'NOT ' if negated else ''}NULL"
        if word == "not":
            self.expect("in")
            return f"NOT ({self.members(column)})"
        if word == "in":
            return self.members(column)
        if kind == "op" and word in ("=", "==", "!=", "<>", "<", ">", "<=", ">="):
            return self.compared(column, {"!=": "<>", "==": "="}.get(word, word))
        raise InputError(f"Expected a comparison, found {token!r}.", remedy=_REMEDY)

    def members(self, column: str) -> str:
        self.expect("(")
        terms = [self.compared(column, "=")]
        while self.accept(","):
            terms.append(self.compared(column, "="))
        self.expect(")")
        return "(" + " OR ".join(terms) + ")"

    def compared(self, column: str, operator: str) -> str:
        kind, token = self.take()
        if kind == "number":
            return f"try_cast({column} AS DOUBLE) {operator} {token}"
        if kind == "text":
            return f"{base_sql(column)} {operator} {base_sql(literal(token[1:-1].replace(chr(39) * 2, chr(39))))}"
        if kind == "quoted" or (kind == "word" and token.lower() not in _RESERVED):
            value = token[1:-1].replace('""', '"') if kind == "quoted" else token
            return f"{base_sql(column)} {operator} {base_sql(literal(value))}"
        raise InputError(f"Expected a value, found {token!r}.", remedy="Put texts into single quotes. " + _REMEDY)

    def column(self) -> str:
        kind, token = self.take()
        name = token[1:-1].replace('""', '"') if kind == "quoted" else token
        if kind in ("word", "quoted") and name in self.columns:
            return self.columns[name]
        alike = [known for known in self.columns if known.lower() == name.lower()]
        if kind in ("word", "quoted") and len(alike) == 1:
            return self.columns[alike[0]]
        raise InputError(f"There is no column {name!r}.", remedy=f"Columns: {', '.join(sorted(self.columns))[:300]}.")

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise InputError("The condition ends too early.", remedy=_REMEDY)
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1].lower() == word:
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"
            raise InputError(f"Expected {word!r}, found {found!r}.", remedy=_REMEDY)
