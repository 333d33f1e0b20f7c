"""The one way from a cut to its cytokines: profiles, peaks, outcomes, and what goes with what. Computed once a cut."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import pandas as pd
from dash import html

from clinical.family import family
from clinical.outcomes import outcomes
from clinical.peaks import baselines, peaks, samples
from dashboard.choices import chosen_cohort
from dashboard.exposures import excluded, exposures_without
from dashboard.session import Asked
from dashboard.tables import export_link
from dashboard.view import View
from data.events import START
from data.protocol_measures import Analyte
from data.store import Cut
from pk.exclusions import Exclusion
from queries.adverse_events import adverse_events
from queries.cytokines import cancer_therapies, doses, h_scores, visits_recorded
from queries.measurements import measurements
from queries.subjects import subjects

PANELS = ("cytokine", "inflammation")


@dataclass(frozen=True, eq=False)
class Cytokines:
    """The frames are shared, never written to."""

    people: pd.DataFrame  # infused: usubjid, subjid, cohort, h_score, by cohort and infusion
    analytes: tuple[Analyte, ...]  # of the protocol, those that were measured in them
    samples: pd.DataFrame  # as `clinical.peaks.samples`
    references: pd.DataFrame  # as `clinical.peaks.baselines`
    peaks: pd.DataFrame  # as `clinical.peaks.peaks`; empty where the protocol names none
    outcomes: pd.DataFrame  # as `clinical.outcomes.outcomes`
    family: pd.DataFrame  # as `clinical.family.family`, of everyone

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The samples curve after curve: by analyte, cohort, patient, time."""
        return self.samples.sort_values(["code", "cohort", "usubjid", "time"], kind="stable")

    def of(self, cohort: str) -> pd.DataFrame:
        """The patients of one cohort, of all with ""."""
        return self.people[self.people["cohort"] == cohort] if cohort else self.people


def cytokines_of(cut: Cut, head: str = START) -> Cytokines:
    """head: hash of the last event of the state that counts: samples of the cells that people excluded are in none of
    it."""
    return _cytokines(cut, excluded(cut, head))


@lru_cache(maxsize=16)
def _cytokines(cut: Cut, said: tuple[Exclusion, ...]) -> Cytokines:
    protocol, everyone = cut.protocol, subjects(cut)
    wanted = protocol.panel(*PANELS)
    people = _people(cut)
    measured = measurements(cut, ("cytokine", "lab"), codes=tuple(one.code for one in wanted)) if wanted else None
    if measured is None or measured.empty or people.empty:
        none = pd.DataFrame()
        return Cytokines(people, (), none, none, none, none, none)
    found = samples(measured, wanted)
    there = set(found["code"])
    references = baselines(found, everyone)
    analytes = tuple(one for one in wanted if one.code in there)
    if protocol.associations is None:
        none = pd.DataFrame()
        return Cytokines(people, analytes, found, references, none, none, none)
    high = peaks(found, everyone, doses(cut), protocol, cut.cutoff)
    set_against = _outcomes(cut, said)
    tested = family(high, set_against, protocol.associations)
    return Cytokines(people, analytes, found, references, high, set_against, tested)


def outcomes_of(cut: Cut, head: str = START) -> pd.DataFrame:
    """`clinical.outcomes.outcomes` of everyone infused; no rows where the protocol sets nothing against anything."""
    return _outcomes(cut, excluded(cut, head))


@lru_cache(maxsize=16)
def _outcomes(cut: Cut, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    if cut.protocol.associations is None:
        return pd.DataFrame({"usubjid": [], "outcome": []})
    tumour = measurements(cut, ("lesion", "response"))
    beside = (tumour, adverse_events(cut), cancer_therapies(cut), exposures_without(cut, said))
    return outcomes(subjects(cut), *beside, cut.protocol, cut.cutoff, visits_recorded=visits_recorded(cut))


def _people(cut: Cut) -> pd.DataFrame:
    everyone = subjects(cut)
    infused = everyone[everyone["day0"].notna()].sort_values(["cohort", "day0", "usubjid"])
    return infused[["usubjid", "subjid", "cohort"]].merge(h_scores(cut), how="left", on="usubjid")


def family_of(cut: Cut, cohort: str, head: str = START) -> pd.DataFrame:
    """The family of everyone, with its p; of one cohort alone without them."""
    return _family(cut, cohort, excluded(cut, head))


@lru_cache(maxsize=64)
def _family(cut: Cut, cohort: str, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    found = _cytokines(cut, said)
    if not cohort:
        return found.family
    own = found.of(cohort)["usubjid"]
    part = (frame[frame["usubjid"].isin(own)] for frame in (found.peaks, found.outcomes))
    return family(*part, cut.protocol.associations, tested=False)


# ---- seen from a view ------------------------------------------------------------------------------------------------
def people(asked: Asked, found: Cytokines) -> pd.DataFrame:
    return found.of(chosen_cohort(asked))


def places(asked: Asked) -> dict[str, int | None]:
    return {one.id: asked.cut.protocol.place(one.id) for one in asked.cut.protocol.cohort.levels}


def links(asked: Asked) -> dict[str, str]:
    """usubjid -> the address of the patient; what the reader chose here is kept in it."""
    return _addresses(asked.view.change(zoom="", open=""), asked.cut)


@lru_cache(maxsize=8)
def _addresses(view: View, cut: Cut) -> dict[str, str]:
    return view.patients(cytokines_of(cut).people["usubjid"])


def names(found: Cytokines) -> dict[str, str]:
    """usubjid -> the number a reader knows the patient by."""
    return dict(zip(found.people["usubjid"], found.people["subjid"], strict=True))


def export(asked: Asked, name: str) -> html.A:
    return export_link(f"/export/{name}.csv?{asked.view.change(open='', zoom='').search}", asked.say)
