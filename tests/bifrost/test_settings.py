"""Settings come from defaults, a file and the environment, are checked, documented, and never shown with secrets."""

from pathlib import Path

import pytest

from bifrost.errors import SettingsError
from bifrost.settings import Settings, load_settings


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bifrost.toml").write_text('port = 9000\nbase_iri = "https://kg.example/"\n')
    monkeypatch.setenv("BIFROST_PORT", "9001")
    settings = load_settings(data_dir=tmp_path)
    assert (settings.port, settings.base_iri) == (9001, "https://kg.example/")


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "bifrost.toml").write_text("prot = 9000\n")
    with pytest.raises(SettingsError, match="prot"):
        load_settings(data_dir=tmp_path)


def test_a_file_that_is_no_toml_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "bifrost.toml").write_text("port 9000")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(data_dir=tmp_path)


def test_secrets_are_masked_wherever_settings_are_shown(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, admin_password="swordfish", store_url="postgresql://u:swordfish@h/d")
    assert "swordfish" not in repr(settings)
    assert "swordfish" not in str(settings.public())


def test_every_setting_is_documented() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`BIFROST_{name.upper()}`" in reference
        assert field.description
        assert field.description in reference
