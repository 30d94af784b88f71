"""Writes the golden stores of the current schema version: ``python -m tests.graphstore.golden.make``. Never rewrite an
older one: it stands for what users have on their disks. On SQLite and PostgreSQL the same is held."""

import json
import os
import sqlite3
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from bifrost.documents import Document, Mention, Page
from bifrost.links import Correction, LinkEdge, LinkKind, SamePair, Verdict
from bifrost.values import Evidence, Fragment, RecordFragments
from graphstore.edits import Edits
from graphstore.migrate import HEAD
from graphstore.sql import SqlStore
from tests.fixtures.servers import Server, postgres_server, program
from tests.graphstore.worlds import Said, beliefs, graph, link_type, record, record_of, register, say


def fill(store: SqlStore) -> None:
    register(store, "erp/customer", "erp/order", "crm/client", "files/docs", rank={"crm": 1})
    say(store, "erp/order", *(record("erp/order", str(i), [("OF", f"erp/customer/{i}")], n=i) for i in range(3)))
    said: dict[str, Said] = {"name": "Ann", "since": date(2020, 2, 29), "limit": Decimal("1.50"), "tags": ("a", "b")}
    say(store, "erp/customer", *(record_of("erp/customer", str(i), said) for i in range(2)))
    evidence = Evidence("row", 0.8, column="Name")
    say(store, "crm/client", record_of("crm/client", "7", {"name": "ann"}, evidence=evidence))
    document = Document("text/plain", (Page(1, "Order 1"),), {}, (Mention(1, 6, 7, "1", "ID", "1", 1.0, "rule"),))
    fragment = Fragment("files/docs/a.txt", "Document", {"title": ("A",)})
    say(store, "files/docs", RecordFragments("a.txt", b"1", (fragment,), (), document))
    same = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name", probability=0.9, reasons=("98%",))
    refers = link_type(LinkKind.MENTION, "files/docs", "erp/order.n", "MENTIONS")
    store.links.save_link_types([same, refers])
    store.links.judge(same.id, Verdict.CONFIRM, "ann")
    store.links.judge(refers.id, Verdict.CONFIRM, "ann", correction=Correction(name="NAMES"))
    store.links.write_same(same, [SamePair("crm/client/7", "erp/customer/0", 0.9)])
    store.links.write_links(refers, [LinkEdge("files/docs/a.txt", "erp/order/1", 0.7)])
    edits = Edits(store)
    edits.update_vertex("erp/customer/1", {"name": ("Right",)}, by="bob")
    edits.delete_edge(store.view().edges("OF").items[0].id, by="bob")


def main() -> None:
    folder = Path(__file__).parent
    with TemporaryDirectory() as temporary:
        store = SqlStore(f"sqlite:///{temporary}/store.sqlite")
        store.migrate()
        fill(store)
        held = {"graph": graph(store), "beliefs": beliefs(store)}
        (folder / f"{HEAD}.json").write_text(json.dumps(held, default=str, indent=1, sort_keys=True) + "\n")
        store.close()
        connection = sqlite3.connect(f"{temporary}/store.sqlite")
        (folder / f"{HEAD}.sql").write_text("\n".join(connection.iterdump()) + "\n")
        connection.close()
    with postgres_server() as server:
        database = server.create_database()
        store = SqlStore(server.address(database))
        store.migrate()
        fill(store)
        store.close()
        (folder / "postgresql" / f"{HEAD}.sql").write_text(plain(dumped(server, database)))


def dumped(server: Server, database: str) -> str:
    dump = program("pg_dump")
    assert dump is not None, "pg_dump comes with PostgreSQL"
    where = ["-h", server.host, "-p", str(server.port), "-U", server.user, database]
    command = [dump, "--no-owner", "--no-privileges", "--inserts", *where]
    environment = {**os.environ, "PGPASSWORD": server.password}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def plain(dump: str) -> str:
    """A dump as statements that any version of the server takes, without comments and settings."""
    left_out = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")
    return "".join(f"{line}\n" for line in dump.splitlines() if line.strip() and not line.startswith(left_out))


if __name__ == "__main__":
    main()
