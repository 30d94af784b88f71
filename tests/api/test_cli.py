"""The command line does what the console does, with JSON for scripts and exit codes that they can use."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


class Bifrost:
    """The installed command over one data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, code: int = 0, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api.cli", "--data-dir", str(self.folder), *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        done = self.run("--json", *arguments, code=code)
        return json.loads(done.stdout or done.stderr)


@pytest.fixture
def bifrost(tmp_path: Path) -> Bifrost:
    return Bifrost(tmp_path / "data")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    clients = "\n".join(f"C-{n:04d},Client {n},Town {n % 7}" for n in range(60))
    orders = "\n".join(f"{9000 + n},C-{n * 7 % 60:04d},{n}.50" for n in range(200))
    (folder / "clients.csv").write_text(f"client_no,name,town\n{clients}\n")
    (folder / "orders.csv").write_text(f"order_no,client,amount\n{orders}\n")
    (folder / "note.txt").write_text("Client C-0007 called about order 9001.\n")
    return folder


def test_the_whole_job(bifrost: Bifrost, files: Path) -> None:
    bifrost.run("init")
    bifrost.run("source", "add", "shop", str(files))
    built = bifrost.json("build")
    assert built["build"]["state"] == "done"
    assert built["failures"] == []
    reference = next(
        one
        for one in bifrost.json("links", "list")
        if one["tail"]["columns"] == ["client"] and one["kind"] == "reference"
    )
    assert bifrost.json("links", "confirm", reference["id"], "--name", "ordered_by")["edges_changed"] == 200
    count = bifrost.json("query", "gremlin", "g.V().hasLabel('Order').out('ordered_by').dedup().count()")
    assert count == [60]
    assert [hit["vertex"]["label"] for hit in bifrost.json("search", "Client 7")][:1] == ["Client"]
    assert bifrost.json("links", "undo")["edges_changed"] == 200
    assert bifrost.json("status")["edge_labels"].get("ordered_by", 0) == 0
    bifrost.run("source", "remove", "shop", "--yes")
    assert bifrost.json("status")["vertices"] == 0


def test_building_again_changes_nothing(bifrost: Bifrost, files: Path) -> None:
    bifrost.run("source", "add", "shop", str(files))
    bifrost.run("build")
    before = bifrost.json("status")["log_position"]
    bifrost.run("build")
    assert bifrost.json("status")["log_position"] == before


def test_errors_say_what_to_do(bifrost: Bifrost) -> None:
    error = bifrost.json("source", "add", "x", "/no/such/folder", code=1)["error"]
    assert error["code"] == "bad_input"
    assert "bifrost source kinds" in error["remedy"]
    assert bifrost.json("build", code=1)["error"]["remedy"] == "Register a source first."
    bifrost.run("no-such-command", code=2)


def test_a_failing_source_does_not_stop_the_others(bifrost: Bifrost, files: Path) -> None:
    bifrost.run("source", "add", "shop", str(files))
    unreachable = "postgresql://reader@127.0.0.1:1/erp"
    bifrost.run("source", "add", "erp", unreachable, "--secret", "password=swordfish", "--no-test")
    built = bifrost.json("build", code=3)
    assert built["build"]["error"]["sources"]["erp"]["code"] == "source_unreachable"
    assert bifrost.json("status")["vertex_labels"]["Client"] == 60
    everything = b"".join(path.read_bytes() for path in bifrost.folder.rglob("*") if path.is_file())
    assert b"swordfish" not in everything


@pytest.mark.parametrize("command", [(), ("source",), ("source", "add"), ("build",), ("links", "correct"), ("serve",)])
def test_every_command_explains_itself(bifrost: Bifrost, command: tuple[str, ...]) -> None:
    assert "Usage:" in bifrost.run(*command, "--help").stdout


def test_an_export_is_loaded_into_an_empty_store(bifrost: Bifrost, files: Path, tmp_path: Path) -> None:
    bifrost.run("source", "add", "shop", str(files))
    bifrost.run("build")
    file, count = tmp_path / "graph.zip", "g.V().count()"
    bifrost.run("export", "parquet", "-o", str(file))
    refused = bifrost.json("load", str(file), code=1)
    assert refused["error"]["code"] == "conflict"
    other = Bifrost(tmp_path / "other")
    assert other.json("load", str(tmp_path), code=1)["error"]["code"] == "bad_input"
    assert other.json("load", str(file), "--name", "a/b", code=1)["error"]["code"] == "bad_input"
    loaded = other.json("load", str(file), "--name", "old")
    assert (loaded["source"], loaded["format"], loaded["vertices"]) == ("old", "parquet", 261)
    assert other.json("query", "gremlin", count) == bifrost.json("query", "gremlin", count)
    assert [hit["vertex"]["id"] for hit in other.json("search", "9001")] == ["shop/orders/9001"]
    # Builds read other sources beside it and leave it as it is.
    more = tmp_path / "more"
    more.mkdir()
    (more / "towns.csv").write_text("town,mayor\nTown 1,Ann\nTown 2,Ben\n")
    other.run("source", "add", "towns", str(more))
    assert other.json("build")["build"]["state"] == "done"
    assert other.json("query", "gremlin", count) == [263]
    other.run("source", "remove", "old", "--yes")
    assert other.json("query", "gremlin", count) == [2]


def test_a_reader_is_limited_to_sources_that_exist(bifrost: Bifrost, files: Path) -> None:
    bifrost.run("source", "add", "files", "files", "--option", f"path={files}")
    password = "correct horse battery\n" * 2
    refused = bifrost.run("user", "add", "eva", "--source", "fles", code=1, text=password)
    assert "no source 'fles'" in refused.stderr
    assert "files" in refused.stderr
    bifrost.run("user", "add", "eva", "--source", "files", text=password)
    assert bifrost.json("user", "list")[0]["sources"] == ["files"]
    assert "files" in bifrost.run("user", "list").stdout
    bifrost.run("user", "sources", "eva", code=1)
    bifrost.run("user", "sources", "eva", "--all")
    assert bifrost.json("user", "list")[0]["sources"] is None
    bifrost.run("user", "sources", "eva", "--source", "files")
    assert bifrost.json("user", "list")[0]["sources"] == ["files"]
    refused = bifrost.run("user", "add", "max", "--role", "admin", "--source", "files", code=1, text=password)
    assert "Only readers" in refused.stderr
