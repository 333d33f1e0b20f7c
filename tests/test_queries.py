"""The queries: the columns and order they promise, nothing of the cut's future, and frames that nobody writes to."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from clinical.board import board
from clinical.incidence import incidence
from clinical.treatment_emergent import denominator, described, in_window
from data import importing, protocol
from data.store import Store
from queries.adverse_events import adverse_events
from queries.subjects import subjects
from queries.visits import visits

STUDY = "XKDCT293"
CUTOFF = date(2026, 3, 31)


def files(folder: Path, **domains: str) -> Path:
    """CSV files from texts: a line of columns, then a line a row, cells apart by "|"; STUDYID and DOMAIN are added."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in domains.items():
        lines = [line for line in text.splitlines() if line.strip()]
        head, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
        domain = "SUPPAE" if name == "suppae" else name.upper()
        frame = pd.DataFrame(rows, columns=head)
        frame.assign(STUDYID=STUDY, DOMAIN=domain).to_csv(folder / f"{name}.csv", index=False)
    return folder


def imported(tmp_path: Path, **domains: str):
    """The cut of these files at the end of March 2026."""
    store = Store(tmp_path / "store")
    receipt = importing.load(
        [files(tmp_path / "files", **domains)], store, protocol.load(Path("xkdct293.toml")), cutoff=CUTOFF
    )
    assert receipt.outcome == "published", receipt.findings
    return store.open(store.current())


DM = """
USUBJID | SUBJID | SITEID | AGE | SEX | ARMCD | ARM | RFICDTC | DTHDTC | DTHFL
"""


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """Six subjects; what is dated in April is the cut's future."""
    return imported(
        tmp_path_factory.mktemp("queries"),
        dm=DM
        + """
        B2 | 02 | 01 | 50 | F | DL1 | | 2026-01-20 | 2026-04-10 | Y
        A1 | 01 | 01 | 61 | F | DL1 | | 2026-01-10 | |
        C3 | 03 | 01 | 44 | F | DL1 | | 2026-01-20 | 2026-03-25 | Y
        D4 | 04 | 01 | 39 | F | SCRNFAIL | Screen Failure | 2026-02-01 | |
        E5 | 05 | 01 | 70 | F | | | 2026-04-03 | |
        F6 | 06 | 01 | 58 | F | DL1 | | 2026-04-20 | |
        G7 | 07 | 01 | 47 | F |  |  |  |  |
        """,
        ex="""
        USUBJID | EXSEQ | EXTRT | EXDOSE | EXPDOSE | EXDOSU | EXSTDTC
        A1 | 1 | FLUDARABINE | 30 | 30 | mg/m2 | 2026-02-15T09:00
        A1 | 2 | XKDCT293 | 0.9 | 1 | 10^6 CAR+ T cells/kg | 2026-02-20T10:30
        B2 | 1 | FLUDARABINE | 30 | 30 | mg/m2 | 2026-03-30T09:00
        B2 | 2 | XKDCT293 | 1.0 | 1 | 10^6 CAR+ T cells/kg | 2026-04-04T10:30
        C3 | 1 | XKDCT293 | | 1 | 10^6 CAR+ T cells/kg | 2026-03-01
        """,
        pr="""
        USUBJID | PRSEQ | PRTRT | PRCAT | PRSTDTC
        A1 | 1 | LEUKAPHERESIS | LEUKAPHERESIS | 2026-01-15T09:00
        A1 | 2 | LEUKAPHERESIS | LEUKAPHERESIS | 2026-01-25T09:00
        F6 | 1 | LEUKAPHERESIS | LEUKAPHERESIS | 2026-03-20
        G7 | 1 | LEUKAPHERESIS | LEUKAPHERESIS | 2026-04-20
        """,
        xp="""
        USUBJID | XPSEQ | XPSTAT | XPSTDTC | XPRELDTC
        A1 | 2 | Released | 2026-01-26 | 2026-02-10
        A1 | 1 | FAILED | 2026-01-16 | 2026-01-24
        B2 | 1 | RELEASED | 2026-03-01 | 2026-04-01
        F6 | 1 | IN PROCESS | 2026-04-02 |
        """,
        ds="""
        USUBJID | DSSEQ | DSTERM | DSDECOD | DSCAT | DSSTDTC
        A1 | 1 | CONSENT | INFORMED CONSENT OBTAINED | PROTOCOL MILESTONE | 2026-01-10
        A1 | 2 | WITHDRAWN | WITHDRAWAL BY SUBJECT | DISPOSITION EVENT | 2026-03
        B2 | 1 | LOST | LOST TO FOLLOW-UP | DISPOSITION EVENT | 2026-04-05
        D4 | 1 | FAILED | SCREEN FAILURE | DISPOSITION EVENT | 2026-02-09
        """,
        cm="""
        USUBJID | CMSEQ | CMTRT | CMCAT | CMSTDTC
        A1 | 1 | CAPECITABINE | SUBSEQUENT ANTICANCER THERAPY | 2026-03-20
        """,
        ss="""
        USUBJID | SSSEQ | SSTESTCD | SSORRES | SSDTC
        A1 | 1 | SURVSTAT | ALIVE | 2026-03-28
        A1 | 2 | SURVSTAT | ALIVE | 2026-04-15
        """,
        sv="""
        USUBJID | VISITNUM | VISIT | SVSTDTC | SVENDTC
        A1 | 13 | DAY 28 | 2026-04-01 | 2026-04-01
        A1 | 6 | INFUSION | 2026-02-20 | 2026-02-20
        A1 | 12 | DAY 21 | 2026-03-13 | 2026-03-14
        A1 | 12.5 | UNSCHEDULED | |
        B2 | 5 | REST EVALUATION | 2026-03-30 | 2026-03-30
        """,
        ae="""
        USUBJID | AESEQ | AETERM | AEDECOD | AETOXGR | AESER | AEREL | AEOUT | AESTDTC | AEENDTC
        B2 | 1 | NAUSEA | Nausea | 1 | N | | RECOVERED/RESOLVED | 2026-03-30 | 2026-03-31
        A1 | 3 | UNDATED | | | | POSSIBLE | | |
        A1 | 2 | COUGH | Cough | 1 | N | RELATED | RECOVERED/RESOLVED | 2026-03-16 | 2026-04-02
        A1 | 1 | FATIGUE | Fatigue | 2 | N | RELATED | RECOVERED/RESOLVED | 2026-02-21 | 2026-03-17
        A1 | 4 | RASH | Rash | 2 | N | RELATED | | 2026-04-01 |
        A1 | 5 | PYREXIA | Pyrexia | 1 | N | UNASSESSABLE | | 2026-03-16 | 2026-03
        """,
        suppae="""
        USUBJID | RDOMAIN | IDVAR | IDVARVAL | QNAM | QVAL
        A1 | AE | AESEQ | 1 | DLT | N
        """,
    )


def one(cut, usubjid: str) -> pd.Series:
    return subjects(cut).set_index("usubjid").loc[usubjid]


# ---- subjects --------------------------------------------------------------------------------------------------------
SUBJECT_COLUMNS = [
    "usubjid", "subjid", "siteid", "cohort", "age", "sex", "arm", "consent", "leukapheresis", "manufacture_start",
    "manufacture_end", "manufacture_state", "lymphodepletion", "day0", "dose", "dose_fraction", "last_assessed",
    "last_contact", "off_study", "off_study_latest", "off_study_reason", "left_study", "death", "screen_failed",
]  # fmt: skip
MOMENTS = [
    "consent", "leukapheresis", "manufacture_start", "manufacture_end", "lymphodepletion", "day0", "last_assessed",
    "last_contact", "off_study", "death",
]  # fmt: skip


def test_subjects_keep_their_contract(cut):
    found = subjects(cut)
    assert found.columns.tolist() == SUBJECT_COLUMNS
    assert all(name in subjects.__doc__ for name in SUBJECT_COLUMNS)
    # By consent then identifier; E5 consented in April and nothing else is known: not come yet. F6's consent is
    # later than a leukapheresis in March: a slip of the pen. G7 has no consent date, and comes last.
    assert found["usubjid"].tolist() == ["A1", "B2", "C3", "D4", "F6", "G7"]
    assert {str(found[name].dtype) for name in [*MOMENTS, "off_study_latest"]} == {"datetime64[us]"}
    assert str(found["screen_failed"].dtype) == "bool"


def test_no_subject_has_a_moment_after_the_cutoff(cut):
    moments = subjects(cut)[MOMENTS]
    assert not (moments > cut.cutoff).any(axis=None)
    assert pd.isna(one(cut, "F6")["consent"])
    assert pd.isna(one(cut, "F6")["manufacture_start"])
    assert pd.isna(one(cut, "G7")["leukapheresis"])
    future = one(cut, "B2")
    assert future[["day0", "dose", "dose_fraction", "death", "off_study", "off_study_reason"]].isna().all()
    assert (future["manufacture_state"], pd.isna(future["manufacture_end"])) == ("IN PROCESS", True)


def test_how_far_a_subject_has_come(cut):
    row = one(cut, "A1")
    assert (row["cohort"], row["arm"], row["age"]) == ("DL1", "DL1", 61)
    assert row["leukapheresis"] == datetime(2026, 1, 15, 9)  # the first
    assert (row["manufacture_start"], row["manufacture_state"]) == (datetime(2026, 1, 26), "RELEASED")  # the last
    assert row["lymphodepletion"] == datetime(2026, 2, 15, 9)
    assert row["day0"] == datetime(2026, 2, 20, 10, 30)
    assert (row["dose"], row["dose_fraction"]) == (pytest.approx(9e5), pytest.approx(0.9))
    assert not row["screen_failed"]
    assert one(cut, "D4")["screen_failed"]
    assert pd.isna(one(cut, "D4")["off_study"])  # a screen failure never was on study


def test_a_dose_that_was_not_recorded_is_not_zero(cut):
    assert one(cut, "C3")["day0"] == datetime(2026, 3, 1)
    assert one(cut, "C3")[["dose", "dose_fraction"]].isna().all()


def test_last_assessed_and_last_contact(cut):
    row = one(cut, "A1")
    # Visit of 13 March, event of 16 March, end of an event on 17 March; the April visit and onset are to come.
    assert row["last_assessed"] == datetime(2026, 3, 17)
    assert row["last_contact"] == datetime(2026, 3, 28)  # known to be alive
    assert one(cut, "C3")["last_contact"] == datetime(2026, 3, 25)  # death
    assert pd.isna(one(cut, "C3")["last_assessed"])


def test_off_study_is_the_first_that_ends_follow_up(cut):
    """A1 withdrew some day in March and began another therapy on the 20th: between 1 and 20 March."""
    row = one(cut, "A1")
    assert row["off_study"] == datetime(2026, 3, 1)
    assert row["off_study_latest"] == datetime(2026, 3, 20, 23, 59, 59)
    assert row["off_study_reason"] == "WITHDRAWAL BY SUBJECT"
    assert row["left_study"] == datetime(2026, 3, 1)
    row = one(cut, "C3")
    assert (row["off_study"], row["off_study_reason"], row["death"]) == (
        datetime(2026, 3, 25),
        "DEATH",
        datetime(2026, 3, 25),
    )


# ---- adverse events --------------------------------------------------------------------------------------------------
EVENT_COLUMNS = [
    "usubjid", "aeseq", "aegrpid", "aeterm", "aedecod", "aeptcd", "aebodsys", "aesev", "aetoxgr", "aeser", "aerel",
    "causality", "aeout", "aesdth", "aestdtc", "aestdtc_earliest", "aestdtc_latest", "aeendtc", "aeendtc_earliest",
    "aeendtc_latest", "aedlt", "source_file", "source_row",
]  # fmt: skip


def test_adverse_events_keep_their_contract(cut):
    found = adverse_events(cut)
    assert found.columns.tolist() == EVENT_COLUMNS
    assert all(name in adverse_events.__doc__ for name in EVENT_COLUMNS)
    # By subject, onset, number; the undated one last of its subject; the April rash is to come.
    assert list(zip(found["usubjid"], found["aeseq"], strict=True)) == [
        ("A1", 1), ("A1", 2), ("A1", 5), ("A1", 3), ("B2", 1),
    ]  # fmt: skip
    assert str(found["aetoxgr"].dtype) == "Int64"
    assert found["source_row"].tolist() == [4, 3, 6, 2, 1]


def test_what_an_adverse_event_says_and_does_not_say(cut):
    found = adverse_events(cut).set_index(["usubjid", "aeseq"])
    assert found["causality"].fillna("-").tolist() == ["related", "related", "cannot_be_judged", "related", "-"]
    assert found["aedlt"].fillna("-").tolist() == ["N", "-", "-", "-", "-"]
    undated = found.loc[("A1", 3)]
    assert undated[["aedecod", "aetoxgr", "aestdtc_earliest", "aeendtc_earliest"]].isna().all()


def test_an_end_after_the_cutoff_has_not_happened(cut):
    found = adverse_events(cut).set_index(["usubjid", "aeseq"])
    assert found.loc[("A1", 2), ["aeendtc", "aeendtc_earliest", "aeendtc_latest", "aeout"]].isna().all()
    assert found.loc[("A1", 1), "aeout"] == "RECOVERED/RESOLVED"
    assert found.loc[("A1", 5), "aeendtc_latest"] == datetime(2026, 3, 31, 23, 59, 59)


# ---- visits ----------------------------------------------------------------------------------------------------------
def test_visits_keep_their_contract(cut):
    found = visits(cut, "A1")
    columns = [
        "usubjid", "visitnum", "visit", "epoch", "svstdtc", "svstdtc_earliest", "svendtc", "source_file", "source_row",
    ]  # fmt: skip
    assert found.columns.tolist() == columns
    assert all(name in visits.__doc__ for name in columns)
    assert found["visit"].tolist() == ["INFUSION", "DAY 21"]
    assert visits(cut, "B2")["visit"].tolist() == ["REST EVALUATION"]
    nobody = visits(cut, "Z9")
    assert (len(nobody), nobody.columns.tolist()) == (0, columns)


# ---- empty answers ---------------------------------------------------------------------------------------------------
def test_a_cut_with_one_infusion_and_nothing_else(tmp_path):
    cut = imported(
        tmp_path,
        dm=DM + "A1 | 01 | 01 | 61 | F | DL1 | | | |",
        ex="USUBJID | EXSEQ | EXTRT | EXDOSE | EXDOSU | EXSTDTC\nA1 | 1 | XKDCT293 | 1 | 10^6/kg | 2026-03-20",
    )
    (row,) = subjects(cut).itertuples()
    assert (row.usubjid, row.day0, row.screen_failed) == ("A1", pd.Timestamp(2026, 3, 20), False)
    assert subjects(cut)[[name for name in MOMENTS if name != "day0"]].isna().all(axis=None)
    assert adverse_events(cut).columns.tolist() == EVENT_COLUMNS
    assert len(adverse_events(cut)) == len(visits(cut, "A1")) == 0
    assert everything(cut)[["k", "n"]].to_numpy().tolist() == [[0, 1], [0, 1]]  # DL1 and total


def everything(cut) -> pd.DataFrame:
    """The Board, and the count of every population and window; the last of them."""
    everyone, events, rules = subjects(cut), adverse_events(cut), cut.protocol
    found = board(everyone, events, rules, cut.cutoff)
    evaluable = [who for rung in found.rungs for who in rung.evaluable]
    told = described(events, rules, cut.cutoff, everyone.set_index("usubjid")["day0"])
    for population in rules.populations:
        for window in rules.adverse_events.windows:
            people = denominator(everyone, population.step, window, rules, evaluable)
            rows = in_window(told, people, window, cut.cutoff)
            for by in ((), ("soc", "term")):
                incidence(people, rows, by=by, criteria=("any", "grade3", "related", "serious", "aesi", "dlt"))
    return incidence(people, rows)


# ---- shared frames ---------------------------------------------------------------------------------------------------
def test_who_asks_twice_gets_the_same_frame_and_the_clinical_code_leaves_it_as_it_is(trial):
    cut = trial.open(trial.ids()[-1])
    shared = subjects(cut), adverse_events(cut)
    assert shared[0] is subjects(cut)
    before = [one.copy() for one in shared]
    everything(cut)
    for now, then in zip(shared, before, strict=True):
        pd.testing.assert_frame_equal(now, then)


@pytest.mark.parametrize("address", ["/", "/adverse-events", "/patient/XKDCT293-01-201"])
def test_the_screens_leave_the_shared_frames_as_they_are(trial, client, address):
    from dashboard import pages

    cut = trial.open(trial.ids()[-1])
    before = subjects(cut).copy(), adverse_events(cut).copy()
    page = {"/": pages.board, "/adverse-events": pages.adverse_events}.get(address, pages.patient)
    with client.application.app_context():
        page.show(stored={"pathname": address, "search": "", "cut": cut.id})
    pd.testing.assert_frame_equal(subjects(cut), before[0])
    pd.testing.assert_frame_equal(adverse_events(cut), before[1])
