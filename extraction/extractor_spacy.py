"""Entities by any installed spaCy pipeline: named in the setting ``spacy_pipeline``, it replaces the built-in head."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from spacy import load
from spacy.language import Language
from spacy.tokens import Doc

from bifrost.documents import Document, Mention
from bifrost.errors import MissingExtraError, SettingsError

__all__ = ["SpacyExtractor", "implementation"]

TYPES = {
    "PER": "PERSON",
    "PERSON": "PERSON",
    "ORG": "ORG",
    "GPE": "LOC",
    "LOC": "LOC",
    "FAC": "LOC",
    "NORP": "MISC",
    "PRODUCT": "MISC",
    "EVENT": "MISC",
    "WORK_OF_ART": "MISC",
    "LAW": "MISC",
    "LANGUAGE": "MISC",
}
"""OntoNotes and WikiNER labels in our words; other labels (of scispaCy, of own pipelines) are kept as they are."""

DROPPED = frozenset({"CARDINAL", "ORDINAL", "QUANTITY", "NUM"})

WINDOW = 20_000
"""Characters given to the pipeline at once: bounds the memory that a transformer takes."""


class SpacyExtractor:
    """Implements :class:`bifrost.ports.Extractor`. The confidence is a constant: spaCy gives none."""

    name = "ner.spacy"

    def __init__(self, pipeline: str | Language, confidence: float = 0.8) -> None:
        """``pipeline`` is a package name, a folder or a loaded pipeline."""
        self._pipeline = pipeline
        self._confidence = confidence

    @cached_property
    def _language(self) -> Language:
        """Raises SettingsError or MissingExtraError when the pipeline cannot be loaded."""
        if isinstance(self._pipeline, Language):
            return self._pipeline
        if not self._pipeline.strip():
            raise SettingsError(
                "No spaCy pipeline is named.", remedy="Set spacy_pipeline to a pipeline's name or folder."
            )
        try:
            return load(self._pipeline)
        except OSError as error:
            raise SettingsError(
                f"The spaCy pipeline {self._pipeline!r} is not installed.",
                remedy=f"Run: python -m spacy download {self._pipeline} (or give the folder of a pipeline); "
                "or empty the setting spacy_pipeline to use the built-in recogniser.",
            ) from error
        except ModuleNotFoundError as error:
            missing = (error.name or str(error)).partition(".")[0]
            raise MissingExtraError(self._pipeline, "spacy", missing) from error
        except (ValueError, ImportError) as error:
            raise SettingsError(
                f"The spaCy pipeline {self._pipeline!r} cannot be loaded: {error}",
                remedy="Install a version of it that fits the installed spaCy: python -m spacy validate",
            ) from error

    def extract(self, document: Document) -> Sequence[Mention]:
        return [
            mention
            for page in document.pages
            for offset, text in _windows(page.text)
            for mention in self._mentions(page.number, offset, self._language(text))
        ]

    def _mentions(self, page: int, offset: int, doc: Doc) -> Iterator[Mention]:
        for entity in doc.ents:
            text = entity.text
            if entity.label_ in DROPPED or not text.strip():
                continue
            begin = offset + entity.start_char
            type_ = TYPES.get(entity.label_, entity.label_)
            normal = " ".join(text.split())
            yield Mention(page, begin, begin + len(text), text, type_, normal, self._confidence, self.name)


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """Pieces of at most WINDOW characters with their offsets, cut at a paragraph, line or space where there is one."""
    begin = 0
    while begin < len(text):
        end = min(begin + WINDOW, len(text))
        if end < len(text):
            for mark in ("\n\n", "\n", " "):
                cut = text.rfind(mark, begin + WINDOW // 2, end)
                if cut > begin:
                    end = cut + len(mark)
                    break
        yield begin, text[begin:end]
        begin = end


implementation = SpacyExtractor
