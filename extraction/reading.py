"""From a file to a document with its mentions: what a worker process does with each file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bifrost.documents import Document
from bifrost.errors import BifrostError, RecordError
from bifrost.ports import Extractor, Reader
from bifrost.values import FileRecord
from extraction.nlp.hits import combined

__all__ = ["read_file", "sniff_media_type"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
)
_ZIP = b"PK\x03\x04"


def sniff_media_type(content: bytes, declared: str) -> str:
    """The media type that the content shows; ``declared`` where it shows none. A suffix may lie, a signature rarely."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if b"%PDF-" in content[:1024] and declared == "application/pdf":
        return declared
    if content.startswith(_ZIP):
        # the names of the parts are in the archive's directory at its end, and in its local headers
        if b"word/document" in content:
            return _WORD
        if b"ppt/presentation" in content:
            return _SLIDES
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if declared.startswith("text/") and start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return declared


def read_file(record: FileRecord, readers: Mapping[str, Reader], extractors: Sequence[Extractor]) -> Document:
    """Reads a file with the reader of its media type (``readers`` maps media types to readers) and finds its mentions.

    ``extractors`` come strongest first: where mentions overlap, the earlier extractor's stay.

    Raises RecordError, also in place of anything a parser raises on input that its authors did not think of.
    """
    media_type = sniff_media_type(record.content, record.media_type)
    reader = readers.get(media_type)
    if reader is None:
        raise RecordError(
            f"{record.key} is {media_type}, which no reader takes.",
            record=record.key,
            remedy="Exclude the file, or install a reader for this format.",
        )
    if media_type != record.media_type:
        record = replace(record, media_type=media_type)
    try:
        document = reader.read(record)
        mentions = combined(document, [extractor.extract(document) for extractor in extractors])
    except BifrostError:
        raise
    except MemoryError:
        raise RecordError(
            f"Reading {record.key} took too much memory.", record=record.key, remedy="Split the file, or exclude it."
        ) from None
    except Exception as error:
        raise RecordError(
            f"{record.key} cannot be read: {type(error).__name__}: {error}",
            record=record.key,
            remedy="Save the file again in the program that made it; if that does not help, report it with the file.",
        ) from error
    return replace(document, mentions=tuple(mentions)) if mentions else document
