"""What a page shows of a job: its result, how far it is, or that it failed."""

from collections.abc import Callable

from dash import Input, Output, State, callback, dcc, html, no_update
from flask import current_app

from dashboard.jobs import Job
from dashboard.labels import Say
from dashboard.session import Asked, unfinished

WITHOUT_A_WORD = 0.8  # seconds that a reader waits before the progress is shown
POLL = 500  # ms between two looks at what is not over


def polled(target: str, store: dict[str, str], make: Callable[[Asked, float], tuple[object, bool]]) -> None:
    """Registers what fills the children of `target` from a page's store, and looks again until it is over.

    make: of what is asked for, and the seconds that it may wait for a job, what to show and whether it is the end of
    it. The page lays out `clock(target)` beside.
    """
    over = _clock_of(target)

    @callback(
        Output(target, "children"),
        Output(over, "disabled"),
        Output(over, "n_intervals"),
        Input(store, "data"),
        prevent_initial_call=True,
    )
    def look(stored: object) -> tuple[object, bool, int]:
        return *make(Asked.read(stored), WITHOUT_A_WORD), 0

    @callback(
        Output(target, "children", allow_duplicate=True),
        Output(over, "disabled", allow_duplicate=True),
        Output(over, "n_intervals", allow_duplicate=True),
        Input(over, "n_intervals"),
        State(store, "data"),
        prevent_initial_call=True,
    )
    def look_again(looked: int, stored: object) -> tuple[object, bool, int]:
        if looked == 0:  # set back by an answer
            return no_update, no_update, no_update
        return *make(Asked.read(stored), 0), 0


def clock(target: str) -> dcc.Interval:
    """It strikes once, and again when the answer has come: while a look is under way there is no other, as the browser
    throws the answer to the older one away, and would never show any."""
    return dcc.Interval(id=_clock_of(target), interval=POLL, disabled=True, max_intervals=1)


def _clock_of(target: str) -> str:
    return f"{target}-wait"


def is_over(job: Job, within: float) -> bool:
    """After so many seconds; an answer before that is on the way to another."""
    if job.is_over(None if current_app.config["JOBS_ARE_AWAITED"] else within):
        return True
    unfinished()
    return False


def shown(job: Job, say: Say, make: Callable[[object], object], *, within: float) -> tuple[object, bool]:
    """What to show, and whether it is the end of it. within: seconds that are waited for the job."""
    if not is_over(job, within):
        return _progress(job, say), False
    error = job.failure()
    if error:
        unfinished()
        return html.P(say("job.failed", error=type(error).__name__), className="alarm-line", role="alert"), True
    return make(job.result()), True


def _progress(job: Job, say: Say) -> html.Div:
    words = say("job.running", done=job.done, of=job.steps) if job.steps else say("job.begun")
    bar = html.Progress(value=str(job.done), max=str(max(job.steps, 1)), **{"aria-label": words})
    return html.Div([html.P(words), bar], className="job", role="status")
