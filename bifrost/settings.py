"""Settings: defaults, then ``bifrost.toml`` (in the data directory or named by ``BIFROST_CONFIG``), then ``BIFROST_*``.

``docs/reference/settings.md`` lists them; a test keeps it complete.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from bifrost.errors import SettingsError

__all__ = ["Settings", "load_settings"]


class Settings(BaseSettings):
    """Everything that can be set. Environment names are ``BIFROST_`` + the upper-case field name."""

    model_config = SettingsConfigDict(env_prefix="BIFROST_", extra="forbid", frozen=True)

    data_dir: Path = Field(
        Path("bifrost-data"), description="Folder for the store, uploads, projections, keys and logs."
    )
    store_url: SecretStr | None = Field(
        None,
        description="SQLAlchemy URL of the system of record; default: SQLite file store.sqlite in the data directory.",
    )
    host: str = Field("127.0.0.1", description="Address that `bifrost serve` listens on.")
    port: int = Field(8420, ge=0, le=65535, description="Port that `bifrost serve` listens on; 0 picks a free one.")
    base_iri: str = Field("https://bifrost.local/", description="Base of all IRIs in SPARQL and RDF exports.")
    secret_key: SecretStr | None = Field(
        None, description="Key that encrypts source credentials; default: made at first start in data_dir/secret.key."
    )
    admin_password: SecretStr | None = Field(
        None, description="Password of the admin account made at first start; default: a random one, printed once."
    )
    workers: int = Field(0, ge=0, le=256, description="Processes that read documents; 0 means one per core.")
    ocr_languages: str = Field("eng", description="Tesseract languages, joined by +.")
    spacy_pipeline: str = Field(
        "", description="Name or path of a spaCy pipeline that replaces the built-in entity head."
    )
    gnn_backend: Literal["auto", "dgl", "torch"] = Field(
        "auto", description="Library behind the graph neural networks."
    )
    removal_limit: float = Field(
        0.3, ge=0, le=1, description="Share of a dataset's records that one build may remove without asking."
    )
    propose_share: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Share of a dataset's records that must have changed before a build looks for link types again; "
        "new datasets, columns and answers always count.",
    )
    undo_days: float = Field(
        30,
        ge=0,
        description="Days for which a removed or changed source can be restored; its encrypted credentials are kept as long.",
    )
    review_twice: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of answered questions that a second reviewer is asked blind, where there are two.",
    )
    max_upload_bytes: int = Field(4 * 2**30, ge=1024, description="Largest upload accepted by the console.")
    graphql_operations: Literal["any", "registered"] = Field(
        "any",
        description="GraphQL operations that clients may run: any, or only those that an administrator registered.",
    )
    query_timeout: float = Field(30.0, gt=0, description="Seconds after which a query is stopped.")
    file_roots: tuple[Path, ...] = Field(
        (),
        description="Folders that files and SQLite databases may be read from, besides uploads; empty allows all.",
    )
    ask_again_days: float = Field(
        14.0,
        ge=0,
        description="Days after which a question that was put off, or that somebody could not answer, is asked again; "
        "0: only when the evidence changes.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, else json."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _config_file(init_settings)))

    @cached_property
    def effective_store_url(self) -> str:
        if self.store_url is not None:
            return self.store_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'store.sqlite').resolve()}"

    @cached_property
    def reading_workers(self) -> int:
        return self.workers or os.cpu_count() or 1

    def public(self) -> dict[str, Any]:
        """The effective settings as JSON values, secrets masked."""
        return self.model_dump(mode="json")


def _config_file(init_settings: PydanticBaseSettingsSource) -> Path:
    named = os.environ.get("BIFROST_CONFIG")
    if named:
        return Path(named)
    data_dir = init_settings().get("data_dir") or os.environ.get("BIFROST_DATA_DIR") or "bifrost-data"
    return Path(data_dir) / "bifrost.toml"


def load_settings(**overrides: Any) -> Settings:
    """Settings from file and environment; ``overrides`` (None ignored) win. Raises SettingsError naming the field."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise SettingsError(f"The settings are not valid: {problems}") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings file cannot be read: {error}") from None
