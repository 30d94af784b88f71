"""Predicted links that are kept until the graph changes: what was asked before is answered at once, in any process.

The newest trained model stays in memory, so that another question about the same graph needs no training either.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from bifrost.values import digest_of

if TYPE_CHECKING:  # learning needs torch, which not every command does
    from linking.prediction.predictor import Predictor

__all__ = ["KeptPredictions", "Prediction", "PredictionOptions", "Predictions"]


_log = structlog.get_logger(__name__)
_MOST = 100
"""Answers about one state of the graph that are kept."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A link from ``tail`` to ``head`` that is not in the graph. ``score`` is its probability among all heads; ``paths`` are
    written out, the one that speaks most for it first."""

    tail: str
    tail_name: str
    head: str
    head_name: str
    score: float
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Predictions:
    """``serves`` says which model won on held-out links, ``validation`` the filtered MRR there of all that were tried, and
    ``learnt`` when that was. They are empty where no vertex was ``asked`` for, so that nothing had to be learnt."""

    label: str
    links: tuple[Prediction, ...]
    asked: int
    serves: str
    validation: Mapping[str, float]
    learnt: datetime | None = None


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """Up to ``subjects`` vertices are asked for links called ``label``: those that have no such link yet, or with ``linked``
    those that have some. Learning takes up to ``seconds`` on one core."""

    label: str
    subjects: int = 200
    linked: bool = False
    seconds: float = 60.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Model:
    key: str
    predictor: "Predictor"
    at: datetime


class KeptPredictions:
    """Answers in ``folder`` (in memory only without one) and the newest model. Safe to use from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._model: _Model | None = None
        self._answers: dict[str, Predictions] = {}

    def answer(self, state: str, options: PredictionOptions) -> Predictions | None:
        """What was found in this state of the graph, if that was asked."""
        name = _name(state, options)
        with self._lock:
            if name not in self._answers and self._folder is not None:
                # What is missing or damaged is learnt again.
                with suppress(OSError, ValueError, KeyError, TypeError):
                    self._answers[name] = _read((self._folder / name).read_text(encoding="utf-8"))
            return self._answers.get(name)

    def keep(self, state: str, options: PredictionOptions, found: Predictions) -> None:
        """Keeps an answer; those about earlier states of the graph go."""
        name = _name(state, options)
        with self._lock:
            self._answers = {key: one for key, one in self._answers.items() if key.startswith(state)}
            if len(self._answers) >= _MOST:
                del self._answers[next(iter(self._answers))]
            self._answers[name] = found
            if self._folder is None:
                return
            try:
                self._write(self._folder, state, name, _written(found))
            except OSError as error:
                # A full disk is no reason to withhold what took a minute to find.
                _log.warning("predictions.not_kept", error=str(error))

    def forget(self) -> None:
        """Lets all answers and the model go, because what they tell of was removed."""
        with self._lock:
            self._answers.clear()
            self._model = None
            for path in () if self._folder is None else self._folder.glob("*"):
                path.unlink(missing_ok=True)

    def _write(self, folder: Path, state: str, name: str, text: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now = [path for path in folder.glob("*") if path.name.startswith(state) and path.suffix == ".json"]
        newest = sorted(now, key=lambda path: path.stat().st_mtime, reverse=True)[: _MOST - 1]
        for path in set(folder.glob("*")) - set(newest):
            path.unlink(missing_ok=True)
        # Readers never see half a file, nor do two who write at once.
        fresh = folder / f"{name}.{os.getpid()}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(folder / name)

    def model(
        self, state: str, options: PredictionOptions, train: "Callable[[], Predictor]"
    ) -> "tuple[Predictor, datetime]":
        """The model of this state of the graph and when it was trained; trains where there is none."""
        key = f"{state} {options.seconds} {options.seed}"
        with self._lock:
            known = self._model
        if known is None or known.key != key:
            known = _Model(key, train(), datetime.now(UTC))
            with self._lock:
                self._model = known
        return known.predictor, known.at


def _name(state: str, options: PredictionOptions) -> str:
    return f"{state}-{digest_of((repr(astuple(options)).encode(),)).hex()[:16]}.json"


def _written(found: Predictions) -> str:
    at = None if found.learnt is None else found.learnt.isoformat()
    return json.dumps({**asdict(found), "learnt": at}, ensure_ascii=False)


def _read(text: str) -> Predictions:
    data: Mapping[str, Any] = json.loads(text)
    links = tuple(Prediction(**{**one, "paths": tuple(one["paths"])}) for one in data["links"])
    learnt = None if data["learnt"] is None else datetime.fromisoformat(data["learnt"])
    return Predictions(data["label"], links, data["asked"], data["serves"], data["validation"], learnt)
