"""What every extractor must do: mentions in place, in order, without overlap, on any text."""

from collections.abc import Callable

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifrost.documents import Document, Page
from bifrost.ports import Extractor
from bifrost.registry import Registry
from extraction.extractor_ner import NerExtractor
from extraction.extractor_rules import RuleExtractor
from extraction.extractor_spacy import SpacyExtractor


def _spacy() -> SpacyExtractor:
    language = spacy.blank("en")
    ruler = language.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ada Lovelace"}, {"label": "GPE", "pattern": "London"}])
    return SpacyExtractor(language)


MAKE: dict[str, Callable[[], Extractor]] = {"ner": NerExtractor, "rules": RuleExtractor, "spacy": _spacy}

LETTER = Page(2, "Ada Lovelace lives in London.\r\nShe writes from ada@example.com on 10 December 1842.")


@pytest.fixture(scope="module", params=sorted(MAKE))
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return MAKE[request.param]()


def of(*pages: Page) -> Document:
    return Document("text/plain", pages)


def test_every_extractor_runs_this_suite() -> None:
    assert Registry[Extractor]("extraction", prefix="extractor_", group="extractors").names() == tuple(sorted(MAKE))


def test_mentions_are_found_where_they_say(extractor: Extractor) -> None:
    mentions = extractor.extract(of(Page(1, ""), LETTER))
    assert mentions
    for mention in mentions:
        assert mention.page == 2
        assert LETTER.text[mention.begin : mention.end] == mention.text
        assert mention.type.isupper()
        assert mention.extractor
        assert 0 < mention.confidence <= 1


def test_the_same_text_gives_the_same_mentions(extractor: Extractor) -> None:
    again = extractor.extract(of(LETTER))
    assert list(extractor.extract(of(Page(1, "Something before it."), LETTER)))[-len(again) :] == list(again)


def test_a_document_without_text_has_no_mentions(extractor: Extractor) -> None:
    assert list(extractor.extract(of())) == []
    assert list(extractor.extract(of(Page(1, ""), Page(2, " \n\t\f\x00")))) == []


def test_a_long_line_without_spaces_is_read(extractor: Extractor) -> None:
    text = "x" * 100_000 + "\n" + LETTER.text
    assert extractor.extract(of(Page(1, text)))[-1].end > 100_000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.lists(
        st.sampled_from(["Ada Lovelace", "London", "é", "\x00", "\n", " ", "A-1", "漢字", "\u202e", "."])
    ).map("".join)
)
def test_mentions_are_in_order_and_do_not_overlap(extractor: Extractor, text: str) -> None:
    end = 0
    for mention in extractor.extract(of(Page(1, text))):
        assert end <= mention.begin < mention.end <= len(text)
        assert text[mention.begin : mention.end] == mention.text
        end = mention.end
