"""Where data lives, and what it says: connectors, readers, extractors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel

from bifrost.documents import Document, Mention
from bifrost.errors import RecordError
from bifrost.values import DatasetInfo, FileRecord, RecordFragments, RowBatch

__all__ = [
    "ConnectionReport",
    "Connector",
    "DocumentReading",
    "Encoder",
    "Extractor",
    "Reader",
    "RowMapping",
    "RowMappings",
]


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a connection test found: the server's own words and how many datasets it can see."""

    server: str
    datasets: int
    seconds: float
    warnings: tuple[str, ...] = ()


@runtime_checkable
class Connector(Protocol):
    """One kind of source. Constructed with its validated options; opens nothing before the first call.

    Raises :class:`~bifrost.errors.SourceError` subclasses when the source as a whole cannot be read, and *yields*
    :class:`~bifrost.errors.RecordError` for single records.
    """

    Options: ClassVar[type[BaseModel]]
    """Typed options with titles and descriptions (the console builds its form from them); secrets are SecretStr."""

    title: ClassVar[str]
    """What the console calls this kind of source."""

    def test(self) -> ConnectionReport:
        """Connects and looks; reads no data. Takes at most about 10 seconds."""

    def datasets(self) -> tuple[DatasetInfo, ...]:
        """The tables and document collections of this source, sorted by name."""

    def preview(self, dataset: DatasetInfo, limit: int = 50) -> pa.Table:
        """The first rows; for documents a table with the columns path, media_type, bytes."""

    def crawl(self, dataset: DatasetInfo) -> Iterator[RowBatch | FileRecord | RecordError]:
        """Streams all records in a stable order, with bounded memory."""

    def fetch(self, dataset: DatasetInfo, key: str) -> FileRecord:
        """One document again, as it is now. Raises NotFoundError when it is gone, InputError for a table."""

    def close(self) -> None:
        """Releases connections. Safe to call twice."""


class Reader(Protocol):
    """Turns a file into a document. Raises RecordError for a file that is broken, encrypted or of another format."""

    media_types: ClassVar[frozenset[str]]

    def read(self, record: FileRecord) -> Document: ...


class Extractor(Protocol):
    """Finds mentions in a document's pages. Offsets refer to ``Page.text``."""

    name: str

    def extract(self, document: Document) -> Sequence[Mention]: ...


class RowMapping(Protocol):
    """Turns the rows of one dataset into what they say."""

    def map(self, batch: RowBatch) -> list[RecordFragments]: ...

    def digests(self, batch: RowBatch) -> list[bytes]:
        """Only the digests of what :meth:`map` gives."""


class RowMappings(Protocol):
    """Makes the row mapping of a dataset, given all datasets of its source and their vertex types."""

    def __call__(
        self,
        source: str,
        dataset: DatasetInfo,
        vertex_type: str,
        catalog: Mapping[str, DatasetInfo],
        types: Mapping[str, str],
    ) -> RowMapping: ...


class DocumentReading(Protocol):
    """Reads files in parallel, in worker processes that a hostile file can kill without harm."""

    def digest(self, record: FileRecord) -> bytes:
        """Changes whenever reading the file again could give something else."""

    def read(self, source: str, dataset: str, records: Iterable[FileRecord]) -> Iterator[RecordFragments | RecordError]:
        """Streams; keeps only a few files in memory; the order may differ from that of ``records``."""


class Encoder(Protocol):
    """The one sentence encoder of a process, shared by extraction, linking and search."""

    name: str
    """Changes whenever vectors of an earlier version must not be compared with this one's."""
    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 [len(texts), dimension]."""
