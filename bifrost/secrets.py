"""Credentials at rest: encrypted and authenticated with Fernet (AES-128-CBC + HMAC-SHA256, the ``cryptography`` package)."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from bifrost.errors import SettingsError
from bifrost.settings import Settings

__all__ = ["SecretBox"]


class SecretBox:
    """Encrypts the secret options of sources. The key comes from settings or from ``data_dir/secret.key`` (mode 600)."""

    def __init__(self, settings: Settings) -> None:
        key = settings.secret_key.get_secret_value().encode() if settings.secret_key else _key_file(settings.data_dir)
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SettingsError(
                "secret_key is not a valid key.",
                remedy="Make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
            ) from error

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes | None) -> dict[str, str]:
        """The secrets; none for None. Raises SettingsError when the key is not the one that sealed them."""
        if sealed is None:
            return {}
        try:
            return dict(json.loads(self._fernet.decrypt(sealed)))
        except InvalidToken:
            raise SettingsError(
                "A stored credential cannot be decrypted: the key has changed.",
                remedy="Restore data_dir/secret.key (or BIFROST_SECRET_KEY), or enter the source's credentials again.",
            ) from None


def _key_file(data_dir: Path) -> bytes:
    path = data_dir / "secret.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        key = Fernet.generate_key()
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
