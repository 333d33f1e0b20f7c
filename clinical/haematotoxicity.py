"""ICAHT of every infused patient: its neutrophil counts, and what ends its follow-up."""

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from clinical.grading import icaht
from clinical.grading.icaht import Icaht
from clinical.lab_grades import is_blood
from clinical.sentence import Sentence
from data.protocol import Protocol

CODE, UNIT = "NEUT", "10^9/L"
_BELOW, _ABOVE = ("<", "<="), (">", ">=")
_HIGHEST_LIMIT = icaht.CRITERIA["late"]["second_lowest"] / 1000  # UNIT: what is above it is low on no scale


@dataclass(frozen=True)
class Haematotoxicity:
    usubjid: str
    counts: int  # since the infusion, that are used
    followed: int  # last day that is known of the patient, days since infusion
    icaht: Icaht


def haematotoxicity(
    subjects: pd.DataFrame,
    labs: pd.DataFrame,
    responses: pd.DataFrame,
    therapies: pd.DataFrame,
    protocol: Protocol,
    cutoff: datetime,
) -> tuple[Haematotoxicity, ...]:
    """Of every infused patient with a neutrophil count since the infusion, by usubjid.

    subjects, therapies: as `queries.subjects`, `queries.cytokines.cancer_therapies`. labs, responses: rows of
    `queries.measurements` of "lab" and "response". Followed: to the last contact, visit or count, whichever is last,
    at most to the cut-off. The late window ends with the first progression that the protocol's reader saw after the
    infusion and with the next anticancer therapy; where that has no date no late grade is given. "<0.1" counts as 0.1,
    and a grade that a lower count would give is said to be possible. A count "above" a low limit is not used.
    """
    counts = labs[(labs["code"] == CODE) & is_blood(labs)]
    by_patient = {who: list(own.itertuples(index=False)) for who, own in _told(counts).groupby("usubjid")}
    progressed, after = _progressions(responses, protocol), therapies.set_index("usubjid")
    found = []
    for who in subjects[subjects["day0"] <= cutoff].sort_values("usubjid").itertuples():
        rows = by_patient.get(who.usubjid, [])
        if any(one.used for one in rows):
            next_ = after.loc[who.usubjid] if who.usubjid in after.index else None
            found.append(_of_patient(who, rows, progressed.get(who.usubjid), next_, cutoff))
    return tuple(found)


def _told(counts: pd.DataFrame) -> pd.DataFrame:
    """Since the infusion: usubjid, day, value [UNIT], below [the value is an upper limit], used."""
    sign, value = counts["qualifier"].fillna(""), counts["value"]
    used = (counts["unit"] == UNIT) & value.notna() & counts["rel_day"].notna()
    used &= (value >= 0) & ~(sign.isin(_ABOVE) & (value <= _HIGHEST_LIMIT))
    told = counts[["usubjid", "value"]].assign(day=counts["rel_day"], below=sign.isin(_BELOW), used=used.astype(bool))
    return told[~(told["day"] < 0).fillna(False).astype(bool)]


def _progressions(responses: pd.DataFrame, protocol: Protocol) -> dict[str, int]:
    """usubjid -> day of the first progression after the infusion."""
    seen = responses[(responses["code"] == "OVRLRESP") & (responses["standard"].str.upper() == "PD")]
    evaluator = protocol.response.evaluator if protocol.response else ""
    seen = seen[seen["evaluator"].str.upper() == evaluator.upper()] if evaluator else seen
    return seen[(seen["rel_day"] > 0).fillna(False)].groupby("usubjid")["rel_day"].min().astype(int).to_dict()


def _of_patient(who, rows: list, progression: int | None, after: pd.Series | None, cutoff: datetime) -> Haematotoxicity:
    used = [one for one in rows if one.used]
    day = lambda moment: None if pd.isna(moment) else (moment.normalize() - who.day0.normalize()).days  # noqa: E731
    seen = [day(one) for one in (who.last_contact, who.last_assessed)] + [int(one.day) for one in used]
    followed = min(max(one for one in seen if one is not None), day(pd.Timestamp(cutoff)))
    next_therapy = None if after is None else day(after["next_therapy"])
    ends = {
        "last_followup": followed,
        "progression": progression,
        "next_therapy": None if next_therapy is None or next_therapy <= 0 else next_therapy,
        "death": day(who.death),
    }
    undated = after is not None and bool(after["next_undated"])
    return Haematotoxicity(who.usubjid, len(used), followed, _graded(used, len(rows) - len(used), ends, undated))


def _graded(used: list, not_used: int, ends: dict[str, int | None], undated: bool) -> Icaht:
    days, below = [int(one.day) for one in used], sum(one.below for one in used)
    found = icaht.grade(days, [one.value for one in used], unit=UNIT, **ends)
    early, late = found.early_notes, found.late_notes
    if not_used:
        early += (Sentence("not_used", {"count": not_used}),)
    if below:
        found, noted = _perhaps_lower(found, icaht.grade(days, [0 if one.below else one.value for one in used],
                                                         unit=UNIT, **ends))  # fmt: skip
        early += (Sentence("below_a_limit", {"count": below}),) if noted else ()
    if undated:
        found, late = replace(found, late=None), (*late, Sentence("therapy_undated"))
    return replace(found, early_notes=early, late_notes=late)


def _perhaps_lower(found: Icaht, lowest: Icaht) -> tuple[Icaht, bool]:
    """With the grades that the counts below a limit leave open, and whether they leave any."""
    high = None if found.early_high is None else max(found.early_high, lowest.early_high)
    late = found.late if found.late == lowest.late else None
    open_ = (high, late) != (found.early_high, found.late)
    early = None if found.early == 0 and high else found.early
    return replace(found, early=early, early_high=high, late=late), open_
