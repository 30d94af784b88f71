"""TinkerPop's own scenarios against a scratch endpoint, where they are at hand.

Known failures are listed, with their reasons, in docs/reference/gremlin.md.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.gremlin_scratch import scratch_app
from tests.api.conftest import Server

REPOSITORY = Path(__file__).parents[3]
SUITE = REPOSITORY.parent / "shared" / "conformance"
_TRANSLATE = """
import re, sys
sys.path.insert(0, sys.argv[1])
import gremlin_suite
from tests.api.gremlin.as_bytecode import translation_file
scenarios = gremlin_suite.Suite(sys.argv[1] + "/gremlin/features").scenarios
given = re.compile(r"using the parameter (\\w+) ")
names = {s.name: [m[1] for step in s.steps if (m := given.match(step.text))] for s in scenarios}
open(sys.argv[2], "w").write(translation_file({s.name: list(s.gremlin) for s in scenarios}, names))
"""


@pytest.mark.slow
@pytest.mark.skipif(not (SUITE / "run_gherkin.py").exists(), reason="the conformance suite is not here")
@pytest.mark.parametrize("mode", ["script", "bytecode"])
@pytest.mark.parametrize("serializer", ["graphson3", "graphbinary"])
def test_scenarios(serializer: str, mode: str, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    options = ["--mode", mode]
    if mode == "bytecode":
        translations = tmp_path / "translations.py"
        subprocess.run([sys.executable, "-c", _TRANSLATE, str(SUITE), str(translations)], cwd=REPOSITORY, check=True)
        options += ["--translations", str(translations)]
    with Server(scratch_app()) as running:
        command = [
            sys.executable, "-W", "ignore", str(SUITE / "run_gherkin.py"),
            "--features", str(SUITE / "gremlin" / "features"), "--data", str(SUITE / "gremlin" / "data"),
            "--endpoint", f"ws://127.0.0.1:{running.port}/gremlin", "--serializer", serializer,
            "--timeout", "15", "--out", str(out), *options,
        ]  # fmt: skip
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        subprocess.run(command, cwd=SUITE, env=environment, capture_output=True, check=False, timeout=600)
    results = json.loads(out.read_text(encoding="utf-8"))["scenarios"]
    ran = [r for r in results if r["status"] != "skipped" and "keys must be str" not in r["message"]]
    failed = [f"{r['feature']}/{r['name']}: {r['message'][:100]}" for r in ran if r["status"] != "passed"]
    assert len(ran) > 1_300
    assert len(failed) / len(ran) < 0.01, failed
