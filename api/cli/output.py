"""How the command line prints: tables and progress for people, JSON for scripts."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bifrost.errors import BifrostError, InputError
from bifrost.settings import Settings

if TYPE_CHECKING:  # importing the parts takes a second, which help texts need not cost
    from api.service import Service

__all__ = ["Context", "key_values", "pass_context", "plain", "print_error", "user_name"]

T = TypeVar("T")
_ID_WIDTH = 16
_INDENT = 4


@dataclass
class Context:
    """Shared by all commands: the settings, and the service once it is needed."""

    settings: Settings
    as_json: bool
    console: Console = field(default_factory=Console)
    _service: "Service | None" = None

    @property
    def service(self) -> "Service":
        """Opened when first used, so that ``--help`` and ``demo`` need no store."""
        if self._service is None:
            from api.compose import open_service

            self._service = open_service(self.settings)
        return self._service

    def close(self) -> None:
        if self._service is not None:
            self._service.close()

    def show(self, value: Any, text: str | None = None) -> None:
        """Prints a result: ``value`` as JSON with ``--json``, else ``text`` (or the JSON where there is no text)."""
        if self.as_json or text is None:
            click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))
        else:
            self.console.print(text, highlight=False, soft_wrap=True)

    def working(self, work: Callable[[Callable[[str], None]], T]) -> T:
        """What ``work`` returns; what it reports is shown on standard error while it runs."""
        console = Console(stderr=True)
        with console.status("starting") as status:
            return work(lambda text: status.update(escape(text)))

    def table(self, rows: Sequence[Any], columns: Mapping[str, Iterable[Any]], empty: str, below: str = "") -> None:
        """Prints ``rows`` as JSON, or the ``columns`` (heading -> one cell per row) as a table; ``empty`` if there are none.

        Where the terminal is too narrow for all of them, the column ``below`` stands under each row.
        """
        if self.as_json:
            self.show(rows)
            return
        if not rows:
            self.console.print(empty, highlight=False)
            return
        texts = {heading: ["" if cell is None else str(cell) for cell in cells] for heading, cells in columns.items()}
        widths = {heading: max(map(len, (heading, *cells))) for heading, cells in texts.items()}
        if below and sum(widths.values()) + 2 * (len(widths) - 1) > self.console.width:
            self._stacked(texts, widths, below)
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading, cells in texts.items():
            # Ids are copied, so they stay in one piece however narrow the terminal is.
            whole = all(len(cell) <= _ID_WIDTH and " " not in cell for cell in cells)
            table.add_column(heading, overflow="fold", no_wrap=whole)
        for row in zip(*texts.values(), strict=True):
            table.add_row(*map(Text, row))
        self.console.print(table, highlight=False)

    def _stacked(self, texts: Mapping[str, Sequence[str]], widths: Mapping[str, int], below: str) -> None:
        others = [heading for heading in texts if heading != below]
        for k in range(-1, len(texts[below])):
            cells = [(heading if k < 0 else texts[heading][k]).ljust(widths[heading]) for heading in others]
            line = Text("  ".join(cells).rstrip(), style="bold" if k < 0 else "")
            self.console.print(line, highlight=False)
            if k >= 0:
                self.console.print(Padding(Text(texts[below][k]), (0, 0, 0, _INDENT), expand=False), highlight=False)


pass_context = click.make_pass_decorator(Context)


def plain(value: Any) -> Any:
    """A value as JSON types."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return plain({name: getattr(value, name) for name in value.__dataclass_fields__})
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


def print_error(error: BifrostError, *, as_json: bool) -> None:
    """An error on standard error, with what to do about it."""
    if as_json:
        click.echo(json.dumps({"error": error.to_dict()}, ensure_ascii=False), err=True)
    else:
        click.secho(f"Error: {error.message}", fg="red", err=True)
        if error.remedy:
            click.echo(f"  {error.remedy}", err=True)


def key_values(pairs: Sequence[str], flag: str) -> dict[str, Any]:
    """``("a=1", "b=x")`` as a mapping; values that are JSON numbers, booleans, lists or objects are taken as such."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise InputError(f"{flag} {pair!r} is not of the form name=value.")
        try:
            values[key] = json.loads(text) if text[:1] in "[{" or text in ("true", "false") else text
        except json.JSONDecodeError:
            values[key] = text
    return values


def user_name() -> str:
    """Who answers on the command line."""
    try:
        return Path.home().name or "command line"
    except RuntimeError:
        return "command line"
