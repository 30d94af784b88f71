"""The files of an exported graph: in a ZIP archive, in a folder or one by one, compressed by gzip or not."""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

from bifrost.errors import InputError
from bifrost.values import Value

__all__ = ["NOTHING_LOADED", "GraphFile", "Loaded", "Part", "graph_files", "wrong"]

NOTHING_LOADED = "Correct the file and load again; nothing was loaded."
_FORMATS = {
    ".parquet": "parquet",
    ".csv": "csv",
    **dict.fromkeys((".json", ".jsonl", ".graphson"), "graphson"),
    **dict.fromkeys((".graphml", ".xml"), "graphml"),
}
_ELSEWHERE = {
    **dict.fromkeys((".nq", ".ttl", ".nt", ".trig", ".jsonld", ".rdf"), "Register RDF files as a source: bifrost source add"),
}  # fmt: skip
_EXPECTED = (
    "Give what `bifrost export parquet`, `neptune-csv`, `opencypher-csv`, `graphson` or `graphml` wrote, or a folder of such "
    "files."
)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
"""What a damaged, cut or encrypted file makes its reader raise."""
_NO_ARCHIVE = (*_BROKEN, ValueError, struct.error)
"""What an archive whose list of files is damaged does."""


class Loaded(NamedTuple):
    """A vertex, or an edge where it has ends, as line (or row, from 1) ``line`` of its file says. ``score`` is an edge's."""

    line: int
    label: str
    id: str
    properties: Mapping[str, tuple[Value, ...]]
    tail: str | None = None
    head: str | None = None
    score: float = 1.0


class Part(NamedTuple):
    """Some elements of one file. ``unit`` is what its lines are called."""

    file: str
    unit: str
    elements: list[Loaded]


@dataclass(frozen=True, slots=True)
class GraphFile:
    """One file. ``name`` is relative to the folder or archive; ``member`` names it inside of the archive ``path``."""

    name: str
    path: Path
    member: str | None = None

    @property
    def format(self) -> str | None:
        return _FORMATS.get(_suffix(self.name))

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The content. Raises InputError where the file is damaged, while it is read, too."""
        with ExitStack() as stack:
            try:
                if self.member is None:
                    stream: IO[bytes] = stack.enter_context(self.path.open("rb"))
                else:
                    stream = stack.enter_context(_member(stack.enter_context(zipfile.ZipFile(self.path)), self.member))
                if self.name.lower().endswith(".gz"):
                    stream = stack.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=stream)))
                yield stream
            except _BROKEN as error:
                raise InputError(
                    f"{self.name} cannot be read: {error}", remedy="Export or copy it again; nothing was loaded."
                ) from None


def graph_files(path: Path) -> tuple[str, list[GraphFile]]:
    """The format (parquet, csv, graphson or graphml) of an export and its files, by name. Raises InputError for anything else."""
    if not path.exists():
        raise InputError(f"There is no file or folder {path}.", remedy=_EXPECTED)
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        found = [GraphFile(name, path / name) for name in names]
    elif path.suffix.lower() == ".zip":
        found = [GraphFile(name, path, name) for name in sorted(_members(path))]
    else:
        found = [GraphFile(path.name, path)]
    files = [file for file in found if file.format is not None]
    formats = sorted({file.format for file in files if file.format is not None})
    if not formats:
        hints = [_ELSEWHERE[suffix] for suffix in map(_suffix, (file.name for file in found)) if suffix in _ELSEWHERE]
        raise InputError(f"{path} holds no graph that can be loaded.", remedy=hints[0] if hints else _EXPECTED)
    if len(formats) > 1:
        raise InputError(
            f"{path} holds files of several formats: {', '.join(formats)}.",
            remedy="Load a folder with the files of one export.",
        )
    return formats[0], files


def wrong(file: str, unit: str, line: int, problem: str, remedy: str = "") -> InputError:
    """The error for one line of a file."""
    return InputError(f"{file} {unit} {line}: {problem}", remedy=remedy or NOTHING_LOADED)


def _suffix(name: str) -> str:
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except _NO_ARCHIVE as error:
        raise zipfile.BadZipFile(error) from None


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [info.filename for info in archive.infolist() if not info.filename.endswith("/")]
    except _NO_ARCHIVE as error:
        raise InputError(f"{path} is no ZIP archive: {error}", remedy=_EXPECTED) from None
