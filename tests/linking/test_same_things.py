import random

from bifrost.links import LinkKind, LinkType
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.same_tables import can_be_matched
from linking.training.values import makers
from linking.workspace import Workspace
from tests.linking.company import quiet


def people(seed: int, count: int) -> list[dict[str, object]]:
    rng = random.Random(seed)
    make = makers(rng)
    return [{"name": f"{make['company']()}", "street": make["street"](), "town": make["city"]()} for _ in range(count)]


def spoiled(row: dict[str, object], rng: random.Random) -> dict[str, object]:
    name = str(row["name"])
    cut = rng.randrange(1, len(name) - 1)
    return {"client": (name[:cut] + name[cut + 1 :]).upper(), "address": f"{row['street']}, {row['town']}"}


def propose(data: MemoryData) -> list[LinkType]:
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    linker.close()
    return [p for p in found if p.kind is LinkKind.SAME_THING]


def test_tables_about_the_same_companies_are_found_despite_typing_errors() -> None:
    rng = random.Random(1)
    rows = people(3, 80)
    data = MemoryData()
    data.add_rows("erp", "customers", [{"no": 100 + n, **row} for n, row in enumerate(rows)])
    data.add_rows("crm", "accounts", [{"key": f"A{n:03d}", **spoiled(row, rng)} for n, row in enumerate(rows[:60])])
    (proposal,) = propose(data)
    assert proposal.probability > 0.5
    assert {proposal.tail.dataset, proposal.head.dataset} == {"customers", "accounts"}
    assert proposal.examples
    assert all(example.tail.startswith(proposal.tail.source) for example in proposal.examples)


def test_alike_tables_about_different_companies_are_not() -> None:
    data = MemoryData()
    data.add_rows("erp", "customers", [{"no": 100 + n, **row} for n, row in enumerate(people(3, 80))])
    data.add_rows("erp", "suppliers", [{"no": 900 + n, **row} for n, row in enumerate(people(4, 60))])
    assert [p for p in propose(data) if p.probability >= 0.5] == []


def test_keys_that_say_nothing_are_named_not_shared() -> None:
    """Each event has one person, so that its handle occurs once beside a person, too."""
    rng = random.Random(4)

    def handles(count: int) -> list[str]:
        return [f"_{rng.getrandbits(52):013x}" for _ in range(count)]

    people, events = handles(300), handles(700)
    data = MemoryData()
    data.add_rows("db", "person", [{"handle": h, "born": 1700 + n % 250} for n, h in enumerate(people)])
    data.add_rows("db", "event", [{"handle": h, "day": n % 366} for n, h in enumerate(events)])
    data.add_rows("db", "person_event", [{"person": rng.choice(people), "event": e} for e in events[:500]])
    linker = BifrostLinker()
    found = {(p.kind, str(p.tail), str(p.head)): p.probability for p in linker.propose(data, (), (), quiet)}
    linker.close()
    assert found[LinkKind.REFERENCE, "db/person_event.event", "db/event.handle"] > 0.9
    assert found[LinkKind.REFERENCE, "db/person_event.person", "db/person.handle"] > 0.9
    assert LinkKind.SAME_THING not in {kind for kind, *_ in found}


def test_a_table_that_refers_to_another_is_not_about_the_same_things() -> None:
    rng = random.Random(2)
    rows = [{"customer_id": f"C{n:04d}", **row} for n, row in enumerate(people(5, 50))]
    data = MemoryData()
    data.add_rows("crm", "customers", rows)
    calls = [{"call": n, "customer_id": rng.choice(rows)["customer_id"], "minutes": n % 9} for n in range(60)]
    data.add_rows("crm", "calls", calls)
    assert [p for p in propose(data) if p.probability >= 0.5] == []


def test_examples_are_not_only_the_best_ones_and_say_what_they_stand_for() -> None:
    rng = random.Random(1)
    rows = people(3, 80)
    data = MemoryData()
    data.add_rows("erp", "customers", [{"no": 100 + n, **row} for n, row in enumerate(rows)])
    data.add_rows("crm", "accounts", [{"key": f"A{n:03d}", **spoiled(row, rng)} for n, row in enumerate(rows[:60])])
    (proposal,) = propose(data)
    usual = [e.score for e in proposal.examples if e.role == "representative"]
    edge = [e.score for e in proposal.examples if e.role == "borderline"]
    assert len(usual) >= 3
    assert len(edge) == 1
    assert max(usual) > min(usual) > edge[0]
    assert {e.role for e in proposal.counter_examples} <= {"borderline", "counter"}


def test_texts_that_name_things_are_not_about_the_same_things() -> None:
    rng = random.Random(8)
    make = makers(rng)
    products = [{"sku": f"SE-{n:03d}-X{n % 7}", "title": f"{make['product']()} {n}"} for n in range(120)]
    asked = [
        {"no": 7_000 + n, "text": f"Please confirm the delivery date of the {p['title']} ({p['sku']})."}
        for n, p in enumerate(products[:95])
    ]
    data = MemoryData()
    data.add_rows("erp", "products", products)
    data.add_rows("desk", "tickets", asked)
    assert propose(data) == []


def test_tables_without_a_column_to_compare_are_not_proposed() -> None:
    """Record matching would refuse them."""
    make = makers(random.Random(9))
    data = MemoryData()
    data.add_rows("a", "firms", [{"label": f"{make['company']()} {n}"} for n in range(80)])
    data.add_rows("b", "plots", [{"lot": 10_000 + 7 * n, "area": n / 3} for n in range(60)])
    data.add_rows("c", "companies", [{"label": make["company"]()} for _ in range(60)])
    workspace = Workspace()
    with workspace.using(data) as loaded:
        firms, plots, companies = loaded.tables()
        assert not can_be_matched(loaded, firms, plots)
        assert can_be_matched(loaded, firms, companies)
    workspace.close()


_FIRST = ("Anna", "Bela", "Carl", "Dora", "Emil", "Fritz", "Gerda", "Hugo", "Ines", "Jonas", "Karla", "Mara", "Nils", "Olga",
          "Paul", "Rosa", "Sven", "Tina", "Udo", "Vera")  # fmt: skip
_LAST = ("Adler", "Berg", "Conrad", "Dorn", "Ebert", "Falk", "Graf", "Hahn", "Jung", "Kern", "Lang", "Moser", "Nagel", "Ott",
         "Pohl", "Reuter", "Stern", "Thal", "Voss", "Wolf", "Abel", "Busch", "Decker", "Engel", "Fuchs", "Gross", "Huber",
         "Kaiser", "Lorenz", "Maurer", "Neumann", "Peters", "Richter", "Schulz", "Ullrich", "Vogel", "Weber", "Zander")  # fmt: skip


def persons(seed: int, count: int) -> list[tuple[str, str, str]]:
    """First name, last name, street: few of each, so that no word is rare."""
    rng = random.Random(seed)
    streets = ("Oak Street", "Mill Lane", "High Road", "Park Row", "Church Street")
    return [
        (rng.choice(_FIRST), rng.choice(_LAST), f"{rng.randint(1, 99)} {rng.choice(streets)}") for _ in range(count)
    ]


def clinic_and_insurer(patients: list[tuple[str, str, str]], insured: list[tuple[str, str, str]]) -> MemoryData:
    data = MemoryData()
    data.add_rows(
        "clinic", "patients",
        [{"no": f"P-{n:05d}", "first_name": first, "last_name": last, "street": street,
          "email": f"{first[0]}{last}{n % 50}@example.org".lower()} for n, (first, last, street) in enumerate(patients)],
    )  # fmt: skip
    data.add_rows(
        "feeds", "insured",
        [{"policy": f"VHI{70_000 + 13 * n}", "family": last.upper() if n % 3 else last, "given": first,
          "address": street.replace("Street", "St.") + ", Northtown"} for n, (first, last, street) in enumerate(insured)],
    )  # fmt: skip
    return data


def test_people_are_found_by_first_and_last_name_where_neither_tells_them_apart() -> None:
    patients = persons(1, 200)
    (proposal,) = propose(clinic_and_insurer(patients, [*patients[:130], *persons(2, 40)[:20]]))
    assert proposal.probability > 0.5
    assert {proposal.tail.dataset, proposal.head.dataset} == {"patients", "insured"}
    names = tuple(f"{first} {last} · " for first, last, _ in patients)
    assert all(max(e.tail_text, e.head_text, key=lambda text: "@" in text).startswith(names) for e in proposal.examples)


def test_as_many_namesakes_as_chance_gives_are_not_people_in_two_tables() -> None:
    patients, insured = persons(1, 200), persons(2, 60)
    assert len({one[:2] for one in patients} & {one[:2] for one in insured}) > 10
    assert not propose(clinic_and_insurer(patients, insured))


def test_names_in_whatever_order_in_one_column_or_two_are_the_same() -> None:
    patients = persons(3, 150)
    data = clinic_and_insurer(patients, [])
    members = [
        {"member": f"M{n}", "who": f"{last}, {first}", "fee": 20 + n % 3} for n, (first, last, _) in enumerate(patients)
    ]
    data.add_rows("club", "members", members[:90])
    found = {frozenset((one.tail.dataset, one.head.dataset)): one.probability for one in propose(data)}
    assert found[frozenset(("patients", "members"))] > 0.5
