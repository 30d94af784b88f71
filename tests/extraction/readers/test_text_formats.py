"""Text, HTML and e-mail."""

from email.message import EmailMessage

import pytest

from bifrost.documents import Document
from bifrost.errors import RecordError
from bifrost.ports import Reader
from bifrost.values import FileRecord
from extraction.reader_eml import EmlReader
from extraction.reader_html import HtmlReader
from extraction.reader_text import TextReader


def read(reader: Reader, content: bytes | str, media_type: str = "") -> Document:
    data = content.encode() if isinstance(content, str) else content
    return reader.read(FileRecord("a.file", media_type or min(reader.media_types), data))


class TestText:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_encodings(self, encoding: str) -> None:
        text = "Müller und Söhne,\nKöln"
        assert read(TextReader(), text.encode(encoding), "text/plain").text == text

    def test_line_ends_and_pages(self) -> None:
        document = read(TextReader(), "one\r\ntwo\rthree\fpage two", "text/plain")
        assert [page.text for page in document.pages] == ["one\ntwo\nthree", "page two"]

    def test_the_first_heading_of_markdown_is_its_title(self) -> None:
        assert read(TextReader(), "intro\n\n## The *plan* ##\n", "text/markdown").properties == {
            "title": ("The *plan*",)
        }
        assert read(TextReader(), "# no heading in plain text", "text/plain").properties == {}

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        with pytest.raises(RecordError, match="not text"):
            read(TextReader(), b"\x7fELF\x00\x01", "text/plain")


class TestHtml:
    def test_visible_text_only(self) -> None:
        html = """<!doctype html><title>A &amp; B</title><style>p {color: red}</style>
            <body onload="x()"><h1>Head</h1><p>One <b>t</b>wo&nbsp;three<br>four</p><script>alert("no")</script>
            <noscript>no</noscript><!-- no --><ul><li>a<li>b</ul></body>"""
        document = read(HtmlReader(), html)
        assert document.text == "Head\nOne two three\nfour\na\nb"
        assert document.properties["title"] == ("A & B",)

    def test_tables_are_kept_as_tables_and_as_text(self) -> None:
        html = "<table><tr><th>Part<th>Price<tr><td>X <i>1</i><td> 2,50 </table>"
        page = read(HtmlReader(), html).pages[0]
        assert page.tables[0].rows == (("Part", "Price"), ("X 1", "2,50"))
        assert page.tables[0].has_header
        assert page.text == "Part\tPrice\nX 1\t2,50"

    def test_the_declared_encoding_is_used_unless_it_lies(self) -> None:
        assert read(HtmlReader(), '<meta charset="iso-8859-2"><p>Łódź</p>'.encode("iso-8859-2")).text == "Łódź"
        assert read(HtmlReader(), '<meta charset="ascii"><p>Łódź</p>'.encode()).text == "Łódź"
        assert read(HtmlReader(), '<meta charset="no-such"><p>Łódź</p>'.encode()).text == "Łódź"

    def test_deeply_nested_and_unclosed_markup(self) -> None:
        assert read(HtmlReader(), "<div>" * 1000 + "deep").text == "deep"
        assert read(HtmlReader(), "<p>line" * 10_000).text.count("\n") == 9999
        with pytest.raises(RecordError, match="nested"):
            read(HtmlReader(), "<div>" * 100_000)
        assert read(HtmlReader(), "<p>open <b>tags <table><tr><td>x").text.startswith("open tags")
        assert read(HtmlReader(), b"").text == ""


class TestEmail:
    def message(self) -> EmailMessage:
        message = EmailMessage()
        message["From"] = "Anna Müller <anna@a.example>"
        message["To"] = 'bo@b.example, "Lee, Cy" <cy@c.example>'
        message["Cc"] = "di@d.example"
        message["Subject"] = "Offer für pumps"
        message["Date"] = "Mon, 02 Sep 2024 10:00:00 +0200"
        return message

    def test_headers_are_properties(self) -> None:
        message = self.message()
        message.set_content("Hello\n")
        message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="offer 1.pdf")
        assert read(EmlReader(), bytes(message)).properties == {
            "from": ("Anna Müller <anna@a.example>",),
            "to": ("bo@b.example", "Lee, Cy <cy@c.example>"),
            "cc": ("di@d.example",),
            "subject": ("Offer für pumps",),
            "title": ("Offer für pumps",),
            "sent": ("2024-09-02T10:00:00+02:00",),
            "attachments": ("offer 1.pdf",),
        }

    def test_text_is_preferred_and_html_is_read_where_there_is_no_text(self) -> None:
        message = self.message()
        message.set_content("Plain words")
        message.add_alternative("<p>Marked <b>up</b></p>", subtype="html")
        assert read(EmlReader(), bytes(message)).text.strip() == "Plain words"
        message = self.message()
        message.set_content("<p>Marked <b>up</b></p><script>no</script>", subtype="html")
        assert read(EmlReader(), bytes(message)).text == "Marked up"

    @pytest.mark.parametrize(
        "raw",
        [
            b"From: a@a.example\nContent-Type: text/plain; charset=no-such\n\nK\xc3\xb6ln",
            b"From: a@a.example\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\nK\xf6ln",
            "From: a@a.example\n\nKöln".encode(),
        ],
    )
    def test_encodings_that_are_wrong_or_not_named(self, raw: bytes) -> None:
        assert read(EmlReader(), raw).text == "Köln"

    @pytest.mark.parametrize(
        "header",
        ["From: <<<@@>>>", "Date: the day before", "To: =?utf-8?q?broken", "Subject: =?no-such?b?AAAA?=", "From: ,,;;"],
    )
    def test_malformed_headers_do_not_lose_the_mail(self, header: str) -> None:
        assert read(EmlReader(), f"X: 1\nSubject: s\n{header}\n\nbody".encode()).text == "body"

    def test_a_file_without_headers_is_refused(self) -> None:
        with pytest.raises(RecordError, match="no e-mail headers"):
            read(EmlReader(), b"just some text\nand more")
