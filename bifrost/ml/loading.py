"""Reads a Parquet export, wherever it is, into arrays."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bifrost.errors import AuthenticationError, InputError, NotFoundError, StoreUnavailableError
from bifrost.ml.arrays import Edges, GraphArrays, Nodes, Relation, Split
from bifrost.ml.features import FeatureOptions, features, target

__all__ = ["load"]

_SCORE, _TAIL, _HEAD, _ID = "_score", "_tail", "_head", "_id"
_FIXED = frozenset([_SCORE, _TAIL, _HEAD, _ID])
_PARTS = (0.8, 0.1, 0.1)


def load(
    source: str | Path,
    *,
    token: str = "",
    targets: Mapping[str, str] | None = None,
    options: FeatureOptions | None = None,
    parts: Sequence[float] = _PARTS,
    seed: int = 0,
) -> GraphArrays:
    """The graph as arrays.

    ``source`` is the zip that ``bifrost export parquet`` writes, a folder with its content, or the address of a running
    service (``http://127.0.0.1:8420``, with an API ``token``). ``targets`` maps vertex types to the property to predict,
    which is then no feature. ``parts`` are the shares of training, validation and test; ``seed`` chooses who is where.

    Raises NotFoundError, InputError for what is no export, StoreUnavailableError where the service does not answer.
    """
    if len(parts) != 3 or min(parts) < 0 or abs(sum(parts) - 1) > 1e-6:
        raise InputError("parts are three shares that add up to 1, such as (0.8, 0.1, 0.1).")
    tables = dict(_tables(source, token))
    chosen, wanted = options or FeatureOptions(), dict(targets or {})
    nodes: dict[str, Nodes] = {}
    rows: dict[str, tuple[str, int]] = {}
    for (kind, label), table in tables.items():
        if kind == "vertices":
            nodes[label] = _nodes(label, table, wanted.pop(label, None), chosen, parts, seed)
            rows |= {id: (label, number) for number, id in enumerate(nodes[label].ids)}
    if wanted:
        raise InputError(f"There is no vertex type {next(iter(wanted))!r}.", remedy=f"There are: {', '.join(nodes)}.")
    edges: dict[Relation, Edges] = {}
    for (kind, label), table in tables.items():
        if kind == "edges":
            edges |= _relations(label, table, rows, chosen, parts, seed)
    return GraphArrays(nodes, dict(sorted(edges.items())), seed)


def _nodes(
    label: str, table: pa.Table, wanted: str | None, options: FeatureOptions, parts: Sequence[float], seed: int
) -> Nodes:
    ids = tuple(table.column(_ID).to_pylist())
    columns = {name: table.column(name).to_pylist() for name in table.column_names if name != _ID}
    split = _split(ids, parts, seed)
    if wanted is None:
        values, names = features(columns, len(ids), split.train, options)
        return Nodes(ids, values, names, split)
    if wanted not in columns:
        raise InputError(f"{label!r} has no property {wanted!r}.", remedy=f"It has: {', '.join(columns)}.")
    found, classes = target(columns.pop(wanted))
    values, names = features(columns, len(ids), split.train, options)
    return Nodes(ids, values, names, split, found, classes)


def _relations(
    label: str,
    table: pa.Table,
    rows: Mapping[str, tuple[str, int]],
    options: FeatureOptions,
    parts: Sequence[float],
    seed: int,
) -> dict[Relation, Edges]:
    """One relation for each pair of types that edges of this label join; edges without both ends are left out."""
    tails = [rows.get(id) for id in table.column(_TAIL).to_pylist()]
    heads = [rows.get(id) for id in table.column(_HEAD).to_pylist()]
    members: dict[Relation, list[int]] = {}
    for number, (tail, head) in enumerate(zip(tails, heads, strict=True)):
        if tail is not None and head is not None:
            members.setdefault((tail[0], label, head[0]), []).append(number)
    found = {}
    for relation, numbers in members.items():
        part = table.take(numbers)
        ids = tuple(part.column(_ID).to_pylist())
        split = _split(ids, parts, seed)
        columns = {name: part.column(name).to_pylist() for name in part.column_names if name not in _FIXED}
        values, names = features(columns, len(ids), split.train, options)
        found[relation] = Edges(
            ids,
            np.array([end[1] for number in numbers if (end := tails[number])], np.int64),
            np.array([end[1] for number in numbers if (end := heads[number])], np.int64),
            part.column(_SCORE).to_numpy().astype(np.float32),
            values,
            names,
            split,
        )
    return found


def _split(ids: Sequence[str], parts: Sequence[float], seed: int) -> Split:
    key = seed.to_bytes(8, "big", signed=True)
    places = np.array([int.from_bytes(blake2b(id.encode(), digest_size=7, key=key).digest(), "big") for id in ids])
    place: NDArray[np.float64] = places.reshape(-1) / 2.0**56
    train, rest = place < parts[0], place >= parts[0] + parts[1]
    return Split(train, ~train & ~rest, ~train & rest)


# ---- where it is ---------------------------------------------------------------------------------------------------------


def _tables(source: str | Path, token: str) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    """((vertices or edges, label), table), in order."""
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        yield from _zipped(io.BytesIO(_download(source.rstrip("/"), token)), source)
        return
    path = Path(source)
    if path.is_dir():
        for file in sorted(path.glob("*/*.parquet")):
            if file.parent.name in ("vertices", "edges"):
                yield _table(file.parent.name, file.name, file.open("rb"))
        return
    if not path.is_file():
        raise NotFoundError(f"There is no export {str(path)!r}.", remedy="Make one: bifrost export parquet -o FILE.zip")
    with path.open("rb") as stream:
        yield from _zipped(stream, str(path))


def _zipped(stream: IO[bytes], name: str) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in sorted(archive.namelist()):
                file = PurePosixPath(member)
                if file.suffix == ".parquet" and file.parent.name in ("vertices", "edges"):
                    yield _table(file.parent.name, file.name, io.BytesIO(archive.read(member)))
    except zipfile.BadZipFile:
        raise InputError(
            f"{name!r} is no Parquet export.", remedy="Make one: bifrost export parquet -o FILE.zip"
        ) from None


def _table(kind: str, name: str, stream: IO[bytes]) -> tuple[tuple[str, str], pa.Table]:
    with stream:
        table = pq.read_table(stream)
    label = (table.schema.metadata or {}).get(b"label", b"").decode()
    needed = {_ID} if kind == "vertices" else {_ID, _TAIL, _HEAD, _SCORE}
    if not needed <= set(table.column_names):
        raise InputError(f"{kind}/{name} has no columns {', '.join(sorted(needed))}.")
    return (kind, label or unquote(name.removesuffix(".parquet"))), table


def _download(address: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = address if "/api/export" in address else f"{address}/api/export"
    try:
        response = httpx.get(url, params={"format": "parquet"}, headers=headers, timeout=600.0)
    except httpx.HTTPError as error:
        raise StoreUnavailableError(f"{address} does not answer: {error or type(error).__name__}") from None
    if response.status_code in (401, 403):
        raise AuthenticationError(
            f"{address} does not let the graph be read ({response.status_code}).",
            remedy="Give an API token of scope read: bifrost token create NAME",
        )
    if response.status_code != 200:
        raise StoreUnavailableError(
            f"{address} answers {response.status_code}.", remedy="Check the address and the token (read scope)."
        )
    return response.content
