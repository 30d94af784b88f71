"""The mutation root: sources, builds, review, edits of the graph, accounts."""

from collections.abc import Mapping

import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Context
from api.graphql.link_type_input import LinkTypeInput
from api.graphql.types_admin import (
    EditType,
    NewTokenType,
    ProjectionType,
    RegisteredOperationType,
    TokenType,
    UserType,
)
from api.graphql.types_answers import JudgeResultType
from api.graphql.types_carrying import LearntType
from api.graphql.types_graph import EdgeType, VertexType
from api.graphql.types_links import (
    CorrectionInput,
    LinkTypeType,
    PairInput,
    correction_of,
)
from api.graphql.types_sources import BuildType, ConnectionReportType, SourceInput, SourceType
from api.graphql.values import properties_from_json
from api.permissions import Role, Rule, check
from bifrost.errors import InputError
from bifrost.links import LinkKind, Verdict

__all__ = ["Mutation"]

Info = strawberry.Info[Context, None]
_MOST_PAIRS = 1000


def _options(given: JSON) -> Mapping[str, object]:
    if not isinstance(given, dict):
        raise InputError("Options are an object of names and values.")
    return given


def _secrets(given: JSON | None) -> dict[str, str] | None:
    """None when nothing was given. Errors never repeat a value."""
    if given is None:
        return None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InputError("Secrets are an object of names and texts.")
    return dict(given)


def _pairs(given: list[PairInput] | None) -> list[tuple[str, str]]:
    if len(given or ()) > _MOST_PAIRS:
        raise InputError(f"At most {_MOST_PAIRS} example pairs are allowed.")
    return [(pair.tail, pair.head) for pair in given or ()]


@strawberry.type
class Mutation:
    # ---- sources and builds

    @strawberry.mutation(description="Tries a connection that need not be registered; reads no data.")
    def test_source(self, info: Info, input: SourceInput) -> ConnectionReportType:
        report, found = info.context.service.test_source(
            input.name, input.kind, _options(input.options), _secrets(input.secrets)
        )
        return ConnectionReportType.of(report, found)

    @strawberry.mutation(description="Undoable.")
    def add_source(self, info: Info, input: SourceInput) -> SourceType:
        return SourceType.of(
            info.context.service.add_source(
                input.name,
                input.kind,
                _options(input.options),
                _secrets(input.secrets),
                rank=input.rank,
                removal_limit=_share(input.removal_limit),
                by=info.context.principal.name,
            )
        )

    @strawberry.mutation(description="Secrets that are left out keep their value; undoable.")
    def update_source(self, info: Info, name: str, input: SourceInput) -> SourceType:
        if input.name != name:
            raise InputError("A source keeps its name.", remedy="Register another source, then remove this one.")
        return SourceType.of(
            info.context.service.update_source(
                name,
                input.kind,
                _options(input.options),
                _secrets(input.secrets),
                rank=input.rank,
                removal_limit=_share(input.removal_limit),
                by=info.context.principal.name,
            )
        )

    @strawberry.mutation(
        description="Removes a source and all that it alone said; undoable for a time, unless nothing of it is to be kept."
    )
    def remove_source(self, info: Info, name: str, forget: bool | None = False) -> bool:
        info.context.service.remove_source(name, by=info.context.principal.name, forget=bool(forget))
        return True

    @strawberry.mutation(description="Queues a build of these sources, or of all.")
    def start_build(
        self, info: Info, sources: list[str] | None = None, allow_removal: bool | None = False
    ) -> BuildType:
        return BuildType.of(info.context.service.start_build(tuple(sources or ()), bool(allow_removal)))

    @strawberry.mutation
    def cancel_build(self, info: Info, id: int) -> BuildType:
        return BuildType.of(info.context.service.cancel_build(id))

    # ---- review

    @strawberry.mutation(description="Answers a question about a link type; undoable.")
    def judge(
        self,
        info: Info,
        link_type: strawberry.ID,
        verdict: Verdict,
        correction: CorrectionInput | None = None,
        note: str | None = None,
        blind: bool | None = False,
    ) -> JudgeResultType:
        by, service = info.context.principal.name, info.context.service
        changed = correction_of(correction)
        found = service.judge(link_type, verdict, by, changed, note or "", blind=bool(blind))
        return JudgeResultType.of(found, bool(blind))

    @strawberry.mutation(description="Answers a question about two records; undoable.")
    def judge_pair(
        self,
        info: Info,
        link_type: strawberry.ID,
        tail: strawberry.ID,
        head: strawberry.ID,
        verdict: Verdict,
        note: str | None = None,
        blind: bool | None = False,
    ) -> JudgeResultType:
        by, service = info.context.principal.name, info.context.service
        found = service.judge_pair(link_type, tail, head, verdict, by, note or "", blind=bool(blind))
        return JudgeResultType.of(found)

    @strawberry.mutation(
        description="Makes a link type between columns that are named, confirmed by who asks, with its links; undoable as an "
        "answer. One that is known is confirmed as it is given here."
    )
    def add_link_type(self, info: Info, input: LinkTypeInput, note: str | None = None) -> JudgeResultType:
        by = info.context.principal.name
        return JudgeResultType.of(info.context.service.add_link_type(input.value(), by, note or ""))

    @strawberry.mutation(
        description="Lets proposals be confirmed from a probability on (one link type, a kind, or all without a rule); "
        "without a probability the rule ends, and what it confirmed stays. Returns what was confirmed at once; undoable."
    )
    def set_accept_rule(
        self,
        info: Info,
        kind: LinkKind | None = None,
        probability: float | None = None,
        audit: float | None = None,
        link_type: strawberry.ID | None = None,
    ) -> list[LinkTypeType]:
        by, review = info.context.principal.name, info.context.service.review
        found = review.set_rule(kind, probability, 0.1 if audit is None else audit, by, link_type or "")
        return [LinkTypeType.of(link_type) for link_type in found]

    @strawberry.mutation(
        description="Puts the rule back that there was before a change (acceptRuleChanges), and takes back what was confirmed "
        "since then and the rule before would not have confirmed; returns that."
    )
    def undo_accept_rule(self, info: Info, id: int) -> list[LinkTypeType]:
        found = info.context.service.review.undo_rule(id, info.context.principal.name)
        return [LinkTypeType.of(link_type) for link_type in found]

    @strawberry.mutation(description="Takes an answer back.")
    def undo(self, info: Info, judgement: int) -> JudgeResultType:
        return JudgeResultType.of(info.context.service.undo(judgement, info.context.principal.name))

    @strawberry.mutation(description="Proposals that explain example pairs, best first; then judge one of them.")
    def teach(
        self,
        info: Info,
        positives: list[PairInput],
        negatives: list[PairInput] | None = None,
        name: str | None = None,
        blind: bool | None = False,
    ) -> list[LinkTypeType]:
        found = info.context.service.teach(
            _pairs(positives), _pairs(negatives), name or "", info.context.principal.name
        )
        return [LinkTypeType.of(link_type, bool(blind)) for link_type in found]

    @strawberry.mutation(
        description="Lets proposals start from what people taught another project: the text that linkingKnowledge gives there. "
        "Open proposals are scored again at once, pairs of records with the next build."
    )
    def import_knowledge(self, info: Info, content: str, name: str | None = None) -> LearntType:
        by, carrying = info.context.principal.name, info.context.service.carrying
        return LearntType.of(carrying.add(content.encode(), by, name or ""))

    @strawberry.mutation(description="Takes an import of knowledge (knowledgeImports) back.")
    def remove_knowledge(self, info: Info, id: strawberry.ID) -> LearntType:
        return LearntType.of(info.context.service.carrying.remove(id))

    # ---- the graph

    @strawberry.mutation(description="Adds a vertex as a person's edit, which no crawl overwrites.")
    def add_vertex(self, info: Info, label: str, properties: JSON) -> VertexType:
        edits, by = info.context.service.edits, info.context.principal.name
        return VertexType.of(edits.add_vertex(label, properties_from_json(properties), by=by))

    @strawberry.mutation(description="Sets and removes properties of a vertex.")
    def update_vertex(
        self, info: Info, id: strawberry.ID, set: JSON | None = None, remove: list[str] | None = None
    ) -> VertexType:
        edits, by = info.context.service.edits, info.context.principal.name
        return VertexType.of(edits.update_vertex(id, properties_from_json(set), remove or (), by=by))

    @strawberry.mutation
    def delete_vertex(self, info: Info, id: strawberry.ID) -> bool:
        info.context.service.edits.delete_vertex(id, by=info.context.principal.name)
        return True

    @strawberry.mutation
    def add_edge(
        self,
        info: Info,
        label: str,
        tail: strawberry.ID,
        head: strawberry.ID,
        properties: JSON | None = None,
    ) -> EdgeType:
        edits, by = info.context.service.edits, info.context.principal.name
        return EdgeType.of(edits.add_edge(label, tail, head, properties_from_json(properties), by=by))

    @strawberry.mutation(description="Sets and removes properties of an edge that was added by hand.")
    def update_edge(
        self, info: Info, id: strawberry.ID, set: JSON | None = None, remove: list[str] | None = None
    ) -> EdgeType:
        edits, by = info.context.service.edits, info.context.principal.name
        return EdgeType.of(edits.update_edge(id, properties_from_json(set), remove or (), by=by))

    @strawberry.mutation
    def delete_edge(self, info: Info, id: strawberry.ID) -> bool:
        info.context.service.edits.delete_edge(id, by=info.context.principal.name)
        return True

    @strawberry.mutation(
        description="Takes one change by hand back. Later ones of the same vertex or edge stay; those of a source are undone "
        "newest first, by administrators. A removed source comes back with its credentials, and a build brings its data back."
    )
    def undo_edit(self, info: Info, id: int) -> EditType:
        service, principal = info.context.service, info.context.principal
        edit = service.edits.edit(id)
        if edit.element == "source":
            check(principal, Rule.ADMIN, "undoEdit of a source")
        undone = service.undo_edit(id, principal.name)
        if (edit.element, edit.action) == ("source", "delete"):
            service.start_build((edit.subject,), allow_removal=False)
        return EditType.of(undone)

    # ---- projections and operations

    @strawberry.mutation(description="Begins to build a projection from zero; `projections` tells how far it is.")
    def rebuild_projection(self, info: Info, name: str) -> list[ProjectionType]:
        return [ProjectionType(**one._asdict()) for one in info.context.service.rebuild_projection(name)]

    @strawberry.mutation(description="Lets clients run a document by its hash, also where only registered ones run.")
    def register_operation(self, info: Info, document: str) -> RegisteredOperationType:
        operations = info.context.operations
        assert operations.store is not None
        made = operations.store.register(document, info.context.principal.name)
        operations.forget_listed()
        return RegisteredOperationType.of(made)

    @strawberry.mutation
    def remove_operation(self, info: Info, hash: str) -> bool:
        operations = info.context.operations
        assert operations.store is not None
        operations.store.remove(hash)
        operations.forget_listed()
        return True

    # ---- accounts

    @strawberry.mutation(description="A personal token; scopes are read, write and admin, at most the caller's own.")
    def create_token(
        self, info: Info, name: str, scopes: list[str], expires_in_days: int | None = None
    ) -> NewTokenType:
        new = info.context.accounts.create_token(info.context.principal, name, scopes, expires_in_days)
        return NewTokenType(token=TokenType.of(new.token), secret=new.secret)

    @strawberry.mutation
    def revoke_token(self, info: Info, id: int) -> bool:
        info.context.accounts.revoke_token(info.context.principal, id)
        return True

    @strawberry.mutation(description="With sources, a reader sees what a graph of these sources alone would show.")
    def add_user(self, info: Info, name: str, password: str, role: Role, sources: list[str] | None = None) -> UserType:
        return UserType.of(info.context.accounts.add_user(name, password, role, sources))

    @strawberry.mutation(description="Which sources a reader may see from now on; null for all.")
    def set_sources(self, info: Info, name: str, sources: list[str] | None = None) -> UserType:
        return UserType.of(info.context.accounts.set_sources(name, sources))

    @strawberry.mutation(description="One's own password; an administrator may set any. Ends that user's sessions.")
    def set_password(self, info: Info, name: str, password: str) -> bool:
        principal = info.context.principal
        if principal.name != name or principal.via == "token":
            check(principal, Rule.ADMIN, "setPassword for others")
        info.context.accounts.set_password(name, password)
        return True

    @strawberry.mutation
    def remove_user(self, info: Info, name: str) -> bool:
        info.context.accounts.remove_user(name)
        return True


def _share(value: float | None) -> float | None:
    if value is not None and not 0 <= value <= 1:
        raise InputError("removalLimit is a share between 0 and 1.")
    return value
