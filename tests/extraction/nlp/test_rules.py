"""What the rules find in a text, and in which normal form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.documents import Document, Page
from extraction.extractor_rules import RuleExtractor
from extraction.nlp.numbers import parse_number

RULES = RuleExtractor()


def found(text: str) -> list[tuple[str, str]]:
    """Type and normal form of each mention."""
    return [(mention.type, mention.normal) for mention in RULES.extract(Document("text/plain", (Page(1, text),)))]


@pytest.mark.parametrize(
    ("text", "type_", "normal"),
    [
        ("write to Maria.Anders@Example.COM.", "EMAIL", "maria.anders@example.com"),
        ("o'neill@sub.example.co.uk, please", "EMAIL", "o'neill@sub.example.co.uk"),
        ("see https://Example.com/a(b)?q=1).", "URL", "https://example.com/a(b)?q=1"),
        ("at www.example.com/", "URL", "https://www.example.com"),
        ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN", "DE89370400440532013000"),
        ("GB82WEST12345698765432;", "IBAN", "GB82WEST12345698765432"),
        ("Phone: 030-0074321", "PHONE", "0300074321"),
        ("call +49 (0)30 1234567 now", "PHONE", "+49301234567"),
        ("(555) 123-4567 or so", "PHONE", "5551234567"),
        ("Fax (5) 555-3745", "PHONE", "55553745"),
        ("on 3 March 2024,", "DATE", "2024-03-03"),
        ("on March 5th, 2024", "DATE", "2024-03-05"),
        ("am 12. März 2024", "DATE", "2024-03-12"),
        ("le 1er février 2023", "DATE", "2023-02-01"),
        ("the 2nd of June 2021", "DATE", "2021-06-02"),
        ("since May 2023", "DATE", "2023-05"),
        ("2024-03-07T10:15:00Z", "DATE", "2024-03-07"),
        ("on 31.12.2023 and", "DATE", "2023-12-31"),
        ("12/31/23", "DATE", "2023-12-31"),
        ("in Q3 2024", "DATE", "2024-Q3"),
        ("costs $1,234.50 now", "MONEY", "USD 1234.50"),
        ("kostet 1.234,56 EUR", "MONEY", "EUR 1234.56"),
        ("₹1,00,000", "MONEY", "INR 100000"),
        ("USD 3.5 million", "MONEY", "USD 3500000"),
        ("about 5 dollars", "MONEY", "USD 5"),
        ("CHF 1'250.00", "MONEY", "CHF 1250.00"),
        ("by 12,5 %", "PERCENT", "12.5%"),
        ("fell -3 percent", "PERCENT", "-3%"),
        ("item B07JW9H4J1 is", "ID", "B07JW9H4J1"),
        ("by emp_0431.", "ID", "emp_0431"),
        ("client CLNT-0001", "ID", "CLNT-0001"),
        ("(INV-2024-0007)", "ID", "INV-2024-0007"),
        ("Customer ID: wolza", "ID", "wolza"),
        ("Order No. 10248", "ID", "10248"),
        ("your invoice 10250 of", "ID", "10250"),
        ("6f9619ff-8b86-d011-b42d-00cf4fc964ff", "ID", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
    ],
)
def test_it_finds(text: str, type_: str, normal: str) -> None:
    assert found(text) == [(type_, normal)]


@pytest.mark.parametrize(
    "text",
    [
        "a 128GB card, 10000mAh, 480P, 3.5mm, 4-in-1, 20V",
        "COVID-19, Wi-Fi, mid-1990s, post-2008, USB3, MP3, A4",
        "DE88 3704 0044 0532 0130 00",
        "version 2.0.13 at 192.168.0.1",
        "on 31 February 2024 and 2024-13-45",
        "room 12-345 on the 3rd floor",
        "user@ @home a@b",
        "and/or, either-or, he/she",
        "It rose by a third in the second quarter.",
    ],
)
def test_it_leaves_alone(text: str) -> None:
    assert found(text) == []


def test_an_ambiguous_date_is_read_as_the_others_of_the_page() -> None:
    assert ("DATE", "2024-04-03") in found("03/04/2024 and 25/12/2023")
    assert ("DATE", "2024-03-04") in found("03/04/2024 and 12/25/2023")
    [mention] = RULES.extract(Document("text/plain", (Page(1, "03/04/2024"),)))
    assert mention.confidence < 0.7


class TestIdentifiersBrokenOverLines:
    def test_they_are_joined_when_the_page_has_others_of_that_shape(self) -> None:
        text = "B08R69VDHT cable\nB07JW9H4\nJ1 charger\nB0B244R4KB glass"
        assert [normal for _, normal in found(text)] == ["B08R69VDHT", "B07JW9H4J1", "B0B244R4KB"]

    def test_the_mention_covers_both_lines(self) -> None:
        page = Page(1, "B08R69VDHT\r\nB07JW9H4\r\nJ1 charger")
        mention = RULES.extract(Document("application/pdf", (page,)))[-1]
        assert mention.text == "B07JW9H4\r\nJ1"
        assert page.text[mention.begin : mention.end] == mention.text

    def test_a_cut_at_a_separator_is_joined(self) -> None:
        assert ("ID", "INV-2024-0008") in found("see INV-2024-\n0008 for details")

    def test_the_rest_may_stand_below_in_a_column(self) -> None:
        text = "B08R69VDHT cable\nB0B244R4KB glass\nB07CWDX49D tape\nB07JW9H4 charger with\nJ1 long lead"
        mention = RULES.extract(Document("application/pdf", (Page(1, text),)))[-1]
        assert (mention.text, mention.normal) == ("B07JW9H4", "B07JW9H4J1")

    def test_other_pages_vouch_for_a_shape(self) -> None:
        pages = (Page(1, "B08R69VDHT\nB0B244R4KB\nB07CWDX49D"), Page(2, "B0BCZCQTJX and B07JW9H4\nJ1 end"))
        mentions = RULES.extract(Document("application/pdf", pages))
        assert [m.normal for m in mentions if m.page == 2] == ["B0BCZCQTJX", "B07JW9H4J1"]
        assert found(pages[1].text) == [("ID", "B07JW9H4")]

    def test_whole_ones_are_not_joined_with_the_next_line(self) -> None:
        text = "B09C6HWG18\nB08R69VDHT\n4K TV\nB0B244R4KB\nUSB 2.0 cable\nB07CWDX49D\n2 Pack"
        ids = [normal for type_, normal in found(text) if type_ == "ID"]
        assert ids == ["B09C6HWG18", "B08R69VDHT", "B0B244R4KB", "B07CWDX49D"]

    def test_unrelated_words_are_not_joined(self) -> None:
        assert found("Lightning to USB\n2.0 cable\nHDMI\nARC port, 6GB\nRAM") == []


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=()) | st.sampled_from("AB019-_/.,:@+()$€% \r\n\t\x00"), max_size=200))
def test_any_text_gives_ordered_mentions_without_overlap(text: str) -> None:
    end = 0
    for mention in RULES.extract(Document("text/plain", (Page(1, text),))):
        assert end <= mention.begin < mention.end <= len(text)
        assert text[mention.begin : mention.end] == mention.text
        assert mention.normal
        assert 0 < mention.confidence <= 1
        end = mention.end


@pytest.mark.parametrize(
    "unit", ["a", "1", "1.", "a@a.", "+1", "http://", "id: a", "A-1_", "B07JW9H4\nJ1\n", "jan ", "tel: 1 "]
)
def test_a_long_hostile_line_is_read_to_its_end(unit: str) -> None:
    text = unit * (50_000 // len(unit)) + " x@example.com"
    assert found(text)[-1][0] == "EMAIL"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", "1234"),
        ("1.234", "1234"),
        ("1.23", "1.23"),
        ("0.125", "0.125"),
        ("1,234.5", "1234.5"),
        ("1.234.567,8", "1234567.8"),
        ("12", "12"),
    ],
)
def test_numbers_in_several_notations(text: str, value: str) -> None:
    assert str(parse_number(text)) == value


def test_what_is_no_number_has_no_value() -> None:
    assert parse_number("1,2.3,4.5") is None
    assert parse_number("") is None
