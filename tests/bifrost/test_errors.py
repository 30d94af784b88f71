"""One error tree: drawn in the module, complete, with a remedy everywhere, and able to cross process borders."""

import pickle
import re
from collections.abc import Iterator

import pytest

from bifrost import errors
from bifrost.errors import BifrostError, MissingExtraError, QuerySyntaxError, RecordError, RemovalGuardError


def _tree(cls: type[BifrostError]) -> Iterator[type[BifrostError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__ == "bifrost.errors":
            yield from _tree(child)


ALL = list(_tree(BifrostError))
EXAMPLES = [
    MissingExtraError("sql", "postgres", "psycopg"),
    QuerySyntaxError("unexpected )", line=2, column=7),
    RecordError("broken", record="a.pdf"),
    RemovalGuardError("crm", "accounts", 90, 100, 0.3),
]


def test_the_public_names_are_the_errors() -> None:
    assert sorted(errors.__all__) == sorted(cls.__name__ for cls in ALL)


def test_the_drawing_shows_every_error() -> None:
    drawn = re.findall(r"(\w+Error)\b", errors.__doc__ or "")
    assert sorted(drawn) == sorted(cls.__name__ for cls in ALL)


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_every_error_has_a_code_and_a_remedy(cls: type[BifrostError]) -> None:
    assert re.fullmatch(r"[a-z_]+", cls.code)
    assert cls is MissingExtraError or cls.default_remedy.endswith((".", "!"))


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in ALL]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_cross_process_borders_whole(error: BifrostError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert copy.to_dict() == error.to_dict()
    assert copy.__dict__ == error.__dict__
