"""The samples of the kinetics as a table: every result with its time and state, and who excluded which and why."""

from collections.abc import Iterable

import pandas as pd

from dashboard.exposures import excluded, series
from dashboard.kinetic_curves import planned_of
from dashboard.kinetic_words import chosen
from dashboard.session import Asked

COLUMNS = (
    "usubjid", "table", "code", "specimen", "visit", "dtc", "time", "rel_day", "planned", "value", "unit", "qualifier",
    "lloq", "signal", "endpoint", "counts", "excluded_by_event", "excluded_by", "excluded_at", "excluded_why",
    "source_file", "source_row",
)  # fmt: skip


def rows(asked: Asked) -> Iterable[Iterable]:
    """Every series of the infused patients of the chosen cohort, headed by COLUMNS."""
    yield COLUMNS
    found = series(asked.cut, asked.head)
    found = found[found["usubjid"].isin(chosen(asked))]
    said = {one.event: one for one in excluded(asked.cut, asked.head)}
    by_event = found["excluded"].map(lambda event: said.get(event), na_action="ignore")
    made = found.assign(
        planned=planned_of(asked, found)["planned"],
        excluded_by_event=found["excluded"],
        excluded_by=by_event.map(lambda one: one.actor, na_action="ignore"),
        excluded_at=by_event.map(lambda one: f"{one.at:%Y-%m-%dT%H:%M:%SZ}", na_action="ignore"),
        excluded_why=by_event.map(lambda one: one.reason, na_action="ignore"),
    )
    for row in made[list(COLUMNS)].astype(object).to_numpy():
        yield [None if pd.isna(one) else one for one in row]
