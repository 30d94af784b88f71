import itertools
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bifrost.links import LinkKind, LinkType
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.composites import composite_keys
from linking.forms import said
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.workspace import Workspace
from tests.linking.company import find, quiet
from tests.linking.company import proposals as proposals_of

Row = Mapping[str, Any]
LINES = [
    {"order_no": o, "line_no": n, "item": f"thing {o * n}"} for o in range(1000, 1080) for n in range(1, 2 + o % 5)
]
PLAN = [
    {"year": year, "region": region, "product": product, "target": random.Random(f"{year}{region}{product}").randint(1000, 99999)}
    for year in (2021, 2022, 2023)
    for region in ("north", "south", "east", "west")
    for product in ("bolt", "nut", "screw", "washer", "rivet", "clamp")
]  # fmt: skip


def proposals(data: MemoryData) -> tuple[list[LinkType], dict[str, set[tuple[str, str]]]]:
    """What is proposed, and the edges of each reference by several columns."""
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    together = [p for p in found if p.kind is LinkKind.REFERENCE and len(p.tail.columns) > 1]
    edges = {p.id: {(e.tail, e.head) for e in linker.links(p, data, (), quiet)} for p in together}
    linker.close()
    return found, edges


@pytest.mark.parametrize(
    ("spell", "transform"),
    [
        (lambda o, n: (o, n), {}),
        (lambda o, n: (f"{o:08d}", f"{n:03d}"), {"tail.order_no": "strip_zeros", "tail.line_no": "strip_zeros"}),
        (lambda o, n: (float(o), str(n)), {}),
        (lambda o, n: (f"ORD-{o}", n), {"tail.order_no": "strip_prefix:ord-"}),
        (lambda o, n: (f"ord-{o:06d}", n), {"tail.order_no": "strip_prefix:ord- | strip_zeros"}),
    ],
    ids=["plain", "padded", "typed otherwise", "prefix", "prefix and zeros"],
)
def test_keys_of_two_columns_are_found_through_their_normal_forms(
    spell: Callable[[int, int], tuple[Any, Any]], transform: Mapping[str, str]
) -> None:
    data = MemoryData()
    data.add_rows("erp", "order_lines", LINES)
    sent = []
    for i, line in enumerate(LINES[::2]):
        order, number = spell(line["order_no"], line["line_no"])  # type: ignore[arg-type]
        sent.append({"shipment": 90_000 + i, "order_no": order, "line_no": number})
    data.add_rows("wms", "shipments", sent)
    found, edges = proposals(data)
    link = find(found, "reference", "wms/shipments.order_no+line_no", "erp/order_lines.order_no+line_no")
    assert link.probability > 0.9
    assert link.transform == transform
    assert edges[link.id] == {(f"wms/shipments/{i}", f"erp/order_lines/{2 * i}") for i in range(len(sent))}
    assert (link.cardinality, link.estimated_edges, link.name) == ("one-to-one", len(sent), "order_line")
    for key, rule in transform.items():
        assert any(f"shipments.{key.removeprefix('tail.')} {said(rule)}" in reason for reason in link.reasons)


@pytest.mark.parametrize("declared", [False, True])
def test_keys_of_three_columns_are_found(declared: bool) -> None:
    data = MemoryData()
    key = ("year", "region", "product")
    info = DatasetInfo("plan", DatasetKind.TABLE, tuple(ColumnInfo(c) for c in PLAN[0]), key=key)
    data.add_rows("erp", "plan", PLAN, info if declared else None)
    chosen = random.Random(1).choices(PLAN, k=300)
    sales = [
        {"sale": 5_000 + i, "year": f"FY{x['year']}", "region": str(x["region"]).upper(), "product": x["product"]}
        for i, x in enumerate(chosen)
    ]
    data.add_rows("shop", "sales", sales)
    found, edges = proposals(data)
    link = find(found, "reference", "shop/sales.year+region+product", "erp/plan.year+region+product")
    assert link.probability > 0.5
    assert link.transform == {"tail.year": "strip_prefix:fy"}
    assert (link.cardinality, link.estimated_edges, link.name) == ("many-to-one", 300, "plan")
    assert len(edges[link.id]) == 300
    assert any("Only together the 3 columns" in reason for reason in link.reasons)


def test_keys_of_four_columns_are_keys_and_those_with_a_needless_column_are_not() -> None:
    data = MemoryData()
    rows = [{**row, "channel": channel} for row in PLAN for channel in ("shop", "web")]
    data.add_rows("erp", "plan", [{"channel": r.pop("channel"), **r} for r in rows])
    data.add_rows("erp", "lines", LINES)
    workspace = Workspace()
    with workspace.using(data):
        keys = {
            table.dataset: [{p.name for p in key} for key in composite_keys(workspace, table)]
            for table in workspace.tables()
        }
    workspace.close()
    assert {"year", "region", "product", "channel"} in keys["plan"]
    assert keys["lines"] == [{"order_no", "line_no"}]


def test_unrelated_columns_of_the_same_kinds_are_no_reference() -> None:
    rng = random.Random(2)
    data = MemoryData()
    data.add_rows("erp", "order_lines", LINES)
    other = [{"entry": 7_000 + i, "room_no": rng.randint(1000, 1079), "seat_no": rng.randint(1, 5)} for i in range(150)]
    data.add_rows("hall", "bookings", other)
    found, _ = proposals(data)
    assert [p for p in found if len(p.tail.columns) > 1] == []


def test_a_table_may_refer_twice_to_one_key() -> None:
    """The two ends of a move of goods between lines, and the two clubs of a match in the season's list of clubs."""
    rng = random.Random(3)
    data = MemoryData()
    data.add_rows("erp", "order_lines", LINES)
    pairs = [rng.sample(LINES, 2) for _ in range(120)]
    columns = ("move", "order_no", "line_no", "to_order_no", "to_line_no")
    ends = [(500 + i, *(line[key] for line in pair for key in ("order_no", "line_no"))) for i, pair in enumerate(pairs)]
    moves = [dict(zip(columns, row, strict=True)) for row in ends]
    data.add_rows("erp", "moves", moves)
    clubs = {season: rng.sample(range(10, 90), 8) for season in range(2000, 2020)}
    entries = [{"season": s, "club_no": n, "coach": f"Coach {s * n}"} for s, found in clubs.items() for n in found]
    data.add_rows("fa", "entries", entries)
    matches = [
        {"match": f"M{season}{i}", "season": season, "home_club_no": home, "away_club_no": away}
        for season, found in clubs.items()
        for i, (home, away) in enumerate(rng.sample([(a, b) for a in found for b in found if a != b], 20))
    ]
    data.add_rows("fa", "matches", matches)
    found, edges = proposals(data)
    for tail, head in (
        ("erp/moves.order_no+line_no", "erp/order_lines.order_no+line_no"),
        ("erp/moves.to_order_no+to_line_no", "erp/order_lines.order_no+line_no"),
        ("fa/matches.season+home_club_no", "fa/entries.season+club_no"),
        ("fa/matches.season+away_club_no", "fa/entries.season+club_no"),
    ):
        link = find(found, "reference", tail, head)
        assert link.probability > 0.9
        assert len(edges[link.id]) == (len(moves) if "moves" in tail else len(matches))
    assert len([p for p in found if p.kind is LinkKind.REFERENCE and len(p.tail.columns) > 1]) == 4


def test_a_part_is_known_by_its_whole_and_a_number_that_is_different_by_accident() -> None:
    """Zones of sites are named by site and zone, though no two sites happen to have a zone of one code."""
    rng = random.Random(4)
    data = MemoryData()
    sites = [f"S{n}" for n in range(1, 6)]
    data.add_rows("wms", "sites", [{"site_id": s, "city": f"City {s}"} for s in sites])
    zones = [{"site_id": sites[n % 5], "zone_code": f"Z{n:02d}", "temperature": rng.randint(2, 25)} for n in range(30)]
    data.add_rows("wms", "zones", sorted(zones, key=lambda zone: (zone["site_id"], zone["zone_code"])))
    places = [rng.choice(zones) for _ in range(200)]
    shelves = [{"shelf": 4_000 + i, "site_id": z["site_id"], "zone_code": z["zone_code"]} for i, z in enumerate(places)]
    data.add_rows("wms", "shelves", shelves)
    found, _ = proposals(data)
    assert find(found, "reference", "wms/shelves.site_id+zone_code", "wms/zones.site_id+zone_code").probability > 0.9


def test_a_version_is_part_of_a_key_though_there_is_one_of_each_so_far() -> None:
    rng = random.Random(7)
    data = MemoryData()
    methods = [
        {"method_code": f"QC-{n:03d}", "method_version": rng.randint(1, 6), "title": f"Method {n}"} for n in range(25)
    ]
    data.add_rows("lims", "methods", methods)
    chosen = [rng.choice(methods) for _ in range(300)]
    data.add_rows(
        "lims",
        "tests",
        [{"test": 7_000 + i, **{k: m[k] for k in ("method_code", "method_version")}} for i, m in enumerate(chosen)],
    )
    found, _ = proposals(data)
    link = find(found, "reference", "lims/tests.method_code+method_version", "lims/methods.method_code+method_version")
    assert link.probability > 0.9


def test_what_a_record_copies_from_another_one_is_no_part_of_its_key() -> None:
    rng = random.Random(5)
    data = MemoryData()
    customers = [{"customer_no": 300 + n, "country_code": rng.choice("ABCDE") * 2} for n in range(40)]
    data.add_rows("crm", "customers", customers)
    chosen = [rng.choice(customers) for _ in range(300)]
    data.add_rows("erp", "orders", [{"order": 9_000 + i, **customer} for i, customer in enumerate(chosen)])
    found, _ = proposals(data)
    assert find(found, "reference", "erp/orders.customer_no", "crm/customers.customer_no").probability > 0.9
    assert not [p for p in found if len(p.tail.columns) > 1]


def test_of_tables_that_share_a_key_the_one_is_meant_that_the_name_begins_with() -> None:
    rng = random.Random(6)
    data = MemoryData()
    data.add_rows("erp", "order_lines", LINES)
    returned = LINES[::2]
    data.add_rows(
        "erp", "returns", [{k: r[k] for k in ("order_no", "line_no")} | {"why": f"R{rng.random()}"} for r in returned]
    )
    notes = [
        {"note": i, "order_no": r["order_no"], "line_no": r["line_no"], "text": f"Note {i}"}
        for i, r in enumerate(returned)
    ]
    data.add_rows("erp", "return_notes", notes)
    data.add_rows(
        "erp",
        "shipments",
        [{"shipment": f"S{n['note']}", "order_no": n["order_no"], "line_no": n["line_no"]} for n in notes],
    )
    found, _ = proposals(data)
    assert (
        find(found, "reference", "erp/return_notes.order_no+line_no", "erp/returns.order_no+line_no").probability > 0.9
    )
    shipped = find(found, "reference", "erp/shipments.order_no+line_no", "erp/order_lines.order_no+line_no")
    assert shipped.probability > 0.9


def test_a_part_may_be_called_after_its_table() -> None:
    """``state_code`` for ``state.iso_code``; a few codes are taken for nothing (``NAN``)."""
    rng = random.Random(5)
    countries = [a + b for a in "BCDFGH" for b in "KLMNP"]
    codes = ["".join(letters) for letters in itertools.product("STVWXZ", repeat=2)]
    states = [
        {"label": f"Province {n}", "iso_code": code, "country_code": country}
        for n, (country, code) in enumerate((c, s) for c in countries for s in rng.sample(codes, 9))
    ]
    states.append({"label": "Nan", "iso_code": "NAN", "country_code": "BK"})
    cities = [
        {"title": f"Town {n}", "country_code": state["country_code"], "state_code": state["iso_code"], "size": n * 7.5}
        for n, state in enumerate(rng.choices(states[:-1], k=2_000))
    ]
    many = [{**state, "country_code": f"{state['country_code']}{k}"} for k in range(4) for state in states[:-1]]
    found = proposals_of({"state": [*states, *many], "city": cities})
    t = find(found, "reference", "db/city.state_code+country_code", "db/state.iso_code+country_code")
    assert t.probability > 0.5


def test_facts_about_the_same_things_stand_side_by_side() -> None:
    """Pay and games of players are each known per year, club and player: both name clubs and players, neither the other."""
    rng = random.Random(8)
    clubs = [(year, club) for year in range(1960, 2000) for club in rng.sample("ABCDEFGHIJKLMNOPQRST", 12)]
    series = [f"{a}{b}" for a in "PQRS" for b in "XYZ"]
    players = [f"{name}{n:02d}" for name in ("harris", "dupont", "weber", "rossi") for n in range(1, 60)]
    known = [(*club, player) for club in clubs for player in rng.sample(players, 9)]
    facts = ("year", "club", "player_code")
    found = proposals_of({
        "player": [{"player_code": p, "born": 1900 + n % 90} for n, p in enumerate(players)],
        "club": [{"year": y, "club": c, "won": rng.randint(0, 99), "series": rng.choice(series)} for y, c in clubs],
        "game": [dict(zip(facts, k, strict=True)) | {"games": rng.randint(0, 160)} for k in known],
        "pay": [dict(zip(facts, k, strict=True)) | {"paid": rng.randint(999, 99999)} for k in rng.sample(known, 3_000)],
    })  # fmt: skip
    likely = {(str(p.tail), str(p.head)) for p in found if p.kind is LinkKind.REFERENCE and p.probability >= 0.5}
    assert likely == {
        (f"db/{table}.{columns}", f"db/{head}.{columns}")
        for table in ("game", "pay")
        for columns, head in (("year+club", "club"), ("player_code", "player"))
    }


def test_parts_may_be_called_after_roles_and_the_thing_that_is_numbered() -> None:
    """``first_chapter`` and ``first_verse`` for ``chapter_id`` and ``number`` of verses; ``last`` ones beside them. A number of the
    row's own (the page) is no number of a verse."""
    rng = random.Random(10)
    verses = [(c, v) for c in range(1, 61) for v in range(1, rng.randint(5, 60))]
    starts = sorted(rng.sample(range(1, len(verses)), 180))
    pages = [
        {"number": n + 1, "first_chapter": verses[a][0], "first_verse": verses[a][1],
         "last_chapter": verses[b - 1][0], "last_verse": verses[b - 1][1]}
        for n, (a, b) in enumerate(zip([0, *starts], [*starts, len(verses)], strict=True))
    ]  # fmt: skip
    marks = [{"number": n + 1, "chapter": c, "verse": v} for n, (c, v) in enumerate(sorted(rng.sample(verses, 40)))]
    found = proposals_of({
        "chapters": [{"id": n + 1, "name": f"Chapter {n * 37 % 61}"} for n in range(60)],
        "verses": [{"chapter_id": c, "number": v, "text": f"{c * 977 % 61} words {v * 37}"} for c, v in verses],
        "pages": pages,
        "marks": marks,
    })  # fmt: skip
    together = {
        str(p.tail) for p in found if p.kind is LinkKind.REFERENCE and p.probability >= 0.5 and "+" in str(p.tail)
    }
    assert together == {
        "db/pages.first_chapter+first_verse", "db/pages.last_chapter+last_verse", "db/marks.chapter+verse"
    }  # fmt: skip


def test_tables_that_count_the_rows_of_the_same_groups_stand_side_by_side() -> None:
    """Parts and effects of things are numbered from 0 on, each for itself; lines of orders are numbered where they are made."""
    rng = random.Random(11)
    things = [
        f"{a}_{b}" for a in ("iron", "oak", "stone", "gold", "glass") for b in ("axe", "door", "pick", "sword", "bow")
    ]
    effects = [{"thing": t, "n": n, "value": rng.randint(1, 999)} for t in things for n in range(rng.randint(3, 9))]
    parts = [{"thing": t, "n": n, "note": f"N{rng.random()}"} for t in things for n in range(rng.randint(2, 3))]
    lines = [{"thing": t, "line_no": n, "price": rng.random()} for t in things for n in range(1, rng.randint(3, 9))]
    taxes = [{"thing": r["thing"], "line_no": r["line_no"], "tax": f"T{rng.random()}"} for r in lines[::2]]
    found = proposals_of({
        "things": [{"name": t, "weight": rng.random()} for t in things],
        "effects": effects, "parts": parts, "order_lines": lines, "taxes": taxes,
    })  # fmt: skip
    likely = {(str(p.tail), str(p.head)) for p in found if p.kind is LinkKind.REFERENCE and p.probability >= 0.5}
    assert ("db/parts.thing", "db/things.name") in likely
    assert {ends for ends in likely if "+" in ends[0]} == {("db/taxes.thing+line_no", "db/order_lines.thing+line_no")}
