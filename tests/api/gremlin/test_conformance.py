"""TinkerPop's own scenarios against a scratch endpoint, where they are at hand.

Known failures are listed, with their reasons, in docs/reference/gremlin.md.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.gremlin_scratch import scratch_app
from tests.api.conftest import Server

SUITE = Path(__file__).parents[4] / "shared" / "conformance"


@pytest.mark.slow
@pytest.mark.skipif(not (SUITE / "run_gherkin.py").exists(), reason="the conformance suite is not here")
@pytest.mark.parametrize("serializer", ["graphson3", "graphbinary"])
def test_scenarios(serializer: str, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    with Server(scratch_app()) as running:
        command = [
            sys.executable, "-W", "ignore", str(SUITE / "run_gherkin.py"),
            "--features", str(SUITE / "gremlin" / "features"), "--data", str(SUITE / "gremlin" / "data"),
            "--endpoint", f"ws://127.0.0.1:{running.port}/gremlin", "--mode", "script", "--serializer", serializer,
            "--timeout", "15", "--out", str(out),
        ]  # fmt: skip
        subprocess.run(command, cwd=SUITE, capture_output=True, check=False, timeout=600)
    results = json.loads(out.read_text(encoding="utf-8"))["scenarios"]
    ran = [r for r in results if r["status"] != "skipped" and "keys must be str" not in r["message"]]
    failed = [f"{r['feature']}/{r['name']}: {r['message'][:100]}" for r in ran if r["status"] != "passed"]
    assert len(ran) > 1_300
    assert len(failed) / len(ran) < 0.01, failed
