"""Reading GraphML as exports, TinkerPop (``g.io("x.xml").write()``) and networkx write it, as a stream.

A document type is refused, so that no entity is ever expanded and no other file read. See http://graphml.graphdrawing.org/specification.html;
hyperedges, nested graphs and XML inside of data are refused, as there is nothing that they could become.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, NoReturn
from xml.parsers import expat

from bifrost.values import Value
from graphstore.beside import name_among
from graphstore.load_files import GraphFile, Loaded, Part, wrong
from graphstore.values import value_key

__all__ = ["graphml_parts"]

_BATCH, _CHUNK = 5_000, 2**20
_TEXT, _TAG, _DEPTH = 64 * 2**20, 16 * 2**20, 100
"""Characters of all values of one element, each with what it takes beside them; bytes of the longest tag or comment."""
_VALUE = 16
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_LABELS = {"node": ("labelV", "vertex"), "edge": ("labelE", "edge")}
"""The key of labels, and what elements without one are called, as in TinkerPop."""
_SCORE = "score"
"""The key that says how sure an edge is."""
_NONE_OF_IT = {"hyperedge", "graph"}
_NO_GRAPHML = "it is no GraphML"
_PLAIN = "Export it without a document type (<!DOCTYPE ...>); `bifrost export graphml` writes none."


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


_TYPES: dict[str, Callable[[str], Value]] = {
    "string": str, "boolean": _boolean, "int": int, "long": int, "float": float, "double": float
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Key:
    """What a ``<key>`` declares; equal to itself alone."""

    id: str
    kind: str
    name: str
    type: str


def graphml_parts(files: Sequence[GraphFile]) -> Iterator[Part]:
    """Vertices and edges as they come. Raises InputError with the line that is wrong."""
    for file in files:
        with file.open() as stream:
            for elements in _Reader(file.name).read(stream):
                yield Part(file.name, "line", elements)


class _Reader:
    """Reads one file. Edges without an id get one of the file's name and their number in it."""

    def __init__(self, file: str) -> None:
        self._file, self._found, self._edges = file, list[Loaded](), 0
        self._path: list[str] = []
        self._has_graph = False
        self._keys: dict[tuple[str, str], _Key] = {}
        self._defaults: dict[str, dict[_Key, Value]] = {"node": {}, "edge": {}}
        self._label_keys: dict[str, _Key] = {}
        self._score_key: _Key | None = None
        # the element that is open: its line, attributes and data
        self._line, self._given, self._said = 0, dict[str, str](), dict[_Key, list[Value]]()
        # the key whose text is being read, and the text so far
        self._key: _Key | None = None
        self._text: list[str] | None = None
        self._length = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, stream: IO[bytes]) -> Iterator[list[Loaded]]:
        given, is_last = 0, False
        while not is_last:
            chunk = stream.read(_CHUNK)
            given, is_last = given + len(chunk), not chunk
            try:
                self._parser.Parse(chunk, is_last)
            except expat.ExpatError as error:
                raise wrong(
                    self._file, "line", error.lineno, f"it is no XML: {expat.ErrorString(error.code)}."
                ) from None
            except (LookupError, ValueError) as error:  # an encoding that is none
                self._refuse(f"{_NO_GRAPHML} ({type(error).__name__}: {str(error)[:200]}).")
            if not is_last and given - self._parser.CurrentByteIndex > _TAG + _CHUNK:
                self._refuse(f"it has a tag or comment of more than {_TAG >> 20} MB.")
            if is_last and not self._has_graph:
                self._refuse(f"{_NO_GRAPHML}: it has no <graph>.")
            if len(self._found) >= _BATCH or (is_last and self._found):
                yield self._found
                self._found = []

    # ---- events ------------------------------------------------------------------------------------------------------

    def _refuse_document_type(self, *_: Any) -> None:
        self._refuse("it has a document type, whose entities could stand for anything.", _PLAIN)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        name, path = tag.rpartition(" ")[2], self._path
        if not path and name != "graphml":
            self._refuse(f"{_NO_GRAPHML}: its first element is <{name[:80]}>.")
        if self._text is not None:
            self._refuse(f"<{name[:80]}> stands inside of a value; values are plain text.")
        if len(path) == _DEPTH:
            self._refuse(f"elements are nested more than {_DEPTH} deep.")
        inside = path[-1] if path else ""
        path.append(name)
        self._has_graph |= name == "graph" and inside == "graphml"
        if inside == "graph":
            if name in _NONE_OF_IT:
                self._refuse(f"a <{name}> in a graph is nothing that a graph of vertices and edges can hold.")
            self._line, self._given, self._said, self._length = self._parser.CurrentLineNumber, given, {}, 0
        elif inside in _LABELS:
            if name in _NONE_OF_IT:
                self._refuse(f"a graph inside of <{inside}> is nothing that a graph of vertices and edges can hold.")
            if name == "data":
                self._open(given, inside)
        elif inside == "graphml" and name == "key":
            self._declare(given)
        elif inside == "key" and name == "default" and self._key is not None:
            self._text, self._length = [], 0

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
            self._grow(len(text))

    def _grow(self, length: int) -> None:
        self._length += length
        if self._length > _TEXT:
            self._refuse(f"the values of one element have more than {_TEXT >> 20} million characters.")

    def _end(self, tag: str) -> None:
        name = self._path.pop()
        if self._text is not None and self._key is not None:
            value = self._value(self._key, "".join(self._text))
            self._text = None
            if name == "default":
                for kind, known in self._defaults.items():
                    if self._key.kind in (kind, "all"):
                        known[self._key] = value
            else:
                self._said.setdefault(self._key, []).append(value)
        elif name in _LABELS and self._path[-1:] == ["graph"]:
            self._found.append(self._element(name))

    # ---- keys and values ---------------------------------------------------------------------------------------------

    def _declare(self, given: dict[str, str]) -> None:
        id, type = given.get("id"), given.get("attr.type", "string")
        if not id:
            self._refuse("the key has no id.")
        if type not in _TYPES:
            self._refuse(f"the key {id[:80]!r} has the type {type[:80]!r}.", f"Types are {', '.join(_TYPES)}.")
        self._key = key = _Key(id, given.get("for", "all"), given.get("attr.name", id), type)
        self._keys[id, key.kind] = key
        for kind, (label, _) in _LABELS.items():
            if key.kind in (kind, "all") and _stands_for(key, label, self._label_keys.get(kind)):
                self._label_keys[kind] = key
        if key.kind in ("edge", "all") and type in ("float", "double") and _stands_for(key, _SCORE, self._score_key):
            self._score_key = key

    def _open(self, given: dict[str, str], kind: str) -> None:
        id = given.get("key", "")
        self._key = self._keys.get((id, kind)) or self._keys.get((id, "all"))
        if self._key is None:
            self._refuse(f"the data names the key {id[:80]!r}, which is not declared for {kind}s before it.")
        self._text = []
        self._grow(_VALUE)

    def _value(self, key: _Key, text: str) -> Value:
        try:
            return _TYPES[key.type](text)
        except ValueError:
            self._refuse(f"{text[:80]!r} in {key.name[:80]!r} is no {key.type}.")

    # ---- elements ----------------------------------------------------------------------------------------------------

    def _element(self, kind: str) -> Loaded:
        given = self._said
        for key, value in self._defaults[kind].items():
            given.setdefault(key, [value])
        label = self._label(kind, given)
        score = self._score(given) if kind == "edge" else 1.0
        said: dict[str, tuple[Value, ...]] = {}
        for key, values in given.items():
            said[key.name] = _distinct([*said.get(key.name, ()), *values])
        if kind == "node":
            return Loaded(self._line, label, self._attribute("id", kind), said)
        self._edges += 1
        id = self._given.get("id") or f"{self._file}#{self._edges}"
        return Loaded(
            self._line, label, id, said, self._attribute("source", kind), self._attribute("target", kind), score
        )

    def _label(self, kind: str, given: dict[_Key, list[Value]]) -> str:
        key = self._label_keys.get(kind)
        found = given.pop(key, None) if key else None
        label = _LABELS[kind][1] if found is None else str(found[0])
        if not label:
            self._refuse(f"the {kind} has an empty label.")
        return label

    def _score(self, given: dict[_Key, list[Value]]) -> float:
        """Takes out how sure an edge is."""
        certain = given.get(self._score_key, []) if self._score_key else []
        if self._score_key and len(certain) == 1 and isinstance(certain[0], float) and 0 <= certain[0] <= 1:
            del given[self._score_key]
            return certain[0]
        return 1.0

    def _attribute(self, name: str, kind: str) -> str:
        value = self._given.get(name)
        if not value:
            raise wrong(self._file, "line", self._line, f"the {kind} has no {name}.")
        return value

    def _refuse(self, problem: str, remedy: str = "") -> NoReturn:
        raise wrong(self._file, "line", self._parser.CurrentLineNumber, problem, remedy)


def _stands_for(key: _Key, name: str, known: _Key | None) -> bool:
    """Whether a key is our ``name``, rather than the one ``known`` before: by its id, as exports and TinkerPop have it;
    otherwise by its attribute's name, of which other writers keep only that."""
    if key.id == name or (known is not None and known.id == name):
        return key.id == name
    names = [key.name] if known is None else [known.name, key.name]
    return name_among(names, name) == key.name and (known is None or known.name != key.name)


def _distinct(values: list[Value]) -> tuple[Value, ...]:
    return (values[0],) if len(values) == 1 else tuple({value_key(value): value for value in values}.values())
