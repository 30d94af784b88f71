"""Registering sources: credentials are split off and encrypted wherever they were given."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from api.compose import open_service
from api.kept_predictions import Prediction, PredictionOptions, Predictions
from api.review_log import ReviewLog, Sample
from api.service import Service
from bifrost.catalog import LOADED, Source
from bifrost.errors import ConflictError, InputError, NotFoundError, RegistryError
from bifrost.links import Estimate, LinkKind, Matched, PairQuestion
from bifrost.settings import load_settings
from graphstore.source_edits import SourceEdits
from graphstore.sql import SqlStore
from linking.records import KeptTasks
from linking.records.alignment import records_of
from linking.records.fields import Records
from tests.graphstore.worlds import link_type


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = open_service(load_settings(data_dir=tmp_path / "data"))
    yield made
    made.close()


def _stored(service: Service) -> bytes:
    return b"".join(path.read_bytes() for path in service.settings.data_dir.rglob("*") if path.is_file())


def test_a_password_inside_a_url_is_encrypted_too(service: Service) -> None:
    source = service.add_source("erp", "sql", {"url": "postgresql://ann:swordfish@db.example/erp"}, {})
    assert source.options == {"url": "postgresql://ann@db.example/erp"}
    assert service.secrets.open(service.store.catalog.secret("erp")) == {"password": "swordfish"}
    assert b"swordfish" not in _stored(service)


def test_secrets_left_out_of_an_update_stay(service: Service) -> None:
    service.add_source("erp", "sql", {"url": "postgresql://ann@old.example/erp"}, {"password": "swordfish"})
    source = service.update_source("erp", "sql", {"url": "postgresql://ann@new.example/erp"}, {})
    assert source.options == {"url": "postgresql://ann@new.example/erp"}
    assert service.secrets.open(service.store.catalog.secret("erp")) == {"password": "swordfish"}


def test_a_removed_source_is_restored_with_its_data_and_its_password(service: Service, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "people.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    service.add_source("docs", "files", {"path": str(tmp_path / "files")}, {}, by="ann")
    service.add_source("erp", "sql", {"url": "postgresql://ann:swordfish@db.example/erp"}, {}, by="ann")
    assert service.pipeline.run(service.store.catalog.add_build(("docs",)).id) == {}
    before = service.store.view().vertices().items
    assert len(before) == 2
    for name in ("docs", "erp"):
        service.remove_source(name, by="bob")
    assert service.store.view().count() == 0
    assert b"swordfish" not in _stored(service)
    for edit in service.source_edits.history(2):
        assert (edit.action, edit.by) == ("delete", "bob")
        service.undo_edit(edit.id, "ann")
    assert service.secrets.open(service.store.catalog.secret("erp")) == {"password": "swordfish"}
    assert service.pipeline.run(service.store.catalog.add_build(("docs",)).id) == {}
    assert service.store.view().vertices().items == before


def test_predictions_that_are_kept_go_with_a_source(service: Service) -> None:
    one = Prediction("a/1", "Customer Ann", "b/1", "Depot 1", 0.9, ("Customer Ann -[LIVES_IN]-> Town 1",))
    found = Predictions("SERVED_BY", (one,), 1, "paths", {"paths": 0.9})
    for state in ("1", "2"):
        service.add_source("erp", "sql", {"url": "postgresql://ann@db.example/erp"}, {}, by="ann")
        service.predictions.keep(state, PredictionOptions("SERVED_BY"), found)
        assert b"Customer Ann" in _stored(service)
        if state == "1":
            service.remove_source("erp")
        else:
            service.undo_edit(service.source_edits.history(1)[0].id, "ann")
        assert b"Customer Ann" not in _stored(service)
        assert service.predictions.answer(state, PredictionOptions("SERVED_BY")) is None


def few_records(dataset: str) -> Records:
    name = {"crm/people": "Crawford", "erp/people": "Ericson"}[dataset]
    return records_of(pa.table({"_uid": ["1", "2", "3"], "name": [f"Ann {name}", f"Bob {name}", "Joe Smith"]}), None)


def test_what_is_known_of_pairs_goes_with_a_source(service: Service) -> None:
    for name in ("crm", "erp"):
        service.add_source(name, "sql", {"url": "postgresql://ann@db.example/erp"}, {}, by="ann")
    pair = PairQuestion("crm/people/ann@home.example", "erp/people/7", 0.5, 0.5)
    log = ReviewLog(service.settings)
    for left, right in (("crm/people", "erp/people"), ("erp/people", "erp/staff")):
        same = link_type(LinkKind.SAME_THING, left, right, "same_person")
        service.store.links.save_link_types([same])
        service.review.keep_matched(same, Matched(Estimate(1, 1, 1, 1), Estimate(1, 1, 1, 1), 0, (pair,)))
        log.keep_sample(Sample(same.id, 1, datetime.now(UTC), 1, ((pair.left, pair.right, 0.5),)))
        KeptTasks(service.settings.data_dir / "matching", large=1).match(same.id, few_records(left))
    assert len(log.samples()) == 2
    assert b"crawford" in _stored(service)
    service.remove_source("crm")
    assert b"crawford" not in _stored(service)
    assert b"ericson" in _stored(service)
    (left_over,) = service.store.links.link_types()
    assert [one.link_type for one in log.samples()] == [left_over.id]
    assert service.review.matched(left_over) is not None
    assert service.review.matched(same) is not None
    gone = link_type(LinkKind.SAME_THING, "crm/people", "erp/people", "same_person")
    assert service.review.matched(gone) is None
    log.close()


def test_a_removed_source_goes_from_the_graphs_of_readers_who_never_come_back(service: Service, tmp_path: Path) -> None:
    for name, person in (("docs", "Ann"), ("more", "Bob"), ("rest", "Eve")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "people.csv").write_text(f"id,name\n1,{person}\n")
        service.add_source(name, "files", {"path": str(tmp_path / name)}, {}, by="ann")
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    scopes, store = [frozenset({"docs"}), frozenset({"docs", "more"})], service.store
    assert isinstance(store, SqlStore)
    assert [store.scoped(scope).view().count() for scope in scopes] == [1, 2]
    file = service.settings.data_dir / "store.sqlite"
    with closing(SqlStore(f"sqlite:///{file}")) as other:
        service.remove_source("docs", forget=True)  # whose scopes this process has open
        SourceEdits(other).remove("more", by="bob")  # whose scope it has not
    for scoped in file.with_name("store-scopes").glob("*.sqlite"):
        with closing(sqlite3.connect(scoped)) as connection:
            assert connection.execute("SELECT count(*) FROM fragment").fetchone() == (0,)
    (tmp_path / "more" / "people.csv").write_text("id,name\n1,Bob\n2,Joe\n")
    service.add_source("more", "files", {"path": str(tmp_path / "more")}, {}, by="ann")
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    assert [store.scoped(scope).view().count() for scope in scopes] == [0, 2]


def test_credentials_of_removed_sources_are_forgotten_in_time(service: Service) -> None:
    service.add_source("erp", "sql", {"url": "postgresql://ann:swordfish@db.example/erp"}, {})
    service.remove_source("erp")
    assert service.source_edits.forget(days=1) == 0
    assert service.source_edits.forget(days=0) == 1
    with pytest.raises(ConflictError, match="forgotten"):
        service.undo_edit(service.source_edits.history(1)[0].id, "ann")


def test_an_update_is_taken_back_with_the_password_before_it(service: Service) -> None:
    service.add_source("erp", "sql", {"url": "postgresql://ann@old.example/erp"}, {})
    service.update_source("erp", "sql", {"url": "postgresql://bob@new.example/erp"}, {"password": "swordfish"})
    service.undo_edit(service.source_edits.history(1)[0].id, "ann")
    assert service.store.catalog.source("erp").options == {"url": "postgresql://ann@old.example/erp"}
    assert service.secrets.open(service.store.catalog.secret("erp")) == {}


def test_a_source_keeps_its_kind(service: Service, tmp_path: Path) -> None:
    service.add_source("docs", "files", {"path": str(tmp_path)}, {})
    with pytest.raises(InputError, match="kind 'files'"):
        service.update_source("docs", "sql", {"url": "sqlite:///x"}, {})


@pytest.mark.parametrize("name", ["", " a", "a/b", "a|b", "edits", "linking", "x" * 101, "a\nb", "50%"])
def test_unfit_names_are_refused(service: Service, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        service.add_source(name, "files", {"path": str(tmp_path)}, {})


def test_a_name_is_taken_once(service: Service, tmp_path: Path) -> None:
    service.add_source("docs", "files", {"path": str(tmp_path)}, {})
    with pytest.raises(ConflictError):
        service.add_source("docs", "files", {"path": str(tmp_path)}, {})


def test_a_loaded_graph_keeps_what_it_was_loaded_from(service: Service) -> None:
    said = {"file": "graph.zip", "format": "parquet"}
    service.source_edits.add(Source("old", LOADED, said), None, by="ann")
    for options in ({}, said):
        changed = service.update_source("old", LOADED, options, None, rank=3, by="ann")
        assert (changed.rank, changed.options) == (3, said)
    with pytest.raises(InputError, match="cannot be changed"):
        service.update_source("old", LOADED, {"file": "other.zip"}, None)
    with pytest.raises(RegistryError):
        service.add_source("new", LOADED, {}, {})


def test_wrong_options_are_named(service: Service) -> None:
    with pytest.raises(InputError, match="path"):
        service.add_source("docs", "files", {}, {})
    with pytest.raises(NotFoundError):
        service.start_build(["nobody"])


def test_every_kind_of_source_describes_its_form(service: Service) -> None:
    for kind in service.source_kinds():
        assert kind.title
        for name, field in kind.schema["properties"].items():
            assert field.get("description") or field.get("title"), f"{kind.kind}.{name}"
    assert {kind.kind: kind.secrets for kind in service.source_kinds()}["sql"] == ("password",)


@pytest.mark.parametrize("location", ["outside", "inside/../outside", "link"])
def test_local_sources_stay_below_the_allowed_folders(tmp_path: Path, location: str) -> None:
    for name in ("inside", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    path = tmp_path / "inside" / "link" if location == "link" else tmp_path / location
    limited = open_service(load_settings(data_dir=tmp_path / "data", file_roots=(tmp_path / "inside",)))
    try:
        for kind, options in (("files", {"path": str(path)}), ("sql", {"url": f"sqlite:///{path / 'x.sqlite'}"})):
            with pytest.raises(InputError, match="outside the folders"):
                limited.test_source("s", kind, options, {})
            with pytest.raises(InputError, match="outside the folders"):
                limited.add_source("s", kind, options, {})
        limited.add_source("s", "files", {"path": str(tmp_path / "inside")}, {})
    finally:
        limited.close()
