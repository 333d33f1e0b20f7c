"""The kinetic parameters in the shape of the SDTM domain PP, by CDISC codes."""

import re
from collections.abc import Mapping

import pandas as pd

from pk.remarks import say

# PPTESTCD -> PPTEST, CDISC controlled terminology (PKPARMCD, PKPARM). Our further parameters have no code there.
TESTS = {
    "CMAX": "Max Conc",
    "TMAX": "Time of CMAX",
    "CLST": "Last Nonzero Conc",
    "TLST": "Time of Last Nonzero Conc",
    "AUCLST": "AUC to Last Nonzero Conc",
    "AUCALL": "AUC All",
    "AUCINT": "AUC from T1 to T2",
    "AUCIFO": "AUC Infinity Obs",
    "AUCIFP": "AUC Infinity Pred",
    "AUCPEO": "AUC %Extrapolation Obs",
    "AUCPEP": "AUC %Extrapolation Pred",
    "LAMZ": "Lambda z",
    "LAMZHL": "Half-Life Lambda z",
    "LAMZNPT": "Number of Points for Lambda z",
    "LAMZLL": "Lambda z Lower Limit",
    "LAMZUL": "Lambda z Upper Limit",
    "R2": "R Squared",
    "R2ADJ": "R Squared Adjusted",
    "AUMCLST": "AUMC to Last Nonzero Conc",
    "AUMCIFO": "AUMC Infinity Obs",
    "MRTEVLST": "MRT Extravasc to Last Nonzero Conc",
    "MRTEVIFO": "MRT Extravasc Infinity Obs",
}
METHOD = "LINEAR UP LOG DOWN"
COLUMNS = (
    "STUDYID", "DOMAIN", "USUBJID", "PPSEQ", "PPTESTCD", "PPTEST", "PPCAT", "PPORRES", "PPORRESU", "PPSTRESC",
    "PPSTRESN", "PPSTRESU", "PPSTAT", "PPREASND", "PPSPEC", "PPANMETH", "PPRFTDTC", "PPSTINT", "PPENINT",
    "STATE", "WHY", "EXCLUDED_SAMPLES",
)  # fmt: skip


def pp(
    found: pd.DataFrame,
    states: pd.DataFrame,
    *,
    study: str,
    category: str,
    specimen: str,
    reference: Mapping[str, str],
    excluded: Mapping[str, int],
) -> pd.DataFrame:
    """COLUMNS of PP, and after them three of our own; one row a subject of `states` and code of TESTS.

    found: as `pk.nca.parameters`; states: as `pk.exposure.exposures`, whose value, state and why hold where both have a
    parameter. category, specimen: PPCAT, PPSPEC. reference: subject -> PPRFTDTC, when the cells were infused. excluded:
    subject -> its samples that are not in the numbers.

    PPSTRESN is unrounded. A parameter that cannot be said is NOT DONE, with the reason in PPREASND. PPSTINT and PPENINT
    [ISO 8601 durations from PPRFTDTC] are those of AUCINT. Units: time in day, as CDISC writes its units.

    SDTMIG 3.4, section 6.3.5.9.3 (PP).
    """
    rows = _rows(found, states)
    text = rows["value"].map(lambda one: "" if pd.isna(one) else f"{one:.10g}")
    unit = rows["unit"].fillna("").map(cdisc_unit).where(text != "", "")
    made = {
        "STUDYID": study,
        "DOMAIN": "PP",
        "USUBJID": rows["subject"],
        "PPSEQ": rows.groupby("subject").cumcount() + 1,
        "PPTESTCD": rows["parameter"],
        "PPTEST": rows["parameter"].map(TESTS),
        "PPCAT": category,
        "PPORRES": text,
        "PPORRESU": unit,
        "PPSTRESC": text,
        "PPSTRESN": rows["value"],
        "PPSTRESU": unit,
        "PPSTAT": (text == "").map({True: "NOT DONE", False: ""}),
        "PPREASND": rows["told"].where(text == "", ""),
        "PPSPEC": specimen,
        "PPANMETH": METHOD,
        "PPRFTDTC": rows["subject"].map(reference).fillna(""),
        "PPSTINT": rows["start"].map(_duration),
        "PPENINT": rows["end"].map(_duration),
        "STATE": rows["state"].fillna(""),
        "WHY": rows["told"].where(text != "", ""),
        "EXCLUDED_SAMPLES": rows["subject"].map(excluded).fillna(0).astype(int),
    }
    return pd.DataFrame(made)[list(COLUMNS)]


def _rows(found: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """subject, parameter, start, end, value, unit, state, told [English: why there is no value, or what is said beside
    one]: every subject with every parameter, those without a sample too."""
    rows = found[found["parameter"].isin(list(TESTS))].assign(remark=say(found))
    every = pd.DataFrame({"subject": states["subject"].unique()})
    every = every.merge(rows[["parameter", "start", "end"]].drop_duplicates(), how="cross")
    rows = every.merge(rows, how="left", on=["subject", "parameter", "start", "end"])
    known = states[["subject", "parameter", "end", "value", "state", "why"]].rename(columns={"value": "known"})
    rows = rows.merge(known.astype({"end": float}), how="left", on=["subject", "parameter", "end"])
    why = rows["why"].mask(rows["why"].isin(["", "other"])).fillna(rows["remark"].mask(rows["remark"] == ""))
    why = why.fillna(rows["state"].mask(rows["state"] == "complete")).fillna(
        rows["unit"].isna().map({True: "no sample", False: ""})
    )
    return rows.assign(value=rows["known"].where(rows["state"].notna(), rows["value"]), told=why)


def cdisc_unit(unit: str) -> str:
    """Ours, with d for days, as CDISC writes it: day, /day, day*copies/ug, day2*copies/ug."""
    area = re.fullmatch(r"(\w+)\*d(?:\^(\d))?/(\w+)", unit)
    if area:
        amount, power, per = area.groups()
        return f"day{power or ''}*{amount}/{per}"
    return {"d": "day", "1/d": "/day"}.get(unit, unit)


def _duration(day: float) -> str:
    return "" if pd.isna(day) else f"P{day:.10g}D"
