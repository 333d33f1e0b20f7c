"""The simulated trial against its scenario, counted by hand. Anchor 22 November 2026: trial day 0 is 21 November."""

import ast
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from data import simulate

ANCHOR = date(2026, 11, 22)
CUTOFFS = {"cut1": "2026-06-09", "cut2": "2026-09-22", "cut3": "2026-11-21"}  # 21 Nov less 165, 60, 0 days
FILES = {"dm", "sc", "mh", "ds", "ss", "sv", "dv", "xq", "pr", "xp", "ex", "cm", "ae", "suppae", "lb", "vs", "qs"}
FILES |= {"pc", "cp", "tr", "rs", "ts"}
ROOM = Path(simulate.__file__).parent
PROTOCOL = tomllib.loads((ROOM.parent / "protocols" / "xkdct293.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def cuts(tmp_path_factory) -> dict[str, dict[str, pd.DataFrame]]:
    """cut -> file -> frame; SUBJID stands beside USUBJID everywhere."""
    folders = simulate.write(tmp_path_factory.mktemp("sim"), ANCHOR)
    assert [folder.name for folder in folders] == ["cut1", "cut2", "cut3"]
    return {folder.name: {path.stem: _read(path) for path in sorted(folder.iterdir())} for folder in folders}


def _read(path: Path) -> pd.DataFrame:
    frame, meta = pyreadstat.read_xport(str(path))
    assert meta.table_name == path.stem.upper()
    frame = frame.replace("", pd.NA)  # blank and missing are one thing in XPORT
    return frame.assign(SUBJID=frame["USUBJID"].str[-3:]) if "USUBJID" in frame else frame


def _of(frame: pd.DataFrame, subjid: str) -> pd.DataFrame:
    return frame[frame["SUBJID"] == subjid]


def _infusions(cut: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return cut["ex"][cut["ex"]["EXTRT"] == "XKDCT293"].set_index("SUBJID")


def _study_day(cut: dict[str, pd.DataFrame], frame: pd.DataFrame, column: str) -> pd.Series:
    """Missing before the infusion is known, and for the one date that is only a month."""
    day0 = pd.to_datetime(_infusions(cut)["EXSTDTC"].str[:10])
    dates = pd.to_datetime(frame[column].str[:10], format="%Y-%m-%d", errors="coerce")
    return (dates - frame["SUBJID"].map(day0)).dt.days


# ---- files ---------------------------------------------------------------------------------------------------------
def test_every_cut_has_all_files_of_this_study_in_ascii(cuts):
    for cut in cuts.values():
        assert set(cut) == FILES
        for frame in cut.values():
            assert set(frame["STUDYID"]) == {"XKDCT293"}
            assert all(name.isupper() and len(name) <= 8 for name in frame.columns)
            texts = frame.select_dtypes(exclude="number")
            assert texts.map(lambda value: pd.isna(value) or value.isascii()).all(axis=None)


def test_the_same_anchor_and_seed_give_the_same_bytes(tmp_path):
    first = simulate.write(tmp_path / "a", ANCHOR)
    again = simulate.write(tmp_path / "b", ANCHOR)
    for one, other in zip(first, again, strict=True):
        for path in one.iterdir():
            raw = path.read_bytes()
            assert raw == (other / path.name).read_bytes()
            # a writer stamps its time to the second, four times: two quick runs could agree by chance
            assert raw[:560].count(b"01JAN26:00:00:00") == 4


def test_another_seed_changes_measurements_and_nothing_else(cuts, tmp_path):
    folder = simulate.write(tmp_path, ANCHOR, seed=1)[2]
    changed = {name for name in FILES if not _read(folder / f"{name}.xpt").equals(cuts["cut3"][name])}
    assert changed == {"lb", "vs", "pc", "cp", "sc"}


def test_trial_summary_names_the_cut_off_and_says_simulated(cuts):
    for name, cut in cuts.items():
        said = cut["ts"].set_index("TSPARMCD")["TSVAL"].to_dict()
        assert said["DCUTDTC"] == CUTOFFS[name]
        assert said["SIMUL"] == "Y"
        assert set(said) == {"DCUTDTC", "SIMUL", "TITLE", "TPHASE"}


def test_nothing_is_dated_after_the_cut_off(cuts):
    for name, cut in cuts.items():
        for frame in cut.values():
            for column in frame.columns[frame.columns.str.endswith("DTC")]:
                assert (frame[column].dropna().str[:10] <= CUTOFFS[name]).all(), (name, column)


def test_a_record_keeps_its_number_from_cut_to_cut(cuts):
    still_open = {
        "PRENDTC",
        "CMENDTC",
        "AEENDTC",
        "AEOUT",
        "XPSTAT",
        "XPRELDTC",
        "XPVIAB",
        "XPTRANS",
        "XPVCN",
        "XPOOS",
        "XPREAS",
    }
    for earlier, later in (("cut1", "cut3"), ("cut2", "cut3")):
        for name in FILES - {"dm", "sv", "ts", "suppae"}:
            key = ["SUBJID", f"{name.upper()}SEQ"]
            before, after = (cuts[cut][name].query("SUBJID != '202'").set_index(key) for cut in (earlier, later))
            assert before.index.is_unique and after.index.is_unique
            lasting = [column for column in before.columns if column not in still_open]
            pd.testing.assert_frame_equal(before[lasting], after.loc[before.index, lasting], check_dtype=False)


def test_the_simulator_stands_alone():
    modules = sorted(ROOM.glob("*.py"))
    assert len(modules) > 10
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name.split(".")[0] for name in imported} & {"clinical", "pk", "queries", "dashboard"}
        assert all(name.startswith("data.simulate") for name in imported if name.split(".")[0] == "data"), module


# ---- who was treated when ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cut", "consented", "infused"),
    [
        # 101-103, 201-204, 901, 902
        ("cut1", 9, {"DL1": 3, "DL2": 3}),
        # and 205-208, 301, 302, 903
        ("cut2", 16, {"DL1": 3, "DL2": 7}),
        # and 303-306, 904
        ("cut3", 21, {"DL1": 3, "DL2": 7, "DL3": 3}),
    ],
)
def test_numbers_consented_and_infused(cuts, cut, consented, infused):
    subjects = cuts[cut]["dm"].set_index("SUBJID")
    assert len(subjects) == consented
    assert subjects.loc[_infusions(cuts[cut]).index, "ARMCD"].value_counts().to_dict() == infused


def test_arms_are_blank_until_assigned(cuts):
    arm = {name: cut["dm"].set_index("SUBJID")["ARMCD"].fillna("") for name, cut in cuts.items()}
    assert arm["cut1"]["204"] == "DL2"  # assigned three days before the cut-off
    assert arm["cut2"][["301", "302"]].tolist() == ["", ""]  # DL3 is not open yet
    assert arm["cut3"][["304", "305", "306", "901"]].tolist() == ["DL3", "DL3", "", "SCRNFAIL"]
    assert (arm["cut3"] == "SCRNFAIL").sum() == 4


def test_dose_received(cuts):
    given = _infusions(cuts["cut3"])
    assert set(given["EXDOSU"]) == {"10^6 CAR+ T cells/kg"}
    assert given["EXPDOSE"].to_dict() == {  # 10^6 per kg
        **dict.fromkeys(("101", "102", "103"), 1.0),
        **dict.fromkeys(("201", "202", "203", "204", "205", "206", "207"), 3.0),
        **dict.fromkeys(("301", "302", "303"), 10.0),
    }
    fraction = (given["EXDOSE"] / given["EXPDOSE"]).round(3).to_dict()
    assert [fraction[one] for one in ("101", "102", "103")] == [1.00, 0.97, 1.02]
    assert [one for one, part in fraction.items() if not 0.8 <= part <= 1.2] == ["203"]
    assert given.loc["203", "EXDOSE"] == 1.8  # 0.60 of 3


def test_202_was_recorded_five_days_early_in_the_first_cut(cuts):
    # trial days -190 (201), -176 (202); in cut 1 -181, nine days after 201
    days = {name: _infusions(cut)["EXSTDTC"].str[:10] for name, cut in cuts.items()}
    assert {name: day["201"] for name, day in days.items()} == dict.fromkeys(cuts, "2026-05-15")
    assert {name: day["202"] for name, day in days.items()} == {
        "cut1": "2026-05-24",
        "cut2": "2026-05-29",
        "cut3": "2026-05-29",
    }
    for name in ("cut1", "cut2"):  # lymphodepletion moves with it, leukapheresis does not
        rows = _of(cuts[name]["ex"], "202")
        assert _study_day(cuts[name], rows, "EXSTDTC").tolist() == [-5, -5, -4, -4, -3, 0]
        cells = _of(cuts[name]["pr"], "202").query("PRCAT == 'LEUKAPHERESIS'")
        assert cells["PRSTDTC"].tolist() == ["2026-04-26T09:00"]  # trial day -209
    # what had happened by the cut-off, Day 11 in truth, is all that is there
    assert _study_day(cuts["cut1"], _of(cuts["cut1"]["lb"], "202"), "LBDTC").max() == 11


def test_lymphodepletion_as_planned(cuts):
    given = cuts["cut3"]["ex"].query("EXTRT != 'XKDCT293'")
    assert len(given) == 13 * 5
    assert (given["EXDOSE"] == given["EXPDOSE"]).all() and set(given["EXDOSU"]) == {"mg/m2"}
    assert given.groupby("EXTRT")["EXDOSE"].agg(["min", "max"]).to_numpy().tolist() == [[500, 500], [30, 30]]
    assert not set(given["SUBJID"]) & {"208", "304", "305", "306"}


def test_manufacture(cuts):
    state = {name: cut["xp"].set_index("SUBJID") for name, cut in cuts.items()}
    assert state["cut1"]["XPSTAT"].to_dict() == {
        **dict.fromkeys(("101", "102", "103", "201", "202", "203"), "RELEASED"),
        "204": "IN PROCESS",  # released on trial day -164
    }
    assert state["cut1"].loc["204", ["XPVIAB", "XPTRANS", "XPVCN"]].isna().all()
    last = state["cut3"]["XPSTAT"]
    assert last[last != "RELEASED"].to_dict() == {"208": "FAILED", "305": "IN PROCESS"}
    assert state["cut3"].loc["304", "XPRELDTC"] == "2026-11-17"  # four days before the cut-off
    assert "Viability" in state["cut3"].loc["208", "XPREAS"]
    ended = cuts["cut3"]["ds"].query("DSCAT == 'DISPOSITION EVENT'").set_index("SUBJID")["DSDECOD"]
    assert ended.to_dict() == {"103": "DEATH", "208": "WITHDRAWN"} | dict.fromkeys(
        ("901", "902", "903", "904"), "SCREEN FAILURE"
    )


def test_vein_to_vein(cuts):
    cells = cuts["cut3"]["pr"].query("PRCAT == 'LEUKAPHERESIS'")
    assert len(cells) == 16
    days = -_study_day(cuts["cut3"], cells, "PRSTDTC").dropna().astype(int)
    # 101-103, 201-207, 301-303: differences of the scenario's columns
    assert days.tolist() == [36, 34, 31, 35, 33, 38, 36, 30, 36, 35, 35, 36, 37]


# ---- adverse events ------------------------------------------------------------------------------------------------
def test_the_only_dlt_is_the_grade_4_row_of_201(cuts):
    for cut in cuts.values():
        flags = cut["suppae"].assign(AESEQ=cut["suppae"]["IDVARVAL"].astype(float))
        flagged = flags.merge(cut["ae"], on=["USUBJID", "SUBJID", "AESEQ"])
        said = flagged[["SUBJID", "AEDECOD", "AETOXGR", "QVAL"]].to_numpy().tolist()
        assert said == [
            ["201", "Cytokine release syndrome", "3", "N"],
            ["201", "Cytokine release syndrome", "4", "Y"],
            ["202", "Alanine aminotransferase increased", "3", "N"],
        ]


def test_the_crs_of_201_by_grade(cuts):
    rows = _of(cuts["cut3"]["ae"], "201").query("AEDECOD == 'Cytokine release syndrome'")
    assert rows["AETOXGR"].tolist() == ["2", "3", "4", "2", "1"]
    assert _study_day(cuts["cut3"], rows, "AESTDTC").tolist() == [3, 6, 9, 12, 14]
    assert _study_day(cuts["cut3"], rows, "AEENDTC").tolist() == [5, 8, 11, 13, 16]
    assert rows["AEGRPID"].nunique() == rows["AESPID"].nunique() == 1 and rows["AESEQ"].is_unique
    assert set(rows["AESER"]) == {"Y"}
    assert rows["AEOUT"].tolist()[-1] == "RECOVERED/RESOLVED"


def test_every_nonhaematologic_grade_3_in_the_window_is_adjudicated(cuts):
    events = cuts["cut3"]["ae"]
    day, blood = _study_day(cuts["cut3"], events, "AESTDTC"), PROTOCOL["dlt"]["haematologic"]["terms"]
    severe = events[events["AETOXGR"].isin(["3", "4", "5"]) & day.between(0, 28) & ~events["AEDECOD"].isin(blood)]
    flags = cuts["cut3"]["suppae"]
    assert set(zip(severe["SUBJID"], severe["AESEQ"], strict=True)) == set(
        zip(flags["SUBJID"], flags["IDVARVAL"].astype(float), strict=True)
    )


def test_events_that_a_careless_reader_gets_wrong(cuts):
    events = cuts["cut3"]["ae"]
    assert events[events["AEDECOD"].isna()][["SUBJID", "AETERM"]].to_numpy().tolist() == [
        ["303", "FELT WARM AT INFUSION SITE"]
    ]
    assert events[events["AETOXGR"].isna()][["SUBJID", "AEDECOD"]].to_numpy().tolist() == [["207", "Headache"]]
    assert events[events["AEREL"].isna()][["SUBJID", "AEDECOD"]].to_numpy().tolist() == [["206", "Fatigue"]]
    partial = events[events["AESTDTC"].str.len() < 10]
    assert partial[["SUBJID", "AESTDTC"]].to_numpy().tolist() == [
        ["102", "2026-08"],  # Day 150 is 1 August
        ["205", "2026-08"],  # infused on 3 August: Day -2 to 28
    ]
    before = events[_study_day(cuts["cut3"], events, "AESTDTC") < -5]
    assert before[["SUBJID", "AEDECOD"]].to_numpy().tolist() == [["102", "Cough"]]
    assert (events["AESEV"].isna()).all()


def test_relations_are_words_of_the_protocol(cuts):
    words = {word for some in PROTOCOL["adverse_events"]["causality"].values() if some is not True for word in some}
    said = cuts["cut3"]["ae"]["AEREL"].value_counts(dropna=False)
    assert set(said.index.dropna()) == {"RELATED", "PROBABLE", "POSSIBLE", "REMOTE", "NOT RELATED"} <= words
    assert said[said.index.isna()].sum() == 1


def test_counts_of_events_at_the_last_cut(cuts):
    events = cuts["cut3"]["ae"]
    assert events.groupby("SUBJID").size().to_dict() == {
        "101": 8, "102": 7, "103": 5, "201": 14, "202": 7, "203": 4, "204": 9,
        "205": 10, "206": 8, "207": 6, "301": 11, "302": 5, "303": 6,
    }  # fmt: skip
    crs = events[events["AEDECOD"] == "Cytokine release syndrome"].groupby("SUBJID")["AETOXGR"].max()
    assert crs.to_dict() == {
        "101": "1", "103": "1", "201": "4", "202": "2", "204": "1", "205": "2",
        "206": "2", "207": "1", "301": "2", "302": "1", "303": "2",
    }  # fmt: skip
    assert events[events["AESER"] == "Y"]["SUBJID"].value_counts().to_dict() == {"201": 5, "103": 1, "204": 1}
    for term in ("Neutrophil count decreased", "Lymphocyte count decreased"):
        assert set(events[events["AEDECOD"] == term]["SUBJID"]) == set(_infusions(cuts["cut3"]).index)


def test_an_event_is_open_in_the_cut_before_its_end(cuts):
    # 202 in cut 1: known to Day 11, the lymphocytes' second grade ends on Day 24
    open_then = _of(cuts["cut1"]["ae"], "202").query("AEENDTC.isna()")
    assert open_then[["AEDECOD", "AETOXGR", "AEOUT"]].to_numpy().tolist() == [
        ["Lymphocyte count decreased", "3", "NOT RECOVERED/NOT RESOLVED"]
    ]
    closed = _of(cuts["cut2"]["ae"], "202").query("AESEQ == 2")
    assert closed["AEOUT"].tolist() == ["RECOVERED/RESOLVED"]
    assert not (cuts["cut3"]["ae"]["AEENDTC"].isna() & (cuts["cut3"]["ae"]["AEOUT"] == "RECOVERED/RESOLVED")).any()


def test_the_death_of_103_is_told_the_same_everywhere(cuts):
    # Day 190 = trial day -250 + 190 = -60, the last day of cut 2
    assert cuts["cut1"]["dm"]["DTHDTC"].isna().all() and "DEAD" not in set(cuts["cut1"]["ss"]["SSORRES"])
    for name in ("cut2", "cut3"):
        cut = cuts[name]
        died = cut["dm"][cut["dm"]["DTHFL"] == "Y"].set_index("SUBJID")["DTHDTC"].to_dict()
        assert died == {"103": "2026-09-22"}
        assert cut["ss"].query("SSORRES == 'DEAD'")[["SUBJID", "SSDTC"]].to_numpy().tolist() == [["103", "2026-09-22"]]
        assert cut["ds"].query("DSDECOD == 'DEATH'")["DSSTDTC"].tolist() == ["2026-09-22"]
        fatal = cut["ae"].query("AESDTH == 'Y'")[["SUBJID", "AETOXGR", "AEREL", "AEENDTC", "AEOUT"]]
        assert fatal.to_numpy().tolist() == [["103", "5", "NOT RELATED", "2026-09-22", "FATAL"]]
        assert max(cut["lb"].query("SUBJID == '103'")["LBDTC"]) < "2026-09-22"


# ---- measurements --------------------------------------------------------------------------------------------------
def test_the_liver_of_302_is_reported_by_nobody(cuts):
    labs = _of(cuts["cut3"]["lb"], "302")
    alt = labs[labs["LBTESTCD"] == "ALT"]
    run = dict(zip(_study_day(cuts["cut3"], alt, "LBDTC"), alt["LBSTRESN"], strict=True))
    assert {day: value for day, value in run.items() if value > 5 * 40} == {12: 232, 13: 248, 14: 262, 15: 251, 17: 216}
    assert max(run) == 17 and set(alt["LBSTNRHI"]) == {40}
    bilirubin = labs[labs["LBTESTCD"] == "BILI"]
    assert (bilirubin["LBSTRESN"] <= bilirubin["LBSTNRHI"]).all()
    said = _of(cuts["cut3"]["ae"], "302")[["AETERM", "AEDECOD"]].fillna("").agg(" ".join, axis=1).str.upper()
    assert not said.str.contains("ALT|ALANINE|TRANSAMINASE|HEPAT|LIVER").any()


BELOW = {  # CTCAE 5.0: the value is below the limit at this grade or worse
    "Neutrophil count decreased": ("NEUT", {3: 1.0, 4: 0.5}),
    "Lymphocyte count decreased": ("LYM", {3: 0.5, 4: 0.2}),
    "Platelet count decreased": ("PLAT", {2: 75, 3: 50, 4: 25}),
    "Anaemia": ("HGB", {2: 100, 3: 80}),
}
ABOVE = {"Alanine aminotransferase increased": ("ALT", {1: 40, 2: 120, 3: 200, 4: 800})}  # > 1, 3, 5, 20 x ULN


def _lab_grades(cut, code: str, limits: dict[int, float], *, above: bool) -> dict[tuple[str, int], int]:
    """(subject, study day) -> grade, from Day -3 on; only the grades of `limits`."""
    labs = cut["lb"][cut["lb"]["LBTESTCD"] == code].assign(day=lambda rows: _study_day(cut, rows, "LBDTC"))
    sign = 1 if above else -1
    return {
        (row.SUBJID, int(row.day)): max((g for g, at in limits.items() if sign * (row.LBSTRESN - at) > 0), default=0)
        for row in labs[labs["day"] >= -3].itertuples()
    }


@pytest.mark.parametrize("term", [*BELOW, *ABOVE])
def test_labs_agree_with_the_reported_grade(cuts, term):
    cut = cuts["cut3"]
    code, limits = BELOW.get(term) or ABOVE[term]
    found = _lab_grades(cut, code, limits, above=term in ABOVE)
    events = cut["ae"][cut["ae"]["AEDECOD"] == term]
    days = zip(_study_day(cut, events, "AESTDTC"), _study_day(cut, events, "AEENDTC").fillna(1000), strict=True)
    reported = {}
    for (first, end), subjid, grade in zip(days, events["SUBJID"], events["AETOXGR"], strict=True):
        reported |= {key: int(grade) for key in found if key[0] == subjid and first <= key[1] <= end}
    assert {key: found[key] for key in reported} == reported
    unreported = {key[0] for key, grade in found.items() if grade >= 3 and key not in reported}
    assert unreported == ({"302"} if code == "ALT" else set())


def test_the_reference_range_indicator_is_coherent(cuts):
    labs = cuts["cut3"]["lb"].dropna(subset=["LBSTRESN", "LBSTNRLO"])
    low, high = labs["LBSTRESN"] < labs["LBSTNRLO"], labs["LBSTRESN"] > labs["LBSTNRHI"]
    assert (labs["LBNRIND"] == low.map({True: "LOW", False: "NORMAL"}).mask(high, "HIGH")).all()
    assert (labs["LBORRES"].astype(float) == labs["LBSTRESN"]).all()


def test_fever_on_the_days_of_crs_and_pyrexia_only(cuts):
    cut = cuts["cut3"]
    heat = cut["vs"][cut["vs"]["VSTESTCD"] == "TEMP"]
    elsewhere = heat[heat["VSLOC"] != "AXILLA"].groupby(["SUBJID", "VSLOC"]).size()
    assert elsewhere.to_dict() == {("206", "ORAL CAVITY"): 12, ("301", "EAR"): 9}  # Days 7 to 10, 8 to 10
    hot = heat[heat["VSSTRESN"] >= 38.0]
    # CRS from its first to its last day, within Days 0 to 14: 101 2-4, 103 1-3, 201 3-14, 202 3-7, 204 2-5, 205 2-6,
    # 206 1-5, 207 3-5, 301 1-7, 302 2-4, 303 2-3; pyrexia of 102 on Day 5
    days = {
        "101": 3,
        "102": 1,
        "103": 3,
        "201": 12,
        "202": 5,
        "204": 4,
        "205": 5,
        "206": 5,
        "207": 3,
        "301": 7,
        "302": 3,
        "303": 2,
    }
    assert hot.groupby("SUBJID").size().to_dict() == {
        **{subjid: 3 * number for subjid, number in days.items()},  # three measurements a day in hospital
        "204": 3 * 4 + 1,  # and the pyrexia of Day 45, seen once
    }


def test_tocilizumab_of_303_after_the_onset_of_crs(cuts):
    cut = cuts["cut3"]
    crs = _of(cut["ae"], "303").query("AEDECOD == 'Cytokine release syndrome'")
    drug = _of(cut["cm"], "303").query("CMDECOD == 'TOCILIZUMAB'")
    assert crs[["AESTDTC", "AETOXGR"]].to_numpy().tolist() == [["2026-11-20", "2"]] and crs["AEENDTC"].isna().all()
    assert drug["CMSTDTC"].tolist() == ["2026-11-20T18:40"]
    assert drug["CMSTDTC"].iloc[0] > crs["AESTDTC"].iloc[0]


# ---- visits --------------------------------------------------------------------------------------------------------
def test_visits_are_those_of_the_protocol(cuts):
    planned = {(float(one["visitnum"]), one["visit"]) for one in PROTOCOL["visits"]}
    seen = cuts["cut3"]["sv"]
    assert set(zip(seen["VISITNUM"], seen["VISIT"], strict=True)) <= planned
    assert not seen.duplicated(["SUBJID", "VISITNUM"]).any()


def test_one_visit_late_one_missed_and_all_others_in_their_window(cuts):
    cut = cuts["cut3"]
    seen = cut["sv"].assign(day=_study_day(cut, cut["sv"], "SVSTDTC"))
    windows = {one["visitnum"]: one for one in PROTOCOL["visits"] if one["anchor"] == "infusion"}
    seen = seen[seen["day"].notna() & seen["VISITNUM"].isin(windows)]
    off = [
        (row.SUBJID, row.VISIT, int(row.day))
        for row in seen.itertuples()
        for plan in [windows[row.VISITNUM]]
        if not plan["day"] - plan["window"][0] <= row.day <= plan["day"] + plan["window"][1]
    ]
    assert off == [("204", "DAY 21", 25)]
    reached = {subjid for subjid, day in _infusions(cut)["EXSTDTC"].items() if _days_since(day) >= 31}
    assert set(seen[seen["VISIT"] == "DAY 28"]["SUBJID"]) == reached
    assert reached - set(seen[seen["VISIT"] == "DAY 21"]["SUBJID"]) == {"206"}


def _days_since(moment: str) -> int:
    return (ANCHOR - timedelta(days=1) - date.fromisoformat(moment[:10])).days


def test_last_known_alive_is_the_last_contact(cuts):
    cut = cuts["cut3"]
    alive = cut["ss"].query("SSORRES == 'ALIVE'").groupby("SUBJID")["SSDTC"].max()
    assert alive["303"] == "2026-11-21"  # Day 3
    assert alive["103"] == "2026-09-10"  # Month 6 on Day 178, twelve days before the death
    assert set(alive.index) == set(_infusions(cut).index)
