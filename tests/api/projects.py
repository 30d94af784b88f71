"""Projects of a few tables, built once for a module of tests; the fixture ``service`` gives each test a copy of its own."""

from pathlib import Path

from api.compose import open_service
from api.service import Service
from bifrost.settings import load_settings

__all__ = ["build", "built_project"]


def build(service: Service) -> None:
    """Builds everything, and nothing goes wrong."""
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}


def built_project(work: Path, *sources: str) -> Path:
    """Registers the folders ``work / source`` under these names and builds them into ``work / "data"``; returns ``work``."""
    made = open_service(load_settings(data_dir=work / "data"))
    for source in sources:
        made.add_source(source, "files", {"path": str(work / source)}, {})
    build(made)
    made.close()
    return work
