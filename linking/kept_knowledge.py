"""Knowledge of other projects in the data directory: each imported file for itself, so that it can be taken out again."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.values import digest_of
from linking.knowledge import Knowledge, import_knowledge

__all__ = ["Imported", "KeptKnowledge"]

_FOLDER = "knowledge"


@dataclass(frozen=True, slots=True)
class Imported:
    """A file of knowledge, with how many answers about link types and about pairs it holds."""

    id: str
    name: str
    by: str
    at: datetime
    about_types: int
    about_pairs: int


class KeptKnowledge:
    """What was imported into a data directory, read again when another process imports more. Calling it gives it all."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / _FOLDER
        self._read: tuple[tuple[str, ...], Knowledge] = ((), Knowledge())

    def __call__(self) -> Knowledge:
        # A file never changes, and its name tells what is in it.
        version = tuple(path.stem for path in self._files())
        if self._read[0] != version:
            every = Knowledge()
            for path in self._files():
                every = every + import_knowledge(_content(path)[1])
            self._read = version, every
        return self._read[1]

    def add(self, content: bytes, by: str, name: str = "") -> Imported:
        """Raises InputError for a file that is none of knowledge or that teaches nothing, ConflictError for one that is here."""
        knowledge = import_knowledge(content)
        if not len(knowledge):
            raise InputError(
                "Nobody had answered anything where this file was written: it teaches nothing.",
                remedy="Answer some questions there first, then export again.",
            )
        id = digest_of((content,)).hex()[:12]
        path = self._folder / f"{id}.json"
        if path.exists():
            raise ConflictError("This file was imported already.", remedy="Its answers count once, and do already.")
        made = Imported(id, name, by, datetime.now(UTC), knowledge.about_types, knowledge.about_pairs)
        said = {"name": name, "by": by, "at": made.at.isoformat(), "types": made.about_types, "pairs": made.about_pairs}
        self._folder.mkdir(parents=True, exist_ok=True)
        # Readers never see half a file.
        fresh = path.with_suffix(".new")
        fresh.write_bytes(json.dumps(said).encode() + b"\n" + content)
        fresh.replace(path)
        return made

    def imports(self) -> list[Imported]:
        """Newest first."""
        found = [_imported(path) for path in self._files()]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)

    def remove(self, id: str) -> Imported:
        """Takes an import out again. Raises NotFoundError."""
        for path in self._files():
            if path.stem == id:
                made = _imported(path)
                path.unlink(missing_ok=True)
                return made
        raise NotFoundError(f"Nothing was imported as {id!r}.")

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []


def _imported(path: Path) -> Imported:
    said = json.loads(_content(path)[0])
    at = datetime.fromisoformat(said["at"])
    return Imported(path.stem, said["name"], said["by"], at, int(said["types"]), int(said["pairs"]))


def _content(path: Path) -> tuple[bytes, bytes]:
    """What is known of the import, and the file as it was given."""
    head, _, content = path.read_bytes().partition(b"\n")
    return head, content
