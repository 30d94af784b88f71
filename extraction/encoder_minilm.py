"""The sentence encoder that ships with Bifrost: all-MiniLM-L6-v2 as int8 ONNX, on onnxruntime, without torch or network.

Texts go through the network one at a time. On processors that costs nothing, and because int8 activations share one scale
per run it is what makes a vector depend on its own text alone, so that a second build gives the same vectors.
"""

import hashlib
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bifrost.errors import SettingsError

__all__ = ["MiniLmEncoder", "implementation", "load_encoder"]

WEIGHTS = Path(__file__).parent / "weights"
MODEL_FILE = WEIGHTS / "encoder.onnx"
TOKENIZER_FILE = WEIGHTS / "encoder.tokenizer.json"

MAX_PIECES = 256
"""Word pieces of a text that are read, [CLS] and [SEP] included: the length that the model was trained with."""

MAX_CHARACTERS = 8 * MAX_PIECES
"""Longer texts are cut before tokenising; 256 pieces of prose are about 1,200 characters."""

MAX_WORD_CHARACTERS = 48
"""Of a single word, when words are encoded: bounds the pieces of one word."""


class MiniLmEncoder:
    """Implements :class:`bifrost.ports.Encoder`. Loading takes 0.1 to 0.3 s at the first call; thread-safe afterwards.

    Use :func:`load_encoder` to share one per process. Callers cache vectors; this class keeps none.
    """

    dimension = 384
    word_dimension = 768

    def __init__(self, threads: int = 1) -> None:
        """``threads`` bounds the threads of one call. Raises SettingsError when the weights are missing."""
        if threads < 1:
            raise SettingsError(f"The encoder cannot run on {threads} threads.", remedy="Use 1 or more.")
        self.threads = threads
        hasher = hashlib.sha256()
        for path in (MODEL_FILE, TOKENIZER_FILE):
            try:
                hasher.update(path.read_bytes())
            except OSError as error:
                raise SettingsError(
                    f"The encoder's weights {path.name} cannot be read: {error.strerror}.",
                    remedy="Install Bifrost again, or make them with: python -m extraction.nlp.export_encoder",
                ) from error
        self.name = f"all-MiniLM-L6-v2-int8-{hasher.hexdigest()[:12]}"

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(MODEL_FILE), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_file(str(TOKENIZER_FILE))

    @cached_property
    def _frame(self) -> tuple[int, int]:
        first, last = self._tokenizer.encode("", add_special_tokens=True).ids
        return first, last

    def piece_ids(self, text: str) -> NDArray[np.int64]:
        """The word piece ids of a text with [CLS] and [SEP], cut to MAX_PIECES."""
        ids = self._tokenizer.encode(_valid(text[:MAX_CHARACTERS]), add_special_tokens=False).ids
        first, last = self._frame
        return np.array([first, *ids[: MAX_PIECES - 2], last], np.int64)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 [len(texts), 384]; equal texts are computed once. An empty text has a vector too."""
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        vectors = np.empty((len(rows), self.dimension), np.float32)
        for text, row in rows.items():
            vectors[row] = self._session.run(["sentence"], {"ids": self.piece_ids(text)[None]})[0][0]
        order = np.fromiter((rows[text] for text in texts), np.intp, len(texts))
        return vectors[order]

    def encode_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Hidden states 3 and 5 at the first word piece of each word of one sentence, float32 [len(words), 768].

        Zero for words without a piece (control characters). Sentences longer than MAX_PIECES are read in several runs.
        """
        states = np.zeros((len(words), self.word_dimension), np.float32)
        for begin, ids, firsts in self._windows(words):
            hidden = self._session.run(["words"], {"ids": ids[None]})[0][0]
            found = firsts >= 0
            states[begin : begin + len(firsts)][found] = hidden[firsts[found]]
        return states

    def _windows(self, words: Sequence[str]) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Runs that cover a sentence: index of the first word, piece ids, and where each word's first piece stands."""
        first, last = self._frame
        capped = [_valid(word[:MAX_WORD_CHARACTERS]) for word in words]
        pieces: list[list[int]] = [[] for _ in words]
        encoding = self._tokenizer.encode(capped, is_pretokenized=True, add_special_tokens=False)
        for word, piece in zip(encoding.word_ids, encoding.ids, strict=True):
            if word is not None:
                pieces[word].append(piece)
        windows = []
        begin, ids, firsts = 0, [first], list[int]()
        for index, own in enumerate(pieces):
            if len(ids) + len(own) >= MAX_PIECES:
                windows.append((begin, np.array([*ids, last], np.int64), np.array(firsts, np.int64)))
                begin, ids, firsts = index, [first], []
            firsts.append(len(ids) if own else -1)
            ids.extend(own)
        if firsts:
            windows.append((begin, np.array([*ids, last], np.int64), np.array(firsts, np.int64)))
        return windows


def _valid(text: str) -> str:
    """Replaces lone surrogates, which the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def _load(threads: int) -> MiniLmEncoder:
    return MiniLmEncoder(threads)


def load_encoder(threads: int = 1) -> MiniLmEncoder:
    """The process's one encoder with this number of threads."""
    return _load(threads)


implementation = MiniLmEncoder
