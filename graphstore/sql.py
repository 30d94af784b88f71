"""The system of record on SQLite or PostgreSQL: one URL, one set of tables, one contract."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from graphstore.catalog import SqlCatalog
from graphstore.database import Database
from graphstore.fragments import SqlFragmentStore
from graphstore.linking_data import SqlLinkingData
from graphstore.links import SqlLinkStore
from graphstore.log import SqlChangeLog
from graphstore.migrate import migrate
from graphstore.statistics import Statistics
from graphstore.view import SqlGraphView

__all__ = ["SqlStore"]


class SqlStore:
    """A store at ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``.

    Call :meth:`migrate` once before anything else. Safe to use from many threads; many processes may open one store.
    """

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.catalog = SqlCatalog(self)
        self.fragments = SqlFragmentStore(self)
        self.links = SqlLinkStore(self)
        self.log = SqlChangeLog(self.database)
        self._statistics = Statistics(self.database)

    @property
    def engine(self) -> sa.Engine:
        """For readers of the served tables, such as the Gremlin engine. Writes go through the ports only."""
        return self.database.engine

    def view(self) -> SqlGraphView:
        return SqlGraphView(self.database, self._statistics)

    def linking_data(self) -> SqlLinkingData:
        return SqlLinkingData(self.database, self.catalog)

    def migrate(self) -> None:
        """Creates or upgrades the schema; a no-op on a current one. Safe from several processes at once."""
        migrate(self.database)

    def batch(self) -> AbstractContextManager[None]:
        return self._batch()

    @contextmanager
    def _batch(self) -> Iterator[None]:
        with self.database.write():
            yield

    def ranks_changed(self, connection: Connection) -> None:
        """Chooses canonical ids and the order of conflicting values anew after a source's rank changed."""
        self.fragments.recluster_all(connection)

    def close(self) -> None:
        self.database.close()
