"""How many patients had an adverse event: the one count behind every table, with what is missing counted beside it."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from clinical.proportions import clopper_pearson

TOTAL = "total"
GROUPINGS = ((), ("soc",), ("soc", "term"))

# Whether an event meets a criterion. The order is the logic: "and" is the minimum of two verdicts, and a patient's
# verdict is the maximum over their events.
NO, UNKNOWN, COUNTS_AS_YES, YES = range(4)


def _flag(values: pd.Series, missing: int = UNKNOWN) -> np.ndarray:
    try:
        known = values.astype("boolean")
    except (TypeError, ValueError):
        raise ValueError(f"{values.name} must hold True, False or nothing") from None
    return np.where(known.isna(), missing, np.where(known.fillna(False), YES, NO))


def _grade(events: pd.DataFrame, lowest: int) -> np.ndarray:
    grade = events["toxgr"].astype("Float64").to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(grade), UNKNOWN, np.where(grade >= lowest, YES, NO))


def _related(events: pd.DataFrame) -> np.ndarray:
    return _flag(events["related"], missing=COUNTS_AS_YES)


def _of_special_interest(events: pd.DataFrame) -> np.ndarray:
    # An event of special interest is recognised by its coded term: without a code, "no" is not known.
    return np.maximum(_flag(events["aesi"]), np.where(events["term"].isna(), UNKNOWN, NO))


Rule = Callable[[pd.DataFrame], np.ndarray]  # events -> a verdict for each
CRITERIA: dict[str, Rule] = {
    "any": lambda events: np.full(len(events), YES),
    "grade3": lambda events: _grade(events, 3),
    "grade5": lambda events: _grade(events, 5),
    "related": _related,
    "related_grade3": lambda events: np.minimum(_related(events), _grade(events, 3)),
    "serious": lambda events: _flag(events["serious"]),
    "aesi": _of_special_interest,
    "dlt": lambda events: _flag(events["dlt"]),
}


def incidence(
    subjects: pd.DataFrame,
    events: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    criteria: Sequence[str] = ("any",),
    level: float = 0.95,
    total: bool = True,
) -> pd.DataFrame:
    """Patients with at least one event, one row a group x cohort x criterion.

    subjects: one row a patient, the denominator: usubjid, cohort (str), full_follow_up (bool; missing = not full).
    events: one row an adverse event in the treatment-emergent window: usubjid, soc, term (missing = uncoded), toxgr
    (1 to 5, missing = not recorded), related, serious (True, False, None), aesi, dlt (bool). Events of others than
    `subjects` enter nothing.
    by: (), ("soc",) or ("soc", "term"). criteria: keys of CRITERIA. level: of the interval.

    Columns: those of `by`, cohort, criterion, then
        k, n            patients who meet the criterion, patients in the cohort
        low, high       Clopper-Pearson interval of k/n, as fractions; NaN where n is 0
        n_full          patients of n whose follow-up is complete
        unknown         patients not in k who could be: an event's deciding value is missing. With any of them, k is
                        "at least". Grade, seriousness; for aesi also the code
        marked          patients of k who are in it only because a missing relationship counts as related
        subjects, unknown_subjects      tuples of usubjid, sorted, behind k and unknown

    Order: SOC by patients with any event in all cohorts, most first, then by name; terms within a SOC likewise; uncoded
    last, a group of its own. Then cohorts by name, "total" after them; then criteria as given. Every group has a row in
    every cohort, also where k is 0. Without events, by=() still has its rows of k = 0.

    KeyError for an unknown criterion. ValueError, naming it, for another `by`, a level outside 0 to 1, a patient twice,
    a cohort missing or called "total", an event without patient, a grade outside 1 to 5, a flag that is a text.
    """
    by, rules = list(by), {name: CRITERIA[name] for name in criteria}
    _check(subjects, events, by)
    cohorts = sorted(subjects["cohort"].unique()) + [TOTAL] * total
    counted = _in_order(_of_subjects(events, subjects), by)
    groups = counted.drop_duplicates("group")[by] if by else pd.DataFrame(index=[0])
    found = _verdicts(counted, rules, total)

    # The rows, and beside them the number of the row that each verdict counts in.
    rows = groups.loc[groups.index.repeat(len(cohorts) * len(rules))].reset_index(drop=True)
    rows["cohort"] = np.tile(np.repeat(np.array(cohorts, str), len(rules)), len(groups))
    rows["criterion"] = np.tile(np.array(list(rules), str), len(groups) * len(cohorts))
    cohort, criterion = pd.Index(cohorts).get_indexer(found["cohort"]), pd.Index(rules).get_indexer(found["criterion"])
    found["row"] = (found["group"] * len(cohorts) + cohort) * len(rules) + criterion

    met = _patients(found[found["verdict"] >= COUNTS_AS_YES], len(rows))
    in_doubt = _patients(found[found["verdict"] == UNKNOWN], len(rows))
    marked = _patients(found[found["verdict"] == COUNTS_AS_YES], len(rows))
    size = _sizes(subjects, cohorts).loc[rows["cohort"]]
    rows["k"], rows["n"] = met.map(len), size["n"].to_numpy()
    limits = [clopper_pearson(k, n, level) for k, n in zip(rows["k"], rows["n"], strict=True)]
    rows[["low", "high"]] = np.array(limits, float).reshape(-1, 2)
    rows["n_full"], rows["unknown"], rows["marked"] = size["n_full"].to_numpy(), in_doubt.map(len), marked.map(len)
    rows["subjects"], rows["unknown_subjects"] = met, in_doubt
    return rows.astype(dict.fromkeys(["k", "n", "n_full", "unknown", "marked"], int))


def meets(events: pd.DataFrame, criterion: str, *, in_doubt: bool = False) -> pd.Series:
    """The rows behind a count: they meet the criterion, or with `in_doubt` their deciding value is missing."""
    verdict = CRITERIA[criterion](events)
    return pd.Series(verdict == UNKNOWN if in_doubt else verdict >= COUNTS_AS_YES, index=events.index)


def uncoded(events: pd.DataFrame) -> int:
    """How many of the events (rows) have no coded term: they belong to no known term, SOC or special interest."""
    return int(events["term"].isna().sum())


def grade_not_recorded(events: pd.DataFrame) -> tuple[int, int]:
    """(k, n): k of the n events (rows) have no toxicity grade."""
    return int(events["toxgr"].isna().sum()), len(events)


def _of_subjects(events: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """The events of these subjects, with the cohort that `subjects` gives, whatever the events themselves say."""
    cohort = events["usubjid"].map(subjects.set_index("usubjid")["cohort"])
    return events.assign(cohort=cohort)[cohort.notna()].reset_index(drop=True)


def _in_order(events: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The events in the order of the result, their groups numbered from 0 in `group`."""
    if not by:
        return events.assign(group=0)
    events = events.astype(dict.fromkeys(by, "str"))  # one kind of missing value, whatever the source has
    keys = {}
    for depth, name in enumerate(by, start=1):
        patients = events.groupby(by[:depth], dropna=False)["usubjid"].transform("nunique")
        keys |= {f"{name} uncoded": events[name].isna(), f"{name} rarity": -patients, name: events[name]}
    events = events.loc[pd.DataFrame(keys).sort_values(list(keys)).index]
    return events.assign(group=events.groupby(by, dropna=False, sort=False).ngroup())


def _verdicts(events: pd.DataFrame, rules: dict[str, Rule], total: bool) -> pd.DataFrame:
    """One row a group x patient x criterion, for the patient's cohort and for all: group, cohort, usubjid, verdict."""
    keys = ["group", "cohort", "usubjid"]
    judged = events[keys].assign(**{name: rule(events) for name, rule in rules.items()})
    worst = judged.groupby(keys, as_index=False).max()
    both = pd.concat([worst, worst.assign(cohort=TOTAL)]) if total else worst
    return both.melt(keys, var_name="criterion", value_name="verdict")


def _patients(found: pd.DataFrame, rows: int) -> pd.Series:
    """For each of the result's rows the tuple of patients found there, sorted."""
    patients = found.sort_values(["row", "usubjid"])["usubjid"].tolist()
    sizes = np.bincount(found["row"], minlength=rows)
    ends = np.cumsum(sizes)
    return pd.Series([tuple(patients[start:end]) for start, end in zip(ends - sizes, ends, strict=True)], dtype=object)


def _sizes(subjects: pd.DataFrame, cohorts: list[str]) -> pd.DataFrame:
    full = _flag(subjects["full_follow_up"]) == YES
    members = {cohort: (subjects["cohort"] == cohort) | (cohort == TOTAL) for cohort in cohorts}
    sizes = {cohort: {"n": some.sum(), "n_full": (some & full).sum()} for cohort, some in members.items()}
    return pd.DataFrame.from_dict(sizes, orient="index", columns=["n", "n_full"], dtype=int)


def _check(subjects: pd.DataFrame, events: pd.DataFrame, by: list[str]) -> None:
    if tuple(by) not in GROUPINGS:
        raise ValueError(f"by must be one of {GROUPINGS}, not {tuple(by)}")
    twice = subjects["usubjid"][subjects["usubjid"].duplicated()]
    if len(twice):
        raise ValueError(f"usubjid: more than one row in subjects for {', '.join(map(str, twice.unique()))}")
    if not subjects["cohort"].map(lambda cohort: isinstance(cohort, str) and cohort != TOTAL).all():
        raise ValueError(f"cohort must be a text for every subject, and not {TOTAL!r}")
    if events["usubjid"].isna().any():
        raise ValueError("usubjid is missing in events: they would be counted for nobody")
    if not events["toxgr"].dropna().isin(range(1, 6)).all():
        raise ValueError("toxgr must be a grade from 1 to 5, or missing")
