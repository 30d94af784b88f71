from bifrost.links import Column, Correction, LinkKind, LinkType, link_type_id
from graphstore.judging import corrected


def test_a_flip_turns_the_rules_of_single_columns_round() -> None:
    tail, head = Column("wms", "shipments", ("order", "line")), Column("erp", "lines", ("order_no", "line_no"))
    rules = {"tail.order": "strip_prefix:ORD-", "tail.line": "strip_zeros", "head": "alnum", "head.line_no": "digits"}
    kind = LinkKind.REFERENCE
    proposal = LinkType(link_type_id(kind, tail, head), kind, tail, head, "line", transform=rules)
    turned = corrected(proposal, Correction(flip=True))
    assert (turned.tail, turned.head) == (head, tail)
    assert turned.transform == {
        "head.order": "strip_prefix:ORD-",
        "head.line": "strip_zeros",
        "tail": "alnum",
        "tail.line_no": "digits",
    }
    assert corrected(turned, Correction(flip=True)).transform == rules
