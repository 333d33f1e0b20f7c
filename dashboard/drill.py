"""From a number to its patients: what the address says is opened, and the panel that shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pandas as pd
from dash import html

from dashboard import elements
from dashboard.labels import Say
from dashboard.session import Asked, stamp
from dashboard.still import Element, Still
from dashboard.tables import level_dot, scrolling


@dataclass(frozen=True)
class Opened:
    """A count by name: `kind` and its parts, such as ladder / DL2 / dlts. Written into the address and back."""

    parts: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "Opened":
        return cls(tuple(unquote(one) for one in text.split("/"))) if text else cls(())

    def write(self) -> str:
        return "/".join(quote(one, safe="") for one in self.parts)

    @property
    def kind(self) -> str:
        return self.parts[0] if self.parts else ""


def opened(*parts: str) -> str:
    return Opened(parts).write()


def panel(
    asked: Asked, title: str, people: Sequence[str] | None, rows: Iterable, subjects: pd.DataFrame, *, filters: str = ""
) -> html.Aside:
    """The side panel of a count: its title, its patients as links, the rows behind it, and the way to close it.

    people: usubjid of the patients; None where it is about none. rows: what stands below them.
    subjects: as `queries.subjects`. filters: in words, for the stamp.
    """
    say = asked.say
    known = subjects.set_index("usubjid") if people else subjects
    close = html.A("×", href=asked.view.change(open="").href, className="close", title=say("drill.close"))
    place = asked.cut.protocol.place
    links = [
        patient_link(asked, one, known.loc[one, "subjid"], place(known.loc[one, "cohort"])) for one in people or ()
    ]
    count = say("drill.patients", count=len(people)) if people else say("drill.nobody")
    told = [elements.P(count, className="summary"), elements.Div(links, className="people")]
    whom = [] if people is None else [Still(told)]
    return html.Aside(
        [
            html.Div([html.H2(title), close], className="panel-head"),
            *whom,
            *(Still(one) if isinstance(one, Element) else one for one in rows),
            html.Div(stamp(asked, filters), className="stamp"),
        ],
        id="opened",
        className="opened",
        **{"aria-label": title, "data-opened": asked.view.open},
    )  # fmt: skip


def nothing_opened(asked: Asked) -> list[html.Aside]:
    """What a page shows when the address opens nothing, or a count that this view does not have."""
    if not asked.view.open:
        return []
    return [panel(asked, asked.say("drill.unknown"), [], [], pd.DataFrame({"usubjid": []}))]


_MARK = "\u0002"  # around an identifier in a sentence; no text of a person has it


def mark(usubjid: str) -> str:
    """An identifier on its way through a sentence of the table of labels: `linked` makes a link of it."""
    return f"{_MARK}{usubjid}{_MARK}"


def linked(asked: Asked, sentence: str) -> list[str | Element]:
    """A sentence with its marked identifiers as links to their patients."""
    parts = sentence.split(_MARK)
    return [named(asked, one) if place % 2 else one for place, one in enumerate(parts) if one]


def named(asked: Asked, usubjid: str) -> Element:
    """A patient's number where it stands in a sentence or a row."""
    return elements.A(asked.numbers[usubjid], href=asked.view.patient(usubjid), className="name")


def patient_link(asked: Asked, usubjid: str, subjid: str, level: int | None) -> Element:
    return elements.A(
        [level_dot(level), subjid],
        href=asked.view.patient(usubjid),
        className="patient",
        title=usubjid,
        **{"data-usubjid": usubjid},
    )


def listing(head: Sequence[str], rows: Iterable[Sequence], say: Say) -> Still | html.P:
    """Rows as they are, in full; a sentence where there is none."""
    body = [Element("tr", {}, [Element("td", {}, cell) for cell in row]) for row in rows]
    if not body:
        return html.P(say("table.no_rows"), className="quiet")
    heads = Element("thead", {}, Element("tr", {}, [Element("th", {"scope": "col"}, one) for one in head]))
    table = Element("table", {}, [heads, Element("tbody", {}, body)])
    return scrolling(table)
