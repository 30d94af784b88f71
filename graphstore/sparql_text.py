"""What is looked at in a SPARQL request before it reaches the RDF store: forbidden keywords, wanted formats."""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urljoin

from bifrost.errors import PermissionDeniedError

__all__ = ["chosen", "dataset_of", "media_types", "refuse_unsafe"]

# Everything in which a keyword would not be a keyword comes first; then words.
_TOKEN = re.compile(
    r"""(?P<skip><[^<>"{}|^`\\\x00-\x20]*>            # IRI
    | \#[^\n\r]*                                      # comment
    | \"\"\"(?:\"{0,2}(?:[^"\\]|\\.))*\"\"\" | '''(?:'{0,2}(?:[^'\\]|\\.))*'''
    | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*'   # strings
    | [?$]\w+                                         # variable
    | [\w.-]*:[\w.%:\\-]*                             # prefixed name
    | @[A-Za-z-]+)                                    # language tag
    | (?P<word>[A-Za-z]+)""",
    re.VERBOSE | re.DOTALL,
)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LOCAL_ESCAPE = re.compile(r"\\(.)")
_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD"})
_QUERIES = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


def refuse_unsafe(text: str) -> bool:
    """Refuses updates and SERVICE; returns whether the query names its own dataset (FROM)."""
    words = [match["word"].upper() for match in _TOKEN.finditer(text) if match["word"]]
    first = next((word for word in words if word in _QUERIES | _UPDATES), "")
    if first in _UPDATES:
        raise PermissionDeniedError(
            "This SPARQL service is read-only.", remedy="Change the graph through its sources or through edits."
        )
    if "SERVICE" in words:
        raise PermissionDeniedError(
            "SERVICE is not allowed: queries reach no other server.", remedy="Register the other server as a source."
        )
    return "FROM" in words


def dataset_of(text: str, base: str) -> tuple[list[str], list[str]]:
    """The graphs after FROM and FROM NAMED, of a query that can be parsed; none where they are written in a way that only
    the parser understands (code point escapes)."""
    prefixes: dict[str, str] = {}
    default: list[str] = []
    named: list[str] = []
    tokens = [match[0] for match in _TOKEN.finditer(text) if not match[0].startswith("#")]
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        word = token.upper()
        if word == "BASE" and after.startswith("<"):
            base = _resolved(after, base)
        elif before.upper() == "PREFIX" and after.startswith("<"):
            prefixes[token] = _resolved(after, base)
        elif word == "FROM" and after.upper() != "NAMED":
            default.append(_iri(after, prefixes, base))
        elif word == "NAMED" and before.upper() == "FROM":
            named.append(_iri(after, prefixes, base))
    return (default, named) if all(default) and all(named) else ([], [])


def _iri(token: str, prefixes: Mapping[str, str], base: str) -> str:
    """Empty where it is none."""
    if token.startswith("<"):
        return _resolved(token, base)
    prefix, colon, name = token.partition(":")
    start = prefixes.get(prefix + colon)
    return "" if start is None else start + _LOCAL_ESCAPE.sub(r"\1", name)


def _resolved(token: str, base: str) -> str:
    iri = token[1:-1]
    return iri if _ABSOLUTE.match(iri) else urljoin(base, iri)


def media_types(accept: str) -> list[str]:
    """The media types of an Accept header, best first; ``*/*`` as ``*``. No header at all accepts everything."""
    found: list[tuple[float, int, str]] = []
    for i, part in enumerate(accept.split(",")[:50]):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if name and quality > 0:
            found.append((-quality, i, "*" if name == "*/*" else name))
    return [name for _, _, name in sorted(found)] if accept.strip() else ["*"]


def chosen(accept: Sequence[str], known: Iterable[str], default: str) -> str | None:
    """The first of the media types that is known, where a wildcard stands for the default if it fits, else for the first
    known one that does; None where nothing fits."""
    formats = [default, *known]
    for name in accept:
        kind = "" if name == "*" else name.removesuffix("*")
        fits = (one for one in formats if one == name or (name.endswith("*") and one.startswith(kind)))
        if (found := next(fits, None)) is not None:
            return found
    return None
