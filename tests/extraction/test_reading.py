"""From a file to a record of the graph."""

import datetime
from collections.abc import Sequence
from typing import ClassVar

import pytest

from bifrost.documents import Document, Mention, Page
from bifrost.errors import RecordError, SettingsError
from bifrost.values import FileRecord
from extraction.document_fragments import document_record
from extraction.reading import read_file, sniff_media_type

WHEN = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)


class Echo:
    """A reader that says what it was given, or raises."""

    media_types: ClassVar[frozenset[str]] = frozenset({"text/plain"})

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def read(self, record: FileRecord) -> Document:
        if self._error is not None:
            raise self._error
        return Document(
            record.media_type, (Page(1, record.content.decode()),), {"sent": ("2024-02-29T12:00:00+00:00",)}
        )


class Capitals:
    name = "capitals"

    def extract(self, document: Document) -> Sequence[Mention]:
        text = document.pages[0].text
        found = [at for at, letter in enumerate(text) if letter.isupper()]
        return [Mention(1, at, at + 1, text[at], "MISC", text[at], 1.0, self.name) for at in reversed(found)]


def file(content: bytes = b"Ann met Bo", media_type: str = "text/plain") -> FileRecord:
    return FileRecord("a/b.txt", media_type, content, WHEN)


def test_mentions_are_in_order_of_the_text() -> None:
    document = read_file(file(), {"text/plain": Echo()}, [Capitals()])
    assert [mention.text for mention in document.mentions] == ["A", "B"]


def test_a_file_without_a_reader_is_a_record_error() -> None:
    with pytest.raises(RecordError, match="no reader takes"):
        read_file(file(), {}, [])


@pytest.mark.parametrize("error", [ValueError("odd"), RecursionError(), MemoryError(), KeyError("x"), OSError("gone")])
def test_whatever_a_parser_raises_is_a_record_error_with_the_name_of_the_file(error: Exception) -> None:
    with pytest.raises(RecordError, match=r"a/b\.txt") as caught:
        read_file(file(), {"text/plain": Echo(error)}, [])
    assert caught.value.record == "a/b.txt"


def test_errors_of_our_own_pass_unchanged() -> None:
    with pytest.raises(SettingsError):
        read_file(file(), {"text/plain": Echo(SettingsError("no model"))}, [])


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (b"%PDF-1.7", "text/plain", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nrest", "image/jpeg", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/png", "image/jpeg"),
        (b"II*\x00", "image/png", "image/tiff"),
        (b"\xef\xbb\xbf <!DOCTYPE HTML>", "text/plain", "text/html"),
        (b"<html is what I write about", "message/rfc822", "message/rfc822"),
        (b"PK\x03\x04", "application/x", "application/x"),
        (b"", "text/plain", "text/plain"),
    ],
)
def test_the_content_is_trusted_more_than_the_suffix(content: bytes, declared: str, expected: str) -> None:
    assert sniff_media_type(content, declared) == expected


def test_a_document_is_a_vertex_with_what_its_file_and_format_say() -> None:
    document = read_file(file(), {"text/plain": Echo()}, [])
    record = document_record("share", "files", file(), document, b"digest")
    (fragment,) = record.fragments
    assert (record.key, record.digest, record.document, record.links) == ("a/b.txt", b"digest", document, ())
    assert (fragment.uid, fragment.type) == ("share/files/a%2Fb.txt", "Document")
    assert fragment.properties == {
        "name": ("b.txt",), "path": ("a/b.txt",), "media_type": ("text/plain",), "pages": (1,), "modified": (WHEN,),
        "sent": (WHEN,),
    }  # fmt: skip
