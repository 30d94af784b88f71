"""What people and programs can do with Bifrost, over the ports: the one interface of console, API and command line."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
from pydantic import BaseModel, SecretStr, ValidationError

from api.answering import Answering
from api.carrying import Carrying
from api.follower import Follower
from api.jobs import BuildJobs
from api.kept_predictions import KeptPredictions
from api.ports import Edit, Edits, Export, ProjectionState, ProjectionStatus, SourceKind, SparqlService
from api.rebuilding import Rebuilding
from bifrost.catalog import LOADED, Build, BuildState, Source
from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.ports import ConnectionReport, Connector, Projection, SearchIndex
from bifrost.registry import Registry
from bifrost.secrets import SecretBox
from bifrost.values import DatasetInfo, FileRecord
from graphstore.export import Exporter
from graphstore.gremlin.engine import GremlinEngine
from graphstore.source_edits import SOURCE, SourceEdits

__all__ = ["Service", "check_source_name"]


@dataclass
class Service(Answering):
    """Everything that the surfaces call. Blocking; safe to use from several threads."""

    jobs: BuildJobs
    connectors: Registry[Connector]
    secrets: SecretBox
    search: SearchIndex
    sparql: SparqlService
    edits: Edits
    source_edits: SourceEdits
    gremlin: GremlinEngine
    exporter: Exporter
    follower: Follower
    rebuilding: Rebuilding
    carrying: Carrying
    predictions: KeptPredictions

    # ---- sources -----------------------------------------------------------------------------------------------------

    def source_kinds(self) -> list[SourceKind]:
        kinds = []
        for name in self.connectors.names():
            connector = self.connectors.load(name)
            schema = connector.Options.model_json_schema()
            kinds.append(SourceKind(name, connector.title, schema, _secret_fields(connector.Options)))
        return kinds

    def connect(self, source: Source) -> Connector:
        """Opens a registered source with its decrypted credentials."""
        return self._connector(source.kind, source.options, self.secrets.open(self.store.catalog.secret(source.name)))

    def test_source(
        self, name: str, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str] | None
    ) -> tuple[ConnectionReport, tuple[DatasetInfo, ...]]:
        """Tries a connection that need not be registered; secrets left out are those of source ``name``, if it exists."""
        stored: dict[str, str] = {}
        with suppress(NotFoundError):
            stored = self.secrets.open(self.store.catalog.secret(name))
        connector = self._connector(kind, options, stored | dict(secrets or {}))
        try:
            return connector.test(), connector.datasets()
        finally:
            connector.close()

    def add_source(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str] | None,
        rank: int | None = None,
        removal_limit: float | None = None,
        *,
        by: str = "",
    ) -> Source:
        """Registers a source; secrets are encrypted before they are stored. Raises InputError, ConflictError."""
        check_source_name(name)
        public, hidden = self._split(kind, options, secrets or {})
        source = Source(
            name,
            kind,
            public,
            rank=len(self.store.catalog.sources()) if rank is None else rank,
            removal_limit=self.settings.removal_limit if removal_limit is None else removal_limit,
        )
        self.source_edits.add(source, self.secrets.seal(hidden) if hidden else None, by=by)
        return self.store.catalog.source(name)

    def update_source(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str] | None,
        rank: int | None = None,
        removal_limit: float | None = None,
        *,
        by: str = "",
    ) -> Source:
        """Changes a source's options; secrets left out keep their values. The kind of a source stays."""
        old = self.store.catalog.source(name)
        if kind != old.kind:
            raise InputError(
                f"{name!r} is a source of kind {old.kind!r}.", remedy="Register another source for another kind."
            )
        if old.kind == LOADED:
            _check_unchanged(old, options, secrets)
            public, hidden = dict(old.options), dict[str, str]()
        else:
            stored = self.secrets.open(self.store.catalog.secret(name))
            public, hidden = self._split(old.kind, options, stored | dict(secrets or {}))
        source = Source(
            name,
            old.kind,
            public,
            rank=old.rank if rank is None else rank,
            removal_limit=old.removal_limit if removal_limit is None else removal_limit,
            created=old.created,
        )
        self.source_edits.update(source, self.secrets.seal(hidden) if hidden else None, by=by)
        self.source_edits.forget(self.settings.undo_days)
        return self.store.catalog.source(name)

    def remove_source(self, name: str, *, by: str = "", forget: bool = False) -> None:
        """Removes a source with all that it alone said. Raises ConflictError while a build reads it.

        Its registration can be taken back for ``undo_days`` (:meth:`undo_edit`), unless ``forget``.
        """
        self._check_idle(name)
        self.source_edits.remove(name, by=by, forget=forget)
        self.source_edits.forget(self.settings.undo_days)
        self._let_go()

    def undo_edit(self, id: int, by: str) -> Edit:
        """Takes back what somebody changed by hand: a vertex, an edge, or the registration of a source.

        A removed source comes back with its settings and credentials; its data comes back with the next build.
        """
        edit = self.edits.edit(id)
        if edit.element != SOURCE:
            return self.edits.undo(id, by=by)
        self.source_edits.forget(self.settings.undo_days)
        if edit.action == "add":
            self._check_idle(edit.subject)
        undone = self.source_edits.undo(id, by=by)
        self._let_go()
        return undone

    def _let_go(self) -> None:
        """Whatever is derived from the graph forgets what a removed source said."""
        self.predictions.forget()
        self.review.forget()
        self.pipeline.linker.forget(frozenset(one.id for one in self.store.links.link_types()))
        self.pipeline.publish()

    def _check_idle(self, name: str) -> None:
        """Raises ConflictError while a build reads a source."""
        for build in self.store.catalog.builds():
            if build.state is BuildState.RUNNING and (not build.sources or name in build.sources):
                raise ConflictError(
                    f"Build {build.id} is reading {name!r}.", remedy="Wait until the build ends, or cancel it first."
                )

    def preview(self, source: str, dataset: str, limit: int = 50) -> pa.Table:
        connector = self.connect(self.store.catalog.source(source))
        try:
            return connector.preview(self._dataset(connector, dataset), limit)
        finally:
            connector.close()

    def fetch_file(self, source: str, dataset: str, key: str) -> FileRecord:
        """A document's file as it is now, through its connector."""
        connector = self.connect(self.store.catalog.source(source))
        try:
            return connector.fetch(self._dataset(connector, dataset), key)
        finally:
            connector.close()

    def _dataset(self, connector: Connector, name: str) -> DatasetInfo:
        for info in connector.datasets():
            if info.name == name:
                return info
        raise NotFoundError(f"The source has no dataset {name!r}.")

    def _connector(self, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str]) -> Connector:
        connector = self.connectors.load(kind)
        validated = _validated(connector.Options, {**options, **secrets})
        self._check_paths(validated)
        return connector(validated)  # type: ignore[call-arg]

    def _check_paths(self, options: BaseModel) -> None:
        """Raises InputError for a local path outside the folders that ``file_roots`` allows."""
        roots = self.settings.file_roots
        local_paths: Callable[[], Sequence[Path]] = getattr(options, "local_paths", tuple)
        allowed = [root.resolve() for root in (*roots, self.settings.data_dir / "uploads")]
        for path in local_paths() if roots else ():
            if not any(path.resolve().is_relative_to(root) for root in allowed):
                raise InputError(
                    f"{path} lies outside the folders that sources may read.",
                    remedy="Choose a file below one of: " + ", ".join(map(str, roots)) + " (setting file_roots).",
                )

    def _split(
        self, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Options without secrets, and the secrets, wherever they were given."""
        schema = self.connectors.load(kind).Options
        names = set(_secret_fields(schema))
        given = {key: value for key, value in {**options, **secrets}.items() if value not in (None, "")}
        # Validated values, not those given: a connector moves what is secret (a password in a URL) to where it belongs.
        validated = _validated(schema, given)
        self._check_paths(validated)
        public = validated.model_dump(mode="json", by_alias=True, exclude=names, exclude_unset=True)
        sealed = {name: getattr(validated, name) for name in names}
        hidden = {name: value.get_secret_value() for name, value in sealed.items() if value is not None}
        return public, hidden

    # ---- builds ------------------------------------------------------------------------------------------------------

    def start_build(self, sources: Sequence[str] = (), allow_removal: bool = False) -> Build:
        """Queues a build of these sources, or of all. Raises NotFoundError, InputError when there are no sources."""
        for name in sources:
            self.store.catalog.source(name)
        if not self.store.catalog.sources():
            raise InputError("There is nothing to build yet.", remedy="Register a source first.")
        self.source_edits.forget(self.settings.undo_days)
        build = self.store.catalog.add_build(tuple(sources))
        self.jobs.submit(build.id, allow_removal=allow_removal)
        return build

    def cancel_build(self, id: int) -> Build:
        build = self.store.catalog.build(id)
        if build.state in (BuildState.QUEUED, BuildState.RUNNING):
            self.store.catalog.set_build(id, BuildState.CANCELLED)
        return self.store.catalog.build(id)

    # ---- what is derived ---------------------------------------------------------------------------------------------

    def projections(self) -> list[ProjectionStatus]:
        """How far every projection has followed the change log."""
        return [self._status(projection) for projection in self.pipeline.projections]

    def _status(self, projection: Projection) -> ProjectionStatus:
        name, lag, position = projection.name, projection.lag(), projection.position()
        share = self.rebuilding.share(name)
        problem = self.rebuilding.failure(name) or self.follower.failure(name)
        if share is not None:
            state, problem = ProjectionState.REBUILDING, ""
        elif problem:
            state = ProjectionState.FAILED
        else:
            state = ProjectionState.FOLLOWING if lag.changes else ProjectionState.IN_STEP
        return ProjectionStatus(name, position, lag.changes, lag.seconds, state, share, problem)

    def rebuild_projection(self, name: str) -> list[ProjectionStatus]:
        """Begins to build a projection from zero; returns how far all are. Raises NotFoundError, and ConflictError where
        that goes on already."""
        self.rebuilding.start(name)
        return self.projections()

    def export(self, format: str) -> Export:
        """The whole graph as a file made on the fly. Raises InputError for a format there is not."""
        return Export(*self.exporter(format))

    def close(self) -> None:
        self.jobs.stop()
        self.rebuilding.close()
        self.follower.close()
        for projection in self.pipeline.projections:
            projection.close()
        self.review.close()
        self.asking.close()
        self.store.close()


def _validated(schema: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(": ".join([*map(str, e["loc"]), _plainly(e["msg"])]) for e in error.errors())
        raise InputError(
            f"The source's options are not valid: {problems}", remedy="Correct these options, then test the connection."
        ) from None


def _plainly(message: str) -> str:
    """What is wrong with an option, without the validator's name for its kind."""
    return message.removeprefix("Value error, ")


def _secret_fields(schema: type[BaseModel]) -> tuple[str, ...]:
    return tuple(
        name
        for name, field in schema.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    )


def _check_unchanged(loaded: Source, options: Mapping[str, Any], secrets: Mapping[str, str] | None) -> None:
    if secrets or any(loaded.options.get(name) != value for name, value in options.items()):
        raise InputError(
            f"{loaded.name!r} was loaded once: what it was loaded from cannot be changed.",
            remedy="Change its place among the sources or its removal limit only.",
        )


def check_source_name(name: str) -> None:
    """Raises InputError for what cannot be the name of a new source."""
    if (
        not name
        or len(name) > 100
        or name != name.strip()
        or any(char in name for char in "/|%\\")
        or not name.isprintable()
    ):
        raise InputError(
            f"{name!r} cannot be the name of a source.",
            remedy="Use 1 to 100 printable characters without / | % \\ and without spaces at either end.",
        )
    if name in ("edits", "linking"):
        raise InputError(f"{name!r} is the name of a built-in source.", remedy="Choose another name.")
