"""How far search and SPARQL are behind while a process beside the service writes a thousand changes a second."""

import bisect
import multiprocessing
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

__all__ = ["lag"]

RATE, EACH = 1_000, 100
"""Changes a second, and in one transaction: a vertex and an edge per record."""
_LOOK_SECONDS = 0.02


def lag(url: str, folder: Path, seconds: float) -> dict[str, float]:
    """Maximum and 95th percentile of the lag in seconds: the age of the oldest change not shown yet, looked at fifty
    times a second. Over a store that has no source ``lag``."""
    from api.follower import Follower
    from graphstore.search import SearchProjection
    from graphstore.sparql import SparqlProjection
    from graphstore.sql import SqlStore

    store = SqlStore(url)
    followed = (SearchProjection(store), SparqlProjection(store, folder / "rdf", "https://graph.test/"))
    for projection in followed:
        projection.catch_up()
    follower = Follower(followed, folder / "follower.lock")
    follower.start()
    context = multiprocessing.get_context("spawn")
    mine, other = context.Pipe()
    writer = context.Process(target=_write, args=(url, seconds, other))
    began, first = time.time(), store.log.position()
    writer.start()
    other.close()
    # Commits that the writer has told: the position after each, and when it was made.
    positions, times = [first], [began]
    lags: dict[str, list[float]] = {projection.name: [] for projection in followed}
    with suppress(EOFError):
        while True:
            while mine.poll():
                position, at = mine.recv()
                positions.append(position)
                times.append(at)
            for projection in followed:
                oldest = bisect.bisect_right(positions, projection.position())
                late = time.time() - times[oldest] if oldest < len(positions) else 0.0
                lags[projection.name].append(late)
            time.sleep(_LOOK_SECONDS)
    writer.join()
    follower.close()
    figures: dict[str, float] = {"rate": (positions[-1] - first) / (times[-1] - times[1])}
    for name, found in lags.items():
        figures[f"{name}_max"], figures[f"{name}_p95"] = max(found), sorted(found)[int(len(found) * 0.95)]
    for projection in followed:
        projection.close()
    store.close()
    return figures


def _write(url: str, seconds: float, pipe: Connection) -> None:
    from bifrost.catalog import Source
    from bifrost.values import DatasetInfo, DatasetKind
    from graphstore.sql import SqlStore

    store = SqlStore(url)
    store.catalog.add_source(Source("lag", "table"))
    store.catalog.save_datasets("lag", [DatasetInfo("person", DatasetKind.TABLE)], {"person": "Person"})
    start, made = time.time(), 0
    while (due := start + made / RATE) < start + seconds:
        time.sleep(max(due - time.time(), 0))
        store.fragments.replace("lag", "person", _records(made // 2, EACH // 2), 1)
        pipe.send((store.log.position(), time.time()))
        made += EACH
    time.sleep(1)  # until the last changes have been followed, too
    store.close()


def _records(first: int, count: int) -> list[Any]:
    from bifrost.values import Fragment, LinkStatement, RecordFragments

    records = []
    for i in range(first, first + count):
        uid = f"lag/person/{i}"
        link = LinkStatement(f"{uid}#0", "KNOWS", uid, f"lag/person/{max(i - 7, 0)}")
        fragment = Fragment(uid, "Person", {"name": (f"Person {i}",), "age": (i % 90,)})
        records.append(RecordFragments(str(i), i.to_bytes(16, "big"), (fragment,), (link,)))
    return records
