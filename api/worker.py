"""What a reading process runs: readers and extractors put together. Imports nothing that reading does not need."""

from dataclasses import dataclass
from importlib.metadata import version
from inspect import signature

from bifrost.ports import Extractor, Reader
from bifrost.registry import Registry
from bifrost.settings import Settings
from bifrost.values import FileRecord, RecordFragments, digest_of
from extraction.document_fragments import document_record
from extraction.encoder_minilm import load_encoder
from extraction.extractor_ner import NerExtractor
from extraction.extractor_rules import RuleExtractor
from extraction.nlp.tagger import HEAD_FILE
from extraction.ocr import Ocr
from extraction.pool import ReadDocument
from extraction.reading import read_file

__all__ = ["ReadingOptions", "make_reader"]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What decides the result of reading a file, besides the file."""

    ocr_languages: str
    spacy_pipeline: str

    @classmethod
    def of(cls, settings: Settings) -> "ReadingOptions":
        return cls(settings.ocr_languages, settings.spacy_pipeline)

    def version(self) -> str:
        """Changes whenever files should be read again."""
        head = digest_of((HEAD_FILE.read_bytes(),)).hex()
        return f"{version('bifrost-graph')} {load_encoder().name} {head} {self}"


def make_reader(options: ReadingOptions) -> ReadDocument:
    """Called once in each reading process."""
    readers = _readers(Ocr(options.ocr_languages))
    extractors: list[Extractor] = [RuleExtractor(), _entities(options.spacy_pipeline)]

    def read(source: str, dataset: str, record: FileRecord, digest: bytes) -> RecordFragments:
        document = read_file(record, readers, extractors)
        return document_record(source, dataset, record, document, digest)

    return read


def _entities(spacy_pipeline: str) -> Extractor:
    """The built-in head, or the named spaCy pipeline; spaCy, which takes seconds to import, is loaded only then."""
    if not spacy_pipeline:
        return NerExtractor()
    make = Registry[Extractor]("extraction", prefix="extractor_", group="extractors").load("spacy")
    return make(spacy_pipeline)  # type: ignore[call-arg]


def _readers(ocr: Ocr) -> dict[str, Reader]:
    """The readers by media type; those that recognise text in pictures share one recogniser."""
    registry: Registry[Reader] = Registry("extraction", prefix="reader_", group="readers")
    found: dict[str, Reader] = {}
    for name in registry.names():
        make = registry.load(name)
        reader = make(ocr) if "ocr" in signature(make).parameters else make()  # type: ignore[call-arg]
        found |= dict.fromkeys(reader.media_types, reader)
    return found
