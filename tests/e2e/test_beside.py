"""The command line beside a running service."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.cli import cli
from bifrost.errors import BifrostError
from tests.e2e.workplace import workplace

PASSWORD = "a-long-password"
QUERY = "SELECT ?n { ?s a ?t ; <https://bifrost.local/p/name> ?n }"


def test_sparql_is_asked_of_the_service_that_holds_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    (tmp_path / "t.ttl").write_text('<http://x/a> a <http://x/City> ; <http://x/name> "Rome" .')
    with workplace(data) as work:
        work.add("rdf", tmp_path / "t.ttl")
        work.build()

    def sparql(query: str) -> str:
        cli(["--data-dir", str(data), "query", "sparql", query], standalone_mode=False)
        return capsys.readouterr().out

    environment = {**os.environ, "BIFROST_DATA_DIR": str(data), "BIFROST_ADMIN_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert service.stderr is not None
            address = next(found[1] for line in service.stderr if (found := re.search(r"ready at (\S+)", line)))
            with httpx.Client(base_url=address, auth=("admin", PASSWORD)) as http:
                held = http.get("/sparql", params={"query": QUERY}).json()
                assert held["results"]["bindings"][0]["n"]["value"] == "Rome"
                assert "Rome" in sparql(QUERY)
                with pytest.raises(BifrostError, match="cannot be parsed"):
                    sparql("SELECT nothing")
                tokens = http.post("/graphql", json={"query": "{ tokens { name } }"}).json()
                assert tokens["data"]["tokens"] == [], "what was made for one question is gone"
        finally:
            service.terminate()
            service.communicate(timeout=30)
    assert not (data / "service.json").exists()
    assert "Rome" in sparql(QUERY)
