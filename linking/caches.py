"""Where what was computed for a link type is kept on disk."""

import hashlib
from pathlib import Path

__all__ = ["folder_of"]


def folder_of(root: Path, key: str) -> Path:
    """The folder of the link type ``key``, which may hold any characters."""
    return root / hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
