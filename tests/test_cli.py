"""The command line: what is printed where, and the exit codes 0 done, 1 refused, 2 wrong usage."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import free_port

import app
from data import importing
from data.state import State
from data.store import Store, StoreBusy

ROOT = Path(__file__).parents[1]
SUBJECT = "STUDYID,DOMAIN,USUBJID,ARMCD,RFICDTC,DTHFL,DTHDTC\nXKDCT293,DM,X-101,,2026-03-02,,\n"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    for name in [one for one in os.environ if one.startswith("TRIAL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path) -> str:
    return str(tmp_path / "store")


@pytest.fixture
def data(tmp_path) -> Path:
    """One subject, consented: the smallest import there is."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "dm.csv").write_text(SUBJECT)
    return tmp_path / "in"


def run(*arguments: str) -> int:
    """The exit code, also where argparse ends the program itself."""
    try:
        return app.main([str(one) for one in arguments])
    except SystemExit as ended:
        return ended.code


def test_load_publishes_then_says_no_change_then_refuses(data, store, capsys):
    assert run("load", data, "--store", store) == 0
    published = capsys.readouterr()
    assert published.out.startswith("Published: cut ") and published.err == ""
    assert (
        "dm.csv                      DM                1        1        0      0  subject 1"
        in published.out.splitlines()
    )
    assert run("load", data, "--store", store) == 0
    assert capsys.readouterr().out.startswith("No change: the same files")
    (data / "dm.csv").write_text(SUBJECT.replace("XKDCT293", "OTHER"))
    assert run("load", data, "--store", store) == 1
    refused = capsys.readouterr()
    assert refused.out.splitlines()[:2] == [
        "Refused: 1 problem. Nothing was changed.",
        "  ERROR other study: dm.csv, row 1, column STUDYID: "
        "another study's data; this protocol file is for XKDCT293 [OTHER]",
    ]
    assert refused.err == ""


@pytest.mark.parametrize(("study", "code", "outcome"), [("XKDCT293", 0, "published"), ("OTHER", 1, "refused")])
def test_json_is_the_receipt_and_nothing_else(data, store, capsys, study, code, outcome):
    (data / "dm.csv").write_text(SUBJECT.replace("XKDCT293", study))
    assert run("load", data, "--store", store, "--json") == code
    receipt = json.loads(capsys.readouterr().out)
    assert (receipt["outcome"], receipt["trial"]) == (outcome, "XKDCT293")
    assert [(one["name"], one["rows"]) for one in receipt["files"]] == [("dm.csv", 1)]
    assert [one["rule"] for one in receipt["findings"] if one["severity"] == "error"] == (
        [] if code == 0 else ["other study"]
    )
    assert receipt["cut"] == Store(Path(store)).current()


def test_the_cut_off_and_the_encoding_of_an_import(data, store, capsys):
    (data / "dm.csv").write_bytes(SUBJECT.replace("X-101", "Öl-101").encode("windows-1252"))
    given = ("load", data, "--store", store, "--json", "--cutoff", "2026-03-31")
    assert run(*given, "--encoding", "windows-1252") == 0
    receipt = json.loads(capsys.readouterr().out)
    assert (receipt["cutoff"], receipt["cutoff_from"]) == ("2026-03-31T23:59:59", "given with --cutoff")
    assert receipt["files"][0]["decoded"] == ["Öl-101"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("import",),
        ("load",),
        ("load", "in", "--cutoff", "March"),
        ("load", "in", "--encoding", "latin-9"),
        ("config", "--port", "80"),  # a flag of another command
        ("serve", "--port", "eighty"),
        ("serve", "--port", "70000"),
        ("cuts", "--log-level", "LOUD"),
        ("config", "--protocol", "/nowhere/trial.toml"),
    ],
)
def test_wrong_usage_is_2_and_told_on_stderr(arguments, capsys):
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.strip()


def test_a_setting_that_does_not_fit_is_named(monkeypatch, capsys):
    monkeypatch.setenv("TRIAL_PORT", "http")
    assert run("config") == 2
    assert capsys.readouterr().err.startswith("setting port: Input should be a valid integer")
    monkeypatch.delenv("TRIAL_PORT")
    monkeypatch.setenv("TRIAL_HOST_NAMES", "no list")
    assert run("config") == 2
    assert "host_names" in capsys.readouterr().err
    monkeypatch.delenv("TRIAL_HOST_NAMES")
    monkeypatch.setenv("TRIAL_PORTT", "8051")
    assert run("config") == 2
    assert capsys.readouterr().err == "TRIAL_PORTT: no such setting; see app.py config\n"


def test_a_path_that_is_not_there_is_refused_with_a_receipt(store, tmp_path, capsys):
    assert run("load", tmp_path / "gone", "--store", store) == 1
    assert "there is nothing at this path" in capsys.readouterr().out


def test_a_busy_store_is_1_and_told(data, store, monkeypatch, capsys):
    def busy(*_, **__):
        raise StoreBusy("another import is writing to it; try again when it has ended")

    monkeypatch.setattr(importing, "load", busy)
    assert run("load", data, "--store", store) == 1
    assert capsys.readouterr().err == "another import is writing to it; try again when it has ended\n"


def test_config_prints_what_is_in_force(tmp_path, monkeypatch, capsys):
    (tmp_path / "settings.toml").write_text("port = 9001\nthreads = 3\n")
    monkeypatch.setenv("TRIAL_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("TRIAL_THREADS", "4")
    assert run("config", "--store", tmp_path / "here") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["port"], printed["threads"], printed["store"]) == (9001, 4, str(tmp_path / "here"))


def test_cuts_lists_the_oldest_first_and_marks_the_current(trial, capsys):
    assert run("cuts", "--store", trial.root) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:14] for line in lines] == [f"{mark} {one[:12]}" for mark, one in zip("  *", trial.ids(), strict=True)]
    assert "cut-off 2026-06-09 23:59  published " in lines[0] and lines[0].endswith(" UTC  simulated")


def test_cuts_of_an_empty_store_says_what_to_do(store, capsys):
    assert run("cuts", "--store", store) == 0
    assert capsys.readouterr().out == f"no cut in {store}; import one with: python app.py load FOLDER\n"


def test_verify_is_0_for_a_whole_store_and_1_for_a_damaged_one(copied_trial, capsys):
    assert run("verify", "--store", copied_trial.root) == 0
    assert capsys.readouterr().out == "3 cuts checked, 0 problems\n"
    last = copied_trial.current()
    path = copied_trial.path(last)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    assert run("verify", "--store", copied_trial.root) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"cut {last[:7]} was changed or damaged: its bytes no longer give its name", "3 cuts checked, 1 problem",
    ]  # fmt: skip
    assert run("cuts", "--store", copied_trial.root) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"* {last[:12]}  cut {last[:7]} was changed or damaged")


def test_verify_checks_what_people_wrote_and_makes_nothing(store, monkeypatch, capsys):
    url = f"sqlite:///{store}/state.sqlite"
    assert run("verify", "--store", store) == 0
    assert capsys.readouterr().out == "0 cuts checked, 0 problems\n" and not Path(store).exists()
    State(url)
    assert run("verify", "--store", store) == 0
    assert capsys.readouterr().out == f"0 cuts and the state up to event {'0' * 64} checked, 0 problems\n"
    Path(store, "state.sqlite").write_text("no database, but long enough to be looked at as one" * 20)
    assert run("verify", "--store", store) == 1
    assert capsys.readouterr().out == (
        f"{store}/state.sqlite is damaged; bring it back from a backup\n0 cuts checked, 1 problem\n"
    )
    monkeypatch.setenv("TRIAL_STATE", f"postgresql+psycopg://monitor:s3cret@127.0.0.1:{free_port()}/trial")
    assert run("verify", "--store", store) == 1
    said = capsys.readouterr()
    assert "/trial cannot be reached\n" in said.out and "s3cret" not in said.out + said.err


def test_a_state_that_cannot_be_opened_keeps_the_server_from_starting(store, monkeypatch, capsys):
    monkeypatch.setenv("TRIAL_STATE", f"postgresql+psycopg://monitor:s3cret@127.0.0.1:{free_port()}/trial")
    assert run("serve", "--store", store) == 1
    said = capsys.readouterr()
    assert said.err.endswith("/trial cannot be reached\n") and "s3cret" not in said.out + said.err


def test_config_leaves_the_password_out(store, monkeypatch, capsys):
    monkeypatch.setenv("TRIAL_STATE", "postgresql+psycopg://monitor:s3cret@db.hospital.cn/trial")
    assert run("config", "--store", store) == 0
    said = capsys.readouterr().out
    assert json.loads(said)["state"] == "postgresql+psycopg://monitor:***@db.hospital.cn/trial" and "s3cret" not in said
    monkeypatch.setenv("TRIAL_STATE", "mysql://monitor:s3cret@db/trial")
    assert run("config") == 2
    said = capsys.readouterr()
    assert said.err.startswith("setting state: ") and "s3cret" not in said.out + said.err


def test_demo_writes_and_imports_three_cuts_once(tmp_path, capsys):
    given = ("demo", "--store", tmp_path / "store", "--out", tmp_path / "out", "--anchor", "2026-11-22")
    assert run(*given) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line[:16] for line in said[:3]] == ["cut1: Published:", "cut2: Published:", "cut3: Published:"]
    assert said[3] == f"store: {tmp_path / 'store'}"
    assert (tmp_path / "out" / "cut3" / "ae.xpt").is_file()
    assert run(*given) == 0
    assert len(Store(tmp_path / "store").ids()) == 3


def test_demo_refuses_fewer_subjects_than_its_story(tmp_path, capsys):
    assert run("demo", "--store", tmp_path / "store", "--out", tmp_path / "out", "--subjects", "5") == 2
    assert capsys.readouterr().err == "the story has 13 treated subjects; ask for as many or more, not 5\n"
    assert not (tmp_path / "out").exists()


def test_demo_writes_dataset_json_where_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "already", lambda *_: "as if it were there")
    given = ("demo", "--store", tmp_path / "store", "--out", tmp_path / "out", "--anchor", "2026-11-22")
    assert run(*given, "--form", "ndjson", "--subjects", "14") == 0
    assert (tmp_path / "out" / "cut3" / "ae.ndjson").is_file()
    assert '"XKDCT293-01-1001"' in (tmp_path / "out" / "cut3" / "dm.ndjson").read_text()


def test_the_program_itself(data, store):
    """As a person starts it, from another folder: exit code, receipt on stdout, nothing on stderr."""
    command = [sys.executable, str(ROOT / "app.py"), "load", str(data), "--store", store]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIAL_")}
    ended = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "") and ended.stdout.startswith("Published: cut ")
