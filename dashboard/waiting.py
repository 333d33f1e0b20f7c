"""What a page shows of a job: its result, how far it is, or that it failed."""

from collections.abc import Callable

from dash import html
from flask import current_app

from dashboard.jobs import Job
from dashboard.labels import Say
from dashboard.session import unfinished

WITHOUT_A_WORD = 0.8  # seconds that a reader waits before the progress is shown
POLL = 500  # ms between two looks at what is not over


def shown(job: Job, say: Say, make: Callable[[object], object], *, within: float) -> tuple[object, bool]:
    """What to show, and whether it is the end of it. within: seconds that are waited for the job."""
    if not job.is_over(None if current_app.config["JOBS_ARE_AWAITED"] else within):
        unfinished()
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
