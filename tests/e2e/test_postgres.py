"""PostgreSQL on both ends: a company's database as a source, and the store of a whole build with its jobs."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from api.demo import make_company
from api.graphql.local import execute_local
from bifrost.catalog import BuildState
from bifrost.graph import Vertex
from bifrost.links import Correction, LinkKind, Verdict
from graphstore.gremlin.engine import Request
from tests.e2e.workplace import Workplace, workplace
from tests.fixtures.servers import Server

pytestmark = pytest.mark.slow

ENTERPRISE = Path(os.environ.get("BIFROST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "enterprise"


# ---- as a source -----------------------------------------------------------------------------------------------------


def _loaded(server: Server, script: Path) -> str:
    database = server.create_database()
    server.load(database, script)
    return f"postgresql://{server.user}@{server.host}:{server.port}/{database}"


def _plain(name: str) -> str:
    """Databases differ in the case of names and in the underscores between words."""
    return name.replace("_", "").replace(" ", "").lower()


def _shape(place: Workplace) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Vertices per type, edges per pair of types."""
    view = place.store.view()
    vertices, _ = view.label_counts()
    patterns: Counter[tuple[str, str]] = Counter()
    for tail, _, head, count in view.edge_patterns():
        patterns[_plain(tail), _plain(head)] += count
    return Counter({_plain(label): count for label, count in vertices.items()}), patterns


def _key(vertex: Vertex) -> tuple[str, str]:
    return vertex.label, vertex.id.partition("/")[2]


def test_northwind_in_postgresql_gives_the_graph_that_it_gives_in_sqlite(postgres: Server, tmp_path: Path) -> None:
    if not ENTERPRISE.is_dir():
        pytest.skip(f"{ENTERPRISE} is missing; set BIFROST_DATA")
    with workplace(tmp_path / "file") as file, workplace(tmp_path / "server") as server:
        file.add("northwind", f"sqlite:///{(ENTERPRISE / 'northwind.sqlite').resolve()}")
        server.add("northwind", _loaded(postgres, ENTERPRISE / "northwind_postgres.sql"), password=postgres.password)
        assert (file.build(), server.build()) == ({}, {})
        (vertices, edges), (file_vertices, file_edges) = _shape(server), _shape(file)
        # The two scripts are editions of their own: some tables have other rows.
        common = {label for label, count in vertices.items() if file_vertices[label] == count}
        assert {"order", "product", "employee", "supplier", "category", "territory", "region"} <= common
        assert _between(common, edges) == _between(common, file_edges)
        assert edges["order", "customer"] == edges["order", "employee"] == edges["order", "shipper"] == 830


def _between(labels: set[str], edges: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {ends: count for ends, count in edges.items() if set(ends) <= labels}


def test_the_demo_company_in_postgresql_is_the_one_in_sqlite(postgres: Server, tmp_path: Path) -> None:
    make_company(tmp_path / "company", scale=1, seed=3)
    with workplace(tmp_path / "file") as file, workplace(tmp_path / "server") as server:
        file.add("erp", f"sqlite:///{tmp_path / 'company' / 'erp.sqlite'}")
        script = tmp_path / "company" / "erp_postgres.sql"
        server.add("erp", _loaded(postgres, script), password=postgres.password)
        assert (file.build(), server.build()) == ({}, {})
        assert sorted(map(_key, server.vertices())) == sorted(map(_key, file.vertices()))
        assert [_ends(place) for place in (server, file)] == [_ends(file)] * 2
        assert _proposals(server) == _proposals(file)


def _ends(place: Workplace) -> list[tuple[str, str, str]]:
    return sorted((edge.label, edge.tail, edge.head) for edge in place.edges())


def _proposals(place: Workplace) -> set[tuple[str, str, str]]:
    return {(one.kind, str(one.tail), str(one.head)) for one in place.service.questions() if one.probability > 0.5}


# ---- as the store ----------------------------------------------------------------------------------------------------


def _answer(url: str, question: str) -> set[tuple[Any, ...]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {tuple(row) for row in connection.execute(sa.text(question))}
    engine.dispose()
    return found


@pytest.fixture
def stored(postgres: Server, tmp_path: Path) -> Iterator[Workplace]:
    database = postgres.create_database()
    with workplace(tmp_path / "data", store_url=SecretStr(postgres.address(database))) as place:
        yield place


def test_the_whole_job_with_store_and_jobs_in_postgresql(stored: Workplace, tmp_path: Path) -> None:
    files = tmp_path / "shop"
    files.mkdir()
    clients = "\n".join(f"C-{n:04d},Client {n},Town {n % 7}" for n in range(40))
    orders = "\n".join(f"{9000 + n},C-{n * 7 % 40:04d},{n}.50" for n in range(80))
    (files / "clients.csv").write_text(f"client_no,name,town\n{clients}\n")
    (files / "orders.csv").write_text(f"order_no,client,amount\n{orders}\n")
    (files / "note.txt").write_text("Client number C-0007 called about the delivery.\n")
    service = stored.service
    stored.add("shop", files)

    assert service.jobs.start()
    build = service.start_build()
    service.jobs.wait(build.id, lambda: None)
    done = service.store.catalog.build(build.id)
    assert (done.state, done.error) == (BuildState.DONE, None)
    names = _answer(service.settings.effective_store_url, "SELECT table_name FROM information_schema.tables")
    assert {("fragment",), ("workflow_status",)} <= names, "the graph and its jobs are in one database"
    assert not list((tmp_path / "data").glob("*.sqlite"))

    before = stored.graph()
    reference = stored.link_type(LinkKind.REFERENCE, "shop/orders.client", "shop/clients.client_no")
    outcome = service.judge(reference.id, Verdict.CONFIRM, "ann", Correction(name="ordered_by"))
    assert outcome.edges_changed == 80

    found = service.gremlin.run("g.V().hasLabel('Order').out('ordered_by').dedup().count()", Request())
    assert [traverser.obj for traverser in found] == [40]
    ask = "PREFIX t: <https://bifrost.local/t/> SELECT (COUNT(*) AS ?n) { ?order a t:Order ; ?p ?client . ?client a t:Client }"
    answer = json.loads(service.sparql.query(ask, "application/sparql-results+json", 30)[1])
    assert answer["results"]["bindings"][0]["n"]["value"] == "80"
    nested = execute_local(
        service, '{ vertices(label: "Order", first: 2) { nodes { edges { label head { name } } } } }', {}
    )
    assert nested["data"]["vertices"]["nodes"][0]["edges"][0]["label"] == "ordered_by"
    assert stored.hits("client 7", "delivery")[1] == ("shop/files/note.txt",)
    assert "shop/clients/C-0007" in stored.hits("client 7")[0]

    service.undo(outcome.judgement.id, "ann")
    after = stored.graph()
    assert {part: after[part] for part in ("vertices", "edges", "triples")} == {
        part: before[part] for part in ("vertices", "edges", "triples")
    }
    service.remove_source("shop")
    assert (stored.vertices(), stored.edges(), stored.hits("client", "delivery")) == ([], [], [(), ()])


def test_the_same_files_give_the_same_graph_in_both_stores(stored: Workplace, tmp_path: Path) -> None:
    files = tmp_path / "shop"
    files.mkdir()
    (files / "items.json").write_text(
        json.dumps([{"id": n, "Größe": n / 8, "tags": ["é", "b\u0000c", "x" * n], "ok": n % 2 == 0} for n in range(20)])
    )
    with workplace(tmp_path / "embedded") as embedded:
        for place in (stored, embedded):
            place.add("shop", files)
            assert place.build() == {}
        assert stored.graph() == embedded.graph()
        assert stored.hits("größe", "é") == embedded.hits("größe", "é")
