"""The one way from a cut to its graded laboratory results, and those of grade 3 or more that no adverse event tells."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from dash import html
from flask import current_app

from clinical.lab_grades import GRADED, graded, term_in
from clinical.lab_matrix import worst_labs
from clinical.result_grades import terms_by_value
from clinical.sentence import Sentence
from clinical.unreported import Unreported, unreported_of
from dashboard.drill import listing, named
from dashboard.jobs import Job
from dashboard.labels import Say
from dashboard.once import OnceACut
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.tables import export_link
from data.store import Cut
from queries.adverse_events import adverse_events
from queries.measurements import measurements
from queries.subjects import subjects

# Of `queries.measurements`; with all of its columns the same takes twice as long.
_READ = [
    "usubjid", "code", "value", "unit", "qualifier", "range_low", "range_high", "specimen", "category", "first", "last",
    "dtc", "time", "rel_day", "source_file", "source_row",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Labs:
    results: int  # since the baseline, each with a grade or a range of CTCAE
    patients: int  # who have any of them
    ungraded: int  # results of the same tests that no grade can be given
    scale: str
    unreported: tuple[Unreported, ...]
    worst: pd.DataFrame  # of `clinical.lab_matrix.worst_labs`


def labs(cut: Cut) -> Job:
    """`labs_of` beside what readers ask meanwhile."""
    return current_app.config["JOBS"].of(("graded labs", cut.id), lambda told: labs_of(cut))


@OnceACut
def labs_of(cut: Cut) -> Labs:
    everyone, measured, events = subjects(cut), measurements(cut, ("lab",))[_READ], adverse_events(cut)
    version = cut.protocol.adverse_events.ctcae_version
    terms = terms_by_value(version)
    every = graded(everyone, measured, tuple(terms), version=version, terms=terms)
    unexpected = every[every["term"].isin([term for some in GRADED.values() for term in some])]
    rows = unexpected[unexpected["first"].notna() & (unexpected["last"] >= unexpected["since"])]
    rows = rows[rows["first"] <= cut.cutoff]
    known, each = rows[rows["high"].notna()], ["source_file", "source_row"]
    lost = len(rows.drop_duplicates(each)) - len(known.drop_duplicates(each))
    return Labs(
        results=len(known.drop_duplicates(each)),
        patients=known["usubjid"].nunique(),
        ungraded=lost,
        scale=f"CTCAE {version}",
        unreported=unreported_of(unexpected, everyone, events, cut.cutoff),
        worst=worst_labs(every, everyone, events, cut.cutoff, version=version),
    )


def labs_card(asked: Asked, found: Labs) -> html.Section:
    """What may be unreported, with the results that it was looked for in."""
    say = asked.say
    title = html.H2(say("grading.unreported", scale=found.scale))
    if not found.results:
        return html.Section([title, html.P(say("grading.no_labs", since=since_words(asked)))], className="card")
    counts = {
        "since": since_words(asked),
        "count": len(found.unreported),
        "results": found.results,
        "patients": found.patients,
    }
    summary = html.P(say("grading.unreported_summary", **counts), className="summary")
    without = [html.P(say("grading.ungraded", count=found.ungraded), className="quiet")] if found.ungraded else []
    head = [
        say("word.patient"),
        say("grading.what"),
        say("grading.results"),
        say("grading.undecided_by"),
        say("word.source"),
    ]
    rows = listing(head, [_row(asked, one) for one in found.unreported], say)
    query = asked.view.change(open="").search
    export = export_link(f"/export/unreported.csv?{query}", say)
    about = say("grading.unreported_about")
    about += f" {say('grading.fall_left_out')}" if asked.cut.protocol.lymphodepletion.treatments else ""
    about = html.P(about, className="quiet")
    identity = html.Div(stamp(asked), className="stamp")
    return html.Section([title, summary, about, *without, rows, identity, export], className="card", id="unreported")


def since_words(asked: Asked) -> str:
    """From when on results count: a trial without lymphodepletion has its Day 0."""
    given = asked.cut.protocol.lymphodepletion.treatments
    return asked.say("grading.since_lymphodepletion" if given else "grading.since_day0")


def _row(asked: Asked, one: Unreported) -> list:
    say = asked.say
    results = ", ".join(f"{each.value} ({each.dtc})" for each in one.evidence)
    source = ", ".join(f"{each.source_file}:{each.source_row}" for each in one.evidence)
    return [named(asked, one.usubjid), what_words(say, one, asked.view.lang), results, open_words(say, one), source]


def what_words(say: Say, one: Unreported, lang: str) -> str:
    values = {**one.said.values, "term": term_in(one.term, lang)}  # noqa: PD011 (no frame)
    return Sentence(one.said.code, values).say(Sentences("unreported", say))


def open_words(say: Say, one: Unreported) -> str:
    """What leaves it open whether it is unreported."""
    words = Sentences("lacking", say)
    told = [words[each] for each in one.missing] if not one.sure else []
    told += [say("grading.beside_uncoded", count=one.uncoded)] if one.uncoded else []
    return "; ".join(told) or "–"


def export(asked: Asked) -> Iterable[Iterable]:
    yield ["scale", "usubjid", "code", "term", "low", "high", "began", "last", "what", "open", "source"]
    for one in labs(asked.cut).result().unreported:
        source = " ".join(f"{each.source_file}:{each.source_row}" for each in one.evidence)
        words = what_words(asked.say, one, asked.view.lang), open_words(asked.say, one)
        yield [one.scale, one.usubjid, one.code, one.term, one.low, one.high, one.began, one.last, *words, source]
