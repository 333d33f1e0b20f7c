"""The one way from a cut to its IEC-HS screening, and to the CRS that it is tied to."""

import pandas as pd
from flask import current_app

from clinical.iec_hs_course import Screening, screening
from dashboard.grading_toxicity import toxicities, toxicities_of
from dashboard.jobs import Job
from dashboard.once import OnceACut
from data.store import Cut
from queries.measurements import measurements
from queries.subjects import subjects


def screened(cut: Cut) -> Job:
    """`screening_of` beside what readers ask meanwhile."""
    return current_app.config["JOBS"].of(("screening", cut.id), lambda told: _screened(cut))


def _screened(cut: Cut) -> Screening:
    toxicities(cut).result()  # under way for the page's first card: it is not derived twice
    return screening_of(cut)


@OnceACut
def screening_of(cut: Cut) -> Screening:
    """Nobody, where the protocol does not say how toxicity is read."""
    if cut.protocol.toxicity is None:
        return Screening((), frozenset())
    return screening(subjects(cut), measurements(cut, ("lab",)), crs_episodes(cut), cut.protocol.toxicity, cut.cutoff)


def crs_episodes(cut: Cut) -> pd.DataFrame:
    """As derived: `clinical.toxicity_episodes.episodes`."""
    return next(one.episodes for one in toxicities_of(cut) if one.kind == "crs")
