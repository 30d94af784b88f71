"""The build, written over ports only: crawl, read, propose, link, publish.

A build is a list of steps. Each step is idempotent, so a build that was killed continues by running its last step again
(api/jobs.py makes the steps durable). A source that fails is reported and keeps what it gave before; the others go on.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import Any, TypeVar

import pyarrow as pa
import structlog

from bifrost.catalog import LOADED, BuildState, DatasetSummary, Progress, RecordFailure, Source
from bifrost.errors import BifrostError, NotFoundError, RecordError, SourceError
from bifrost.link_application import LinkApplication
from bifrost.links import LinkKind, LinkState
from bifrost.ports import (
    Connector,
    DocumentReading,
    Linker,
    Projection,
    ReplaceReport,
    RowMappings,
    Store,
)
from bifrost.row_keys import KEY_NO_LONGER_UNIQUE, first_of_each_key, with_known_key
from bifrost.values import DatasetInfo, DatasetKind, FileRecord, RecordFragments, RowBatch, digest_of

__all__ = ["BuildCancelledError", "Pipeline", "Step"]

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_DOCUMENT_BATCH = 32
_PROGRESS_SECONDS = 0.25
_PROPOSED, _PROPOSED_AT = "proposals", "proposals up to"
"""Under these names the change log keeps what the stored proposals were made from (:meth:`Pipeline._proposed_from`), and from
which version of the records."""


class BuildCancelledError(BifrostError):
    """A person cancelled the build; what was done stays and the next build goes on from there."""

    code = "cancelled"
    default_remedy = "Start the build again when you want it to continue."


@dataclass(frozen=True, slots=True)
class Step:
    """A unit of a build that is run again as a whole after a crash.

    ``stage`` is crawl, forget (a dataset that its source no longer has), propose, link or publish.
    """

    stage: str
    source: str = ""
    item: str = ""


@dataclass
class _Tracker:
    """Collects the progress of one build and writes it to the catalog a few times a second."""

    pipeline: "Pipeline"
    build: int
    stages: dict[tuple[str, str], Progress] = field(default_factory=dict)
    written: float = 0.0

    def __call__(self, progress: Progress, *, force: bool = False) -> None:
        self.stages[progress.stage, progress.item] = progress
        now = time.monotonic()
        if force or now - self.written >= _PROGRESS_SECONDS:
            self.written = now
            catalog = self.pipeline.store.catalog
            catalog.set_progress(self.build, tuple(self.stages.values()))
            if catalog.build(self.build).state is BuildState.CANCELLED:
                raise BuildCancelledError(f"Build {self.build} was cancelled.")


@dataclass
class Pipeline:
    """The parts that a build needs, given as ports. ``connect`` opens a source with its decrypted credentials;
    ``proposed`` is called whenever proposals are up to date. They are made anew where ``propose_share`` of a dataset changed."""

    store: Store
    connect: Callable[[Source], Connector]
    row_mappings: RowMappings
    vertex_type: Callable[[str], str]
    documents: DocumentReading
    linker: Linker
    projections: Sequence[Projection]
    proposed: Callable[[], object] = tuple
    propose_share: float = 0.0
    _trackers: dict[int, _Tracker] = field(default_factory=dict)

    @cached_property
    def links(self) -> LinkApplication:
        """What makes the links of confirmed link types."""
        return LinkApplication(self.store, self.linker)

    # ---- the whole ---------------------------------------------------------------------------------------------------

    def run(self, build: int, *, allow_removal: bool = False) -> Mapping[str, Any]:
        """Runs all steps of a build in this thread and returns the errors by source (empty when all went well)."""
        errors: dict[str, Any] = {}
        self.begin(build)
        steps, failed = self.plan(build)
        errors |= failed
        for step in steps:
            if step.source not in errors:
                errors |= self.run_step(build, step, allow_removal=allow_removal)
        self.run_step(build, Step("propose"))
        for step in self.plan_links():
            errors |= self.run_step(build, step)
        self.run_step(build, Step("publish"))
        self.end(build, errors)
        return errors

    def begin(self, build: int) -> None:
        self.store.catalog.set_build(build, BuildState.RUNNING)

    def end(self, build: int, errors: Mapping[str, Any]) -> None:
        """Closes a build: failed if any source or link type failed, with their errors side by side."""
        vertices, edges = self.store.view().label_counts()
        counts = {"vertices": sum(vertices.values()), "edges": sum(edges.values())}
        self._tracker(build)(Progress("publish", "", 1, 1, "done"), force=True)
        if errors:
            first = next(iter(errors.values()))
            self.store.catalog.set_build(
                build, BuildState.FAILED, error={**first, "sources": dict(errors)}, counts=counts
            )
        else:
            self.store.catalog.set_build(build, BuildState.DONE, counts=counts)
        self._trackers.pop(build, None)

    def plan(self, build: int) -> tuple[list[Step], dict[str, Any]]:
        """Looks at the datasets of every source of the build: the crawl steps, and the sources that failed."""
        wanted = self.store.catalog.build(build).sources
        steps: list[Step] = []
        errors: dict[str, Any] = {}
        for source in self.store.catalog.sources():
            if source.kind == LOADED or (wanted and source.name not in wanted):
                continue
            try:
                steps += self._survey(source)
            except SourceError as error:
                errors[source.name] = self._source_failed(build, source.name, error)
        for step in steps:
            item = f"{step.source}/{step.item}"
            self._tracker(build).stages["crawl", item] = Progress("crawl", item)
        return steps, errors

    def plan_links(self) -> list[Step]:
        """One step per confirmed link type that makes links."""
        return [
            Step("link", item=link_type.id)
            for link_type in self.store.links.link_types((LinkState.CONFIRMED,))
            if link_type.kind is not LinkKind.SAME_CONCEPT
        ]

    def run_step(self, build: int, step: Step, *, allow_removal: bool = False) -> dict[str, Any]:
        """Runs one step; returns ``{source: error}`` if its source failed, ``{"linking/NAME": error}`` for a link type."""
        match step.stage:
            case "crawl" | "forget":
                run = self._crawl if step.stage == "crawl" else self._forget
                try:
                    run(build, step.source, step.item, allow_removal=allow_removal)
                except SourceError as error:
                    return {step.source: self._source_failed(build, step.source, error)}
            case "propose":
                self._propose(build)
            case "link":
                return self._link(build, step.item)
            case "publish":
                self.publish(self._tracker(build))
        return {}

    # ---- crawl and read ----------------------------------------------------------------------------------------------

    def _survey(self, source: Source) -> list[Step]:
        """The datasets to crawl, then those that gave records before and are gone."""
        connector = self.connect(source)
        try:
            found = connector.datasets()
        finally:
            connector.close()
        known = self.store.catalog.datasets(source.name)
        found = tuple(with_known_key(info, known) for info in found)
        types = {summary.info.name: summary.type for summary in known}
        types |= {info.name: self._default_type(info) for info in found if info.name not in types}
        self.store.catalog.save_datasets(source.name, found, types)
        names = [info.name for info in found]
        gone = [summary.info.name for summary in known if summary.records and summary.info.name not in names]
        return [Step("crawl", source.name, name) for name in names] + [Step("forget", source.name, n) for n in gone]

    def _default_type(self, info: DatasetInfo) -> str:
        """What the source itself calls the things of a dataset (``options["vertex_type"]``), else by its name."""
        if info.kind is DatasetKind.DOCUMENTS:
            return "Document"
        return str(info.options.get("vertex_type") or self.vertex_type(info.name))

    def _crawl(self, build: int, source_name: str, dataset: str, *, allow_removal: bool) -> ReplaceReport:
        source = self.store.catalog.source(source_name)
        summaries = {summary.info.name: summary for summary in self.store.catalog.datasets(source_name)}
        summary = summaries[dataset]
        connector = self.connect(source)
        started = time.monotonic()
        try:
            if summary.info.kind is DatasetKind.DOCUMENTS:
                report = self._crawl_documents(build, source_name, summary, connector)
            else:
                report = self._crawl_rows(build, source_name, summary, summaries, connector)
        finally:
            connector.close()
        report += self._finish(build, source_name, dataset, allow_removal=allow_removal)
        done = report.added + report.changed + report.unchanged
        self._tracker(build)(Progress("crawl", f"{source_name}/{dataset}", done, done, "done"), force=True)
        _log.info(
            "crawled", source=source_name, dataset=dataset, added=report.added, changed=report.changed,
            unchanged=report.unchanged, removed=report.removed, seconds=round(time.monotonic() - started, 2),
        )  # fmt: skip
        return report

    def _forget(self, build: int, source: str, dataset: str, *, allow_removal: bool) -> ReplaceReport:
        """A table or file that vanished is a crawl that saw none of its records."""
        report = self._finish(build, source, dataset, allow_removal=allow_removal)
        self._tracker(build)(Progress("crawl", f"{source}/{dataset}", 0, 0, "done, it is gone"), force=True)
        _log.info("forgotten", source=source, dataset=dataset, removed=report.removed)
        return report

    def _finish(self, build: int, source: str, dataset: str, *, allow_removal: bool) -> ReplaceReport:
        limit = 1.0 if allow_removal else self.store.catalog.source(source).removal_limit
        return self.store.fragments.finish(source, dataset, build, removal_limit=limit)

    def _crawl_rows(
        self,
        build: int,
        source: str,
        summary: DatasetSummary,
        summaries: Mapping[str, DatasetSummary],
        connector: Connector,
    ) -> ReplaceReport:
        mapping = self.row_mappings(
            source,
            summary.info,
            summary.type,
            {name: other.info for name, other in summaries.items()},
            {name: other.type for name, other in summaries.items()},
        )
        track, item = self._tracker(build), f"{source}/{summary.info.name}"
        report, done = ReplaceReport(), 0
        stream: Iterable[RowBatch | FileRecord | RecordError] = connector.crawl(summary.info)
        if summary.info.options.get(KEY_NO_LONGER_UNIQUE):
            stream = first_of_each_key(stream, summary.info)
        for batch in self._records(build, source, summary.info.name, stream):
            if isinstance(batch, RowBatch):
                done += len(batch.keys)
                if summary.records:
                    said = dict(zip(batch.keys, mapping.digests(batch), strict=True))
                    same = self.store.fragments.seen(source, summary.info.name, said, build)
                    report += ReplaceReport(unchanged=len(same))
                    batch = _without(batch, same)
                if batch.keys:
                    report += self.store.fragments.replace(source, summary.info.name, mapping.map(batch), build)
                track(Progress("crawl", item, done, summary.info.estimated_records))
        return report

    def _crawl_documents(self, build: int, source: str, summary: DatasetSummary, connector: Connector) -> ReplaceReport:
        name, fragments, track = summary.info.name, self.store.fragments, self._tracker(build)
        item, unchanged, done = f"{source}/{name}", 0, 0

        def changed_files() -> Iterator[FileRecord]:
            nonlocal unchanged, done
            crawled = self._records(build, source, name, connector.crawl(summary.info))
            for files in _batched((entry for entry in crawled if isinstance(entry, FileRecord)), _DOCUMENT_BATCH):
                stored = fragments.digests(source, name, [file.key for file in files])
                same = [file.key for file in files if stored.get(file.key) == self.documents.digest(file)]
                fragments.touch(source, name, same, build)
                unchanged += len(same)
                done += len(same)
                known = set(same)
                yield from (file for file in files if file.key not in known)

        report = ReplaceReport()
        for result in self._records(build, source, name, self.documents.read(source, name, changed_files())):
            done += 1
            if isinstance(result, RecordFragments):
                report += fragments.replace(source, name, [result], build)
            track(Progress("crawl", item, done, summary.info.estimated_records))
        return report + ReplaceReport(unchanged=unchanged)

    def _records(self, build: int, source: str, dataset: str, stream: Iterable[T | RecordError]) -> Iterator[T]:
        """Passes on what could be read; writes down what could not, keeping what such a record said before."""
        for entry in stream:
            if isinstance(entry, RecordError):
                failure = RecordFailure(source, dataset, entry.record, entry.code, entry.message, entry.remedy, build)
                self.store.catalog.add_failures([failure])
                self.store.fragments.touch(source, dataset, [entry.record], build)
            else:
                yield entry

    def _source_failed(self, build: int, source: str, error: SourceError) -> dict[str, Any]:
        _log.warning("source failed", source=source, **error.to_dict())
        self._tracker(build)(Progress("crawl", source, 0, None, f"failed: {error.message}"), force=True)
        return error.to_dict()

    # ---- link and publish --------------------------------------------------------------------------------------------

    def _propose(self, build: int) -> None:
        """Looks for link types, unless hardly anything they rest on has changed since the last time."""
        links, track, log = self.store.links, self._tracker(build), self.store.log
        from_what, version = self._proposed_from(), self.store.fragments.version()
        changed = self._most_changed(log.projection_position(_PROPOSED_AT))
        if log.projection_position(_PROPOSED) == from_what and (not changed or changed < self.propose_share):
            self.proposed()  # time has passed all the same
            said = f"only {max(changed, 0.0001):.2%} of a dataset" if changed else "nothing"
            track(Progress("propose", "", 1, 1, f"{said} has changed since the last time"), force=True)
            return
        track(Progress("propose", "", 0, 1, "finding link types"), force=True)
        proposals = self.linker.propose(self.store.linking_data(), links.judgements(), links.link_types(), track)
        links.save_link_types(proposals)
        log.set_projection_position(_PROPOSED, from_what)
        log.set_projection_position(_PROPOSED_AT, version)
        self.proposed()
        track(Progress("propose", "", 1, 1, f"{len(proposals)} link types"), force=True)

    def _most_changed(self, version: int) -> float:
        """Of all datasets the largest share of records that came, changed or went since."""
        records = {(d.source, d.info.name): d.records for d in self.store.catalog.datasets()}
        changes = self.store.fragments.changes_since(version)
        return max((changes[key] / max(number, 1) for key, number in records.items() if key in changes), default=0.0)

    def _proposed_from(self) -> int:
        """A number for everything that proposals depend on besides the contents of datasets; never 0."""
        datasets = sorted((d.source, d.info.name, repr(d.info.declared), d.type) for d in self.store.catalog.datasets())
        answers = [(j.id, j.undone_at is None) for j in self.store.links.judgements(include_undone=True)]
        digest = digest_of((repr((self.linker.version, datasets, answers)).encode(),))
        return int.from_bytes(digest[:7], "big") + 1

    def _link(self, build: int, id: str) -> dict[str, Any]:
        """Links of one type that cannot be made must not cost the build: they stay as they were, and the build says so."""
        try:
            link_type = self.store.links.link_type(id)
        except NotFoundError:  # its source went meanwhile
            return {}
        if self.links.is_current(link_type):
            done = Progress("link", link_type.name, 1, 1, "nothing has changed since the last time")
            self._tracker(build)(done, force=True)
            return {}
        try:
            self.links.apply(link_type, self._tracker(build))
        except BuildCancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, other link types have nothing to do with it
            known = error if isinstance(error, BifrostError) else BifrostError(f"{type(error).__name__}: {error}")
            _log.warning("link type failed", link_type=link_type.id, name=link_type.name, exc_info=known is not error)
            self._tracker(build)(Progress("link", link_type.name, 0, None, f"failed: {known.message}"), force=True)
            remedy = f"{known.remedy} Or correct, reject or delete link type {link_type.id} ({link_type.name})."
            return {f"linking/{link_type.name}": {**known.to_dict(), "remedy": remedy}}
        return {}

    def publish(self, track: Callable[[Progress], None] = lambda _: None) -> None:
        """Lets every projection follow the change log to its end."""
        for projection in self.projections:
            track(Progress("publish", projection.name, 0, None))
            applied = projection.catch_up()
            track(Progress("publish", projection.name, applied, applied, "done"))
        self.store.log.compact()

    def _tracker(self, build: int) -> _Tracker:
        return self._trackers.setdefault(build, _Tracker(self, build))


def _without(batch: RowBatch, keys: Collection[str]) -> RowBatch:
    """The rows of a batch that have none of these keys."""
    if not keys:
        return batch
    wanted = [key not in keys for key in batch.keys]
    return RowBatch(batch.table.filter(pa.array(wanted, pa.bool_())), tuple(compress(batch.keys, wanted)))


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
