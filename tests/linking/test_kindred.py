"""What columns of one name, the span of values and the owners of shared keys say about references."""

import random
from typing import Any

import pytest

from bifrost.links import LinkType
from linking.kindred import Kindred
from linking.memory import MemoryData
from linking.profiles import has_decimal_commas, is_list_text, numbers_in
from linking.references import reference_candidates
from linking.workspace import Workspace
from tests.linking.company import proposals


def references(tables: dict[str, list[dict[str, Any]]]) -> dict[tuple[str, str], LinkType]:
    return {(str(p.tail)[3:], str(p.head)[3:]): p for p in proposals(tables) if p.kind == "reference"}


def films() -> dict[str, list[dict[str, Any]]]:
    """Tables that all number their rows, and references called ``movie_id`` to a table called ``title``."""
    rng = random.Random(4)
    sizes = {"cast_info": 900, "movie_info": 700, "movie_keyword": 600}
    tables: dict[str, list[dict[str, Any]]] = {
        "title": [{"id": n + 1, "title": f"The film {n * 7}", "year": rng.randint(1950, 2010)} for n in range(300)],
        "char_name": [{"id": n + 1, "name": f"Person P{n}"} for n in range(1_000)],
    }
    for name, rows in sizes.items():
        tables[name] = [
            {"id": n + 1, "movie_id": rng.randint(1, 300), "note": rng.choice(["(tv)", "(voice)", None])}
            for n in range(rows)
        ]
    return tables


def test_columns_of_one_name_refer_to_the_table_that_their_values_span() -> None:
    found = references(films())
    for table in ("cast_info", "movie_info", "movie_keyword"):
        heads = {head: p.probability for (tail, head), p in found.items() if tail == f"{table}.movie_id"}
        assert list(heads) == ["title.id"]
        assert heads["title.id"] > 0.5


def test_of_tables_of_one_name_the_one_beside_the_referring_table_is_meant() -> None:
    tables = {
        f"{area}_{thing}": [{"id": n + 1, "label": f"{area} {thing} {n * 37 % 211}"} for n in range(rows)]
        for area, rows in (("press", 90), ("fleet", 120), ("audit", 200))
        for thing in ("route", "budget")
    }
    for table, rows in tables.items():
        if table.endswith("budget"):
            for n, row in enumerate(rows):
                row["route_id"] = n * 31 % 80 + 1
    found = references(tables)
    for area in ("press", "fleet", "audit"):
        assert [head for tail, head in found if tail == f"{area}_budget.route_id"] == [f"{area}_route.id"]


def test_a_table_of_just_that_name_comes_before_one_beside_the_referring_table() -> None:
    def steps() -> list[dict[str, Any]]:
        return [{"id": n + 1, "label": f"step {n * 37 % 211}"} for n in range(60)]

    outputs = [{"id": n + 1, "flow_step_id": n * 31 % 60 + 1, "size": n * n} for n in range(200)]
    found = references({"flow_step": steps(), "flow_run_step": steps(), "flow_run_output": outputs})
    assert [h for (t, h), p in found.items() if t == "flow_run_output.flow_step_id" and p.probability >= 0.5] == [
        "flow_step.id"
    ]


def shipments(counted: str) -> dict[str, list[dict[str, Any]]]:
    """Shipments of companies: a column of numbers up to that of the last company."""
    rng = random.Random(5)
    return {
        "company": [{"id": n + 1, "title": f"Company {n * 7}", "town": f"Town {n % 9}"} for n in range(80)],
        "office": [{"id": n + 1, "title": f"Office {n}"} for n in range(6)],
        "shipment": [{"id": n + 1, counted: rng.randint(1, 80), "weight": rng.random()} for n in range(500)],
    }


def test_numbers_called_like_a_thing_that_reach_up_to_the_keys_of_a_table_refer_to_it() -> None:
    named = references(shipments("consignee"))["shipment.consignee", "company.id"]
    assert named.probability > 0.5
    assert named.features["kindred_odds"] >= 3.0
    counted = references(shipments("quantity")).get(("shipment.quantity", "company.id"))
    assert counted is None or (counted.probability < 0.5 and counted.features["kindred_odds"] <= 0.0)


def test_a_few_texts_among_many_others_are_hardly_references() -> None:
    rng = random.Random(6)
    texts = [f"{a} {b}" for a in ("red", "old", "new", "big") for b in ("hall", "door", "desk", "lamp", "wall", "tile")]
    spelled = [f"{text} {n}" for text in texts for n in range(12)] + texts
    tables: dict[str, list[dict[str, Any]]] = {
        "voucher": [{"id": n + 1, "caption": text, "worth": rng.random()} for n, text in enumerate(spelled)],
        "entry": [{"id": n + 1, "representation": rng.choice(texts[:5]), "at": n} for n in range(40)],
    }
    few = references(tables)["entry.representation", "voucher.caption"]
    tables["entry"] = [{"id": n + 1, "representation": text, "at": n} for n, text in enumerate(spelled[:200])]
    many = references(tables)["entry.representation", "voucher.caption"]
    assert few.features["kindred_odds"] <= many.features["kindred_odds"] - 3.0


def test_columns_named_after_a_table_refer_to_it_although_others_have_a_row_for_each_of_its_records() -> None:
    rng = random.Random(6)
    codes = ["".join(rng.sample("ABCDEFGHIKLMNOPRSTUVW", 3)) for _ in range(120)]
    tables: dict[str, list[dict[str, Any]]] = {
        "airline": [
            {"name": f"Air {code.title()} Lines", "code": code, "fleet": rng.randint(3, 300)} for code in codes
        ],
        "finances": [{"airline": code, "revenue": rng.random() * 1e6, "debt": rng.random() * 1e5} for code in codes],
        "safety": [{"airline": code, "rating": rng.random(), "incidents": rng.randint(0, 9)} for code in codes[:115]],
        "alliance": [
            {"airline1": rng.choice(codes), "airline2": rng.choice(codes), "since": rng.randint(1980, 2020)}
            for _ in range(300)
        ],
        "lounge": [
            {"city": f"City {n}", "airline": rng.choice(codes), "seats": rng.randint(10, 90)} for n in range(400)
        ],
    }
    found = proposals(tables)
    heads = {str(p.tail)[3:]: (str(p.head)[3:], p.probability >= 0.5) for p in found if p.kind == "reference"}
    named = ("finances.airline", "safety.airline", "alliance.airline1", "alliance.airline2", "lounge.airline")
    assert heads == dict.fromkeys(named, ("airline.code", True))
    assert not [p for p in found if p.kind == "same_thing"]


def test_columns_of_one_value_or_two_refer_to_nothing_without_a_name() -> None:
    rng = random.Random(8)
    kinds, constant = ("concept_id", "type_concept_id"), ("provider_id", "lot_number")
    tables: dict[str, list[dict[str, Any]]] = {
        "concept": [{"concept_id": n * 37, "meaning": f"A concept {n}"} for n in range(200)]
    }
    for name in ("condition", "measurement", "procedure"):
        tables[name] = [
            {f"{name}_id": n + 1_000, **{f"{name}_{kind}": 37 * rng.randrange(200) for kind in kinds}}
            | {**dict.fromkeys(constant, 37), "gender": rng.choice([37, 74])}
            for n in range(1_000)
        ]
    data = MemoryData()
    for name, rows in tables.items():
        data.add_rows("db", name, rows)
    workspace = Workspace()
    with workspace.using(data):
        candidates = reference_candidates(workspace, None)
        odds = Kindred(candidates, workspace.columns()).odds()
    workspace.close()
    nothing = [added for c, added in zip(candidates, odds, strict=True) if c.tail.name in (*constant, "gender")]
    assert nothing
    assert max(nothing) <= -4.0
    found = {pair for pair, p in references(tables).items() if p.probability >= 0.5}
    assert found == {(f"{name}.{name}_{kind}", "concept.concept_id") for name in list(tables)[1:] for kind in kinds}


def test_two_columns_that_agree_today_are_two_references() -> None:
    rng = random.Random(1)
    stops = [{"stop_id": f"S{n:03d}", "stop_name": f"Stop {n * 3} Street"} for n in range(60)]
    transfers = [
        {"from_stop_id": s["stop_id"], "to_stop_id": s["stop_id"], "seconds": rng.randint(60, 300)} for s in stops[:40]
    ]
    found = references({"stops": stops, "transfers": transfers})
    assert found["transfers.from_stop_id", "stops.stop_id"].probability > 0.5
    assert found["transfers.to_stop_id", "stops.stop_id"].probability > 0.5


def test_what_could_refer_to_a_shared_key_refers_to_its_owner() -> None:
    rng = random.Random(2)
    material = [{"MATNR": f"{n * 11:08d}", "MTART": rng.choice(["ROH", "FERT"]), "BRGEW": n / 7} for n in range(200)]
    texts = [{"MATNR": m["MATNR"], "MAKTX": f"Material called {m['MATNR']} x"} for m in material]
    items = [{"VBELN": f"{4000 + n // 3}", "POSNR": n % 3, "MATNR": rng.choice(material)["MATNR"]} for n in range(500)]
    found = references({"MAKT": texts, "MARA": material, "VBAP": items})
    shared = {("MAKT.MATNR", "MARA.MATNR"), ("MARA.MATNR", "MAKT.MATNR")} & set(found)
    assert len(shared) == 1
    owner = shared.pop()[1]
    assert [head for tail, head in found if tail == "VBAP.MATNR"] == [owner]


def test_a_column_without_values_refers_by_the_end_of_its_name() -> None:
    languages = [
        {"language_id": n + 1, "name": name} for n, name in enumerate(("English", "Italian", "French", "German"))
    ]
    films = [
        {"film_id": n + 1, "title": f"Film {n}", "language_id": n % 4 + 1, "original_language_id": None}
        for n in range(80)
    ]
    found = references({"film": films, "language": languages})
    assert found["film.original_language_id", "language.language_id"].probability > 0.5


def test_columns_of_one_table_that_share_values_are_no_references() -> None:
    colors = [f"#{n * 4099 % 0xFFFFFF:06x}" for n in range(118)]
    rows = [{"number": n + 1, "jmol_color": c, "plot_color": colors[n * 37 % 90]} for n, c in enumerate(colors)]
    found = references({"elements": rows})
    assert all(p.probability < 0.5 for (tail, _), p in found.items() if tail == "elements.plot_color")


def test_years_amid_the_numbers_of_persons_and_days_of_months_name_none() -> None:
    rng = random.Random(9)
    people: list[dict[str, Any]] = []
    for n in range(20_000):
        born = rng.randint(1820, 2000)
        died = {"deathYear": born + rng.randint(20, 80), "deathDay": rng.randint(1, 31)} if born < 1940 else {}
        person = {"ID": n + 1, "personCode": f"p{n * 7919 % 100_003:05d}", "birthYear": born}
        people.append(person | {"deathYear": None, "deathDay": None} | died)
    awards = [{"personCode": rng.choice(people)["personCode"], "yearID": 1900 + n % 120} for n in range(2_000)]
    found = references({"People": people, "Awards": awards})
    assert found.pop(("Awards.personCode", "People.personCode")).probability > 0.9
    assert all(p.probability < 0.25 for p in found.values())


def test_slugs_that_are_all_found_are_no_accident() -> None:
    rng = random.Random(12)
    slugs = [
        f"{a}_{b}"
        for a in ("iron", "oak", "stone", "golden", "glass", "diamond")
        for b in ("axe", "door", "pickaxe", "sword")
    ]
    things = [{"name": s, "cost": rng.randint(1, 900)} for s in slugs]
    found = references({"thing": things, "upgrade": [{"code": n + 7, "gives": rng.choice(slugs)} for n in range(60)]})
    assert found["upgrade.gives", "thing.name"].probability > 0.5


def test_a_tables_own_key_refers_to_nothing_that_holds_it_in_part() -> None:
    def categories(numbers: list[int], kind: str) -> list[dict[str, Any]]:
        return [{"categoryID": n, "categoryName": f"{kind} {n * 37 % 211}"} for n in numbers]

    goods, attributes = [*range(1, 26), *range(40, 62)], [*range(1, 30), *range(50, 58)]
    found = references({
        "invCategories": categories(goods, "Goods"),
        "dgmAttributeCategories": categories(attributes, "Attributes"),
        "invGroups": [{"groupID": n + 1, "categoryID": goods[n * 31 % 47]} for n in range(600)],
    })  # fmt: skip
    assert {ends for ends, p in found.items() if p.probability >= 0.5} == {
        ("invGroups.categoryID", "invCategories.categoryID")
    }


@pytest.mark.parametrize(
    ("values", "decimal"),
    [
        (["12,50", "3,99", "112,00"], True),
        (["1.234,50", "9,99"], True),
        (["12,5 €", "3,99 €"], True),
        (["101,203", "110,204", "330,404"], False),
        (["12,50", "13,7,90", "4"], False),
        (["a1,b2", "c3"], False),
        ([], False),
    ],
)
def test_decimal_commas_are_no_lists(values: list[str], decimal: bool) -> None:
    assert has_decimal_commas(values) is decimal
    assert not (decimal and is_list_text(values))


def test_numbers_with_decimal_commas() -> None:
    assert numbers_in(["1.234,50", "9,99"]) == [1234.5, 9.99]
