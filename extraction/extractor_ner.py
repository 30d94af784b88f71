"""The built-in entity recogniser: a small head on the shared sentence encoder. See docs/adr/0102."""

from collections.abc import Sequence

from bifrost.documents import Document, Mention
from extraction.encoder_minilm import MiniLmEncoder, load_encoder
from extraction.nlp.tagger import Tagger

__all__ = ["NerExtractor", "implementation"]

KEPT = frozenset({"PERSON", "ORG", "LOC", "MISC", "DATE"})
"""Bare numbers, which the head also knows, name nothing."""

LEAST_CONFIDENCE = 0.5


class NerExtractor:
    """Implements :class:`bifrost.ports.Extractor`: PERSON, ORG, LOC, MISC and DATE, about 6,000 words per CPU-second.

    ``confidence`` is the mean probability of a mention's words; less sure mentions than ``least_confidence`` are dropped.
    """

    name = "ner.head"

    def __init__(self, encoder: MiniLmEncoder | None = None, least_confidence: float = LEAST_CONFIDENCE) -> None:
        """Raises SettingsError when weights are missing. Without ``encoder`` the process's shared one is used."""
        self._tagger = Tagger(encoder or load_encoder())
        self._least = least_confidence

    def extract(self, document: Document) -> Sequence[Mention]:
        return [
            Mention(page.number, begin, end, page.text[begin:end], type_, page.text[begin:end], confidence, self.name)
            for page in document.pages
            for begin, end, type_, confidence in self._tagger.entities(page.text)
            if type_ in KEPT and confidence >= self._least
        ]


implementation = NerExtractor
