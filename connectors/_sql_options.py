"""What the SQL connector takes, and how it becomes an engine that cannot write."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from bifrost.errors import MissingExtraError, SourceError
from connectors._options import Patterns

__all__ = ["CONNECT_SECONDS", "SqlOptions", "make_engine"]

CONNECT_SECONDS = 10

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS = {"psycopg": "postgres", "pymysql": "mysql"}


class SqlOptions(BaseModel):
    """Either ``url`` or its parts. A password inside ``url`` is moved to ``password``, so that it is kept as a secret."""

    model_config = ConfigDict(extra="forbid", title="SQL database", hide_input_in_errors=True)

    url: str | None = Field(None, title="URL", description="For example postgresql://user@host:5432/database")
    dialect: str = Field(
        "postgresql",
        title="Kind",
        description="One of these, or a SQLAlchemy dialect that is installed",
        examples=["postgresql", "mysql", "mariadb", "sqlite"],
    )
    host: str | None = Field(None, title="Host")
    port: int | None = Field(None, title="Port", ge=1, le=65535)
    database: str | None = Field(None, title="Database", description="The database's name; for SQLite the file's path")
    user: str | None = Field(None, title="User")
    password: SecretStr | None = Field(None, title="Password")
    schema_name: str | None = Field(
        None, alias="schema", title="Schema", description="Empty: the server's default schema"
    )
    include: Patterns = Field((), title="Tables", description="Patterns such as order*; empty means all")
    exclude: Patterns = Field((), title="Tables to leave out", description="Patterns such as tmp_*")
    views: bool = Field(False, title="Views too", description="Read views like tables")
    batch_rows: int = Field(5000, title="Rows per batch", ge=1, le=100_000)

    @model_validator(mode="before")
    @classmethod
    def _take_password_out(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not data.get("url"):
            return data
        try:
            url = make_url(data["url"])
        except ArgumentError:
            raise ValueError("not a database URL; expected dialect://user@host:port/database") from None
        if url.password is None:
            return data
        bare = url._replace(password=None).render_as_string(hide_password=False)
        return {**data, "url": bare, "password": data.get("password") or url.password}

    @model_validator(mode="after")
    def _need_an_address(self) -> "SqlOptions":
        if self.url is None and self.database is None:
            raise ValueError("give a URL, or at least a database")
        return self

    def address(self) -> URL:
        """The URL with driver and password."""
        if self.url is not None:
            url = make_url(self.url)
        else:
            url = URL.create(self.dialect, username=self.user, host=self.host, port=self.port, database=self.database)
        if self.password is not None:
            url = url.set(password=self.password.get_secret_value())
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))

    def local_paths(self) -> tuple[Path, ...]:
        """What this source reads from the disk of the machine that runs Bifrost: the file of an embedded database."""
        url = self.address()
        embedded = url.get_backend_name() in ("sqlite", "duckdb") and url.database
        return (Path(str(url.database).removeprefix("file:").partition("?")[0]),) if embedded else ()


def make_engine(options: SqlOptions) -> Engine:
    """An engine whose sessions only read. Connects to nothing yet."""
    url = options.address()
    backend = url.get_backend_name()
    try:
        if backend == "sqlite":
            return _sqlite_engine(url)
        arguments: dict[str, Any] = {}
        if backend in ("postgresql", "mysql", "mariadb"):
            arguments["connect_timeout"] = CONNECT_SECONDS
        if backend == "postgresql":
            arguments["options"] = "-c default_transaction_read_only=on"
            arguments["application_name"] = "bifrost"
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    except ModuleNotFoundError as error:
        missing = error.name or url.drivername
        raise MissingExtraError(url.drivername, _EXTRAS.get(missing, missing), missing) from None
    except NoSuchModuleError:
        raise SourceError(
            f"There is no database dialect {url.drivername!r}.",
            remedy="Check the spelling, or install the SQLAlchemy dialect for this database with pip.",
        ) from None
    if backend == "postgresql" and url.get_driver_name() == "psycopg":
        event.listen(engine, "connect", _tolerate_odd_dates)
    if backend in ("mysql", "mariadb"):
        event.listen(engine, "connect", _mysql_read_only)
    return engine


def _sqlite_engine(url: URL) -> Engine:
    path = Path(url.database or "")
    if not url.database or url.database == ":memory:" or not path.is_file():
        raise SourceError(
            f"There is no SQLite file {str(path)!r}.", remedy="Check the path; a database file is never created."
        )
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\x00":
            raise SourceError(
                f"{str(path)!r} is not a SQLite database.", remedy="Choose a SQLite 3 file without encryption."
            )

    def connect() -> sqlite3.Connection:
        connection = _open_sqlite(path)
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        return connection

    return create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _open_sqlite(path: Path) -> sqlite3.Connection:
    """Read-only. A WAL database in a folder we may not write to opens as immutable: nobody can be writing to it."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=CONNECT_SECONDS, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.OperationalError as error:
        connection.close()
        if "unable to open" not in str(error) or path.with_name(path.name + "-wal").exists():
            raise
        return sqlite3.connect(f"{address}&immutable=1", uri=True, check_same_thread=False)
    return connection


def _mysql_read_only(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute("SET SESSION net_write_timeout = 3600")


def _tolerate_odd_dates(connection: Any, _record: object) -> None:
    """Dates that Python has not ('infinity', years BC) arrive as the server's text instead of failing the table."""
    from psycopg import DataError
    from psycopg.types import datetime as loaders

    def tolerant(base: type) -> type:
        def load(self: Any, data: Any) -> Any:
            try:
                return base.load(self, data)  # type: ignore[attr-defined]
            except DataError:
                return bytes(data).decode()

        return type(f"Tolerant{base.__name__}", (base,), {"load": load})

    for name, base in (
        ("date", loaders.DateLoader),
        ("timestamp", loaders.TimestampLoader),
        ("timestamptz", loaders.TimestamptzLoader),
    ):
        connection.adapters.register_loader(name, tolerant(base))
