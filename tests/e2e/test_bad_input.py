"""Input as it is in the world: broken files, wrong passwords, vanished tables. One bad thing never costs a good one."""

import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from api.cli import cli
from bifrost.errors import ConflictError, InputError, SourceAuthError, SourceUnreachableError
from bifrost.links import LinkKind, Verdict
from tests.e2e.workplace import Workplace, workplace
from tests.fixtures.servers import Server

pytestmark = pytest.mark.slow

NOWHERE = "postgresql://reader@127.0.0.1:1/erp"
CLIENTS = "client_no,name,town\n" + "".join(f"C-{n:03d},Client {n},Town {n % 7}\n" for n in range(30))
ORDERS = "order_no,client\n" + "".join(f"{9000 + n},C-{n % 30:03d}\n" for n in range(60))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path / "data") as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Two good tables."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "clients.csv").write_text(CLIENTS)
    (folder / "orders.csv").write_text(ORDERS)
    return folder


# ---- databases that cannot be read -----------------------------------------------------------------------------------


def test_an_unreachable_database_is_reported_and_the_others_are_built(place: Workplace, shop: Path) -> None:
    with pytest.raises(SourceUnreachableError) as refused:
        place.service.test_source("erp", "sql", {"url": NOWHERE}, {})
    assert refused.value.retryable
    place.add("erp", NOWHERE)
    place.add("shop", shop)
    errors = place.build()
    assert list(errors) == ["erp"]
    assert errors["erp"]["code"] == "source_unreachable"
    assert "Check host, port and network" in errors["erp"]["remedy"]
    assert len(place.vertices("Client")) == 30


def test_a_wrong_password_is_named_as_such_and_never_shown(place: Workplace, shop: Path, postgres: Server) -> None:
    database = postgres.create_database()
    postgres.run(database, "CREATE TABLE item (id int PRIMARY KEY)", "INSERT INTO item VALUES (1)")
    address = f"postgresql://{postgres.user}@{postgres.host}:{postgres.port}/{database}"
    with pytest.raises(SourceAuthError):
        place.service.test_source("erp", "sql", {"url": address}, {"password": "swordfish"})
    place.add("erp", address, password="swordfish")
    place.add("shop", shop)
    errors = place.build()
    assert errors["erp"]["code"] == "source_auth"
    assert "swordfish" not in json.dumps(errors["erp"])
    assert len(place.vertices("Client")) == 30
    place.service.update_source("erp", "sql", {"url": address}, {"password": postgres.password})
    assert place.build() == {}
    assert len(place.vertices("Item")) == 1


# ---- files that cannot be read ---------------------------------------------------------------------------------------


def _zip_bomb(path: Path) -> None:
    kinds = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", kinds)
        with bomb.open("word/document.xml", "w") as part:
            for _ in range(600):
                part.write(b"A" * 2**20)


def test_broken_documents_are_counted_and_the_readable_ones_read(place: Workplace, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "good.txt").write_text("Ann Smith wrote to Kestrel Ltd about the delivery.")
    (folder / "corrupt.pdf").write_bytes(b"%PDF-1.7\nand then nothing that a reader knows")
    locked = Canvas(str(folder / "locked.pdf"), encrypt=StandardEncryption("s3cret"))
    locked.drawString(72, 700, "words behind a password")
    locked.save()
    (folder / "nothing.png").write_bytes(b"")
    (folder / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    (folder / "no-archive.docx").write_bytes(b"this is no zip file")
    _zip_bomb(folder / "bomb.docx")
    place.add("papers", folder)
    assert place.build() == {}
    failures = place.failures()
    assert {name: failure.message.partition(" ")[2] for name, failure in failures.items()} == {
        "files/corrupt.pdf": "is not a readable PDF: Failed to load document (PDFium: Data format error).",
        "files/locked.pdf": "is encrypted.",
        "files/nothing.png": "is empty.",
        "files/cut.png": "is not a readable image: Truncated File Read",
        "files/no-archive.docx": failures["files/no-archive.docx"].message.partition(" ")[2],
        "files/bomb.docx": "unpacks to 600 MB in 2 parts.",
    }
    assert all(failure.remedy for failure in failures.values())
    assert [vertex.id for vertex in place.vertices("Document")] == ["papers/files/good.txt"]
    assert place.hits("kestrel") == [("papers/files/good.txt",)]


BAD_TABLES = {
    "encoding.csv": (b"id,name\n1,Ann\n2,J\xf6rg\n3,\xff\xfe\x81\n", 3, 1),
    "ragged.csv": (b"id,name,town\n1,Ann,Graz\n2,Bob\n3,Cid,Lyon,more,cells\n4,Dee,Bern\n", 2, 2),
    "twice.csv": (b"id,name,name\n1,Ann,Smith\n2,Bob,Jones\n", 2, 0),
    "no_key.csv": (b"a,b\nx,y\nx,y\nx,z\n", 3, 0),
    "cut.json": (b'[{"id": 1}, {"id": ', 1, 1),
    "scalar.json": (b"42", 0, 1),
    "lines.jsonl": (b'{"id": 1}\nnot json\n{"id": 3}\n', 2, 1),
    "empty.csv": (b"", 0, 1),
    "header.csv": (b"id,name\n", 0, 0),
    "empty.xlsx": (b"", 0, 1),
}
"""File -> content, records read, failures counted."""


def test_broken_tables_give_what_can_be_read(place: Workplace, shop: Path) -> None:
    for name, (content, _, _) in BAD_TABLES.items():
        (shop / name).write_bytes(content)
    place.add("shop", shop)
    assert place.build() == {}
    counted = {one.info.name: (one.records, one.failures) for one in place.store.catalog.datasets("shop")}
    for name, (_, records, failures) in BAD_TABLES.items():
        table = name if name in counted else name.partition(".")[0]
        assert counted[table] == (records, failures), name
    assert counted["clients"] == (30, 0)
    found = place.failures()
    assert all(failure.message and failure.remedy for failure in found.values())
    assert "ragged/ragged.csv:3" in found
    assert {"name", "name_2"} <= {key for vertex in place.vertices("Twice") for key in vertex.properties}
    position = place.store.log.position()
    assert place.build() == {}
    assert place.store.log.position() == position, "building bad input again changes nothing"
    assert place.failures().keys() == found.keys()


def test_a_record_that_becomes_unreadable_keeps_what_it_said(place: Workplace, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "offer.txt").write_text("An offer.")
    (folder / "letter.html").write_text("<p>A letter from Kestrel Ltd.</p>")
    (folder / "scan.pdf").write_bytes(_pdf("Delivery note 4711"))
    place.add("papers", folder)
    place.build()
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7 overwritten")
    assert place.build() == {}
    assert list(place.failures()) == ["files/scan.pdf"]
    assert place.hits("4711") == [("papers/files/scan.pdf",)]


def _pdf(text: str) -> bytes:
    canvas = Canvas("unused.pdf")
    canvas.drawString(72, 700, text)
    return bytes(canvas.getpdfdata())


# ---- what vanishes ---------------------------------------------------------------------------------------------------


def test_a_source_that_answers_empty_removes_nothing_until_allowed(place: Workplace, shop: Path) -> None:
    place.add("shop", shop)
    place.build()
    (shop / "clients.csv").write_text("client_no,name,town\n")
    errors = place.build()
    assert errors["shop"]["code"] == "removal_guard"
    assert "--allow-removal" in errors["shop"]["remedy"]
    assert len(place.vertices("Client")) == 30
    assert place.build(allow_removal=True) == {}
    assert place.vertices("Client") == []
    assert len(place.vertices("Order")) == 60


def test_a_few_records_may_vanish_without_asking(place: Workplace, shop: Path) -> None:
    place.add("shop", shop)
    place.build()
    (shop / "clients.csv").write_text("".join(CLIENTS.splitlines(keepends=True)[:-3]))
    assert place.build() == {}
    assert len(place.vertices("Client")) == 27


@pytest.mark.parametrize("gone", ["clients.csv", "note.txt"])
def test_a_file_that_vanishes_is_guarded_like_its_records(place: Workplace, shop: Path, gone: str) -> None:
    (shop / "note.txt").write_text("The only note.")
    place.add("shop", shop)
    place.build()
    before = place.graph()
    (shop / gone).unlink()
    errors = place.build()
    assert errors["shop"]["code"] == "removal_guard"
    assert place.graph()["vertices"] == before["vertices"]
    assert place.build(allow_removal=True) == {}
    assert not [v for v in place.vertices() if gone.partition(".")[0] in v.id]


def test_a_folder_that_vanishes_stops_its_source_alone(place: Workplace, shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(shop, other)
    place.add("shop", shop)
    place.add("other", other)
    place.build()
    before = place.graph()
    shutil.rmtree(shop)
    errors = place.build()
    assert list(errors) == ["shop"]
    assert place.graph() == before


def test_a_table_that_vanishes_from_a_database_is_guarded(place: Workplace, tmp_path: Path) -> None:
    file = tmp_path / "erp.sqlite"
    _execute(
        file, "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE spare (id INTEGER PRIMARY KEY)"
    )
    _execute(file, *(f"INSERT INTO item VALUES ({n}, 'Item {n}')" for n in range(20)), "INSERT INTO spare VALUES (1)")
    place.add("erp", f"sqlite:///{file}")
    place.build()
    _execute(file, "DROP TABLE item")
    errors = place.build()
    assert errors["erp"]["code"] == "removal_guard"
    assert len(place.vertices("Item")) == 20
    assert place.build(allow_removal=True) == {}
    assert place.vertices("Item") == []
    assert len(place.vertices("Spare")) == 1


def _execute(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


# ---- clashes of names ------------------------------------------------------------------------------------------------


def test_two_sources_with_the_same_tables_and_keys_stay_apart(place: Workplace, shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "clients.csv").write_text("client_no,name,town\nC-001,Somebody else,Oslo\nC-002,One more,Bergen\n")
    place.add("shop", shop)
    place.add("other", other)
    assert place.build() == {}
    names = {vertex.id: vertex.properties["name"] for vertex in place.vertices("Client")}
    assert names["shop/clients/C-001"] == ("Client 1",)
    assert names["other/clients/C-001"] == ("Somebody else",)
    assert len(names) == 32
    place.service.remove_source("other")
    assert len(place.vertices("Client")) == 30


def test_two_datasets_of_one_vertex_type_share_it_without_mixing(place: Workplace, shop: Path) -> None:
    (shop / "client.csv").write_text("client_no,fax\nC-001,12\nC-002,34\n")
    place.add("shop", shop)
    assert place.build() == {}
    assert len(place.vertices("Client")) == 32
    assert {"shop/client/C-001", "shop/clients/C-001"} <= {vertex.id for vertex in place.vertices("Client")}


def test_a_name_that_is_taken_or_unusable_is_refused(place: Workplace, shop: Path) -> None:
    place.add("shop", shop)
    with pytest.raises(ConflictError):
        place.add("shop", shop)
    for name in ("", "a/b", "edits", " shop", "tab\tname"):
        with pytest.raises(InputError):
            place.add(name, shop)
    assert [source.name for source in place.store.catalog.sources()] == ["shop"]


# ---- the command line ------------------------------------------------------------------------------------------------


def test_exit_codes_tell_scripts_what_happened(tmp_path: Path, shop: Path) -> None:
    def bifrost(*arguments: str) -> tuple[int, Any]:
        command = [sys.executable, "-m", "api.cli", "--data-dir", str(tmp_path / "data"), "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout or done.stderr)

    with workplace(tmp_path / "data") as place:
        place.add("shop", shop)
        place.build()
    code, said = bifrost("source", "add", "erp", NOWHERE)
    assert (code, said["error"]["code"]) == (1, "source_unreachable")
    (shop / "orders.csv").write_text("order_no,client\n")
    code, said = bifrost("build")
    assert (code, said["build"]["error"]["sources"]["shop"]["code"]) == (3, "removal_guard")
    code, said = bifrost("query", "graphql", '{ vertices(label: "Order", first: 1) { nodes { label } } nothing }')
    assert (code, bool(said["errors"])) == (1, True)


def test_text_that_looks_like_markup_is_printed_as_it_is(place: Workplace, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "items.csv").write_text("item_no,name\n" + "".join(f"I-{n},[/b] name [red]{n}\n" for n in range(20)))
    (folder / "sales.csv").write_text("sale_no,item\n" + "".join(f"{n},I-{n % 20}\n" for n in range(40)))
    place.add("shop", folder)
    place.build()
    reference = place.link_type(LinkKind.REFERENCE, "shop/sales.item", "shop/items.item_no")
    arguments = ["--data-dir", str(place.service.settings.data_dir), "links"]
    shown = CliRunner().invoke(cli, [*arguments, "show", reference.id])
    assert shown.exit_code == 0, shown.exception
    assert "[/b] name [red]" in shown.output
    assert f"-[{reference.name}]->" in CliRunner().invoke(cli, [*arguments, "list"]).output.replace("\n", "")


def test_confirmed_links_outlive_a_source_that_fails(place: Workplace, shop: Path) -> None:
    place.add("shop", shop)
    place.build()
    reference = place.link_type(LinkKind.REFERENCE, "shop/orders.client", "shop/clients.client_no")
    place.service.judge(reference.id, Verdict.CONFIRM, "ann")
    before = place.graph()
    shutil.move(shop, shop.with_name("elsewhere"))
    assert list(place.build()) == ["shop"]
    assert place.graph() == before
    shutil.move(shop.with_name("elsewhere"), shop)
    assert place.build() == {}
    assert place.graph() == before
