"""What is proposed for a column in the place of what was rejected."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bifrost.links import Column, Judgement, LinkState, LinkType, Verdict
from linking.alternatives import with_alternatives
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from tests.linking.company import quiet


def loans(persons: str = "db") -> MemoryData:
    """Loans whose borrowers may be persons, which are in a source of that name, or firms."""
    rng = random.Random(11)
    tables: dict[str, list[dict[str, Any]]] = {
        "person": [{"id": n + 1, "full_name": f"Person {n * 7}", "born": 1950 + n % 50} for n in range(70)],
        "firm": [{"id": n + 1, "firm_name": f"Firm {n * 11}", "town": f"Town {n % 7}"} for n in range(75)],
        "loan": [{"id": n + 1, "borrower_id": rng.randint(1, 70), "sum": rng.random()} for n in range(300)],
    }
    data = MemoryData()
    for name, rows in tables.items():
        data.add_rows(persons if name == "person" else "db", name, rows)
    return data


def borrowers(proposals: list[LinkType]) -> dict[str, LinkType]:
    return {str(p.head): p for p in proposals if p.kind == "reference" and str(p.tail) == "db/loan.borrower_id"}


def test_when_a_reference_is_rejected_the_next_likeliest_of_the_column_is_proposed() -> None:
    data, linker = loans(), BifrostLinker()
    before = borrowers(linker.propose(data, (), (), quiet))
    ((first, rejected),) = before.items()
    no = Judgement(1, rejected.id, Verdict.REJECT, "ann", datetime(2026, 1, 1, tzinfo=UTC), features=rejected.features)
    known = [replace(rejected, state=LinkState.REJECTED)]
    after = borrowers(linker.propose(data, [no], known, quiet))
    linker.close()
    assert after.pop(first).state is LinkState.REJECTED
    ((other, proposed),) = after.items()
    assert {first, other} == {"db/person.id", "db/firm.id"}
    assert proposed.state is LinkState.PROPOSED


def answered(link_type: LinkType, state: LinkState) -> LinkType:
    return replace(link_type, state=state)


def test_it_comes_at_once_and_goes_when_the_answer_is_taken_back() -> None:
    data, linker = loans(), BifrostLinker()
    proposals = linker.propose(data, (), (), quiet)
    ((first, asked),) = borrowers(proposals).items()
    others = [p for p in proposals if p.id != asked.id]
    assert linker.rescore(proposals, ()) == proposals, "nothing is rejected yet"

    rejected = answered(asked, LinkState.REJECTED)
    after = borrowers(linker.rescore([*others, rejected], ()))
    del after[first]
    ((_, instead),) = after.items()
    assert instead.state is LinkState.PROPOSED
    why = "what looks right and is wrong often refers to nothing"
    assert f"It stands in for {first}: {why}." in instead.reasons
    assert instead.examples
    built = borrowers(linker.propose(data, (), [rejected], quiet))
    assert {p.id for p in built.values()} == {asked.id, instead.id}, "the next build says the same"
    assert built[str(instead.head)].reasons == instead.reasons
    assert abs(built[str(instead.head)].probability - instead.probability) < 0.05
    linker.close()

    assert borrowers(linker.rescore([*others, asked, instead], ())) == {first: asked}
    confirmed = answered(instead, LinkState.CONFIRMED)
    assert len(borrowers(linker.rescore([*others, asked, confirmed], ()))) == 2, "what people confirmed stays"
    deleted = answered(asked, LinkState.DELETED)
    assert len(borrowers(linker.rescore([*others, deleted], ()))) == 2


def routes() -> MemoryData:
    """Tables of one area that refer to its routes, which a table of another area has as well."""
    rng = random.Random(5)
    data = MemoryData()
    for area in ("audit", "stock"):
        data.add_rows("erp", f"{area}_route", [{"id": n + 1, "title": f"{area} {n * 3}"} for n in range(400)])
    for name in ("budget", "visit", "notice"):
        rows = [{"id": n + 1, "route_id": rng.randint(1, 400), "paid": rng.random()} for n in range(600)]
        data.add_rows("erp", f"audit_{name}", rows)
    return data


def test_however_sure_the_next_looks_it_is_doubted_alike_at_once_and_by_a_build() -> None:
    def of(proposals: list[LinkType]) -> dict[str, LinkType]:
        return {str(p.head): p for p in proposals if str(p.tail) == "erp/audit_budget.route_id"}

    data, linker = routes(), BifrostLinker()
    proposals = linker.propose(data, (), (), quiet)
    ((first, asked),) = of(proposals).items()
    assert first == "erp/audit_route.id"
    gone = answered(asked, LinkState.REJECTED)
    no = Judgement(1, gone.id, Verdict.REJECT, "ann", datetime(2026, 1, 1, tzinfo=UTC), features=gone.features)
    many = [replace(no, id=n) for n in range(20)]  # so that the model itself thinks less of it than of the other one
    learnt = of(linker.propose(data, many, [gone], quiet))
    assert learnt["erp/stock_route.id"].probability <= 0.5
    assert "stands in" in " ".join(learnt["erp/stock_route.id"].reasons)
    at_once = of(linker.rescore([gone], ()))
    built = of(linker.propose(data, (), [gone], quiet))
    linker.close()
    assert at_once.keys() == built.keys() == {first, "erp/stock_route.id"}
    assert 0.15 <= built["erp/stock_route.id"].probability <= 0.7
    assert abs(built["erp/stock_route.id"].probability - at_once["erp/stock_route.id"].probability) < 0.01


def test_a_no_says_nothing_of_what_was_likelier_all_along() -> None:
    data, linker = loans(), BifrostLinker()
    ((first, asked),) = borrowers(linker.propose(data, (), (), quiet)).items()
    assert asked.otherwise is not None
    no = answered(asked.otherwise, LinkState.REJECTED)
    after = borrowers(linker.propose(data, (), [no], quiet))
    linker.close()
    assert abs(after[first].probability - asked.probability) < 0.05
    other = after[first].otherwise
    assert other is None or other.id != no.id


@pytest.mark.parametrize("state", [LinkState.REJECTED, LinkState.DELETED])
def test_a_build_and_the_answers_before_and_after_it_agree(state: LinkState) -> None:
    data, linker = loans(), BifrostLinker()
    ((first, asked),) = borrowers(linker.propose(data, (), (), quiet)).items()
    gone = answered(asked, state)
    at_once = borrowers(linker.rescore([gone], ()))
    built = linker.propose(data, (), list(at_once.values()), quiet)
    assert borrowers(built).keys() == at_once.keys()
    assert borrowers(linker.rescore(built, ())).keys() == at_once.keys()
    taken_back = [answered(t, LinkState.PROPOSED) if str(t.head) == first else t for t in built]
    assert list(borrowers(linker.rescore(taken_back, ()))) == [first]
    linker.close()


def test_reasons_name_no_column_of_a_source_that_the_link_type_does_not_lie_in() -> None:
    linker = BifrostLinker()
    ((first, asked),) = borrowers(linker.propose(loans(persons="hr"), (), (), quiet)).items()
    linker.close()
    assert first == "hr/person.id"
    assert asked.otherwise is not None
    assert asked.otherwise.head.source == "db"
    reasons = " ".join(asked.otherwise.reasons)
    assert "hr/" not in reasons
    assert "stands in" not in reasons


def test_nothing_takes_the_place_of_what_something_else_has() -> None:
    linker = BifrostLinker()
    proposals = linker.propose(loans(), (), (), quiet)
    linker.close()
    ((_, asked),) = borrowers(proposals).items()
    assert asked.otherwise is not None
    rejected = answered(asked, LinkState.REJECTED)
    corrected = replace(asked, id="other", head=Column("db", "bank", ("id",)), otherwise=None)
    for state in (LinkState.CONFIRMED, LinkState.PROPOSED):
        known = [rejected, answered(corrected, state)]
        assert with_alternatives(known) == known, "the column means something else by now"
    assert len(with_alternatives([rejected, answered(corrected, LinkState.REJECTED)])) == 3
    turned = replace(corrected, tail=asked.otherwise.head, head=asked.otherwise.tail)
    assert with_alternatives([rejected, turned]) == [rejected, turned]
    flipped = replace(corrected, tail=asked.head, head=asked.tail)
    several = replace(corrected, tail=Column("db", "loan", ("borrower_id", "sum")))
    for made in (flipped, several):
        known = [rejected, answered(made, LinkState.CONFIRMED)]
        assert with_alternatives(known) == known, "a person corrected it"
    no = answered(asked.otherwise, LinkState.REJECTED)
    assert with_alternatives([rejected, no]) == [rejected, no], "nobody is asked twice"


def test_what_is_put_off_keeps_its_place() -> None:
    data, linker = loans(), BifrostLinker()
    before = borrowers(linker.propose(data, (), (), quiet))
    ((first, asked),) = before.items()
    known = [replace(asked, state=LinkState.DEFERRED)]
    after = borrowers(linker.propose(data, (), known, quiet))
    linker.close()
    assert list(after) == [first]


def test_a_source_s_own_copy_comes_before_the_table_elsewhere_that_it_copies() -> None:
    rng = random.Random(3)
    codes = [f"{rng.choice('ABCDEFGH')}{rng.choice('KLMNOP')}{n:03}" for n in range(93)]
    known = codes[:30]
    data = MemoryData()
    data.add_rows("erp", "Customers", [{"CustomerID": c, "CompanyName": f"Firm {c}", "Phone": c[::-1]} for c in codes])
    data.add_rows(
        "crm", "customers", [{"customer_id": c, "customer_name": f"Firm {c}", "mail": f"{c}@x"} for c in known]
    )
    chats = [{"chat": n, "customer_id": rng.choice(known[:29]), "text": f"Hello {n}"} for n in range(300)]
    data.add_rows("crm", "chats", chats)
    linker = BifrostLinker()
    proposals = linker.propose(data, (), (), quiet)
    linker.close()
    heads = [str(p.head) for p in proposals if p.kind == "reference" and str(p.tail) == "crm/chats.customer_id"]
    assert heads == ["crm/customers.customer_id"]
