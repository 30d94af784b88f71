"""What administrators and reviewers change is taken back: registrations of sources, rules that accept link types."""

from typing import Any

import pytest

from api.permissions import Role
from tests.api.conftest import Client, Shop, connect

pytestmark = pytest.mark.anyio

SOURCE = {"name": "new", "kind": "sql", "options": {"host": "h"}, "secrets": {"password": "right"}, "rank": 4}
EDITS = "query($s: ID) { edits(subject: $s) { id element subject action by undone } }"
UNDO = "mutation($id: Int!) { undoEdit(id: $id) { action undone } }"


async def add(client: Client, **changed: Any) -> None:
    await client.graphql("mutation($i: SourceInput!) { addSource(input: $i) { name } }", i=SOURCE | changed)


async def newest(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.graphql(EDITS, s="new"))["edits"][0]
    return found


async def source(client: Client) -> Any:
    return (await client.graphql('{ source(name: "new") { kind options rank created } }'))["source"]


async def test_a_removed_source_comes_back_with_its_credentials_and_is_built(admin: Client, shop: Shop) -> None:
    await add(admin)
    before = await source(admin)
    await admin.graphql('mutation { removeSource(name: "new") }')
    assert await source(admin) is None
    edit = await newest(admin)
    assert (edit["element"], edit["action"], edit["by"]) == ("source", "delete", "admin")
    assert (await admin.graphql(UNDO, id=edit["id"]))["undoEdit"] == {"action": "delete", "undone": True}
    assert await source(admin) == before
    assert shop.service.store.catalog.secret("new") == b"sealed"
    assert (await admin.graphql("{ builds(limit: 1) { sources state } }"))["builds"] == [
        {"sources": ["new"], "state": "QUEUED"}
    ]
    again = await admin.execute(UNDO, id=edit["id"])
    assert again["errors"][0]["extensions"]["code"] == "conflict"


async def test_a_changed_source_gets_its_settings_back(admin: Client) -> None:
    await add(admin)
    before = await source(admin)
    change = 'mutation($i: SourceInput!) { updateSource(name: "new", input: $i) { rank } }'
    await admin.graphql(change, i=SOURCE | {"options": {"host": "other"}, "rank": 9})
    first = await newest(admin)
    await admin.graphql(change, i=SOURCE | {"options": {"host": "third"}, "rank": 1})
    early = await admin.execute(UNDO, id=first["id"])
    assert early["errors"][0]["extensions"]["code"] == "conflict"
    for _ in range(2):
        edits = (await admin.graphql(EDITS, s="new"))["edits"]
        await admin.graphql(UNDO, id=next(edit["id"] for edit in edits if not edit["undone"]))
    assert await source(admin) == before


async def test_an_added_source_goes_and_even_that_is_taken_back(admin: Client) -> None:
    await add(admin)
    before = await source(admin)
    await admin.graphql(UNDO, id=(await newest(admin))["id"])
    assert await source(admin) is None
    removal = await newest(admin)
    assert (removal["action"], removal["undone"]) == ("delete", False)
    await admin.graphql(UNDO, id=removal["id"])
    assert await source(admin) == before


async def test_nothing_is_kept_of_a_source_that_is_to_be_forgotten(admin: Client) -> None:
    await add(admin)
    await admin.graphql('mutation { removeSource(name: "new", forget: true) }')
    answer = await admin.execute(UNDO, id=(await newest(admin))["id"])
    assert answer["errors"][0]["extensions"]["code"] == "conflict"


async def test_a_name_that_is_taken_again_stays_with_its_new_owner(admin: Client) -> None:
    await add(admin)
    await admin.graphql('mutation { removeSource(name: "new") }')
    removal = await newest(admin)
    await add(admin, rank=7)
    answer = await admin.execute(UNDO, id=removal["id"])
    assert answer["errors"][0]["extensions"]["code"] == "conflict"
    assert (await source(admin))["rank"] == 7


async def test_reviewers_undo_edits_of_the_graph_but_not_of_sources(admin: Client, shop: Shop) -> None:
    await add(admin)
    edit = await newest(admin)
    assert shop.accounts.user("rita").role is Role.REVIEWER
    async with connect(shop.app, "rita") as http:
        answer = (await http.post("/graphql", json={"query": UNDO, "variables": {"id": edit["id"]}})).json()
        assert answer["errors"][0]["extensions"]["code"] == "forbidden"
        made = 'mutation { addVertex(label: "City", properties: {name: "Rome"}) { id } }'
        assert (await http.post("/graphql", json={"query": made})).json()["data"]
        [mine] = [one for one in (await admin.graphql(EDITS))["edits"] if one["element"] == "vertex"]
        done = (await http.post("/graphql", json={"query": UNDO, "variables": {"id": mine["id"]}})).json()
    assert done["data"]["undoEdit"] == {"action": "add", "undone": True}


RULE = "mutation($p: Float, $k: LinkKind) { setAcceptRule(kind: $k, probability: $p) { id state } }"
RULES = "{ acceptRules { kind probability } acceptRuleChanges { id kind before { probability } after { probability } undone } }"
UNDO_RULE = "mutation($id: Int!) { undoAcceptRule(id: $id) { id state } }"


async def test_the_rule_before_comes_back(admin: Client) -> None:
    for probability in (0.9, 0.8, None):
        await admin.graphql(RULE, p=probability)
    await admin.graphql(RULE, p=0.7, k="REFERENCE")
    data = await admin.graphql(RULES)
    assert [(c["kind"], c["before"], c["after"]) for c in data["acceptRuleChanges"]] == [
        ("REFERENCE", None, {"probability": 0.7}),
        (None, {"probability": 0.8}, None),
        (None, {"probability": 0.9}, {"probability": 0.8}),
        (None, None, {"probability": 0.9}),
    ]
    _, ended, lowered, made = (change["id"] for change in data["acceptRuleChanges"])
    early = await admin.execute(UNDO_RULE, id=made)
    assert early["errors"][0]["extensions"]["code"] == "conflict"
    shown = []
    for change in (ended, lowered, made):
        await admin.graphql(UNDO_RULE, id=change)
        rules = (await admin.graphql(RULES))["acceptRules"]
        shown.append([rule["probability"] for rule in rules if rule["kind"] is None])
    assert shown == [[0.8], [0.9], []]
    twice = await admin.execute(UNDO_RULE, id=made)
    assert twice["errors"][0]["extensions"]["code"] == "conflict"
    assert (await admin.execute(UNDO_RULE, id=99))["errors"][0]["extensions"]["code"] == "not_found"


STATE = """mutation($tail: ColumnInput!, $head: ColumnInput!, $way: String) {
    addLinkType(input: {name: "made_for", tail: $tail, head: $head, direction: $way}, note: "told by Ann") {
      judgement { id verdict by note } linkType { id state name tail { dataset columns } head { dataset } } } }"""


@pytest.mark.parametrize("way", ["out", "in"])
async def test_a_link_type_is_made_between_columns_and_taken_back(admin: Client, shop: Shop, way: str) -> None:
    sides = [
        {"source": "shop", "dataset": name, "columns": [key]}
        for name, key in (("orders", "number"), ("products", "id"))
    ]
    made = (await admin.graphql(STATE, tail=sides[0], head=sides[1], way=way))["addLinkType"]
    assert made["judgement"] | {"id": 0} == {"id": 0, "verdict": "CONFIRM", "by": "admin", "note": "told by Ann"}
    assert (made["linkType"]["state"], made["linkType"]["name"]) == ("CONFIRMED", "made_for")
    assert made["linkType"]["tail"]["dataset"] == ("orders" if way == "out" else "products")
    shop.service.store.links.undo(made["judgement"]["id"], "admin")
    gone = await admin.graphql("query($id: ID!) { linkType(id: $id) { id } }", id=made["linkType"]["id"])
    assert gone["linkType"] is None


@pytest.mark.parametrize("wrong", [{"way": "both"}, {"way": "up"}, {"head": "orders"}])
async def test_a_link_type_that_cannot_be_is_refused(admin: Client, wrong: dict[str, str]) -> None:
    tail, head = (
        {"source": "shop", "dataset": name, "columns": ["number"]} for name in ("orders", wrong.get("head", "products"))
    )
    answer = await admin.execute(STATE, tail=tail, head=head, way=wrong.get("way", "out"))
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"
