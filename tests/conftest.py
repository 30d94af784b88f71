"""Fixtures that tests of all parts share."""

from hypothesis import HealthCheck, settings

from tests.fixtures.servers import mariadb, postgres

__all__ = ["mariadb", "postgres"]

# Test machines are slow and shared: how long an example takes says nothing about the code.
settings.register_profile("bifrost", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bifrost")
