"""Annotated corpora (spaCy DocBin) cut into our own words, so that training sees what reading will see."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.tokens import Doc, DocBin

from extraction.nlp.bio import OUTSIDE, TYPES, tag_of
from extraction.nlp.tokens import Span, words

__all__ = ["UNKNOWN", "Entity", "Example", "read_corpus", "tags_of"]

UNKNOWN = -1
"""The tag of a word that the corpus does not annotate."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A gold entity, in characters of its text."""

    begin: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its gold entities. ``unknown`` lists the character spans without annotation."""

    corpus: str
    text: str
    entities: tuple[Entity, ...]
    unknown: tuple[Span, ...]


def read_corpus(path: Path) -> Iterator[Example]:
    """The examples of a ``NAME.SPLIT.spacy`` file. Entities of types outside TYPES count as not annotated."""
    corpus = path.name.split(".")[0]
    for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab):
        yield _example(corpus, doc)


def _example(corpus: str, doc: Doc) -> Example:
    entities = []
    unknown = [(token.idx, token.idx + len(token)) for token in doc if token.ent_iob == 0]
    for entity in doc.ents:
        if entity.label_ in TYPES:
            entities.append(Entity(entity.start_char, entity.end_char, entity.label_))
        else:
            unknown.append((entity.start_char, entity.end_char))
    return Example(corpus, doc.text, tuple(entities), tuple(unknown))


def tags_of(example: Example, spans: list[Span] | None = None) -> NDArray[np.int64]:
    """The BIO tag of each word, UNKNOWN where not annotated; words that an entity covers in part get its tag."""
    spans = words(example.text) if spans is None else spans
    tags = np.full(len(spans), OUTSIDE, np.int64)
    for begin, end in example.unknown:
        for index, (word_begin, word_end) in enumerate(spans):
            if word_begin < end and word_end > begin:
                tags[index] = UNKNOWN
    for entity in example.entities:
        inside = False
        for index, (word_begin, word_end) in enumerate(spans):
            if word_begin < entity.end and word_end > entity.begin:
                tags[index] = tag_of(entity.type, inside)
                inside = True
    return tags
