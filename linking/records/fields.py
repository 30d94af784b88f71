"""Fields: the aligned columns of a matching task, normalised once, with the kind that decides how they are compared."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["Field", "FieldKind", "Records", "kind_of", "normalise"]

MAX_CHARACTERS = 2_000
"""Longer values are cut: what tells two things apart stands at the beginning, and comparison stays bounded."""


class FieldKind(StrEnum):
    """How values of a field are compared."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Field:
    """One aligned column pair. Values are normalised; an absent value is the empty string.

    ``name`` is the column of the left table, ``other`` that of the right one.
    """

    name: str
    kind: FieldKind
    left: pa.Array
    right: pa.Array
    other: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """A matching task. With ``dirty`` both sides are the same table, and pairs run from a smaller to a larger row."""

    left_uids: pa.Array
    right_uids: pa.Array
    fields: tuple[Field, ...]
    dirty: bool

    def __post_init__(self) -> None:
        if len(self.left_uids) and not self.fields:
            raise ValueError("a matching task needs at least one field")

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.left_uids), len(self.right_uids)


def normalise(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Lower case, without accents, entities, control characters and repeated blanks; lists are joined by a blank."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        array = pc.binary_join(array.cast(pa.list_(pa.string())), " ")
    text = pc.fill_null(array.cast(pa.string()), "")
    if pc.any(pc.match_substring(text, "&")).as_py():
        text = pa.array([html.unescape(v) if "&" in v else v for v in text.to_pylist()], pa.string())
    text = pc.utf8_slice_codeunits(text, 0, MAX_CHARACTERS)
    text = pc.utf8_lower(pc.utf8_normalize(text, "NFKD"))
    text = pc.replace_substring_regex(text, r"\p{Mn}+", "")
    text = pc.replace_substring_regex(text, r"[\p{Z}\p{C}]+", " ")
    return pc.utf8_trim(text, " ")


def kind_of(values: pa.Array, sample: int = 5_000) -> FieldKind:
    """The kind of a normalised column, from the shapes of its values."""
    present = pc.drop_null(pc.if_else(pc.equal(values, ""), None, values))[:sample]
    if len(present) == 0:
        return FieldKind.NAME

    def share(pattern: str) -> float:
        return float(pc.mean(pc.match_substring_regex(present, pattern)).as_py())

    if share(r"^[-+$€£]?\s?\d{1,3}(,\d{3})*(\.\d+)?$|^[-+$€£]?\s?\d+([.,]\d+)?$") > 0.9:
        digits = pc.utf8_length(pc.replace_substring_regex(present, r"[^0-9]", ""))
        fixed = pc.mode(digits, 1)[0]["count"].as_py() / len(present)
        # Numbers that nearly all have the same, many, digits are identifiers or compact dates.
        long = (pc.mean(digits).as_py() or 0) >= 4
        return FieldKind.CODE if long and fixed > 0.6 and share(r"[.,]") < 0.1 else FieldKind.NUMBER
    words = float(pc.mean(pc.add(pc.count_substring(present, " "), 1)).as_py())
    if words < 3 and share(r"\d.*\d.*\d") > 0.8:
        return FieldKind.CODE
    return FieldKind.TEXT if words > 6 else FieldKind.NAME


def codes_to_array(values: pa.Array) -> pa.Array:
    """Values of a code field without punctuation, so that 404/231-1368 equals 404-231-1368."""
    return pc.replace_substring_regex(values, r"[^\p{L}\p{N}]", "")


def numbers_of(values: pa.Array) -> NDArray[np.float64]:
    """Values of a number field as floats; NaN where absent or not a number."""
    plain = pc.replace_substring_regex(values, r"[^0-9.\-]", "")
    valid = pc.match_substring_regex(plain, r"^-?\d+(\.\d+)?$")
    numbers = pc.if_else(valid, plain, None).cast(pa.float64())
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)


def joined(columns: Sequence[pa.Array]) -> pa.Array:
    """All fields of each record as one text."""
    return pc.utf8_trim(pc.binary_join_element_wise(*columns, " "), " ")
