"""A whole Bifrost in a folder, driven as the command line drives it, and what it serves as comparable values."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.compose import open_service
from api.service import Service
from bifrost.catalog import RecordFailure
from bifrost.graph import Edge, Vertex
from bifrost.links import LinkKind, LinkState, LinkType
from bifrost.log import configure_logging
from bifrost.settings import load_settings

__all__ = ["Workplace", "workplace"]


class Workplace:
    """``service`` over one data directory, with few reading processes."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        chosen = load_settings(data_dir=folder, log_level="error", workers=1, **settings)
        configure_logging(chosen)
        self.service: Service = open_service(chosen)
        self.store = self.service.store

    def add(self, name: str, location: str | Path, **secrets: str) -> None:
        """Registers a database by URL or files by path."""
        kind, key = ("sql", "url") if isinstance(location, str) else ("files", "path")
        self.service.add_source(name, kind, {key: str(location)}, secrets)

    def build(self, *sources: str, allow_removal: bool = False) -> Mapping[str, Any]:
        """Runs a build to its end; returns the errors by source."""
        build = self.store.catalog.add_build(sources)
        return self.service.pipeline.run(build.id, allow_removal=allow_removal)

    def failures(self) -> dict[str, RecordFailure]:
        """The records that the newest build could not read, by dataset and record."""
        newest = self.store.catalog.builds(1)[0].id
        return {f"{one.dataset}/{one.record}": one for one in self.store.catalog.failures(build=newest)}

    def link_type(self, kind: LinkKind, tail: str, head: str) -> LinkType:
        """The link type between two columns, written ``source/dataset.column``."""
        for one in self.store.links.link_types():
            if one.kind is kind and {str(one.tail), str(one.head)} == {tail, head}:
                return one
        proposed = [f"{one.kind} {one.tail} -> {one.head}" for one in self.store.links.link_types()]
        raise AssertionError(f"nobody proposed {kind} {tail} -> {head}, but {proposed}")

    # ---- what is served ----------------------------------------------------------------------------------------------

    def vertices(self, label: str | None = None) -> list[Vertex]:
        view, found, cursor = self.store.view(), list[Vertex](), None
        while True:
            page = view.vertices(label, after=cursor, limit=1000)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def edges(self, label: str | None = None) -> list[Edge]:
        view, found, cursor = self.store.view(), list[Edge](), None
        while True:
            page = view.edges(label, after=cursor, limit=1000)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def triples(self) -> list[str]:
        """Every quad of the SPARQL view."""
        _, body = self.service.sparql.query(
            "SELECT ?g ?s ?p ?o { { ?s ?p ?o BIND('' AS ?g) } UNION { GRAPH ?g { ?s ?p ?o } } }", "text/csv", 60
        )
        return sorted(body.decode().splitlines())

    def hits(self, *questions: str) -> list[tuple[str, ...]]:
        """The ids found for each question, without their order."""
        search = self.service.search.search
        return [tuple(sorted(hit.vertex.id for hit in search(question, limit=100))) for question in questions]

    def graph(self) -> dict[str, list[Any]]:
        """Everything served, and every link type with its state: equal for equal graphs."""
        return {
            "vertices": sorted((v.id, v.label, sorted(v.properties.items())) for v in self.vertices()),
            "edges": sorted(
                (e.id, e.label, e.tail, e.head, sorted(e.properties.items()), round(e.score, 6)) for e in self.edges()
            ),
            "link types": sorted(
                (one.id, one.kind, str(one.tail), str(one.head), one.name, one.state, round(one.probability, 4))
                for one in self.store.links.link_types()
                if one.state is not LinkState.DELETED
            ),
            "triples": self.triples(),
        }


@contextmanager
def workplace(folder: Path, **settings: Any) -> Iterator[Workplace]:
    place = Workplace(folder, **settings)
    try:
        yield place
    finally:
        place.service.close()
