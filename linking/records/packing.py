"""Values of record matching as files: arrays as ``.npy`` that are mapped into memory when read, the rest as JSON.

No pickles: only the classes named here are ever made. What several values share is written, and is shared again, once.
"""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse

from linking.records.agreement import Agreement
from linking.records.blocking import Pairs
from linking.records.candidates import Candidates
from linking.records.compare import Comparer, Statistics
from linking.records.decoys import Curve, Decoys
from linking.records.features import PairTable
from linking.records.field_compare import FieldStatistics
from linking.records.fields import Field, FieldKind, Records
from linking.records.graph import GraphSignal
from linking.records.matching import Matching
from linking.records.neighbours import Neighbours
from linking.records.options import MatchOptions
from linking.records.prepared import Prepared
from linking.records.space import Space
from linking.records.terms import Terms, TermStatistics

__all__ = ["pack", "unpack"]

_CLASSES: dict[str, type] = {
    made.__name__: made
    for made in (
        Agreement, Candidates, Curve, Decoys, Field, FieldStatistics, GraphSignal, MatchOptions, Matching, Neighbours,
        PairTable, Pairs, Prepared, Records, Space, Statistics, Terms, TermStatistics,
    )
}  # fmt: skip
_INDEX = "index.json"


def pack(value: Any, folder: Path) -> None:
    """Writes a value into an empty folder."""
    packer = _Packer(folder)
    root = packer.put(value)
    (folder / _INDEX).write_text(json.dumps({"root": root, "parts": packer.parts}), encoding="utf-8")


def unpack(folder: Path) -> Any:
    """Reads what :func:`pack` wrote; the files must stay while the value is used. Raises OSError, ValueError or KeyError."""
    index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    made: list[Any] = []
    for part in index["parts"]:
        made.append(_made(part, made, folder))
    return made[index["root"]]


class _Packer:
    """``parts`` are in the order in which they can be made again; each names the parts that it consists of."""

    def __init__(self, folder: Path) -> None:
        self.parts: list[dict[str, Any]] = []
        self._folder = folder
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []

    def put(self, value: Any) -> int:
        """The number of a value's part."""
        known = self._numbers.get(id(value))
        if known is not None:
            return known
        part = self._part(value)
        self.parts.append(part)
        self._alive.append(value)
        self._numbers[id(value)] = len(self.parts) - 1
        return len(self.parts) - 1

    def _part(self, value: Any) -> dict[str, Any]:
        if value is None or isinstance(value, bool | int | float | str):
            return {"plain": str(value) if isinstance(value, FieldKind) else value}
        if isinstance(value, np.ndarray):
            return {"array": self._file(value)}
        if isinstance(value, pa.Array):
            return {"text": self._file(_offsets(value)), "bytes": self._file(_bytes(value))}
        if isinstance(value, sparse.csr_matrix):
            ends = {n: self.put(getattr(value, n)) for n in ("data", "indices", "indptr")}
            return {"csr": ends, "width": value.shape[1]}
        if isinstance(value, tuple):
            return {"tuple": [self.put(v) for v in value]}
        if isinstance(value, dict):
            return {"dict": {k: self.put(v) for k, v in value.items()}}
        if isinstance(value, Comparer):
            parts = value.records, value.statistics, value.grams, value.words, value.fragments
            return {"comparer": [self.put(v) for v in parts]}
        if is_dataclass(value) and type(value).__name__ in _CLASSES:
            return {
                "class": type(value).__name__,
                "of": {f.name: self.put(getattr(value, f.name)) for f in fields(value)},
            }
        raise TypeError(f"a {type(value).__name__} cannot be written")

    def _file(self, array: np.ndarray) -> str:
        name = f"{len(list(self._folder.iterdir()))}.npy"
        np.save(self._folder / name, np.ascontiguousarray(array), allow_pickle=False)
        return name


def _offsets(text: pa.Array) -> np.ndarray:
    large = pa.concat_arrays([text.cast(pa.large_string())])
    return np.frombuffer(large.buffers()[1] or bytes(8), np.int64, count=len(large) + 1)


def _bytes(text: pa.Array) -> np.ndarray:
    large = pa.concat_arrays([text.cast(pa.large_string())])
    return np.frombuffer(large.buffers()[2] or b"", np.uint8)


def _made(part: dict[str, Any], made: list[Any], folder: Path) -> Any:
    match part:
        case {"plain": value}:
            return value
        case {"array": name}:
            return _loaded(folder / name)
        case {"text": offsets, "bytes": letters}:
            buffers = [None, *(pa.py_buffer(_loaded(folder / n)) for n in (offsets, letters))]
            count = len(buffers[1]) // 8 - 1
            return pa.Array.from_buffers(pa.large_string(), count, buffers).cast(pa.string())
        case {"csr": ends, "width": width}:
            data, indices, indptr = (made[ends[n]] for n in ("data", "indices", "indptr"))
            matrix = sparse.csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, width), copy=False)
            matrix.has_sorted_indices = True
            return matrix
        case {"tuple": numbers}:
            return tuple(made[n] for n in numbers)
        case {"dict": numbers}:
            return {k: made[n] for k, n in numbers.items()}
        case {"comparer": [records, statistics, grams, words, fragments]}:
            return Comparer(made[records], made[statistics], (made[grams], made[words], made[fragments]))
        case {"class": name, "of": numbers}:
            values = {k: made[n] for k, n in numbers.items()}
            if name == "Field":
                values["kind"] = FieldKind(values["kind"])
            return _CLASSES[name](**values)
    raise ValueError("not a part of a packed value")


def _loaded(path: Path) -> np.ndarray:
    """Empty arrays cannot be mapped."""
    if path.stat().st_size < 1 << 16:
        return np.asarray(np.load(path, allow_pickle=False))
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
