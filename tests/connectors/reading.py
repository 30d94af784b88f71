"""Reads what lies below a path, for tests of files and folders."""

from pathlib import Path
from typing import Any

from bifrost.errors import RecordError
from bifrost.values import DatasetInfo, RowBatch
from connectors.files import FilesConnector, FilesOptions


def connect(path: Path, **options: Any) -> FilesConnector:
    return FilesConnector(FilesOptions(path=path, **options))


def read(path: Path, **options: Any) -> tuple[DatasetInfo, list[dict[str, Any]], list[RecordError], list[str]]:
    """The only dataset below a path: its description, rows, errors and keys."""
    connector = connect(path, **options)
    (dataset,) = connector.datasets()
    items = list(connector.crawl(dataset))
    batches = [item for item in items if isinstance(item, RowBatch)]
    rows = [row for batch in batches for row in batch.table.to_pylist()]
    return (
        dataset,
        rows,
        [item for item in items if isinstance(item, RecordError)],
        [k for b in batches for k in b.keys],
    )


def types(dataset: DatasetInfo) -> dict[str, str]:
    return {column.name: column.type for column in dataset.columns}


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
