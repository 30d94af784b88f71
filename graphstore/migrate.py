"""Brings a database's schema to this version, whatever version wrote it."""

import logging
from pathlib import Path

import sqlalchemy as sa

from bifrost.errors import StoreError
from graphstore.database import Database

__all__ = ["HEAD", "migrate"]

_log = logging.getLogger(__name__)
HEAD = "0004"
"""The newest schema version; equals the newest file in graphstore/migrations/versions."""


def migrate(database: Database) -> None:
    """Runs what migrations are missing in one transaction. Raises StoreError for a store of a newer release."""
    if _version(database) == HEAD:
        return
    # Alembic is slow to import and only needed here.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with database.write() as connection:
        found = _current(connection)
        if found is not None and found not in known:
            raise StoreError(
                f"The store has schema version {found}, which this release does not know.",
                remedy="Upgrade Bifrost, or open the store with the release that wrote it.",
            )
        if found is not None:
            _log.info("The store is brought from schema version %s to %s; a large one takes a while.", found, HEAD)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(database: Database) -> str | None:
    with database.read() as connection:
        return _current(connection)


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
