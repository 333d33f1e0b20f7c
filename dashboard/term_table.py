"""Adverse events by system organ class and term: a count for every cohort, each open to its patients."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from clinical.incidence import TOTAL
from dashboard.counting import CRITERIA, Counted, table
from dashboard.drill import opened
from dashboard.labels import Say
from dashboard.session import Asked
from dashboard.still import Element, Still
from dashboard.tables import count_link, scrolling
from dashboard.theme import level_colour


@dataclass(frozen=True)
class Count:
    """The patients of one cohort who meet a criterion, and those of whom it is not known."""

    k: int
    unknown: int
    text: str  # "2/6 (33 %)"; "" where nobody is known to, and somebody may
    ci: str
    doubt: str  # "" where all is known
    href: str
    doubt_href: str


@dataclass(frozen=True)
class Group:
    """A system organ class (`term` is None) or a term in it; "" for what has no code."""

    soc: str
    term: str | None
    name: str
    counts: dict[tuple[str, str], Count]  # by cohort and criterion


def count_text(say: Say, row, criterion: str) -> dict[str, str]:
    """The words of a count: k/n (%), its interval, and how many patients are in doubt.

    Nobody known and somebody in doubt is not zero: then only the doubt is said. An interval around a count that is
    incomplete would promise too much, so there is none.
    """
    k, n, unknown = int(row["k"]), int(row["n"]), int(row["unknown"])
    if n == 0:
        return {"text": "0/0", "ci": "", "doubt": ""}
    share = f"{k}/{n} ({100 * k / n:.0f} %)" if k else f"{k}/{n}"
    if not unknown:
        return {"text": share, "ci": f"{100 * row['low']:.0f}–{100 * row['high']:.0f} %", "doubt": ""}
    if not k:
        key = "ae.doubt_grade" if "grade" in criterion else "ae.doubt_value"
        return {"text": "", "ci": "", "doubt": say(key, k=unknown, n=n)}
    return {"text": f"≥ {share}", "ci": "", "doubt": say("ae.doubt_more", k=unknown)}


def count_href(asked: Asked, cohort: str, criterion: str, *place: str, doubt: bool = False) -> str:
    """place: of a system organ class, or of it and a term."""
    return asked.view.change(open=opened("doubt" if doubt else "count", cohort, criterion, *place)).href


# ---- what is counted -------------------------------------------------------------------------------------------------
def groups(asked: Asked) -> list[Group]:
    """Each system organ class, then its terms; without those in which nobody meets or may meet the chosen criterion."""
    classes = list(_groups(asked, ("soc",)))
    if asked.view.rows == "soc":
        return classes
    terms = list(_groups(asked, ("soc", "term")))
    return [one for group in classes for one in (group, *(term for term in terms if term.soc == group.soc))]


def _groups(asked: Asked, by: tuple[str, ...]) -> Iterable[Group]:
    criteria = CRITERIA[asked.view.only]
    counts = table(asked, by, criteria)
    size, rows = len(criteria) * counts["cohort"].nunique(), list(counts.itertuples())
    for start in range(0, len(rows), size):  # incidence gives each group as one block of cohorts x criteria
        block = rows[start : start + size]
        if any(one.k or one.unknown for one in block):
            yield _group(asked, block, by)


def _group(asked: Asked, block: Sequence, by: tuple[str, ...]) -> Group:
    named = [getattr(block[0], one) for one in by]
    place = ["" if pd.isna(one) else one for one in named]
    counts = {(one.cohort, one.criterion): _count(asked, one, place) for one in block}
    return Group(place[0], place[1] if len(place) > 1 else None, place[-1] or asked.say("ae.uncoded_name"), counts)


def _count(asked: Asked, row, place: list[str]) -> Count:
    said = count_text(asked.say, row._asdict(), row.criterion)
    href = count_href(asked, row.cohort, row.criterion, *place)
    doubt = count_href(asked, row.cohort, row.criterion, *place, doubt=True) if row.unknown else ""
    return Count(int(row.k), int(row.unknown), **said, href=href, doubt_href=doubt)


# ---- as a table ------------------------------------------------------------------------------------------------------
def term_table(asked: Asked, found: Counted) -> Still:
    """A column for each cohort and criterion; the name stays in sight when the table is moved."""
    criteria = CRITERIA[asked.view.only]
    columns = [(cohort, criterion) for cohort in found.columns for criterion in criteria]
    first = Element("th", {"scope": "col", "rowSpan": 2}, asked.say("ae.term"))
    names = [Element("th", {"scope": "col"}, asked.say(f"ae.criterion_{one}")) for _, one in columns]
    cohorts = [_cohort(asked, found, one, len(criteria)) for one in found.columns]
    head = Element("thead", {}, [Element("tr", {}, [first, *cohorts]), Element("tr", {}, names)])
    body = Element("tbody", {}, [_row(one, columns) for one in groups(asked)])
    return scrolling(Element("table", {"id": "table-ae-terms"}, [head, body]))


def _cohort(asked: Asked, found: Counted, cohort: str, wide: int) -> Element:
    protocol = asked.cut.protocol
    label = asked.say("ae.total") if cohort == TOTAL else protocol.level(cohort).label.in_(asked.view.lang)
    line = {"borderTop": f"3px solid {level_colour(protocol.place(cohort))}"}
    return Element("th", {"scope": "colgroup", "colSpan": wide, "style": line}, f"{label} (n = {found.size(cohort)})")


def _row(group: Group, columns: list[tuple[str, str]]) -> Element:
    name = Element("th", {"scope": "row"}, group.name)
    cells = [Element("td", {}, _links(group.counts[one])) for one in columns]
    return Element("tr", {"className": "soc" if group.term is None else "term"}, [name, *cells])


def _links(count: Count) -> list[Element]:
    """The count, and beside it the patients in doubt."""
    kind = "count" if count.k else "count none"
    shown = [count_link(count.text, count.href, count.k, count.ci, kind=kind)] if count.text else []
    if count.doubt:
        shown.append(count_link(count.doubt, count.doubt_href, count.unknown, count.ci, kind="count doubt"))
    return shown
