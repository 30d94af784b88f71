"""The committed weights are those that ATTRIBUTION.md describes."""

import hashlib
import re

import pytest

from extraction.encoder_minilm import WEIGHTS

ATTRIBUTION = (WEIGHTS / "ATTRIBUTION.md").read_text(encoding="utf-8")
DIGESTS = dict(re.findall(r"`([\w.]+)` \| `([0-9a-f]{64})`", ATTRIBUTION))


def test_every_file_has_a_section() -> None:
    files = {path.name for path in WEIGHTS.iterdir()} - {"ATTRIBUTION.md"}
    headings = set(re.findall(r"[\w.]+\.(?:onnx|json)", " ".join(re.findall(r"^## .*", ATTRIBUTION, re.MULTILINE))))
    assert headings == files


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_files_have_the_digests_that_are_written_down(name: str) -> None:
    assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == DIGESTS[name]
