"""Statements to the served tables: plain DB-API rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from graphstore.database import Database
from graphstore.values import clean_text

__all__ = ["SqlTables"]


class SqlTables:
    """``connection`` is open while the execution runs; what is asked for later opens its own for a moment."""

    def __init__(self, database: Database, connection: Connection | None) -> None:
        self._db = database
        self.connection = connection
        self._names: Mapping[int, str] = {}

    def _with(self, use: Callable[[Connection], Any]) -> Any:
        if self.connection is not None and not self.connection.closed:
            with self._db.errors_mapped():
                return use(self.connection)
        opened: AbstractContextManager[Connection] = self._db.read()
        with opened as connection:
            return use(connection)

    def rows(self, text: str, *parameters: Any) -> list[Any]:
        """Runs a statement written with ? marks."""
        if not self._db.is_sqlite:
            text = text.replace("?", "%s")

        def run(connection: Connection) -> list[Any]:
            cursor = connection.connection.cursor()
            try:
                cursor.execute(text, parameters)
                return list(cursor.fetchall())
            finally:
                cursor.close()

        return self._with(run)  # type: ignore[no-any-return]

    def _among(self, column: str, numbers: Sequence[int]) -> tuple[str, Any]:
        """A condition that a column is one of some numbers, and its parameter."""
        if len(numbers) == 1:
            return f"{column} = ?", numbers[0]
        if self._db.is_sqlite:
            return f"{column} IN (SELECT value FROM json_each(?))", orjson.dumps(list(numbers)).decode()
        return f"{column} = ANY(?)", list(numbers)

    def name(self, label: int) -> str:
        """The name of a label id."""
        found = self._names.get(label)
        if found is None:
            self._names = self._with(self._db.label_names)
            found = self._names[label]
        return found

    def label_numbers(self, element: int, labels: Iterable[str]) -> list[int]:
        """The ids of those labels that exist."""
        found = []
        for name in labels:
            number = self._with(partial(self._db.find_label, element=element, name=clean_text(name)))
            if number is not None:
                found.append(number)
        return found
