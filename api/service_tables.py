"""Tables that the service keeps where the accounts live, so that writing them never waits for a build."""

import threading

from sqlalchemy import Engine, MetaData

from api.accounts_schema import changing_tables, open_engine
from bifrost.settings import Settings

__all__ = ["ServiceTables"]


class ServiceTables:
    """Opened, and its tables made, when first used; safe to use from several threads and processes."""

    def __init__(self, settings: Settings, metadata: MetaData) -> None:
        self._settings, self._metadata = settings, metadata
        self._lock = threading.Lock()
        self._opened: Engine | None = None

    @property
    def _engine(self) -> Engine:
        with self._lock:
            if self._opened is None:
                engine = open_engine(self._settings)
                with changing_tables(engine) as connection:
                    self._metadata.create_all(connection)
                self._opened = engine
            return self._opened

    def close(self) -> None:
        """Can be used again."""
        with self._lock:
            if self._opened is not None:
                self._opened.dispose()
                self._opened = None
