"""What people taught one project, for the next one: features and verdicts, never names or values.

A file of a few kilobytes. The answers of another project count less than one's own.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bifrost.errors import InputError
from bifrost.links import Judgement, LinkKind, LinkType, PairLesson
from linking.scoring import answers, load_priors

__all__ = ["WEIGHT", "Knowledge", "export_knowledge", "import_knowledge"]

_FORMAT = "bifrost-linking-knowledge-1"
_MAX_EXAMPLES = 10_000
_MAX_LESSONS = 1_000
WEIGHT = 0.5
"""How much an answer of another project counts beside one of this project."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Per kind the features and verdicts of judged link types; ``lessons`` are those of pairs, one per matched link type."""

    examples: Mapping[LinkKind, tuple[tuple[Mapping[str, float], bool], ...]] = field(default_factory=dict)
    lessons: tuple[PairLesson, ...] = ()

    @property
    def about_types(self) -> int:
        """The number of answers about link types."""
        return sum(map(len, self.examples.values()))

    @property
    def about_pairs(self) -> int:
        """The number of answers about pairs."""
        return sum(map(len, self.lessons))

    def __len__(self) -> int:
        return self.about_types + self.about_pairs

    def __add__(self, other: "Knowledge") -> "Knowledge":
        kinds = {*self.examples, *other.examples}
        examples = {kind: (*self.examples.get(kind, ()), *other.examples.get(kind, ())) for kind in kinds}
        return Knowledge(examples, (*self.lessons, *other.lessons))


def export_knowledge(
    known: Sequence[LinkType], judgements: Sequence[Judgement], lessons: Sequence[PairLesson] = ()
) -> bytes:
    """The answers of a project as a file. Only numbers of known features leave the project."""
    kinds = {}
    for kind, prior in load_priors().items():
        allowed = {*prior.names, "odds_share"}
        features, labels = answers(kind, known, judgements)
        kinds[kind.value] = [
            {"confirmed": label, "features": {k: v for k, v in f.items() if k in allowed}}
            for f, label in zip(features, labels, strict=True)
        ]
    pairs = [
        {
            "features": list(lesson.names),
            "answers": [[int(y), o, *x] for y, o, x in zip(lesson.same, lesson.odds, lesson.rows, strict=True)],
        }
        for lesson in lessons
    ]
    return json.dumps({"format": _FORMAT, "kinds": kinds, "pairs": pairs}, separators=(",", ":")).encode()


def import_knowledge(content: bytes) -> Knowledge:
    """The inverse of :func:`export_knowledge`. Raises InputError for anything else."""
    remedy = "Choose the file that 'Export what was learnt' (bifrost links export-knowledge) of another project wrote, unchanged."
    try:
        data = json.loads(content)
        if data["format"] != _FORMAT:
            raise InputError(f"This is {data['format']!r}, not {_FORMAT!r}.", remedy=remedy)
        examples = {
            LinkKind(kind): tuple(
                ({str(k): _number(v) for k, v in entry["features"].items()}, bool(entry["confirmed"]))
                for entry in entries[:_MAX_EXAMPLES]
            )
            for kind, entries in data["kinds"].items()
        }
        return Knowledge(examples, tuple(_lessons(data.get("pairs", []))))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError("This is no file of linking knowledge.", remedy=remedy) from error


def _lessons(entries: Sequence[Any]) -> Iterator[PairLesson]:
    left = _MAX_EXAMPLES
    for entry in entries[:_MAX_LESSONS]:
        names = tuple(str(name) for name in entry["features"])
        rows = [tuple(map(_number, row)) for row in entry["answers"][:left]]
        if any(len(row) != len(names) + 2 for row in rows):
            raise ValueError("an answer has a number per feature")
        left -= len(rows)
        if rows:
            yield PairLesson(
                names, tuple(r[2:] for r in rows), tuple(r[1] for r in rows), tuple(bool(r[0]) for r in rows)
            )


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or abs(number) > 1e9:
        raise ValueError("a feature is a number")
    return number
