"""What people and programs can do with Bifrost, over the ports: the one interface of console, API and command line."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
from pydantic import BaseModel, SecretStr, ValidationError

from api.asking import Asking
from api.follower import Follower
from api.jobs import BuildJobs
from api.ports import Edit, Edits, Export, JudgeOutcome, Moved, ProjectionStatus, SourceKind, SparqlService, pairs_moved
from api.review import Review
from bifrost.catalog import Build, BuildState, Source
from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.links import (
    AUTOMATIC,
    TAUGHT,
    Correction,
    Judgement,
    LinkKind,
    LinkState,
    LinkType,
    Verdict,
    corrected_ends,
    link_type_id,
)
from bifrost.pipeline import Pipeline
from bifrost.ports import ConnectionReport, Connector, SearchIndex, Store, TeachRequest
from bifrost.registry import Registry
from bifrost.secrets import SecretBox
from bifrost.settings import Settings
from bifrost.values import DatasetInfo, FileRecord
from graphstore.export import Exporter
from graphstore.gremlin.engine import GremlinEngine
from graphstore.judging import corrected, same_rule
from graphstore.source_edits import SOURCE, SourceEdits
from linking.asking import Question
from linking.waking import to_ask_again

__all__ = ["Service"]

_MOST_PAIRS = 200_000
_MOVED = 0.02
"""Probability changes below this are not worth a person's attention."""


@dataclass
class Service:
    """Everything that the surfaces call. Blocking; safe to use from several threads."""

    settings: Settings
    store: Store
    pipeline: Pipeline
    jobs: BuildJobs
    connectors: Registry[Connector]
    secrets: SecretBox
    search: SearchIndex
    sparql: SparqlService
    edits: Edits
    source_edits: SourceEdits
    gremlin: GremlinEngine
    exporter: Exporter
    review: Review
    asking: Asking
    follower: Follower

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
        _check_name(name)
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
        self.pipeline.publish()

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
        self.pipeline.publish()
        return undone

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

    # ---- review ------------------------------------------------------------------------------------------------------

    def queue(self, by: str = "") -> list[Question]:
        """What to ask somebody next: audits, then proposals and pairs, the most worthwhile question first."""
        return self.asking.queue(by)

    def questions(self, by: str = "") -> list[LinkType]:
        """The link types of the queue."""
        return [question.link_type for question in self.queue(by) if question.pair is None]

    def pair_questions(self, link_type_id: str, count: int = 10) -> list[Question]:
        """The pairs of a same-thing link type whose answers would help most. Raises NotFoundError."""
        return self.asking.pair_questions(self.store.links.link_type(link_type_id), count)

    def judge(
        self,
        link_type_id: str,
        verdict: Verdict,
        by: str,
        correction: Correction | None = None,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome:
        """Stores an answer, retrains, re-scores the open proposals, and applies or removes the links it decides.

        Raises InputError, before anything is stored, for a correction that cannot be applied.
        """
        edges, offered = self._edges(), self.asking.offered(by)
        made = None if correction is None or verdict is not Verdict.CONFIRM else self._made(link_type_id, correction)
        judgement = self.store.links.judge(link_type_id, verdict, by, correction=correction, note=note)
        outcome = self._follow_up(judgement, edges, made)
        self.asking.log(judgement, offered, outcome.edges_changed, blind=blind)
        return outcome

    def add_link_type(self, stated: LinkType, by: str, note: str = "") -> JudgeOutcome:
        """Makes a link type between columns that a person names, confirmed by that person, with its links.

        One that is known already is confirmed as it is stated here. Raises InputError for what cannot be applied.
        """
        links, edges = self.store.links, self._edges()
        known = {link_type.id: link_type for link_type in links.link_types()}
        if stated.id in known:
            correction = Correction(
                name=stated.name,
                transform=stated.transform or None,
                condition=stated.condition or None,
                threshold=stated.threshold,
            )
            return self.judge(stated.id, Verdict.CONFIRM, by, correction, note)
        data, answers = self.store.linking_data(), links.judgements()
        described = self.pipeline.linker.describe(data, stated, answers, list(known.values()))
        return self._follow_up(links.state(described, by, note=note), edges)

    def _made(self, link_type_id: str, correction: Correction) -> LinkType | None:
        """What a correction makes of a link type, with evidence of its own; None where it links the same as before."""
        links = self.store.links
        before = links.link_type(link_type_id)
        made = corrected(before, correction)
        if not made.name.strip():
            raise InputError("A link type needs a name.")
        if made.threshold is not None and not 0 <= made.threshold <= 1:
            raise InputError("A threshold lies between 0 and 1.")
        if same_rule(made, before):
            return None
        data, answers = self.store.linking_data(), links.judgements()
        described = self.pipeline.linker.describe(data, made, answers, links.link_types())
        writes_edges = made.kind in (LinkKind.REFERENCE, LinkKind.MENTION)
        if writes_edges and before.estimated_edges and not described.estimated_edges:
            raise InputError(
                f"Corrected like this, {made.tail} names no record by {made.head}: " + " ".join(described.reasons),
                remedy="Check the columns, the rule and the values of the condition. Nothing was changed.",
            )
        return described

    def judge_pair(
        self,
        link_type_id: str,
        tail: str,
        head: str,
        verdict: Verdict,
        by: str,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome:
        """Stores an answer about two records, and says what it changed about other pairs of the link type."""
        edges, offered, before = self._edges(), self.asking.offered(by), self._scores(link_type_id)
        judgement = self.store.links.judge(f"{link_type_id}|{tail}|{head}", verdict, by, note=note)
        outcome = self._with_pairs(self._follow_up(judgement, edges), before)
        self.asking.log(judgement, offered, sum(outcome.pairs_moved[:2]), blind=blind)
        return outcome

    def undo(self, judgement_id: int, by: str) -> JudgeOutcome:
        edges, links = self._edges(), self.store.links
        subject = next((j.subject for j in links.judgements(include_undone=True) if j.id == judgement_id), "")
        about, _, pair = subject.partition("|")
        before = self._scores(about) if pair else {}
        outcome = self._follow_up(links.undo(judgement_id, by), edges)
        return self._with_pairs(outcome, before) if pair else outcome

    def teach(
        self,
        positives: Sequence[tuple[str, str]],
        negatives: Sequence[tuple[str, str]] = (),
        name: str = "",
        by: str = "",
    ) -> list[LinkType]:
        """Proposals that explain example pairs, stored, so that one of them can be confirmed.

        What was answered before about a link type that is taught anew counts no more: it is proposed with the taught name
        and rule; a confirmed one is corrected at once. Without ``positives``, known link types that link the ``negatives``
        are refined. The pairs are kept as answers about the first link type. Raises InputError.
        """
        links, linker = self.store.links, self.pipeline.linker
        known = {link_type.id: link_type for link_type in links.link_types()}
        request = TeachRequest(
            tuple(positives), tuple(negatives), name, tuple(known.values()), tuple(links.judgements())
        )
        found = linker.teach(self.store.linking_data(), request)
        # What counter-examples refine keeps its name unless another one is given.
        found = [replace(one, name=name or known[one.id].name) if one.id in known else one for one in found]
        lesson = f"taught by {len(positives)} examples and {len(negatives)} counter-examples"
        edges = self._edges()
        new = {one.id: one for one in found if one.id not in known or known[one.id].state is LinkState.PROPOSED}
        links.save_link_types([*{**known, **new}.values()])
        for one in found:
            self._taught(known.get(one.id), one, by, lesson)
        first = links.link_type(found[0].id)
        refined = found if not positives else found[:1]
        for one in refined:
            for pairs, verdict in ((positives, Verdict.CONFIRM), (negatives, Verdict.REJECT)):
                for tail, head in pairs:
                    links.judge(f"{one.id}|{tail}|{head}", verdict, by, note=lesson)
        if first.state is LinkState.CONFIRMED or self._edges() != edges:
            for one in refined:
                self._apply_one(links.link_type(one.id))
            self.pipeline.publish()
        return [links.link_type(one.id) for one in found]

    def _taught(self, before: LinkType | None, taught: LinkType, by: str, note: str) -> None:
        """Stores what was taught of a link type; one that people judged before needs an answer of its own for that."""
        links = self.store.links
        now = links.link_type(taught.id)
        known = before is None or (now.name, now.threshold) == (taught.name, taught.threshold)
        if known and same_rule(now, taught) and now.state in (LinkState.PROPOSED, LinkState.CONFIRMED):
            return
        verdict = Verdict.CONFIRM if now.state is LinkState.CONFIRMED else Verdict.REOPEN
        correction = Correction(
            name=taught.name, transform=taught.transform, condition=taught.condition, threshold=taught.threshold
        )
        links.judge(taught.id, verdict, by, correction=correction, note=note)
        # Its evidence is for the taught rule.
        stored = [one for one in links.link_types() if one.id != taught.id]
        links.save_link_types([*stored, taught])

    def _apply_one(self, link_type: LinkType) -> None:
        if link_type.state is LinkState.CONFIRMED:
            self.pipeline.apply(link_type)

    def proposed(self) -> None:
        """What follows when proposals are up to date: some are asked again, some are accepted by rules."""
        self.wake()
        self.review.accept(linked=False)

    def wake(self) -> None:
        """Asks again what was put off, if the evidence changed or enough time passed."""
        links = self.store.links
        open_or_deferred = links.link_types((LinkState.PROPOSED, LinkState.DEFERRED))
        days = self.settings.ask_again_days
        for link_type, reason in to_ask_again(open_or_deferred, links.judgements(), days, datetime.now(UTC)):
            links.judge(link_type.id, Verdict.REOPEN, AUTOMATIC, note=f"asked again: {reason}")

    def _settle_lesson(self, judgement: Judgement, known: Mapping[str, LinkType]) -> set[str]:
        """After one link type of a lesson was confirmed: it takes the pairs that were taught, and the others go."""
        confirmed = known.get(judgement.subject)
        if confirmed is None or judgement.verdict is not Verdict.CONFIRM or not confirmed.model.startswith(TAUGHT):
            return set()
        others = {
            one.id
            for one in known.values()
            if one.model == confirmed.model and one.id != confirmed.id and one.state is LinkState.PROPOSED
        }
        answers = self.store.links.judgements()
        for other in others:
            for answer in answers:
                about, _, pair = answer.subject.partition("|")
                if about == other and pair and answer.undone_at is None:
                    self.store.links.judge(f"{confirmed.id}|{pair}", answer.verdict, answer.by, note=answer.note)
        return others

    # ---- what is derived ---------------------------------------------------------------------------------------------

    def projections(self) -> list[ProjectionStatus]:
        """How far every projection has followed the change log."""
        found = [(one.name, one.lag(), one.position()) for one in self.pipeline.projections]
        return [ProjectionStatus(name, position, lag.changes, lag.seconds) for name, lag, position in found]

    def rebuild_projection(self, name: str) -> None:
        """Builds a projection from zero. Raises NotFoundError."""
        for projection in self.pipeline.projections:
            if projection.name == name:
                projection.rebuild()
                return
        raise NotFoundError(f"There is no projection {name!r}.")

    def export(self, format: str) -> Export:
        """The whole graph as a file made on the fly. Raises InputError for a format there is not."""
        return Export(*self.exporter(format))

    def close(self) -> None:
        self.jobs.stop()
        self.follower.close()
        for projection in self.pipeline.projections:
            projection.close()
        self.review.close()
        self.asking.close()
        self.store.close()

    # ----------------------------------------------------------------------------------------------------------------

    def _edges(self) -> int:
        return sum(self.store.view().label_counts()[1].values())

    def _scores(self, link_type_id: str) -> dict[tuple[str, str], float]:
        """Of the pairs of a same-thing link type."""
        found = self.store.links.pairs(link_type_id, limit=_MOST_PAIRS)
        return {(pair.left, pair.right): pair.score for pair in found}

    def _with_pairs(self, outcome: JudgeOutcome, before: Mapping[tuple[str, str], float]) -> JudgeOutcome:
        """Counts the pairs that an answer about one of them moved."""
        subject, _, judged = outcome.judgement.subject.partition("|")
        after = self._scores(subject)
        return replace(outcome, pairs_moved=pairs_moved(before, after, judged))

    def _follow_up(self, judgement: Judgement, edges_before: int, made: LinkType | None = None) -> JudgeOutcome:
        """``made`` is what a correction made, with its evidence."""
        links = self.store.links
        before = {one.id: one for one in links.link_types()}
        if made is not None and made.id in before:
            before[made.id] = replace(made, state=before[made.id].state)
        rescored = self.pipeline.linker.rescore(list(before.values()), links.judgements())
        gone = self._settle_lesson(judgement, before)
        rescored = [one for one in rescored if one.id not in gone]
        links.save_link_types(rescored)
        moved = tuple(
            Moved(one.id, one.name, before[one.id].probability, one.probability)
            for one in rescored
            if one.state is LinkState.PROPOSED and abs(one.probability - before[one.id].probability) > _MOVED
        )
        self.wake()
        link_type, changed = self._apply(judgement, before)
        self.review.accept()
        self.pipeline.publish()
        # The store itself removes and restores edges when an answer changes a link type's state.
        changed = max(changed, abs(self._edges() - edges_before))
        return JudgeOutcome(judgement, link_type, moved, changed)

    def _apply(self, judgement: Judgement, known: Mapping[str, LinkType]) -> tuple[LinkType | None, int]:
        """Applies the link type that a judgement is about, and the one that its correction made, if any."""
        subject = judgement.subject.partition("|")[0]
        old = known.get(subject)
        ids = [subject]
        if old is not None and judgement.correction is not None:
            ids.append(link_type_id(*corrected_ends(old, judgement.correction)))
        changed, shown = 0, old
        for one in dict.fromkeys(ids):
            link_type = known.get(one)
            if link_type is None:
                continue
            if link_type.state is LinkState.CONFIRMED:
                report = self.pipeline.apply(link_type)
                changed += report.added + report.changed + report.removed
                shown = link_type
            concept = link_type.kind is LinkKind.SAME_CONCEPT
            if concept or link_type.state is LinkState.CONFIRMED or self._was_confirmed(one):
                report = self.pipeline.apply_resting_on(link_type)
                changed += report.added + report.changed + report.removed
        return shown, changed

    def _was_confirmed(self, id: str) -> bool:
        answers = self.store.links.judgements(subject_prefix=id, include_undone=True)
        return any(j.subject == id and j.verdict is Verdict.CONFIRM for j in answers)


def _validated(schema: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}" for e in error.errors())
        raise InputError(f"The source's options are not valid: {problems}") from None


def _secret_fields(schema: type[BaseModel]) -> tuple[str, ...]:
    return tuple(
        name
        for name, field in schema.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    )


def _check_name(name: str) -> None:
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
