"""Words and sentences of plain text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from extraction.nlp.tokens import MAX_SENTENCE, sentences, words


def cut(text: str) -> list[str]:
    return [text[begin:end] for begin, end in words(text)]


def split(text: str) -> list[str]:
    return [text[spans[0][0] : spans[-1][1]] for spans in sentences(text)]


def test_punctuation_stands_alone_but_numbers_and_initialisms_hold_together() -> None:
    assert cut("The U.S. paid $1,000.50 (John's bill)...") == [
        "The", "U.S.", "paid", "$", "1,000.50", "(", "John", "'s", "bill", ")", "...",
    ]  # fmt: skip


def test_sentences_end_at_full_stops_but_not_after_titles_and_initials() -> None:
    assert split("Dr. J. Smith met Mr. Ng. They left. Why? No idea!") == [
        "Dr. J. Smith met Mr. Ng.", "They left.", "Why?", "No idea!",
    ]  # fmt: skip


def test_wrapped_prose_goes_on_in_the_next_line() -> None:
    text = "The contract between the two companies was signed in New\nYork by both directors."
    assert split(text) == [text]


def test_short_lines_and_cells_stand_alone() -> None:
    assert split("Ernst Handel\r\nKirchgasse 6\r\nGraz\tAustria") == ["Ernst Handel", "Kirchgasse 6", "Graz", "Austria"]


def test_text_without_full_stops_is_cut() -> None:
    assert max(len(spans) for spans in sentences("word " * 1000)) <= MAX_SENTENCE


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_sentences_hold_all_words_in_order(text: str) -> None:
    assert [span for spans in sentences(text) for span in spans] == words(text)
    assert all(text[begin:end].strip() for begin, end in words(text))
