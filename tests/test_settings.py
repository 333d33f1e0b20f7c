"""Settings: a file, then the environment, then flags; what does not fit is named."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from data.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    for name in [one for one in os.environ if one.startswith("TRIAL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def settings_file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text('port = 9001\nthreads = 3\nlog_level = "ERROR"\n')
    monkeypatch.setenv("TRIAL_SETTINGS", str(path))
    return path


def test_defaults():
    settings = Settings()
    assert (settings.host, settings.port, settings.store) == ("127.0.0.1", 8050, None)
    assert settings.protocol.name == "xkdct293.toml"


def test_file_then_environment_then_flags(settings_file, monkeypatch):
    monkeypatch.setenv("TRIAL_PORT", "9002")
    monkeypatch.setenv("TRIAL_THREADS", "4")
    settings = Settings(port=9003)
    assert (settings.port, settings.threads, settings.log_level) == (9003, 4, "ERROR")


def test_the_store_lies_outside_the_source_tree_apart_for_each_trial(tmp_path):
    here = Path(__file__).parents[1]
    folders = [Settings(protocol=Path(name)).folder for name in ("xkdct293.toml", "cdisc_pilot.toml")]
    assert [one.name for one in folders] == ["XKDCT293", "CDISCPILOT01"]
    assert not any(one.is_relative_to(here) for one in folders)
    assert Settings(store=tmp_path / "here").folder == tmp_path / "here"
    assert Settings(store=Path("~/trial")).folder == Path.home() / "trial"


@pytest.mark.parametrize(("name", "value"), [("port", "0"), ("port", "http"), ("threads", "65"), ("log_level", "LOUD")])
def test_a_value_that_does_not_fit_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"TRIAL_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_an_unknown_name_is_refused_wherever_it_comes_from(settings_file, monkeypatch):
    settings_file.write_text("prot = 1\n")
    with pytest.raises(ValidationError, match="prot"):
        Settings()
    settings_file.write_text("")
    monkeypatch.setenv("TRIAL_PROTOCL", "mine.toml")
    with pytest.raises(SettingsError, match="TRIAL_PROTOCL: no such setting"):
        Settings()
    monkeypatch.delenv("TRIAL_PROTOCL")
    with pytest.raises(ValidationError, match="ports"):
        Settings(ports=1)


def test_a_settings_file_that_is_missing_or_broken_is_named(settings_file):
    settings_file.write_text("port = ")
    with pytest.raises(SettingsError, match=r"settings\.toml: not valid TOML"):
        Settings()
    settings_file.unlink()
    with pytest.raises(SettingsError, match=r"TRIAL_SETTINGS names .*settings\.toml, which is no file"):
        Settings()


def test_host_names_are_a_list(monkeypatch):
    monkeypatch.setenv("TRIAL_HOST_NAMES", '["trial.hospital.cn"]')
    assert Settings().host_names == ("trial.hospital.cn",)
    monkeypatch.setenv("TRIAL_HOST_NAMES", "trial.hospital.cn")
    with pytest.raises(UnreadableSetting, match="host_names"):
        Settings()


def test_the_state_rests_in_the_store_or_where_the_setting_says(tmp_path, monkeypatch):
    assert Settings(store=tmp_path).state_url == f"sqlite:///{tmp_path / 'state.sqlite'}"
    monkeypatch.setenv("TRIAL_STATE", "postgresql+psycopg://monitor:s3cret@db.hospital.cn/xkdct293")
    settings = Settings(store=tmp_path)
    assert settings.state_url == "postgresql+psycopg://monitor:s3cret@db.hospital.cn/xkdct293"
    assert settings.shown()["state"] == "postgresql+psycopg://monitor:***@db.hospital.cn/xkdct293"
    assert "s3cret" not in repr(settings) + str(settings.shown())


@pytest.mark.parametrize("url", ["monitor:s3cret@db", "mysql://monitor:s3cret@db/x", "postgresql://monitor:s3cret@db"])
def test_another_address_of_the_state_is_refused_and_not_repeated(monkeypatch, url):
    monkeypatch.setenv("TRIAL_STATE", url)
    with pytest.raises(ValidationError, match="neither sqlite:///FILE nor postgresql") as refused:
        Settings()
    assert "s3cret" not in str(refused.value)
