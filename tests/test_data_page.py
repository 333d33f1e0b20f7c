"""The data screen, with counts worked by hand from a trial of two treated patients (see `SMALL` in test_importing)."""

import csv
import io
import json
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from reading import of_kind, text_of
from test_importing import SMALL
from test_importing import files as small_trial

from dashboard.labels import speaker
from dashboard.pages import data as page
from dashboard.receipt_panel import receipt_panel
from dashboard.receipts import account, cuts, filed, find, groups, how_many, name_of
from dashboard.session import Asked, NotUnderstood
from dashboard.view import View
from data import importing, protocol
from data.receipt import FileRead, Finding, Receipt
from data.store import Store
from queries.provenance import LAG_DAYS, coverage, freshness, lagging

TRIAL = protocol.load(Path("xkdct293.toml"))

# Visits of one patient, the last on 28 April; elements that no table takes; one row of oxygen.
MORE = {
    "sv": """STUDYID,DOMAIN,USUBJID,VISITNUM,VISIT,SVSTDTC
XKDCT293,SV,X-101,1,DAY 28,2026-03-29
XKDCT293,SV,X-101,2,DAY 58,2026-04-28
XKDCT293,SV,X-101,3,DAY 90,2026-05-30""",
    "se": """STUDYID,DOMAIN,USUBJID,SESEQ,ETCD
XKDCT293,SE,X-101,1,SCR
XKDCT293,SE,X-102,1,SCR""",
    "pr": """STUDYID,DOMAIN,USUBJID,PRSEQ,PRTRT,PRCAT,PRSTDTC,PRWHY
XKDCT293,PR,X-101,1,NASAL CANNULA,OXYGEN SUPPORT,2026-03-03,hypoxia""",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    assert load(Store(folder / "store"), folder / "first", **MORE).outcome == "published"
    return folder / "store"


@pytest.fixture
def store(made, tmp_path) -> Store:
    """A store of one's own with the small trial and more as its only cut: 8 files, 18 rows."""
    return Store(Path(shutil.copytree(made, tmp_path / "store")))


def load(store: Store, folder: Path, **changed) -> Receipt:
    return importing.load([small_trial(folder, **changed)], store, TRIAL)


def ask(store: Store, **choices) -> Asked:
    return Asked(View(page="data", **choices), store.serving().cut)


def table(component) -> dict[str, list[str]]:
    """The first table's rows by their first cell."""
    [body, *_] = of_kind(component, "Tbody")
    cells = [[text_of(cell) for cell in row.children] for row in of_kind(body, "Tr")]
    return {row[0]: row[1:] for row in cells}


@pytest.fixture
def serve(application, client):
    """A client over a store of the test's own."""

    def over(store: Store):
        application.server.config["STORE"] = store
        return client

    return over


def panel_of(application, store: Store, opened: str, lang: str = "en") -> list:
    application.server.config["STORE"] = store
    with application.server.app_context():
        return receipt_panel(View(page="data", open=opened, lang=lang), speaker(lang))


# ---- the verdict ----------------------------------------------------------------------------------------------------
def test_the_verdict_names_the_cut_and_accounts_for_every_row(store):
    cut = store.serving().cut
    said = [text_of(one) for one in page.verdict(ask(store), None)]
    # dm 3, ex 4, ae 3, suppae 1, ts 1, sv 3, se 2 (no table), pr 1; the warning: the visit of 30 May
    assert said[:2] == [
        f"Cut {cut.short}: data to 2026-04-30, published {cut.published:%Y-%m-%d %H:%M} UTC from 8 files.",
        "18 rows read = 16 used + 0 refused + 2 kept in their files. Warnings: 1.",
    ]
    assert said[2:] == ["No later import was refused or held."]


def test_the_verdict_says_why_the_last_import_is_not_in(store, tmp_path):
    load(store, tmp_path / "bad", dm=None)
    stopped = store.last_refused()
    last = text_of(page.verdict(ask(store), stopped)[-1])
    assert last.startswith(
        f"The last import ({stopped.at[:16].replace('T', ' ')} UTC) was refused; its data are not in."
    )
    assert "ERROR no subjects: none of the files holds DM" in last
    held = replace(stopped, outcome="held", findings=(Finding("hold", "fewer subjects", "41 % fewer subjects"),))
    said = page.verdict(ask(store), held)[-1]
    assert "is held; its data are not in." in text_of(said) and "HOLD fewer subjects: 41 % fewer subjects" in text_of(
        said
    )
    [link] = of_kind(said, "A")
    assert link.href == f"/data?open=receipt%2F{name_of(stopped)}"


def test_an_account_that_does_not_add_up_is_said(store):
    asked = ask(store)
    wrong = replace(asked.cut.receipt, files=(FileRead("ae.csv", "a" * 64, 10, rows=3, used=5),))
    asked.cut.__dict__["receipt"] = wrong
    said = [text_of(one) for one in page.verdict(asked, None)]
    assert "The account does not add up: more rows used or refused than read in ae.csv." in said


# ---- cuts -----------------------------------------------------------------------------------------------------------
def test_every_cut_is_listed_newest_first_with_what_it_was_made_of(client, store, tmp_path):
    first = store.current()
    load(store, tmp_path / "second", ts=("04-30", "05-31"), **MORE)
    second = store.current()
    asked = Asked(View(page="data", cut=first[:12]), store.open(first))
    client.application.config["STORE"] = store
    with client.application.test_request_context("/"):
        shown = page.cut_rows(asked, cuts(store), second)
    rows = [[text_of(cell) for cell in row.children] for row in of_kind(of_kind(shown, "Tbody"), "Tr")]
    assert [row[0] for row in rows] == [f"{second[:7]} current", f"{first[:7]} shown"]
    assert rows[0][1] == "2026-05-31 TS.DCUTDTC" and rows[1][1] == "2026-04-30 TS.DCUTDTC"
    assert [row[3] for row in rows] == [first[:7], "the first"]
    assert rows[0][4] == f"protocol {TRIAL.hash[:7]} software 0.2.0, schema 2"
    assert rows[0][5] == "8 files, 18 rows" and rows[1][5] == "8 files, 18 rows, warnings: 1"
    links = [one.href for one in of_kind(shown, "A")]
    assert links == ["/data", f"/data?cut={first[:12]}"]


def test_a_simulated_and_an_accepted_cut_are_marked(trial):
    listed = cuts(trial)
    accepted = replace(listed[0], receipt=replace(listed[0].receipt, accepted=True))
    asked = Asked(View(page="data"), trial.serving().cut)
    shown = text_of(page.cut_rows(asked, [accepted, *listed[1:]], trial.current()))
    assert shown.count("simulated") == 3 and shown.count("accepted over a hold") == 1


def test_a_damaged_cut_is_listed_with_the_reason(store, tmp_path):
    first = store.current()
    load(store, tmp_path / "second", ts=("04-30", "05-31"))
    cuts(store)  # what is remembered of it must not hide the damage
    store.path(first).chmod(0o644)
    store.path(first).write_bytes(store.path(first).read_bytes()[:-1] + b"x")
    listed = cuts(store)
    assert [one.id for one in listed] == [store.current(), first]
    assert "its bytes no longer give its name" in text_of(page.cut_rows(ask(store), listed, store.current()))


# ---- receipts -------------------------------------------------------------------------------------------------------
def test_every_import_is_listed_the_latest_first_and_opens(store, tmp_path):
    load(store, tmp_path / "bad", dm=None)
    found = filed(store)
    shown = page.receipt_rows(View(page="data"), found, speaker("en"))
    assert text_of(of_kind(shown, "P")[0]) == "Receipts: 2; 1 published, 1 refused, 0 held. Each opens."
    rows = [[text_of(cell) for cell in row.children] for row in of_kind(of_kind(shown, "Tbody"), "Tr")]
    assert [row[1] for row in rows] == ["refused", "published"]
    assert rows[1][2:] == [
        f"8  → {store.current()[:7]}",
        "warnings: 1, notes: 2",
    ]  # one event is not coded, X-103 was not treated
    assert [one.href for one in of_kind(shown, "A")] == [f"/data?open=receipt%2F{one.id}" for one in found]


def test_a_receipt_that_cannot_be_read_is_listed_as_such(store):
    (store.root / "receipts" / "20270101T000000000000+0000-published.json").write_text("{")
    (store.root / "receipts" / "notes.json").write_text("{}")
    found = filed(store)
    assert [one.id for one in found if one.receipt is None] == ["20270101T000000000000"] and len(found) == 2
    assert "this receipt cannot be read" in text_of(page.receipt_rows(View(page="data"), found, speaker("en")))


def test_a_refused_receipt_shows_what_was_found_what_was_seen_and_the_account(store, tmp_path, application):
    grades = [f"XKDCT293,AE,X-101,{number},t,Pyrexia,9,Y,N,,2026-03-02," for number in range(3, 11)]
    refused = load(store, tmp_path / "bad", ae="\n".join([SMALL["ae"], *grades]))
    [aside] = panel_of(application, store, f"receipt/{name_of(refused)}")
    said = text_of(aside)
    assert f"refused   Errors: {len(refused.errors)}. Nothing was changed." in said
    # 8 new serious rows and the serious CRS of grade 4
    assert (
        "9 serious, fatal or grade ≥4 events were seen in these files. They are not in the data and not validated:"
        in said
    )
    assert "X-101: Pyrexia, grade 9, serious, 2026-03-02" in said
    [first] = [one for one in of_kind(aside, "Section") if "impossible grade" in text_of(one)]
    assert text_of(first).startswith("error impossible grade")
    rows = [[text_of(cell) for cell in row.children] for row in of_kind(of_kind(first, "Tbody"), "Tr")]
    assert [row[:4] for row in rows[:5]] == [["ae.csv", str(row), "AETOXGR", "9"] for row in (4, 5, 6, 7, 8)]
    account_table = of_kind(aside, "Tbody")[-1]
    sums = [text_of(cell) for cell in of_kind(account_table, "Tr")[-1].children]
    assert sums[:2] == ["Sum", "5 files"]
    # dm 3 + ex 4 + ae 11 + suppae 1 + ts 1
    assert sums[2] == "20"
    assert int(sums[2]) == sum(int(one) for one in sums[3:6])
    hrefs = [one.href for one in of_kind(aside, "A")]
    assert hrefs == ["/data", *(f"/receipt/{name_of(refused)}.{kind}" for kind in ("txt", "json", "csv"))]


def test_a_held_receipt_says_what_holds_it_and_how_to_accept(store, application):
    held = replace(
        store.receipts()[0],
        outcome="held",
        at="2027-01-01T00:00:00.000000+00:00",
        cut="",
        findings=(Finding("hold", "fewer subjects", "41 % fewer subjects", "dm.csv"),),
        not_validated=("X-1: died, 2026-04-01",),
    )
    store.keep(held)
    [aside] = panel_of(application, store, "receipt/20270101T000000000000")
    said = text_of(aside)
    assert "held   Nothing was changed. Where what is found below is right, import again with --accept." in said
    assert "hold fewer subjects" in said and "41 % fewer subjects" in said and "X-1: died, 2026-04-01" in said
    assert store.last_refused() == held


@pytest.mark.parametrize("opened", ["receipt/20000101T000000000000", "receipt/../../CURRENT", "ladder/DL1/dlts", "x"])
@pytest.mark.parametrize(("lang", "words"), [("en", "This store has no such receipt"), ("zh", "库中没有该回执")])
def test_an_unknown_receipt_is_said_to_be_unknown(store, application, opened, lang, words):
    [aside] = panel_of(application, store, opened, lang)
    assert words in text_of(aside)
    assert panel_of(application, store, "") == []


# ---- findings -------------------------------------------------------------------------------------------------------
def finding(row: int | None, rows: str = "", message: str = "wrong", **more) -> Finding:
    return Finding(**{"severity": "error", "rule": "duplicate key", "file": "ae.csv", "column": "AESEQ"} | more, message=message, row=row, rows=rows)  # fmt: skip  # noqa: E501


def test_findings_are_grouped_the_first_five_shown_and_the_others_placed():
    found = [*(finding(row) for row in range(1, 6)), finding(None, "6-12, 20"), finding(3, file="dm.csv")]
    [group] = groups(found)
    assert [one.row for one in group.shown] == [1, 2, 3, 4, 5]
    assert group.message == "wrong"
    assert (group.count, group.more, group.where) == (14, 9, "dm.csv 3; ae.csv 6-12, 20")


def test_errors_come_first_then_holds_warnings_notes():
    found = [finding(1, severity=one, rule=one) for one in ("note", "warning", "hold", "error")]
    assert [one.severity for one in groups(found)] == ["error", "hold", "warning", "note"]


def test_messages_that_differ_are_shown_row_by_row():
    [group] = groups([finding(1, message="this"), finding(2, message="that")])
    assert group.message == "" and [one.message for one in group.shown] == ["this", "that"]


@pytest.mark.parametrize(("rows", "count"), [("", 1), ("7", 1), ("6-12, 20", 8), ("1-59000", 59000), ("some", 1)])
def test_rows_told_as_ranges_are_counted(rows, count):
    assert how_many(finding(None, rows)) == count


def test_an_account_sums_files_and_tables():
    some = [
        FileRead("a", "", 1, rows=10, used=6, refused=1, loaded={"lab": 4, "cytokine": 2}),
        FileRead("b", "", 1, rows=5, used=5, loaded={"lab": 5}),
    ]
    total = account(some)
    assert (total.rows, total.used, total.refused, total.kept) == (15, 11, 1, 3)
    assert total.loaded == {"lab": 9, "cytokine": 2}


# ---- what was understood, and the files -----------------------------------------------------------------------------
def test_what_was_understood_by_domain(store):
    rows = table(page.understood(ask(store)))
    assert rows["EX"][0] == "lymphodepletion 2, infusion 2" or rows["EX"][0] == "infusion 2, lymphodepletion 2"
    assert rows["EX"][1] == "6 EXDOSE, EXDOSU, EXSEQ, EXSTDTC, EXTRT, USUBJID"
    assert rows["PR"][2] == "PRWHY"
    assert rows["SE"] == ["none", "0", "", "2", "0", ""]
    assert text_of(page.understood(ask(store))).startswith("8 domains; in ")


def test_derived_counts_are_said_in_words(store):
    asked = ask(store)
    files = (FileRead("lb.csv", "a" * 64, 1, domain="LB", rows=5, used=5, derived={"converted": 3, "qualified": 1}),)
    asked.cut.__dict__["receipt"] = replace(asked.cut.receipt, files=files)
    assert table(page.understood(asked))["LB"][-1] == (
        "3 results converted to the unit of the store; 1 result below or above a limit"
    )


def test_the_files_of_the_cut_add_up(store):
    rows = table(page.file_rows(ask(store)))
    assert rows["se.csv"][4:] == ["2", "0", "0", "2", "none"]
    assert rows["ex.csv"][0] == "EX" and rows["ex.csv"][1].startswith("CSV, ")
    assert rows["Sum"] == ["8 files", "", "", "", "18", "16", "0", "2", "16 in 8 tables"]


# ---- freshness ------------------------------------------------------------------------------------------------------
def test_freshness_is_the_latest_date_up_to_the_cut_off(store):
    rows = table(page.reach(ask(store)))
    # The cut-off is 30 April. AE: 12 March, 19 + 30 days before. SV: 28 April; 30 May lies after the cut-off.
    assert rows["Adverse events"] == ["AE", "3", "2", "2026-03-12", "49"]
    assert rows["Visits"] == ["SV", "3", "1", "2026-04-28", "2"]
    assert rows["Infusion"] == ["EX", "2", "2", "2026-03-10", "51"]
    assert rows["Subjects"] == ["DM", "3", "3", "2026-03-05", "56"]
    assert rows["Trial summary"] == ["TS", "1", "not by subject", "no date", ""]
    said = text_of(page.reach(ask(store)))
    assert "Laboratory" in said.partition("Without any row: ")[2]


def test_a_table_that_ends_early_is_named_with_the_rule(store):
    # 12 March to 28 April: 19 + 28 = 47 days
    assert text_of(page.reach(ask(store))[0]) == (
        "Perhaps not up to date: Adverse events (47 days behind). The rule: the last date is more than 14 days before "
        "the newest of visits, vital signs and laboratory (2026-04-28)."
    )


def test_without_visits_that_cannot_be_told_and_is_not_said_to_be_well(tmp_path):
    store = Store(tmp_path / "store")
    load(store, tmp_path / "in")
    assert text_of(page.reach(ask(store))[0]).startswith(
        "Whether a table is up to date (the limit is 14 days) cannot be"
    )


@pytest.mark.parametrize(("days", "named"), [(LAG_DAYS, []), (LAG_DAYS + 1, [("lab", 15)])])
def test_fourteen_days_are_not_behind_fifteen_are(days, named):
    last = pd.Timestamp("2026-04-30 23:00")
    frame = pd.DataFrame(
        [
            {"name": "visit", "last": last},
            {"name": "lab", "last": last.normalize() - pd.Timedelta(days=days)},
            {"name": "bridging", "last": last - pd.Timedelta(days=400)},  # not recorded at visits
            {"name": "flow", "last": pd.NaT},
        ]
    )
    assert lagging(frame) == (pd.Timestamp("2026-04-30"), named)


def test_freshness_has_its_columns_and_nothing_of_empty_tables(store):
    found = freshness(store.serving().cut)
    assert list(found.columns) == ["name", "domain", "rows", "subjects", "last", "days"]
    assert (found["rows"] > 0).all() and list(found["domain"]) == sorted(found["domain"])
    assert freshness(store.serving().cut) is found


# ---- coverage -------------------------------------------------------------------------------------------------------
def test_coverage_counts_infused_patients_and_says_what_is_missing(store):
    rows = table(page.covered(ask(store)))
    has, missing = rows["Board"]
    for words in ("infusion   2/2", "dose received   2/2", "grades   1/2", "DLT adjudication   1/2", "visits   1/2"):
        assert words in has
    assert missing.startswith("No leukapheresis recorded") and "No manufacture recorded" in missing
    has, missing = rows["Adverse events"]
    assert "coded terms   1/2" in has and "relation   1/2" in has and missing == "nothing"
    assert rows["Kinetics"] == [
        "infusion   2/2",
        "No CAR copies recorded: there are no kinetics. No limit of quantification: below it and not taken look the "
        "same. No flow cytometry recorded: CAR+ cells are not shown.",
    ]
    has, missing = rows["Patient"]
    assert "oxygen device   1/2" in has and "No temperature recorded" in missing
    assert text_of(page.covered(ask(store))).startswith("6 of 7 screens lack something they need.")


def test_without_oxygen_the_grade_is_said_to_be_a_range(tmp_path):
    store = Store(tmp_path / "store")
    load(store, tmp_path / "in")
    rows = table(page.covered(ask(store)))
    assert "No oxygen device recorded: the CRS grade can be a range only." in rows["Patient"][1]
    assert "0/2" not in text_of(page.covered(ask(store)))  # missing is said, never zero


def test_what_was_not_done_or_comes_after_the_cut_off_is_not_there(tmp_path):
    store = Store(tmp_path / "store")
    vital = """STUDYID,DOMAIN,USUBJID,VSSEQ,VSTESTCD,VSORRES,VSSTAT,VSDTC
XKDCT293,VS,X-101,1,TEMP,,NOT DONE,2026-03-02
XKDCT293,VS,X-102,1,TEMP,37.1,,2026-03-11
XKDCT293,VS,X-101,2,SYSBP,120,,2026-06-01
XKDCT293,VS,X-103,1,OXYSAT,97,,2026-03-02"""
    assert load(store, tmp_path / "in", vs=vital).outcome == "published"
    infused, met = coverage(store.serving().cut)
    counts = {one.name: count for one, count in met.items()}
    # X-101's temperature was not done, its pressure is later than the cut-off; X-103 is not infused
    assert infused == 2
    assert (counts["temperature"], counts["pressure"], counts["saturation"]) == (1, 0, 0)


def test_nobody_infused_is_said(tmp_path):
    store = Store(tmp_path / "store")
    load(store, tmp_path / "in", ex=None, ae=None, suppae=None)
    said = text_of(page.covered(ask(store)))
    assert said.startswith("Nobody was infused by the cut-off: 7 of 7 screens have nothing to show.")


def test_a_protocol_without_dose_levels_needs_no_dlt(tmp_path):
    pilot = protocol.load(Path("cdisc_pilot.toml"))
    dm = "STUDYID,DOMAIN,USUBJID,ACTARM,RFICDTC\nCDISCPILOT01,DM,P-1,Placebo,2013-01-01"
    ex = "STUDYID,DOMAIN,USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC\nCDISCPILOT01,EX,P-1,1,PLACEBO,0,mg,2013-01-08"
    store = Store(tmp_path / "store")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "dm.csv").write_text(dm)
    (folder / "ex.csv").write_text(ex)
    assert importing.load([folder], store, pilot).outcome == "published"
    rows = table(page.covered(ask(store)))
    assert rows["Board"][0] == "infusion   1/1" and "DLT" not in text_of(rows["Board"]) + rows["Board"][1]
    assert "grade" not in rows["Adverse events"][1]


# ---- what people typed ----------------------------------------------------------------------------------------------
EVIL = '=cmd|"<script>alert(1)</script>'


def test_what_people_typed_is_text_on_the_screen_and_in_every_file(store, serve):
    evil = Finding("error", "odd value", "look", f"{EVIL}.csv", 1, EVIL, EVIL)
    told = replace(store.receipts()[0], outcome="refused", at="2027-01-01T00:00:00.000000+00:00", findings=(evil,))
    store.keep(told)
    client = serve(store)
    table_of_findings = client.get("/receipt/20270101T000000000000.csv")
    lines = list(csv.reader(io.StringIO(table_of_findings.get_data(as_text=True).removeprefix("\ufeff"))))
    assert lines[2] == ["error", "odd value", f"'{EVIL}.csv", "1", "", f"'{EVIL}", f"'{EVIL}", "look"]
    for kind, mime in (("csv", "text/csv"), ("json", "application/json"), ("txt", "text/plain")):
        answer = client.get(f"/receipt/20270101T000000000000.{kind}")
        assert answer.mimetype == mime and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    body = client.post("/_dash-update-component", json=request_of(client, "data-receipts", "?open=receipt/20270101T000000000000"))  # fmt: skip  # noqa: E501
    components = json.dumps(body.json)
    assert "alert(1)" in components and "dangerously" not in components and '"Markdown"' not in components


def request_of(client, output: str, search: str, cut: str = "") -> dict:
    from test_guard import body_of

    [callback] = [one for one in client.get("/_dash-dependencies").json if output in one["output"]]
    return body_of(callback, {"pathname": "/data", "search": search, "cut": cut})


# ---- files to take away ---------------------------------------------------------------------------------------------
def test_a_receipt_is_downloaded_as_it_was_written(store, serve):
    client, receipt = serve(store), store.receipts()[0]
    name = name_of(receipt)
    assert Receipt.from_json(client.get(f"/receipt/{name}.json").get_data(as_text=True)) == receipt
    assert client.get(f"/receipt/{name}.txt").get_data(as_text=True) == receipt.to_text()


def test_the_findings_csv_holds_every_finding_with_its_rows(store, tmp_path, serve):
    many = [f"XKDCT293,AE,X-101,{number},t,Pyrexia,9,N,N,,2026-03-02," for number in range(3, 11)]
    refused = load(store, tmp_path / "bad", ae="\n".join([SMALL["ae"], *many]))
    answer = serve(store).get(f"/receipt/{name_of(refused)}.csv").get_data(as_text=True)
    lines = list(csv.reader(io.StringIO(answer.removeprefix("\ufeff"))))
    assert lines[0][0].startswith(f"# XKDCT293 · receipt {name_of(refused)} · refused · protocol {TRIAL.hash[:7]}")
    assert lines[1] == ["severity", "rule", "file", "row", "rows", "column", "value", "message"]
    assert len(lines) == 2 + len(refused.findings)


@pytest.mark.parametrize(
    "path",
    [
        "/receipt/20000101T000000000000.json",
        "/receipt/..%2F..%2FCURRENT.json",
        "/receipt/../CURRENT.json",
        "/receipt/.json",
        "/receipt/CURRENT.txt",
        "/receipt/NAME.html",
        "/receipt/NAME",
        "/receipt/NAME+0000-published.json",
    ],
)
def test_nothing_but_a_receipt_is_reachable(store, serve, path):
    answer = serve(store).get(path.replace("NAME", name_of(store.receipts()[0])))
    assert answer.status_code == 404


def test_the_tables_are_exported_with_their_stamp_and_whole_values(store, serve):
    client, cut = serve(store), store.serving().cut

    def rows(name: str) -> list[list[str]]:
        answer = client.get(f"/export/{name}.csv?lang=en")
        assert answer.status_code == 200 and f'{name}-{cut.short}.csv"' in answer.headers["Content-Disposition"]
        lines = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
        assert f"cut {cut.short}" in lines[0][0]
        return lines[2:]

    assert ["adverse_event", "AE", "3", "2", "2026-03-12T00:00", "49"] in rows("freshness")
    assert ["trial_summary", "TS", "1", "0", "", ""] in rows("freshness")
    assert ["patient", "oxygen", "support", "prcat", "OXYGEN SUPPORT", "1", "2"] in rows("coverage")
    [se] = [one for one in rows("files") if one[0] == "se.csv"]
    assert se[1] == "SE" and se[7:11] == ["2", "0", "0", "2"]


# ---- the callbacks --------------------------------------------------------------------------------------------------
def test_the_screen_is_served_and_its_callbacks_answer(store, serve):
    client = serve(store)
    assert client.get("/data").status_code == 200
    answer = client.post(
        "/_dash-update-component", json=request_of(client, "data-verdict", "?lang=zh", store.current())
    )
    assert answer.status_code == 200
    shown = answer.json["response"]
    assert set(shown) == {f"data-{one}" for one in ("verdict", "cuts", "coverage", "freshness", "understood", "files")}
    assert "读取 18 行" in json.dumps(shown["data-verdict"], ensure_ascii=False)


@pytest.mark.parametrize("stored", [None, "", [], {"pathname": "/data"}, {"pathname": "/x", "search": "", "cut": ""}])
def test_nonsense_is_not_understood_rather_than_answered(stored):
    with pytest.raises(NotUnderstood):
        page.show_receipts(stored)


@pytest.mark.parametrize("search", ["?open=", "?open=receipt", "?open=receipt/", "?open=%00/..", f"?open={'x' * 5000}"])
def test_a_nonsense_address_leaves_the_screen_standing(store, serve, search):
    client = serve(store)
    answer = client.post("/_dash-update-component", json=request_of(client, "data-receipts", search))
    assert answer.status_code == 200 and "data-receipts" in answer.json["response"]


def test_without_a_cut_the_receipts_are_still_shown(tmp_path, serve):
    store = Store(tmp_path / "store")
    refused = load(store, tmp_path / "bad", dm=None)
    client = serve(store)
    [layout] = [page.layout(View(page="data"), {"pathname": "/data", "search": "", "cut": ""}, {})]
    names = {one.id for one in layout._traverse() if isinstance(getattr(one, "id", None), str)}
    assert {"data-receipts", "data-panel"} <= names and "data-verdict" not in names
    search = f"?open=receipt/{name_of(refused)}"
    answer = client.post("/_dash-update-component", json=request_of(client, "data-receipts", search))
    assert "none of the files holds DM" in json.dumps(answer.json)


def test_a_receipt_is_found_by_its_moment(store):
    receipt = store.receipts()[0]
    assert find(store, name_of(receipt)) == receipt and find(store, "") is None
    assert name_of(replace(receipt, at="2026-11-22T10:00:00.000123+00:00")) == "20261122T100000000123"
    assert datetime.strptime(name_of(receipt), "%Y%m%dT%H%M%S%f")
