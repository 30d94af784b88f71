"""Fixtures that tests of all parts share."""

import os

from hypothesis import HealthCheck, settings

from tests.fixtures.gremlin_server import gremlin_server_folder
from tests.fixtures.servers import mariadb, postgres

__all__ = ["gremlin_server_folder", "mariadb", "postgres"]

# Test machines are slow and shared: how long an example takes says nothing about the code. The same commit gives the same
# result on every machine; BIFROST_TEST_EFFORT (see tests/fixtures/searching.py) searches for examples nobody has tried.
settings.register_profile(
    "bifrost",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="BIFROST_TEST_EFFORT" not in os.environ,
)
settings.load_profile("bifrost")
