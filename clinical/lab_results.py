"""Laboratory results as the DLT definition reads them: which of them count, with which baseline, and at which grade."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from clinical.grading import Grade, ctcae
from data.specimens import NOT_BLOOD

# LBTESTCD -> its CTCAE terms, each with the other names an adverse event of it goes by (MedDRA, English and Chinese).
# White cells and lymphocytes are not here: their fall is the purpose of lymphodepletion, and never a candidate.
# Neither is total calcium, which is graded after correction for the albumin of the same sample.
TESTS: dict[str, dict[str, tuple[str, ...]]] = {
    "ALT": {"Alanine aminotransferase increased": ("丙氨酸氨基转移酶升高",)},
    "AST": {"Aspartate aminotransferase increased": ("天门冬氨酸氨基转移酶升高",)},
    "ALP": {"Alkaline phosphatase increased": ("Blood alkaline phosphatase increased", "血碱性磷酸酶升高")},
    "GGT": {"GGT increased": ("Gamma-glutamyltransferase increased", "γ-谷氨酰转移酶升高")},
    "BILI": {"Blood bilirubin increased": ("Hyperbilirubinaemia", "血胆红素升高", "高胆红素血症")},
    "CREAT": {"Creatinine increased": ("Blood creatinine increased", "血肌酐升高")},
    "LIPASE": {"Lipase increased": ("脂肪酶升高",)},
    "AMYLASE": {"Serum amylase increased": ("Amylase increased", "Blood amylase increased", "淀粉酶升高")},
    "CK": {"CPK increased": ("Blood creatine phosphokinase increased", "血肌酸磷酸激酶升高")},
    "SODIUM": {"Hyponatremia": ("Hyponatraemia", "低钠血症"), "Hypernatremia": ("Hypernatraemia", "高钠血症")},
    "K": {"Hypokalemia": ("Hypokalaemia", "低钾血症"), "Hyperkalemia": ("Hyperkalaemia", "高钾血症")},
    "MG": {"Hypomagnesemia": ("Hypomagnesaemia", "低镁血症"), "Hypermagnesemia": ("Hypermagnesaemia", "高镁血症")},
    "CAION": {
        "Hypocalcemia (Ionized)": ("Hypocalcemia", "Hypocalcaemia", "低钙血症"),
        "Hypercalcemia (Ionized)": ("Hypercalcemia", "Hypercalcaemia", "高钙血症"),
    },
    "GLUC": {"Hypoglycemia": ("Hypoglycaemia", "Blood glucose decreased", "低血糖", "低血糖症")},
    "ALB": {"Hypoalbuminemia": ("Hypoalbuminaemia", "Blood albumin decreased", "低白蛋白血症")},
    "TRIG": {"Hypertriglyceridemia": ("Hypertriglyceridaemia", "Blood triglycerides increased", "高甘油三酯血症")},
    "CHOL": {"Cholesterol high": ("Hypercholesterolaemia", "Blood cholesterol increased", "高胆固醇血症")},
    "FIBRINO": {"Fibrinogen decreased": ("Blood fibrinogen decreased", "血纤维蛋白原降低")},
    "INR": {"INR increased": ("International normalised ratio increased", "国际标准化比值升高")},
    "APTT": {"Activated partial thromboplastin time prolonged": ("活化部分凝血活酶时间延长",)},
    "NEUT": {"Neutrophil count decreased": ("Neutropenia", "中性粒细胞计数降低", "中性粒细胞减少症")},
    "PLAT": {"Platelet count decreased": ("Thrombocytopenia", "血小板计数降低", "血小板减少症")},
}

# What is read of `queries.measurements`.
COLUMNS = (
    "usubjid", "code", "value", "unit", "qualifier", "range_low", "range_high", "specimen", "category", "first", "last",
    "dtc", "source_file", "source_row",
)  # fmt: skip

# What is not known where a grade is a range; a translation has the same keys.
LACKING = {
    "uln": "upper limit of normal",
    "lln": "lower limit of normal",
    "baseline": "baseline",
    "pct_change": "change from baseline",
    "symptomatic": "symptoms",
    "anticoagulated": "anticoagulation",
    "unit": "no unit, or one that is not known",
    "limit": "the result is a limit",
    "moment": "results of one moment differ",
}


class Lacking(tuple):
    """Keys of LACKING; in a sentence their English words."""

    def __str__(self) -> str:
        return self.say(LACKING)

    def __format__(self, spec: str) -> str:
        return str(self)

    def say(self, words: Mapping[str, str]) -> str:
        return ", ".join(words[one] for one in self)


@dataclass(frozen=True)
class Evidence:
    table: str
    usubjid: str
    code: str  # LBTESTCD, or the term of an event
    dtc: str | None  # as it came
    value: str  # with its unit
    low: int | None
    high: int | None
    scale: str
    source_file: str
    source_row: int


class Result(NamedTuple):
    """One row, with the subject's baseline of its test."""

    usubjid: str
    code: str
    value: float
    unit: str
    qualifier: str | None
    range_low: float
    range_high: float
    first: datetime | None
    last: datetime | None
    dtc: str
    source_file: str
    source_row: int
    timed: bool  # the time of day is known
    value_baseline: float
    unit_baseline: str | None
    range_high_baseline: float


@dataclass(frozen=True)
class Sample:
    """The results of one moment, and which grades of a CTCAE term they can be."""

    first: datetime
    last: datetime
    low: int
    high: int
    lacking: tuple[str, ...]  # keys of LACKING
    timed: bool
    rows: tuple[Result, ...]
    term: str
    scale: str = ""  # that graded its one row; "": no row was, or several are one sample

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(_evidence(row, self if self.scale else graded(row, self.term)) for row in self.rows)


def read(labs: pd.DataFrame, infused: pd.DataFrame, cutoff: datetime) -> dict[str, pd.DataFrame]:
    """Samples with a value, of blood as far as is known, of the infused, up to the cut-off, with the subject's
    baseline, by test: the columns of `Result`, in any order.

    labs: COLUMNS. infused: `queries.subjects` of the infused by usubjid. Baseline: last before the first
    lymphodepletion, before the infusion where that is not recorded.
    """
    labs = labs[list(COLUMNS)]
    blood = ~_is_any(labs["specimen"], NOT_BLOOD) & ~_is_any(labs["category"], {"URINALYSIS"})
    known = labs["value"].notna() & blood & labs["usubjid"].isin(infused.index) & ~(labs["first"] > cutoff)
    rows = labs[known & labs["code"].isin(list(TESTS))].drop(columns=["specimen", "category"])
    rows = rows.reset_index(drop=True)
    rows["unit"] = rows["unit"].fillna("")  # an INR has none, and is compared with its baseline all the same
    rows["timed"] = rows["last"] - rows["first"] < timedelta(hours=1)
    codes, tests = pd.factorize(rows["code"])
    series = infused.index.get_indexer(rows["usubjid"]) * len(TESTS) + codes
    base = _baselines(rows, series, infused)
    rows = rows.assign(**{f"{name}_baseline": base[name].to_numpy() for name in base})
    return {test: rows[codes == number] for number, test in enumerate(tests)}


def _baselines(rows: pd.DataFrame, series: np.ndarray, infused: pd.DataFrame) -> pd.DataFrame:
    """`value, unit, range_high` of the baseline of each row's series, which is a subject's results of one test."""
    start = infused["lymphodepletion"].fillna(infused["day0"]).to_numpy()[series // len(TESTS)]
    before = rows[(rows["last"] < start).to_numpy()].assign(series=series[(rows["last"] < start).to_numpy()])
    order = ["series", "first", "last", "value", "source_row"]
    base = before.sort_values(order).drop_duplicates("series", keep="last").set_index("series")
    return base[["value", "unit", "range_high"]].reindex(series)


def _is_any(texts: pd.Series, names: Collection[str]) -> pd.Series:
    """Of these names, in any case: a few different texts stand in very many rows."""
    return texts.isin([one for one in texts.dropna().unique() if one.upper() in names])


def samples(rows: pd.DataFrame, term: str, least: int) -> list[Sample]:
    """A sample a row, by subject and moment, of the subjects that have any that can be at the grade `least`.

    rows: those of one test, as `read` gives them.
    """
    reach = can_reach(rows, term, least)
    concerned = rows["usubjid"].isin(rows.loc[reach, "usubjid"].unique())
    wanted = rows[concerned].assign(reach=reach[concerned])
    wanted = wanted.sort_values(["usubjid", "first", "last", "value", "source_row"])
    # Columns as lists of plain objects: a frame a patient would be walked ten times as slowly.
    columns = (_plain(wanted[name]) for name in Result._fields)
    results = map(Result._make, zip(*columns, strict=True))
    return [
        graded(row, term) if reaches else _below_it(row, term, least)
        for row, reaches in zip(results, wanted["reach"].tolist(), strict=True)
    ]


def _plain(column: pd.Series) -> list:
    """A moment that is not known is None."""
    is_moment = column.dtype.kind == "M"  # numpy's own way is thirty times as fast as a Timestamp each
    return column.to_numpy().tolist() if is_moment else column.astype(object).tolist()


# ---- which need grading ----------------------------------------------------------------------------------------------
# What CTCAE 5.0 asks of grade 3 and of grade 4 at least, in absolute terms: outside the normal range or not.
_BELOW = {
    "Neutrophil count decreased": ("10^9/L", 1.0, 0.5),
    "Platelet count decreased": ("10^9/L", 50.0, 25.0),
    "Hyponatremia": ("mmol/L", 130.0, 120.0),  # grade 3 from 129 on with symptoms
    "Hypokalemia": ("mmol/L", 3.0, 2.5),
    "Hypomagnesemia": ("mmol/L", 0.4, 0.3),
    "Hypocalcemia (Ionized)": ("mmol/L", 0.9, 0.8),
    "Hypoglycemia": ("mmol/L", 2.2, 1.7),
    "Hypoalbuminemia": ("g/L", 20.0, 0.0),
}
_ABOVE = {
    "Hypernatremia": ("mmol/L", 155.0, 160.0),
    "Hyperkalemia": ("mmol/L", 6.0, 7.0),
    "Hypermagnesemia": ("mmol/L", 1.23, 3.3),
    "Hypercalcemia (Ionized)": ("mmol/L", 1.6, 1.8),
    "Hypertriglyceridemia": ("mmol/L", 5.7, 11.4),
    "Cholesterol high": ("mmol/L", 10.34, 12.92),
}


def can_reach(rows: pd.DataFrame, term: str, minimum: int) -> pd.Series:
    """Which rows need grading at all: every one that can be at the grade. Left out, though the scale alone would not
    exclude it, is a creatinine or an INR without baseline that is normal, or below 2.5: each patient's would be."""
    if minimum < 3:
        return pd.Series(True, rows.index)
    return rows["qualifier"].notna() | _beyond(rows, term, min(minimum, 4))


def _beyond(rows: pd.DataFrame, term: str, minimum: int) -> pd.Series:
    value, high, baseline = rows["value"], rows["range_high"], rows["value_baseline"]
    other_unit = baseline.notna() & (rows["unit_baseline"] != rows["unit"])
    if term in _BELOW:
        unit, *limits = _BELOW[term]
        return (value < limits[minimum - 3]) | (rows["unit"] != unit)
    if term in _ABOVE:
        unit, *limits = _ABOVE[term]
        return (value > limits[minimum - 3]) | (rows["unit"] != unit)
    if term == "Creatinine increased":
        return other_unit | ~(
            value <= (3 * rows[["value_baseline", "range_high"]].min(axis=1)).where(baseline.notna(), high)
        )
    if term == "INR increased":
        return other_unit | ~(value <= 2.5 * baseline.fillna(1.0).clip(upper=1.0))  # 2.5, or 2.5 x baseline
    # A multiple of a limit: nothing inside its normal range is grade 3.
    return (value < rows["range_low"].fillna(math.inf)) | (value > high.fillna(-math.inf))


# ---- grades ----------------------------------------------------------------------------------------------------------
def _below_it(row: Result, term: str, least: int) -> Sample:
    """What cannot be at the grade needs no grade until it is shown as evidence."""
    return Sample(row.first, row.last, 0, least - 1, (), row.timed, (row,), term)


def graded(row: Result, term: str) -> Sample:
    ends = _ends(row, term)
    low, high = _bounds(ends, term)
    missing = tuple(dict.fromkeys(name for one in ends for name in one.missing))
    lacking = missing or (("unit",) if ends[0].high is None else ("limit",) if low < high else ())
    return Sample(row.first, row.last, low, high, lacking, row.timed, (row,), term, ends[0].scale)


def _ends(row: Result, term: str) -> list[Grade]:
    """Of one result, from its least to its most: "> 500" is 500 or anything above it."""
    least, most = row.value, row.value
    if row.qualifier in (">", ">="):
        most = math.inf
    elif row.qualifier in ("<", "<="):
        least = 0.0
    return [grade_of(row, one, term) for one in {least, most}]


def _bounds(ends: Iterable[Grade], term: str) -> tuple[int, int]:
    known = [one for one in ends if one.low is not None and one.high is not None]
    return (min(one.low for one in known), max(one.high for one in known)) if known else (0, ctcae.reachable(term))


def _evidence(row: Result, alone: Sample) -> Evidence:
    """alone: the row as a sample of its own."""
    text = f"{row.qualifier if pd.notna(row.qualifier) else ''}{row.value:g} {row.unit}"
    return Evidence(
        "LB", row.usubjid, row.code, row.dtc, text.strip(), alone.low, alone.high, alone.scale,
        row.source_file, row.source_row,
    )  # fmt: skip


def grade_of(row: Result, value: float, term: str) -> Grade:
    same_unit = row.unit == row.unit_baseline
    high = None
    if not (math.isnan(row.value_baseline) or math.isnan(row.range_high_baseline)):
        high = bool(row.value_baseline > row.range_high_baseline)
    return ctcae.grade(
        term,
        value,
        row.unit,
        lln=row.range_low,
        uln=row.range_high,
        baseline=row.value_baseline if same_unit else None,
        baseline_high=high,
        anticoagulated=None,
    )
