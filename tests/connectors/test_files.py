"""Folders and files as real programs leave them, broken ones included."""

import datetime
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bifrost.values import RowBatch
from tests.connectors.reading import connect, read, types, write


class TestCsv:
    def test_types_hold_for_the_whole_column(self, tmp_path: Path) -> None:
        text = "id,zip,price,count,day,at,ok,mixed\n1,01234,9.90,3,2024-02-29,2024-02-29 10:00,true,1\n"
        text += "2,99999,10,4,2024-03-01,2024-03-01T11:30:15,False,x\n"
        dataset, rows, errors, _ = read(write(tmp_path / "a.csv", text))
        assert types(dataset) == {
            "id": "integer", "zip": "text", "price": "number", "count": "integer", "day": "date", "at": "datetime",
            "ok": "boolean", "mixed": "text",
        }  # fmt: skip
        assert rows[0]["zip"] == "01234"
        assert rows[1] == {
            "id": 2, "zip": "99999", "price": 10.0, "count": 4, "day": datetime.date(2024, 3, 1),
            "at": datetime.datetime(2024, 3, 1, 11, 30, 15), "ok": False, "mixed": "x",
        }  # fmt: skip
        assert errors == []

    @pytest.mark.parametrize(
        "value", ["007", "1e5", "+49 30 1", "1,5", "03-01-2012", "2024-02-30", "12345678901234567890", "yes", "NaN"]
    )
    def test_what_only_looks_like_a_number_or_date_stays_text(self, tmp_path: Path, value: str) -> None:
        dataset, rows, _, _ = read(write(tmp_path / "a.csv", f'k;v\na;"{value}"\nb;"{value}"\n'))
        assert types(dataset)["v"] == "text"
        assert rows[0]["v"] == value

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_finds_the_delimiter(self, tmp_path: Path, delimiter: str) -> None:
        lines = [["name", "town"], ["Ann, the first", "Rome; Italy"], ["Bo", "Oslo"]]
        text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
        _, rows, errors, _ = read(write(tmp_path / "a.csv", text))
        assert rows[0] == {"name": "Ann, the first", "town": "Rome; Italy"}
        assert errors == []

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le"])
    def test_finds_the_encoding(self, tmp_path: Path, encoding: str) -> None:
        text = "name,town\nJosé,Köln\nZoë,Besançon\n" * 3
        _, rows, errors, _ = read(write(tmp_path / "a.csv", text.encode(encoding)))
        assert rows[0] == {"name": "José", "town": "Köln"}
        assert errors == []

    def test_a_special_character_far_down_is_not_missed(self, tmp_path: Path) -> None:
        content = "name\n" + "plain\n" * 400_000 + "Köln\n"
        _, rows, errors, _ = read(write(tmp_path / "a.csv", content.encode("cp1252")))
        assert rows[-1] == {"name": "Köln"}
        assert errors == []

    def test_ragged_rows_are_counted_and_the_others_read(self, tmp_path: Path) -> None:
        text = "id,name\n1,Ann\n2,Bo,extra\n3\n4,Di\n"
        dataset, rows, errors, keys = read(write(tmp_path / "a.csv", text))
        assert [row["id"] for row in rows] == [1, 4]
        assert keys == ["1", "4"]
        assert dataset.estimated_records == 2
        assert len(errors) == 2
        assert "3 cells instead of 2" in errors[0].message
        assert errors[0].remedy

    def test_bytes_that_are_no_text_are_replaced_and_reported(self, tmp_path: Path) -> None:
        content = "id,name\n" + "".join(f"{number},Zoë\n" for number in range(20)) + "20,bad"
        _, rows, errors, _ = read(write(tmp_path / "a.csv", content.encode() + b"\xff\n21,Zo\xc3\xab\n"))
        assert [row["id"] for row in rows] == list(range(22))
        assert rows[20]["name"] == "bad�"
        assert rows[21]["name"] == "Zoë"
        assert len(errors) == 1
        assert "row 21" in errors[0].message

    def test_header_names_are_made_unique_and_never_empty(self, tmp_path: Path) -> None:
        dataset, rows, _, _ = read(write(tmp_path / "a.csv", "name, name ,,name\na,b,c,d\n"))
        assert [column.name for column in dataset.columns] == ["name", "name_2", "column_3", "name_3"]
        assert rows == [{"name": "a", "name_2": "b", "column_3": "c", "name_3": "d"}]

    def test_a_file_without_header_keeps_its_first_row(self, tmp_path: Path) -> None:
        dataset, rows, _, _ = read(write(tmp_path / "a.csv", "1,2024-01-01\n2,2024-01-02\n"))
        assert [column.name for column in dataset.columns] == ["column_1", "column_2"]
        assert len(rows) == 2

    def test_quoted_line_breaks_and_huge_cells(self, tmp_path: Path) -> None:
        huge = "x" * 3_000_000
        _, rows, errors, _ = read(write(tmp_path / "a.csv", f'id,text\n1,"two\nlines, ""quoted"""\n2,{huge}\n'))
        assert rows[0]["text"] == 'two\nlines, "quoted"'
        assert len(rows[1]["text"]) == 3_000_000
        assert errors == []

    def test_an_empty_file_is_one_error_and_a_header_alone_none(self, tmp_path: Path) -> None:
        dataset, rows, errors, _ = read(write(tmp_path / "a.csv", ""))
        assert (dataset.columns, rows, len(errors)) == ((), [], 1)
        dataset, rows, errors, _ = read(write(tmp_path / "b" / "b.csv", "id,name\n"))
        assert (list(types(dataset)), rows, errors) == (["id", "name"], [], [])

    def test_a_quote_that_is_never_closed_is_reported(self, tmp_path: Path) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.csv", 'id,name\n1,Ann\n2,"Bo\n3,Cy\n'))
        assert rows == [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo\n3,Cy"}]
        assert len(errors) == 1
        assert "never closed" in errors[0].message
        _, rows, errors, _ = read(write(tmp_path / "b" / "a.csv", 'id,name\n1,A"nn\n2,"Bo\nCy"\n3,x\n'))
        assert (len(rows), errors) == (3, [])

    @pytest.mark.parametrize("above", ["Report of May\n\n", "sep=;\n", '"Report; ""all""\nof May"\n\nmade by Ann\n'])
    def test_lines_above_the_table_are_passed_over(self, tmp_path: Path, above: str) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.csv", above + "id;name;town\n1;Ann;Rome\n2;Bo;Oslo\n"))
        assert rows == [{"id": 1, "name": "Ann", "town": "Rome"}, {"id": 2, "name": "Bo", "town": "Oslo"}]
        assert errors == []

    def test_tsv_and_given_options(self, tmp_path: Path) -> None:
        _, rows, _, _ = read(write(tmp_path / "a.tsv", "a,b\tc\n1,2\t3\n"))
        assert rows == [{"a,b": "1,2", "c": 3}]
        _, rows, _, _ = read(
            write(tmp_path / "b" / "b.csv", "a~c\nä~3\n".encode("cp437")), encoding="cp437", delimiter="~"
        )
        assert rows == [{"a": "ä", "c": 3}]


class TestKeys:
    def test_a_column_named_like_the_dataset_wins_over_a_counter(self, tmp_path: Path) -> None:
        text = "index,name,emp_id\n" + "".join(f"{n},Ann,E{n}\n" for n in range(5))
        dataset, _, _, keys = read(write(tmp_path / "employees.csv", text))
        assert dataset.key == ("emp_id",)
        assert keys[:2] == ["E0", "E1"]

    def test_ones_own_id_wins_over_anothers(self, tmp_path: Path) -> None:
        text = "customer_id,sales_record_id,id_of_day\n" + "".join(f"C{n},{n},{n}\n" for n in range(5))
        dataset, _, _, _ = read(write(tmp_path / "sales.csv", text))
        assert dataset.key == ("sales_record_id",)

    def test_a_key_must_be_unique_to_the_last_row(self, tmp_path: Path) -> None:
        rows = [f"{n}" for n in range(20_000)] + ["7"]
        dataset, _, _, keys = read(write(tmp_path / "a.csv", "id\n" + "\n".join(rows)))
        assert dataset.key == ()
        assert len(set(keys)) == 20_001

    def test_rows_without_a_key_are_named_by_their_content(self, tmp_path: Path) -> None:
        _, _, _, keys = read(write(tmp_path / "a.csv", "a,b\nx,y\nx,z\nx,y\nx,y\n"))
        assert keys[2] == f"{keys[0]}-1"
        assert keys[3] == f"{keys[0]}-2"
        # another order of the same rows gives the same keys
        _, _, _, other = read(write(tmp_path / "b" / "a.csv", "a,b\nx,z\nx,y\nx,y\nx,y\n"))
        assert set(other) == set(keys)

    def test_a_column_with_gaps_is_no_key(self, tmp_path: Path) -> None:
        dataset, _, _, _ = read(write(tmp_path / "a.csv", "id,name\n1,a\n,b\n3,c\n"))
        assert dataset.key == ()


class TestJson:
    def test_nested_objects_and_lists(self, tmp_path: Path) -> None:
        data = [
            {"id": 1, "name": {"first": "Ann"}, "tags": ["a", "b"], "lines": [{"sku": "X", "qty": 2}, {"sku": "Y"}]},
            {"id": 2, "name": {"first": "Bo", "last": "Li"}, "tags": [], "ok": True},
        ]
        dataset, rows, errors, keys = read(write(tmp_path / "a.json", json.dumps(data)))
        assert types(dataset) == {
            "id": "integer", "name.first": "text", "tags": "list", "lines.sku": "list", "lines.qty": "list",
            "name.last": "text", "ok": "boolean",
        }  # fmt: skip
        assert rows[0]["lines.sku"] == ["X", "Y"]
        assert rows[0]["lines.qty"] == [2]
        assert rows[1]["tags"] is None
        assert (errors, keys) == ([], ["1", "2"])

    def test_an_object_that_holds_the_list(self, tmp_path: Path) -> None:
        data = {"meta": {"page": 1}, "items": [{"id": 1}, {"id": 2}]}
        dataset, rows, _, _ = read(write(tmp_path / "a.json", json.dumps(data)))
        assert dataset.name == "a"
        assert rows == [{"id": 1}, {"id": 2}]

    def test_several_lists_are_several_datasets(self, tmp_path: Path) -> None:
        data = {"people": [{"id": 1}], "teams": [{"id": 2}, {"id": 3}]}
        connector = connect(write(tmp_path / "dump.json", json.dumps(data)))
        assert [dataset.name for dataset in connector.datasets()] == ["dump#people", "dump#teams"]
        (batch,) = connector.crawl(connector.datasets()[1])
        assert isinstance(batch, RowBatch)
        assert batch.keys == ("2", "3")

    def test_an_object_of_objects_is_a_row_for_each(self, tmp_path: Path) -> None:
        _, rows, _, keys = read(write(tmp_path / "a.json", '{"x": {"n": 1}, "y": {"n": 2}}'))
        assert rows == [{"key": "x", "n": 1}, {"key": "y", "n": 2}]
        assert keys == ["x", "y"]

    def test_lines_in_a_json_file(self, tmp_path: Path) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.json", '{"id": 1}\n{"id": 2}\n'))
        assert (rows, errors) == ([{"id": 1}, {"id": 2}], [])

    def test_what_came_before_a_break_is_kept(self, tmp_path: Path) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.json", '[{"id": 1}, {"id": 2}, {"id": '))
        assert [row["id"] for row in rows] == [1, 2]
        assert len(errors) == 1
        assert "not valid JSON" in errors[0].message

    def test_a_bad_line_of_json_lines_is_one_error(self, tmp_path: Path) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.jsonl", '{"id": 1}\n{"id": oops}\n\n{"id": 3}\n'))
        assert [row["id"] for row in rows] == [1, 3]
        assert [error.record for error in errors] == ["a.jsonl:2"]

    def test_nesting_bombs_are_refused(self, tmp_path: Path) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.json", "[" * 100_000))
        assert (rows, len(errors)) == ([], 1)
        deep = '[{"id": 1}, {"a":' + '{"a":' * 200 + "1" + "}" * 201 + ', {"id": 3}]'
        _, rows, errors, _ = read(write(tmp_path / "b" / "a.json", deep))
        assert [row["id"] for row in rows] == [1, 3]
        assert len(errors) == 1

    def test_values_longer_than_a_chunk_and_cut_characters(self, tmp_path: Path) -> None:
        data = [{"id": n, "text": "ä€𝄞" * 200_000} for n in range(3)]
        _, rows, errors, _ = read(write(tmp_path / "a.json", json.dumps(data, ensure_ascii=False)))
        assert errors == []
        assert [row["text"] for row in rows] == [row["text"] for row in data]

    def test_mixed_types_become_text(self, tmp_path: Path) -> None:
        dataset, rows, _, _ = read(write(tmp_path / "a.json", '[{"v": 1}, {"v": "x"}, {"v": true}, {"v": 2.5}]'))
        assert types(dataset) == {"v": "text"}
        assert [row["v"] for row in rows] == ["1", "x", "true", "2.5"]

    def test_numbers_beyond_64_bits_survive(self, tmp_path: Path) -> None:
        _, rows, _, _ = read(write(tmp_path / "a.json", '[{"v": 123456789012345678901234567890}, {"v": 1}]'))
        assert rows[0]["v"] == "123456789012345678901234567890"


class TestWorkbooksAndParquet:
    def test_each_sheet_is_a_dataset(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        prices = book.active
        assert prices is not None
        prices.title = "Prices"
        prices.append(["Price list 2024"])
        prices.append([])
        for row in (
            ["SKU", "Price", "Since", "Stock"],
            ["A-1", 9.5, datetime.date(2024, 1, 2), 3],
            ["A-2", 10, None, 4],
        ):
            prices.append(row)
        book.create_sheet("Empty")
        book.save(tmp_path / "list.xlsx")
        connector = connect(tmp_path)
        datasets = {dataset.name: dataset for dataset in connector.datasets()}
        assert set(datasets) == {"list#Prices", "list#Empty"}
        assert types(datasets["list#Prices"]) == {"SKU": "text", "Price": "number", "Since": "date", "Stock": "integer"}
        (batch,) = connector.crawl(datasets["list#Prices"])
        assert isinstance(batch, RowBatch)
        assert batch.keys == ("A-1", "A-2")
        assert batch.table.to_pylist()[0] == {
            "SKU": "A-1",
            "Price": 9.5,
            "Since": datetime.date(2024, 1, 2),
            "Stock": 3,
        }
        assert list(connector.crawl(datasets["list#Empty"])) == []

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"plain"])
    def test_a_broken_workbook_is_an_error_of_its_own(self, tmp_path: Path, content: bytes) -> None:
        write(tmp_path / "bad.xlsx", content)
        _, rows, errors, _ = read(tmp_path)
        assert (rows, len(errors)) == ([], 1)

    def test_parquet_with_nested_columns(self, tmp_path: Path) -> None:
        table = pa.table(
            {
                "id": pa.array([1, 2], pa.int32()),
                "who": pa.array([{"name": "Ann"}, {"name": "Bo"}]),
                "tags": pa.array([["a"], None]),
                "kind": pa.array(["x", "y"]).dictionary_encode(),
                "raw": pa.array([b"\x00", b"\x01"]),
            }
        )
        pq.write_table(table, tmp_path / "a.parquet")
        dataset, rows, _, _ = read(tmp_path)
        assert types(dataset) == {"id": "integer", "who.name": "text", "tags": "list", "kind": "text"}
        assert rows[0] == {"id": 1, "who.name": "Ann", "tags": ["a"], "kind": "x"}

    def test_a_broken_parquet_file_is_one_error(self, tmp_path: Path) -> None:
        _, rows, errors, _ = read(write(tmp_path / "a.parquet", b"PAR1 nothing PAR1"))
        assert (rows, len(errors)) == ([], 1)
