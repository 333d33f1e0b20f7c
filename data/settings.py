"""Settings of the program: a file, then `TRIAL_*` of the environment, then flags. `app.py config` prints them."""

import os
import tomllib
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from data import databases
from data import protocol as protocols


class SettingsError(ValueError):
    """The settings do not fit; the text names the file or the variable."""


class Settings(BaseSettings):
    """Every setting with its unit; an unknown key or a value that does not fit is refused with its name."""

    model_config = SettingsConfigDict(env_prefix="TRIAL_", extra="forbid", frozen=True, hide_input_in_errors=True)

    store: Path | None = None  # folder of cuts, sources and receipts; None: the user's data folder, by trial
    protocol: Path = protocols.FOLDER / "xkdct293.toml"
    state: SecretStr | None = None  # URL of what people write, may hold a password; None: state.sqlite in the store
    mapping: Path | None = None  # how tables that are not SDTM are read
    largest_file_mb: int = Field(default=2048, ge=1)  # MiB of one incoming file, uncompressed; a larger one is refused
    host: str = "127.0.0.1"
    port: int = Field(default=8050, ge=1, le=65535)
    host_names: tuple[str, ...] = ()  # further names this machine is opened by
    watch: Path | None = None  # folder whose deliveries are imported while the screens are served
    stale_days: int = Field(default=14, ge=1)  # data older than this withhold the advice of the rule
    beside: bool = True  # a second process makes a new cut's screens before it is offered; it takes some 0.4 GB
    browser: str = ""  # Chromium, Chrome or Edge, which prints PDF: its name or path; empty: one that is found on PATH
    threads: int = Field(default=8, ge=1, le=64)  # of the web server
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("state")
    @classmethod
    def _is_a_database(cls, state: SecretStr | None) -> SecretStr | None:
        if state:
            databases.of(state.get_secret_value())
        return state

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        unknown = {name for name in os.environ if name.startswith("TRIAL_")} - {"TRIAL_SETTINGS"}
        unknown -= {f"TRIAL_{name.upper()}" for name in cls.model_fields}
        if unknown:
            raise SettingsError(f"{', '.join(sorted(unknown))}: no such setting; see app.py config")
        file = os.environ.get("TRIAL_SETTINGS", "")
        return (init_settings, env_settings, *([_from_file(settings_cls, Path(file))] if file else []))

    @property
    def folder(self) -> Path:
        """Where the store is: outside the source tree, apart for each trial."""
        if self.store:
            return self.store.expanduser().absolute()
        return user_data_path("nectin4-monitor", appauthor=False) / protocols.load(self.protocol).trial.id

    @property
    def state_url(self) -> str:
        """Where the state is, password included: for `data.state` alone, never to be printed."""
        return self.state.get_secret_value() if self.state else f"sqlite:///{self.folder / 'state.sqlite'}"

    def shown(self) -> dict[str, object]:
        """What is in force, as JSON has it, the password of the state left out."""
        places = {"store": str(self.folder), "state": databases.without_password(self.state_url)}
        return self.model_dump(mode="json") | places


def _from_file(settings_cls: type[BaseSettings], file: Path) -> TomlConfigSettingsSource:
    if not file.is_file():
        raise SettingsError(f"TRIAL_SETTINGS names {file}, which is no file")
    try:
        return TomlConfigSettingsSource(settings_cls, file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from error
