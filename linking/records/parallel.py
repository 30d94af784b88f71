"""Work on all processors that the process may use: threads, for numpy and scipy let go of the interpreter while they work."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

__all__ = ["each", "in_order", "processors"]

Item = TypeVar("Item")
Result = TypeVar("Result")


_MOST = 8
"""Each one more works on a block of its own, which takes memory."""
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def processors(quota: Path = _QUOTA) -> int:
    """How many processors this process may use, up to eight; ``quota`` is the file in which a container's share stands."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no file, or no limit in it
        share, period = quota.read_text(encoding="ascii").split()
        count = min(count, -(-int(share) // int(period)))
    return max(1, min(count, _MOST))


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``work`` of each item, in the order of the items. Only a few items more than there are processors are under way."""
    items = iter(items)
    first = list(itertools.islice(items, 2))
    items = itertools.chain(first, items)
    workers = processors()
    if workers == 1 or len(first) == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for left in waiting:
                left.cancel()


def each(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Does the work for every item."""
    for _ in in_order(work, items):
        pass
