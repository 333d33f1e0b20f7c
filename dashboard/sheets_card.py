"""The card over the rounds in which the sheets of all patients become one PDF: how far it is, the file, or why not."""

from collections.abc import Sequence

from dash import html

from clinical.rounds import Round
from dashboard.jobs import Job
from dashboard.labels import Say
from dashboard.paper.browser import NAMES, NotPrinted
from dashboard.rounds import found
from dashboard.session import Asked, unfinished
from dashboard.sheets_job import MONTH, MOST, Bound, infused, printer, sheets_of
from dashboard.waiting import is_over


def link(asked: Asked) -> html.A:
    return html.A(
        asked.say("sheets.link"), href=asked.view.change(paper="sheets", open="").href, className="quiet-link noprint"
    )


def card(asked: Asked, within: float) -> tuple[object, bool]:
    """The card and whether it is the end of it; None where nobody asked for the sheets. within: seconds that are waited
    for them."""
    if asked.view.paper != "sheets":
        return None, True
    said, whole = _said(asked, within)
    close = html.A(asked.say("sheets.close"), href=asked.view.change(paper="").href, className="quiet-link")
    head = html.Div([html.H2(asked.say("sheets.title")), close], className="sheets-head")
    return html.Section([head, *said], className="card sheets-card"), whole


def _said(asked: Asked, within: float) -> tuple[list, bool]:
    told = found(asked, within)
    listed, program = infused(told.groups), printer()
    reason = _why_not(asked, listed, program)
    if reason:
        return reason, True
    if told.failed:
        return [_alarm(asked.say("rounds.failed"))], True
    if not told.whole:
        return [html.P(asked.say("rounds.waiting_for"), role="status")], False
    job = sheets_of(asked, listed, program)
    if not is_over(job, within):
        return [_progress(job, asked.say)], False
    error = job.failure()
    if error:
        unfinished()
        return _failed(asked, error), True
    return _ready(asked, job.result(), told.count), True


def _why_not(asked: Asked, listed: Sequence[Round], program: str | None) -> list:
    say = asked.say
    if not listed:
        return [html.P(say("sheets.nobody"))]
    if program is None:
        one = html.A(say("sheets.of", who=listed[0].subjid), href=_sheet(asked, listed[0]))
        return [html.P(say("sheets.no_browser", names=", ".join(NAMES))), html.P([say("sheets.by_hand"), " ", one])]
    return [html.P(say("sheets.too_many", count=len(listed), most=MOST))] if len(listed) > MOST else []


def _sheet(asked: Asked, one: Round) -> str:
    return asked.view.change(page="patient", usubjid=one.usubjid, paper="sheet", open="").href


def _progress(job: Job, say: Say) -> html.Div:
    words = say("sheets.running", done=job.done, of=job.steps) if job.steps else say("sheets.begun")
    bar = html.Progress(value=str(job.done), max=str(max(job.steps, 1)), **{"aria-label": words})
    return html.Div([html.P(words), bar], className="job", role="status")


def _failed(asked: Asked, error: Exception) -> list:
    """A link with a target is followed by the browser itself, which loads the page again."""
    known = isinstance(error, NotPrinted)
    why = asked.say(f"sheets.{error.code}", **error.values) if known else type(error).__name__
    again = html.A(asked.say("sheets.again"), href=asked.view.href, target="_self")
    return [_alarm(asked.say("sheets.failed", why=why)), html.P(again)]


def _alarm(words: str) -> html.P:
    return html.P(words, className="alarm-line", role="alert")


def _ready(asked: Asked, bound: Bound, count: int) -> list:
    say, without = asked.say, count - bound.sheets
    href = f"/export/sheets.pdf?{asked.view.change(open='').search}"
    words = say("sheets.ready", count=bound.sheets, size=f"{len(bound.pdf) / 1e6:.1f}")
    more = [say("sheets.without", count=without)] if without else []
    return [
        html.A(words, href=href, download=bound.name, className="button"),
        html.P(" ".join([say("sheets.period", days=MONTH), *more]), className="quiet"),
    ]
