"""The system of record on SQLite or PostgreSQL: one URL, one set of tables, one contract."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from graphstore.catalog import SqlCatalog
from graphstore.database import Database
from graphstore.fragments import SqlFragmentStore
from graphstore.linking_data import SqlLinkingData
from graphstore.links import SqlLinkStore
from graphstore.log import SqlChangeLog
from graphstore.migrate import migrate
from graphstore.scopes import Scopes
from graphstore.statistics import Statistics
from graphstore.view import SqlGraphView
from graphstore.view_statements import ViewStatements

__all__ = ["SqlStore"]


class SqlStore:
    """A store at ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``.

    Call :meth:`migrate` once before anything else. Safe to use from many threads; many processes may open one store.
    """

    def __init__(self, url: str, *, scopes_folder: Path | None = None) -> None:
        """``scopes_folder`` is where graphs for readers of some sources only are kept; beside an SQLite store by
        default, in a temporary folder for PostgreSQL."""
        self.database = Database(url)
        self._temporary: TemporaryDirectory[str] | None = None
        self._scopes_folder = scopes_folder
        self.catalog = SqlCatalog(self)
        self.fragments = SqlFragmentStore(self)
        self.links = SqlLinkStore(self)
        self.log = SqlChangeLog(self.database)
        self._statistics = Statistics(self.database)
        self._statements = ViewStatements(self.database)
        self._forgetting: list[Callable[[], object]] = []
        self._scopes = Scopes(self, self._folder(), SqlStore)

    def _folder(self) -> Path:
        if self._scopes_folder is not None:
            return self._scopes_folder
        if self.database.is_sqlite:
            file = Path(str(self.database.url.database))
            return file.with_name(f"{file.stem}-scopes")
        self._temporary = TemporaryDirectory(prefix="bifrost-scopes-")
        return Path(self._temporary.name)

    @property
    def engine(self) -> sa.Engine:
        """For readers of the served tables, such as the Gremlin engine. Writes go through the ports only."""
        return self.database.engine

    def view(self, scope: frozenset[str] | None = None) -> SqlGraphView:
        """The graph as a reader of these sources sees it; None means all."""
        found = self if scope is None else self.scoped(scope)
        return SqlGraphView(found.database, found._statistics, found._statements)

    def on_forgetting(self, follow: Callable[[], object]) -> None:
        """``follow`` is called when this store of a scope has forgotten a source, so that what follows the store does, too."""
        self._forgetting.append(follow)

    def follow_forgetting(self) -> None:
        for follow in self._forgetting:
            follow()

    def forget_copies(self, source: str) -> None:
        """Lets the stores of scopes forget a source that was removed."""
        self._scopes.forget(source)

    def scoped(self, scope: frozenset[str]) -> "SqlStore":
        """A store in step with this one that holds only what these sources say, for reading: what a graph built
        without the others would be. All surfaces can be put on it."""
        if scope >= {source.name for source in self.catalog.sources()}:
            return self
        return self._scopes.store(scope)

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
        self._scopes.close()
        self.database.close()
        if self._temporary is not None:
            self._temporary.cleanup()
