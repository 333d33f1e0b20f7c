"""IEC-HS screening over a patient's course: one flag an episode, once CRS gets better or Day 7 is over."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from clinical.grading import iec_hs
from clinical.lab_grades import graded
from data.protocol_safety import Toxicity

_COMMON = iec_hs.CRITERIA["common"]
_WITHIN = pd.Timedelta(hours=_COMMON["within_hours"])
_LINEAGES = {"NEUT": "Neutrophil count decreased", "PLAT": "Platelet count decreased"}  # haemoglobin has no grade 4
_UNITS = {"FERRITIN": "ug/L", "ALT": "U/L", "AST": "U/L", "FIBRINO": "g/L"}


@dataclass(frozen=True)
class Flag:
    """Ferritin samples in a row that ask for a review, or of which it cannot be told."""

    usubjid: str
    sure: bool  # False: `missing` would decide
    began: datetime  # of the first ferritin sample
    last: datetime
    day: int  # of `began`, whole days since infusion
    after_crs: bool  # CRS was getting better; otherwise Day 7 was over
    highest: float  # ferritin [ug/L]
    features: tuple[str, ...]
    missing: tuple[str, ...]
    codes: tuple[str, ...]  # keys of `iec_hs.ENGLISH`
    samples: tuple[tuple[str, int], ...]  # file and row of the ferritin samples

    @property
    def key(self) -> str:
        return f"{self.usubjid} iec_hs {self.began:%Y-%m-%dT%H:%M}"

    @property
    def showed(self) -> str:
        """What a person has seen who acknowledges it; another sample of the same alone is nothing new."""
        return " ".join(("review" if self.sure else "cannot_tell", *self.features))


@dataclass(frozen=True)
class Screening:
    flags: tuple[Flag, ...]
    screened: frozenset[str]  # usubjid of those with a ferritin sample in the time that is screened


def flags(
    subjects: pd.DataFrame, labs: pd.DataFrame, crs: pd.DataFrame, settings: Toxicity, cutoff: datetime
) -> tuple[Flag, ...]:
    """The flags of every infused patient, by subject and time; one an episode, parted from the next by more than
    `gap_hours` with a sample in it that is clear.

    subjects, labs: as `queries.subjects` and `queries.measurements` of "lab". crs: as `toxicity_episodes.episodes`.
    Each ferritin sample [ug/L] from the first improvement of CRS, or after Day 7, is screened with the worst of the
    other tests within 72 h to either side. A lineage counts at grade 4 when it is lower than the last count before that
    time: new or worse. Haemophagocytosis and other explanations are not in the data: not known.
    """
    return screening(subjects, labs, crs, settings, cutoff).flags


def screening(
    subjects: pd.DataFrame, labs: pd.DataFrame, crs: pd.DataFrame, settings: Toxicity, cutoff: datetime
) -> Screening:
    """The `flags`, and of whom anything can be said."""
    gap, courses = pd.Timedelta(hours=settings.gap_hours), list(_courses(subjects, labs, crs, cutoff))
    found = tuple(flag for own in courses for flag in own.flags(gap))
    return Screening(found, frozenset(own.usubjid for own in courses if any(own.ferritin())))


def _courses(subjects: pd.DataFrame, labs: pd.DataFrame, crs: pd.DataFrame, cutoff: datetime) -> Iterator["_Course"]:
    rows = labs[labs["value"].notna() & labs["first"].notna() & (labs["first"] <= cutoff)]
    counts = graded(subjects, rows[rows["code"].isin(list(_LINEAGES))], tuple(_LINEAGES))
    rows = rows[rows["code"].map(_UNITS) == rows["unit"]].sort_values(["usubjid", "first"], kind="stable")
    by_test, by_lineage = _by_test(rows), _by_test(counts)
    improved = crs.dropna(subset="improved").groupby("usubjid")["improved"].min() if len(crs) else {}
    for who in subjects[subjects["day0"] <= cutoff].sort_values("usubjid").itertuples():
        yield _Course(
            who.usubjid,
            who.day0,
            who.lymphodepletion if pd.notna(who.lymphodepletion) else who.day0,
            improved.get(who.usubjid, pd.NaT),
            {code: by_test[who.usubjid, code] for code in _UNITS},
            {code: by_lineage[who.usubjid, code] for code in _LINEAGES},
        )


@dataclass(frozen=True, eq=False)
class _Course:
    usubjid: str
    day0: pd.Timestamp
    baseline_before: pd.Timestamp
    improved: pd.Timestamp  # NaT: no CRS, or none that got better
    labs: Mapping[str, list]  # of _UNITS, by moment
    counts: Mapping[str, list]  # of _LINEAGES, by moment, graded

    @cached_property
    def start(self) -> pd.Timestamp:
        after = pd.Timedelta(days=iec_hs.CRITERIA["course"]["after_day"] + 1)
        late = self.day0.normalize() + after
        return late if pd.isna(self.improved) else min(late, self.improved)

    def flags(self, gap: pd.Timedelta) -> Iterator[Flag]:
        screened: list = []
        clear = False  # since the last sample that is none
        for row, ferritin in self.ferritin():
            # Most samples are clear by themselves: only the others are held against the rest.
            said = iec_hs.screen(**ferritin)
            if said.flag is not False:
                said = iec_hs.screen(**ferritin, **self._features(row.first))
            if said.flag is False:
                clear = True
                continue
            if screened and clear and row.first - screened[-1][0].first > gap:
                yield self._flag(screened)
                screened = []
            screened.append((row, said))
            clear = False
        if screened:
            yield self._flag(screened)

    def ferritin(self) -> Iterator[tuple]:
        """The samples that are screened, each with what the scale asks of it."""
        rows = self.labs["FERRITIN"]
        before = [one.value for one in rows if one.last < self.day0]
        limits = iec_hs.CRITERIA["ferritin"]
        hours, slack = (pd.Timedelta(hours=limits[f"rising_{one}"]) for one in ("hours", "slack_hours"))
        for row in rows:
            if row.first >= self.start:
                earlier = [one for one in rows if row.first - hours - slack <= one.first < row.first]
                risen = [one.value for one in earlier if row.value >= limits["rising_times_48h"] * one.value]
                near = [one.value for one in earlier if row.first - hours <= one.first]
                yield (
                    row,
                    {
                        "ferritin": row.value,
                        "ferritin_uln": row.range_high,
                        "ferritin_baseline": before[-1] if before else None,
                        "ferritin_48h_before": min(risen or near, default=None),
                    },
                )

    def _features(self, moment: pd.Timestamp) -> dict[str, float | bool | None]:
        liver = self._liver("ALT", moment) | self._liver("AST", moment)
        return liver | self._fibrinogen(moment) | {"cytopenia": self._cytopenia(moment)}

    def _liver(self, code: str, moment: pd.Timestamp) -> dict[str, float | None]:
        near, name = _near(self.labs[code], moment), code.lower()
        if not near:
            return {}
        worst = max(near, key=lambda one: one.value)
        before = [one.value for one in self.labs[code] if one.last < self.baseline_before]
        baseline = before[-1] if before else None
        return {name: worst.value, f"{name}_uln": worst.range_high, f"{name}_baseline": baseline}

    def _fibrinogen(self, moment: pd.Timestamp) -> dict[str, float]:
        near = _near(self.labs["FIBRINO"], moment)
        if not near:
            return {}
        worst = min(near, key=lambda one: one.value)
        return {"fibrinogen": worst.value, "fibrinogen_lln": worst.range_low}

    def _cytopenia(self, moment: pd.Timestamp) -> bool | None:
        said = [self._new_or_worse(self.counts[code], moment) for code in _LINEAGES]
        return True if True in said else None if None in said else False

    def _new_or_worse(self, counts: list, moment: pd.Timestamp) -> bool | None:
        near = [one for one in _near(counts, moment) if one.first >= self.start]
        severe = [one.value for one in near if pd.notna(one.low) and one.low >= _COMMON["cytopenia_grade"]]
        if not severe:
            return False if near else None
        before = [one.value for one in counts if one.first < self.start]
        return min(severe) < before[-1] if before else None

    def _flag(self, screened: Sequence) -> Flag:
        rows, said = zip(*screened, strict=True)
        sure = [one for one in said if one.flag]
        told = sure or said
        return Flag(
            usubjid=self.usubjid,
            sure=bool(sure),
            began=rows[0].first.to_pydatetime(),
            last=rows[-1].first.to_pydatetime(),
            day=(rows[0].first.normalize() - self.day0.normalize()).days,
            after_crs=bool(self.improved <= rows[0].first),
            highest=max(one.value for one in rows),
            features=_union(one.features for one in told),
            missing=() if sure else _union(one.missing for one in told),
            codes=_union(one.codes for one in told),
            samples=tuple((one.source_file, one.source_row) for one in rows),
        )


def _by_test(rows: pd.DataFrame) -> Mapping[tuple[str, str], list]:
    """The rows of each patient and test as plain tuples, by moment: a frame of each would take minutes for 500."""
    found: dict[tuple[str, str], list] = defaultdict(list)
    for row in rows.itertuples():
        found[row.usubjid, row.code].append(row)
    return found


def _near(rows: list, moment: pd.Timestamp) -> list:
    return [one for one in rows if abs(one.first - moment) <= _WITHIN]


def _union(several: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in several for name in one))
