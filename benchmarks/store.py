"""The store: bulk load with provenance, re-ingest, opening, reads and the projections that follow.

The baseline of the bulk load is the same served graph written by plain sqlite3 ``executemany`` into the served tables
with their indexes, without fragments, provenance, value index and change log, until it is committed. Each part
runs in a process of its own, so that its peak memory is its own. Figures are wall-clock; ``cpu`` figures count
processor time alone.
"""

import multiprocessing
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from benchmarks.report import Report, arguments
from benchmarks.store_following import lag
from bifrost.catalog import Source
from bifrost.values import DatasetInfo, DatasetKind, Evidence, Fragment, LinkStatement, RecordFragments, Value

Figures = dict[str, float]
_LAG_SECONDS, _LARGE = 15.0, (2_000_000, 8_000_000)
_LABELS = ("KNOWS", "LIKES", "OWNS")
_BASELINE = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;
CREATE TABLE vertex (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, label INT NOT NULL, properties TEXT NOT NULL);
CREATE TABLE edge (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, label INT NOT NULL, tail INT NOT NULL,
  head INT NOT NULL, properties TEXT NOT NULL, score FLOAT NOT NULL);
CREATE INDEX a ON vertex (label, id); CREATE INDEX b ON edge (tail, label, head);
CREATE INDEX c ON edge (head, label, tail); CREATE INDEX d ON edge (label, id);
"""


@dataclass(frozen=True)
class World:
    """People with a name, an age and a city, and links among them that have a year."""

    folder: Path
    vertices: int
    edges: int
    seed: int

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/store.sqlite"

    @property
    def elements(self) -> int:
        return self.vertices + self.edges

    def records(self, first: int = 0, last: int | None = None) -> Iterator[RecordFragments]:
        chosen, evidence = random.Random(self.seed + first), Evidence("row", column="to")
        pick = chosen.random
        each = self.edges // self.vertices
        for i in range(first, self.vertices if last is None else last):
            uid = f"people/person/{i}"
            said: dict[str, tuple[Value, ...]] = {
                "name": (f"Person {i}",),
                "age": (int(pick() * 90),),
                "city": (f"City {int(pick() * 500)}",),
            }
            links = tuple(
                LinkStatement(
                    f"{uid}#{n}", _LABELS[n % 3], uid, f"people/person/{int(pick() * self.vertices)}",
                    {"since": (1950 + int(pick() * 70),)}, evidence,
                )
                for n in range(each)
            )  # fmt: skip
            yield RecordFragments(str(i), i.to_bytes(16, "big"), (Fragment(uid, "Person", said),), links)


def measured(part: Callable[[World], Figures], world: World) -> Figures:
    """Runs a part in a fresh process; adds its peak memory in MB as ``peak_mb``."""
    context = multiprocessing.get_context("spawn")
    mine, other = context.Pipe()
    process = context.Process(target=_run, args=(part, world, other))
    process.start()
    other.close()
    try:
        return dict(mine.recv())
    finally:
        process.join()


def _run(part: Callable[[World], Figures], world: World, pipe: Connection) -> None:
    figures = part(world)
    pipe.send({**figures, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})


def _open(world: World) -> Any:
    from graphstore.sql import SqlStore

    store = SqlStore(world.url)
    store.migrate()
    return store


def _register(store: Any, *datasets: str) -> None:
    store.catalog.add_source(Source("people", "table"))
    infos = [DatasetInfo(name, DatasetKind.TABLE) for name in datasets]
    store.catalog.save_datasets("people", infos, dict.fromkeys(datasets, "Person"))


# ---- parts -----------------------------------------------------------------------------------------------------------


def generate(world: World) -> Figures:
    start = time.process_time()
    count = sum(1 for _ in world.records())
    return {"seconds": time.process_time() - start, "records": count}


def baseline(world: World) -> Figures:
    """Plain sqlite3, the served tables alone."""

    def vertices() -> Iterator[tuple[Any, ...]]:
        for i, record in enumerate(world.records()):
            yield i, record.fragments[0].uid, 1, orjson.dumps(record.fragments[0].properties).decode()

    def edges() -> Iterator[tuple[Any, ...]]:
        for i, record in enumerate(world.records()):
            for n, link in enumerate(record.links):
                head = int(link.head.rsplit("/", 1)[1])
                yield i * len(record.links) + n, link.uid, n % 3, i, head, orjson.dumps(link.properties).decode(), 1.0

    connection = sqlite3.connect(world.folder / "baseline.sqlite", isolation_level=None)
    wall, cpu = time.perf_counter(), time.process_time()
    connection.executescript(_BASELINE)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO vertex VALUES (?, ?, ?, ?)", vertices())
    connection.executemany("INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?)", edges())
    connection.execute("COMMIT")
    figures = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    connection.close()
    return figures


def load(world: World) -> Figures:
    store = _open(world)
    _register(store, "person")
    wall, cpu = time.perf_counter(), time.process_time()
    store.fragments.bulk_load("people", "person", world.records(), 1)
    figures = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    start = time.perf_counter()
    store.close()
    figures["close"] = time.perf_counter() - start
    figures["disk_mb"] = (world.folder / "store.sqlite").stat().st_size / 2**20
    return figures


def reads(world: World) -> Figures:
    start = time.perf_counter()
    store = _open(world)
    view = store.view()
    view.vertex("people/person/7")
    figures = {"open": time.perf_counter() - start}
    start = time.perf_counter()
    view.label_counts()
    figures["counts"] = time.perf_counter() - start
    chosen = random.Random(world.seed)
    ids = [f"people/person/{chosen.randrange(world.vertices)}" for _ in range(300)]

    def two_hops(id: str) -> None:
        first = view.edges_of([id])[id]
        view.edges_of([edge.head if edge.tail == id else edge.tail for edge in first])

    from bifrost.graph import PropertyFilter

    calls: dict[str, Callable[[str], Any]] = {
        "vertex": view.vertex,
        "one_hop": lambda uid: view.edges_of([uid]),
        "two_hops": two_hops,
        "by_value": lambda uid: view.vertices(
            "Person", [PropertyFilter("name", "eq", f"Person {uid.rsplit('/', 1)[1]}")]
        ),
        "origins": view.vertex_origins,
    }
    for name, call in calls.items():
        times = []
        for id in ids:
            start = time.perf_counter()
            call(id)
            times.append(time.perf_counter() - start)
        figures[name] = statistics.median(times) * 1000
    store.close()
    return figures


def again(world: World) -> Figures:
    """The same records once more, then a tenth of a percent of them changed."""
    store = _open(world)
    figures, batch = {}, 10_000
    some = min(world.vertices, 50_000)
    start = time.perf_counter()
    for first in range(0, some, batch):
        records = [RecordFragments(str(i), i.to_bytes(16, "big")) for i in range(first, min(first + batch, some))]
        report = store.fragments.replace("people", "person", records, 2)
        assert report.unchanged == len(records)
    figures["unchanged"] = some / (time.perf_counter() - start)
    count = min(1_000, world.vertices)
    changed = [
        RecordFragments(record.key, b"changed" + record.key.encode(), record.fragments, record.links)
        for record in world.records(0, count)
    ]
    start = time.perf_counter()
    store.fragments.replace("people", "person", changed, 3)
    figures["changed"] = count / (time.perf_counter() - start)
    store.close()
    return figures


def replacing(world: World) -> Figures:
    """The way of the pipeline: new records in batches of 10,000, with a diff."""
    small = World(world.folder / "replacing", min(world.vertices, 20_000), min(world.edges, 100_000), world.seed)
    store = _open(small)
    _register(store, "person")
    seconds = 0.0
    for first in range(0, small.vertices, 10_000):
        records = list(small.records(first, min(first + 10_000, small.vertices)))
        start = time.perf_counter()
        store.fragments.replace("people", "person", records, 1)
        seconds += time.perf_counter() - start
    figures = {"rate": small.elements / seconds}
    from graphstore.search import SearchProjection
    from graphstore.sparql import SparqlProjection

    sparql = SparqlProjection(store, small.folder / "rdf", "https://graph.test/")
    for name, projection in (("search", SearchProjection(store)), ("sparql", sparql)):
        start = time.perf_counter()
        applied = projection.catch_up()
        figures[name] = applied / (time.perf_counter() - start)
        projection.close()
    store.close()
    lags = lag(small.url, small.folder, _LAG_SECONDS)
    return figures | {f"lag_{name}": value for name, value in lags.items()}


def main() -> None:
    parser = arguments("Bulk load, re-ingest, opening, reads and projections of the embedded store.")
    parser.add_argument("--vertices", type=int, default=200_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument(
        "--only-load", action="store_true", help="bulk load, open and read only (for very large graphs)"
    )
    parser.add_argument(
        "--large", action="store_true", help="also load, open and read 2 million vertices, 8 million edges"
    )
    chosen = parser.parse_args()
    report = Report("store", chosen.seed)
    with tempfile.TemporaryDirectory(prefix="bifrost-bench-") as folder:
        world = World(Path(folder), chosen.vertices, chosen.edges, chosen.seed)
        made = measured(generate, world)
        report.add("generate.cpu_seconds", made["seconds"], note="part of every load below")
        plain, loaded = measured(baseline, world), measured(load, world)
        rate, cpu_rate = world.elements / loaded["seconds"], world.elements / loaded["cpu"]
        report.add("load.elements_per_second", rate, baseline=world.elements / plain["seconds"], bar=100_000)
        report.add("load.elements_per_cpu_second", cpu_rate, baseline=world.elements / plain["cpu"])
        report.add("load.close_seconds", loaded["close"], note="until the committed log is copied into the database")
        report.add("load.peak_mb", loaded["peak_mb"], baseline=plain["peak_mb"], bar=700)
        report.add("load.disk_mb", loaded["disk_mb"])
        found = measured(reads, world)
        report.add("open.seconds", found["open"], bar=1, note="with the first vertex read")
        report.add("counts.seconds", found["counts"], note="vertices and edges by label, first time")
        for name in ("vertex", "one_hop", "two_hops", "by_value", "origins"):
            report.add(f"read.{name}_ms", found[name], note="median of 300")
        report.add("read.peak_mb", found["peak_mb"])
        if not chosen.only_load:
            repeated, followed = measured(again, world), measured(replacing, world)
            report.add("replace.elements_per_second", followed["rate"], note="new records by diff")
            report.add("replace.unchanged_records_per_second", repeated["unchanged"])
            report.add("replace.changed_records_per_second", repeated["changed"], note="each with its links")
            report.add("search.changes_per_second", followed["search"], bar=1_000)
            report.add("sparql.changes_per_second", followed["sparql"], bar=1_000)
            report.add("lag.changes_per_second", followed["lag_rate"], note="written by another process meanwhile")
            for name in ("search", "sparql"):
                for figure in ("max", "p95"):
                    report.add(f"lag.{name}_{figure}_seconds", followed[f"lag_{name}_{figure}"], bar=2)
        if chosen.large:
            _add_large(report, World(Path(folder) / "large", *_LARGE, chosen.seed))
    report.write(chosen.json)


def _add_large(report: Report, world: World) -> None:
    world.folder.mkdir()
    loaded, found = measured(load, world), measured(reads, world)
    report.add("large.load.elements_per_second", world.elements / loaded["seconds"])
    report.add("large.load.peak_mb", loaded["peak_mb"], bar=2_000)
    report.add("large.load.disk_mb", loaded["disk_mb"])
    report.add("large.open.seconds", found["open"], bar=1)
    report.add("large.counts.seconds", found["counts"])
    for name in ("vertex", "one_hop", "two_hops", "by_value", "origins"):
        report.add(f"large.read.{name}_ms", found[name], note="median of 300")
    report.add("large.read.peak_mb", found["peak_mb"], bar=2_000)


if __name__ == "__main__":
    main()
