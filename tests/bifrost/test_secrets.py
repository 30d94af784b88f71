"""Credentials are encrypted at rest and appear in no log."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bifrost.errors import SettingsError
from bifrost.log import mask, mask_text
from bifrost.secrets import SecretBox
from bifrost.settings import load_settings


def test_only_the_key_opens_what_was_sealed(tmp_path: Path) -> None:
    box = SecretBox(load_settings(data_dir=tmp_path))
    sealed = box.seal({"password": "swordfish"})
    assert b"swordfish" not in sealed
    assert SecretBox(load_settings(data_dir=tmp_path)).open(sealed) == {"password": "swordfish"}
    other = SecretBox(load_settings(data_dir=tmp_path, secret_key=Fernet.generate_key().decode()))
    with pytest.raises(SettingsError, match="key has changed"):
        other.open(sealed)


def test_the_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    SecretBox(load_settings(data_dir=tmp_path))
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_a_malformed_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        SecretBox(load_settings(data_dir=tmp_path, secret_key="short"))
    assert "generate_key" in error.value.remedy


@pytest.mark.parametrize("name", ["password", "db_password", "api_key", "Authorization", "token", "secret", "passwd"])
def test_values_with_secret_names_are_masked(name: str) -> None:
    assert mask({"outer": {name: "swordfish"}}) == {"outer": {name: "********"}}


def test_passwords_in_urls_are_masked_inside_any_text() -> None:
    text = "cannot reach postgresql+psycopg://ann:sword@fish@db.example/erp today"
    assert "sword" not in mask_text("cannot reach postgresql+psycopg://ann:swordfish@db.example/erp today")
    assert "ann:" in mask_text(text)
    assert mask([SecretStr("swordfish")]) == ["********"]
