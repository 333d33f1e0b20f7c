"""CRS and ICANS as episodes: from graded assessments to onset, peak, end and treatment."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from clinical.bedside import HIDES_FEVER
from clinical.by_patient import by_patient
from clinical.grading import Grade, crs, icans
from data.protocol_safety import Toxicity

ASSESSED = ("grade", "low", "high", "codes", "missing", "deciding")  # columns added to the inputs of an assessment
EPISODE = {
    "usubjid": object, "kind": object, "number": int, "sure": bool, "began": "datetime64[us]",
    "ended": "datetime64[us]", "onset": "datetime64[us]", "onset_day": "Int64",
    "peak": "Int64", "peak_low": int, "peak_high": int, "peak_at": "datetime64[us]", "improved": "datetime64[us]",
    "deciding": object, "last": "datetime64[us]", "end": "datetime64[us]", "hours_least": float, "hours_most": float,
    "assessments": int, "undecided": int, "missing": object, "codes": object, "treatments": object,
}  # fmt: skip


def crs_assessments(inputs: pd.DataFrame, settings: Toxicity) -> pd.DataFrame:
    """The assessments of `clinical.bedside.crs_inputs` with their grades: grade [<NA> unless low = high], low, high,
    codes, missing [arguments], deciding [components], fever_in_episode. Fever counts from the last sign before it that
    lies within `gap_hours`; the cause is not in the data, and is said to be not assessed."""
    gap = pd.Timedelta(hours=settings.gap_hours)
    rows = []
    for own in by_patient(inputs).values():
        rows += _with_fever_before(own, gap)
    return pd.DataFrame(rows, columns=[*inputs.columns, "fever_in_episode", *ASSESSED]).astype({"grade": "Int64"})


def icans_assessments(inputs: pd.DataFrame) -> pd.DataFrame:
    """The assessments of `clinical.bedside.icans_inputs` with their grades, as `crs_assessments` has them; low and high
    are <NA> where nothing can be said."""
    rows = []
    for one in inputs.itertuples(index=False):
        asked = (one.ice, one.consciousness, one.seizure, one.motor, one.raised_icp)
        rows.append((*one, *_columns(icans.grade(*(None if pd.isna(each) else each for each in asked)))))
    whole = dict.fromkeys(("grade", "low", "high"), "Int64")
    return pd.DataFrame(rows, columns=[*inputs.columns, *ASSESSED]).astype(whole)


def _columns(found: Grade) -> tuple:
    return found.grade, found.low, found.high, found.codes, found.missing, found.deciding


def _with_fever_before(rows: Sequence, gap: pd.Timedelta) -> Iterator[tuple]:
    """Fever is remembered while the episode lasts; a temperature missing in it leaves open whether there was any."""
    fever: bool | None = False
    sign = None  # of the last assessment that was or could be CRS
    for one in rows:
        if sign is not None and one.first - sign > gap:
            fever, sign = False, None
        site = one.temperature_site if isinstance(one.temperature_site, str) else None
        found = crs.grade(
            temperature=one.temperature,
            fever_in_episode=fever,
            fever_treated=None if one.on_board is None else bool(one.on_board),
            hypotension=_said(one.hypotension),
            vasopressors=None if pd.isna(one.vasopressors) else int(one.vasopressors),
            vasopressin=_said(one.vasopressin),
            oxygen_device=one.oxygen_device if isinstance(one.oxygen_device, str) else None,
            oxygen_flow=one.oxygen_flow,
            temperature_site=site,
        )
        yield *one, fever, *_columns(found)
        measured = crs.fever(one.temperature, site)
        fever = True if fever or measured.low else None if measured.high or fever is None else False
        sign = one.first if found.high or measured.high else sign


def _said(answer: object) -> bool | None:
    return None if pd.isna(answer) else bool(answer)


# ---- episodes --------------------------------------------------------------------------------------------------------
def episodes(kind: str, assessed: pd.DataFrame, given: pd.DataFrame, settings: Toxicity) -> pd.DataFrame:
    """One row an episode, by subject and onset: the columns of EPISODE.

    kind: "crs" or "icans", written into the rows. assessed: as `crs_assessments` or `icans_assessments`. given: as
    `queries.interventions`. An episode is every assessment that is or can be grade 1 or more, joined over less than
    `gap_hours`. began, ended: the first and the last of these. sure: at least one surely is; without, onset is empty:
    it may be none at all. onset, last: the first and the last assessment surely at grade 1 or more. peak: the highest
    grade, <NA> unless peak_low = peak_high; peak_at: the first assessment surely at it, deciding: its components;
    improved: the first surely below it, without a return to it.
    end: the first assessment surely at grade 0 after it; empty: none by the cut-off, which is not "goes on".
    hours_least, hours_most: onset to last, onset to end. undecided: assessments that are ranges; missing, codes: what
    those lack. treatments: (kind, first moment) of drugs that treat or hide it, from onset to end.
    """
    gap, rows = pd.Timedelta(hours=settings.gap_hours), []
    drugs = by_patient(given[given["kind"].isin(HIDES_FEVER)])
    known = by_patient(assessed[assessed["high"].notna()])
    for who, own in sorted(known.items()):
        for number, (signs, end) in enumerate(_joined(own, gap), start=1):
            rows.append({"usubjid": who, "kind": kind, "number": number} | _episode(signs, end, drugs.get(who, [])))
    return pd.DataFrame(rows, columns=list(EPISODE)).astype(EPISODE)


def _joined(rows: Sequence, gap: pd.Timedelta) -> Iterator[tuple[list, object]]:
    """Signs that belong together, each group with the first assessment after it that is surely grade 0."""
    signs: list = []
    end = None
    for one in rows:
        if not one.high:
            end = one if signs and end is None else end
            continue
        if signs and one.first - signs[-1].first > gap:
            yield signs, end
            signs = []
        signs.append(one)
        end = None
    if signs:
        yield signs, end


def _episode(signs: Sequence, end, drugs: Iterable) -> dict[str, object]:
    sure = [one for one in signs if one.low]
    low, high = max(one.low for one in signs), max(one.high for one in signs)
    peak = next((one for one in sure if one.low == low), None)
    onset, last = (sure[0].first, sure[-1].first) if sure else (pd.NaT, pd.NaT)
    over = pd.NaT if end is None else end.first
    undecided = [one for one in signs if one.low < one.high]
    began = signs[0].first
    return {
        "sure": bool(sure),
        "began": began,
        "ended": signs[-1].first,
        "onset": onset,
        "onset_day": sure[0].rel_day if sure else pd.NA,
        "peak": low if low == high else pd.NA,
        "peak_low": low,
        "peak_high": high,
        "peak_at": peak.first if peak else pd.NaT,
        "improved": _improved(signs, low, end),
        "deciding": peak.deciding if peak else (),
        "last": last,
        "end": over,
        "hours_least": _hours(onset, last),
        "hours_most": _hours(onset, over),
        "assessments": len(signs),
        "undecided": len(undecided),
        "missing": _union(one.missing for one in undecided),
        "codes": _union(one.codes for one in signs),
        "treatments": tuple(_treatments(drugs, onset if sure else began, over)),
    }


def _improved(signs: Sequence, peak: int, end) -> object:
    at_peak = [number for number, one in enumerate(signs) if one.high >= peak]
    after = [*signs[at_peak[-1] + 1 :], *([end] if end is not None else [])]
    return after[0].first if peak and after else pd.NaT


def _hours(start, end) -> float:
    return (end - start) / pd.Timedelta(hours=1)


def _union(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in several for name in one))


def _treatments(drugs: Iterable, began, over) -> Iterator[tuple[str, object]]:
    """The first of each kind that can have begun in the episode; a dose dated by its day can be of any hour."""
    seen = set()
    for one in sorted((row for row in drugs if pd.notna(row.first)), key=lambda row: row.first):
        if one.last >= began and not one.first > over and one.kind not in seen:
            seen.add(one.kind)
            yield one.kind, one.first
