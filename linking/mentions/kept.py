"""What was found in texts, kept on disk: after a sync only texts are looked through that changed, or that may name other records.

The files are caches: damaged ones, and those that other code wrote, are as good as none.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import feather

from linking.caches import folder_of
from linking.mentions import find as finding
from linking.mentions import lexicon as lexicons
from linking.mentions import ocr, scan, tokens
from linking.mentions.find import Hit, find
from linking.mentions.lexicon import Entry, Lexicon
from linking.mentions.scan import Finder, FoundMention, Text

__all__ = ["KeptScans", "Remembering"]

LARGE = 1_000
"""Texts from which on what was found is kept; fewer are looked through in a second."""
_FEW = 0.1
"""Share of the names that may have changed; beyond it all texts are looked through."""
_ENTRIES, _TEXTS, _HITS = "entries.arrow", "texts.arrow", "hits.arrow"
_HIT = pa.schema(
    [
        ("text", pa.int32()), ("entry", pa.uint64()), ("begin", pa.int32()), ("end", pa.int32()), ("exact_case", pa.bool_()),
        ("broken", pa.bool_()), ("similarity", pa.float64()), ("margin", pa.float64()), ("label", pa.list_(pa.string())),
        ("labelled", pa.bool_()),
    ]
)  # fmt: skip

_TEXT = pa.schema([("uid", pa.string()), ("page", pa.int32()), ("digest", pa.uint64())])

_Key = tuple[str, int]
_Said = tuple[Any, ...]
"""A hit: the values of ``_HIT`` after the text's number."""


@dataclass(slots=True)
class _Kept:
    """The digests of all names that were looked up, and by text its own digest and what was found."""

    entries: frozenset[int] = frozenset()
    texts: dict[_Key, tuple[int, list[_Said]]] = field(default_factory=dict)


class KeptScans:
    """A folder for each key, beside others' files; without a ``folder`` nothing is kept."""

    def __init__(self, folder: Path | None = None, *, large: int = LARGE) -> None:
        self._folder, self._large = folder, large

    def remember(self, key: str, finder: Finder) -> "Remembering":
        """A finder that knows what was found under ``key`` the last time."""
        return Remembering(finder, self._read(key, finder))

    def keep(self, key: str, made: "Remembering") -> None:
        """Keeps what it found for the next time, if that is much."""
        if self._folder is None or len(made.found) < self._large:
            return
        path = folder_of(self._folder, key)
        # What cannot be written is found anew next time.
        with suppress(OSError, ValueError, pa.ArrowException):
            path.mkdir(parents=True, exist_ok=True)
            (path / _ENTRIES).unlink(missing_ok=True)  # until all is written, nothing is
            texts = [(uid, page, digest) for (uid, page), (digest, _) in made.found.items()]
            hits = [(n, *hit) for n, (_, found) in enumerate(made.found.values()) for hit in found]
            entries = pa.schema([(_of(made.plain), pa.uint64())])
            run = secrets.token_hex(8)
            _write(path / _HITS, hits, _HIT, run)
            _write(path / _TEXTS, texts, _TEXT, run)
            _write(path / _ENTRIES, [(digest,) for digest in sorted(made.entries)], entries, run)

    def _read(self, key: str, finder: Finder) -> _Kept:
        kept = _Kept()
        if self._folder is None or not (path := folder_of(self._folder, key)).is_dir():
            return kept
        with suppress(OSError, ValueError, LookupError, TypeError, pa.ArrowException):
            entries, texts, hits = (
                feather.read_table(path / name, memory_map=False) for name in (_ENTRIES, _TEXTS, _HITS)
            )
            same_run = entries.schema.metadata == texts.schema.metadata == hits.schema.metadata
            if same_run and entries.column_names == [_of(finder)]:
                found = [(digest, list[_Said]()) for digest in texts["digest"].to_pylist()]
                for number, *hit in zip(*(hits[name].to_pylist() for name in _HIT.names), strict=True):
                    found[number][1].append(tuple(hit))
                keys = zip(texts["uid"].to_pylist(), texts["page"].to_pylist(), strict=True)
                return _Kept(frozenset(entries.column(0).to_pylist()), dict(zip(keys, found, strict=True)))
        return kept


def _write(path: Path, rows: Sequence[_Said], schema: pa.Schema, run: str) -> None:
    """One of the files of a ``run``."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    feather.write_feather(pa.table(arrays, schema=schema.with_metadata({"run": run})), path)


class Remembering:
    """A :class:`Finder` that finds in a text what it found before, where that must be the same. ``found`` is for the next time.

    A text that stayed has other hits only if one of them is of a name that changed, or if a name that is new occurs in it. In
    scanned pages names rival each other, so that any change of names counts.
    """

    def __init__(self, plain: Finder, kept: _Kept) -> None:
        self.plain = plain
        self.found: dict[_Key, tuple[int, list[_Said]]] = {}
        self._kept = kept
        self._digests = {id(entry): _digest_of(entry) for entry in plain.lexicon.entries()}
        self._by_digest = by_digest = {self._digests[id(entry)]: entry for entry in plain.lexicon.entries()}
        fresh = by_digest.keys() - kept.entries
        changed = len(fresh) + len(kept.entries - by_digest.keys())
        self._same_names = not changed
        self._usable = bool(kept.texts) and changed <= _FEW * len(by_digest)
        self._fresh = Lexicon.of(by_digest[digest] for digest in fresh) if self._usable and fresh else None
        self.looked_through = 0
        """Texts in which it had to look for all names."""

    @property
    def entries(self) -> Iterable[int]:
        """The digests of all names that are looked up."""
        return self._by_digest.keys()

    def mentions(self, text: Text) -> Iterator[FoundMention]:
        """Everything named in a text."""
        digest = int.from_bytes(
            hashlib.blake2b(text.text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
        )
        said = self._said_before(text, digest)
        if said is not None:
            self.found[text.uid, text.page] = digest, said
            yield from (self._mention(text, hit) for hit in said)
            return
        self.looked_through += 1
        mentions = list(self.plain.mentions(text))
        self.found[text.uid, text.page] = digest, [self._said(mention) for mention in mentions]
        yield from mentions

    def _said_before(self, text: Text, digest: int) -> list[_Said] | None:
        known = self._kept.texts.get((text.uid, text.page)) if self._usable else None
        if known is None or known[0] != digest or (text.from_ocr and not self._same_names):
            return None
        if any(hit[0] not in self._by_digest for hit in known[1]):
            return None
        if self._fresh is not None and find(text.text, self._fresh):
            return None
        return known[1]

    def _mention(self, text: Text, said: _Said) -> FoundMention:
        entry, begin, end, exact_case, broken, similarity, margin, label, labelled = said
        hit = Hit(self._by_digest[entry], begin, end, exact_case, broken, similarity, margin, tuple(label))
        return FoundMention(text.uid, text.page, text.text, hit, labelled)

    def _said(self, mention: FoundMention) -> _Said:
        hit = mention.hit
        place = hit.begin, hit.end, hit.exact_case, hit.broken, hit.similarity, hit.margin
        return self._digests[id(hit.entry)], *place, hit.label, mention.labelled


def _digest_of(entry: Entry) -> int:
    said = "\0".join((str(entry.column), entry.value, entry.form, *entry.tokens, "", *entry.uids))
    return int.from_bytes(hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _of(finder: Finder) -> str:
    """What the findings depend on besides names and texts: which columns are meant, how they are called, and the code."""
    heads = [(head.number, str(head.column), sorted(head.label_words)) for head in finder.heads]
    return hashlib.blake2b(repr((_code(), heads)).encode(), digest_size=16).hexdigest()


@cache
def _code() -> str:
    files = sorted(Path(str(module.__file__)) for module in (finding, lexicons, ocr, scan, tokens))
    return hashlib.blake2b(b"\0".join(path.read_bytes() for path in files), digest_size=16).hexdigest()
