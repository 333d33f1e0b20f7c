"""What is held for a person's word, what makes no new cut, and rows that cannot belong together."""

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from test_importing import SMALL, TRIAL, files, lines, load, rows, state

import app
from data.store import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> dict[str, Path]:
    """A store of the small trial, and one of ten subjects with twenty events. They are copied, never written to."""
    root = tmp_path_factory.mktemp("stores")
    ten = {"dm": subjects(10), "ae": events(20), "suppae": None}
    for name, changed in {"small": {}, "ten": ten}.items():
        assert load(files(root / f"{name} files", **changed), Store(root / name)).outcome == "published"
    return {name: root / name for name in ("small", "ten")}


@pytest.fixture
def filled(stores, tmp_path) -> Store:
    """The small trial."""
    return Store(Path(shutil.copytree(stores["small"], tmp_path / "filled")))


@pytest.fixture
def ten(stores, tmp_path) -> Store:
    """Ten subjects, twenty events."""
    return Store(Path(shutil.copytree(stores["ten"], tmp_path / "ten")))


def fewer(folder: Path, subject: int = 10, event: int = 20, **changed) -> Path:
    return files(folder, **({"dm": subjects(subject), "ae": events(event), "suppae": None} | changed))


def subjects(count: int) -> str:
    lines = [f"XKDCT293,DM,X-{number},{number},DL1,2026-01-05,2026-02-24,," for number in range(101, 101 + count)]
    return "\n".join([SMALL["dm"].splitlines()[0], *lines])


def events(count: int) -> str:
    """Events of one subject."""
    lines = [f"XKDCT293,AE,X-101,{number},fever,Pyrexia,1,N,N,,2026-03-02," for number in range(1, count + 1)]
    return "\n".join([SMALL["ae"].splitlines()[0], *lines])


def holds(receipt) -> list[str]:
    return lines(receipt, "hold")


# ---- fewer, older ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("subject", "event", "held"),
    [(7, 20, "subjects"), (8, 20, ""), (10, 14, "adverse events"), (10, 15, ""), (12, 21, "")],
)
def test_30_percent_fewer_are_held_exactly_at_the_border(ten, tmp_path, subject, event, held):
    receipt = load(fewer(tmp_path / "b", subject, event), ten)
    assert receipt.outcome == ("held" if held else "published")
    assert [one.rule for one in receipt.findings if one.severity == "hold"] == ([f"fewer {held}"] if held else [])


@pytest.mark.parametrize(("left", "held"), [(63, True), (64, False)])
def test_the_border_is_exact_where_a_float_is_not(store, tmp_path, left, held):
    """0.7 x 90 is 62.99999999999999 in binary."""
    load(files(tmp_path / "a", dm=subjects(90)), store)
    assert load(files(tmp_path / "b", dm=subjects(left)), store).outcome == ("held" if held else "published")


def test_what_holds_is_said_with_both_counts(ten, tmp_path):
    receipt = load(fewer(tmp_path / "b", 7, 14), ten)
    assert holds(receipt) == [
        "HOLD fewer subjects: 7 subjects, 10 in the current cut: 30 % fewer; look whether the files are whole",
        "HOLD fewer adverse events: 14 adverse events, 20 in the current cut: 30 % fewer; "
        "look whether the files are whole",
    ]  # fmt: skip
    assert receipt.to_text().splitlines()[0] == (
        "Held: nothing was changed. Look at the lines below; where they are right, import with --accept."
    )


def test_who_was_treated_and_is_not_any_more_is_held(filled, tmp_path):
    """The row of the infusion of X-102 is lost: his events would be in no count."""
    kept = "\n".join(SMALL["ex"].splitlines()[:-1])
    receipt = load(files(tmp_path / "b", ex=kept), filled)
    assert receipt.outcome == "held"
    assert holds(receipt) == [
        "HOLD no longer treated: treated in the current cut and not in these files: X-102; look whether EX is whole"
    ]
    assert load(files(tmp_path / "c", ex=kept), filled, accept=True).outcome == "published"


def test_an_older_extract_is_held(filled, tmp_path):
    receipt = load(files(tmp_path / "b", ts=("2026-04-30", "2026-04-29")), filled)
    assert holds(receipt) == [
        "HOLD older extract: data cut-off 2026-04-29, the current cut's is 2026-04-30: an older extract"
    ]
    assert receipt.outcome == "held"
    same_day = load(files(tmp_path / "c", ts=("2026-04-30", "2026-04-30T08:00"), ae=("felt odd", "felt fine")), filled)
    assert same_day.outcome == "published"


# ---- a person's word -------------------------------------------------------------------------------------------------
def test_held_leaves_the_store_untouched_and_stays_in_sight(ten, tmp_path):
    before = state(ten)
    held = load(fewer(tmp_path / "b", 7), ten)
    assert state(ten) == before and ten.verify() == []
    assert ten.last_refused() == held and held.cut == "" and held.accepted is False


def test_accept_publishes_what_was_held_and_keeps_its_line(ten, tmp_path):
    folder = fewer(tmp_path / "b", 7)
    held = load(folder, ten)
    receipt = load(folder, ten, accept=True)
    assert (held.outcome, receipt.outcome, receipt.accepted) == ("held", "published", True)
    assert holds(receipt) == holds(held) != []
    assert receipt.cut == ten.current() and len(rows(ten, "subject", "usubjid")) == 7
    assert ten.serving().cut.receipt.accepted is True and ten.last_refused() is None
    assert receipt.to_text().startswith(f"Published over what held it (--accept): cut {receipt.cut[:7]}, ")
    # and 7 are the measure of the next import: 6 of them is 14 % fewer
    assert load(fewer(tmp_path / "c", 6), ten).outcome == "published"


def test_accept_where_nothing_is_held_is_no_acceptance(ten, tmp_path):
    assert load(fewer(tmp_path / "b", 8), ten, accept=True).accepted is False


def test_accept_never_publishes_an_error(ten, tmp_path):
    before = state(ten)
    receipt = load(fewer(tmp_path / "b", 7, ex=("X-102,1", "X-999,1")), ten, accept=True)
    assert (receipt.outcome, receipt.accepted) == ("refused", False)
    assert state(ten) == before


def test_the_command_line_holds_with_1_and_accepts_with_0(ten, tmp_path, capsys, monkeypatch):
    for name in ("TRIAL_STORE", "TRIAL_PROTOCOL", "TRIAL_MAPPING", "TRIAL_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    given = ["load", str(fewer(tmp_path / "b", 7)), "--store", str(ten.root)]
    assert app.main(given) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Held: nothing was changed.") and said[1].startswith("  HOLD fewer subjects: ")
    assert app.main([*given, "--accept", "--json"]) == 0
    receipt = json.loads(capsys.readouterr().out)
    assert (receipt["outcome"], receipt["accepted"]) == ("published", True)


# ---- the same content ------------------------------------------------------------------------------------------------
def same_content(receipt, store: Store) -> bool:
    assert receipt.to_text().startswith("Same content, other files: cut ") and receipt.cut == store.current()
    return receipt.outcome == "same content" and len(store.ids()) == 1


def test_the_same_files_are_no_change(filled, tmp_path):
    before = state(filled)
    assert load(files(tmp_path / "again"), filled).outcome == "no change"
    assert state(filled) == before


def test_rows_in_another_order_make_no_cut(filled, tmp_path):
    before = state(filled)
    turned = {}
    for name in ("dm", "ex", "ae"):
        header, *body = SMALL[name].splitlines()
        turned[name] = "\n".join([header, *reversed(body)])
    assert same_content(load(files(tmp_path / "b", **turned), filled), filled)
    assert state(filled) == before


def test_one_domain_in_two_files_makes_no_cut(filled, tmp_path):
    header, *body = SMALL["ae"].splitlines()
    parts = {"ae": "\n".join([header, body[0]]), "ae2": "\n".join([header, *body[1:]])}
    assert same_content(load(files(tmp_path / "b", **parts), filled), filled)


def test_other_columns_order_separators_and_names_of_files_make_no_cut(filled, tmp_path):
    folder = files(tmp_path / "b")
    table = list(csv.reader(io.StringIO(SMALL["ae"])))
    (folder / "ae.csv").unlink()
    (folder / "Adverse events (final).tsv").write_text("\n".join("\t".join(row[::-1]) for row in table) + "\n")
    assert same_content(load(folder, filled), filled)


def test_another_format_makes_no_cut(filled, tmp_path):
    folder = files(tmp_path / "b", ae=None, dm=None, ex=None, suppae=None, ts=None)
    for name in SMALL:
        table = pd.DataFrame(csv.DictReader(io.StringIO(SMALL[name])))
        pyreadstat.write_xport(table, str(folder / f"{name}.xpt"), table_name=name.upper(), file_format_version=5)
    assert same_content(load(folder, filled), filled)


@pytest.mark.parametrize(
    "changed",
    [
        {"ae": ("syndrome,4", "syndrome,3")},
        {"ae": ("2026-03,", "2026-03-01,")},
        {"ae": ("felt odd", "felt Odd")},
        {"dm": ("102,DL1", "102,DL2")},
        {"ex": ("0.8,", "0.80001,")},
        {"ts": ("2026-04-30", "2026-05-01")},
        {"suppae": ("Toxicity,Y", "Toxicity,N")},
    ],
)
def test_one_changed_cell_makes_a_cut(filled, tmp_path, changed):
    assert load(files(tmp_path / "b", **changed), filled).outcome == "published"
    assert len(filled.ids()) == 2


def test_two_values_that_change_places_make_a_cut(filled, tmp_path):
    swapped = SMALL["ae"].replace("fever,Pyrexia", "CRS,Pyrexia").replace("2,CRS", "2,fever")
    assert load(files(tmp_path / "b", ae=swapped), filled).outcome == "published"


def test_the_same_content_under_another_cut_off_or_protocol_is_a_cut(filled, tmp_path):
    folder = files(tmp_path / "b", ae="\n".join([SMALL["ae"].splitlines()[0], *SMALL["ae"].splitlines()[:0:-1]]))
    told = date(2026, 5, 1)
    assert load(folder, filled, cutoff=told).outcome == "published"


def test_the_same_content_after_a_refusal_ends_it(filled, tmp_path):
    load(files(tmp_path / "bad", dm=None), filled)
    header, *body = SMALL["ae"].splitlines()
    assert filled.last_refused() is not None
    assert same_content(load(files(tmp_path / "b", ae="\n".join([header, *reversed(body)])), filled), filled)
    assert filled.last_refused() is None


# ---- what cannot belong together -------------------------------------------------------------------------------------
def test_another_study_is_refused_row_by_row(filled, tmp_path):
    receipt = load(files(tmp_path / "b", ae=("XKDCT293,AE,X-102", "OTHER,AE,X-102")), filled)
    assert lines(receipt) == [
        "ERROR other study: ae.csv, row 3, column STUDYID: "
        "another study's data; this protocol file is for XKDCT293 [OTHER]"
    ]


def test_a_blank_study_is_refused(filled, tmp_path):
    receipt = load(files(tmp_path / "b", ae=("XKDCT293,AE,X-102", ",AE,X-102")), filled)
    assert lines(receipt) == [
        "ERROR other study: ae.csv, row 3, column STUDYID: another study's data; this protocol file is for XKDCT293"
    ]


def test_a_key_that_stands_in_two_files_is_refused(store, tmp_path):
    header = SMALL["ae"].splitlines()[0]
    again = f"{header}\nXKDCT293,AE,X-101,2,cough,Cough,1,N,N,,2026-03-09,"
    assert lines(load(files(tmp_path / "in", ae2=again), store)) == [
        "ERROR duplicate key: ae2.csv, row 1, column AESEQ: "
        "USUBJID, AESEQ stands there twice; each row needs its own [X-101 / 2]"
    ]


def test_a_key_that_stands_in_two_files_of_laboratory_results_is_refused(store, tmp_path):
    head = "STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBORRES,LBORRESU,LBDTC\n"
    one = f"{head}XKDCT293,LB,X-101,1,CREAT,80,umol/L,2026-03-02"
    other = f"{head}XKDCT293,LB,X-101,1,ALT,20,U/L,2026-03-02"
    assert lines(load(files(tmp_path / "in", lbch=one, lbhe=other), store)) == [
        "ERROR duplicate key: lbhe.csv, row 1, column LBSEQ: "
        "USUBJID, LBSEQ stands there twice; each row needs its own [X-101 / 1]"
    ]


def test_the_same_rows_without_numbers_in_two_files_are_said(store, tmp_path):
    """No LBSEQ, and the columns in another order: no hash and no key tells that each row comes twice."""
    head, one = "STUDYID,DOMAIN,USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC", "LB,X-101,CREAT,80,umol/L,2026-03-02"
    first = f"{head}\nXKDCT293,{one}"
    again = f"{head.removeprefix('STUDYID,')},STUDYID\n{one},XKDCT293"
    receipt = load(files(tmp_path / "in", lb=first, lb2=again), store)
    assert any("lb2.csv" in one for one in lines(receipt) + lines(receipt, "warning"))


@pytest.mark.parametrize(
    ("in_dm", "elsewhere"),
    [
        ("001", "1"),
        ("1", "001"),
        ("Patient001", "PATIENT001_1"),
        ("Patient001", "patient001"),
        ("XKDCT293-01-001", "XKDCT293-1-1"),
        ("X-001", "X001"),
        ("X-001", "Ｘ-００１"),
    ],
)
def test_a_subject_in_another_form_is_refused_with_the_form_of_dm(store, tmp_path, in_dm, elsewhere):
    dm = SMALL["dm"].replace("X-103,103", f"{in_dm},103")
    ae = SMALL["ae"].replace("X-102,1", f"{elsewhere},1")
    assert lines(load(files(tmp_path / "in", dm=dm, ae=ae), store)) == [
        "ERROR subject not in DM: ae.csv, row 3, column USUBJID: USUBJID is not in DM; "
        f"DM writes it in another form ({in_dm}): write it alike in all files [{elsewhere}]"
    ]


@pytest.mark.parametrize(("in_dm", "elsewhere"), [("X-10", "X-1"), ("X-1", "X-11"), ("A-1", "B-1")])
def test_another_subject_is_not_taken_for_another_form(store, tmp_path, in_dm, elsewhere):
    dm = SMALL["dm"].replace("X-103,103", f"{in_dm},103")
    ae = SMALL["ae"].replace("X-102,1", f"{elsewhere},1")
    assert lines(load(files(tmp_path / "in", dm=dm, ae=ae), store)) == [
        f"ERROR subject not in DM: ae.csv, row 3, column USUBJID: USUBJID is not in DM [{elsewhere}]"
    ]


def test_nothing_of_another_trial_is_compared(filled, tmp_path):
    """Another trial's files are refused for what they are, not for having fewer subjects."""
    other = {name: text.replace("XKDCT293", "OTHER") for name, text in SMALL.items()}
    receipt = load(files(tmp_path / "b", **other), filled, TRIAL)
    assert {one.rule for one in receipt.errors} >= {"other study"} and holds(receipt) == []
