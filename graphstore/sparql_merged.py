"""Several graphs as one default graph, each triple once: what FROM asks for when it names more than one (SPARQL 1.1, 13.2).

pyoxigraph would look into one graph after the other, and give what two of them say twice. So a store of their own is made
of them, and kept until the graphs change.
"""

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox

__all__ = ["MergedGraphs"]

_PREFIX = "merged-"
_KEPT = 2

Key = tuple[frozenset[str], frozenset[str]]
Made = tuple[ox.Store, TemporaryDirectory[str]]


class MergedGraphs:
    """Merges of the graphs of ``store``, in folders below ``folder``; what a process that was killed left there goes."""

    def __init__(self, store: ox.Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._lock = threading.Lock()
        self._made: dict[Key, tuple[int, Future[Made]]] = {}
        self._merging = ThreadPoolExecutor(1)
        for left in folder.glob(f"{_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)

    def of(self, default: Sequence[str], named: Sequence[str], position: int) -> ox.Store:
        """A store whose default graph has every triple of the ``default`` graphs once, beside the ``named`` ones.
        ``position`` tells whether the graphs have changed."""
        return self._future(default, named, position).result()[0]

    def wait_for(self, default: Sequence[str], named: Sequence[str], position: int, seconds: float) -> bool:
        """Whether it is there after so many seconds; else it is made on and will be there later."""
        return bool(wait([self._future(default, named, position)], seconds).done)

    def _future(self, default: Sequence[str], named: Sequence[str], position: int) -> Future[Made]:
        key = frozenset(default), frozenset(named)
        with self._lock:
            known = self._made.pop(key, None)
            stale = known is not None and known[1].done() and (known[0] != position or known[1].exception())
            if known is None or stale:
                known = position, self._merging.submit(self._merge, key)
            self._made[key] = known
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
            return known[1]

    def _merge(self, key: Key) -> Made:
        folder = TemporaryDirectory(prefix=_PREFIX, dir=self._folder, ignore_cleanup_errors=True)
        made = ox.Store(str(Path(folder.name) / "rdf"))
        for names, is_default in zip(key, (True, False), strict=True):
            for name in map(ox.NamedNode, sorted(names)):
                file, target = Path(folder.name) / "graph.nt", ox.DefaultGraph() if is_default else name
                self._store.dump(file, ox.RdfFormat.N_TRIPLES, from_graph=name)
                made.bulk_load(path=file, format=ox.RdfFormat.N_TRIPLES, lenient=True, to_graph=target)
                file.unlink()
        return made, folder
