"""Settings of the program: a file, then `TRIAL_*` of the environment, then flags. `app.py config` prints them."""

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from data import protocol as protocols


class Settings(BaseSettings):
    """Every setting with its unit; an unknown key or a value that does not fit is refused with its name."""

    model_config = SettingsConfigDict(env_prefix="TRIAL_", extra="forbid", frozen=True)

    store: Path | None = None  # folder of cuts, sources and receipts; None: the user's data folder, by trial
    protocol: Path = protocols.FOLDER / "xkdct293.toml"
    host: str = "127.0.0.1"
    port: int = Field(default=8050, ge=1, le=65535)
    host_names: tuple[str, ...] = ()  # further names this machine is opened by
    threads: int = Field(default=8, ge=1, le=64)  # of the web server
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get("TRIAL_SETTINGS", "")
        chosen = [TomlConfigSettingsSource(settings_cls, Path(file))] if file else []
        return (init_settings, env_settings, *chosen)

    @property
    def folder(self) -> Path:
        """Where the store is: outside the source tree, apart for each trial."""
        if self.store:
            return self.store.expanduser().absolute()
        return user_data_path("nectin4-monitor", appauthor=False) / protocols.load(self.protocol).trial.id
