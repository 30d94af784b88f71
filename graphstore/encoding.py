"""Kernel values as JSON in columns, and back: evidence, dataset descriptions, link types, corrections."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from bifrost.codec import encode_properties, encode_value
from bifrost.links import Column, Correction, LinkKind, LinkState, LinkType, PairExample
from bifrost.values import (
    EMPTY,
    Box,
    ColumnInfo,
    DatasetInfo,
    DatasetKind,
    Evidence,
    Reference,
    Value,
)
from graphstore.values import clean_text, clean_value

__all__ = [
    "correction_from",
    "dataset_info_from",
    "dumps",
    "evidence_from",
    "evidence_text",
    "fragment_evidence_text",
    "from_iso",
    "link_type_from",
    "now",
    "properties_text",
    "properties_texts",
]


def now() -> datetime:
    return datetime.now(UTC)


def from_iso(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def dumps(value: Any) -> str:
    """JSON of dataclasses, mappings and plain values. Non-finite numbers become null, NUL and surrogates U+FFFD."""
    try:
        text = orjson.dumps(value, default=_default).decode()
    except orjson.JSONEncodeError:
        # The standard library passes lone surrogates through, orjson does not.
        return clean_text(json.dumps(_plain(value), ensure_ascii=False))
    return text.replace("\\u0000", "\ufffd") if "\\u0000" in text and "\\\\u0000" not in text else text


def _plain(value: Any) -> Any:
    """Nested dataclasses, mappings and sequences as dicts and lists."""
    if hasattr(value, "__dataclass_fields__"):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else _default(value)


def _default(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    return str(value)


# ---- properties and evidence -----------------------------------------------------------------------------------------


_EXACT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


def properties_text(properties: Mapping[str, Sequence[Value]]) -> str:
    """Properties as :func:`bifrost.codec.encode_properties` writes them, empty ones left out, NUL replaced."""
    if not properties:
        return "{}"
    try:
        # One call, which asks back only for values that need a tag. Broken numbers, which do too, it makes null.
        text = orjson.dumps(properties, encode_value, _EXACT).decode()
        if "\\u0000" not in text and "[]" not in text and "null" not in text:
            return text
    except TypeError:
        pass
    cleaned = {clean_text(name): [clean_value(v) for v in values] for name, values in properties.items() if values}
    return encode_properties(cleaned).decode()


def properties_texts(many: Sequence[Mapping[str, Sequence[Value]]]) -> list[str]:
    """:func:`properties_text` of each, in a third of the time where none holds what needs care."""
    if not many:
        return []
    try:
        text = orjson.dumps([properties or {} for properties in many], encode_value, _EXACT).decode()
    except TypeError:
        return [properties_text(properties) for properties in many]
    # Between two of them there is always such a mark; one inside a text or between two tagged values makes it one more.
    parts = text[2:-2].split("},{")
    if len(parts) != len(many) or "\\u0000" in text or "[]" in text or "null" in text:
        return [properties_text(properties) for properties in many]
    return [f"{{{part}}}" for part in parts]


_PLAIN = Evidence()


def _evidence_data(evidence: Evidence) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if evidence.extractor != "row":
        data["extractor"] = evidence.extractor
    if evidence.confidence != 1.0:
        data["confidence"] = evidence.confidence
    if evidence.column:
        data["column"] = evidence.column
    if evidence.page is not None:
        data["page"] = evidence.page
    if evidence.boxes:
        data["boxes"] = [[box.x0, box.y0, box.x1, box.y1] for box in evidence.boxes]
    if evidence.quote:
        data["quote"] = evidence.quote
    if evidence.notes:
        data["notes"] = evidence.notes
    if evidence.reason:
        data["reason"] = evidence.reason
    return data


def evidence_from(data: Mapping[str, Any]) -> Evidence:
    return Evidence(
        extractor=data.get("extractor", "row"),
        confidence=data.get("confidence", 1.0),
        column=data.get("column", ""),
        page=data.get("page"),
        boxes=tuple(Box(*box) for box in data.get("boxes", ())),
        quote=data.get("quote", ""),
        notes=data.get("notes", ""),
        reason=data.get("reason", ""),
    )


def evidence_text(evidence: Evidence) -> str | None:
    """The evidence of a link; None for ``Evidence()``."""
    return None if evidence == _PLAIN else dumps({"default": _evidence_data(evidence)})


def fragment_evidence_text(default: Evidence, by_property: Mapping[str, Evidence]) -> str | None:
    """The evidence of a fragment; None where every property has ``Evidence()``."""
    if default == _PLAIN and not by_property:
        return None
    data: dict[str, Any] = {"default": _evidence_data(default)}
    if by_property:
        data["by"] = {name: _evidence_data(evidence) for name, evidence in by_property.items()}
    return dumps(data)


# ---- dataset descriptions --------------------------------------------------------------------------------------------


def dataset_info_from(text: str) -> DatasetInfo:
    data = orjson.loads(text)
    return DatasetInfo(
        name=data["name"],
        kind=DatasetKind(data["kind"]),
        columns=tuple(ColumnInfo(**column) for column in data["columns"]),
        key=tuple(data["key"]),
        unique=tuple(tuple(columns) for columns in data["unique"]),
        references=tuple(
            Reference(tuple(r["columns"]), r["dataset"], tuple(r["target_columns"])) for r in data["references"]
        ),
        comment=data["comment"],
        estimated_records=data["estimated_records"],
        options=data["options"] or EMPTY,
    )


# ---- link types ------------------------------------------------------------------------------------------------------


def _column(data: Mapping[str, Any]) -> Column:
    return Column(data["source"], data["dataset"], tuple(data["columns"]))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _examples(data: Sequence[Mapping[str, Any]]) -> tuple[PairExample, ...]:
    return tuple(PairExample(**{**example, "score": _number(example["score"])}) for example in data)


@lru_cache(maxsize=2_048)
def link_type_from(text: str) -> LinkType:
    """A stored link type; decoded once while it does not change, as the review queue reads all of them for every question.

    Its mappings are shared: nobody may change them.
    """
    return _link_type(orjson.loads(text))


def _link_type(data: Mapping[str, Any]) -> LinkType:
    otherwise = data.get("otherwise")
    return LinkType(
        **{
            **data,
            "kind": LinkKind(data["kind"]),
            "tail": _column(data["tail"]),
            "head": _column(data["head"]),
            "through": _column(data["through"]) if data.get("through") else None,
            "state": LinkState(data["state"]),
            "transform": data["transform"] or EMPTY,
            "reasons": tuple(data["reasons"]),
            "examples": _examples(data["examples"]),
            "counter_examples": _examples(data["counter_examples"]),
            "features": {name: _number(value) for name, value in data["features"].items()} or EMPTY,
            "otherwise": _link_type(otherwise) if otherwise else None,
        }
    )


def correction_from(text: str | None) -> Correction | None:
    if text is None:
        return None
    data = orjson.loads(text)
    return Correction(
        **{
            **data,
            "kind": None if data["kind"] is None else LinkKind(data["kind"]),
            "tail": None if data["tail"] is None else _column(data["tail"]),
            "head": None if data["head"] is None else _column(data["head"]),
        }
    )
