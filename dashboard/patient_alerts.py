"""The open alerts of one patient: in a line each for the head of the page, and with their evidence as a card."""

from collections.abc import Iterator, Sequence

from dash import html

from clinical.alerts import Alert
from clinical.lab_results import Evidence
from dashboard.alerting import of_patient
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked


def open_alerts(asked: Asked, usubjid: str) -> tuple[Alert, ...]:
    """Those that nothing ended by the cut-off, the latest evidence first."""
    still = [one for one in of_patient(asked.cut, usubjid) if one.over is None]
    return tuple(sorted(still, key=lambda one: one.last, reverse=True))


def said(asked: Asked, one: Alert) -> str:
    return one.say(Sentences("alert", asked.say), asked.view.lang)


def card(asked: Asked, some: Sequence[Alert]) -> html.Section | None:
    """None where no alert is open: the head says so."""
    if not some:
        return None
    items = [html.Li([said(asked, one), *_evidence(one, asked.say)]) for one in some]
    return html.Section([html.H2(asked.say("head.alerts")), html.Ul(items, className="alert-list")], className="card")


def _evidence(one: Alert, say: Say) -> Iterator[html.Span]:
    *before, last = one.evidence
    more = f" · {say('head.before', count=len(before))}" if before else ""
    told = "\n".join(_piece(piece, say) for piece in reversed(before))
    yield html.Span(_piece(last, say) + more, className="under", title=told)


def _piece(piece: Evidence, say: Say) -> str:
    when = say("word.not_recorded") if piece.dtc is None else piece.dtc.replace("T", " ")
    note = f", {piece.note.say(Sentences('alert', say))}" if piece.note else ""
    return f"{piece.code} {piece.value}{note}, {when} [{piece.source_file} {piece.source_row}]"
