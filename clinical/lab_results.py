"""Laboratory results as the DLT definition reads them: which of them count, with which baseline, and at which grade."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from clinical.grading import ctcae
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

_TEST = {term: code for code, terms in TESTS.items() for term in terms}

# What is read of `queries.measurements`.
COLUMNS = (
    "usubjid", "code", "value", "unit", "qualifier", "range_low", "range_high", "specimen", "category", "first", "last",
    "dtc", "source_file", "source_row",
)  # fmt: skip

# What is not known where a grade is a range; a translation has the same keys.
LACKING = ctcae.LACKING | {
    "unit": "no unit, or one that is not known",
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
    """One row, and which grades of a CTCAE term it can be."""

    usubjid: str
    code: str
    value: float
    unit: str
    qualifier: str | None
    first: datetime | None
    last: datetime | None
    dtc: str
    source_file: str
    source_row: int
    timed: bool  # the time of day is known
    low: int
    high: int
    lacking: tuple[str, ...]  # keys of LACKING
    scale: str

    @property
    def evidence(self) -> Evidence:
        text = f"{self.qualifier if pd.notna(self.qualifier) else ''}{self.value:g} {self.unit}".strip()
        return Evidence(
            "LB", self.usubjid, self.code, self.dtc, text, self.low, self.high, self.scale,
            self.source_file, self.source_row,
        )  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """The results of one moment, and which grades they can be."""

    first: datetime | None
    last: datetime | None
    low: int
    high: int
    lacking: tuple[str, ...]
    timed: bool
    rows: tuple[Result, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(row.evidence for row in self.rows)


def read(labs: pd.DataFrame, infused: pd.DataFrame, cutoff: datetime) -> pd.DataFrame:
    """Samples with a value, of blood as far as is known, of the infused, up to the cut-off, in any order: COLUMNS but
    for specimen and category, and `who` [place of the subject in `infused`], `timed` [the time of day is known],
    `value_baseline`, `unit_baseline`, `range_high_baseline` of the subject and test.

    labs: COLUMNS. infused: `queries.subjects` of the infused by usubjid. Baseline: last before the first
    lymphodepletion, before the infusion where that is not recorded.
    """
    labs = labs[list(COLUMNS)]
    blood = ~_is_any(labs["specimen"], NOT_BLOOD) & ~_is_any(labs["category"], {"URINALYSIS"})
    known = labs["value"].notna() & blood & labs["usubjid"].isin(infused.index) & ~(labs["first"] > cutoff)
    rows = labs[known & labs["code"].isin(list(TESTS))].drop(columns=["specimen", "category"]).reset_index(drop=True)
    rows = rows.assign(
        unit=rows["unit"].fillna(""),  # an INR has none, and is compared with its baseline all the same
        who=infused.index.get_indexer(rows["usubjid"]),
        timed=rows["last"] - rows["first"] < timedelta(hours=1),
    )
    base = _baselines(rows, infused)
    return rows.assign(**{f"{name}_baseline": base[name].to_numpy() for name in base})


def _baselines(rows: pd.DataFrame, infused: pd.DataFrame) -> pd.DataFrame:
    """`value, unit, range_high` of the baseline of each row's series, which is a subject's results of one test."""
    series = rows["who"].to_numpy() * len(TESTS) + pd.factorize(rows["code"])[0]
    start = infused["lymphodepletion"].fillna(infused["day0"]).to_numpy()[rows["who"]]
    is_before = (rows["last"] < start).to_numpy()
    before = rows[is_before].assign(series=series[is_before])
    order = ["series", "first", "last", "value", "source_row"]
    base = before.sort_values(order).drop_duplicates("series", keep="last").set_index("series")
    return base[["value", "unit", "range_high"]].reindex(series)


def _is_any(texts: pd.Series, names: Collection[str]) -> pd.Series:
    """Of these names, in any case: a few different texts stand in very many rows."""
    return texts.isin([one for one in texts.dropna().unique() if one.upper() in names])


def graded(rows: pd.DataFrame, terms: Iterable[str], version: str) -> dict[str, pd.DataFrame]:
    """The rows of the test of each term that has any, with the columns `low, high, lacking, scale` of `Result`: of what
    cannot be graded, every grade.

    rows: as `read` gives them. version: of CTCAE; a term that it has no limits for is graded by 5.0.
    """
    by_test = rows.groupby("code").indices
    there = [(term, by_test[_TEST[term]]) for term in terms if _TEST[term] in by_test]
    found = {}
    for one in dict.fromkeys((version, "5.0")):
        asked = {term: places for term, places in there if term not in found and ctcae.reachable(term, one)}
        if asked:
            found |= _graded(rows, asked, one)
    return found


def _graded(rows: pd.DataFrame, places: Mapping[str, np.ndarray], version: str) -> dict[str, pd.DataFrame]:
    """All terms at once: one after the other would take ten times as long in a small trial."""
    counts = [len(one) for one in places.values()]
    each = rows.take(np.concatenate(list(places.values()))).reset_index(drop=True)
    high = (each["value_baseline"] > each["range_high_baseline"]).astype("boolean")
    grades = ctcae.grades(
        pd.DataFrame({
            "term": np.repeat(list(places), counts), "value": each["value"], "unit": each["unit"],
            "qualifier": each["qualifier"], "lln": each["range_low"], "uln": each["range_high"],
            "baseline": each["value_baseline"].where(each["unit"] == each["unit_baseline"]),
            "baseline_high": high.mask(each["value_baseline"].isna() | each["range_high_baseline"].isna()),
        }),
        version=version,
    )  # fmt: skip
    in_unit, most = grades["low"].notna(), np.repeat([ctcae.reachable(term, version) for term in places], counts)
    each["low"] = grades["low"].fillna(0).astype(int)
    each["high"] = grades["high"].astype(float).where(in_unit, most).astype(int)
    each["lacking"] = grades["missing"].where(in_unit, pd.Series([("unit",)] * len(each)))
    each["scale"] = grades["scale"]
    ends = np.cumsum(counts)
    return {term: each.iloc[end - count : end] for term, count, end in zip(places, counts, ends, strict=True)}


def samples(rows: pd.DataFrame, term: str, least: int) -> list[Sample]:
    """A sample a row, by subject and moment, of the subjects that have any that can be at the grade `least`.

    rows: as `graded` for `term`. A creatinine or an INR without baseline that is normal, or below 2.5, is taken to be
    below grade 3: nothing excludes that the baseline was lower still, and each patient's would be.
    """
    if least >= 3:
        rows = rows.assign(high=rows["high"].mask(_is_usual(rows, term), rows["high"].clip(upper=least - 1)))
    concerned = rows["who"].isin(rows.loc[rows["high"] >= least, "who"].unique())
    if not concerned.any():
        return []
    wanted = rows[concerned].sort_values(["who", "first", "last", "value", "source_row"])
    # Columns as lists of plain objects: a frame a patient would be walked ten times as slowly.
    results = map(Result._make, zip(*(_plain(wanted[name]) for name in Result._fields), strict=True))
    return [Sample(one.first, one.last, one.low, one.high, one.lacking, one.timed, (one,)) for one in results]


def _is_usual(rows: pd.DataFrame, term: str) -> pd.Series:
    limit = {"Creatinine increased": rows["range_high"], "INR increased": 2.5}.get(term, -math.inf)
    return rows["value_baseline"].isna() & rows["qualifier"].isna() & (rows["value"] <= limit)


def _plain(column: pd.Series) -> list:
    """A moment that is not known is None."""
    is_moment = column.dtype.kind == "M"  # numpy's own way is thirty times as fast as a Timestamp each
    return column.to_numpy().tolist() if is_moment else column.astype(object).tolist()
