"""Laboratory results with their CTCAE grades, each against its patient's own baseline."""

from collections.abc import Collection

import pandas as pd

from clinical.grading import ctcae
from clinical.lab_results import TESTS
from data.specimens import NOT_BLOOD

# LBTESTCD -> CTCAE terms with the other names of an adverse event of it. The fall of white cells and lymphocytes is the
# purpose of lymphodepletion: it is in no list of what is unexpected.
GRADED: dict[str, dict[str, tuple[str, ...]]] = TESTS | {
    "HGB": {"Anemia": ("Anaemia", "Haemoglobin decreased", "贫血", "血红蛋白降低")},
}


def graded(
    subjects: pd.DataFrame, labs: pd.DataFrame, codes: Collection[str] = tuple(GRADED), *, version: str = "5.0"
) -> pd.DataFrame:
    """One row a result of blood and CTCAE term, by subject, term, moment: the columns of `labs`, and term, since [the
    first lymphodepletion dose, else the infusion], baseline, grade, low, high [Int8], scale, missing [what would
    decide].

    subjects: as `queries.subjects`. labs: as `queries.measurements` of the table "lab". codes: LBTESTCD, of GRADED.
    Baseline: the last result before `since`, in the same unit; without one nothing that needs it is decided. Patients
    who never came so far have no row. A result without a number is no row: it is no grade 0 either.
    """
    since = subjects.set_index("usubjid")["lymphodepletion"].fillna(subjects.set_index("usubjid")["day0"]).dropna()
    blood = ~_is_any(labs["specimen"], NOT_BLOOD) & ~_is_any(labs["category"], {"URINALYSIS"})
    known = blood & labs["value"].notna() & labs["usubjid"].isin(since.index) & labs["code"].isin(list(codes))
    rows = labs[known].sort_values(["usubjid", "code", "first", "value"])
    rows = rows.assign(unit=rows["unit"].fillna(""), since=since.reindex(rows["usubjid"]).to_numpy())
    rows = _with_baseline(rows)
    rows = rows.assign(term=rows["code"].map({code: list(GRADED[code]) for code in codes})).explode("term")
    rows = rows.reset_index(drop=True)
    asked = rows.rename(columns={"range_low": "lln", "range_high": "uln"})
    names = ["term", "value", "unit", "lln", "uln", "baseline", "baseline_high", "qualifier"]
    found = ctcae.grades(asked[names], version=version)
    rows[["grade", "low", "high", "scale", "missing"]] = found[["grade", "low", "high", "scale", "missing"]]
    return rows.sort_values(["usubjid", "term", "first"], kind="stable", ignore_index=True)


def _with_baseline(rows: pd.DataFrame) -> pd.DataFrame:
    before = rows[rows["last"] < rows["since"]].drop_duplicates(["usubjid", "code"], keep="last")
    before = before[["usubjid", "code", "value", "unit", "range_high"]]
    found = rows.merge(before, "left", ["usubjid", "code"], suffixes=("", "_before"))
    baseline = found["value_before"].where(found["unit_before"] == found["unit"])
    high = (found["value_before"] > found["range_high_before"]).astype("boolean")
    known = found["value_before"].notna() & found["range_high_before"].notna()
    found = found.assign(baseline=baseline, baseline_high=high.where(known))
    return found.drop(columns=["value_before", "unit_before", "range_high_before"])


def _is_any(texts: pd.Series, names: Collection[str]) -> pd.Series:
    return texts.isin([one for one in texts.dropna().unique() if one.upper() in names])


def names_of(code: str, term: str) -> frozenset[str]:
    """What an adverse event of this test's term is called, in lower case."""
    return frozenset(one.casefold() for one in (term, *GRADED[code][term]))
