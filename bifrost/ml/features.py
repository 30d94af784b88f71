"""Columns of a table as numbers. What is learned about a column (mean, categories) is learned from its training rows."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.errors import InputError
from bifrost.ports import Encoder

__all__ = ["FeatureOptions", "features", "target"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """How columns become numbers.

    * Numbers, booleans, dates: one column, standardised over the training rows, and one that says where there is no value.
    * Texts with at most ``categories`` different values: a column per value.
    * Other texts: vectors of ``encoder``; left out without one. ``ignore`` names properties to leave out.
    """

    categories: int = 32
    encoder: Encoder | None = None
    ignore: frozenset[str] = frozenset()


def features(
    columns: dict[str, list[Any]], rows: int, train: NDArray[np.bool_], options: FeatureOptions
) -> tuple[Floats, tuple[str, ...]]:
    """(float32 [rows, d], names). A table without usable columns gets one column of ones."""
    blocks: list[Floats] = []
    names: list[str] = []
    for name in sorted(columns):
        if name in options.ignore:
            continue
        for label, block in _encoded(name, [_listed(value) for value in columns[name]], train, options):
            names += label
            blocks.append(block)
    if not blocks:
        return np.ones((rows, 1), np.float32), ("constant",)
    return np.concatenate(blocks, axis=1), tuple(names)


def target(values: Sequence[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Numbers as float32 (nan: none); anything else as classes, the most frequent first, int64 (-1: none)."""
    first = [found[0] if (found := _listed(value)) else None for value in values]
    given = [value for value in first if value is not None]
    if given and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return np.array([math.nan if value is None else value for value in first], np.float32), ()
    counts = Counter(str(value) for value in given)
    classes = tuple(sorted(counts, key=lambda name: (-counts[name], name)))
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([-1 if value is None else numbers[str(value)] for value in first], np.int64), classes


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [one for one in value if one is not None] if isinstance(value, list) else [value]


def _encoded(
    name: str, values: list[list[Any]], train: NDArray[np.bool_], options: FeatureOptions
) -> Iterator[tuple[list[str], Floats]]:
    numbers = [None if not row else _number(row[0]) for row in values]
    if all(number is not None for number, row in zip(numbers, values, strict=True) if row):
        yield from _numeric(name, numbers, train)
        return
    texts = [[str(one) for one in row] for row in values]
    seen = Counter(text for row, used in zip(texts, train, strict=True) if used for text in row)
    if len(seen) <= options.categories:
        known = {text: number for number, text in enumerate(sorted(seen))}
        block = np.zeros((len(values), len(known)), np.float32)
        for number, row in enumerate(texts):
            for text in row:
                if text in known:
                    block[number, known[text]] = 1
        if known:
            yield [f"{name}={text}" for text in known], block
    elif options.encoder is not None:
        encoder = options.encoder
        block = encoder.encode(["; ".join(row) for row in texts]).astype(np.float32)
        block[[not row for row in texts]] = 0
        if block.shape != (len(values), encoder.dimension):
            raise InputError(f"The encoder {encoder.name!r} gave an array of the shape {block.shape}.")
        yield [f"{name}[{number}]" for number in range(block.shape[1])], block


def _numeric(name: str, numbers: list[float | None], train: NDArray[np.bool_]) -> Iterator[tuple[list[str], Floats]]:
    column = np.array([math.nan if number is None else number for number in numbers], np.float64)
    missing = ~np.isfinite(column)
    known = column[train & ~missing]
    if not len(known):
        return
    spread = float(known.std())
    column = np.where(missing, 0.0, (column - known.mean()) / (spread if spread > 0 else 1.0))
    yield [name], np.clip(column, -1e6, 1e6).astype(np.float32)[:, None]
    if missing.any():
        yield [f"{name} is missing"], missing.astype(np.float32)[:, None]


def _number(value: Any) -> float | None:
    """Numbers, booleans, and moments as seconds since 1970; None for other values."""
    match value:
        case bool() | int() | float() | Decimal():
            return float(value)
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        case date():
            return float(value.toordinal() * 86_400)
        case str() if len(value) >= 16 and value[:4].isdigit() and value[10:11] == "T":
            try:
                return _number(datetime.fromisoformat(value))
            except ValueError:
                return None
    return None
