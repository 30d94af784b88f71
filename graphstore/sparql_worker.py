"""The child process that holds the RDF store: ``python -m graphstore.sparql_worker FOLDER STAMP``.

Messages on stdin and stdout are a length (8 bytes, big-endian) and a pickle. A request is (id, operation, arguments);
an answer is (id, "ok", result) or (id, kind of error, details). Queries run in threads of their own.
"""

import contextlib
import io
import json
import os
import pickle
import re
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

from graphstore.sparql_merged import MergedGraphs
from graphstore.sparql_text import chosen

__all__ = ["Worker", "position_of", "read_message", "write_message"]

_STATE = "position.json"
_FLUSH_SECONDS = 5.0
_MAX_RESULT = 256 * 2**20
_MEMORY = 4 * 2**30
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SUBJECT, _PREDICATE, _OBJECT = (ox.NamedNode(_RDF + name) for name in ("subject", "predicate", "object"))
_SOLUTIONS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "application/xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
_TRIPLES = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/plain": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/n-quads": ox.RdfFormat.N_QUADS,
    "application/trig": ox.RdfFormat.TRIG,
    "text/n3": ox.RdfFormat.N3,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}


Dataset = tuple[Sequence[str], Sequence[str]]
"""The default and the named graphs."""


class UnknownFormatError(Exception):
    """Nothing that the client accepts is a format of this kind of result; the argument lists them."""


class ResultTooLargeError(Exception):
    """A result beyond the size limit."""


class _Limited(io.BytesIO):
    """A buffer that refuses more than a result may hold."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > _MAX_RESULT:
            raise ResultTooLargeError(f"The result is larger than {_MAX_RESULT >> 20} MB.")
        return super().write(data)


class Worker:
    """The operations on one folder. ``stamp`` names the mapping; a folder of another one starts empty."""

    def __init__(self, folder: Path, stamp: str) -> None:
        self._state = folder / _STATE
        self._stamp = stamp
        folder.mkdir(parents=True, exist_ok=True)
        self._store = ox.Store(str(folder / "rdf"))  # locks the folder: another process may serve it still
        self._position = self._flushed = position_of(folder, stamp)
        self._flush_time = -_FLUSH_SECONDS
        if self._state.exists() and not self._position:
            self._store.clear()
        self._merged = MergedGraphs(self._store, folder)

    # ---- following ---------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        self._store.clear()
        self._reached(0, must_flush=True)

    def apply(self, stale: dict[str, Any], lines: str, position: int, in_bulk: bool) -> None:
        """Takes away what stale vertices and edges said and loads new lines. Repeating it changes nothing.

        ``in_bulk`` loads faster, but a reader may see half of it: for a folder that is far behind.
        """
        lines = f"{lines}\n{_merged(lines)}"
        if in_bulk:
            plain = self._retract(stale, set())[0]
            self._store.bulk_load(lines.encode(), format=ox.RdfFormat.N_QUADS, lenient=True)
        else:
            # Each quad that comes or goes is written to disk: most of a vertex that changed stays as it is.
            fresh = set(ox.parse(lines.encode(), ox.RdfFormat.N_QUADS, lenient=True))
            plain, there = self._retract(stale, fresh)
            self._store.extend(fresh - there)
        for quad in plain:
            if not self._is_stated(quad):
                self._store.remove(quad)
        self._reached(position, must_flush=in_bulk)

    def _retract(self, stale: dict[str, Any], fresh: set[ox.Quad]) -> tuple[set[ox.Quad], set[ox.Quad]]:
        """Takes away what stale elements said, but for what is ``fresh``.

        Returns the plain triples that may have lost their last statement, in both graphs, and what is there already.
        """
        plain, there = set[ox.Quad](), set[ox.Quad]()
        if not self._position and not len(self._store):
            return plain, there
        for iri in stale["edges"]:
            said = self._retract_of(ox.NamedNode(iri), fresh, there)
            ends: dict[Any, Any] = {quad.predicate: quad.object for quad in said}
            if _SUBJECT in ends:
                plain |= {
                    ox.Quad(ends[_SUBJECT], ends[_PREDICATE], ends[_OBJECT], graph)
                    for graph in {quad.graph_name for quad in said}
                }
        for iri in stale["vertices"]:
            self._retract_of(ox.NamedNode(iri), fresh, there, stale["labels"])
        return plain - fresh, there

    def _retract_of(
        self, subject: ox.NamedNode, fresh: set[ox.Quad], there: set[ox.Quad], but: str | None = None
    ) -> list[ox.Quad]:
        """Everything with this subject ``but`` for predicates that begin so."""
        said = list(self._store.quads_for_pattern(subject, None, None, None))
        said = [quad for quad in said if but is None or not quad.predicate.value.startswith(but)]
        for quad in said:
            if quad in fresh:
                there.add(quad)
            else:
                self._store.remove(quad)
        return said

    def replace_graph(self, iri: str, lines: str) -> None:
        self._store.clear_graph(ox.NamedNode(iri))
        self._load(lines)

    def _load(self, lines: str) -> None:
        self._store.extend(ox.parse(lines.encode(), ox.RdfFormat.N_QUADS, lenient=True))

    def _is_stated(self, quad: ox.Quad) -> bool:
        """Whether some statement still reifies a plain triple; looks from both ends at once, as one may be a hub."""
        store, graph = self._store, quad.graph_name
        tails = store.quads_for_pattern(None, _SUBJECT, quad.subject, graph)
        heads = store.quads_for_pattern(None, _OBJECT, quad.object, graph)
        for tail, head in zip(tails, heads, strict=False):
            for statement in (tail.subject, head.subject):
                wanted = ((_SUBJECT, quad.subject), (_PREDICATE, quad.predicate), (_OBJECT, quad.object))
                if all(ox.Quad(statement, predicate, end, graph) in store for predicate, end in wanted):
                    return True
        return False

    def _reached(self, position: int, *, must_flush: bool) -> None:
        """What is written survives the process, but only what is flushed a crash of the machine. Flushing takes a tenth
        of a second, so it is done now and then, and after such a crash following goes on from there."""
        boot = _boot()
        if must_flush or not boot or time.monotonic() - self._flush_time >= _FLUSH_SECONDS:
            self._store.flush()
            self._flushed, self._flush_time = position, time.monotonic()
        state = {"position": position, "flushed": self._flushed, "boot": boot, "stamp": self._stamp}
        temporary = self._state.with_suffix(".new")
        temporary.write_text(json.dumps(state))
        temporary.replace(self._state)
        self._position = position

    # ---- asking ------------------------------------------------------------------------------------------------------

    def query(
        self,
        text: str,
        accept: Sequence[str],
        base: str,
        dataset: Dataset | None,
        ontology: str = "",
    ) -> tuple[str, bytes]:
        """``dataset`` are the default and the named graphs, empty where the query names its own, which must not be several
        default graphs. Without one the default graph is what all graphs but the ``ontology`` say. It has each triple
        once."""
        graphs, merge = self._choice(dataset or ((), ()), ontology)
        store = self._store if merge is None else self._merged.of(*merge, self._position)
        results = store.query(text, base_iri=base, **graphs)
        output = _Limited()
        if isinstance(results, ox.QueryTriples):
            media_type = _format(accept, _TRIPLES, "text/turtle")
            results.serialize(output, format=_TRIPLES[media_type])
        else:
            media_type = _format(accept, _SOLUTIONS, "application/sparql-results+json")
            results.serialize(output, format=_SOLUTIONS[media_type])
        return media_type, output.getvalue()

    def prepare(self, dataset: Dataset, ontology: str, seconds: float) -> bool:
        """Whether :meth:`query` need not wait for this dataset after so many seconds; else it is prepared meanwhile."""
        _, merge = self._choice(dataset, ontology)
        return merge is None or self._merged.wait_for(*merge, self._position, seconds)

    def _choice(self, dataset: Dataset, ontology: str) -> tuple[dict[str, Any], Dataset | None]:
        """Which graphs to look into, and what has to be merged for that; None where the store has it as it is."""
        default, named = (list(dict.fromkeys(names)) for names in dataset)
        if not default and not named:
            return {}, None
        beside = [ox.NamedNode(name) for name in named]
        if len(default) > 1:
            known = set(self.graphs())
            there = [name for name in default if name in known]
            if len(there) > 1:
                is_all = set(there) == known - {ontology}
                merge = None if is_all else (there, [name for name in named if name in known])
                return {"default_graph": ox.DefaultGraph(), "named_graphs": beside}, merge
            default = there or default[:1]
        return {"default_graph": [ox.NamedNode(name) for name in default], "named_graphs": beside}, None

    def graphs(self) -> list[str]:
        """The names of all graphs."""
        return sorted(graph.value for graph in self._store.named_graphs())


def position_of(folder: Path, stamp: str) -> int:
    """How far a folder has followed; 0 for one of another stamp."""
    try:
        state = json.loads((folder / _STATE).read_text())
    except FileNotFoundError:
        return 0
    if state.get("stamp") != stamp:
        return 0
    return int(state["position"] if state.get("boot") == _boot() else state.get("flushed", state["position"]))


def _boot() -> str:
    """Another text after each start of the machine; empty where that cannot be known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _merged(lines: str) -> str:
    """Quads as triples of the default graph: a union of the named ones would give what two of them say twice."""
    return "\n".join(f"{line[: line.rindex(' <')]} ." for line in lines.split("\n") if line)


def _format(accept: Sequence[str], known: dict[str, Any], default: str) -> str:
    found = chosen(accept, known, default)
    if found is None:
        raise UnknownFormatError(", ".join(known))
    return found


# ---- the process -----------------------------------------------------------------------------------------------------


def read_message(stream: IO[bytes]) -> Any:
    """The next message; None at the end of the stream."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    return pickle.loads(stream.read(struct.unpack(">Q", head)[0]))  # noqa: S301 - both ends are ours


def write_message(stream: IO[bytes], message: Any) -> None:
    data = pickle.dumps(message)
    stream.write(struct.pack(">Q", len(data)) + data)
    stream.flush()


def _syntax_position(text: str) -> tuple[int | None, int | None]:
    found = re.search(r"at (\d+):(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (1, 1)


def _answer(worker: Worker, operation: str, arguments: Sequence[Any]) -> tuple[str, Any]:
    try:
        return "ok", getattr(worker, operation)(*arguments)
    except SyntaxError as error:
        return "query", (str(error), *_syntax_position(str(error)))
    except ResultTooLargeError as error:
        return "limit", str(error)
    except UnknownFormatError as error:
        return "format", str(error)
    except MemoryError:
        return "limit", "The query needs more memory than it may use."
    except Exception as error:  # noqa: BLE001 - the parent turns it into an error of ours
        return "query" if operation == "query" else "failed", (f"{type(error).__name__}: {error}", None, None)


def _requests(stream: IO[bytes]) -> Iterator[tuple[int, str, Sequence[Any]]]:
    while (message := read_message(stream)) is not None:
        yield message


def main(folder: str, stamp: str) -> None:
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may write into the messages
    lock = threading.Lock()

    def reply(id: int, outcome: tuple[str, Any]) -> None:
        with lock, contextlib.suppress(BrokenPipeError):
            write_message(sink, (id, *outcome))

    _limit_memory()
    try:
        worker = Worker(Path(folder), stamp)
    except OSError as error:
        reply(0, ("in_use" if "lock" in str(error).lower() else "failed", (str(error), None, None)))
        return
    reply(0, ("ok", None))

    def run(id: int, operation: str, arguments: Sequence[Any]) -> None:
        reply(id, _answer(worker, operation, arguments))

    for id, operation, arguments in _requests(source):
        if operation in ("query", "prepare"):
            target: Callable[..., None] = run
            threading.Thread(target=target, args=(id, operation, arguments), daemon=True).start()
        else:
            run(id, operation, arguments)
    os._exit(0)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
