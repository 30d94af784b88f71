"""What people taught one project, for the next one: features and verdicts, never names or values.

A file of a few kilobytes. The answers of another project count less than one's own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bifrost.errors import InputError
from bifrost.links import Judgement, LinkKind, LinkType
from linking.scoring import answers, load_priors

__all__ = ["KeptKnowledge", "Knowledge", "export_knowledge", "import_knowledge", "keep_knowledge", "kept_knowledge"]

_FORMAT = "bifrost-linking-knowledge-1"
_MAX_EXAMPLES = 10_000
_FILE = "linking-knowledge.json"
WEIGHT = 0.5
"""How much an answer of another project counts beside one of this project."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Per kind the features and verdicts of judged link types."""

    examples: Mapping[LinkKind, tuple[tuple[Mapping[str, float], bool], ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.examples.values()))


def export_knowledge(known: Sequence[LinkType], judgements: Sequence[Judgement]) -> bytes:
    """The answers of a project as a file. Only numbers of known features leave the project."""
    kinds = {}
    for kind, prior in load_priors().items():
        allowed = {*prior.names, "odds_share"}
        features, labels = answers(kind, known, judgements)
        kinds[kind.value] = [
            {"confirmed": label, "features": {k: v for k, v in f.items() if k in allowed}}
            for f, label in zip(features, labels, strict=True)
        ]
    return json.dumps({"format": _FORMAT, "kinds": kinds}, separators=(",", ":")).encode()


def import_knowledge(content: bytes) -> Knowledge:
    """The inverse of :func:`export_knowledge`. Raises InputError for anything else."""
    remedy = "Choose a file that 'export knowledge' wrote."
    try:
        data = json.loads(content)
        if data["format"] != _FORMAT:
            raise InputError(f"This is {data['format']!r}, not {_FORMAT!r}.", remedy=remedy)
        examples = {
            LinkKind(kind): tuple(
                ({str(k): float(v) for k, v in entry["features"].items()}, bool(entry["confirmed"]))
                for entry in entries[:_MAX_EXAMPLES]
            )
            for kind, entries in data["kinds"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("This is no file of linking knowledge.", remedy=remedy) from error
    return Knowledge(examples)


def keep_knowledge(data_dir: Path, content: bytes) -> Knowledge:
    """Puts a file of knowledge where :func:`kept_knowledge` finds it. Raises InputError for anything else."""
    knowledge = import_knowledge(content)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / _FILE).write_bytes(content)
    return knowledge


def kept_knowledge(data_dir: Path) -> Knowledge:
    """What was imported into a data directory; nothing where nothing was."""
    file = data_dir / _FILE
    return import_knowledge(file.read_bytes()) if file.exists() else Knowledge()


class KeptKnowledge:
    """What was imported into a data directory, read again when another process imports more. Calling it gives it."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._read: tuple[tuple[int, int], Knowledge] = ((0, 0), Knowledge())

    def __call__(self) -> Knowledge:
        file = self._data_dir / _FILE
        stat = file.stat() if file.exists() else None
        version = (stat.st_mtime_ns, stat.st_size) if stat is not None else (0, 0)
        if self._read[0] != version:
            self._read = version, kept_knowledge(self._data_dir)
        return self._read[1]
