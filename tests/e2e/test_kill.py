"""A build that is killed at any moment and continued gives the graph of a build that was not."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.demo import make_company

pytestmark = pytest.mark.slow


def _bifrost(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "api.cli", "--data-dir", str(data), *arguments]


def _register(data: Path, company: Path) -> None:
    for name, location in {
        "erp": f"sqlite:///{company / 'erp.sqlite'}",
        "crm": company / "crm",
        "mail": company / "mail",
    }.items():
        subprocess.run(_bifrost(data, "source", "add", name, str(location)), check=True, capture_output=True)


def _graph(data: Path) -> list[tuple[object, ...]]:
    """Every served vertex and edge, link types included, without row numbers, which say only who came first."""
    with sqlite3.connect(data / "store.sqlite") as database:
        names = "SELECT id, name FROM label"
        label = dict(database.execute(names))
        uid = dict(database.execute("SELECT id, uid FROM vertex"))
        vertices = [(u, label[n], p) for u, n, p in database.execute("SELECT uid, label, properties FROM vertex")]
        edges = [
            (u, label[n], uid[t], uid[h], p)
            for u, n, t, h, p in database.execute("SELECT uid, label, tail, head, properties FROM edge")
        ]
        proposed = database.execute("SELECT id, state FROM link_type").fetchall()
    database.close()
    return sorted([*vertices, *edges, *proposed], key=repr)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    make_company(folder, scale=1, seed=5)
    shutil.copytree(folder / "documents" / "mail", folder / "mail")
    return folder


def test_a_killed_build_continues_where_it_stopped(company: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for data in (whole, killed):
        _register(data, company)
    started = time.monotonic()
    subprocess.run(_bifrost(whole, "build"), check=True, capture_output=True)
    seconds = time.monotonic() - started
    moments = random.Random(5)
    for _ in range(3):
        build = subprocess.Popen(_bifrost(killed, "build"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.25, 0.8) * seconds)
        build.send_signal(signal.SIGKILL)
        build.wait()
    finished = subprocess.run(_bifrost(killed, "build"), check=True, capture_output=True, text=True)
    assert "done" in finished.stdout
    assert _graph(killed) == _graph(whole)
