"""The parent's end of the RDF store's process: starts it when needed, sends requests, ends it when one runs away."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

from bifrost.errors import NotAcceptableError, StoreError, StoreFullError
from graphstore.sparql_worker import position_of, read_message, write_message

__all__ = ["ChildLimitError", "ChildProcess", "ChildQueryError", "ChildTimeoutError", "FolderInUseError"]

_START_SECONDS = 60.0
_WRITE_SECONDS = 600.0
_TRIES = 3
_LONG_SECONDS = 1.0
"""From when on a request may be what used up the memory."""


class ChildTimeoutError(Exception):
    """The request took too long; the child was ended."""


class ChildLimitError(Exception):
    """The request needed more memory or gave a larger result than it may."""


class FolderInUseError(Exception):
    """Another process has the folder open."""


class ChildQueryError(Exception):
    """The query is wrong. ``line`` is None for errors while it ran."""

    def __init__(self, message: str, line: int | None, column: int | None) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class _GoneError(Exception):
    """The child ended before it answered. ``suspected``: of all requests, this one alone took its time."""

    def __init__(self, suspected: bool = False) -> None:
        super().__init__()
        self.suspected = suspected


class ChildProcess:
    """Requests to one child, from any thread. The child starts with the first request."""

    def __init__(self, folder: Path, stamp: str) -> None:
        self._folder, self._stamp = folder, stamp
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def call(self, operation: str, *arguments: Any, timeout: float = _WRITE_SECONDS) -> Any:
        """The result of an operation. Another request's runaway may end the child; then this one is sent again, within the
        same ``timeout``."""
        deadline = time.monotonic() + timeout
        for _ in range(_TRIES):
            running = self._start()
            try:
                return running.call(operation, arguments, max(deadline - time.monotonic(), 0.0))
            except FutureTimeoutError:
                self._end(running)
                raise ChildTimeoutError from None
            except _GoneError as error:
                self._end(running)
                if error.suspected and running.ran_out_of_memory():
                    break
        if operation == "query":
            raise ChildLimitError("The query needs more memory than it may use.")
        raise StoreError("The RDF store ends again and again.", remedy=f"Delete {self._folder}; it is made again.")

    def position(self) -> int:
        """How far the folder has followed, whichever process serves it; starts no child and waits for none."""
        return position_of(self._folder, self._stamp)

    def _start(self) -> "_Running":
        with self._lock:
            if self._running is None:
                self._running = _Running(self._folder, self._stamp)
            return self._running

    def _end(self, running: "_Running") -> None:
        with self._lock:
            if self._running is running:
                self._running = None
        running.end()

    def close(self) -> None:
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.end()


class _Running:
    """One child process and the thread that reads its answers."""

    def __init__(self, folder: Path, stamp: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "graphstore.sparql_worker", str(folder), stamp],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._sending = threading.Lock()
        started = Future[Any]()
        self._waiting = {0: (started, time.monotonic())}
        self._last = 0
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True, name="sparql-answers")
        self._reader.start()
        try:
            _outcome(started.result(_START_SECONDS))
        except BaseException:
            self.end()
            raise

    def call(self, operation: str, arguments: tuple[Any, ...], timeout: float) -> Any:
        with self._sending:
            if self._ended:
                raise _GoneError
            self._last += 1
            id, future = self._last, Future[Any]()
            self._waiting[id] = (future, time.monotonic())
            try:
                assert self._process.stdin is not None
                write_message(self._process.stdin, (id, operation, arguments))
            except OSError:
                raise _GoneError from None
        return _outcome(future.result(timeout))

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while (message := read_message(self._process.stdout)) is not None:
                id, *outcome = message
                self._waiting.pop(id)[0].set_result(outcome)
        except (OSError, ValueError, EOFError):
            pass
        with self._sending:
            self._ended = True
            left = [(future, since) for future, since in self._waiting.values() if not future.done()]
            long = [future for future, since in left if len(left) == 1 or time.monotonic() - since >= _LONG_SECONDS]
            for future, _ in left:
                future.set_exception(_GoneError(suspected=long == [future]))
            self._waiting.clear()

    def ran_out_of_memory(self) -> bool:
        """Whether the child, now ended, did so itself, as RocksDB and the query engine do without memory."""
        return self._process.returncode == -signal.SIGABRT

    def end(self) -> None:
        """Ends the child at once. Its store survives that: RocksDB writes a log of its own."""
        self._process.kill()
        self._process.wait()
        self._reader.join(10)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue


def _outcome(outcome: Any) -> Any:
    kind, details = outcome
    match kind:
        case "ok":
            return details
        case "limit":
            raise ChildLimitError(details)
        case "format":
            raise NotAcceptableError(f"The result has none of the accepted formats. There are: {details}.")
        case "in_use":
            raise FolderInUseError
        case "query":
            raise ChildQueryError(*details)
    if "No space left on device" in details[0]:
        raise StoreFullError("The RDF store has no disk space left.")
    raise StoreError(f"The RDF store reports: {details[0]}")
