"""RDF files as one searchable graph: parsed as a stream by a process of its own, kept on disk when they are large.

Nothing outside the files is ever read: remote JSON-LD contexts are refused, ``owl:imports`` are not followed, XML entities
cannot name files. Every file is a named graph, so that one that turns out to be broken can be taken out again.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox

from bifrost.errors import RecordError

__all__ = ["RdfFile", "RdfGraph", "load"]

_IN_MEMORY = 32 * 2**20
_MEMORY = 2**31
_SECONDS, _SECONDS_PER_MB = 60, 3


@dataclass(frozen=True, slots=True)
class RdfFile:
    """One state of a file: ``modified`` and ``size`` change when its content does. ``key`` is its path in the source."""

    path: Path
    key: str
    modified: int
    size: int


class RdfGraph:
    """What some files say together. ``problems`` are the files that could not be read; they are left out as a whole."""

    def __init__(self, files: tuple[RdfFile, ...]) -> None:
        large = sum(file.size for file in files) > _IN_MEMORY
        self._folder = TemporaryDirectory(prefix="bifrost-rdf-") if large else None
        self.store: Any = ox.Store(None if self._folder is None else self._folder.name)
        self.problems: list[RecordError] = []
        for file in files:
            graph = ox.NamedNode(f"urn:file:{quote(file.key)}")
            try:
                self.store.bulk_extend(_quads(file, graph))
            except (ValueError, OSError) as error:
                self.store.remove_graph(graph)
                why = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
                self.problems.append(
                    RecordError(
                        f"{file.key} is no RDF that can be read: {why.rstrip('.')}.",
                        record=file.key,
                        remedy="Correct the file. Remote contexts and external entities are not fetched; put them into it.",
                    )
                )


@lru_cache(maxsize=2)
def load(files: tuple[RdfFile, ...]) -> RdfGraph:
    """Remembered for as long as no file changes, because a build looks at it once per dataset."""
    return RdfGraph(files)


def _quads(file: RdfFile, graph: ox.NamedNode) -> Iterator[ox.Quad]:
    """The triples of a file, whatever graphs it has. Raises ValueError for a file that cannot be read as a whole."""
    seconds = _SECONDS + _SECONDS_PER_MB * (file.size >> 20)
    limits = [f"file:///{quote(file.key)}", str(_MEMORY), str(seconds)]
    command = [sys.executable, "-m", "connectors._rdf_parse", str(file.path), _format(file), *limits]
    with TemporaryFile() as problems, Popen(command, stdout=PIPE, stderr=problems) as child:
        assert child.stdout is not None
        try:
            for triple in ox.parse(child.stdout, format=ox.RdfFormat.N_TRIPLES):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)
        except SyntaxError:  # the last line of a child that was ended
            pass
        finally:
            child.stdout.close()
            code = child.wait()
        if code:
            problems.seek(0)
            told = problems.read(1000).decode(errors="replace").strip()
            raise ValueError(told if code == 1 and told else "reading it takes more time or memory than a file may")


def _format(file: RdfFile) -> str:
    """The usual suffix of what the file is written in."""
    suffix = file.path.suffix.lower().removeprefix(".")
    if suffix != "owl":
        return suffix
    with file.path.open("rb") as stream:
        start = stream.read(1000).lstrip(b"\xef\xbb\xbf \t\r\n")
    # Ontologies are called .owl whatever they are written in.
    return "rdf" if start.startswith((b"<?xml", b"<rdf:", b"<!--", b"<!DOCTYPE")) else "ttl"
