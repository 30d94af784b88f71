"""Finds entities in plain text with the shipped head: onnxruntime only, no torch."""

from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bifrost.errors import SettingsError
from extraction.encoder_minilm import WEIGHTS, MiniLmEncoder
from extraction.nlp.bio import TAGS, TaggedSpan, decode
from extraction.nlp.features import spelling
from extraction.nlp.tokens import Span, sentences

__all__ = ["HEAD_FILE", "FoundEntity", "Tagger"]

HEAD_FILE = WEIGHTS / "ner_head.onnx"

_REMEMBERED = 20_000
"""Sentences: business documents repeat theirs (letterheads, product lines, terms) over and over."""

FoundEntity = tuple[int, int, str, float]
"""Begin and end offset, type, confidence."""


class Tagger:
    """A tagging head on a shared encoder. Loads at the first call; thread-safe afterwards."""

    def __init__(self, encoder: MiniLmEncoder, head: Path = HEAD_FILE) -> None:
        if not head.exists():
            raise SettingsError(
                f"The entity head {head.name} is missing.",
                remedy="Install Bifrost again, or make it with: python -m extraction.nlp.train_ner",
            )
        self._encoder = encoder
        self._head = head
        self._decoded = lru_cache(maxsize=_REMEMBERED)(self._decode)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._encoder.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(self._head), options, providers=["CPUExecutionProvider"])

    def log_probabilities(self, words: list[str]) -> NDArray[np.float32]:
        """Of each tag for each word of one sentence, float32 [len(words), tags]."""
        if not words:
            return np.zeros((0, len(TAGS)), np.float32)
        shapes, suffixes = spelling(words)
        inputs = {"states": self._encoder.encode_words(words), "shapes": shapes, "suffixes": suffixes}
        result: NDArray[np.float32] = self._session.run(["log_probabilities"], inputs)[0]
        return result

    def entities(self, text: str) -> list[FoundEntity]:
        """The entities of a text, in order, without overlaps."""
        found: list[FoundEntity] = []
        for spans in sentences(text):
            found.extend(self._of_sentence(text, spans))
        return found

    def _of_sentence(self, text: str, spans: list[Span]) -> list[FoundEntity]:
        return [
            (spans[entity.first][0], spans[entity.last - 1][1], entity.type, entity.confidence)
            for entity in self._decoded(tuple(text[begin:end] for begin, end in spans))
        ]

    def _decode(self, words: tuple[str, ...]) -> tuple[TaggedSpan, ...]:
        return tuple(decode(self.log_probabilities(list(words))))
