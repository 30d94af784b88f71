"""The documentation says what the code does: reference pages are current, links lead somewhere."""

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def _generator() -> ModuleType:
    loader = SourceFileLoader("reference_pages", str(ROOT / "scripts" / "reference-pages"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "errors.md"])
def test_reference_pages_are_current(name: str) -> None:
    """When this fails: run scripts/reference-pages and read what changed."""
    made = "\n".join(_generator().PAGES[name]()) + "\n"
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == made


@pytest.mark.parametrize(
    "document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name
)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (document.parent / target).exists()]
    assert missing == []
