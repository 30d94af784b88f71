"""Implementations are found by name and imported when first used."""

import subprocess
import sys

import pytest

from bifrost.errors import RegistryError
from bifrost.ports import Connector
from bifrost.registry import Registry


def test_names_are_found_without_importing_them() -> None:
    code = (
        "import sys; from bifrost.registry import Registry; names = Registry('connectors').names();"
        "assert {'sql', 'files'} <= set(names), names;"
        "assert not any(name.startswith('connectors.') for name in sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(RegistryError, match=r"no connectors called 'sap'; there are: .*files.*sql"):
        Registry[Connector]("connectors").load("sap")


def test_helpers_are_no_implementations() -> None:
    assert not any(name.startswith("_") for name in Registry[Connector]("connectors").names())
