"""The JavaScript driver (npm gremlin): bytecode, strings and many requests at once on one connection."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = """
const gremlin = require('gremlin');
const { t, P, statics } = gremlin.process;
const __ = statics;
async function main(url) {
  const connection = new gremlin.driver.DriverRemoteConnection(url, { traversalSource: 'g' });
  const g = gremlin.process.AnonymousTraversalSource.traversal().withRemote(connection);
  const client = new gremlin.driver.Client(url, { traversalSource: 'g' });
  const found = {
    names: (await g.V().has('age', P.gt(30)).order().by('age').values('name').toList()),
    label: (await g.V('1').next()).value.label,
    groups: Object.fromEntries((await g.V().groupCount().by(t.label).next()).value),
    hops: await g.V('1').repeat(__.out()).times(2).count().next().then(x => x.value),
    text: (await client.submit("g.V().has('name', n).out().count()", { n: 'marko' })).toArray(),
    many: await Promise.all([...Array(20)].map(() => g.V().count().next().then(x => x.value))),
  };
  try { await client.submit('g.V().nope()'); } catch (error) { found.error = error.statusCode; }
  await connection.close(); await client.close();
  console.log(JSON.stringify(found));
}
main(process.argv[2]);
"""


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the driver installed."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "gremlin@3.8"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"npm cannot install the driver: {done.stderr[-200:]}")
    (folder / "ask.js").write_text(SCRIPT, encoding="utf-8")
    return folder


def test_the_driver_gets_right_answers(driver: Path, url: str) -> None:
    done = subprocess.run(["node", "ask.js", url], cwd=driver, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "names": ["josh", "peter"],
        "label": "person",
        "groups": {"person": 4, "software": 2},
        "hops": 2,
        "text": [3],
        "many": [6] * 20,
        "error": 597,
    }
