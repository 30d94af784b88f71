"""What is open when the service ends: sessions are rolled back, running queries stop, nothing is waited for."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.process.anonymous_traversal import traversal
from gremlin_python.process.graph_traversal import __

from api.compose import open_store
from bifrost.settings import load_settings


def test_the_service_ends_by_a_signal_and_takes_back_what_was_not_committed(tmp_path: Path) -> None:
    environment = os.environ | {"BIFROST_DATA_DIR": str(tmp_path), "BIFROST_ADMIN_PASSWORD": "a-long-password"}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        ready = next(line for line in process.stderr if "ready at" in line)
        address = ready.split()[-1].replace("http", "ws") + "/gremlin"
        threading.Thread(target=process.stderr.read, daemon=True).start()
        remote = DriverRemoteConnection(address, "g", username="admin", password="a-long-password")
        g = traversal().with_(remote)
        g.add_v("kept").iterate()
        g.tx().begin().add_v("open").iterate()
        assert sorted(g.V().label().to_list()) == ["kept", "open"]
        endless = threading.Thread(
            target=lambda: _ignoring(g.V().repeat(__.union(__.identity(), __.identity())).times(10**6)), daemon=True
        )
        endless.start()
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        assert time.monotonic() - began < 15
    store = open_store(load_settings(data_dir=tmp_path))
    assert store.view().label_counts()[0] == {"kept": 1}
    store.close()


def _ignoring(query: object) -> None:
    try:
        query.to_list()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - the connection breaks, as it should
        return
