import numpy as np
import pytest

from bifrost.links import LinkType
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, Reference
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.profiles import are_uncommon, is_grouped, is_list_text, numbers_in
from tests.linking.company import company, find, quiet


@pytest.fixture(scope="module")
def proposals() -> list[LinkType]:
    linker = BifrostLinker()
    found = linker.propose(company(), (), (), quiet)
    linker.close()
    return found


def test_equal_keys_are_found(proposals: list[LinkType]) -> None:
    link_type = find(proposals, "reference", "erp/orders.article_no", "erp/articles.article_no")
    assert link_type.probability > 0.9
    assert link_type.cardinality == "many-to-one"
    assert link_type.estimated_edges == 300
    assert link_type.name == "article"


def test_keys_written_in_another_case_are_found(proposals: list[LinkType]) -> None:
    link_type = find(proposals, "reference", "erp/orders.customer", "erp/customers.customer_id")
    assert link_type.probability > 0.5
    assert not link_type.transform


def test_keys_without_their_prefix_and_zeros_are_found_across_sources(proposals: list[LinkType]) -> None:
    link_type = find(proposals, "reference", "desk/tickets.cust_no", "erp/customers.customer_id")
    assert link_type.probability > 0.5
    assert link_type.transform == {"head": "strip_prefix:cust- | strip_zeros"}
    assert link_type.estimated_edges == 119
    assert any("99% of the 120 values" in reason for reason in link_type.reasons)
    compared = (
        "Values are compared like this: customers.customer_id without cust- at the beginning, without leading zeros."
    )
    assert compared in link_type.reasons
    assert [example.note for example in link_type.counter_examples] == ["names no record"]
    assert "9999" in link_type.counter_examples[0].tail_text


def test_every_proposal_says_why_and_shows_examples(proposals: list[LinkType]) -> None:
    assert proposals
    for link_type in proposals:
        assert link_type.reasons
        assert 0 < link_type.probability < 1
        assert link_type.features
        assert 1 <= len(link_type.examples) <= 5
        assert len(link_type.counter_examples) <= 3


def test_there_are_few_proposals_and_the_best_come_first(proposals: list[LinkType]) -> None:
    assert len(proposals) <= 8
    assert [p.probability for p in proposals] == sorted((p.probability for p in proposals), reverse=True)
    wrong = [
        p for p in proposals if p.kind == "reference" and str(p.tail) in ("erp/orders.quantity", "erp/articles.price")
    ]
    assert all(p.probability < 0.5 for p in wrong)


def test_proposals_are_the_same_every_time() -> None:
    first, second = BifrostLinker(), BifrostLinker()
    assert first.propose(company(), (), (), quiet) == second.propose(company(), (), (), quiet)
    first.close()
    second.close()


def test_lists_and_self_references_are_found() -> None:
    data = MemoryData()
    rows = [
        {"emp_id": f"emp_{n:03d}", "name": f"P{n} Q{n * 7}", "reports_to": f"emp_{n // 3:03d}" if n else None}
        for n in range(60)
    ]
    for n, row in enumerate(rows):
        row["reportees"] = str([f"emp_{m:03d}" for m in range(3 * n, 3 * n + 3) if 0 < m < 60])
    data.add_rows("hr", "employees", rows)
    linker = BifrostLinker()
    proposals = linker.propose(data, (), (), quiet)
    boss = find(proposals, "reference", "hr/employees.reports_to", "hr/employees.emp_id")
    team = find(proposals, "reference", "hr/employees.reportees", "hr/employees.emp_id")
    assert boss.probability > 0.5
    assert team.transform["tail"] == "split"
    edges = {(edge.tail, edge.head) for edge in linker.links(team, data, (), quiet)}
    assert ("hr/employees/0", "hr/employees/1") in edges
    assert len(edges) == 59 - 1 + 1 - 0
    linker.close()


def test_declared_keys_are_not_proposed_again() -> None:
    data = MemoryData()
    data.add_rows("db", "town", [{"id": n, "name": f"Town {n}"} for n in range(1, 30)])
    info = DatasetInfo(
        "person",
        DatasetKind.TABLE,
        (ColumnInfo("id", "integer"), ColumnInfo("town_id", "integer"), ColumnInfo("town_name")),
        key=("id",),
        references=(Reference(("town_id",), "town", ("id",)),),
    )
    rows = [{"id": 500 + n, "town_id": n % 29 + 1, "town_name": f"Town {n % 29 + 1}"} for n in range(90)]
    data.add_rows("db", "person", rows, info)
    linker = BifrostLinker()
    proposals = [p for p in linker.propose(data, (), (), quiet) if p.probability >= 0.5]
    linker.close()
    assert [str(p.tail) for p in proposals if p.kind == "reference"] == []


def test_keys_of_two_columns_are_found() -> None:
    data = MemoryData()
    lines = [
        {"order_no": o, "line_no": n, "item": f"thing {o * n}"} for o in range(1000, 1080) for n in range(1, 2 + o % 5)
    ]
    data.add_rows("erp", "order_lines", lines)
    sent = [
        {"shipment": 90_000 + i, "order_no": x["order_no"], "line_no": x["line_no"]} for i, x in enumerate(lines[::2])
    ]
    data.add_rows("wms", "shipments", sent)
    linker = BifrostLinker()
    link_type = find(
        linker.propose(data, (), (), quiet),
        "reference",
        "wms/shipments.order_no+line_no",
        "erp/order_lines.order_no+line_no",
    )
    edges = list(linker.links(link_type, data, (), quiet))
    linker.close()
    assert len(edges) == len(sent)
    assert edges[1].head == "erp/order_lines/2"


def test_an_empty_source_has_no_proposals() -> None:
    linker = BifrostLinker()
    assert linker.propose(MemoryData(), (), (), quiet) == []
    linker.close()


def test_columns_whose_names_differ_only_in_case_are_kept_apart() -> None:
    data = MemoryData()
    data.add_rows("a", "things", [{"Name": f"One {n}", "name": f"Two {n}", "NAME": None} for n in range(20)])
    linker = BifrostLinker()
    assert isinstance(linker.propose(data, (), (), quiet), list)
    linker.close()


def test_keys_written_with_separators_of_thousands_are_numbers_and_no_lists() -> None:
    data, linker = MemoryData(), BifrostLinker()
    numbers = [9_000 + 7 * n for n in range(400)]
    data.add_rows("erp", "accounts", [{"account_no": number, "balance": n} for n, number in enumerate(numbers)])
    bookings = [{"id": n, "account": f"{numbers[n * 31 % 400]:,}", "amount": f"{n * 7919:,}.50"} for n in range(900)]
    data.add_rows("bank", "bookings", bookings)
    link_type = find(
        linker.propose(data, (), (), quiet), "reference", "bank/bookings.account", "erp/accounts.account_no"
    )
    linker.close()
    assert link_type.probability > 0.9
    assert (link_type.cardinality, link_type.estimated_edges) == ("many-to-one", 900)
    assert "Values are compared like this: bookings.account by digits alone." in link_type.reasons


@pytest.mark.parametrize(
    ("values", "grouped"),
    [
        (["10,007", "9,001", "12"], True),
        (["1.234.567", "5.678"], True),
        (["1 234", "22 100", "0"], True),
        (["101,203", "104,555"], False),
        (["1.234", "5.678", "9.111"], False),
        (["7,105", "12,203,10", "3,4"], False),
        (["5", "6"], False),
        ([], False),
    ],
)
def test_whole_numbers_in_groups_are_told_from_lists_and_decimals(values: list[str], grouped: bool) -> None:
    assert is_grouped(values) is grouped
    if grouped:
        assert numbers_in(values)[0] > 1_000
        assert not is_list_text(values)


def test_keys_with_a_word_or_spaces_before_uncommon_numbers_are_found_whatever_columns_are_called() -> None:
    generator = np.random.default_rng(3)
    numbers = sorted(set(generator.integers(9_100_000, 9_900_000, 60).tolist()))
    ports = ["NLRTM", "DEHAM", "BEANR", "SGSIN", "CNSHA", "USNYC", "BRSSZ", "IEDUB", "GBFXT", "ESVLC", "AEJEA", "INNSA"]
    data = MemoryData()
    data.add_rows("s", "fleet", [{"imo": f"IMO {n}", "flag": "NL" if n % 3 else "DE"} for n in numbers])
    data.add_rows("s", "harbours", [{"locode": p, "country": p[:2]} for p in ports])
    data.add_rows("s", "wards", [{"ward": f"W-{n}", "beds": 10 + n % 7} for n in range(1, 200)])
    calls = [
        {
            "call": f"CL-{k:04d}",
            "hull": int(generator.choice(numbers)),
            "place": f"{(port := str(generator.choice(ports)))[:2]} {port[2:]}",
            "berth": int(generator.integers(1, 90)),
        }
        for k in range(400)
    ]
    data.add_rows("s", "calls", calls)
    linker = BifrostLinker()
    proposed = linker.propose(data, (), (), quiet)
    linker.close()
    hull = find(proposed, "reference", "s/calls.hull", "s/fleet.imo")
    assert hull.probability > 0.9
    assert hull.transform == {"head": "strip_prefix:imo "}
    place = find(proposed, "reference", "s/calls.place", "s/harbours.locode")
    assert place.probability > 0.9
    assert place.transform == {"tail": "alnum"}
    # Small numbers are found among all keys that count.
    assert not [p for p in proposed if p.kind == "reference" and p.tail.columns == ("berth",)]


def test_people_are_found_by_their_numbers_whatever_they_are_called() -> None:
    generator = np.random.default_rng(5)
    numbers = sorted(set(generator.integers(100, 9_000, 120).tolist()))
    data = MemoryData()
    data.add_rows("s", "personnel", [{"PersNo": f"E{n:06d}", "grade": "ABCD"[n % 4]} for n in numbers])
    bookings = [
        {
            "document": 4_900_000 + k,
            "employee": int(generator.choice(numbers)),
            "amount": int(generator.integers(10, 9_000)),
        }
        for k in range(500)
    ]
    data.add_rows("s", "postings", bookings)
    linker = BifrostLinker()
    found = find(linker.propose(data, (), (), quiet), "reference", "s/postings.employee", "s/personnel.PersNo")
    linker.close()
    assert found.probability > 0.3, "worth asking about"
    assert found.transform == {"head": "strip_prefix:e | strip_zeros"}


def test_running_numbers_of_a_year_are_found_by_names_of_the_table_and_the_parts_of_its_key() -> None:
    generator = np.random.default_rng(5)
    cases = [(year, n) for year in range(2019, 2025) for n in range(1, 30 + 7 * (year % 4))]
    data = MemoryData()
    permits = [{"jahr": y, "lfd_nr": n, "vorhaben": f"Bau {y * n % 97}"} for y, n in cases]
    data.add_rows("s", "bauantrag", permits)
    chosen = [cases[k] for k in generator.integers(0, len(cases), 400).tolist()]
    visits = [{"beg_id": k, "antrag_jahr": y, "antrag_nr": n, "ergebnis": "gut"} for k, (y, n) in enumerate(chosen)]
    data.add_rows("s", "ortsbegehung", visits)
    linker = BifrostLinker()
    tail, head = "s/ortsbegehung.antrag_jahr+antrag_nr", "s/bauantrag.jahr+lfd_nr"
    found = find(linker.propose(data, (), (), quiet), "reference", tail, head)
    linker.close()
    assert found.probability > 0.5


@pytest.mark.parametrize(
    ("numbers", "uncommon"),
    [
        (range(240_000, 240_700), True),
        (range(9_100_000, 9_900_000, 13_001), True),
        (range(1, 700), False),
        (range(1_990, 2_024), False),
        (range(10_000, 99_000, 20), False),
        (range(240_000, 240_010), False),
    ],
)
def test_uncommon_numbers_are_far_from_nothing_or_far_between(numbers: range, uncommon: bool) -> None:
    assert are_uncommon([f"bl{n}" for n in numbers], len(numbers)) is uncommon
    assert are_uncommon([str(n) for n in numbers], len(numbers)) is uncommon


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        (["CAIU 104385-6; TGHU 622800-5", "MSKU 368632-4"], True),
        (["A1, B2", "C3"], True),
        (["May 12, 2024", "June 3, 2024"], False),
        (["12 Main St, Apt 4", "7 Elm Rd, Flat 2"], False),
        (["red, green", "blue"], False),
    ],
)
def test_lists_of_codes_are_told_from_dates_and_addresses(values: list[str], listed: bool) -> None:
    assert is_list_text(values) is listed
