"""Loading an exported graph into an empty store: all of it or nothing, as one source with provenance."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as day_time
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.catalog import LOADED, BuildState, Source
from bifrost.errors import ConflictError
from bifrost.values import (
    ColumnInfo,
    DatasetInfo,
    DatasetKind,
    Evidence,
    Fragment,
    LinkStatement,
    RecordFragments,
    digest_of,
)
from graphstore import schema as s
from graphstore.bulk import BulkLoader, Parcel
from graphstore.load_csv import csv_parts
from graphstore.load_files import GraphFile, Loaded, Part, graph_files, wrong
from graphstore.load_graphml import graphml_parts
from graphstore.load_graphson import graphson_parts
from graphstore.load_parquet import parquet_parts
from graphstore.source_edits import SourceEdits
from graphstore.sql import SqlStore
from graphstore.values import clean_text

__all__ = ["GraphLoading", "LoadReport"]

_READERS: dict[str, Callable[[Sequence[GraphFile]], Iterator[Part]]] = {
    "parquet": parquet_parts,
    "csv": csv_parts,
    "graphson": graphson_parts,
    "graphml": graphml_parts,
}
_TYPES: dict[type, str] = {
    str: "text", bool: "boolean", int: "integer", float: "number", Decimal: "number", date: "date", datetime: "datetime",
    day_time: "time",
}  # fmt: skip
_TELL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was loaded. ``format`` is parquet, csv, graphson or graphml."""

    source: str
    format: str
    vertices: int
    edges: int
    seconds: float


@dataclass
class _Dataset:
    """What the elements of one label have shown so far."""

    name: str
    label: str
    is_edge: bool
    types: dict[str, set[str]] = field(default_factory=dict)

    def info(self) -> DatasetInfo:
        columns = tuple(
            ColumnInfo(name, types.copy().pop() if len(types) == 1 else "text")
            for name, types in sorted(self.types.items())
        )
        return DatasetInfo(self.name, DatasetKind.TABLE, columns)


class GraphLoading:
    """Loads one export at ``path``. The elements keep their ids; each is a record of a dataset per label."""

    def __init__(self, store: SqlStore, path: Path) -> None:
        """Raises InputError where there is nothing that can be loaded."""
        self._store, self._db, self._path = store, store.database, path
        self.format, self._files = graph_files(path)
        self._vertices = self._edges = 0
        self._datasets: dict[tuple[str, bool], _Dataset] = {}

    def load(self, name: str, *, by: str, tell: Callable[[str], None] = lambda _: None) -> LoadReport:
        """Registers the source ``name`` and loads the graph as what it says, in one transaction.

        Raises InputError with file and line for what is wrong in the files, ConflictError where the store holds a graph
        already or the name is taken. ``tell`` is told several times a second how far it is.
        """
        started = time.monotonic()
        is_reading = False
        try:
            with self._db.write(large=True) as connection:
                self._check_empty(connection)
                self._register(name, by)
                build = self._store.catalog.add_build([name]).id
                self._store.catalog.set_build(build, BuildState.RUNNING)
                loader = BulkLoader(self._db, connection, partial(self._dataset_id, connection, name), build)
                is_reading = True
                loader.load(self._parcels(loader, tell))
                self._finish(connection, name, build)
        except ConflictError:
            if is_reading:
                # Two elements have one id: the database knows no line, so that the files are read once more.
                self._report_twins()
            raise
        return LoadReport(name, self.format, self._vertices, self._edges, time.monotonic() - started)

    def _check_empty(self, connection: Connection) -> None:
        for table in (s.record, s.vertex, s.edge):
            if connection.execute(sa.select(table.c.id).limit(1)).first() is not None:
                raise ConflictError(
                    "The store holds a graph already; a whole graph is loaded into an empty store only.",
                    remedy="Load into another data directory (bifrost --data-dir FOLDER load ...), or remove the sources of "
                    "this graph first; tables and files are added to it by: bifrost source add",
                )

    def _register(self, name: str, by: str) -> None:
        catalog = self._store.catalog
        options = {"file": self._path.name, "format": self.format}
        source = Source(name, LOADED, options, rank=len(catalog.sources()))
        SourceEdits(self._store).add(source, None, by=by)

    def _dataset_id(self, connection: Connection, source: str, dataset: str) -> int:
        found = next(one for one in self._datasets.values() if one.name == dataset)
        self._store.catalog.save_datasets(source, [found.info()], {dataset: found.label})
        query = sa.select(s.dataset.c.id).join(s.source, s.source.c.id == s.dataset.c.source)
        return int(connection.execute(query.where(s.source.c.name == source, s.dataset.c.name == dataset)).scalar_one())

    def _finish(self, connection: Connection, name: str, build: int) -> None:
        catalog, found = self._store.catalog, self._datasets.values()
        catalog.save_datasets(name, [one.info() for one in found], {one.name: one.label for one in found})
        source = sa.select(s.source.c.id).where(s.source.c.name == name).scalar_subquery()
        connection.execute(s.dataset.update().where(s.dataset.c.source == source).values(last_build=build))
        catalog.set_build(build, BuildState.DONE, counts={"vertices": self._vertices, "edges": self._edges})

    # ---- elements to records -----------------------------------------------------------------------------------------

    def parts(self) -> Iterator[Part]:
        """The elements of all files, read anew. Raises InputError with file and line for what is wrong in them."""
        return _READERS[self.format](self._files)

    def _parcels(self, loader: BulkLoader, tell: Callable[[str], None]) -> Iterator[Parcel]:
        told = 0.0
        for part in self.parts():
            by_dataset: dict[str, list[RecordFragments]] = {}
            for element in part.elements:
                dataset = self._dataset(element)
                by_dataset.setdefault(dataset.name, []).append(_record(element))
            yield from by_dataset.items()
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                tell(f"{self._vertices:,} vertices and {self._edges:,} edges read")
        if loader.has_twins():
            raise ConflictError("Two vertices have one id.")
        if missing := loader.ends_without_fragment():
            self._report_missing(missing)
        tell(f"{self._vertices:,} vertices and {self._edges:,} edges: making the indexes")

    def _dataset(self, element: Loaded) -> _Dataset:
        is_edge = element.tail is not None
        key = (element.label, is_edge)
        found = self._datasets.get(key)
        if found is None:
            name = f"{element.label} edges" if is_edge else element.label
            taken = {one.name for one in self._datasets.values()}
            while name in taken:
                name += "_"
            found = self._datasets[key] = _Dataset(name, element.label, is_edge)
        if is_edge:
            self._edges += 1
        else:
            self._vertices += 1
        types = found.types
        for property, values in element.properties.items():
            types.setdefault(property, set()).add(_TYPES[type(values[0])])
        return found

    # ---- what is wrong -----------------------------------------------------------------------------------------------

    def _report_missing(self, missing: Collection[str]) -> None:
        for part in self.parts():
            for element in part.elements:
                for end in (element.tail, element.head):
                    if end is not None and clean_text(end) in missing:
                        problem = f"the edge {element.id[:200]!r} names the vertex {end[:200]!r}, which no file has."
                        remedy = "Export vertices and edges together and load all files at once; nothing was loaded."
                        raise wrong(part.file, part.unit, element.line, problem, remedy)

    def _report_twins(self) -> None:
        seen: set[tuple[bool, str]] = set()
        for part in self.parts():
            for element in part.elements:
                key = (element.tail is not None, clean_text(element.id))
                if key in seen:
                    kind = "edge" if key[0] else "vertex"
                    problem = f"there is another {kind} with the id {element.id[:200]!r} before it."
                    raise wrong(part.file, part.unit, element.line, problem)
                seen.add(key)


def _record(element: Loaded) -> RecordFragments:
    digest = digest_of([repr(element[1:]).encode("utf-8", "surrogatepass")])
    if element.tail is None or element.head is None:
        return RecordFragments(element.id, digest, (Fragment(element.id, element.label, element.properties),))
    link = LinkStatement(
        element.id, element.label, element.tail, element.head, element.properties, _evidence(element.score)
    )
    return RecordFragments(element.id, digest, (), (link,))


@lru_cache(maxsize=1_000)
def _evidence(score: float) -> Evidence:
    return Evidence(confidence=score)
