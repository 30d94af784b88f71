"""Training the entity head: on a small corpus it learns, and the exported head answers as the trained one does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from extraction.encoder_minilm import load_encoder
from extraction.nlp.augment import NameSwapper, without_roles
from extraction.nlp.corpus import Entity, Example, tags_of
from extraction.nlp.head import TaggingHead, to_onnx
from extraction.nlp.scoring import score
from extraction.nlp.tagger import Tagger
from extraction.nlp.train_ner import Recipe, featurise, likelihood_loss, outside_tags, padded, predict, train

PEOPLE = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Edsger Dijkstra")
FIRMS = ("Acme Corp", "Globex Ltd", "Initech Inc", "Umbrella Group")


def example(person: str, firm: str) -> Example:
    text = f"{person} works for {firm} today."
    at = text.index(firm)
    return Example("toy", text, (Entity(0, len(person), "PERSON"), Entity(at, at + len(firm), "ORG")), ())


EXAMPLES = [example(person, firm) for person in PEOPLE for firm in FIRMS]


@pytest.fixture(scope="module")
def head() -> TaggingHead:
    return train(featurise(EXAMPLES, load_encoder()), Recipe(epochs=12, batch=4, recase=0.0))


def test_it_learns_a_small_corpus(head: TaggingHead) -> None:
    found = predict(head, featurise(EXAMPLES, load_encoder()), len(EXAMPLES))
    assert score(EXAMPLES, found).f1 > 0.95


def test_the_exported_head_answers_as_the_trained_one(head: TaggingHead, tmp_path: Path) -> None:
    file = tmp_path / "head.onnx"
    file.write_bytes(to_onnx(head))
    [sentence] = featurise(EXAMPLES[:1], load_encoder())
    words = [EXAMPLES[0].text[begin:end] for begin, end in sentence.spans]
    exported = Tagger(load_encoder(), file).log_probabilities(words)
    with torch.no_grad():
        trained = head(*padded([sentence]))[0].numpy()
    assert np.abs(np.exp(exported) - np.exp(trained)).max() < 0.01


def test_a_word_outside_may_be_of_a_type_that_the_corpus_leaves_out() -> None:
    [sentence] = featurise(EXAMPLES[:1], load_encoder())
    assert outside_tags(EXAMPLES).sum() == 5
    scores = torch.full((1, len(sentence.spans), 13), -20.0)
    for word, tag in enumerate(sentence.tags):
        scores[0, word, 7 if tag == 0 else int(tag)] = 0.0
    loss = likelihood_loss(scores, [sentence])
    assert loss is not None
    assert loss.item() == pytest.approx(0, abs=1e-3)


def test_swapped_names_stand_where_the_annotation_says() -> None:
    original = Example("c", "In May, IBM hired Bob.", (Entity(8, 11, "ORG"), Entity(18, 21, "PERSON")), ((3, 6),))
    swapper = NameSwapper(EXAMPLES, seed=1)
    for _ in range(20):
        swapped = swapper.swapped(original)
        assert swapped is not None
        organisation, person = (swapped.text[entity.begin : entity.end] for entity in swapped.entities)
        assert swapped.text == f"In May, {organisation} hired {person}."
        assert person in PEOPLE
        assert swapped.unknown == ((3, 6),)


def test_text_without_organisations_is_not_copied() -> None:
    assert NameSwapper(EXAMPLES, seed=1).swapped(Example("c", "Hello", (), ())) is None


def test_party_roles_of_a_contract_name_nobody() -> None:
    contract = Example("c", "Borrower pays Acme.", (Entity(0, 8, "PERSON"), Entity(14, 18, "ORG")), ())
    assert without_roles(contract).entities == (Entity(14, 18, "ORG"),)
    assert tags_of(without_roles(contract))[0] == -1
