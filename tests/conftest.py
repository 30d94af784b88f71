"""Fixtures that tests of all parts share."""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import pytest
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


@pytest.fixture(autouse=True)
def _leftovers_of_gremlinpython(request: pytest.FixtureRequest) -> Iterator[None]:
    """Its connections leave sessions and loops open; a later test, in which they were found, would fail for it."""
    yield
    if _uses_gremlinpython(request.module):
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        try:
            with warnings.catch_warnings(action="ignore"):
                gc.collect()
        finally:
            sys.unraisablehook = hook


@cache
def _uses_gremlinpython(module: ModuleType) -> bool:
    named = (getattr(thing, "__module__", None) or getattr(thing, "__name__", "") for thing in vars(module).values())
    return any(str(name).startswith("gremlin_python") for name in named)
