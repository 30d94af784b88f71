"""Finds implementations by name, imports them when first used.

An implementation is a module ``<package>/<prefix><name>.py`` that exports ``implementation``, or an entry point in the
group ``bifrost.<group>`` of an installed package. Listing names imports nothing.
"""

from importlib import import_module, metadata
from pathlib import Path
from typing import Generic, TypeVar, cast

from bifrost.errors import MissingExtraError, RegistryError

__all__ = ["Registry"]

T = TypeVar("T")

_EXTRAS = {"psycopg": "postgres", "pymysql": "mysql"}


class Registry(Generic[T]):
    """The implementations of one port. ``group`` is the entry-point group without the leading ``bifrost.``."""

    def __init__(self, package: str, *, prefix: str = "", group: str | None = None) -> None:
        self.package, self.prefix = package, prefix
        self.group = f"bifrost.{group or package}"

    def names(self) -> tuple[str, ...]:
        """Built-in and installed names, sorted."""
        folder = Path(cast(str, import_module(self.package).__file__)).parent
        own = {
            path.stem.removeprefix(self.prefix)
            for path in folder.glob(f"{self.prefix}*.py")
            if not path.stem.startswith("_") and "\nimplementation" in path.read_text(encoding="utf-8")
        }
        return tuple(sorted(own | {point.name for point in metadata.entry_points(group=self.group)}))

    def load(self, name: str) -> type[T]:
        """The class of that name. Raises RegistryError, MissingExtraError."""
        for point in metadata.entry_points(group=self.group):
            if point.name == name:
                return cast(type[T], point.load())
        if name not in self.names():
            raise RegistryError(
                f"There is no {self.prefix or self.package} called {name!r}; there are: {', '.join(self.names())}."
            )
        try:
            module = import_module(f"{self.package}.{self.prefix}{name}")
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in _EXTRAS:
                raise MissingExtraError(name, _EXTRAS[missing], missing) from error
            raise
        return cast(type[T], module.implementation)
