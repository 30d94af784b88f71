"""What a reading process runs: readers and extractors put together. Imports nothing that reading does not need."""

from dataclasses import dataclass
from importlib.metadata import version

from extraction.document_fragments import document_record
from extraction.ocr import OcrOptions
from extraction.reading import read_file

from bifrost.ports import Extractor, Reader
from bifrost.registry import Registry
from bifrost.settings import Settings
from bifrost.values import FileRecord, RecordFragments
from extraction.encoder_minilm import load_encoder
from extraction.extractor_ner import NerExtractor
from extraction.extractor_rules import RulesExtractor
from extraction.extractor_spacy import SpacyExtractor
from extraction.pool import ReadDocument

__all__ = ["ReadingOptions", "make_reader"]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What decides the result of reading a file, besides the file."""

    ocr_languages: str
    ocr_dpi: int
    spacy_pipeline: str

    @classmethod
    def of(cls, settings: Settings) -> "ReadingOptions":
        return cls(settings.ocr_languages, settings.ocr_dpi, settings.spacy_pipeline)

    def version(self) -> str:
        """Changes whenever files should be read again."""
        return f"{version('bifrost-graph')} {load_encoder().name} {self}"


def make_reader(options: ReadingOptions) -> ReadDocument:
    """Called once in each reading process."""
    registry: Registry[Reader] = Registry("extraction", prefix="reader_", group="readers")
    readers = [registry.load(name)() for name in registry.names()]
    entities: Extractor = SpacyExtractor(options.spacy_pipeline) if options.spacy_pipeline else NerExtractor()
    extractors: list[Extractor] = [RulesExtractor(), entities]
    _ = OcrOptions

    def read(source: str, dataset: str, record: FileRecord, digest: bytes) -> RecordFragments:
        document = read_file(record, readers, extractors)
        return document_record(source, dataset, record, document, digest)

    return read
