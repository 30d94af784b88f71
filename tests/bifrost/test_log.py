"""What other libraries log, once logging is set up."""

import subprocess
import sys

SCRIPT = """
import logging
from bifrost.log import configure_logging
from bifrost.settings import load_settings
configure_logging(load_settings())
logging.getLogger("gremlinpython").error("a refusal that is raised as well")
logging.getLogger("some.library").error("something to know")
"""


def test_refusals_that_a_driver_raises_are_not_logged_too() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    assert "something to know" in done.stderr
    assert "refusal" not in done.stderr + done.stdout
