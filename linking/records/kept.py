"""Matched tasks that are kept, so that an answer or a sync does again only what depends on it.

The tasks are caches: what a small task gives never depends on whether an earlier run was kept. In a large one, frequencies, what
agreement is worth and the number of partners stay as they were estimated until a tenth of the records has changed since.
"""

import hashlib
import json
import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from linking.caches import folder_of, forget_others
from linking.records.adapt import Answers
from linking.records.candidates import Change
from linking.records.fields import Records
from linking.records.linked import Linked
from linking.records.matching import Matching, match_records, rematch_records
from linking.records.options import MatchOptions
from linking.records.packing import pack, unpack
from linking.records.prepared import MULTIPLE_FEATURES
from linking.records.sync import change_between

__all__ = ["KeptTasks"]

LARGE = 20_000
"""Records of both tables from which on a sync is matched incrementally; fewer are matched anew in seconds."""
DRIFT = 0.1
"""Share of records that may have changed since the statistics were estimated; beyond it they are estimated anew."""
IN_MEMORY = 300_000
"""The latest tasks of up to so many candidate pairs together (about 300 MB) are kept in memory."""
FORMAT = 8
"""To be raised when a change of code makes kept tasks unusable."""
_STATE, _INFO = "matching", "info.json"


@dataclass(frozen=True, slots=True)
class _Kept:
    """The latest run of a task; ``drift`` counts the records changed since its statistics were estimated."""

    key: str
    matching: Matching
    drift: int


class KeptTasks:
    """The latest run of each task, in a folder where they are large. Safe to use from several threads.

    ``large`` is the number of records from which on a task counts as large. Without a ``folder`` every change is matched
    anew. Files that are damaged or of another version are as good as none.
    """

    def __init__(self, folder: Path | None = None, *, large: int = LARGE) -> None:
        self._folder, self._large = folder, large
        self._lock = threading.Lock()
        self._latest: dict[str, _Kept] = {}

    def match(
        self,
        key: str,
        records: Records,
        options: MatchOptions | None = None,
        answers: Answers | None = None,
        linked: Sequence[Linked] = (),
    ) -> Matching:
        """Like ``match_records``, by what is kept under ``key`` as far as it still holds.

        What pairs are linked to is looked at anew for all of them, so that a change of neighbours counts.
        """
        options = options or MatchOptions()
        with self._lock:
            kept = self._read(key)
        change = None
        if kept is not None and kept.matching.options == options:
            change = change_between(kept.matching.records, records)
        if kept is None or change is None:
            return self._keep(_Kept(key, match_records(records, options, answers=answers, linked=linked), 0))
        drift = kept.drift + _size(change)
        if drift == kept.drift:
            like = kept.matching if kept.drift else None
            blocked = kept.matching.blocked
            return match_records(records, options, answers=answers, prepared=blocked, like=like, linked=linked)
        if self._folder is None or sum(records.shape) < self._large or drift > DRIFT * sum(records.shape):
            return self._keep(_Kept(key, match_records(records, options, answers=answers, linked=linked), 0))
        again = rematch_records(kept.matching, records, change, answers=answers, linked=linked)
        return self._keep(_Kept(key, again, drift))

    def forget(self, known: frozenset[str]) -> None:
        """Deletes the tasks of all other keys, and whatever else is kept for them in the same folder."""
        with self._lock:
            self._latest = {key: kept for key, kept in self._latest.items() if key in known}
            if self._folder is not None:
                forget_others(self._folder, known)

    def _read(self, key: str) -> _Kept | None:
        if key in self._latest:
            return self._latest[key]
        if self._folder is None or not (path := folder_of(self._folder, key)).is_dir():
            return None
        with suppress(OSError, ValueError, LookupError, TypeError, EOFError):
            info = json.loads((path / _INFO).read_text(encoding="utf-8"))
            if info["version"] == _version():
                return _Kept(key, unpack(path / _STATE), int(info["drift"]))
        return None

    def _keep(self, kept: _Kept) -> Matching:
        made = kept.matching
        # Links are looked up, and answers are read, for each run; they are not kept.
        kept = replace(kept, matching=replace(made, linked=(), lesson=None))
        with self._lock:
            self._latest.pop(kept.key, None)
            if len(made.pairs) <= IN_MEMORY:
                self._latest[kept.key] = kept
            while sum(len(one.matching.pairs) for one in self._latest.values()) > IN_MEMORY:
                del self._latest[next(iter(self._latest))]
            if self._folder is not None and sum(kept.matching.records.shape) >= self._large:
                # What cannot be written is done anew next time; an earlier run that stays is still a true one.
                with suppress(OSError):
                    self._write(kept, folder_of(self._folder, kept.key))
        return made

    def _write(self, kept: _Kept, path: Path) -> None:
        """Into a new folder that then takes the place of the old one, so that no half-written task is ever read."""
        fresh = path.with_name(path.name + ".new")
        for folder in (fresh, path.with_name(path.name + ".old")):
            shutil.rmtree(folder, ignore_errors=True)
        (fresh / _STATE).mkdir(parents=True)
        pack(kept.matching, fresh / _STATE)
        info = {"version": _version(), "drift": kept.drift}
        (fresh / _INFO).write_text(json.dumps(info), encoding="utf-8")
        if path.is_dir():
            path.rename(path.with_name(path.name + ".old"))
        fresh.rename(path)
        shutil.rmtree(path.with_name(path.name + ".old"), ignore_errors=True)


def _size(change: Change) -> int:
    """How many records a sync changed, added or took away."""
    sides = zip((change.left, change.right), change.before, strict=True)
    counts = [max(int((old < 0).sum()), before - int((old >= 0).sum())) for old, before in sides]
    return counts[0] if change.right is change.left else sum(counts)


def _version() -> str:
    return f"{FORMAT}-{hashlib.blake2b(repr(MULTIPLE_FEATURES).encode(), digest_size=4).hexdigest()}"
