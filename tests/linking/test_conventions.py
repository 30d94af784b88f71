from linking.conventions import said_names


def test_initials_that_all_columns_of_a_table_share_are_dropped() -> None:
    said = said_names({"line_items": ["li_order_id", "li_item_id", "li_price"], "orders": ["id", "placed", "li_total"]})
    assert said["line_items"] == {"li_order_id": "order_id", "li_item_id": "item_id", "li_price": "price"}
    assert said["orders"]["li_total"] == "li_total"


def test_the_word_of_the_table_itself_is_kept() -> None:
    names = ["site_id", "site_name", "site_city"]
    assert said_names({"site": names})["site"] == {name: name for name in names}


def test_marks_of_keys_are_no_initials() -> None:
    names = ["fk_order", "fk_item", "fk_store"]
    assert said_names({"sales": names})["sales"] == {name: name for name in names}


def test_words_written_together_are_told_apart_by_the_names_of_tables() -> None:
    said = said_names({"orders": ["orderkey", "custkey", "monkey"], "customers": ["custkey", "nation"]})
    assert said["orders"] == {"orderkey": "order_key", "custkey": "cust_key", "monkey": "monkey"}


def test_a_table_without_a_convention_or_columns_means_what_it_says() -> None:
    assert said_names({"empty": [], "one": ["a_b"], "mixed": ["CustomerID", "x_y", "Name"]}) == {
        "empty": {},
        "one": {"a_b": "a_b"},
        "mixed": {"CustomerID": "CustomerID", "x_y": "x_y", "Name": "Name"},
    }


def test_initials_of_another_table_mean_that_table() -> None:
    said = said_names({
        "t_person": ["per_id", "per_name", "per_born"],
        "t_permit": ["pmt_id", "pmt_per_id", "pmt_date"],
        "visits": ["id", "per_id", "at"],
    })  # fmt: skip
    assert said["t_person"] == {"per_id": "id", "per_name": "name", "per_born": "born"}
    assert said["t_permit"] == {"pmt_id": "id", "pmt_per_id": "person_id", "pmt_date": "date"}
    assert said["visits"]["per_id"] == "per_id"


def test_two_letters_before_all_capitals_of_a_table_are_dropped_where_each_table_has_its_own() -> None:
    tables = {"F0101": ["ABAN8", "ABALPH"], "F4201": ["SHDOCO", "SHAN8"], "F4211": ["SDDOCO", "SDLNID"]}
    assert said_names(tables)["F4211"] == {"SDDOCO": "DOCO", "SDLNID": "LNID"}
    same = {table: ["SDDOCO", "SDLNID"] for table in tables}
    assert said_names(same)["F4211"] == {"SDDOCO": "SDDOCO", "SDLNID": "SDLNID"}
