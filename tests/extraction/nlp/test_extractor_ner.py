"""The built-in entity recogniser on plain business text."""

from pathlib import Path

import numpy as np
import pytest

from bifrost.documents import Document, Mention, Page
from bifrost.errors import SettingsError
from extraction.encoder_minilm import load_encoder
from extraction.extractor_ner import NerExtractor
from extraction.extractor_rules import RuleExtractor
from extraction.nlp.hits import combined
from extraction.nlp.tagger import Tagger

LETTER = """Dear Ms. Okafor,

Acme Robotics GmbH and Contoso Ltd. signed the framework agreement in Rotterdam
on Monday. Please send the signed copy to John Smith in Chicago.

Best regards,
Maria Larsson
"""


@pytest.fixture(scope="module")
def extractor() -> NerExtractor:
    return NerExtractor()


def test_people_companies_and_places_of_a_letter_are_found(extractor: NerExtractor) -> None:
    found = {(mention.text, mention.type) for mention in extractor.extract(Document("text/plain", (Page(1, LETTER),)))}
    assert {
        ("Acme Robotics GmbH", "ORG"),
        ("Rotterdam", "LOC"),
        ("John Smith", "PERSON"),
        ("Chicago", "LOC"),
        ("Maria Larsson", "PERSON"),
    } <= found


def test_unsure_mentions_can_be_dropped(extractor: NerExtractor) -> None:
    document = Document("text/plain", (Page(1, LETTER),))
    sure = NerExtractor(least_confidence=0.95).extract(document)
    assert 0 < len(sure) <= len(extractor.extract(document))
    assert all(mention.confidence >= 0.95 for mention in sure)


def test_rules_come_before_the_model_where_both_find_something(extractor: NerExtractor) -> None:
    page = Page(1, "John Smith met Maria Larsson in Chicago on 3 March 2024.")
    document = Document("text/plain", (page,))
    both = combined(document, [RuleExtractor().extract(document), extractor.extract(document)])
    assert [(m.text, m.extractor) for m in both] == [
        ("John Smith", "ner.head"),
        ("Maria Larsson", "ner.head"),
        ("Chicago", "ner.head"),
        ("3 March 2024", "rule.date"),
    ]


def test_a_name_keeps_the_part_that_no_rule_covers() -> None:
    page = Page(1, "Ada Lovelace <ada@example.com> paid on 3 March 2024")
    document = Document("text/plain", (page,))
    name = Mention(1, 0, 17, page.text[:17], "PERSON", page.text[:17], 0.9, "ner.head")
    when = Mention(1, 36, 46, page.text[36:46], "DATE", page.text[36:46], 0.9, "ner.head")
    both = combined(document, [RuleExtractor().extract(document), [name, when]])
    assert [(m.text, m.normal, m.type) for m in both] == [
        ("Ada Lovelace", "Ada Lovelace", "PERSON"),
        ("ada@example.com", "ada@example.com", "EMAIL"),
        ("3 March 2024", "2024-03-03", "DATE"),
    ]


def test_word_probabilities_sum_to_one() -> None:
    log_probabilities = Tagger(load_encoder()).log_probabilities(["Ada", "Lovelace", "\x00", "wrote"])
    assert np.allclose(np.exp(log_probabilities).sum(1), 1, atol=1e-5)


def test_a_missing_head_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"head\.onnx") as caught:
        Tagger(load_encoder(), tmp_path / "head.onnx")
    assert "train_ner" in caught.value.remedy
