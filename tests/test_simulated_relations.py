"""What must hold between the tables of the simulated trial, read from the written files and nothing else."""

import csv
import json
from datetime import date

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from data import simulate

ANCHOR = date(2026, 11, 22)
LAST = date(2026, 11, 21)
CRS = "Cytokine release syndrome"
ICANS = "Immune effector cell-associated neurotoxicity syndrome"
READERS = ("INVESTIGATOR", "INDEPENDENT ASSESSOR")
# Day of progression by the investigator, counted by hand from the diameters: the visit of the scan.
PROGRESSED = {"101": 268, "102": 176, "103": 178, "202": 172, "203": 57, "207": 28}


def read(folder) -> dict[str, pd.DataFrame]:
    """Domain -> rows, with `day` (whole days since the infusion) and `when` (its moment) of the dated column."""
    tables = {path.stem: pyreadstat.read_xport(str(path))[0] for path in sorted(folder.glob("*.xpt"))}
    given = tables["ex"].query("EXTRT == 'XKDCT293'").set_index("USUBJID")["EXSTDTC"]
    for name, rows in tables.items():
        dated = next((one for one in (f"{name.upper()}DTC", f"{name.upper()}STDTC") if one in rows), None)
        if "USUBJID" in rows:
            rows["who"] = rows["USUBJID"].str.split("-").str[-1]
        if dated:
            rows["when"] = pd.to_datetime(rows[dated], format="ISO8601")
            day0 = pd.to_datetime(rows["USUBJID"].map(given).str[:10])
            rows["day"] = (pd.to_datetime(rows["when"]).dt.normalize() - day0).dt.days
    return tables


@pytest.fixture(scope="module")
def cut(trial_files) -> dict[str, pd.DataFrame]:
    return read(trial_files[-1])


@pytest.fixture(scope="module")
def truth(trial_files):
    return trial_files[0].parent / "truth"


def of(rows: pd.DataFrame, **wanted) -> pd.DataFrame:
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def daily(cut, domain: str, who: str, code: str) -> pd.DataFrame:
    prefix = domain.upper()
    rows = of(cut[domain], who=who, **{f"{prefix}TESTCD": code}).dropna(subset=[f"{prefix}STRESN"])
    return rows.assign(value=rows[f"{prefix}STRESN"]).sort_values("when")


def episodes(cut, term: str, grade: int) -> dict[str, tuple[int, int]]:
    """Subject -> first and last study day of the event, of those that reached the grade; open ones to the cut-off."""
    found = {}
    for who, rows in of(cut["ae"], AEDECOD=term).groupby("who"):
        if rows["AETOXGR"].astype(int).max() >= grade:
            ends = pd.to_datetime(rows["AEENDTC"].replace("", LAST.isoformat()))
            found[who] = (int(rows["day"].min()), int((ends - rows["when"]).dt.days.iloc[-1] + rows["day"].iloc[-1]))
    return found


# ---- CRS and its treatment -----------------------------------------------------------------------------------------
def test_crs_of_grade_2_has_fever_and_hypotension_or_oxygen(cut):
    severe = episodes(cut, CRS, 2)
    assert set(severe) == {"201", "202", "205", "206", "301", "303"}
    for who, (first, last) in severe.items():
        seen = of(cut["vs"], who=who)
        seen = seen[seen["day"].between(first, last)]
        assert seen[seen["VSTESTCD"] == "TEMP"]["VSSTRESN"].max() >= 38.0
        low = seen[seen["VSTESTCD"] == "SYSBP"]["VSSTRESN"].min() < 90
        assert low or len(of(cut["pr"], who=who, PRCAT="OXYGEN SUPPORT"))


def _supported(cut, category: str) -> list[tuple[str, int]]:
    """Subject and study day of every day with that support."""
    days = []
    for row in of(cut["pr"], PRCAT=category).itertuples():
        end = pd.Timestamp(row.PRENDTC or LAST.isoformat())
        days += [(row.who, int(row.day) + number) for number in range((end - row.when).days + 1)]
    return days


@pytest.mark.parametrize(
    ("category", "code", "below", "count"),
    # 201: norepinephrine Day 6 to 11; oxygen Day 3 to 13; 303: oxygen from Day 2 to the cut-off on Day 3
    [("VASOPRESSOR", "SYSBP", 90, 6), ("OXYGEN SUPPORT", "OXYSAT", 94, 11 + 2)],
)
def test_support_has_its_reason_on_every_day(cut, category, code, below, count):
    days = _supported(cut, category)
    assert len(days) == count
    for who, day in days:
        seen = daily(cut, "vs", who, code)
        assert seen[seen["day"] == day]["value"].min() < below, (who, day)


def test_nobody_without_oxygen_is_hypoxic(cut):
    low = cut["vs"][(cut["vs"]["VSTESTCD"] == "OXYSAT") & (cut["vs"]["VSSTRESN"] < 94)]
    assert set(zip(low["who"], low["day"].astype(int), strict=True)) <= set(_supported(cut, "OXYGEN SUPPORT"))


def test_il6_rises_after_the_first_tocilizumab(cut):
    drug = of(cut["cm"], CMDECOD="TOCILIZUMAB").groupby("who")["when"].min()
    assert set(drug.index) == {"102", "201", "202", "205", "206", "301", "303"}
    for who, moment in drug.items():
        il6 = daily(cut, "lb", who, "IL6").set_index("when")["value"]
        before, after = il6[il6.index <= moment].iloc[-1], il6[il6.index > moment].iloc[0]
        assert after > before, who


def test_crp_and_ferritin_peak_after_il6(cut):
    followed = episodes(cut, CRS, 1)
    for who in set(followed) - {"303"}:  # on Day 3 at the cut-off
        peaks = {}
        for code in ("IL6", "CRP", "FERRITIN"):
            values = daily(cut, "lb", who, code).query("0 <= day <= 28")
            peaks[code] = values.loc[values["value"].idxmax(), "day"]
        assert peaks["IL6"] < peaks["FERRITIN"], (who, peaks)
        assert peaks["IL6"] <= peaks["CRP"] <= peaks["IL6"] + 4, (who, peaks)


def test_il6_and_ferritin_are_higher_in_worse_crs(cut):
    """By grade 1, 2, 4: geometric means of the peaks from Day 0 on, tocilizumab included."""
    grade = of(cut["ae"], AEDECOD=CRS).groupby("who")["AETOXGR"].max().drop("303")
    for code in ("IL6", "IFNG", "IL10", "MCP1", "FERRITIN"):
        peak = pd.Series({who: daily(cut, "lb", who, code).query("day >= 0")["value"].max() for who in grade.index})
        mean = np.exp(np.log(peak).groupby(grade).mean())
        assert mean["1"] < mean["2"] < mean["4"], code


def test_il15_peaks_with_lymphodepletion(cut):
    for who in set(cut["ex"]["who"]):
        values = daily(cut, "lb", who, "IL15")
        before = values[values["day"] < -5]["value"].max()
        assert values.loc[values["value"].idxmax(), "day"] in range(4)
        assert 20 * 0.8 < values["value"].max() < 60 * 1.2 and before < 10 * 1.2


def test_ice_drops_with_icans_only(cut):
    total = of(cut["qs"], QSTESTCD="ICETOT").dropna(subset=["QSSTRESN"])
    low = total[total["QSSTRESN"] < 10]
    assert episodes(cut, ICANS, 1) == {"206": (5, 6)}
    assert set(zip(low["who"], low["day"], strict=True)) == {("206", 5), ("206", 6)}
    assert low["QSSTRESN"].between(7, 9).all()  # grade 1
    items = cut["qs"][cut["qs"]["QSTESTCD"] != "ICETOT"].groupby(["who", "day"])["QSSTRESN"].sum(min_count=5)
    morning = total.drop_duplicates(["who", "day"]).set_index(["who", "day"])["QSSTRESN"]
    assert items.dropna().to_dict() == morning.to_dict()


def test_a_result_that_was_not_done_has_a_reason_and_no_value(cut):
    for name, prefix in (("lb", "LB"), ("qs", "QS"), ("pc", "PC")):
        missing = of(cut[name], **{f"{prefix}STAT": "NOT DONE"})
        assert len(missing) and (missing[f"{prefix}REASND"] != "").all()
        assert (missing[f"{prefix}ORRES"] == "").all() and missing[f"{prefix}STRESN"].isna().all()


# ---- blood -----------------------------------------------------------------------------------------------------------
def test_neutrophils_fall_after_lymphodepletion_and_recover(cut):
    for who in {*cut["ex"]["who"]} - {"303"}:
        neutrophils = daily(cut, "lb", who, "NEUT")
        before = neutrophils[neutrophils["day"] < -5]["value"].min()
        nadir = neutrophils[neutrophils["day"].between(-2, 14)]["value"].min()
        late = neutrophils[neutrophils["day"] > 16]
        assert before > 1.8 and nadir < 1.0, who
        assert who == "302" or late["value"].iloc[-1] > 1.8, who  # 302 is on Day 17 at the cut-off


def test_leukocytes_are_the_sum_of_their_kinds(cut):
    wide = cut["lb"].pivot_table(index=["USUBJID", "LBDTC"], columns="LBTESTCD", values="LBSTRESN").dropna(subset="WBC")
    assert (wide["WBC"] >= wide["NEUT"] + wide["LYM"] - 0.02).all()


def test_a_number_is_written_without_exponent(cut):
    for name, prefix in (("lb", "LB"), ("pc", "PC"), ("cp", "CP"), ("vs", "VS")):
        written = cut[name].dropna(subset=[f"{prefix}STRESN"])
        assert written[f"{prefix}ORRES"].str.fullmatch(r"[0-9]+([.][0-9]+)?").all()
        assert (written[f"{prefix}ORRES"].astype(float) == written[f"{prefix}STRESN"]).all()


def test_below_the_limit_is_text_and_no_number(cut):
    below = cut["lb"][cut["lb"]["LBORRES"].str.startswith("<")]
    assert {"DDIMER", "IL2"} <= set(below["LBTESTCD"])
    assert below["LBSTRESN"].isna().all()
    words = cut["lb"][cut["lb"]["LBTESTCD"].isin(["HBSAG", "HBCAB", "CARADA", "RCL"])]
    assert set(words["LBSTRESC"]) == {"NEGATIVE", "POSITIVE", "NOT DETECTED"}
    assert of(words, LBTESTCD="RCL")["LBSTRESC"].unique().tolist() == ["NOT DETECTED"]


def test_units_are_those_of_the_site(cut):
    units = cut["lb"][cut["lb"]["LBSTAT"] == ""].groupby("LBTESTCD")["LBSTRESU"].agg(set)
    wanted = {"CREAT": "umol/L", "BILI": "umol/L", "GLUC": "mmol/L", "HGB": "g/L", "FIBRINO": "g/L", "CRP": "mg/L"}
    wanted |= {"FERRITIN": "ug/L", "IL6": "pg/mL", "NEUT": "10^9/L", "ALT": "U/L", "UREA": "mmol/L"}
    assert {code: units[code] for code in wanted} == {code: {unit} for code, unit in wanted.items()}


# ---- cells -----------------------------------------------------------------------------------------------------------
def _copies(cut) -> pd.DataFrame:
    return of(cut["pc"], PCTESTCD="CARCOPY", PCSPEC="PERIPHERAL BLOOD", PCSTAT="")


def test_no_copies_before_the_infusion(cut):
    given = pd.to_datetime(cut["ex"].query("EXTRT == 'XKDCT293'").set_index("USUBJID")["EXSTDTC"])
    rows = _copies(cut)
    before = rows[rows["when"] < rows["USUBJID"].map(given)]
    assert before.groupby("who").size().to_dict() == dict.fromkeys(set(rows["who"]), 2)  # baseline and Day 0
    assert set(before["PCSTRESC"]) == {"NOT DETECTED"} and set(before["PCORRES"]) == {"<50"}
    flow = cut["cp"][cut["cp"]["when"] < cut["cp"]["USUBJID"].map(given)]
    assert len(flow) and flow["CPSTRESN"].isna().all()


def test_copies_below_the_limit_are_detected_or_not(cut):
    rows = _copies(cut)
    below = rows[rows["PCSTRESN"].isna()]
    assert set(below["PCSTRESC"]) == {"DETECTED, <LLOQ", "NOT DETECTED"} and set(below["PCORRES"]) == {"<50"}
    assert (rows["PCSTRESN"].dropna() >= 50).all() and set(rows["PCLLOQ"]) == {50}
    assert (rows["PCDTC"].str.len() == len("2026-03-01T08:15")).all()


def test_copies_peak_in_the_second_week_and_rise_with_the_dose(cut):
    rows = _copies(cut).dropna(subset=["PCSTRESN"])
    top = rows.loc[rows.groupby("who")["PCSTRESN"].idxmax()].set_index("who")
    assert set(cut["pc"]["who"]) - set(top.index) == {"203", "303"}  # 303 is on Day 3
    assert top["day"].between(6, 14).all() and top["PCSTRESN"].between(100, 20_000).all()
    mean = np.exp(np.log(top["PCSTRESN"]).groupby(top.index.str[0]).mean())
    assert mean["1"] < mean["2"]
    assert top.loc[["301", "302"], "PCSTRESN"].min() > mean["2"]


def test_copies_follow_the_true_curve_within_the_error(cut, truth):
    """Stein 2019 from kinetics.csv; the error is log-normal, 0.3, cut at two standard deviations; 3 digits printed."""
    true = pd.read_csv(truth / "kinetics.csv", index_col="usubjid")
    given = pd.to_datetime(cut["ex"].query("EXTRT == 'XKDCT293'").set_index("USUBJID")["EXSTDTC"])
    rows = _copies(cut).dropna(subset=["PCSTRESN"])
    off = []
    for row in rows.itertuples():
        t, p = (row.when - given[row.USUBJID]).total_seconds() / 86400, true.loc[row.USUBJID]
        since = t - p.tmax_days
        rising = p.cmax_copies_per_ug / p.foldx * p.foldx ** (t / p.tmax_days)
        falling = (1 - p.fb) * np.exp(-p.alpha_per_day * since) + p.fb * np.exp(-p.beta_per_day * since)
        off.append(np.log(row.PCSTRESN / (rising if since < 0 else p.cmax_copies_per_ug * falling)))
    assert len(off) > 30 and np.abs(off).max() < 0.61
    assert 0.2 < np.std(off) < 0.4 and len(set(np.round(off, 6))) == len(off)


# ---- tumour ----------------------------------------------------------------------------------------------------------
def _readings(cut):
    """(subject, reader) -> sums of the diameters by visit, the overall response by visit, visits with a new lesion."""
    for who in sorted(set(cut["tr"]["who"])):
        for reader in READERS:
            lesions, said = of(cut["tr"], who=who, TREVAL=reader), of(cut["rs"], who=who, RSEVAL=reader)
            sums = of(lesions, TRTESTCD="SUMDIAM").set_index("VISITNUM")["TRSTRESN"].sort_index()
            yield (who, reader), lesions, sums, said


def test_the_sum_is_that_of_the_diameters(cut):
    for _, lesions, sums, _ in _readings(cut):
        targets = lesions[lesions["TRTESTCD"].isin(["LDIAM", "SAXIS"])]
        assert targets.groupby("VISITNUM")["TRSTRESN"].sum().to_dict() == sums.to_dict()


def test_target_response_follows_recist(cut):
    seen = set()
    for key, lesions, sums, said in _readings(cut):
        for visit, found in of(said, RSTESTCD="TRGRESP").set_index("VISITNUM")["RSSTRESC"].items():
            now, smallest, baseline = sums[visit], sums[sums.index < visit].min(), sums.iloc[0]
            at = lesions[lesions["VISITNUM"] == visit]
            left = of(at, TRTESTCD="LDIAM")["TRSTRESN"].max(), of(at, TRTESTCD="SAXIS")["TRSTRESN"].max()
            seen.add(found)
            if found == "CR":
                assert left[0] == 0 and not left[1] >= 10, key
            elif found == "PD":
                assert now >= 1.2 * smallest and now >= smallest + 5, key
            elif found == "PR":
                assert now <= 0.7 * baseline and not (now >= 1.2 * smallest and now >= smallest + 5), key
            else:
                assert found == "SD" and now > 0.7 * baseline and (now < 1.2 * smallest or now < smallest + 5), key
    assert seen == {"CR", "PR", "SD", "PD"}


def test_overall_response_counts_new_and_non_target_lesions(cut):
    for key, lesions, _, said in _readings(cut):
        for visit, rows in said.groupby("VISITNUM"):
            parts = rows.set_index("RSTESTCD")["RSSTRESC"].to_dict()
            new = len(of(lesions, VISITNUM=visit, TRGRPID="NEW")) > 0
            worse = new or "PD" in (parts.get("TRGRESP"), parts.get("NTRGRESP"))
            assert (parts["OVRLRESP"] == "PD") == worse, key
            if parts["OVRLRESP"] == "CR":
                assert parts["TRGRESP"] == "CR" and parts.get("NTRGRESP", "CR") == "CR", key


def test_202_has_no_target_lesion(cut):
    said = of(cut["rs"], who="202", RSEVAL="INVESTIGATOR")
    assert set(of(cut["tr"], who="202")["TRGRPID"]) == {"NON-TARGET", "NEW"}
    assert "TRGRESP" not in set(said["RSTESTCD"])
    assert of(said, RSTESTCD="OVRLRESP")["RSSTRESC"].tolist() == ["NON-CR/NON-PD"] * 3 + ["PD"]


def test_every_reading_has_its_scan(cut):
    scans = of(cut["pr"], PRCAT="TUMOUR IMAGING").set_index(["who", "VISITNUM"])["PRSTDTC"]
    for row in cut["tr"].itertuples():
        assert scans[row.who, row.VISITNUM] == row.TRDTC


def test_further_therapy_comes_after_progression_only(cut):
    first = of(cut["rs"], RSTESTCD="OVRLRESP", RSEVAL="INVESTIGATOR", RSSTRESC="PD").groupby("who")["day"].min()
    assert first.to_dict() == PROGRESSED
    later = of(cut["cm"], CMCAT="SUBSEQUENT ANTICANCER THERAPY").set_index("who")["day"]
    assert set(later.index) == {"101", "102", "203", "207"}
    assert all(day > PROGRESSED[who] for who, day in later.items())


def test_true_responses_are_those_of_the_files(cut, truth):
    """The best sum before or at progression over the baseline, the investigator's; best response by hand."""
    with (truth / "responses.csv").open() as file:
        true = {row["usubjid"][-3:]: row for row in csv.DictReader(file)}
    # sums: 102 59 to 34, 206 36 to 7, 207 53 to 67, 203 60 to 66
    by_hand = {"102": ("PR", "Y", "-42.4"), "206": ("CR", "Y", "-80.6"), "207": ("PD", "", "26.4"),
               "203": ("SD", "", "10.0"), "202": ("NON-CR/NON-PD", "", ""), "301": ("PR", "N", "-33.9"),
               "302": ("", "", "")}  # fmt: skip
    names = ("best_response", "confirmed", "best_change_percent")
    assert {who: tuple(true[who][name] for name in names) for who in by_hand} == by_hand
    for (who, reader), _, sums, _ in _readings(cut):
        if reader == "INVESTIGATOR" and len(sums) > 1:
            until = of(cut["rs"], who=who, RSEVAL=reader, RSTESTCD="OVRLRESP", RSSTRESC="PD")["VISITNUM"].min()
            counted = sums.iloc[1:][lambda some, until=until: ~(some.index > until)]
            assert float(true[who]["best_change_percent"]) == round(100 * (counted.min() / sums.iloc[0] - 1), 1)


# ---- dates -----------------------------------------------------------------------------------------------------------
def test_every_sample_lies_between_consent_and_cut_off(trial_files):
    for folder, cutoff in zip(trial_files, ("2026-06-09", "2026-09-22", "2026-11-21"), strict=True):
        tables = read(folder)
        consent = tables["dm"].set_index("USUBJID")["RFICDTC"]
        for name in ("lb", "vs", "qs", "pc", "cp", "tr", "rs", "sc", "sv", "ex", "pr", "dv", "xq", "cm"):
            rows = tables[name]
            dates = rows[f"{name.upper()}DTC" if f"{name.upper()}DTC" in rows else f"{name.upper()}STDTC"].str[:10]
            assert (dates >= rows["USUBJID"].map(consent)).all() and (dates <= cutoff).all(), (folder.name, name)


def test_history_is_older_than_consent_and_partly_told(cut):
    rows = cut["mh"].assign(consent=cut["mh"]["USUBJID"].map(cut["dm"].set_index("USUBJID")["RFICDTC"]))
    assert (rows["MHSTDTC"] < rows["consent"]).all()
    assert set(rows["MHSTDTC"].str.len()) == {4, 7, 10}
    assert set(of(rows, MHCAT="PRIMARY DIAGNOSIS")["USUBJID"]) == set(cut["dm"]["USUBJID"])


def test_true_episodes_are_those_of_the_files(cut, truth):
    true = pd.read_csv(truth / "episodes.csv", dtype=str).fillna("")
    crs = true[true["syndrome"] == "CRS"].set_index("usubjid")
    rows = of(cut["ae"], AEDECOD=CRS)
    assert crs["onset"].to_dict() == rows.groupby("USUBJID")["AESTDTC"].min().to_dict()
    assert crs["grade"].to_dict() == rows.groupby("USUBJID")["AETOXGR"].max().to_dict()
    assert crs.loc["XKDCT293-01-201", ["peak", "end"]].tolist() == ["2026-05-24", "2026-05-31"]  # Day 9, Day 16
    assert crs.loc["XKDCT293-01-303", "end"] == ""
    assert true[true["syndrome"] == "ICANS"]["usubjid"].tolist() == ["XKDCT293-01-206"]


# ---- what was planted ------------------------------------------------------------------------------------------------
def test_each_planted_item_is_where_the_manifest_says(trial_files, truth):
    planted = json.loads((truth / "planted.json").read_text())
    assert len(planted) == 20 and {one["first_cut"] for one in planted} == {1, 2, 3}
    cuts = {number: read(folder) for number, folder in enumerate(trial_files, start=1)}
    for one in planted:
        rows = of(cuts[one["first_cut"]][one["domain"].lower()], USUBJID=one["subject"])
        if one["sequence"]:
            assert set(one["sequence"]) <= set(rows[f"{one['domain']}SEQ"]), one
        else:
            assert (one["visit"] in set(rows["VISITNUM"])) == (one["kind"] != "sample missing"), one
        earlier = cuts.get(one["first_cut"] - 1)
        if earlier and one["sequence"]:
            before = of(earlier[one["domain"].lower()], USUBJID=one["subject"])[f"{one['domain']}SEQ"]
            assert not set(one["sequence"]) <= set(before), one


def _planted(trial_files, truth, kind: str) -> pd.DataFrame:
    """The rows, in the first cut that has them."""
    [one] = [one for one in json.loads((truth / "planted.json").read_text()) if one["kind"] == kind]
    rows = of(read(trial_files[one["first_cut"] - 1])[one["domain"].lower()], USUBJID=one["subject"])
    return rows[rows[f"{one['domain']}SEQ"].isin(one["sequence"])]


def test_the_slip_of_units_is_one_creatinine(trial_files, truth, cut):
    row = _planted(trial_files, truth, "unit slip").iloc[0]
    assert (row.who, row.LBTESTCD, row.LBORRES, row.LBORRESU, row.LBSTRESN, row.LBSTRESU) == (
        "204", "CREAT", "0.9", "umol/L", 0.9, "umol/L",
    )  # fmt: skip
    creatinine = of(cut["lb"], LBTESTCD="CREAT")["LBSTRESN"]
    assert (creatinine < 30).sum() == 1


def test_the_other_planted_rows_say_what_the_manifest_says(trial_files, truth, cut):
    drug = _planted(trial_files, truth, "tocilizumab without CRS")
    assert drug[["who", "CMSTDTC"]].to_numpy().tolist() == [["102", "2026-03-09T21:30"]]  # 4 March and five days
    assert "102" not in episodes(cut, CRS, 1)
    partial = _planted(trial_files, truth, "partial date in the DLT window")
    assert partial[["who", "AESTDTC", "AETOXGR"]].to_numpy().tolist() == [["205", "2026-08", "1"]]
    liver = _planted(trial_files, truth, "lab event not reported")
    assert liver["LBSTRESN"].tolist() == [232, 248, 262, 251, 216]
    early = _planted(trial_files, truth, "related before infusion")
    assert early[["day", "AEREL"]].to_numpy().tolist() == [[-1, "POSSIBLE"]]
    moved = _planted(trial_files, truth, "infusion misdated")
    assert moved["EXSTDTC"].tolist() == ["2026-05-24T10:30"]
    fluid = _planted(trial_files, truth, "copies outside blood")
    assert fluid[["PCSPEC", "PCSTRESN"]].to_numpy().tolist() == [["PLEURAL EFFUSION", 9400]]


# ---- files -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_dataset_json_holds_what_xport_holds(trial_files, tmp_path, form):
    folders = simulate.write(tmp_path, ANCHOR, form=form)
    for folder, other in zip(folders, trial_files, strict=True):
        assert {path.name for path in folder.iterdir()} == {f"{path.stem}.{form}" for path in other.iterdir()}
        for path in folder.iterdir():
            about, rows = _dataset_json(path)
            frame, meta = pyreadstat.read_xport(str(other / f"{path.stem}.xpt"))
            assert (about["datasetJSONVersion"], about["name"]) == ("1.1.0", path.stem.upper())
            assert about["records"] == len(rows) == len(frame) and about["label"] == meta.file_label
            columns = [(one["name"], one["label"]) for one in about["columns"]]
            assert columns == list(zip(frame.columns, meta.column_labels, strict=True))
            kinds = {one["name"]: one["dataType"] for one in about["columns"]}
            for place, name in enumerate(frame):
                values = [row[place] for row in rows]
                if kinds[name] == "string":
                    assert values == frame[name].tolist(), (path.name, name)
                else:
                    again = np.array([np.nan if one is None else one for one in values], dtype=float)
                    np.testing.assert_array_equal(again, frame[name].to_numpy(dtype=float), err_msg=name)


def _dataset_json(path) -> tuple[dict, list]:
    lines = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        about = json.loads(lines)
        return about, about.pop("rows")
    about, *rows = map(json.loads, lines.splitlines())
    return about, rows


def test_a_form_replaces_another_in_the_same_folder(tmp_path):
    simulate.write(tmp_path, ANCHOR, form="ndjson")
    first = {path.name for path in (tmp_path / "cut1").iterdir()}
    simulate.write(tmp_path, ANCHOR, form="json")
    assert {path.name for path in (tmp_path / "cut1").iterdir()} == {name.replace("ndjson", "json") for name in first}


def test_truth_lies_beside_the_cuts_and_is_the_same_again(trial_files, truth, tmp_path):
    assert {path.name for path in truth.iterdir()} == {"planted.json", "kinetics.csv", "episodes.csv", "responses.csv"}
    assert not any((folder / "truth").exists() for folder in trial_files)
    simulate.write(tmp_path, ANCHOR)
    for path in truth.iterdir():
        assert path.read_bytes() == (tmp_path / "truth" / path.name).read_bytes()


# ---- more subjects ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    return simulate.write(tmp_path_factory.mktemp("crowd"), ANCHOR, subjects=40)


def test_forty_treated_subjects(crowd, trial_files, cut):
    large = read(crowd[-1])
    given = large["ex"].query("EXTRT == 'XKDCT293'")
    assert len(given) == given["USUBJID"].nunique() == 40
    added = set(large["dm"]["who"]) - set(cut["dm"]["who"])
    assert added == {str(number) for number in range(1001, 1028)}  # 40 - 13 = 27
    assert set(large["dm"][large["dm"]["who"].isin(added)]["ARMCD"]) == {"DL1"}
    days = [(LAST - date.fromisoformat(day[:10])).days for day in given[given["who"].isin(added)]["EXSTDTC"]]
    assert all(75 <= day <= 135 for day in days)  # their windows of 28 days are over
    # the story's own rows are the same as without them
    for name in ("ae", "lb", "pc", "tr", "vs"):
        own = large[name][~large[name]["who"].isin(added)].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, cut[name])


def test_more_subjects_follow_the_same_rules(crowd):
    large = read(crowd[-1])
    more = large["dm"][large["dm"]["who"].str.len() == 4]["who"]
    assert set(of(large["suppae"], RDOMAIN="AE")["who"]) & set(more) == set()
    for who in more:
        neutrophils = daily(large, "lb", who, "NEUT")
        assert neutrophils[neutrophils["day"].between(-3, 14)]["value"].min() < 1.0
        assert daily(large, "vs", who, "TEMP")["value"].max() >= 38.0 or who not in episodes(large, CRS, 1)
        drug = of(large["cm"], who=who, CMDECOD="TOCILIZUMAB")
        assert len(drug) == (who in episodes(large, CRS, 2))
        later = of(large["cm"], who=who, CMCAT="SUBSEQUENT ANTICANCER THERAPY")["day"]
        worse = of(large["rs"], who=who, RSTESTCD="OVRLRESP", RSEVAL="INVESTIGATOR", RSSTRESC="PD")["day"]
        assert all(later > worse.min()) if len(later) else worse.empty


def test_fewer_subjects_than_the_story_has_are_refused(tmp_path):
    with pytest.raises(ValueError, match="the story has 13 treated subjects; ask for as many or more, not 12"):
        simulate.write(tmp_path, ANCHOR, subjects=12)
    assert list(tmp_path.iterdir()) == []
