"""A verdict on a DLT candidate, as the form on the Board gives it."""

from dashboard.candidates_card import KIND, find, verdicts
from dashboard.forms import Lacks, Statement
from dashboard.session import Asked, NotUnderstood

__all__ = ["KIND", "statement"]

VERDICTS = {"dlt": True, "no_dlt": False}  # button -> whether a DLT


def statement(asked: Asked, button: str, reason: str) -> Statement:
    """What a button of the form says of the candidate that is open. Lacks where it is not there any more."""
    one = find(asked)
    if one is None:
        raise Lacks("candidates.gone")
    if button == "withdraw":
        holds = verdicts(asked, one).holds
        if holds is None:
            raise Lacks("candidates.gone")
        return Statement("dlt.withdrawn", one.usubjid, {"event": holds.event, "reason": reason})
    if button not in VERDICTS:
        raise NotUnderstood("button")
    said = {
        "candidate": one.key,
        "clause": one.clause,
        "term": one.term,
        "grade": one.grade,
        "dlt": VERDICTS[button],
        "reason": reason,
        "cut": asked.cut.id,
        "cutoff": asked.cut.cutoff.isoformat(),
        "onset": one.onset and "/".join(day.isoformat() for day in one.onset),
        "verdict": one.verdict,
        "code": one.code,
        "causality": one.causality,
        "rows": len(one.evidence),
    }
    return Statement("dlt.adjudicated", one.usubjid, said)
