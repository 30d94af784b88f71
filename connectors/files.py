"""A folder or a single file: tabular files become tables, all other supported files one dataset of documents."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from bifrost.errors import InputError, NotFoundError, RecordError, SourceError
from bifrost.keys import Occurrences, record_key, record_keys
from bifrost.ports import ConnectionReport
from bifrost.values import DatasetInfo, DatasetKind, FileRecord, RowBatch
from connectors._files_listing import (
    DOCUMENTS,
    MEDIA_TYPES,
    FoundFile,
    Listing,
    dataset_names,
    list_files,
    resolve_inside,
)
from connectors._files_rdf import RDF, rdf_batches, rdf_datasets, rdf_preview
from connectors._files_tables import ROWS, TableFile, describe, read_tables
from connectors._infer import cast_column
from connectors._options import Patterns
from connectors._rdf_load import RdfFile

__all__ = ["FilesConnector", "FilesOptions", "implementation"]


class FilesOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Files")

    path: Path = Field(title="Folder or file", description="On the machine that runs Bifrost")
    include: Patterns = Field((), title="Only these", description="Patterns such as *.csv or crm/*; empty means all")
    exclude: Patterns = Field((), title="Not these", description="Patterns such as old/*")
    recursive: bool = Field(True, title="Folders inside, too")
    encoding: str | None = Field(None, title="Encoding", description="Of text files; empty: found for each file")
    delimiter: str | None = Field(
        None, title="Delimiter", description="Of CSV files; empty: found", max_length=1, min_length=1
    )
    max_megabytes: int = Field(200, title="Largest document in MB", description="Tables may be larger", ge=1)

    def local_paths(self) -> tuple[Path, ...]:
        """What this source reads from the disk of the machine that runs Bifrost."""
        return (self.path,)


class FilesConnector:
    """Files below one folder. What a file's columns and key are is found by reading it once (``datasets``)."""

    Options: ClassVar[type[FilesOptions]] = FilesOptions
    title: ClassVar[str] = "Files and folders"

    def __init__(self, options: FilesOptions) -> None:
        self.options = options
        self._root = options.path

    def test(self) -> ConnectionReport:
        begin = time.monotonic()
        listing = self._listing()
        documents = listing.documents()
        warnings = listing.warnings if listing.files else (*listing.warnings, "There is no file that can be read.")
        rdf = rdf_datasets(self._rdf(listing))
        counts = (
            (len(listing.tables()), "table file"),
            (len(listing.rdf()), "RDF file"),
            (len(documents), "document"),
        )
        held = ", ".join(f"{count} {noun}{'s' * (count != 1)}" for count, noun in counts if count)
        held = " and ".join(held.rsplit(", ", 1))
        server = f"{held or 'nothing'} in {self._root}"
        return ConnectionReport(
            server, len(listing.tables()) + len(rdf) + bool(documents), time.monotonic() - begin, warnings
        )

    def datasets(self) -> tuple[DatasetInfo, ...]:
        listing = self._listing()
        tables = listing.tables()
        names = dataset_names(tables)
        found = [dataset for file in tables for dataset in self._described(file, names[file.key])]
        found += rdf_datasets(self._rdf(listing))
        if documents := listing.documents():
            found.append(DatasetInfo(DOCUMENTS, DatasetKind.DOCUMENTS, estimated_records=len(documents)))
        return tuple(sorted(found, key=lambda dataset: dataset.name))

    def preview(self, dataset: DatasetInfo, limit: int = 50) -> pa.Table:
        if dataset.kind is DatasetKind.DOCUMENTS:
            files = self._listing().documents()[:limit]
            return pa.table(
                {
                    "path": pa.array([file.key for file in files], pa.string()),
                    "media_type": pa.array([MEDIA_TYPES[file.suffix] for file in files], pa.string()),
                    "bytes": pa.array([file.path.stat().st_size for file in files], pa.int64()),
                }
            )
        if dataset.options.get("format") == RDF:
            return rdf_preview(self._rdf(self._listing()), dataset, limit)
        tables = [
            item for item in _first(self._cast_tables(dataset, min(limit, ROWS)), limit) if isinstance(item, pa.Table)
        ]
        if not tables:
            return pa.table({info.name: pa.array([], pa.string()) for info in dataset.columns})
        return pa.concat_tables(tables, promote_options="permissive").slice(0, limit)

    def crawl(self, dataset: DatasetInfo) -> Iterator[RowBatch | FileRecord | RecordError]:
        if dataset.kind is DatasetKind.DOCUMENTS:
            yield from self._documents()
            return
        if dataset.options.get("format") == RDF:
            yield from rdf_batches(self._rdf(self._listing()), dataset)
            return
        key = record_key(dataset)
        occurrences = Occurrences()
        for item in self._cast_tables(dataset, ROWS):
            if isinstance(item, RecordError):
                yield item
            elif item.num_rows:
                yield RowBatch(item, record_keys(item, key, occurrences))

    def fetch(self, dataset: DatasetInfo, key: str) -> FileRecord:
        if dataset.kind is not DatasetKind.DOCUMENTS:
            raise InputError(f"{dataset.name!r} is a table; it has no file {key!r}.")
        try:
            path = resolve_inside(self._root, key)
            if path.suffix.lower() in MEDIA_TYPES:
                found = self._document(FoundFile(key, path, path.suffix.lower()))
                if isinstance(found, RecordError):
                    raise found
                return found
        except (SourceError, FileNotFoundError, IsADirectoryError):
            pass
        raise NotFoundError(f"There is no document {key!r} in {self._root}.")

    def close(self) -> None:
        """Nothing stays open."""

    def _listing(self) -> Listing:
        options = self.options
        return list_files(self._root, options.include, options.exclude, recursive=options.recursive)

    def _rdf(self, listing: Listing) -> tuple[RdfFile, ...]:
        """The RDF files, each in its present state."""
        found = []
        for file in listing.rdf():
            try:
                path = resolve_inside(self._root, file.key)
                status = path.stat()
            except OSError as error:
                raise SourceError(f"{file.key} cannot be read: {error.strerror}.") from None
            found.append(RdfFile(path, file.key, status.st_mtime_ns, status.st_size))
        return tuple(found)

    def _documents(self) -> Iterator[FileRecord | RecordError]:
        for file in self._listing().documents():
            try:
                yield self._document(file)
            except (OSError, SourceError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                yield RecordError(f"{file.key} cannot be read: {why}.", record=file.key)

    def _document(self, file: FoundFile) -> FileRecord | RecordError:
        path = resolve_inside(self._root, file.key)
        status = path.stat()
        if status.st_size > self.options.max_megabytes << 20:
            return RecordError(
                f"{file.key} has {status.st_size >> 20} MB, more than {self.options.max_megabytes} MB.",
                record=file.key,
                remedy="Raise the source's limit, or exclude the file.",
            )
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return FileRecord(file.key, MEDIA_TYPES[file.suffix], path.read_bytes(), modified)

    def _described(self, file: FoundFile, name: str) -> tuple[DatasetInfo, ...]:
        try:
            path = resolve_inside(self._root, file.key)
            status = path.stat()
            options = self.options
            version = TableFile(path, file.key, status.st_mtime_ns, status.st_size, options.encoding, options.delimiter)
            return describe(version, name)
        except (OSError, LookupError) as error:
            raise SourceError(f"{file.key} cannot be read: {error}") from None

    def _tables(self, dataset: DatasetInfo, rows: int) -> Iterator[pa.Table | RecordError]:
        path = resolve_inside(self._root, dataset.options["path"])
        if not path.is_file():
            raise SourceError(f"The file {dataset.options['path']!r} does not exist any more.")
        return read_tables(path, dataset.options, rows)

    def _cast_tables(self, dataset: DatasetInfo, rows: int) -> Iterator[pa.Table | RecordError]:
        """Tables of at most ``rows`` rows with exactly the dataset's columns."""
        for item in self._tables(dataset, rows):
            if isinstance(item, RecordError):
                yield item
                continue
            for start in range(0, item.num_rows, rows):
                part = item.slice(start, rows)
                columns = [
                    cast_column(part.column(info.name), info.type)
                    if info.name in part.column_names
                    else pa.nulls(part.num_rows, pa.string())
                    for info in dataset.columns
                ]
                yield pa.table(columns, names=[info.name for info in dataset.columns])


def _first(items: Iterator[pa.Table | RecordError], rows: int) -> Iterator[pa.Table | RecordError]:
    seen = 0
    for item in items:
        yield item
        seen += item.num_rows if isinstance(item, pa.Table) else 0
        if seen >= rows:
            return


implementation = FilesConnector
