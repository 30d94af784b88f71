"""Names that several records share: the text around the name tells which one is meant, and why."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.links import Column, LinkEdge, LinkKind, LinkState, LinkType, link_type_id
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, Reference
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.mentions.choice import ChoiceModel, load_choice
from linking.mentions.context import ALWAYS, EVIDENCE, Doubt
from linking.mentions.find import Hit
from linking.mentions.lexicon import Entry
from linking.mentions.scan import FoundMention
from linking.training.namesakes import write_namesakes
from tests.linking.company import quiet

CITIES = ("Cork", "Ghent", "Turin", "Bergen", "Lyon", "Porto", "Gdansk", "Basel")
HEAD = Column("crm", "contacts", ("name",))
TAIL = Column("post", "letters")
MENTIONS = LinkType(
    link_type_id(LinkKind.MENTION, TAIL, HEAD), LinkKind.MENTION, TAIL, HEAD, "mentions", LinkState.CONFIRMED
)
ANNA_CORK, ANNA_GHENT, BOB = "crm/contacts/0", "crm/contacts/1", "crm/contacts/2"


def data(letters: Mapping[str, str], properties: Mapping[str, Mapping[str, str]] | None = None) -> MemoryData:
    """Contacts, the first two of one name, with a city each and orders of their own, and letters."""
    made = MemoryData()
    names = ["Anna Schmidt", "Anna Schmidt", *(f"Bob Moor{chr(97 + n)}" for n in range(14))]
    contacts = [
        {"id": 100 + n, "name": name, "city": CITIES[n % 8], "email": f"mail{n}@house{n}.example"}
        for n, name in enumerate(names)
    ]
    made.add_rows("crm", "contacts", contacts)
    made.add_rows(
        "crm",
        "orders",
        [{"order_no": f"PO-{7000 + n}", "contact": 100 + n % 16} for n in range(48)],
        DatasetInfo(
            "orders",
            DatasetKind.TABLE,
            (ColumnInfo("order_no"), ColumnInfo("contact")),
            references=(Reference(("contact",), "contacts", ("id",)),),
        ),
    )
    made.add_documents("post", "letters", {name: [text] for name, text in letters.items()}, properties=properties)
    return made


def links(made: MemoryData, known: tuple[LinkType, ...] = ()) -> list[LinkEdge]:
    linker = BifrostLinker()
    found = list(linker.links(MENTIONS, made, (), quiet, known))
    linker.close()
    return found


def linked(
    letters: Mapping[str, str], properties: Mapping[str, Mapping[str, str]] | None = None
) -> set[tuple[str, str]]:
    return {(edge.tail.rpartition("/")[2], edge.head) for edge in links(data(letters, properties))}


def test_a_value_beside_the_name_tells_which_record_is_meant() -> None:
    letters = {"a": "Dear Anna Schmidt,\nyour house in Cork is ready.", "b": "Anna Schmidt, Ghent, will call."}
    assert linked(letters) == {("a", ANNA_CORK), ("b", ANNA_GHENT)}


def test_a_record_that_it_is_linked_to_tells_too() -> None:
    assert linked({"a": "Anna Schmidt asks about PO-7017."}) == {("a", ANNA_GHENT)}


def test_what_a_document_says_of_itself_tells_too() -> None:
    sent = {"a": {"from": "Anna <mail1@house1.example>"}}
    assert linked({"a": "With kind regards\nAnna Schmidt"}, sent) == {("a", ANNA_GHENT)}


@pytest.mark.parametrize("text", ["Anna Schmidt called.", "Anna Schmidt, as agreed, from Cork or Ghent."])
def test_a_tie_links_nothing(text: str) -> None:
    assert linked({"a": text}) == set()


def test_of_two_of_one_name_in_a_text_each_has_what_stands_beside_it() -> None:
    filler = "The meeting was long and nothing came of it in the end. " * 12
    text = f"Anna Schmidt, Cork\n{filler}\nAnna Schmidt, Ghent"
    assert linked({"a": text}) == {("a", ANNA_CORK), ("a", ANNA_GHENT)}


def test_what_every_text_holds_tells_nothing() -> None:
    letters = {f"{n}": "House and Garden Ltd, Cork\n" + "and so on\n" * 40 + "Anna Schmidt called." for n in range(30)}
    assert linked(letters) == set()


def test_names_of_one_record_are_linked_as_surely_as_without_context() -> None:
    (edge,) = links(data({"a": "Bob Moora, Lyon, is here."}))
    assert (edge.head, edge.score, edge.evidence.reason) == (BOB, 0.9, "")


def test_the_evidence_says_why() -> None:
    (edge,) = links(data({"a": "Anna Schmidt of Cork called about PO-7000."}))
    assert edge.evidence.quote == "Anna Schmidt"
    assert (
        edge.evidence.reason == "'Anna Schmidt' fits 2 records; orders PO-7000 and city Cork of this one are near it."
    )


def test_only_what_is_declared_or_confirmed_counts_as_linked() -> None:
    made = data({})
    linker = BifrostLinker()
    tail, head = Column("crm", "calls", ("contact",)), Column("crm", "contacts", ("id",))
    open_ = LinkType(link_type_id(LinkKind.REFERENCE, tail, head), LinkKind.REFERENCE, tail, head, "of")
    (declared,) = linker.counting(MENTIONS, made, [open_])
    assert declared.tail.dataset == "orders"
    linker.close()


def test_a_source_of_which_readers_of_the_link_may_know_nothing_does_not_count() -> None:
    linker = BifrostLinker()
    counted = []
    for source in ("payroll", "post"):
        tail, head = Column(source, "calls", ("contact",)), Column("crm", "contacts", ("id",))
        confirmed = LinkType(
            link_type_id(LinkKind.REFERENCE, tail, head), LinkKind.REFERENCE, tail, head, "of", LinkState.CONFIRMED
        )
        counted.append({one.tail.source for one in linker.counting(MENTIONS, data({}), [confirmed])})
    linker.close()
    assert counted == [{"crm"}, {"crm", "post"}]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.lists(st.floats(0, 4), min_size=len(EVIDENCE), max_size=len(EVIDENCE)))
def test_records_for_which_the_same_speaks_are_never_linked(records: int, evidence: list[float]) -> None:
    uids = tuple(f"u{n}" for n in range(records))
    hit = Hit(Entry(0, "A B", uids, ("a", "b"), False), 0, 3, True, False, 1.0, 1.0, ())
    always = np.array([1.0, np.log(records), *[0.0] * (len(ALWAYS) - 2)])
    doubt = Doubt(
        FoundMention("t", 1, "A B", hit, False), uids, np.array([evidence] * records), always, ((),) * records
    )
    (p,) = load_choice().probabilities([doubt])
    assert p.sum() < 1
    assert p.max() == pytest.approx(p.min())
    assert records == 1 or p.max() < 0.5


def test_the_shipped_weights_let_evidence_speak_for_and_contradiction_against() -> None:
    model: ChoiceModel = load_choice()
    signs = dict(zip(EVIDENCE, model.evidence, strict=True))
    assert signs["against"] < 0
    assert min(value for name, value in signs.items() if name != "against") >= 0


def test_generated_texts_follow_from_their_seed() -> None:
    one, same = (write_namesakes(3, ("helpdesk",)) for _ in range(2))
    assert one is not None
    assert same is not None
    assert one.truth == same.truth
    assert any(one.truth.values())
