"""The results of one patient that CTCAE grades by their value, each with the grade it can be."""

from functools import cache

import numpy as np
import pandas as pd

from clinical.grading import crs, ctcae
from clinical.lab_grades import BY_VALUE, grades_of, with_baseline
from clinical.lab_results import LACKING as OF_LABS

COLUMNS = ("term", "low", "high", "scale", "lacking")
# What is not known where a grade is a range, or none; a translation has the same keys.
LACKING = OF_LABS | {
    "core": "measured in the axilla: the core may be at 38.0 °C or more",
    "albumin": "albumin of the same sample, for which calcium is corrected",
}

_TABLES = ("lab", "vital_sign")
_READ = [
    "usubjid", "code", "value", "unit", "qualifier", "range_low", "range_high", "specimen", "category", "place",
    "first", "last", "source_row",
]  # fmt: skip
_NEAR_FEVER = 37.0  # C; below it nobody asks where it was measured


def result_grades(measured: pd.DataFrame, since: pd.Timestamp, version: str) -> pd.DataFrame:
    """COLUMNS, by the index of `measured`: a row a result of blood, or temperature, that a value of CTCAE grades.

    low, high [Int8; <NA>: no grade can be given]; lacking: keys of LACKING, what would decide. Of two terms (a low
    and a high potassium) the one that grades higher. What has no number is no row.
    measured: as `queries.measurements`, of one patient. since: the first lymphodepletion dose, or the infusion; the
    last result before it is the baseline, NaT is no baseline. version: of CTCAE; what it has no limits for is no row.
    """
    terms = terms_by_value(version)
    asked = measured.loc[measured["table"].isin(_TABLES) & measured["code"].isin(list(terms)), _READ]
    rows = with_baseline(asked.assign(at=asked.index), pd.Series(since, asked["usubjid"].unique(), "datetime64[us]"))
    each = rows.take(np.repeat(np.arange(len(rows)), [len(terms[code]) for code in rows["code"]]))
    each = each.assign(term=[one for code in rows["code"] for one in terms[code]]).reset_index(drop=True)
    found = _near_fever(each, _told(grades_of(each, each["term"], version)).assign(term=each["term"]))
    high, low = (found[name].to_numpy(float, na_value=-1) for name in ("high", "low"))
    order = np.lexsort((-low, -high, each["at"]))
    first = order[np.flatnonzero(np.diff(each["at"].to_numpy()[order], prepend=-1))]
    return found[list(COLUMNS)].take(first).set_axis(each["at"].to_numpy()[first])


@cache
def terms_by_value(version: str) -> dict[str, list[str]]:
    """LBTESTCD, or TEMP -> its terms that this version of CTCAE grades by a value."""
    every = {code: list(terms) for code, terms in BY_VALUE.items()} | {"TEMP": ["Fever"]}
    found = {code: [one for one in terms if ctcae.reachable(one, version)] for code, terms in every.items()}
    return {code: terms for code, terms in found.items() if terms}


def _near_fever(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """What is not quite a fever in the axilla may be one at the core."""
    near = rows.loc[
        (rows["code"] == "TEMP") & (found["high"] == 0) & (rows["value"] >= _NEAR_FEVER), ["value", "place"]
    ]
    unsure = [one for one, value, place in near.itertuples() if crs.fever(value, _text(place)).high]
    found.loc[unsure, "high"] = 1
    found.loc[unsure, "lacking"] = pd.Series([("core",)] * len(unsure), unsure, dtype=object)
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _told(grades: pd.DataFrame) -> pd.DataFrame:
    """`lab_grades.grades_of` with what is lacking also where no grade can be given for its unit."""
    told = [("unit",) if code in ("unit", "no_unit") else names
            for code, names in zip(grades["code"], grades["missing"], strict=True)]  # fmt: skip
    return grades.assign(lacking=pd.Series(told, grades.index, dtype=object))
