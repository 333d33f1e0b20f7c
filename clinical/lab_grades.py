"""Laboratory results with their CTCAE grades, each against its patient's own baseline."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from clinical.grading import calcium, ctcae
from data.specimens import NOT_BLOOD

# LBTESTCD -> its CTCAE terms, each with the other names an adverse event of it goes by (MedDRA, English and Chinese).
# White cells and lymphocytes are not here: their fall is the purpose of lymphodepletion, and never a candidate.
# Neither is total calcium: its albumin is often of another day.
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

# The fall of white cells and lymphocytes is in no list of what is unexpected either.
GRADED: dict[str, dict[str, tuple[str, ...]]] = TESTS | {
    "HGB": {"Anemia": ("Anaemia", "Haemoglobin decreased", "贫血", "血红蛋白降低")},
}

# Whatever a value grades, the expected and the harmless too: what a table of results shows.
BY_VALUE: dict[str, dict[str, tuple[str, ...]]] = GRADED | {
    "WBC": {
        "White blood cell decreased": (
            "White blood cell count decreased", "Leukopenia", "白细胞计数降低", "白细胞减少症",
        ),
        "Leukocytosis": ("White blood cell count increased", "白细胞增多", "白细胞计数升高"),
    },
    "LYM": {
        "Lymphocyte count decreased": ("Lymphopenia", "淋巴细胞计数降低", "淋巴细胞减少症"),
        "Lymphocyte count increased": ("Lymphocytosis", "淋巴细胞计数升高", "淋巴细胞增多"),
    },
    # Total calcium, which is graded as corrected for the albumin of the same sample.
    "CA": {
        "Hypocalcemia": ("Hypocalcaemia", "Blood calcium decreased", "低钙血症"),
        "Hypercalcemia": ("Hypercalcaemia", "Blood calcium increased", "高钙血症"),
    },
    "CD4": {"CD4 lymphocytes decreased": ("CD4淋巴细胞减少",)},
    "HGB": GRADED["HGB"] | {"Hemoglobin increased": ("Haemoglobin increased", "血红蛋白升高")},
    "LDH": {"Blood lactate dehydrogenase increased": ("血乳酸脱氢酶升高",)},
    "HAPTOG": {"Haptoglobin decreased": ("触珠蛋白降低",)},
    "URATE": {"Hyperuricemia": ("Hyperuricaemia", "Blood uric acid increased", "高尿酸血症", "血尿酸升高")},
    "GLUC": GRADED["GLUC"] | {"Hyperglycemia": ("Hyperglycaemia", "Blood glucose increased", "高血糖", "高血糖症")},
}  # fmt: skip


_ALBUMIN = {"g/L": 1.0, "g/dL": 10.0}  # unit -> g/L
_OF_SAMPLE = ["usubjid", "first", "value", "unit", "qualifier"]


def with_baseline(labs: pd.DataFrame, since: pd.Series) -> pd.DataFrame:
    """The rows with a value, of blood as far as is known, of the subjects of `since`, in any order, with `since` and
    the subject's baseline of the test: `value_baseline`, `unit_baseline`, `range_high_baseline`.

    labs: as `queries.measurements` of the table "lab". since: by usubjid, the first lymphodepletion dose, or the
    infusion where that is not recorded: the last result before it is the baseline.
    """
    rows = labs[labs["value"].notna() & is_blood(labs) & labs["usubjid"].isin(since.index)].reset_index(drop=True)
    codes, tests = pd.factorize(rows["code"])
    who = since.index.get_indexer(rows["usubjid"])
    series = who * max(len(tests), 1) + codes  # a subject's results of one test
    # An INR has no unit, and is compared with its baseline all the same.
    rows = rows.assign(unit=rows["unit"].fillna(""), since=since.to_numpy()[who])
    is_before = (rows["last"] < rows["since"]).to_numpy()
    before = rows[is_before].assign(series=series[is_before])
    before = before.sort_values(["series", "first", "last", "value", "source_row"])
    base = before.drop_duplicates("series", keep="last").set_index("series")[["value", "unit", "range_high"]]
    base = base.reindex(series)
    return rows.assign(**{f"{name}_baseline": base[name].to_numpy() for name in base})


def is_blood(labs: pd.DataFrame) -> pd.Series:
    """Whether each result is of blood, as far as is known: what is not surely another fluid is."""
    return ~_is_any(labs["specimen"], NOT_BLOOD) & ~_is_any(labs["category"], {"URINALYSIS"})


def _is_any(texts: pd.Series, names: Collection[str]) -> pd.Series:
    """Of these names, in any case: a few different texts stand in very many rows."""
    return texts.isin([one for one in texts.dropna().unique() if one.upper() in names])


def grades_of(rows: pd.DataFrame, term: np.ndarray | pd.Series, version: str) -> pd.DataFrame:
    """`ctcae.grades` of rows that have their baseline; term: of each. Calcium is corrected for the albumin of its own
    sample, which is among the rows; without one it has no grade, and `missing` is albumin."""
    high = (rows["value_baseline"] > rows["range_high_baseline"]).astype("boolean")
    corrected = corrected_calcium(rows) if "CA" in set(rows["code"]) else rows["value"]
    asked = {
        "term": term, "value": corrected, "unit": rows["unit"], "qualifier": rows["qualifier"],
        "lln": rows["range_low"], "uln": rows["range_high"],
        "baseline": rows["value_baseline"].where(rows["unit"] == rows["unit_baseline"]),
        "baseline_high": high.mask(rows["value_baseline"].isna() | rows["range_high_baseline"].isna()),
    }  # fmt: skip
    found = ctcae.grades(pd.DataFrame(asked, index=rows.index), version=version)
    without = (found["code"] == "no_value") & rows["value"].notna()
    found["missing"] = found["missing"].mask(without, pd.Series([("albumin",)] * len(rows), rows.index))
    return found


def corrected_calcium(rows: pd.DataFrame) -> pd.Series:
    """The values, those of total calcium as they would be at normal albumin; NaN without the albumin of that moment."""
    albumin = rows.loc[rows["code"] == "ALB", _OF_SAMPLE]
    beside = {
        (who, moment): value * _ALBUMIN[unit]
        for who, moment, value, unit, sign in albumin.itertuples(index=False)
        if unit in _ALBUMIN and pd.isna(sign) and pd.notna(moment)
    }
    own = rows.loc[rows["code"] == "CA", _OF_SAMPLE]
    made = rows["value"].copy()
    made[own.index] = [
        calcium.corrected(value, _in_unit_of(unit, beside.get((who, moment))), unit) if unit in calcium.UNITS else value
        for who, moment, value, unit, _ in own.itertuples(index=False)
    ]
    return made


def _in_unit_of(calcium_unit: str, albumin: float | None) -> float | None:
    """g/dL beside mg/dL, else g/L."""
    return albumin / 10 if albumin is not None and calcium_unit == "mg/dL" else albumin


def graded(
    subjects: pd.DataFrame,
    labs: pd.DataFrame,
    codes: Collection[str] = tuple(GRADED),
    *,
    version: str = "5.0",
    terms: Mapping[str, Collection[str]] = GRADED,
) -> pd.DataFrame:
    """One row a result of blood and CTCAE term, by subject, term, moment: the columns of `labs`, those of
    `with_baseline`, and term, grade, low, high [Int8], scale, missing [what would decide].

    subjects: as `queries.subjects`. labs: as `queries.measurements` of the table "lab". codes: LBTESTCD, of `terms`,
    which are the CTCAE terms of each. Without a baseline in the same unit nothing that needs it is decided. Patients
    who never came so far have no row. A result without a number is no row: it is no grade 0 either.
    """
    by_subject = subjects.set_index("usubjid")
    since = by_subject["lymphodepletion"].fillna(by_subject["day0"]).dropna()
    rows = with_baseline(labs[labs["code"].isin(list(codes))], since)
    rows = rows.assign(term=rows["code"].map({code: list(terms[code]) for code in codes}))
    rows = rows.explode("term", ignore_index=True)
    told = ["grade", "low", "high", "scale", "missing"]
    rows[told] = grades_of(rows, rows["term"], version)[told]
    return rows.sort_values(["usubjid", "term", "first", "value", "source_row"], ignore_index=True)


_CODES = {term: code for code, terms in BY_VALUE.items() for term in terms}


def term_in(term: str, lang: str) -> str:
    """A CTCAE term that values grade in the reader's language: in Chinese by its first Chinese name, with the test's
    code. Any other term as it stands."""
    code = _CODES.get(term)
    if lang != "zh" or code is None:
        return term
    return f"{next(name for name in BY_VALUE[code][term] if not name.isascii())} ({code})"


def names_of(code: str, term: str) -> frozenset[str]:
    """What an adverse event of this test's term is called, in lower case."""
    return frozenset(one.casefold() for one in (term, *BY_VALUE[code][term]))
