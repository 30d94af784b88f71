"""Reads files in worker processes, so that a hostile file costs its own record and nothing else.

A file that takes too long or kills its worker becomes a :class:`~bifrost.errors.RecordError`; the pool goes on.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from bifrost.errors import RecordError
from bifrost.values import FileRecord, RecordFragments, digest_of

__all__ = ["DocumentPool", "PoolOptions", "ReadDocument"]

ReadDocument = Callable[[str, str, FileRecord, bytes], RecordFragments]
"""(source, dataset, file, digest) -> what the file says. Raises RecordError."""

_read: ReadDocument | None = None


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """``seconds_per_file`` is the time limit of one file; ``memory_mb`` the address space of one worker (0: no limit)."""

    workers: int
    seconds_per_file: float = 300.0
    memory_mb: int = 6144


class DocumentPool:
    """Implements :class:`bifrost.ports.DocumentReading`.

    ``make_reader`` is called once in each worker process and must be picklable. ``version`` names everything that
    decides what reading gives (readers, models, options), so that files are read again when it changes.
    """

    def __init__(self, make_reader: Callable[[], ReadDocument], version: str, options: PoolOptions) -> None:
        self._make_reader, self._version, self._options = make_reader, version.encode(), options

    def digest(self, record: FileRecord) -> bytes:
        return digest_of((self._version, record.media_type.encode(), record.content))

    def read(self, source: str, dataset: str, records: Iterable[FileRecord]) -> Iterator[RecordFragments | RecordError]:
        stream = iter(records)
        first = next(stream, None)
        if first is None:
            return
        with ProcessPool(
            max_workers=self._options.workers,
            initializer=_start_worker,
            initargs=(self._make_reader, self._options.memory_mb),
            context=multiprocessing.get_context("spawn"),
        ) as pool:
            running: dict[ProcessFuture[RecordFragments], FileRecord] = {}
            try:
                yield from self._run(pool, running, source, dataset, first, stream)
            finally:
                for future in running:
                    future.cancel()  # type: ignore[no-untyped-call]
                pool.stop()  # type: ignore[no-untyped-call]

    def _run(
        self,
        pool: ProcessPool,
        running: dict[ProcessFuture[RecordFragments], FileRecord],
        source: str,
        dataset: str,
        first: FileRecord,
        stream: Iterator[FileRecord],
    ) -> Iterator[RecordFragments | RecordError]:
        pending: FileRecord | None = first
        while pending is not None or running:
            while pending is not None and len(running) < 2 * self._options.workers:
                arguments = [source, dataset, pending, self.digest(pending)]
                future = pool.schedule(_read_file, args=arguments, timeout=self._options.seconds_per_file)
                running[future] = pending
                pending = next(stream, None)
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in [future for future in running if future in done]:
                yield self._result(future, running.pop(future))

    def _result(self, future: ProcessFuture[RecordFragments], record: FileRecord) -> RecordFragments | RecordError:
        try:
            return future.result()
        except RecordError as error:
            return error
        except TimeoutError:
            return RecordError(
                f"{record.key} was not read within {self._options.seconds_per_file:.0f} seconds.", record=record.key
            )
        except ProcessExpired:
            return RecordError(f"{record.key} broke its reader: the process that read it ended.", record=record.key)
        except MemoryError:
            return RecordError(f"{record.key} needs more memory than a reader may use.", record=record.key)


def _start_worker(make_reader: Callable[[], ReadDocument], memory_mb: int) -> None:
    global _read
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    if memory_mb:
        _limit_memory(memory_mb * 2**20)
    _read = make_reader()


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no rlimits
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > size:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def _read_file(source: str, dataset: str, record: FileRecord, digest: bytes) -> RecordFragments:
    if _read is None:
        raise RuntimeError("The worker process was not started by a DocumentPool.")
    return _read(source, dataset, record, digest)
