"""The sheets of many patients as one PDF: worked out beside what readers ask, kept by what they show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import current_app

from clinical.rounds import Round
from dashboard.courses import course
from dashboard.jobs import Job, Told
from dashboard.paper import book, browser
from dashboard.paper.book import Sheet
from dashboard.rounds import Groups
from dashboard.session import Asked, is_older, stamp
from dashboard.sheet import sheet

MOST = 150  # sheets of one PDF
MONTH = 28  # days: whoever is further is shown with all of the course


@dataclass(frozen=True)
class Bound:
    """A PDF that is ready."""

    pdf: bytes
    sheets: int
    name: str  # of the file


def infused(groups: Groups) -> tuple[Round, ...]:
    """Who has a sheet, in the order of the list."""
    return tuple(one for _, own in groups for one in own if one.day is not None)


def printer() -> str | None:
    """The browser that prints; None where there is none."""
    return browser.find(current_app.config["BROWSER"])


def _name(asked: Asked) -> tuple:
    """What the sheets depend on: the data, what was said of them, the language, and who is listed."""
    view, cut = asked.view, asked.cut
    return (
        "sheets", cut.id, cut.protocol.hash, asked.head, is_older(asked), view.lang,
        view.who, view.cohort, view.population, view.group,
    )  # fmt: skip


def sheets_of(asked: Asked, listed: Sequence[Round], program: str) -> Job:
    """The job whose result is the Bound of those listed, printed by that browser. It may fail with NotPrinted."""
    return current_app.config["JOBS"].of(_name(asked), lambda told: _bound(asked, listed, program, told))


def known(asked: Asked) -> Job | None:
    """The job of these sheets, where it was begun."""
    return current_app.config["JOBS"].known(_name(asked))


def _bound(asked: Asked, listed: Sequence[Round], program: str, told: Told) -> Bound:
    parts, count = [], len(listed)
    for first in range(0, count, book.AT_ONCE):
        some = listed[first : first + book.AT_ONCE]
        sheets = []
        for one in some:
            told(2 * first + len(sheets), 2 * count)
            sheets.append(_sheet(asked, one))
        page = book.page_of(sheets, first + 1, count, asked.view.lang)
        parts.append(browser.pdf_of(page, program, book.seconds_for(len(some))))
    told(2 * count, 2 * count)
    return Bound(book.bound(parts, [one.subjid for one in listed], stamp(asked)), count, _file_name(asked))


def _sheet(asked: Asked, one: Round) -> Sheet:
    period = "month" if one.day <= MONTH else "all"
    view = asked.view.change(page="patient", usubjid=one.usubjid, period=period, folded="", zoom="", paper="sheet")
    own = replace(asked, view=view)
    return book.sheet_of(one.subjid, sheet(own, course(asked.cut, one.usubjid, asked.head)))


def _file_name(asked: Asked) -> str:
    """Trial, cut and language, of signs that every system takes."""
    trial = "".join(one if one.isascii() and one.isalnum() else "-" for one in asked.cut.protocol.trial.id)
    return f"sheets-{trial}-{asked.cut.short}-{asked.view.lang}.pdf"
