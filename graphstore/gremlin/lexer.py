"""Tokens of Gremlin strings: names, numbers with their type suffix, strings with escapes, symbols, comments skipped."""

import re
from dataclasses import dataclass
from typing import Any

from bifrost.errors import QuerySyntaxError
from graphstore.gremlin.numbers import BigInteger, Byte, Char, Float, Long, Short
from graphstore.values import exact_decimal

__all__ = ["MAX_TEXT", "Token", "Tokens", "tokenize"]

MAX_TEXT = 1_000_000
"""Characters of a query that are accepted."""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is name, number, string, symbol or end; ``value`` is what a literal stands for."""

    kind: str
    text: str
    line: int
    column: int
    value: Any = None


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
  | (?P<number>
        (?:(?<![\w.\])}])[+-])?
        (?: 0[xX][0-9a-fA-F]+[bBsSiIlLnN]?
          | (?:\d[\d_]*\.\d[\d_]*|(?<!\.)\.\d[\d_]*|\d[\d_]*)(?:[eE][+-]?\d+)?[bBsSiIlLnNfFdDmM]?
        )(?![\w]))
  | (?P<name>[^\W\d][\w$]*)
  | (?P<string>
        '''(?:[^'\\]|\\.|'(?!''))*'''
      | \"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"
      | "(?:[^"\\\n]|\\.)*"c?
      | '(?:[^'\\\n]|\\.)*'c?)
  | (?P<symbol>[().,\[\]{}:;+-])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u+[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}


def tokenize(text: str) -> list[Token]:
    """All tokens, the last one of kind ``end``. Raises QuerySyntaxError."""
    if len(text) > MAX_TEXT:
        raise QuerySyntaxError(
            f"The query has {len(text)} characters, more than {MAX_TEXT}",
            remedy="Send large values as bindings, or split the query.",
        )
    tokens: list[Token] = []
    at, line, line_start = 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        column = at - line_start + 1
        if match is None:
            raise QuerySyntaxError(
                f"Failed to interpret Gremlin query: unexpected {text[at]!r}",
                line=line,
                column=column,
                remedy="Check for an unclosed string or a character that Gremlin does not use.",
            )
        kind, piece = str(match.lastgroup), match.group()
        if kind == "number":
            tokens.append(Token(kind, piece, line, column, _number(piece, line, column)))
        elif kind == "string":
            tokens.append(Token(kind, piece, line, column, _string(piece, line, column)))
        elif kind != "space":
            tokens.append(Token(kind, piece, line, column))
        breaks = piece.count("\n")
        if breaks:
            line += breaks
            line_start = at + piece.rindex("\n") + 1
        at = match.end()
    tokens.append(Token("end", "", line, at - line_start + 1))
    return tokens


def _string(piece: str, line: int, column: int) -> str:
    """What a string stands for. Two escapes that are halves of one character are that character, as in Java and JSON."""
    if piece.endswith("c"):
        return Char(_whole(_unescape(piece[1:-2]), line, column))
    quotes = 3 if piece[:3] in ("'''", '"""') and len(piece) >= 6 else 1
    return _whole(_unescape(piece[quotes:-quotes]), line, column)


def _whole(text: str, line: int, column: int) -> str:
    if text.isascii() or not _HALF.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise QuerySyntaxError(
            "Failed to interpret Gremlin query: half a character (a lone surrogate) in a string",
            line=line,
            column=column,
            remedy="Write the character itself, or both of its escapes.",
        ) from None


def _unescape(body: str) -> str:
    return _ESCAPE.sub(_unescaped, body) if "\\" in body else body


def _unescaped(match: "re.Match[str]") -> str:
    code = match.group(1)
    if code[0] == "u" and len(code) > 1:
        return chr(int(code.lstrip("u"), 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return _ESCAPES.get(code, code)


_INTEGER = {"b": (Byte, 7), "s": (Short, 15), "i": (int, 31), "l": (Long, 63), "n": (BigInteger, 0)}


_MOST_DIGITS = 1_000
_OCTAL = re.compile(r"[+-]?0[0-7]+")


def _number(piece: str, line: int, column: int) -> Any:
    text = piece.replace("_", "")
    hexadecimal = "0x" in text.lower()
    suffix = text[-1].lower() if text[-1].isalpha() and not (hexadecimal and text[-1].lower() in "abcdef") else ""
    body = text[:-1] if suffix else text
    if len(body) > _MOST_DIGITS:
        raise QuerySyntaxError(f"A number of more than {_MOST_DIGITS} digits", line=line, column=column)
    if hexadecimal or (suffix in ("", *_INTEGER) and not set(body) & set(".eE")):
        value = int(body, 16 if hexadecimal else 8 if _OCTAL.fullmatch(body) else 10)
        if not suffix:
            return (
                value if -(2**31) <= value < 2**31 else Long(value) if -(2**63) <= value < 2**63 else BigInteger(value)
            )
        kind, bits = _INTEGER[suffix]
        if bits and not -(2**bits) <= value < 2**bits:
            raise QuerySyntaxError(f"{piece} is out of range for its type", line=line, column=column)
        return kind(value)
    if suffix == "m" or suffix in _INTEGER:
        try:
            exact = exact_decimal(body)
        except ValueError as error:
            raise QuerySyntaxError(str(error), line=line, column=column) from None
        if suffix == "m":
            return exact
        if exact.adjusted() >= _MOST_DIGITS:
            raise QuerySyntaxError(f"A number of more than {_MOST_DIGITS} digits", line=line, column=column)
        return _INTEGER[suffix][0](exact)
    return Float(body) if suffix == "f" else float(body)


class Tokens:
    """The tokens of a query and where a reader of them is."""

    def __init__(self, text: str) -> None:
        self.tokens = tokenize(text)
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def error(self, message: str, token: Token | None = None) -> QuerySyntaxError:
        token = token or self.token
        found = "the end of the query" if token.kind == "end" else repr(token.text[:40])
        return QuerySyntaxError(
            f"Failed to interpret Gremlin query: {message}, found {found}",
            line=token.line,
            column=token.column,
            remedy="Correct the query; docs/reference/gremlin.md describes what is understood.",
        )

    def take(self, text: str) -> Token:
        if self.token.kind != "symbol" or self.token.text != text:
            raise self.error(f"{text!r} expected")
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, text: str) -> bool:
        if self.token.kind == "symbol" and self.token.text == text:
            self.at += 1
            return True
        return False

    def peek(self, text: str, ahead: int = 0) -> bool:
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.kind == "symbol" and token.text == text

    def name(self) -> str:
        if self.token.kind != "name":
            raise self.error("a name expected")
        self.at += 1
        return self.tokens[self.at - 1].text
