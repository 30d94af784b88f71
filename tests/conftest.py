"""Fixtures that tests of all parts share."""

from tests.fixtures.servers import mariadb, postgres

__all__ = ["mariadb", "postgres"]
