"""A patient's course out of a cut: the one place where the frames of the patient's screen are put together."""

from functools import lru_cache

from clinical.course import Course
from clinical.on_target import CODES, TABLES
from dashboard.exposures import excluded
from dashboard.judged import judged_events
from data.events import START
from data.store import Cut
from pk.exclusions import marked
from queries.interventions import interventions, recorded
from queries.measurements import FINDINGS, measurements
from queries.subjects import subjects
from queries.visits import visits


@lru_cache(maxsize=64)
def course(cut: Cut, usubjid: str, head: str = START) -> Course | None:
    """None where this cut has no such patient. head: hash of the last event of the state that counts."""
    everyone, events = subjects(cut), judged_events(cut, head)
    found = everyone[everyone["usubjid"] == usubjid]
    if found.empty:
        return None
    return Course(
        who=found.iloc[0],
        measured=marked(measurements(cut, FINDINGS, usubjid), excluded(cut, head)),
        given=interventions(cut, usubjid),
        events=events[events["usubjid"] == usubjid],
        visits=visits(cut, usubjid),
        protocol=cut.protocol,
        cutoff=cut.cutoff,
        ends_recorded=bool(events["aeendtc_earliest"].notna().any()),
        recorded=recorded(cut),
        examined=frozenset(measurements(cut, TABLES, codes=CODES, columns=("code",))["code"]),
    )
