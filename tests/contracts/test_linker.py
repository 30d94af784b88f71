"""What every linker does. A linker is added to ``LINKERS``."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bifrost.errors import InputError
from bifrost.links import Judgement, LinkEdge, LinkKind, LinkState, LinkType, SamePair, Verdict
from bifrost.ports import Linker, TeachRequest
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from tests.linking.company import company, quiet

LINKERS = {"linking.linker:BifrostLinker": BifrostLinker}
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=sorted(LINKERS), scope="module")
def linker(request: pytest.FixtureRequest) -> Iterator[Linker]:
    made = LINKERS[request.param]()
    yield made
    made.close()


@pytest.fixture(scope="module")
def data() -> MemoryData:
    return company()


@pytest.fixture(scope="module")
def proposals(linker: Linker, data: MemoryData) -> list[LinkType]:
    return linker.propose(data, (), (), quiet)


def uids(data: MemoryData) -> set[str]:
    found = set()
    for summary in data.datasets():
        for batch in data.rows(summary.source, summary.info.name):
            found |= set(batch.column("_uid").to_pylist())
        for batch in data.pages(summary.source, summary.info.name):
            found |= set(batch.column("_uid").to_pylist())
    return found


def test_proposals_are_open_distinct_and_have_a_name(proposals: list[LinkType]) -> None:
    assert len({p.id for p in proposals}) == len(proposals) > 2
    for proposal in proposals:
        assert proposal.state is LinkState.PROPOSED
        assert proposal.name
        assert proposal.tail != proposal.head


def test_a_judged_type_stays_with_its_decision(linker: Linker, data: MemoryData, proposals: list[LinkType]) -> None:
    known = [
        replace(proposals[0], state=LinkState.CONFIRMED, name="mine", condition="order_id < 10"),
        replace(proposals[1], state=LinkState.REJECTED),
        *proposals[2:],
    ]
    verdicts = (Verdict.CONFIRM, Verdict.REJECT)
    answers = [Judgement(n, t.id, v, "ann", AT) for n, (t, v) in enumerate(zip(known[:2], verdicts, strict=True))]
    again = {t.id: t for t in linker.propose(data, answers, known, quiet)}
    assert again[known[0].id].name == "mine"
    assert again[known[0].id].condition == "order_id < 10"
    assert again[known[0].id].state is LinkState.CONFIRMED
    assert again[known[1].id].state is LinkState.REJECTED


def test_rescoring_returns_every_link_type_once(linker: Linker, proposals: list[LinkType]) -> None:
    answers = [Judgement(1, proposals[0].id, Verdict.REJECT, "ann", AT)]
    assert sorted(t.id for t in linker.rescore(proposals, answers)) == sorted(t.id for t in proposals)


@pytest.mark.parametrize("kind", [LinkKind.REFERENCE, LinkKind.MENTION])
def test_edges_connect_existing_records_once(
    linker: Linker, data: MemoryData, proposals: list[LinkType], kind: LinkKind
) -> None:
    existing = uids(data)
    for proposal in (p for p in proposals if p.kind is kind):
        edges: list[LinkEdge] = list(linker.links(proposal, data, (), quiet))
        assert edges
        assert len({(e.tail, e.head) for e in edges}) == len(edges)
        for edge in edges:
            assert {edge.tail, edge.head} <= existing
            assert 0 < edge.score <= 1


def test_a_condition_and_a_threshold_limit_the_edges(
    linker: Linker, data: MemoryData, proposals: list[LinkType]
) -> None:
    reference = next(p for p in proposals if str(p.tail) == "erp/orders.article_no")
    few = list(linker.links(replace(reference, condition="quantity > 8"), data, (), quiet))
    assert 0 < len(few) < 100
    assert list(linker.links(replace(reference, threshold=1.1), data, (), quiet)) == []


def test_a_link_type_whose_columns_are_gone_has_no_edges(
    linker: Linker, data: MemoryData, proposals: list[LinkType]
) -> None:
    reference = next(p for p in proposals if p.kind is LinkKind.REFERENCE)
    gone = replace(reference, tail=replace(reference.tail, columns=("gone",)))
    assert list(linker.links(gone, data, (), quiet)) == []
    assert list(linker.links(replace(reference, head=replace(reference.head, dataset="gone")), data, (), quiet)) == []


def test_unknown_rules_are_refused(linker: Linker, data: MemoryData, proposals: list[LinkType]) -> None:
    reference = next(p for p in proposals if p.kind is LinkKind.REFERENCE)
    with pytest.raises(InputError):
        list(linker.links(replace(reference, transform={"tail": "no_such_rule"}), data, (), quiet))
    with pytest.raises(InputError):
        list(linker.links(replace(reference, condition="1; drop table x"), data, (), quiet))


def test_new_data_is_seen(linker: Linker) -> None:
    letters = {"one.pdf": ["Customer ID: CUST-0001"], "two.pdf": ["Customer ID: CUST-0002"]}
    found = linker.propose(company(letters=letters), (), (), quiet)
    mention = next(p for p in found if p.kind is LinkKind.MENTION and p.tail.dataset == "letters")
    assert len(list(linker.links(mention, company(letters=letters), (), quiet))) == 2
    letters["two.pdf"] = ["no number any more"]
    assert len(list(linker.links(mention, company(letters=letters), (), quiet))) == 1


def test_teaching_finds_the_columns_and_the_rule(linker: Linker, data: MemoryData) -> None:
    rows = [row for batch in data.rows("desk", "tickets") for row in batch.to_pylist()][1:4]
    pairs = tuple((row["_uid"], f"erp/customers/{int(row['cust_no']) - 1}") for row in rows)
    taught = linker.teach(data, TeachRequest(pairs, name="raised_by"))[0]
    assert (str(taught.tail), str(taught.head)) == ("desk/tickets.cust_no", "erp/customers.customer_id")
    assert taught.name == "raised_by"
    assert len(list(linker.links(taught, data, (), quiet))) == 119


def test_teaching_finds_the_words_in_a_document(linker: Linker, data: MemoryData) -> None:
    pairs = tuple((f"post/letters/letter{n}.pdf", f"erp/customers/{n}") for n in range(2))
    kinds = {t.kind for t in linker.teach(data, TeachRequest(pairs))}
    assert kinds == {LinkKind.MENTION}


def test_examples_that_must_not_match_rule_out_rules(linker: Linker, data: MemoryData) -> None:
    rows = [row for batch in data.rows("erp", "orders") for row in batch.to_pylist()][:3]
    customers = {
        row["customer_id"].lower(): row["_uid"] for batch in data.rows("erp", "customers") for row in batch.to_pylist()
    }
    right = tuple((row["_uid"], customers[row["customer"]]) for row in rows)
    assert linker.teach(data, TeachRequest(right))
    with pytest.raises(InputError):
        linker.teach(data, TeachRequest(right, negatives=right[:1]))


@pytest.mark.parametrize("pairs", [(), (("erp/orders/0", "nothing/at/all"),), (("x/y/z", "erp/customers/1"),)])
def test_what_cannot_be_taught_is_said(linker: Linker, data: MemoryData, pairs: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(InputError) as caught:
        linker.teach(data, TeachRequest(pairs))
    assert caught.value.remedy


def test_same_things_are_pairs_of_records_of_both_tables(linker: Linker) -> None:
    data = MemoryData()
    people = [
        {"no": n, "full_name": f"Maria{chr(97 + n)} Ander{chr(97 + n)}sen", "town": f"Town {n % 5}"} for n in range(24)
    ]
    data.add_rows("erp", "customers", people)
    data.add_rows(
        "crm", "clients", [{"key": f"K{n}", "name": str(p["full_name"]).upper()} for n, p in enumerate(people[:20])]
    )
    proposals = linker.propose(data, (), (), quiet)
    same = next(p for p in proposals if p.kind is LinkKind.SAME_THING)
    pairs: list[SamePair] = list(linker.same(same, data, (), quiet))
    assert {frozenset(p.left.split("/")[0] + p.right.split("/")[0] for p in pairs)}
    right = [
        p for p in pairs if p.score >= (same.threshold or 0.5) and p.left.rsplit("/")[-1] == p.right.rsplit("/")[-1]
    ]
    assert len(right) >= 18
