"""Tags, decoding and scoring of entity spans."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from extraction.nlp.bio import TAGS, TYPES, decode, tag_of, viterbi
from extraction.nlp.corpus import UNKNOWN, Entity, Example, tags_of
from extraction.nlp.scoring import score


def legal(path: tuple[int, ...]) -> bool:
    previous = "O"
    for index in path:
        tag = TAGS[index]
        if tag.startswith("I-") and previous not in (f"B-{tag[2:]}", tag):
            return False
        previous = tag
    return True


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (3, len(TAGS)), elements=st.floats(-8, 0, width=32)))
def test_viterbi_finds_the_best_legal_sequence(scores: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    best = max(
        sum(float(scores[step, tag]) for step, tag in enumerate(path))
        for path in itertools.product(range(len(TAGS)), repeat=3)
        if legal(path)
    )
    path = viterbi(scores)
    assert legal(tuple(path.tolist()))
    assert sum(float(scores[step, tag]) for step, tag in enumerate(path)) == pytest.approx(best, abs=1e-4)


def test_spans_carry_the_mean_probability_of_their_words() -> None:
    probabilities = np.full((4, len(TAGS)), 1e-6, np.float32)
    chosen = [(tag_of("ORG", False), 0.9), (tag_of("ORG", True), 0.7), (0, 0.99), (tag_of("LOC", False), 0.6)]
    for step, (tag, probability) in enumerate(chosen):
        probabilities[step, tag] = probability
    first, second = decode(np.log(probabilities))
    assert (first.first, first.last, first.type) == (0, 2, "ORG")
    assert first.confidence == pytest.approx(0.8)
    assert (second.first, second.last, second.type) == (3, 4, "LOC")


def test_no_words_have_no_spans() -> None:
    assert decode(np.zeros((0, len(TAGS)), np.float32)) == []


def test_gold_entities_become_tags_and_unannotated_words_are_unknown() -> None:
    example = Example("c", "Ann Lee met IBM in May", (Entity(0, 7, "PERSON"), Entity(12, 15, "ORG")), ((19, 22),))
    expected = [tag_of("PERSON", False), tag_of("PERSON", True), 0, tag_of("ORG", False), 0, UNKNOWN]
    assert tags_of(example).tolist() == expected


def test_only_annotated_types_and_places_count() -> None:
    example = Example("c", "Ann met IBM in May", (Entity(0, 3, "PERSON"),), ((15, 18),))
    found = [[Entity(0, 3, "PERSON"), Entity(8, 11, "ORG"), Entity(15, 18, "PERSON"), Entity(4, 7, "PERSON")]]
    result = score([example], found)
    assert (result.right, result.found, result.gold) == (1, 2, 1)
    assert result.f1 == pytest.approx(2 / 3)
    assert result.precision == 0.5
    assert result.recall == 1


def test_an_exact_answer_scores_one_in_every_type() -> None:
    entities = tuple(Entity(4 * index, 4 * index + 3, type_) for index, type_ in enumerate(TYPES))
    example = Example("c", "abc " * len(TYPES), entities, ())
    assert score([example], [entities]).f1 == 1
    assert score([example], [[]]).f1 == 0
