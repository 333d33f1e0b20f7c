"""The samples of one patient, who excluded which and why, and the panel in which a sample is excluded or taken back."""

from collections.abc import Collection, Iterable

import pandas as pd
from dash import html

from dashboard.drill import listing, named, nothing_opened, opened, panel
from dashboard.excluding import KIND, Sample, find, of_people, samples
from dashboard.exposures import series
from dashboard.forms import form
from dashboard.kinetic_words import assay, filters
from dashboard.session import Asked, stamp
from dashboard.still import Still
from dashboard.tables import export_link
from pk import exclusions
from pk.exclusions import Exclusion
from queries.subjects import subjects


def samples_card(asked: Asked, people: Collection[str]) -> list:
    """The chosen patient's samples one by one, and whatever is excluded in the patients that the screen shows."""
    who = asked.view.subject
    own = list(_of_patient(asked, who)) if who in people else [html.P(asked.say("samples.choose"), className="quiet")]
    query = asked.view.change(open="").search
    identity = html.Div(stamp(asked, filters(asked, people)), className="stamp")
    return [*own, *_excluded(asked, people), identity, export_link(f"/export/samples.csv?{query}", asked.say)]


def _of_patient(asked: Asked, usubjid: str) -> Iterable:
    say, rows = asked.say, series(asked.cut, asked.head)
    found = list(samples(asked, rows[(rows["usubjid"] == usubjid) & rows["endpoint"]]))
    told = {"assay": assay(asked), "n": len(found), "k": sum(one.exclusion is not None for one in found)}
    head = [
        say("samples.time"),
        say("word.visit"),
        say("samples.results"),
        say("samples.state"),
        say("word.source"),
        "",
    ]
    yield Still(html.P([named(asked, usubjid), " ", say("samples.about", **told)], className="summary"))
    yield listing(head, [_sample(asked, one) for one in found], say)


def _sample(asked: Asked, one: Sample) -> list:
    say, first = asked.say, one.first
    state = "unread" if first.signal == "no_result" else "counts_not" if one.exclusion else "counts"
    words = say("samples.open_back") if one.exclusion else say("samples.open")
    return [
        f"{first.time:.2f}",
        say("word.not_recorded") if pd.isna(first.visit) else asked.cut.protocol.visit_in(first.visit, asked.view.lang),
        one.result,
        {"unread": say("samples.unread"), "counts": say("samples.counts")}.get(
            state, html.Span(say("samples.counts_not"), className="badge verdict-met")
        ),
        f"{first.source_file} {first.source_row}",
        html.A(words, href=href(asked, first.usubjid, first.sample), className="judge noprint"),
    ]


def href(asked: Asked, usubjid: str, sample: str) -> str:
    return asked.view.change(open=opened(KIND, usubjid, sample)).href


def _excluded(asked: Asked, people: Collection[str]) -> Iterable:
    say, own = asked.say, of_people(asked, people)
    yield html.H3(say("samples.excluded"))
    if not own:
        yield html.P(say("samples.none_excluded"), className="quiet")
        return
    rows = series(asked.cut, asked.head)
    known = {(one.first.usubjid, one.first.sample): one for one in samples(asked, rows[rows["excluded"].notna()])}
    names = ("sample", "results", "why", "by", "at")
    head = [say("word.patient"), *(say(f"samples.{name}") for name in names)]
    yield listing(head, [_exclusion(asked, one, known.get((one.usubjid, one.sample))) for one in own], say)


def _exclusion(asked: Asked, one: Exclusion, now: Sample | None) -> list:
    """A row of the list: a sample that this cut does not have is named by its key; one whose result was changed since
    says so."""
    say, gone = asked.say, now is None
    day = say("samples.one_gone", who=one.sample) if gone else say("patient.day", day=int(now.first.rel_day))
    changed = [] if gone or not now.has_changed else [html.Div(_changed(asked, now), className="alarm-line")]
    return [
        named(asked, one.usubjid),
        day if gone else html.A(day, href=href(asked, one.usubjid, one.sample)),
        [one.result, *changed],
        one.reason,
        one.actor,
        f"{one.at:%Y-%m-%d %H:%M} UTC",
    ]


# ---- one sample ------------------------------------------------------------------------------------------------------
def sample_panel(asked: Asked) -> list:
    """What it shows, what was said of it, and the form in which a person excludes it or takes that back."""
    one = find(asked)
    if one is None:
        return nothing_opened(asked)
    say, first = asked.say, one.first
    specimen = say("word.not_recorded") if pd.isna(first.specimen) else first.specimen
    rows = [
        [f"{row.code}", one_result, "–" if pd.isna(row.method) else row.method, f"{row.source_file} {row.source_row}"]
        for row, one_result in zip(one.rows.itertuples(), one.result.split("; "), strict=False)
    ]
    head = [say("patient.test"), say("patient.result"), say("patient.how"), say("word.source")]
    parts = [
        html.P(say("samples.panel_about"), className="quiet"),
        html.H3(say("samples.results")),
        listing(head, rows, say),
        *([html.P(_changed(asked, one), className="alarm-line", role="alert")] if one.has_changed else []),
        html.H3(say("samples.said")),
        Still(html.Div(list(_history(asked, one)))),
        form(say, "sample", f"{first.usubjid} {first.sample}", _buttons(asked, one)),
    ]
    title = say("samples.panel", specimen=specimen, day=int(first.rel_day))
    return [panel(asked, title, [first.usubjid], parts, subjects(asked.cut))]


def _changed(asked: Asked, one: Sample) -> str:
    return asked.say("samples.changed", was=one.exclusion.result, now=one.result)


def _buttons(asked: Asked, one: Sample) -> dict[str, str]:
    if one.exclusion:
        return {"take_back": asked.say("samples.take_back", number=one.exclusion.event)}
    return {"exclude": asked.say("samples.exclude")}


def _history(asked: Asked, one: Sample) -> Iterable:
    """Everything that was said of it, taken back or not."""
    say, events, mine = asked.say, asked.written(), set()
    for event in (event for event in events if event.subject == one.first.usubjid):
        said = event.payload
        told = {"at": f"{event.at:%Y-%m-%d %H:%M} UTC", "actor": event.actor, "reason": said["reason"]}
        if event.action == "sample.excluded" and said["sample"] == one.first.sample:
            mine.add(event.id)
            told |= {"number": event.id, "cut": said["cut"][:7], "result": said["result"]}
            yield html.P(say("samples.history", **told))
        if event.action == "sample.readmitted" and said["event"] in mine:
            yield html.P(say("samples.taken_back", number=said["event"], **told))
    if not mine:
        yield html.P(say("samples.nobody"), className="quiet")
    after = [said for said in exclusions.later(events, asked.cut.cutoff) if said.sample == one.first.sample]
    if any(said.usubjid == one.first.usubjid for said in after):
        yield html.P(say("samples.later", count=len(after)), className="quiet")
