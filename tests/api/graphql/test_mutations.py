"""Changing things through GraphQL: every change is somebody's, written down, and fails with a remedy."""

import pytest

from bifrost.links import Column, LinkKind, LinkType, SamePair, Verdict, link_type_id
from tests.api.conftest import Client, Shop
from tests.api.shop import proposal, uid

pytestmark = pytest.mark.anyio

JUDGE = """mutation($id: ID!, $verdict: Verdict!, $correction: CorrectionInput) {
  judge(linkType: $id, verdict: $verdict, correction: $correction, note: "sure") {
    judgement { id verdict by note undone correction linkType { id } } linkType { state name } edgesChanged
    moved { id before after } } }"""


async def test_an_answer_belongs_to_its_reviewer_and_can_be_taken_back(admin: Client, shop: Shop) -> None:
    link_type = proposal()
    shop.service.store.links.save_link_types([link_type])
    result = (await admin.graphql(JUDGE, id=link_type.id, verdict="CONFIRM", correction={"name": "names"}))["judge"]
    assert result["judgement"]["by"] == "admin"
    assert result["judgement"]["correction"]["name"] == "names"
    assert result["linkType"] == {"state": "CONFIRMED", "name": "names"}
    assert result["edgesChanged"] == 3
    assert result["moved"] == [{"id": "x", "before": 0.5, "after": 0.7}]
    undo = "mutation($id: Int!) { undo(judgement: $id) { judgement { undone } linkType { state name } } }"
    undone = (await admin.graphql(undo, id=result["judgement"]["id"]))["undo"]
    assert undone == {"judgement": {"undone": True}, "linkType": {"state": "PROPOSED", "name": "refers_to"}}
    again = await admin.execute(undo, id=result["judgement"]["id"])
    assert again["errors"][0]["extensions"]["code"] == "conflict"
    listed = (await admin.graphql("{ judgements { undone by } }"))["judgements"]
    assert listed == [{"undone": True, "by": "admin"}]


async def test_what_answers_merged_is_counted_in_pairs(admin: Client, shop: Shop) -> None:
    links = shop.service.store.links
    tail, head = (Column("shop", name, ("name",)) for name in ("customers", "products"))
    same = LinkType(link_type_id(LinkKind.SAME_THING, tail, head), LinkKind.SAME_THING, tail, head, "same")
    links.save_link_types([same])
    links.write_same(same, [SamePair(uid("customers", i), uid("products", i), 0.9 - i / 2) for i in range(2)])
    summary = "{ reviewSummary { answers edgesFromAnswers mergedFromAnswers } linkTypes { name mergedPairs edges } }"
    counts = {"answers": 0, "edgesFromAnswers": 0, "mergedFromAnswers": 0}
    before = await admin.graphql(summary)
    assert before == {"reviewSummary": counts, "linkTypes": [{"name": "same", "mergedPairs": 0, "edges": 0}]}
    links.judge(same.id, Verdict.CONFIRM, "ann")
    after = await admin.graphql(summary)
    assert after["reviewSummary"] == {**counts, "answers": 1, "mergedFromAnswers": 1}, "the other pair is below .5"
    assert after["linkTypes"] == [{"name": "same", "mergedPairs": 1, "edges": 0}]


async def test_pairs_are_judged_one_by_one(admin: Client, shop: Shop) -> None:
    link_type = proposal()
    shop.service.store.links.save_link_types([link_type])
    mutation = """mutation($id: ID!, $t: ID!, $h: ID!) { judgePair(linkType: $id, tail: $t, head: $h, verdict: REJECT) {
        judgement { subject verdict } } }"""
    result = await admin.graphql(mutation, id=link_type.id, t=uid("orders", 1), h=uid("products", 1))
    assert result["judgePair"]["judgement"]["subject"] == f"{link_type.id}|shop/orders/1|shop/products/1"


@pytest.mark.parametrize("correction", [{"transform": [1]}, {"threshold": 1.5}, {"name": " "}])
async def test_impossible_corrections_are_refused(admin: Client, correction: dict[str, object]) -> None:
    answer = await admin.execute(JUDGE, id="x", verdict="CONFIRM", correction=correction)
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"


async def test_teaching_gives_proposals(admin: Client) -> None:
    data = await admin.graphql(
        'mutation { teach(positives: [{tail: "a", head: "b"}], name: "n") { name probability } }'
    )
    assert data["teach"] == [{"name": "refers_to", "probability": 0.8}]


async def test_a_source_is_tested_registered_changed_and_removed(admin: Client, shop: Shop) -> None:
    give = "($input: SourceInput!)"
    source = {"name": "new", "kind": "sql", "options": {"host": "h"}, "secrets": {"password": "right"}}
    test = (
        f"mutation{give} {{ testSource(input: $input) {{ server datasets found {{ name columns {{ nullable }} }} }} }}"
    )
    report = (await admin.graphql(test, input=source))["testSource"]
    assert report["found"] == [{"name": "customers", "columns": [{"nullable": False}]}]
    wrong = await admin.execute(test, input={**source, "secrets": {"password": "hunter2"}})
    assert wrong["errors"][0]["extensions"] == {
        "code": "source_auth",
        "remedy": "Enter the user name and password of this source again.",
        "retryable": False,
    }
    assert "hunter2" not in str(wrong)
    added = await admin.graphql(f"mutation{give} {{ addSource(input: $input) {{ name options }} }}", input=source)
    assert added["addSource"] == {"name": "new", "options": {"host": "h"}}
    change = f'mutation{give} {{ updateSource(name: "new", input: $input) {{ options rank }} }}'
    changed = await admin.graphql(change, input={"name": "new", "kind": "sql", "options": {"host": "i"}, "rank": 7})
    assert changed["updateSource"] == {"options": {"host": "i"}, "rank": 7}
    assert (await admin.graphql('mutation { removeSource(name: "new") }'))["removeSource"] is True
    gone = await admin.execute('mutation { removeSource(name: "new") }')
    assert gone["errors"][0]["extensions"]["code"] == "not_found"
    log = [(entry.action, entry.outcome) for entry in shop.accounts.audit_log()]
    assert log[:2] == [("removeSource", "not_found"), ("removeSource", "ok")]
    assert ("testSource", "source_auth") in log


@pytest.mark.parametrize("secrets", [{"password": 5}, ["right"], "right"])
async def test_secrets_never_come_back_in_errors(admin: Client, secrets: object) -> None:
    source = {"name": "new", "kind": "sql", "options": {}, "secrets": secrets}
    answer = await admin.execute("mutation($i: SourceInput!) { testSource(input: $i) { server } }", i=source)
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"
    assert "right" not in str(answer["errors"])


async def test_options_with_a_password_inside_are_masked(admin: Client, shop: Shop) -> None:
    shop.service.add_source("odd", "sql", {"url": "postgresql://u:hunter2@h/d", "api_key": "hunter2"}, None)
    assert "hunter2" not in str(await admin.graphql("{ sources { options } settings }"))


async def test_people_edit_the_graph(admin: Client) -> None:
    add = 'mutation($p: JSON!) { addVertex(label: "City", properties: $p) { id name origins { source } } }'
    made = (await admin.graphql(add, p={"name": "Rome", "tags": ["old", "big"], "founded": -753}))["addVertex"]
    assert (made["name"], made["origins"]) == ("Rome", [{"source": "edits"}])
    link = 'mutation($t: ID!, $h: ID!) { addEdge(label: "lives_in", tail: $t, head: $h) { id label tail { name } head { name } } }'
    edge = (await admin.graphql(link, t=uid("customers", 1), h=made["id"]))["addEdge"]
    assert (edge["tail"]["name"], edge["head"]["name"]) == ("Ann 1", "Rome")
    assert (await admin.graphql("mutation($id: ID!) { deleteEdge(id: $id) }", id=edge["id"]))["deleteEdge"]
    assert (await admin.graphql("mutation($id: ID!) { deleteVertex(id: $id) }", id=made["id"]))["deleteVertex"]
    assert (await admin.graphql("query($id: ID!) { vertex(id: $id) { id } }", id=made["id"]))["vertex"] is None


@pytest.mark.parametrize("properties", [[], "x", {"": 1}, {"a": {"b": 1}}, {"a": [None]}])
async def test_impossible_properties_are_refused(admin: Client, properties: object) -> None:
    answer = await admin.execute(
        'mutation($p: JSON!) { addVertex(label: "City", properties: $p) { id } }', p=properties
    )
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"


async def test_builds_are_started_and_cancelled(admin: Client) -> None:
    build = (await admin.graphql('mutation { startBuild(sources: ["shop"]) { id state sources } }'))["startBuild"]
    assert (build["state"], build["sources"]) == ("QUEUED", ["shop"])
    cancelled = await admin.graphql("mutation($id: Int!) { cancelBuild(id: $id) { state } }", id=build["id"])
    assert cancelled["cancelBuild"]["state"] == "CANCELLED"


async def test_accounts_are_managed_by_administrators(admin: Client) -> None:
    data = await admin.graphql(
        'mutation { addUser(name: "zoe", password: "long enough", role: REVIEWER) { name role } }'
    )
    assert data["addUser"] == {"name": "zoe", "role": "REVIEWER"}
    names = [user["name"] for user in (await admin.graphql("{ users { name } }"))["users"]]
    assert names == ["admin", "rita", "rob", "zoe"]
    assert (await admin.graphql('mutation { removeUser(name: "zoe") }'))["removeUser"]
    made = await admin.graphql(
        'mutation { createToken(name: "t", scopes: ["read"], expiresInDays: 3) { token { id expires } } }'
    )
    token = made["createToken"]["token"]
    assert token["expires"]
    assert (await admin.graphql("mutation($id: Int!) { revokeToken(id: $id) }", id=token["id"]))["revokeToken"]
    log = (await admin.graphql("{ auditLog { user action outcome } }"))["auditLog"]
    assert log[0] == {"user": "admin", "action": "revokeToken", "outcome": "ok"}


async def test_knowledge_is_carried_over(admin: Client, shop: Shop) -> None:
    link_type = proposal()
    shop.service.store.links.save_link_types([link_type])
    await admin.graphql(JUDGE, id=link_type.id, verdict="CONFIRM")
    taught = (await admin.graphql("{ linkingKnowledge }"))["linkingKnowledge"]
    assert "orders" not in taught
    learn = (
        'mutation($content: String!) { importKnowledge(content: $content, name: "shop.json") '
        "{ imported { id name by aboutTypes aboutPairs } moved { id } } }"
    )
    learnt = (await admin.graphql(learn, content=taught))["importKnowledge"]["imported"]
    assert (learnt["name"], learnt["by"], learnt["aboutTypes"], learnt["aboutPairs"]) == ("shop.json", "admin", 1, 0)
    twice = await admin.execute(learn, content=taught)
    assert twice["errors"][0]["extensions"]["code"] == "conflict"
    remove = "mutation($id: ID!) { removeKnowledge(id: $id) { imported { id } } }"
    assert (await admin.graphql("{ knowledgeImports { id } }"))["knowledgeImports"] == [{"id": learnt["id"]}]
    await admin.graphql(remove, id=learnt["id"])
    assert (await admin.graphql("{ knowledgeImports { id } }"))["knowledgeImports"] == []
    refused = await admin.execute(learn, content="{}")
    assert refused["errors"][0]["extensions"]["code"] == "bad_input"
