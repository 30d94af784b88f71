"""Entities by a spaCy pipeline instead of the built-in head."""

from pathlib import Path

import pytest
import spacy

from bifrost.documents import Document, Page
from bifrost.errors import SettingsError
from extraction.extractor_spacy import WINDOW, SpacyExtractor


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline on disk, as a user would name it in the settings."""
    language = spacy.blank("en")
    ruler = language.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "GPE", "pattern": "Oslo"},
            {"label": "CARDINAL", "pattern": "three"},
            {"label": "DISEASE", "pattern": "measles"},
        ]
    )
    path = tmp_path_factory.mktemp("spacy") / "pipeline"
    language.to_disk(path)
    return path


def found(extractor: SpacyExtractor, text: str) -> list[tuple[int, str, str]]:
    return [(m.begin, m.text, m.type) for m in extractor.extract(Document("text/plain", (Page(1, text),)))]


def test_a_pipeline_in_a_folder_is_used_and_its_labels_are_translated(folder: Path) -> None:
    assert found(SpacyExtractor(str(folder)), "three cases of measles in Oslo") == [
        (15, "measles", "DISEASE"),
        (26, "Oslo", "LOC"),
    ]


def test_long_pages_are_read_in_windows_with_right_offsets(folder: Path) -> None:
    text = "Nothing here. " * (WINDOW // 7) + "In Oslo."
    assert found(SpacyExtractor(str(folder)), text) == [(len(text) - 5, "Oslo", "LOC")]


def test_a_pipeline_that_is_not_installed_says_how_to_install_it() -> None:
    extractor = SpacyExtractor("xx_no_such_pipeline")
    with pytest.raises(SettingsError, match="not installed") as caught:
        found(extractor, "Oslo")
    assert "spacy download xx_no_such_pipeline" in caught.value.remedy


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(SettingsError):
        found(SpacyExtractor(" "), "Oslo")
