import json
from pathlib import Path

from linking.knowledge import KeptKnowledge, keep_knowledge
from linking.linker import BifrostLinker


def file_with(count: int) -> bytes:
    examples = [{"confirmed": True, "features": {"containment": 1.0}}] * count
    return json.dumps({"format": "bifrost-linking-knowledge-1", "kinds": {"reference": examples}}).encode()


def test_what_is_imported_counts_without_a_restart(tmp_path: Path) -> None:
    linker = BifrostLinker(knowledge=KeptKnowledge(tmp_path))
    versions = [linker.version]
    for count in (1, 2):
        keep_knowledge(tmp_path, file_with(count))
        versions.append(linker.version)
    assert len(set(versions)) == 3
    assert len(KeptKnowledge(tmp_path)()) == 2
