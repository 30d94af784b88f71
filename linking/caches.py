"""Where what was computed for a link type is kept on disk."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

__all__ = ["folder_of", "forget_others"]


def folder_of(root: Path, key: str) -> Path:
    """The folder of the link type ``key``, which may hold any characters."""
    return root / hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def forget_others(root: Path, keys: Iterable[str]) -> None:
    """Deletes what is kept for all link types but these."""
    known = {folder_of(root, key) for key in keys}
    for path in root.iterdir() if root.is_dir() else ():
        if path not in known:
            shutil.rmtree(path, ignore_errors=True)
