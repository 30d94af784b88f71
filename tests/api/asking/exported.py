"""What an export says, in a form that does not depend on the order in which things are told."""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pyoxigraph as ox

__all__ = ["CONTENT"]

Content = Counter[str]
_XML = "{http://graphml.graphdrawing.org/xmlns}"


def _graphml(data: bytes) -> Content:
    root = ElementTree.fromstring(data)
    keys = {key.get("id"): (key.get("attr.name"), key.get("attr.type")) for key in root.iter(f"{_XML}key")}
    told: list[Any] = sorted(map(str, keys.values()))
    for kind in ("node", "edge"):
        told += [
            (sorted(one.attrib.items()), sorted((str(keys[part.get("key")]), part.text) for part in one))
            for one in root.iter(f"{_XML}{kind}")
        ]
    return Counter(map(str, told))


def _graphson(data: bytes) -> Content:
    return Counter(json.dumps(_sorted(json.loads(line)), sort_keys=True) for line in data.splitlines())


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _sorted(value) for name, value in data.items()}
    return sorted(map(_sorted, data), key=str) if isinstance(data, list) else data


def _rdf(format: ox.RdfFormat) -> Callable[[bytes], Content]:
    return lambda data: Counter(str(quad) for quad in ox.parse(data, format, lenient=True))


def _csv(data: bytes) -> Content:
    told: list[Any] = []
    for name, file in _files(data):
        told += [(name, sorted(row.items())) for row in csv.DictReader(io.StringIO(file.decode()))]
    return Counter(map(str, told))


def _parquet(data: bytes) -> Content:
    told: list[Any] = []
    for name, file in _files(data):
        table = pq.read_table(io.BytesIO(file))
        told += [(name, table.schema.names, list(map(str, table.schema.types)))]
        told += [(name, sorted(row.items())) for row in table.to_pylist()]
    return Counter(map(str, told))


def _files(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


CONTENT: dict[str, Callable[[bytes], Content]] = {
    "graphml": _graphml,
    "graphson": _graphson,
    "nquads": _rdf(ox.RdfFormat.N_QUADS),
    "turtle": _rdf(ox.RdfFormat.TURTLE),
    "jsonld": _rdf(ox.RdfFormat.JSON_LD),
    "neptune-csv": _csv,
    "opencypher-csv": _csv,
    "parquet": _parquet,
}
"""By format: how often each statement is made."""
