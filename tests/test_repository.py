"""The repository keeps its own rules."""

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "name", ["bifrost", "connectors", "extraction", "linking", "graphstore", "api", "ui", "benchmarks"]
)
def test_top_level_names_are_ours(name: str) -> None:
    """These names are generic: another installed package could shadow them."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
