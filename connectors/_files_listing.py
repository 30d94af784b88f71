"""Finds the files of a folder, and keeps every access inside it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from bifrost.errors import SourceError

__all__ = ["MEDIA_TYPES", "RDF", "TABULAR", "FoundFile", "Listing", "dataset_names", "list_files", "resolve_inside"]

TABULAR = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
}
MEDIA_TYPES = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".eml": "message/rfc822",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
RDF = frozenset({".ttl", ".nt", ".nq", ".trig", ".rdf", ".owl", ".jsonld"})
"""Files that are read together, as one graph (connectors/_files_rdf.py)."""

DOCUMENTS = "files"
"""The name of a folder's documents dataset."""

_MOST_FILES = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the source. ``key`` is its path below the root, with forward slashes."""

    key: str
    path: Path
    suffix: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The supported files in order of their keys, and what was left out and why."""

    files: tuple[FoundFile, ...]
    warnings: tuple[str, ...]

    def tables(self) -> list[FoundFile]:
        return [file for file in self.files if file.suffix in TABULAR]

    def rdf(self) -> list[FoundFile]:
        return [file for file in self.files if file.suffix in RDF]

    def documents(self) -> list[FoundFile]:
        return [file for file in self.files if file.suffix in MEDIA_TYPES]


def list_files(root: Path, include: Iterable[str], exclude: Iterable[str], *, recursive: bool) -> Listing:
    """All supported files below ``root``, or ``root`` itself where it is a file. Raises SourceError if there is none such."""
    if root.is_file():
        return Listing((FoundFile(root.name, root, root.suffix.lower()),), ())
    if not root.is_dir():
        raise SourceError(
            f"There is no folder or file {str(root)!r}.",
            remedy="Check the path, and that the account which runs Bifrost may read it.",
        )
    include, exclude = list(include), list(exclude)
    home = root.resolve()
    found: list[FoundFile] = []
    unknown: Counter[str] = Counter()
    outside = 0
    for path in _walk(root, recursive):
        key = path.relative_to(root).as_posix()
        if (include and not _matches(key, include)) or _matches(key, exclude):
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            outside += 1
            continue
        suffix = path.suffix.lower()
        if suffix in TABULAR or suffix in MEDIA_TYPES or suffix in RDF:
            found.append(FoundFile(key, path, suffix))
        elif path.is_file():
            unknown[suffix or "(no suffix)"] += 1
        if len(found) > _MOST_FILES:
            raise SourceError(
                f"{str(root)!r} holds more than {_MOST_FILES:,} files.", remedy="Register its parts as sources."
            )
    warnings = [f"{count} files of an unknown kind skipped: {suffix}" for suffix, count in sorted(unknown.items())]
    if outside:
        warnings.append(f"{outside} links that lead out of the folder skipped")
    return Listing(tuple(sorted(found, key=lambda file: file.key)), tuple(warnings))


def _walk(folder: Path, recursive: bool) -> Iterator[Path]:
    """Files below a folder; hidden files, lock files of office programs and links to folders are passed over."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise SourceError(f"The folder {str(folder)!r} cannot be read: {error.strerror}.") from None
    for entry in entries:
        if entry.name.startswith((".", "~$")):
            continue
        if entry.is_dir():
            if recursive and not entry.is_symlink():
                yield from _walk(entry, recursive)
        else:
            yield entry


def _matches(key: str, patterns: Iterable[str]) -> bool:
    """Patterns match the whole key, or the file's name; ``*`` also crosses folders, ``**/`` also matches none."""
    name = PurePosixPath(key).name
    return any(
        fnmatchcase(key, pattern)
        or fnmatchcase(name, pattern)
        or (pattern.startswith("**/") and fnmatchcase(key, pattern[3:]))
        for pattern in patterns
    )


def resolve_inside(root: Path, key: str) -> Path:
    """The file of a key. Raises SourceError for a key that leads out of the source."""
    if root.is_file():
        inside = key == root.name
        path = root
    else:
        path = root / key
        inside = ".." not in PurePosixPath(key).parts and path.resolve().is_relative_to(root.resolve())
    if not inside:
        raise SourceError(f"{key!r} is not a file of this source.", remedy="Choose a file below the source's folder.")
    return path


def dataset_names(files: Iterable[FoundFile]) -> dict[str, str]:
    """Key -> dataset name: the key without suffix, or with it where two files would share a name."""
    files = list(files)
    bare = {file.key: file.key[: -len(file.suffix)] for file in files}
    uses = Counter([*bare.values(), DOCUMENTS])
    return {key: name if uses[name] == 1 else key for key, name in bare.items()}
