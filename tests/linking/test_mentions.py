from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.links import LinkEdge
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.mentions.find import find as find_in
from linking.mentions.lexicon import Lexicon
from linking.mentions.ocr import OcrIndex
from linking.mentions.propose import mention_candidates
from linking.mentions.tokens import tokenize
from linking.workspace import Workspace
from tests.linking.company import company, find, quiet

CODES = ["B07JW9H4J1", "B082T6GVLJ", "emp_0106", "CLNT-0042"]
NAMES = ["Maria Anders", "José Pedro Freyre", "ocean", "ADDED"]


def lexicon() -> Lexicon:
    made = Lexicon()
    made.add(0, [(code, [f"code/{code}"]) for code in CODES])
    made.add(1, [(name, [f"name/{name}"]) for name in NAMES])
    return made


def found(text: str, *, ocr: bool = False) -> list[str]:
    made = lexicon()
    index = OcrIndex(entry for entries in made.sequences.values() for entry in entries) if ocr else None
    return [hit.entry.value for hit in find_in(text, made, index)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Item B07JW9H4J1, two pieces", ["B07JW9H4J1"]),
        ("asked emp_0106.", ["emp_0106"]),
        ("client CLNT-0042/clnt-0042", ["CLNT-0042", "CLNT-0042"]),
        ("the letter of maria  ANDERS\ncame", ["Maria Anders"]),
        ("jose pedro freyre", ["José Pedro Freyre"]),
        ("nothing here B07JW9H4J", []),
    ],
)
def test_codes_and_names_are_found_whatever_their_case_and_accents(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Present: Aisha Xu, Fatima Ulbricht", []),
        ("Present: Xu, Fatima; Ulbricht, Zoe", ["Xu, Fatima"]),
        ("Dr Xu, Fatima reports", ["Xu, Fatima"]),
        ("signed by Xu, Fatima", ["Xu, Fatima"]),
    ],
)
def test_names_in_a_row_are_not_a_last_name_and_a_first_name(text: str, expected: list[str]) -> None:
    made = Lexicon()
    made.add(0, [("Xu, Fatima", ["name/1"])])
    assert [hit.entry.value for hit in find_in(text, made)] == expected


@pytest.mark.parametrize("text", ["B07JW9\nH4J1", "B07JW9-\n  H4J1", "see emp_01\n06 about it", "B07JW9H4\r\nJ1 cable"])
def test_a_code_broken_over_two_lines_is_mended(text: str) -> None:
    assert len(found(text)) == 1


def test_words_of_two_lines_are_not_glued_together() -> None:
    assert found("maria\n\n\nsomething else\nemp\n0107") == []


@pytest.mark.parametrize("text", ["BO7JW9H4J1", "BO82T6GVLJ", "B07JW9H4JI", "BOB2T6GVLJ", "8O7JW9H4J1", "B07JVV9H4J1"])
def test_codes_misread_by_character_recognition_are_repaired(text: str) -> None:
    assert len(found(f"Product {text} cable", ocr=True)) == 1


@pytest.mark.parametrize("text", ["13,999 24", "Accessories 5", "B0Q0Q0Q0Q0", "Computers&Access", "1234567890"])
def test_repair_does_not_see_codes_everywhere(text: str) -> None:
    assert found(text, ocr=True) == []


def test_repair_prefers_the_nearest_code_and_tells_the_margin() -> None:
    made = Lexicon()
    made.add(0, [("A1234567", ["a"]), ("A1234568", ["b"])])
    ((entry, similarity, margin),) = OcrIndex(e for es in made.sequences.values() for e in es).look_up("AI234567")
    assert entry.value == "A1234567"
    assert 0.9 < similarity < 1
    assert margin == pytest.approx(1.0)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_searched(text: str) -> None:
    tokens = tokenize(text)
    assert all(0 <= begin < end <= len(text) for begin, end in zip(tokens.begins, tokens.ends, strict=True))
    for hit in find_in(text, lexicon(), OcrIndex(e for es in lexicon().sequences.values() for e in es)):
        assert 0 <= hit.begin < hit.end <= len(text)
        assert 0 < hit.similarity <= 1


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(CODES + NAMES), st.text(alphabet=" .,\n!?", min_size=1, max_size=5))
def test_whatever_stands_around_a_name_it_is_found(value: str, around: str) -> None:
    assert value in found(f"xx{around}{value}{around}yy")


def edges(data: MemoryData, tail: str, head: str) -> set[tuple[str, str]]:
    linker = BifrostLinker()
    link_type = find(linker.propose(data, (), (), quiet), "mention", tail, head)
    made: list[LinkEdge] = list(linker.links(link_type, data, (), quiet))
    linker.close()
    return {(edge.tail.rsplit("/", 1)[-1], edge.head.rsplit("/", 1)[-1]) for edge in made}


def test_letters_name_customers_by_their_number() -> None:
    found_edges = edges(company(), "post/letters", "erp/customers.customer_id")
    assert found_edges == {(f"letter{n}.pdf", str(n)) for n in range(12)}


def test_the_evidence_of_a_mention_is_its_place() -> None:
    data = company()
    linker = BifrostLinker()
    link_type = find(linker.propose(data, (), (), quiet), "mention", "post/letters", "erp/customers.customer_id")
    edge = next(iter(linker.links(link_type, data, (), quiet)))
    linker.close()
    assert edge.evidence.page == 1
    assert edge.evidence.quote.startswith("CUST-")
    assert edge.evidence.extractor == f"link.{link_type.id}"
    assert 0.9 < edge.score <= 1
    assert "Customer ID" in link_type.examples[0].tail_text


def test_an_ordinary_word_names_a_record_only_with_its_label() -> None:
    data = MemoryData()
    codes = ["alfki", "ocean", "added", "bonap", "consh", "dumon", "folko", "frans"]
    data.add_rows("crm", "customers", [{"customer_id": code, "city": f"City {n}"} for n, code in enumerate(codes)])
    text = "Invoice for Customer ID: {}\nOne lamp in Ocean blue was added to your order."
    data.add_documents("post", "bills", {f"{code}.pdf": [text.format(code)] for code in codes})
    assert edges(data, "post/bills", "crm/customers.customer_id") == {(f"{c}.pdf", str(n)) for n, c in enumerate(codes)}


def test_scanned_letters_are_read_tolerantly_and_digital_ones_strictly() -> None:
    def data(from_ocr: bool) -> MemoryData:
        made = MemoryData()
        codes = [f"B0{n}XK{n * 7 % 10}WQ{n * 3 % 10}Z" for n in range(10)]
        made.add_rows("shop", "products", [{"product_id": code, "price": n} for n, code in enumerate(codes)])
        pages = {f"{n}.png": [f"Delivered: {code}\nThank you"] for n, code in enumerate(codes)}
        pages["0.png"] = [pages["0.png"][0].replace("B00", "BO0")]
        made.add_documents("scans", "notes", pages, from_ocr=from_ocr)
        return made

    assert len(edges(data(True), "scans/notes", "shop/products.product_id")) == 10
    assert len(edges(data(False), "scans/notes", "shop/products.product_id")) == 9


def test_text_columns_name_people() -> None:
    data = MemoryData()
    people = [{"id": 100 + n, "first_name": f"Ada{chr(97 + n)}", "last_name": f"Moor{chr(97 + n)}"} for n in range(20)]
    data.add_rows("hr", "people", people)
    notes = [
        {
            "note": f"Spoke with {p['first_name']} {p['last_name']} about the delivery that was late again, will call next week."
        }
        for p in people
    ]
    data.add_rows("crm", "calls", notes)
    found_edges = edges(data, "crm/calls.note", "hr/people.first_name+last_name")
    assert found_edges == {(str(n), str(n)) for n in range(20)}


@pytest.mark.parametrize("text", ["AN949C4 is broken", "an 949 c4", "AN/949/C4", "AN-949-C4", "an949-c4"])
def test_codes_are_found_however_their_parts_are_set_off(text: str) -> None:
    made = Lexicon()
    made.add(0, [("AN-949-C4", ["a"]), ("LB-670-D5", ["b"])])
    assert [hit.entry.value for hit in find_in(text, made)] == ["AN-949-C4"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("between us and Nordwind Optik, Bremen", "Nordwind Optik GmbH & Co. KG"),
        ("MUELLER PUMPEN AG", "Müller Pumpen AG"),
        ("to Muller Pumpen", "Müller Pumpen AG"),
        ("Soerensen Shipping called", "Sørensen Shipping ApS"),
    ],
)
def test_companies_are_found_without_legal_form_and_umlauts(text: str, value: str) -> None:
    made = Lexicon()
    names = ["Nordwind Optik GmbH & Co. KG", "Müller Pumpen AG", "Sørensen Shipping ApS", "Other Ltd"]
    made.add(0, [(name, [name]) for name in names])
    assert value in [hit.entry.value for hit in find_in(text, made)]


def test_two_companies_that_differ_in_their_legal_form_alone_share_the_short_name() -> None:
    made = Lexicon()
    made.add(0, [("Nordwind Optik GmbH", ["a"]), ("Nordwind Optik AG", ["b"])])
    (hit,) = find_in("Nordwind Optik wrote", made)
    assert set(hit.entry.uids) == {"a", "b"}


def test_a_number_without_its_prefix_counts_only_with_its_label() -> None:
    data = MemoryData()
    data.add_rows("erp", "customer", [{"customer_no": f"K-{10000 + 7 * n:06d}", "rank": n % 3} for n in range(40)])
    texts = {f"{n}.txt": [f"Customer no.: {10000 + 7 * n}\nTotal 10014 for 10021 pieces."] for n in range(10)}
    data.add_documents("post", "bills", texts)
    assert edges(data, "post/bills", "erp/customer.customer_no") == {(f"{n}.txt", str(n)) for n in range(10)}


def _post() -> MemoryData:
    """People with names in two columns, letters that name them, mails whose headers do, and slides with an author."""
    data = MemoryData()
    first, last = ["Ada", "Bela", "Cora", "Dora", "Emil"], ["Moor", "Nyland", "Ibsen", "Falk"]
    people: list[dict[str, Any]] = [
        {"emp_id": 4000 + n, "first_name": f, "last_name": s, "email": f"{f}.{s}@we.example".lower()}
        for n, (f, s) in enumerate((f, s) for f in first for s in last)
    ]
    data.add_rows("hr", "employee", people)
    mails, headers = {}, {}
    for n, person in enumerate(people):
        mails[f"mail/{n}.eml"] = [f"Dear {person['first_name']},\nthe lamp is broken.\nKind regards"]
        headers[f"mail/{n}.eml"] = {
            "from": f"Somebody {n} <x{n}@them.example>",
            "to": f"{person['first_name']} <{person['email'].upper()}>",
        }
    slides = {
        f"slides/{n}.pptx": [f"Review\n{p['first_name']} {p['last_name']}, Sales"] for n, p in enumerate(people[:8])
    }
    headers |= {
        name: {"author": f"{p['first_name']} {p['last_name']}"} for name, p in zip(slides, people, strict=False)
    }
    data.add_documents("docs", "files", mails | slides, properties=headers)
    return data


def test_mail_headers_refer_to_people_by_their_address() -> None:
    linker = BifrostLinker()
    proposals = linker.propose(_post(), (), (), quiet)
    sent = find(proposals, "reference", "docs/files.to", "hr/employee.email")
    assert sent.name == "sent_to"
    assert sent.probability > 0.5
    made = list(linker.links(sent, _post(), (), quiet))
    linker.close()
    assert {(edge.tail, edge.head) for edge in made} == {
        (f"docs/files/mail%2F{n}.eml", f"hr/employee/{n}") for n in range(20)
    }


def test_documents_name_people_by_first_and_last_name_and_say_who_wrote_them() -> None:
    linker = BifrostLinker()
    proposals = linker.propose(_post(), (), (), quiet)
    named = find(proposals, "mention", "docs/files", "hr/employee.first_name+last_name")
    written = find(proposals, "mention", "docs/files.author", "hr/employee.first_name+last_name")
    assert (named.name, written.name) == ("mentions_employee", "written_by")
    assert len(list(linker.links(written, _post(), (), quiet))) == 8
    linker.close()


def test_one_question_covers_all_columns_that_name_the_same_records() -> None:
    data = MemoryData()
    rows = [{"customer_no": f"K-{n:05d}", "company": f"Firm{chr(97 + n)} Pumps Ltd", "town": "Cork"} for n in range(20)]
    data.add_rows("erp", "customer", rows)
    texts = {
        f"{n}.txt": [f"To {rows[n]['company']}\n" + (f"Customer no.: {rows[n]['customer_no']}" if n < 8 else "")]
        for n in range(12)
    }
    data.add_documents("post", "letters", texts)
    linker = BifrostLinker()
    proposals = [p for p in linker.propose(data, (), (), quiet) if p.kind == "mention"]
    linker.close()
    (one,) = proposals
    assert (one.head.columns, dict(one.transform)) == (("customer_no",), {"also": "company"})
    assert edges(data, "post/letters", "erp/customer.customer_no") == {(f"{n}.txt", str(n)) for n in range(12)}


def test_where_only_some_texts_are_looked_at_the_edges_of_all_are_estimated() -> None:
    data = MemoryData()
    data.add_rows("crm", "client", [{"client_no": f"KD-{1000 + i}", "city": "Ulm"} for i in range(50)])
    texts = [f"Call number {i} came in late, client KD-{1000 + i % 50} wants another offer soon" for i in range(3_000)]
    data.add_rows("desk", "ticket", [{"id": str(i), "body": text} for i, text in enumerate(texts)])
    linker = BifrostLinker()
    mention = find(linker.propose(data, [], [], quiet), "mention", "desk/ticket.body", "crm/client.client_no")
    assert mention.estimated_edges == len(list(linker.links(mention, data, [], quiet))) == 3_000
    assert "1,000 texts looked at (of 3,000)" in mention.reasons[0]
    linker.close()


def test_places_that_are_ordinary_words_are_counted_as_not_sure() -> None:
    data = MemoryData()
    data.add_rows("crm", "client", [{"name": name} for name in ("Ocean", "Meadow Lane Foods", "Blue Harbour Ltd")])
    texts = ["far out on the ocean a storm rose slowly", "Meadow Lane Foods", "Blue Harbour Ltd", "an ocean of tears"]
    data.add_documents("share", "files", {f"{i}.txt": [text] for i, text in enumerate(texts)})
    workspace = Workspace()
    with workspace.using(data):
        (candidate,) = mention_candidates(data, workspace)
    assert (candidate.hits, len(candidate.edges), len(candidate.refused)) == (4, 2, 2)
    assert candidate.features["accepted_share"] == 0.5
    workspace.close()


def test_documents_of_every_folder_are_looked_at() -> None:
    data = MemoryData()
    data.add_rows("crm", "client", [{"client_no": f"KD-{1000 + i}", "city": "Ulm"} for i in range(50)])
    documents = {f"news/{i}.txt": [f"Nothing of interest happened on day {i}."] for i in range(2_000)}
    documents |= {f"offers/{i}.txt": [f"Offer {i}: client KD-{1000 + i % 50}"] for i in range(400)}
    data.add_documents("share", "files", documents)
    linker = BifrostLinker()
    mention = find(linker.propose(data, [], [], quiet), "mention", "share/files", "crm/client.client_no")
    assert 350 <= mention.estimated_edges <= 450
    assert "800 texts looked at (of 2,400)" in mention.reasons[0]
    linker.close()
