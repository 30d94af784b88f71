"""What Word and PowerPoint files share: a guarded zip archive, core properties, tables."""

import io
import zipfile
from collections.abc import Iterable
from typing import Any

from bifrost.documents import Table
from bifrost.errors import RecordError
from bifrost.values import FileRecord

__all__ = ["broken", "core_properties", "guarded", "table"]

_LARGEST = 512 << 20
_LARGEST_PART = 128 << 20
_MOST_PARTS = 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def guarded(record: FileRecord) -> io.BytesIO:
    """The file as a stream, once its archive is known to unpack to a bounded size. Raises RecordError."""
    if not record.content:
        raise RecordError(f"{record.key} is empty.", record=record.key, remedy="Save the file again; it has 0 bytes.")
    if record.content.startswith(_OLE):
        raise RecordError(
            f"{record.key} is encrypted or in the format of before 2007.",
            record=record.key,
            remedy="Save a copy without a password in today's format.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(record.content)) as archive:
            entries = archive.infolist()
            sizes = [entry.file_size for entry in entries]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise broken(record, error) from None
    if sum(sizes) > _LARGEST or max(sizes, default=0) > _LARGEST_PART or len(entries) > _MOST_PARTS:
        raise RecordError(
            f"{record.key} unpacks to {sum(sizes) >> 20} MB in {len(entries)} parts.",
            record=record.key,
            remedy="Split the file; at most 512 MB, 128 MB a part, are unpacked.",
        )
    return io.BytesIO(record.content)


def broken(record: FileRecord, error: Exception) -> RecordError:
    return RecordError(
        f"{record.key} cannot be read: {error or type(error).__name__}",
        record=record.key,
        remedy="Open it in an office program and save it again.",
    )


def core_properties(properties: Any) -> dict[str, tuple[str, ...]]:
    """Title, author, subject, keywords and dates of a python-docx or python-pptx file."""
    found: dict[str, tuple[str, ...]] = {}
    for name in ("title", "author", "subject", "keywords"):
        if text := str(getattr(properties, name) or "").strip():
            found[name] = (text,)
    for name, ours in (("created", "created"), ("modified", "changed")):
        if (moment := getattr(properties, name)) is not None:
            found[ours] = (moment.isoformat(),)
    return found


def table(rows: Iterable[Iterable[str]]) -> Table | None:
    """Cell texts as a table, white space collapsed; None where there is nothing to read."""
    cells = tuple(tuple(" ".join(cell.split()) for cell in row) for row in rows)
    filled = tuple(row for row in cells if any(row))
    return Table(filled, has_header=all(filled[0])) if filled else None
