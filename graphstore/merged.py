"""The properties that fragments give together: conflicts side by side in order, what people changed by hand on top."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bifrost.codec import decode_value, encode_value
from bifrost.values import Evidence, Value
from graphstore.values import value_key

__all__ = ["CHANGED", "HIDDEN", "assembled_properties", "is_rider", "shown_properties"]

CHANGED, HIDDEN = "edit.change", "edit.hide"
"""Extractors of fragments that ride on others of the same uid: they change or hide a vertex and never make one."""


def is_rider(evidence: Evidence) -> bool:
    """Whether a fragment with this default evidence only changes a vertex that others make."""
    return evidence.extractor in (CHANGED, HIDDEN)


def assembled_properties(members: Sequence[Any]) -> str | None:
    """The served properties of merged fragments as JSON; None where there is no vertex to serve.

    Members are rows with id, uid, properties, evidence, rank, changed_build. The values of a property are ordered by
    source rank, then confidence, then the build in which their record last changed, then uid. A rider's properties
    replace those of the others; it names them in its evidence.
    """
    if len(members) == 1 and not _may_ride(members[0].evidence):
        return str(members[0].properties)
    shown = shown_properties(members)
    if shown is None:
        return None
    ordered: dict[str, list[tuple[tuple[Any, ...], Any]]] = {}
    for row in members:
        sure = _confidences(_evidence(row.evidence))
        for name, values in shown[row.id].items():
            order = (row.rank, -sure.get(name, sure[None]), -row.changed_build, row.uid, row.id)
            ordered.setdefault(name, []).extend((order, value) for value in values)
    return orjson.dumps({name: _distinct(values) for name, values in sorted(ordered.items())}).decode()


def shown_properties(members: Sequence[Any]) -> dict[int, dict[str, list[Any]]] | None:
    """What each fragment of a vertex contributes to it, as fragment id -> name -> encoded values.

    Members are rows with id, properties, evidence. None where a rider hides the vertex, or only riders are left.
    """
    evidence = {row.id: _evidence(row.evidence) for row in members}
    kinds = {id: data["default"].get("extractor", "row") for id, data in evidence.items()}
    if HIDDEN in kinds.values() or all(kind == CHANGED for kind in kinds.values()):
        return None
    masked = {name for id, data in evidence.items() if kinds[id] == CHANGED for name in data.get("by", ())}
    return {
        row.id: {
            name: values
            for name, values in orjson.loads(row.properties).items()
            if kinds[row.id] == CHANGED or name not in masked
        }
        for row in members
    }


def _may_ride(evidence: str | None) -> bool:
    return evidence is not None and evidence.startswith('{"default":{"extractor":"edit.')


def _evidence(text: str | None) -> dict[str, Any]:
    # Shared evidence ("#<id>") belongs to rows: it is certain, and nobody edits by it.
    return {"default": {}} if text is None or text.startswith("#") else orjson.loads(text)


def _confidences(data: Mapping[str, Any]) -> Mapping[str | None, float]:
    found: dict[str | None, float] = {None: data["default"].get("confidence", 1.0)}
    return found | {name: part.get("confidence", 1.0) for name, part in data.get("by", {}).items()}


def _distinct(values: list[tuple[tuple[Any, ...], Any]]) -> list[Any]:
    seen: dict[tuple[str, object], Value] = {}
    for _, encoded in sorted(values, key=lambda entry: entry[0]):
        value = decode_value(encoded)
        seen.setdefault(value_key(value), value)
    return [encode_value(value) for value in seen.values()]
