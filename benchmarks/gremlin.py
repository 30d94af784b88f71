"""``python -m benchmarks.gremlin``: the Gremlin engine in process and over the wire.

The same graph and the same queries, beside plain numpy arrays in process and, with ``--peer ws://HOST:PORT/gremlin``,
beside an Apache Gremlin Server over the wire (GraphBinary bytecode; the benchmark EMPTIES the peer's graph and loads its
own, so both must see the same file system). Times are medians in milliseconds.
"""

import gc
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import Order, P, T, TextP

from benchmarks.gremlin_client import BareClient, bytecode_frame, g, requests_per_second, script_frame
from benchmarks.gremlin_graph import BenchGraph, fill_store, make_graph, vertex_id, write_graphson
from benchmarks.report import Report, arguments
from graphstore.gremlin.arrays import Snapshot
from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.served import ServedGraph
from graphstore.gremlin.traverser import Limits
from graphstore.sql import SqlStore

Arrays = Callable[[Snapshot, int], Any]


@dataclass(frozen=True, slots=True)
class Query:
    """``text`` and ``traversal`` take the id of a vertex; ``arrays`` answers the same with numpy alone.

    ``bar`` in process is in ms for narrow queries, a multiple of numpy's time for wide ones.
    """

    name: str
    text: str
    traversal: Callable[[Any], Any]
    arrays: Arrays | None = None
    bar: float | None = None
    wide: bool = False


def _hop(s: Snapshot, indices: Any) -> Any:
    parts = [s.out.ends[s.out.starts[i] : s.out.starts[i + 1]] for i in indices.tolist()]
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _two_hops(s: Snapshot, _: int) -> int:
    return int((np.diff(s.into.starts) * np.diff(s.out.starts)).sum())


def _label(s: Snapshot, name: str) -> Any:
    return s.labels == s.label_numbers([name])[0]


def _price(s: Snapshot, _: int) -> float:
    column = s.column("price")
    assert column.numbers is not None
    return float(column.numbers[column.codes[_label(s, "product")]].mean())


def _cities(s: Snapshot, _: int) -> Any:
    codes = s.column("city").codes[_label(s, "person")]
    return np.bincount(codes[codes >= 0])


def _first_names(s: Snapshot, _: int) -> Any:
    column = s.column("name")
    ranks = column.ranks()[column.codes]
    near = np.argpartition(ranks, 10)[:10]
    return [column.values[column.codes[i]] for i in near[np.argsort(ranks[near])]]


def _search(s: Snapshot, _: int) -> int:
    column = s.column("text")
    return sum("solar wooden" in value for value in column.values)


QUERIES = (
    Query("point", "g.V(x).id()", lambda x: g.V(x).id_(), bar=0.1),
    Query("hop1", "g.V(x).out().id()", lambda x: g.V(x).out().id_(), lambda s, i: _hop(s, np.array([i])), 0.1),
    Query("hop2", "g.V(x).out().out().count()", lambda x: g.V(x).out().out().count(), None, 0.15),
    Query("hop3", "g.V(x).out().out().out().count()", lambda x: g.V(x).out().out().out().count(), None, 0.3),
    Query(
        "filtered_hops",
        "g.V(x).out('knows').has('age',gt(40)).out('knows').has('age',lt(30)).count()",
        lambda x: g.V(x).out("knows").has("age", P.gt(40)).out("knows").has("age", P.lt(30)).count(),
    ),
    Query(
        "repeat3_dedup",
        "g.V(x).repeat(out()).times(3).dedup().count()",
        lambda x: g.V(x).repeat(__.out()).times(3).dedup().count(),
    ),
    Query("both_dedup", "g.V(x).both().dedup().count()", lambda x: g.V(x).both().dedup().count()),
    Query(
        "neighbour_page",
        "g.V(x).project('v','n').by(elementMap()).by(both().dedup().limit(10).elementMap().fold())",
        lambda x: g.V(x).project("v", "n").by(__.element_map()).by(__.both().dedup().limit(10).element_map().fold()),
    ),
    Query(
        "neighbour_edges",
        "g.V(x).as('s').both().dedup().range(0,10).as('n').project('v','e').by(id())"
        ".by(select('s').bothE().where(otherV().where(eq('n'))).dedup().id().fold())",
        lambda x: (
            g.V(x)
            .as_("s")
            .both()
            .dedup()
            .range_(0, 10)
            .as_("n")
            .project("v", "e")
            .by(__.id_())
            .by(__.select("s").both_e().where(__.other_v().where(P.eq("n"))).dedup().id_().fold())
        ),
    ),
    Query("by_name", "g.V().has('name',NAME).id()", lambda x: g.V().has("name", "Product 150000").id_()),
    Query(
        "vertices_by_label",
        "g.V().groupCount().by(label)",
        lambda x: g.V().group_count().by(T.label),
        lambda s, _: np.bincount(s.labels),
        5,
        True,
    ),
    Query(
        "edges_by_label",
        "g.E().groupCount().by(label)",
        lambda x: g.E().group_count().by(T.label),
        lambda s, _: np.bincount(s.edge_labels),
        5,
        True,
    ),
    Query("two_hop_paths", "g.V().out().out().count()", lambda x: g.V().out().out().count(), _two_hops, 5, True),
    Query(
        "mean_price",
        "g.V().hasLabel('product').values('price').mean()",
        lambda x: g.V().has_label("product").values("price").mean(),
        _price,
        5,
        True,
    ),
    Query(
        "people_by_city",
        "g.V().hasLabel('person').groupCount().by('city')",
        lambda x: g.V().has_label("person").group_count().by("city"),
        _cities,
        5,
        True,
    ),
    Query(
        "order_limit",
        "g.V().order().by('name').limit(10).values('name')",
        lambda x: g.V().order().by("name", Order.asc).limit(10).values("name"),
        _first_names,
        5,
        True,
    ),
    Query(
        "text_search",
        "g.V().hasLabel('product').has('text',containing('solar wooden')).count()",
        lambda x: g.V().has_label("product").has("text", TextP.containing("solar wooden")).count(),
        _search,
        5,
        True,
    ),
    Query("value_map_1000", "g.V().limit(1000).valueMap()", lambda x: g.V().limit(1000).value_map(), None, None, True),
)


def median_ms(run: Callable[[Any], Any], inputs: list[Any], seconds: float) -> float:
    """The median time of a call over the inputs, for about some seconds and at least three calls."""
    run(inputs[0])
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < 3 or (time.perf_counter() - began < seconds and len(times) < 2_000):
        value = inputs[len(times) % len(inputs)]
        start = time.perf_counter()
        run(value)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def in_process(report: Report, engine: GremlinEngine, source: ServedGraph, picks: list[int], seconds: float) -> None:
    snapshot = source.keeper.current(wide=True)
    assert snapshot is not None
    request = Request(limits=Limits(120))
    for query in QUERIES:
        texts = [query.text.replace("NAME", "'Product 150000'").replace("x)", f"'{vertex_id(i)}')", 1) for i in picks]
        value = median_ms(lambda text: engine.run(text, request), texts, seconds)
        baseline = None
        if query.arrays is not None:
            arrays = query.arrays
            baseline = median_ms(partial(arrays, snapshot), picks, seconds)
        bar = query.bar * baseline if query.wide and query.bar and baseline else query.bar
        report.add(f"inproc.{query.name}", value, baseline=baseline, bar=bar, note="numpy" if baseline else "")


def over_the_wire(report: Report, url: str, peer: str | None, picks: list[int], seconds: float) -> None:
    theirs = BareClient(peer) if peer else None
    for query in QUERIES:
        ours = BareClient(url)
        rounds = 1 if query.wide else 2  # the first of two warms up: the peer compiles while it runs
        for _ in range(rounds):
            mine = median_ms(ours.ask, [bytecode_frame(query.traversal(vertex_id(i))) for i in picks], seconds)
        ours.close()
        baseline = None
        for _ in range(rounds if theirs is not None else 0):
            assert theirs is not None
            baseline = median_ms(theirs.try_ask, [bytecode_frame(query.traversal(i)) for i in picks], seconds)
        bar = None if baseline is None else baseline / 3 if query.wide else baseline
        report.add(f"wire.{query.name}", mine, baseline=baseline, bar=bar, note="peer" if baseline else "")
    _always_new(report, url, theirs, seconds)
    frame = bytecode_frame(g.V(vertex_id(picks[0])).out().count())
    rate = requests_per_second(url, frame, 32, 4)
    other = requests_per_second(peer, bytecode_frame(g.V(picks[0]).out().count()), 32, 4) if peer else None
    report.add("wire.clients32_per_second", rate, baseline=other, bar=other and other / 2, note="peer" if other else "")


def _always_new(report: Report, url: str, theirs: BareClient | None, seconds: float) -> None:
    """Requests that no server has seen before: other ids each time, as bytecode, and as text with another step too."""
    ids = list(range(5, 60_000, 3))
    kinds: dict[str, tuple[Callable[[Any], bytes], Callable[[Any], bytes]]] = {
        "new_ids": (
            lambda i: bytecode_frame(g.V(vertex_id(i)).out().count()),
            lambda i: bytecode_frame(g.V(i).out().count()),
        ),
        "new_string": (
            lambda i: script_frame(f"g.V('{vertex_id(i)}').out().limit({i}).count()"),
            lambda i: script_frame(f"g.V({i}).out().limit({i}).count()"),
        ),
    }
    ours = BareClient(url)
    for name, (mine, other) in kinds.items():
        value = median_ms(ours.ask, [mine(i) for i in ids], seconds)
        baseline = None if theirs is None else median_ms(theirs.ask, [other(i) for i in ids], seconds)
        report.add(f"wire.{name}", value, baseline=baseline, bar=baseline, note="peer" if baseline else "")
    ours.close()


def load_peer(peer: str, graph: BenchGraph, folder: Path) -> None:
    path = folder / "graph.json"
    write_graphson(graph, path)
    client = BareClient(peer)
    client.ask(script_frame("g.V().drop().iterate(); graph.createIndex('name', Vertex.class); 1"))
    client.ask(script_frame(f"g.io('{path}').with(IO.reader, IO.graphson).read().iterate(); 1"))
    client.close()
    path.unlink()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def serve(url: str) -> tuple["subprocess.Popen[bytes]", str]:
    port = free_port()
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.gremlin_serve", url, str(port)], env=environment)
    address = f"ws://127.0.0.1:{port}/gremlin"
    for _ in range(600):
        try:
            BareClient(address).close()
            return process, address
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--vertices", type=int, default=200_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--peer", help="WebSocket address of an Apache Gremlin Server; its graph is emptied")
    parser.add_argument("--peer-loaded", action="store_true", help="the peer holds this graph already: do not load it")
    parser.add_argument("--seconds", type=float, default=1.0, help="time per query")
    options = parser.parse_args()
    report = Report("gremlin", options.seed)
    graph = make_graph(options.vertices, options.edges, options.seed)
    picks = np.random.default_rng(options.seed).integers(100, options.vertices // 2, 40).tolist()
    with tempfile.TemporaryDirectory(prefix="gremlin-bench-") as folder:
        url = f"sqlite:///{folder}/bench.sqlite"
        store = SqlStore(url)
        store.migrate()
        fill_store(store, graph)
        if options.peer and not options.peer_loaded:
            load_peer(options.peer, graph, Path(folder))
        source = ServedGraph(store)
        began = time.perf_counter()
        source.keeper.warm()
        report.add("snapshot.seconds", time.perf_counter() - began)
        del graph
        gc.collect()
        gc.freeze()
        in_process(report, GremlinEngine(source), source, picks, options.seconds)
        process, address = serve(url)
        try:
            over_the_wire(report, address, options.peer, picks, options.seconds)
            report.add("server.rss_mb", memory_mb(process.pid), bar=675)
        finally:
            process.terminate()
            process.wait()
        store.close()
    report.write(options.json)


if __name__ == "__main__":
    main()
