"""What a vertex is called where there is room for one name."""

import pytest

from bifrost.graph import Vertex


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"id": 7, "name": "Kestrel"}, "Kestrel"),
        ({"emp_id": 7, "first_name": "Ann", "last_name": "Lee"}, "Ann Lee"),
        ({"LastName": "Lee", "FirstName": "Ann", "Title": "Manager"}, "Ann Lee"),
        ({"last_name": "Lee", "title": "Manager"}, "Lee"),
        ({"CompanyName": "Kestrel", "ContactName": "Ann Lee"}, "Kestrel"),
        ({"company": "Kestrel", "contact_person": "Ann Lee"}, "Kestrel"),
        ({"title": "Flow meter", "group": "A"}, "Flow meter"),
        ({"group": "A"}, "4711"),
        ({}, "4711"),
    ],
)
def test_a_vertex_is_shown_by_what_looks_most_like_a_name(properties: dict[str, str | int], name: str) -> None:
    assert (
        Vertex("erp/thing/4711", "Thing", {key: (value,) for key, value in properties.items()}).display_name() == name
    )


def test_a_name_without_value_is_passed_over() -> None:
    assert Vertex("erp/thing/4711", "Thing", {"name": (), "title": ("Flow meter",)}).display_name() == "Flow meter"
