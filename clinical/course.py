"""One patient from consent to the last contact: the frames that tell of it, and what follows from them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import pandas as pd

from clinical.bedside import crs_inputs, icans_inputs
from clinical.derived import Derived, derived_steps
from clinical.episodes import DayAxis, Episode, episodes, of_terms
from clinical.grading import crs, icans
from clinical.periods import PeriodSpan, study_periods
from clinical.result_grades import result_grades
from clinical.toxicity_episodes import crs_assessments, icans_assessments
from clinical.unreported import Unreported, unreported
from data.protocol import Protocol

_HOUR = timedelta(hours=1)
_LAST_SECOND = timedelta(days=1, seconds=-1)


@dataclass(frozen=True, eq=False)
class Course:
    """who: row of `queries.subjects`; measured, given, events, visits: that patient's rows of the queries of these
    names, shared, never written to; measured also with `excluded` [id of the event that excludes the sample from the
    kinetics; <NA>: none]. ends_recorded: whether any event of the trial has an end. recorded: tables of interventions
    that the trial's files hold: what is not in one of them was not given, of the others nothing is known. examined:
    codes of the examinations of the target's organs that anybody of the trial has. event_terms: preferred terms of the
    events of everybody, a verbatim term where there is none."""

    who: pd.Series
    measured: pd.DataFrame
    given: pd.DataFrame
    events: pd.DataFrame
    visits: pd.DataFrame
    protocol: Protocol
    cutoff: datetime
    ends_recorded: bool = True
    recorded: frozenset[str] = frozenset()
    examined: frozenset[str] = frozenset()
    event_terms: frozenset[str] = frozenset()

    @cached_property
    def axis(self) -> DayAxis | None:
        """None where the patient was not infused: there is no Day 0."""
        if pd.isna(self.who["day0"]):
            return None
        infusion = self.given[(self.given["kind"] == "infusion") & (self.given["first"] == self.who["day0"])]
        timed = ((infusion["last"] - infusion["first"]) < _HOUR).any()
        return DayAxis(self.who["day0"].to_pydatetime(), bool(timed))

    def results(self, table: str, code: str) -> pd.DataFrame:
        """The results of one test that have a number and a day, each with what `grades` says of it."""
        return self._results.get((table, code), self._graded.iloc[:0])

    @cached_property
    def _results(self) -> dict[tuple[str, str], pd.DataFrame]:
        every = self._graded[self._graded["value"].notna() & self._graded["time"].notna()]
        every = every.astype(dict.fromkeys(every.select_dtypes("str").columns, object))
        return dict(iter(every.groupby(["table", "code"], sort=False)))

    @cached_property
    def _graded(self) -> pd.DataFrame:
        return self.measured.join(self.grades)

    @cached_property
    def grades(self) -> pd.DataFrame:
        """`clinical.result_grades.result_grades` of what was measured, by the protocol's version of CTCAE."""
        since = self.who["day0"] if pd.isna(self.who["lymphodepletion"]) else self.who["lymphodepletion"]
        return result_grades(self.measured, since, self.protocol.adverse_events.ctcae_version)

    @cached_property
    def unreported(self) -> tuple[Unreported, ...]:
        """`clinical.unreported.unreported` of this patient, by the protocol's version of CTCAE."""
        subject = self.who.to_frame().T.infer_objects()
        labs = self.measured[self.measured["table"] == "lab"]
        version = self.protocol.adverse_events.ctcae_version
        return unreported(subject, labs, self.events, self.cutoff, version=version)

    @cached_property
    def known_to(self) -> datetime:
        """Until when what has no end is said to go on: the cut-off, or the last that is known of a patient who left."""
        left = [one for one in (self.who["off_study"], self.who["death"]) if pd.notna(one)]
        if not left:
            return self.cutoff
        last = self.who["death"] if pd.notna(self.who["death"]) else max(*left, self.last_entry)
        return min(pd.Timestamp(last).normalize() + _LAST_SECOND, pd.Timestamp(self.cutoff)).to_pydatetime()

    @cached_property
    def last_entry(self) -> pd.Timestamp:
        """The latest date of any row of this patient, contacts included."""
        dates = [
            self.measured["first"], self.given["first"], self.given["end_first"], self.events["aestdtc_earliest"],
            self.events["aeendtc_earliest"], self.visits["svstdtc_earliest"],
        ]  # fmt: skip
        known = [one.max() for one in dates] + [self.who["last_contact"]]
        return max((one for one in known if pd.notna(one)), default=pd.Timestamp(self.cutoff))

    @cached_property
    def episodes(self) -> tuple[Episode, ...]:
        """None where there is no axis to draw them on."""
        if self.axis is None:
            return ()
        return episodes(self.events, self.axis, self.known_to, ends_recorded=self.ends_recorded)

    def of_interest(self, group: str) -> tuple[Episode, ...]:
        """The episodes of a group of the protocol's events of special interest, by term; none where it has no such."""
        terms = [term for one in self.protocol.aesi if one.id == group for term in one.terms]
        return of_terms(self.episodes, terms)

    @cached_property
    def periods(self) -> tuple[PeriodSpan, ...]:
        return study_periods(self.visits, self.protocol, self.known_to)

    def derived(self, kind: str) -> Derived | None:
        """CRS or ICANS ("crs", "icans") by the scale from what was measured; None where the protocol does not say how
        it is read, or there is no Day 0. An empty one: never assessed."""
        return self._derived.get(kind)

    @cached_property
    def _derived(self) -> dict[str, Derived]:
        settings = self.protocol.toxicity
        if settings is None or self.axis is None:
            return {}
        vitals = pd.concat([self.results("vital_sign", one) for one in ("TEMP", "SYSBP")])
        scores = self.measured[self.measured["table"] == "ice"]
        found = {
            "crs": crs_assessments(crs_inputs(vitals, self.given, settings, recorded=self.recorded), settings),
            "icans": icans_assessments(icans_inputs(scores, self.events, settings)),
        }
        scales, hours = {"crs": crs.SCALE, "icans": icans.SCALE}, settings.assessed_hours
        return {
            kind: Derived(kind, scales[kind], rows, derived_steps(rows, self.axis, self.known_to, hours=hours))
            for kind, rows in found.items()
        }
