"""The queue over GraphQL, and what a blind reviewer is not told."""

from dataclasses import replace

import pytest

from bifrost.links import LinkState, PairExample, SamePair, Verdict
from tests.api.conftest import Client, Shop
from tests.api.shop import proposal, uid

pytestmark = pytest.mark.anyio

QUESTIONS = """query($blind: Boolean) { questions(blind: $blind) { id purpose blind pair { tail }
  linkType { id probability baseline features precision { value } recall { value } recallNote reasons judgements { id }
    examples { score tailText note } } } }"""


def asked(shop: Shop) -> str:
    example = PairExample(uid("orders", 1), uid("products", 1), "one", "two", 0.9, "they agree")
    link_type = replace(
        proposal(),
        probability=0.8,
        baseline=0.7,
        examples=(example,),
        features={"containment": 1.0},
        reasons=("because",),
    )
    shop.service.store.links.save_link_types([link_type])
    return link_type.id


async def test_the_queue_tells_what_is_asked_and_why(admin: Client, shop: Shop) -> None:
    id = asked(shop)
    (question,) = (await admin.graphql(QUESTIONS))["questions"]
    assert (question["id"], question["purpose"], question["blind"], question["pair"]) == (id, "DECIDE", False, None)
    assert question["linkType"]["probability"] == 0.8


async def test_a_blind_question_withholds_every_score_and_keeps_the_evidence(admin: Client, shop: Shop) -> None:
    id = asked(shop)
    shop.service.store.links.judge(id, Verdict.UNSURE, "ann")
    (question,) = (await admin.graphql(QUESTIONS, blind=True))["questions"]
    told = question["linkType"]
    assert question["blind"]
    assert told["probability"] is told["baseline"] is told["precision"] is told["recall"] is None
    assert told["features"] == {}
    assert told["judgements"] == []
    assert told["examples"] == [{"score": None, "tailText": "one", "note": "they agree"}]
    assert told["reasons"] == ["because"]
    one = "query($id: ID!) { linkType(id: $id, blind: true) { probability } pairs(linkType: $id, blind: true) { score note } }"
    assert (await admin.graphql(one, id=id)) == {"linkType": {"probability": None}, "pairs": []}
    listed = await admin.graphql("{ linkTypes(states: [PROPOSED], blind: true) { probability } }")
    assert listed["linkTypes"] == [{"probability": None}]


async def test_pairs_are_named_by_what_the_records_themselves_say(admin: Client, shop: Shop) -> None:
    id = asked(shop)
    link_type = shop.service.store.links.link_type(id)
    shop.service.store.links.judge(id, Verdict.CONFIRM, "ann")
    pair = SamePair(uid("products", 1), uid("products", 2), 0.8, {"field:name": 3.0, "margin": 1.0})
    shop.service.store.links.write_same(replace(link_type, state=LinkState.CONFIRMED), [pair])
    query = "query($id: ID!, $blind: Boolean) { pairs(linkType: $id, blind: $blind) { tailText score note } }"
    (seen,) = (await admin.graphql(query, id=id))["pairs"]
    (unseen,) = (await admin.graphql(query, id=id, blind=True))["pairs"]
    assert (seen["score"], seen["note"]) == (0.8, "for it: name")
    assert (unseen["score"], unseen["note"]) == (None, "")
    assert seen["tailText"] == unseen["tailText"] != uid("products", 1)


async def test_the_history_of_one_person(admin: Client, shop: Shop) -> None:
    id = asked(shop)
    for by in ("ann", "bob", "ann"):
        shop.service.store.links.judge(id, Verdict.UNSURE, by)
    query = "query($by: String) { judgements(by: $by) { by blind } }"
    assert [one["by"] for one in (await admin.graphql(query, by="ann"))["judgements"]] == ["ann", "ann"]
    assert len((await admin.graphql(query))["judgements"]) == 3


async def test_ways_to_ask_are_compared(admin: Client) -> None:
    query = "{ replay { policy own undone policies { name reward error robust matched answers } } linkAudits { id } }"
    found = await admin.graphql(query)
    assert found["replay"]["policy"] == "worth"
    assert found["replay"]["policies"][0] == {
        "name": "worth", "reward": None, "error": None, "robust": None, "matched": 0, "answers": 0,
    }  # fmt: skip
    assert found["linkAudits"] == []
