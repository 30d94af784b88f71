"""What the resolvers of one request share: who asks, the view, loaders that read one level at a time, the deadline.

A request is executed in a worker thread with an event loop of its own (:mod:`api.graphql.execute`), so resolvers may
block, and loaders gather the keys of a level with the usual dataloader trick and then ask the store once.
"""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast

from graphql import GraphQLSchema
from strawberry.dataloader import DataLoader

from api.accounts import Accounts
from api.graphql.persisted import PersistedOperations
from api.permissions import Principal
from api.ports import Service
from api.review_log import Asked
from bifrost.catalog import Build, DatasetSummary
from bifrost.errors import InputError, QueryLimitError
from bifrost.graph import Aggregate, Direction, Edge, EdgeOrigin, FragmentOrigin, Link, Page, Vertex
from bifrost.links import Estimate, Judgement, LinkType
from bifrost.ports import GraphView, Lag

__all__ = ["Context", "SchemaSource"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MOST_READ = 300_000


class TypedRoots(Protocol):
    """The typed root fields, by field name, and the types, by label. ``fields`` are all of them."""

    @property
    def fields(self) -> frozenset[str]: ...
    @property
    def lists(self) -> Mapping[str, str]: ...
    @property
    def singles(self) -> Mapping[str, str]: ...
    @property
    def types(self) -> Mapping[str, str]: ...


class SchemaSource(Protocol):
    """Knows the schema of the moment, which follows the graph."""

    def current(self) -> GraphQLSchema: ...
    def part(self) -> TypedRoots: ...
    def property_types(self, label: str | None) -> Mapping[str, str]: ...


class Context:
    """One request. ``address`` is the peer's; ``seconds`` the time that the whole operation may take."""

    def __init__(
        self,
        service: Service,
        accounts: Accounts | None,
        principal: Principal,
        schemas: SchemaSource,
        *,
        address: str = "",
        seconds: float = 30.0,
        operations: PersistedOperations | None = None,
    ) -> None:
        self.service, self.principal, self.schemas, self.address = service, principal, schemas, address
        self._accounts, self._operations = accounts, operations
        self._spent = 0
        self.deadline = time.monotonic() + seconds
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

        self.behind: dict[str, dict[str, float]] = {}
        """Projection -> how far it was behind the graph when it was asked."""
        self._quality: dict[str, tuple[Estimate, Estimate | None]] = {}
        self.linked: dict[Hashable, dict[str, list[Vertex]]] = {}
        """What the typed part read ahead: by link and arguments, vertex id -> vertices."""
        self.paged: dict[Hashable, dict[str, Page[Link]]] = {}
        """The same for pages of links."""
        self.counted: dict[Hashable, dict[str, int]] = {}
        """The same for the numbers of links."""
        self.measured: dict[Hashable, dict[str, Aggregate]] = {}
        """The same for aggregates of links."""

    @property
    def accounts(self) -> Accounts:
        if self._accounts is None:
            raise InputError("This throw-away service has no accounts.", remedy="Start one with a data directory.")
        return self._accounts

    @property
    def operations(self) -> PersistedOperations:
        if self._operations is None or self._operations.store is None:
            raise InputError("This throw-away service keeps no operations.", remedy="Start one with a data directory.")
        return self._operations

    def check_time(self) -> None:
        """Raises QueryLimitError when the operation's time is up. Called before every read of the store."""
        if time.monotonic() > self.deadline:
            raise QueryLimitError("The operation took too long.")

    def says_behind(self, name: str) -> Callable[[Lag], None]:
        """Takes down that the answer leaves changes out; the caller is told beside the data."""

        def say(lag: Lag) -> None:
            self.behind[name] = {"changes": lag.changes, "seconds": round(lag.seconds, 1)}

        return say

    def spend(self, vertices: int) -> None:
        """Counts what was read. Raises QueryLimitError when one operation reads too much, whatever it looked like."""
        self._spent += vertices
        if self._spent > _MOST_READ:
            raise QueryLimitError(f"The operation reads more than {_MOST_READ} vertices and edges.")

    @cached_property
    def view(self) -> GraphView:
        return self.service.store.view()

    def _loader(self, load: Callable[[list[K]], Sequence[V]]) -> DataLoader[K, V]:
        async def batch(keys: list[K]) -> Sequence[V]:
            self.check_time()
            return load(keys)

        return DataLoader(load_fn=cast("Any", batch), max_batch_size=10_000)

    def _kept(self, key: Hashable, load: Callable[[list[str]], Sequence[V]]) -> DataLoader[str, V]:
        """The one loader of a request for a question, so that all who ask it are answered together."""
        if key not in self._loaders:
            self._loaders[key] = self._loader(load)
        return self._loaders[key]

    def property_types(self, label: str | None, names: Sequence[str]) -> Mapping[str, str]:
        """The types of these properties: as the schema knows them, so that no request reads them from a whole graph;
        from the graph where the schema does not know all of them yet. Without a label, those that all labels share."""
        known = self.schemas.property_types(label)
        if label is None or all(name in known for name in names):
            return known
        return self.view.property_types(label)

    # ---- the graph, a level at a time

    @cached_property
    def vertices(self) -> DataLoader[str, Vertex | None]:
        """By canonical id or by the uid of a merged fragment."""

        def load(ids: list[str]) -> list[Vertex | None]:
            found = self.view.resolved(ids)
            return [found.get(id_) for id_ in ids]

        return self._loader(load)

    def edges(self, direction: Direction, labels: tuple[str, ...], limit: int) -> DataLoader[str, list[Edge]]:
        """Edges of a vertex, at most ``limit`` of them; one statement for all vertices of a level."""

        def load(ids: list[str]) -> list[list[Edge]]:
            found = self.view.edges_of(ids, direction, labels, limit=limit)
            self.spend(sum(len(edges) for edges in found.values()))
            return [found.get(id_, []) for id_ in ids]

        return self._kept(("edges", direction, labels, limit), load)

    def neighbours(
        self, direction: Direction, labels: tuple[str, ...], after: str | None, limit: int
    ) -> DataLoader[str, Page[Vertex]]:
        """A page of the vertices at the other ends of a vertex's edges; one statement for all vertices of a level."""

        def load(ids: list[str]) -> list[Page[Vertex]]:
            found = self.view.neighbours(ids, direction, labels, after=after, limit=limit)
            self.spend(sum(len(page.items) for page in found.values()))
            return [found.get(id_, Page(())) for id_ in ids]

        return self._kept(("neighbours", direction, labels, after, limit), load)

    def neighbour_counts(self, direction: Direction, labels: tuple[str, ...]) -> DataLoader[str, int]:
        def load(ids: list[str]) -> list[int]:
            found = self.view.neighbour_counts(ids, direction, labels)
            return [found.get(id_, 0) for id_ in ids]

        return self._kept(("neighbour_counts", direction, labels), load)

    def links(
        self, direction: Direction, labels: tuple[str, ...], after: str | None, limit: int
    ) -> DataLoader[str, Page[Link]]:
        """A page of a vertex's edges; one statement for all vertices of a level."""

        def load(ids: list[str]) -> list[Page[Link]]:
            found = self.view.links(ids, direction, labels, after=after, limit=limit)
            self.spend(sum(len(page.items) for page in found.values()))
            return [found.get(id_, Page(())) for id_ in ids]

        return self._kept(("links", direction, labels, after, limit), load)

    def link_counts(self, direction: Direction, labels: tuple[str, ...]) -> DataLoader[str, int]:
        def load(ids: list[str]) -> list[int]:
            found = self.view.link_counts(ids, direction, labels)
            return [found.get(id_, 0) for id_ in ids]

        return self._kept(("link_counts", direction, labels), load)

    @cached_property
    def vertex_origins(self) -> DataLoader[str, list[FragmentOrigin]]:
        def load(ids: list[str]) -> list[list[FragmentOrigin]]:
            found = self.view.origins_of_vertices(ids)
            self.spend(sum(map(len, found.values())))
            return [found.get(id_, []) for id_ in ids]

        return self._loader(load)

    @cached_property
    def edge_origins(self) -> DataLoader[str, list[EdgeOrigin]]:
        def load(ids: list[str]) -> list[list[EdgeOrigin]]:
            found = self.view.origins_of_edges(ids)
            self.spend(sum(map(len, found.values())))
            return [found.get(id_, []) for id_ in ids]

        return self._loader(load)

    @cached_property
    def degrees(self) -> DataLoader[str, int]:
        """Number of edges of a vertex in both directions."""

        def load(ids: list[str]) -> list[int]:
            found = self.view.degrees(ids)
            return [found.get(id_, 0) for id_ in ids]

        return self._loader(load)

    # ---- small lists of the catalog, read once a request

    @cached_property
    def datasets(self) -> dict[str, list[DatasetSummary]]:
        found: dict[str, list[DatasetSummary]] = {}
        for summary in self.service.store.catalog.datasets():
            found.setdefault(summary.source, []).append(summary)
        return found

    @cached_property
    def recent_builds(self) -> list[Build]:
        return self.service.store.catalog.builds(100)

    @cached_property
    def label_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        self.check_time()
        return self.view.label_counts()

    def edge_count(self, label: str | None) -> int:
        """The number of all edges, or of those of one label."""
        counts = self.label_counts[1]
        return sum(counts.values()) if label is None else counts.get(label, 0)

    @cached_property
    def _served(self) -> Mapping[str, int]:
        self.check_time()
        return self.view.served()

    def served(self, link_type: LinkType) -> int:
        """Links that a link type gives, or pairs of records that it merges."""
        return self._served.get(link_type.id, 0)

    @cached_property
    def link_types(self) -> dict[str, LinkType]:
        return {link_type.id: link_type for link_type in self.service.store.links.link_types()}

    @cached_property
    def audits(self) -> frozenset[str]:
        """The link types that a rule confirmed and that a person should check."""
        return frozenset(link_type.id for link_type in self.service.review.audits())

    def quality(self, link_type: LinkType) -> tuple[Estimate, Estimate | None]:
        """Estimated precision and recall; the pairs of a link type ask for them again and again."""
        if link_type.id not in self._quality:
            review = self.service.review
            self._quality[link_type.id] = review.precision(link_type), review.recall(link_type)
        return self._quality[link_type.id]

    @cached_property
    def asked(self) -> Mapping[int, Asked]:
        """How answers came about, by their ids."""
        return self.service.asking.asked()

    @cached_property
    def judgements(self) -> list[Judgement]:
        """All answers, those taken back included, newest first."""
        found = self.service.store.links.judgements(include_undone=True)
        return sorted(found, key=lambda judgement: judgement.id, reverse=True)
