"""The records of the source of edits: what the live edits of a vertex or an edge say together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bifrost.codec import decode_value
from bifrost.values import Evidence, Fragment, LinkStatement, RecordFragments, Value, digest_of
from graphstore.encoding import dumps
from graphstore.merged import CHANGED, HIDDEN

__all__ = ["EditState", "edge_record", "vertex_record"]


@dataclass
class EditState:
    """The fold of a subject's live edits. ``own``: it was added by hand, be that undone or not; ``notes`` are encoded;
    ``members``: the ids of what was one with it when it was edited, ``shared``: the properties that these edits were about."""

    own: bool = False
    made: dict[str, Any] | None = None
    notes: dict[str, list[Any]] = field(default_factory=dict)
    properties: dict[str, list[Any]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    deleted: bool = False
    by: str = ""
    members: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)


def _decoded(properties: Mapping[str, Iterable[Any]]) -> dict[str, tuple[Value, ...]]:
    return {name: tuple(decode_value(value) for value in values) for name, values in properties.items() if values}


def _record(subject: str, state: EditState, **said: Any) -> RecordFragments:
    sets = (sorted(state.removed), sorted(state.members), sorted(state.shared))
    parts = (state.made, state.properties, sets, state.deleted, state.by, state.notes)
    digest = digest_of([repr(parts).encode()])
    return RecordFragments(subject, digest, **said)


def vertex_record(subject: str, state: EditState) -> RecordFragments | None:
    """What the subject's live edits say of it, and of all that was one with it."""
    properties = _decoded(state.properties)
    noted = {name: pairs for name, pairs in state.notes.items() if pairs}
    notes = dumps(noted) if noted else ""
    fragments = []
    # A hidden one stays one with the others, so that all come back as they were.
    if state.made is not None and (state.members or not state.deleted):
        evidence = Evidence("edit", quote=f"by {state.by}", notes=notes)
        fragments.append(Fragment(subject, state.made["label"], properties, evidence))
    ridden, removed = state.members | {subject}, state.removed
    if state.own:
        # What was added by hand is its own; the others are changed where the edits were about all of them.
        ridden, notes = (ridden if state.deleted and state.members else state.members), ""
        properties = {name: values for name, values in properties.items() if name in state.shared}
        removed = removed & state.shared
    if state.deleted:
        fragments += [Fragment(uid, "", {}, Evidence(HIDDEN, quote=f"by {state.by}")) for uid in sorted(ridden)]
    elif properties or removed or notes:
        parts = dict.fromkeys(properties, Evidence("edit.set")) | dict.fromkeys(removed, Evidence("edit.remove"))
        evidence = Evidence(CHANGED, quote=f"by {state.by}", notes=notes)
        fragments += [Fragment(uid, "", properties, evidence, parts) for uid in sorted(ridden)]
    return _record(subject, state, fragments=tuple(fragments)) if fragments else None


def edge_record(subject: str, state: EditState) -> RecordFragments | None:
    if state.made is None or state.deleted:
        return None
    evidence = Evidence("edit", quote=f"by {state.by}")
    made, properties = state.made, _decoded(state.properties)
    link = LinkStatement(subject, made["label"], made["tail"], made["head"], properties, evidence)
    return _record(subject, state, links=(link,))
