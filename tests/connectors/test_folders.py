"""Folders as people leave them: what is read from them, what is skipped, and what goes wrong."""

import os
from pathlib import Path
from typing import Any

import pytest

from bifrost.errors import RecordError, SourceError
from bifrost.values import DatasetInfo, DatasetKind, FileRecord
from tests.connectors.reading import connect, read, types, write


class TestFolders:
    def test_documents_are_one_dataset_and_unknown_files_are_counted(self, tmp_path: Path) -> None:
        write(tmp_path / "b" / "letter.txt", "hello")
        write(tmp_path / "scan.JPG", b"\xff\xd8\xff")
        write(tmp_path / "tool.exe", b"MZ")
        write(tmp_path / ".hidden.txt", "no")
        write(tmp_path / "~$letter.docx", "no")
        connector = connect(tmp_path)
        (dataset,) = connector.datasets()
        assert (dataset.name, dataset.kind, dataset.estimated_records) == ("files", DatasetKind.DOCUMENTS, 2)
        records = [item for item in connector.crawl(dataset) if isinstance(item, FileRecord)]
        assert [(record.key, record.media_type) for record in records] == [
            ("b/letter.txt", "text/plain"),
            ("scan.JPG", "image/jpeg"),
        ]
        assert records[0].content == b"hello"
        assert records[0].modified is not None
        assert connector.test().warnings == ("1 files of an unknown kind skipped: .exe",)

    def test_patterns_choose_files(self, tmp_path: Path) -> None:
        for name in ("a.csv", "crm/b.csv", "crm/old/c.csv", "d.json"):
            write(tmp_path / name, "id\n1\n")

        def found(**options: Any) -> list[str]:
            return [file.key for file in connect(tmp_path, **options)._listing().files]

        assert found() == ["a.csv", "crm/b.csv", "crm/old/c.csv", "d.json"]
        assert found(include=["**/*.csv"]) == ["a.csv", "crm/b.csv", "crm/old/c.csv"]
        assert found(include=["crm/*"], exclude=["*/old/*"]) == ["crm/b.csv"]
        assert found(include="d.*, a.*") == ["a.csv", "d.json"]
        assert found(recursive=False) == ["a.csv", "d.json"]

    def test_names_that_clash_keep_their_suffix(self, tmp_path: Path) -> None:
        write(tmp_path / "a.csv", "id\n1\n2\n")
        write(tmp_path / "a.json", "[]")
        write(tmp_path / "files.csv", "id\n1\n2\n")
        assert [dataset.name for dataset in connect(tmp_path).datasets()] == ["a.csv", "a.json", "files.csv"]

    def test_links_out_of_the_folder_are_not_followed(self, tmp_path: Path) -> None:
        secret = write(tmp_path / "secret.txt", "secret")
        folder = tmp_path / "source"
        write(folder / "inside.txt", "fine")
        (folder / "out.txt").symlink_to(secret)
        (folder / "folder").symlink_to(tmp_path)
        (folder / "alias.txt").symlink_to(folder / "inside.txt")
        connector = connect(folder)
        (dataset,) = connector.datasets()
        records = [item for item in connector.crawl(dataset) if isinstance(item, FileRecord)]
        assert [record.key for record in records] == ["alias.txt", "inside.txt"]
        assert any("lead out" in warning for warning in connector.test().warnings)

    @pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "x/../../secret.csv"])
    def test_a_dataset_cannot_lead_out_of_the_folder(self, tmp_path: Path, path: str) -> None:
        write(tmp_path / "secret.csv", "id\n1\n")
        folder = tmp_path / "source"
        folder.mkdir()
        options = {
            "path": path,
            "format": "csv",
            "encoding": "utf-8",
            "delimiter": ",",
            "header": True,
            "names": ["id"],
        }
        with pytest.raises(SourceError):
            list(connect(folder).crawl(DatasetInfo("x", DatasetKind.TABLE, options=options)))

    def test_a_file_above_the_limit_is_one_error(self, tmp_path: Path) -> None:
        write(tmp_path / "a.txt", b"x" * (2 << 20))
        write(tmp_path / "b.txt", b"x")
        connector = connect(tmp_path, max_megabytes=1)
        items = list(connector.crawl(connector.datasets()[0]))
        assert [type(item) for item in items] == [RecordError, FileRecord]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_an_unreadable_file_is_one_error(self, tmp_path: Path) -> None:
        write(tmp_path / "a.txt", "x").chmod(0)
        connector = connect(tmp_path)
        assert [type(item) for item in connector.crawl(connector.datasets()[0])] == [RecordError]

    def test_a_table_that_vanished_is_a_source_error(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "id\n1\n2\n")
        connector = connect(tmp_path)
        (dataset,) = connector.datasets()
        path.unlink()
        with pytest.raises(SourceError):
            list(connector.crawl(dataset))

    def test_a_single_file_is_a_source(self, tmp_path: Path) -> None:
        write(tmp_path / "other.csv", "x\n1\n")
        dataset, rows, _, _ = read(write(tmp_path / "a.csv", "id\n1\n2\n"))
        assert (dataset.name, rows) == ("a", [{"id": 1}, {"id": 2}])

    def test_a_changed_file_is_looked_at_again(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "id\n1\n2\n")
        connector = connect(tmp_path)
        assert types(connector.datasets()[0]) == {"id": "integer"}
        path.write_text("id\nx\ny\nz\n")
        assert types(connector.datasets()[0]) == {"id": "text"}
