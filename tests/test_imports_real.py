"""Real trial files in every format: one content whatever the form, counts worked out from the files by other means.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

import csv
import math
import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from sqlalchemy import select

from data import importing, protocol, reshape, schema
from data.protocol import Protocol
from data.receipt import Receipt
from data.store import Cut, Store
from queries import provenance

pytestmark = pytest.mark.real

FORMS = ("json", "ndjson", "dsjc", "xpt")
MAPPING = reshape.FOLDER / "cart_cd22_phase1.toml"


def folder(name: str) -> Path:
    assert os.environ.get("REAL"), "say where the real trial files are: REAL=DIR"
    found = Path(os.environ["REAL"]) / name
    assert found.is_dir(), f"{found} is missing"
    return found


def imported(paths: list[Path], root: Path, told: Protocol, **more) -> tuple[Receipt, Cut | None]:
    store = Store(root)
    receipt = importing.load(paths, store, told, **more)
    return receipt, store.serving().cut


def stored(cut: Cut, table: str) -> pd.DataFrame:
    """A table without the file its rows came from, in the order of its key."""
    columns = [one for one in schema.metadata.tables[table].columns if one.name not in ("source_file", "source_row")]
    keys = schema.metadata.tables[table].info["key"]
    return cut.frame(select(*columns)).sort_values(keys, ignore_index=True)


def lines(receipt: Receipt, severity: str = "error") -> list[str]:
    return [one.line() for one in receipt.findings if one.severity == severity]


# ---- Dataset-JSON in four forms --------------------------------------------------------------------------------------
def msg_protocol() -> Protocol:
    """The pilot's protocol file with the words of this study: arms, treatment, causality."""
    words = {
        '["PLACEBO", "XANOMELINE"]': '["PLACEBO", "ZANOMALINE"]',
        'column = "actarm"': 'column = "actarmcd"',
        '["Placebo"]': '["PLACEBO"]',
        '["Xanomeline Low Dose"]': '["ZAN_LOW"]',
        '["Xanomeline High Dose"]': '["ZAN_HIGH"]',
        '["PROBABLE", "POSSIBLE"]': '["RELATED", "POSSIBLY RELATED"]',
        '["REMOTE"]': '["UNLIKELY RELATED"]',
        '["NONE"]': '["NOT RELATED"]',
    }
    text = protocol.load(Path("cdisc_pilot.toml")).text
    for old, new in words.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return protocol.parse(text)


@pytest.fixture(scope="module")
def forms(tmp_path_factory) -> dict[str, tuple[Receipt, Cut]]:
    root, files = tmp_path_factory.mktemp("forms"), folder("datasetjson_sdtm")
    return {form: imported(sorted(files.glob(f"*.{form}")), root / form, msg_protocol()) for form in FORMS}


# pyreadstat on the XPORT files: rows a domain. DD, EC, IE, TA, TE, TV have no table, RS holds a depression scale.
ROWS = {"ae": 74, "cm": 68, "dd": 3, "dm": 18, "ds": 53, "ec": 1590, "ex": 1583, "ie": 1, "lb": 3488, "mh": 17,
        "rs": 375, "suppdm": 3, "sv": 164, "ta": 8, "te": 5, "ts": 51, "tv": 14, "vs": 1414}  # fmt: skip
KEPT = {"dd", "ec", "ie", "rs", "ta", "te", "tv"}


@pytest.mark.parametrize("form", FORMS)
def test_every_row_of_each_form_is_used_or_kept(forms, form):
    receipt, _ = forms[form]
    assert lines(receipt) == [] and receipt.outcome == "published"
    assert {one.name.removesuffix(f".{form}"): one.rows for one in receipt.files} == ROWS
    assert {one.name.removesuffix(f".{form}") for one in receipt.files if one.used == 0} == KEPT
    assert all(one.used + one.kept == one.rows and one.refused == 0 for one in receipt.files)


def test_the_rows_are_those_that_pyreadstat_reads():
    files = folder("datasetjson_sdtm")
    assert {name: len(pyreadstat.read_xport(str(files / f"{name}.xpt"))[0]) for name in ROWS} == ROWS


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize(
    "table",
    ["subject", "infusion", "adverse_event", "lab", "vital_sign", "medication", "medical_history", "disposition",
     "visit", "trial_summary", "supplemental_qualifier"],
)  # fmt: skip
def test_the_four_forms_of_each_domain_import_to_the_same_rows(forms, form, table):
    wanted, found = stored(forms["json"][1], table), stored(forms[form][1], table)
    assert len(wanted) > 0
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


@pytest.mark.parametrize("form", FORMS[1:])
def test_another_form_of_the_same_files_is_the_same_content(forms, form):
    assert forms[form][1].manifest["content"] == forms["json"][1].manifest["content"]


def test_the_subjects_are_those_of_the_file(forms):
    """18 in DM, one of whom (CDISC015) was never treated; arms as DM writes them."""
    subjects = stored(forms["json"][1], "subject")
    assert subjects["cohort"].value_counts().to_dict() == {"low": 5, "high": 7, "placebo": 5}
    assert subjects[subjects["day0"].isna()]["usubjid"].tolist() == ["CDISC015"]


# ---- the published CD22 trial ----------------------------------------------------------------------------------------
def cells(name: str) -> list[dict[str, str]]:
    with (folder("cart_cd22_phase1") / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def cd22(tmp_path_factory) -> tuple[Receipt, Cut]:
    told = protocol.load(Path("cart_cd22_phase1.toml"))
    root = tmp_path_factory.mktemp("cd22")
    return imported([folder("cart_cd22_phase1")], root, told, mapping=reshape.load(MAPPING))


def test_30_subjects_at_their_dose_levels_all_infused_on_day_0(cd22):
    receipt, cut = cd22
    assert lines(receipt) == [] and receipt.outcome == "published"
    subjects = stored(cut, "subject")
    assert subjects["cohort"].value_counts().to_dict() == {"DL1": 16, "DL2": 13, "DL3": 1}
    counted = Counter(f"DL{one['dose_level']}" for one in cells("subjects"))
    assert subjects["cohort"].value_counts().to_dict() == dict(counted) and len(subjects) == 30
    assert set(subjects["day0"]) == {pd.Timestamp("2000-01-01")}


def test_what_the_data_screen_says_of_them_is_what_the_files_hold(cd22):
    """Patients by need and the last day of each table, counted with the csv module."""
    patients, met = provenance.coverage(cd22[1])
    told = {need.name: count for need, count in met.items()}
    people = cells("subjects")
    given = [one for one in people if "1" in (one["tocilizumab"], one["steroids"], one["anakinra"])]
    markers = {one["patient_id"] for one in cells("inflammatory_markers") if one["test"] in ("CRP", "Ferritin")}
    assert patients == len(people) == 30
    assert told["cytokines"] == len({one["patient_id"] for one in cells("cytokines")})
    assert told["flow"] == len({one["patient_id"] for one in cells("car_expansion")})
    assert told["inflammation"] == len(markers) and told["medication"] == len(given) == 12
    assert told["events"] == sum("1" in (one["crs"], one["hlh"]) for one in people) == 27
    assert told["copies"] == told["temperature"] == told["visits"] == 0
    reach = provenance.freshness(cd22[1]).set_index("name")
    last = pd.Timestamp("2000-01-01") + pd.Timedelta(days=max(float(one["day"]) for one in cells("cytokines")))
    assert pd.Timestamp(reach.loc["cytokine", "last"]).normalize() == last.normalize()
    assert reach.loc["cytokine", "rows"] == len(cells("cytokines"))


def test_crs_by_grade_and_hlh_without_a_grade(cd22):
    events = stored(cd22[1], "adverse_event")
    crs = events[events["aedecod"] == "Cytokine release syndrome"]
    counted = Counter(int(one["crs_max_grade"]) for one in cells("subjects") if one["crs"] == "1")
    assert crs["aetoxgr"].value_counts().to_dict() == dict(counted) == {1: 16, 2: 9, 3: 1, 4: 1}
    hlh = events[events["aedecod"] == "Haemophagocytic lymphohistiocytosis"]
    assert len(hlh) == sum(one["hlh"] == "1" for one in cells("subjects")) == 10
    assert hlh["aetoxgr"].isna().all() and events["causality"].isna().all()


def test_crs_begins_on_its_day_after_the_infusion(cd22):
    events = stored(cd22[1], "adverse_event")
    crs = events[events["aedecod"] == "Cytokine release syndrome"].set_index("usubjid")["aestdtc"]
    # subjects.csv: patient 277 on day 10, 364 on day 5, 533 on day 8; Day 0 stands as 1 January 2000
    assert [crs[f"CD22-{one}"] for one in (277, 364, 533)] == ["2000-01-11", "2000-01-06", "2000-01-09"]


def test_treatments_of_crs_are_medications(cd22):
    counted = {
        name: sum(one[column] == "1" for one in cells("subjects"))
        for name, column in (("TOCILIZUMAB", "tocilizumab"), ("CORTICOSTEROIDS", "steroids"), ("ANAKINRA", "anakinra"))
    }
    assert stored(cd22[1], "medication")["cmtrt"].value_counts().to_dict() == counted
    assert counted == {"TOCILIZUMAB": 11, "CORTICOSTEROIDS": 7, "ANAKINRA": 4}


CODES = {"GM-CSF": "GMCSF", "IFN-gamma": "IFNG", "IL-1B": "IL1B", "IL-12p70": "IL12P70", "MIP-alpha": "MIP1A",
         "TNF-alpha": "TNFA"}  # fmt: skip


def test_cytokines_by_analyte_each_with_its_number(cd22):
    cytokines = stored(cd22[1], "cytokine")
    counted = Counter(CODES.get(one["cytokine"], one["cytokine"].replace("-", "")) for one in cells("cytokines"))
    assert cytokines["lbtestcd"].value_counts().to_dict() == dict(counted)
    assert len(cytokines) == 5837 and counted["IL6"] == 432 and counted["IL18"] == 211
    assert cytokines["value"].notna().all() and set(cytokines["unit"]) == {"pg/mL"}
    assert math.fsum(cytokines["value"]) == pytest.approx(
        math.fsum(float(one["value_pg_ml"]) for one in cells("cytokines"))
    )


def test_markers_with_one_hemolysed_sample_without_number(cd22):
    labs = stored(cd22[1], "lab")
    markers = labs[labs["lbtestcd"].isin(["CRP", "LDH", "FERRITIN"])]
    assert markers["lbtestcd"].value_counts().to_dict() == {"CRP": 145, "LDH": 143, "FERRITIN": 108}
    [bad] = markers[markers["value"].isna()].to_dict("records")
    assert (bad["usubjid"], bad["lbtestcd"], bad["lborres"], bad["visit"], bad["reason"]) == (
        "CD22-4356", "LDH", "Hemolyzed", "Day 28", "no number: Hemolyzed",
    )  # fmt: skip


def test_day_0_samples_keep_their_clock(cd22):
    """0.2381944444423425, 0.24791666666715173 and 0.20486111110949423 days are 343, 357 and 295 minutes."""
    labs = stored(cd22[1], "lab")
    crp = labs[(labs["lbtestcd"] == "CRP") & (labs["visit"] == "Day 0")].set_index("usubjid")["lbdtc"]
    assert [crp[f"CD22-{one}"] for one in (277, 364, 992)] == [
        "2000-01-01T05:43", "2000-01-01T05:57", "2000-01-01T04:55",
    ]  # fmt: skip


def test_every_time_is_the_actual_day_to_the_minute(cd22):
    labs = stored(cd22[1], "lab")
    labs = labs[labs["lbtestcd"].isin(["CRP", "LDH", "FERRITIN"])]
    days = (labs["lbdtc_earliest"] - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
    actual = sorted(float(one["actual_day"]) for one in cells("inflammatory_markers"))
    assert sorted(days) == pytest.approx(actual, abs=0.5 / 1440 + 1e-9)


def test_201_rows_of_flow_cytometry(cd22):
    flow = stored(cd22[1], "flow")
    assert flow.groupby(["cptestcd", "unit"]).size().to_dict() == {("CARTC", "cells/uL"): 97, ("CARTCLY", "%"): 104}
    assert math.fsum(flow["value"]) == pytest.approx(math.fsum(float(one["value"]) for one in cells("car_expansion")))


def test_subsets_without_a_table_are_kept_and_counted(cd22):
    counted = sum(one["test"].startswith("#") for one in cells("tbnk"))
    [account] = [one for one in cd22[0].files if one.name == "tbnk.csv"]
    assert (account.rows, account.used, account.refused, account.kept) == (1500, counted, 0, 1500 - counted)
    assert account.loaded == {"lab": 452}  # 4 x 94 + 76


def test_the_warnings_of_the_mapped_trial_are_true(cd22):
    """27 of 37 events carry a grade: the column is not missing."""
    assert not [one for one in lines(cd22[0], "warning") if "AETOXGR" in one]


# ---- the pilot as Parquet and CSV, and as SAS XPORT ------------------------------------------------------------------
PILOT = protocol.load(Path("cdisc_pilot.toml"))
LABS = ("lbch", "lbhe", "lbur")


@pytest.fixture(scope="module")
def xport(tmp_path_factory) -> Cut:
    paths = [folder("cdisc_pilot_xpt") / f"{name}.xpt" for name in ("dm", "ex", *LABS, "vs")]
    receipt, cut = imported(paths, tmp_path_factory.mktemp("xport"), PILOT)
    assert lines(receipt) == []
    return cut


@pytest.fixture(scope="module")
def parquet(tmp_path_factory) -> tuple[Receipt, Cut]:
    paths = [folder("cdisc_pilot_parquet") / name for name in ("dm.csv", "ex.csv", "lb.parquet", "vs.parquet")]
    receipt, cut = imported(paths, tmp_path_factory.mktemp("parquet"), PILOT)
    assert lines(receipt) == []
    return receipt, cut


@pytest.mark.parametrize(("table", "prefix", "count"), [("lab", "lb", 59580), ("vital_sign", "vs", 29643)])
def test_parquet_and_xport_of_the_pilot_hold_the_same_results(parquet, xport, table, prefix, count):
    """The later package calls blood urea nitrogen UREAN, the earlier one BUN; nothing else differs."""
    names = ["usubjid", f"{prefix}seq", f"{prefix}testcd", f"{prefix}dtc", "value"]
    one, two = (stored(cut, table)[names].copy() for cut in (parquet[1], xport))
    one[f"{prefix}testcd"] = one[f"{prefix}testcd"].replace("BUN", "UREAN")
    keys = names[:1] + names[2:]
    one, two = (frame[keys].sort_values(keys, ignore_index=True) for frame in (one, two))
    assert len(one) == len(two) == count
    pd.testing.assert_frame_equal(one[keys[:-1]], two[keys[:-1]])
    assert one["value"].isna().equals(two["value"].isna())
    urea = one[f"{prefix}testcd"] == "UREAN"  # the earlier package rounded it in mmol/L
    pd.testing.assert_series_equal(one["value"][urea], two["value"][urea], rtol=1e-3)
    pd.testing.assert_series_equal(one["value"][~urea], two["value"][~urea], rtol=1e-12)


def test_subjects_of_both_packages_are_the_same(parquet, xport):
    one, two = (stored(cut, "subject")[["usubjid", "cohort", "day0", "dthdtc"]] for cut in (parquet[1], xport))
    pd.testing.assert_frame_equal(one, two)


def test_the_whole_folder_is_one_delivery(tmp_path):
    """sv.csv holds 01-711-1143, UNSCHEDULED 9.2 on two days, where the XPORT file has 9.2 and 9.3: both are visits."""
    receipt, cut = imported([folder("cdisc_pilot_parquet")], tmp_path, PILOT)
    assert receipt.errors == () and receipt.outcome == "published"
    visits = cut.frame(select(schema.visit).where(schema.visit.c.usubjid == "01-711-1143"))
    assert visits[visits["visitnum"] == 9.2]["svstdtc"].tolist() == ["2013-06-22", "2013-09-22"]


# The sender's standard unit to the store's, where they differ: 1 mmol/L of haemoglobin monomer is 16.114 g/L.
TO_STORE = {"HGB": 16.114}


def test_every_value_of_our_units_agrees_with_the_senders_own(xport):
    """Our value comes from LBORRES and LBORRESU; LBSTRESN, which the sender worked out, must be the same within 2 %."""
    files = folder("cdisc_pilot_xpt")
    raw = pd.concat(
        pyreadstat.read_xport(str(files / f"{name}.xpt"))[0].assign(source_file=f"{name}.xpt") for name in LABS
    )
    raw["source_row"] = raw.groupby("source_file").cumcount() + 1
    ours = xport.frame(select(schema.lab.c["source_file", "source_row", "lbtestcd", "value", "unit", "qualifier"]))
    both = raw.merge(ours, on=["source_file", "source_row"], validate="1:1", suffixes=("", "_ours"))
    numbers = both[both["LBSTRESN"].notna() & (both["LBSTRESU"] != "") & (both["LBORRESU"] != "")]
    assert len(numbers) > 45_000 and numbers["LBTESTCD"].nunique() > 25
    assert numbers["value"].notna().all()  # nothing of it was withheld
    senders = numbers["LBSTRESN"] * numbers["LBTESTCD"].map(TO_STORE).fillna(1.0)
    apart = (numbers["value"] - senders).abs() > 0.02 * senders.abs() + 1e-12
    whole = numbers[apart & numbers["qualifier"].isna()]
    assert whole.empty, whole[["LBTESTCD", "LBORRES", "LBORRESU", "LBSTRESN", "LBSTRESU", "value", "unit"]].head(20)


# ---- a table that nothing describes ----------------------------------------------------------------------------------
def test_the_glioblastoma_table_is_refused_with_the_word_what_to_do(tmp_path):
    receipt, cut = imported([folder("cart_gbm_phase1")], tmp_path, PILOT)
    assert cut is None and receipt.outcome == "refused"
    assert lines(receipt) == [
        "ERROR domain unknown: gbm_patients.csv: no column DOMAIN (or RDOMAIN), and its variables are of no one SDTM "
        "domain: which domain gbm_patients.csv holds cannot be told; describe it in a mapping file (--mapping)",
        "ERROR no subjects: none of the files holds DM (demographics): nobody could be placed; add it",
    ]  # fmt: skip
    assert all("P1" not in one for one in lines(receipt))
