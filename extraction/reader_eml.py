"""E-mails: sender, receivers, subject and date as properties, the body as a page, attachments by name."""

import email
from collections.abc import Iterable
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import ClassVar

from bifrost.documents import Document, Page, Table
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.reader_html import html_to_page
from extraction.reader_text import decode

__all__ = ["EmlReader", "implementation"]

_LARGEST = 100 << 20
_MOST_PARTS = 1000
_HEADERS = frozenset({"from", "to", "subject", "date", "message-id", "received", "return-path", "mime-version"})


class EmlReader:
    media_types: ClassVar[frozenset[str]] = frozenset({"message/rfc822"})

    def read(self, record: FileRecord) -> Document:
        if len(record.content) > _LARGEST:
            raise RecordError(
                f"{record.key} has more than 100 MB.", record=record.key, remedy="Save its attachments apart."
            )
        try:
            message = email.message_from_bytes(record.content, policy=policy.default)
            if not isinstance(message, EmailMessage) or not _HEADERS.intersection(name.lower() for name in message):
                raise RecordError(
                    f"{record.key} has no e-mail headers.",
                    record=record.key,
                    remedy="Export the message as .eml again.",
                )
            text, tables = _body(message, record.key)
            properties = _properties(message)
        except (MessageError, LookupError, ValueError, AttributeError, IndexError, RecursionError) as error:
            raise RecordError(f"{record.key} is not a readable e-mail: {error}", record=record.key) from None
        return Document("message/rfc822", (Page(1, text, tables=tables),), properties, reader="reader.eml")


def _properties(message: EmailMessage) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in ("from", "to", "cc", "bcc", "reply-to"):
        # parsed by ourselves: the typed headers of the standard library raise on malformed addresses
        values = [str(value) for key, value in message.raw_items() if key.lower() == name]
        if addresses := _addresses(values):
            found[name.replace("-", "_")] = addresses
    if subject := " ".join(_header(message, "subject").split()):
        found["subject"] = (subject,)
        found["title"] = (subject,)
    if sent := _sent(_header(message, "date")):
        found["sent"] = (sent,)
    for header, name in (("message-id", "message_id"), ("in-reply-to", "in_reply_to")):
        if value := _header(message, header).strip():
            found[name] = (value,)
    if attachments := tuple(dict.fromkeys(_attachments(message))):
        found["attachments"] = attachments
    return found


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError):
        return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    """``Name <address>`` or the bare address, without repetitions."""
    decoded = [str(email.header.make_header(email.header.decode_header(value))) for value in values]
    pairs = getaddresses(decoded)
    return tuple(dict.fromkeys(f"{name} <{address}>" if name else address for name, address in pairs if address))


def _sent(value: str) -> str:
    try:
        return parsedate_to_datetime(value).isoformat()
    except (TypeError, ValueError):
        return ""


def _body(message: EmailMessage, record: str) -> tuple[str, tuple[Table, ...]]:
    """Plain text where there is some, else the text of the HTML part."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return "", ()
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset()
    try:
        text = content.decode(charset) if charset else decode(content, record)
    except (LookupError, UnicodeDecodeError):
        text = decode(content, record)
    text = text.replace("\r\n", "\n")
    if part.get_content_type() == "text/html":
        page, _ = html_to_page(text)
        return page.text, page.tables
    return text, ()


def _attachments(message: EmailMessage) -> Iterable[str]:
    for number, part in enumerate(message.walk()):
        if number > _MOST_PARTS:
            return
        if name := part.get_filename():
            yield " ".join(name.split())


implementation = EmlReader
