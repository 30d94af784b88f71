"""Requests that differ only in the ids they start from: recognised before they are decoded, so that they share a plan.

``g.V("a").out()`` and ``g.V("b").out()`` have one shape. The ids are cut out of the bytes of a request with bytecode, or
out of the text of a query; what is left is the shape.
"""

import re
import struct
from collections.abc import Hashable

__all__ = ["Starts", "bytecode_shape", "text_shape"]

Starts = tuple[str | int, ...]
"""The ids of the first V() or E()."""

_INT = struct.Struct(">i").unpack_from
_LONG = struct.Struct(">q").unpack_from
_GREMLIN = b"\x03\x00\x00\x00\x00\x07gremlin\x15\x00"
"""The first argument's name, and the type of bytecode."""
_TEXT, _INT_TYPE, _LONG_TYPE = b"\x03\x00", b"\x01\x00", b"\x02\x00"
_ONE_TEXT = re.compile(
    re.escape(b"\0\0\0\x08bytecode\0\0\0\x09traversal")
    + rb"[\0-\xff]{4}"
    + re.escape(_GREMLIN)
    + rb"[\0-\xff]{4}\0\0\0\x01[VE]\0\0\0\x01\x03\0"
)
"""How most requests begin: bytecode that starts with V or E of one text."""
_MOST = 16
_FIRST = re.compile(r"""(\w+\.[VE]\()(?:'([^'"\\\s]*)'|"([^'"\\\s]*)")\)([^;\n]*)""")


def bytecode_shape(body: bytes) -> tuple[Starts, Hashable] | None:
    """The ids and the shape of a GraphBinary request (behind its id), if its traversal starts with V or E of plain ids."""
    usual = _ONE_TEXT.match(body)
    try:
        if usual is not None:
            start = usual.end()
            at = start + 4 + _size(body, start)
            return ((body[start + 4 : at].decode(),), (body[: start - 2], body[at:])) if at <= len(body) else None
        at = 0
        for _ in range(2):  # operation and processor
            at += 4 + _size(body, at)
        at += 4  # how many arguments
        if not body.startswith(_GREMLIN, at):
            return None
        at += len(_GREMLIN) + 4
        if body[at : at + 5] not in (b"\x00\x00\x00\x01V", b"\x00\x00\x00\x01E"):
            return None
        count = _size(body, at + 5)
        if not 1 <= count <= _MOST:
            return None
        start = at = at + 9
        found: list[str | int] = []
        for _ in range(count):
            kind = body[at : at + 2]
            if kind == _TEXT:
                end = at + 6 + _size(body, at + 2)
                found.append(body[at + 6 : end].decode())
            elif kind == _INT_TYPE:
                end = at + 6
                found.append(_INT(body, at + 2)[0])
            elif kind == _LONG_TYPE:
                end = at + 10
                found.append(_LONG(body, at + 2)[0])
            else:
                return None
            at = end
    except (struct.error, UnicodeDecodeError):
        return None
    return (tuple(found), (body[:start], body[at:])) if at <= len(body) else None


def _size(body: bytes, at: int) -> int:
    size: int = _INT(body, at)[0]
    if size < 0:
        raise struct.error
    return size


def text_shape(text: str) -> tuple[Starts, Hashable] | None:
    """The same of a query as text, if it starts with V or E of one id in quotes, and is one statement."""
    found = _FIRST.fullmatch(text)
    if found is None:
        return None
    head, single, double, rest = found.groups()
    return (double if single is None else single,), (head, rest)
