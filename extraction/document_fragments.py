"""A document as a record of the graph: one Document vertex with what the file and its format say."""

import re
from datetime import datetime

from bifrost.documents import Document
from bifrost.values import Evidence, FileRecord, Fragment, RecordFragments, Value, make_uid

__all__ = ["DOCUMENT", "document_record"]

DOCUMENT = "Document"
"""The vertex type of documents."""

_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


def document_record(
    source: str, dataset: str, record: FileRecord, document: Document, digest: bytes
) -> RecordFragments:
    """The vertex has ``name`` (file name), ``path`` (key), ``media_type``, ``title``, ``pages`` (count), ``modified`` and
    the document's own properties (author, subject, sent, from, to, ...). The document itself rides along for the text."""
    name = record.key.rsplit("/", 1)[-1]
    properties: dict[str, tuple[Value, ...]] = {
        "name": (name,),
        "path": (record.key,),
        "media_type": (document.media_type,),
        "pages": (len(document.pages),),
    }
    if record.modified is not None:
        properties["modified"] = (record.modified,)
    for key, values in document.properties.items():
        if kept := tuple(dict.fromkeys(_value(value) for value in values if value)):
            properties.setdefault(key, kept)
    if any(page.from_ocr for page in document.pages):
        properties["from_ocr"] = (True,)
    fragment = Fragment(
        make_uid(source, dataset, record.key), DOCUMENT, properties, Evidence(document.reader or "reader")
    )
    return RecordFragments(record.key, digest, (fragment,), document=document)


def _value(text: str) -> Value:
    if _ISO_MOMENT.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text
    return text
