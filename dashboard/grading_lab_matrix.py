"""Laboratory terms, reported against derived: an overview of all, the matrix of one, what a count opens, the export."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from clinical.grading import ctcae
from clinical.lab_grades import term_in
from clinical.lab_matrix import VERDICTS
from dashboard import elements as html
from dashboard.drill import Opened, listing, named, nothing_opened, opened, panel
from dashboard.figures.panels import digits
from dashboard.grades_said import lacking_words
from dashboard.grading_labs import Labs, labs
from dashboard.grading_matrix import Matrix, both_words, cell_words, matrix_table
from dashboard.labels import Say
from dashboard.session import Asked, stamp
from dashboard.still import Element
from dashboard.tables import count_link, export_link, html_table
from queries.subjects import subjects

KIND = "lab"
_DIFFERS = ("derived_higher", "reported_higher")
_PLAIN = frozenset(VERDICTS) - set(_DIFFERS)


def key_of(term: str) -> str:
    """Of a CTCAE term in an address."""
    return re.sub(r"[^a-z0-9]+", "_", term.casefold())[:40]


def lab_card(asked: Asked, found: Labs) -> Element:
    """The overview, and beside it the matrix of the term that is chosen, the first by default."""
    say = asked.say
    title = html.H2(say("grading.lab_matrix", scale=found.scale))
    if found.worst.empty:
        return html.Section([title, html.P(say("grading.no_lab_matrix"))], className="card")
    terms = _ordered(found.worst)
    chosen = next((one for one in terms if key_of(one) == asked.view.term), terms[0])
    left, right = html.Div(_overview(asked, found, terms, chosen)), html.Div(_matrix_of(asked, found, chosen))
    about = html.P([say("grading.lab_about"), " ", _about_expected(asked)], className="quiet")
    columns = html.Div([left, right], className="columns lab-columns")
    return html.Section([title, about, columns], className="card", id="lab-matrix")


def _about_expected(asked: Asked) -> str:
    """What makes a higher grade an expected one, and where that stands."""
    drugs = asked.cut.protocol.lymphodepletion.treatments
    if not drugs:
        return asked.say("grading.about_expected_baseline")
    return asked.say("grading.about_expected", drugs=" + ".join(one.lower() for one in drugs))


def lab_panel(asked: Asked, found: Labs) -> list:
    """The patients of one count with their highest result, and why it is, or is not, a question."""
    parts = Opened.read(asked.view.open).parts
    terms = {key_of(one): one for one in found.worst["term"].unique()}
    if len(parts) not in (3, 4) or parts[1] not in terms:
        return nothing_opened(asked)
    matrix = _matrix(asked, found, terms[parts[1]])
    behind = matrix.behind(*parts[2:]) if len(parts) == 4 else matrix.worst[matrix.worst["verdict"] == parts[2]]
    if behind.empty:
        return nothing_opened(asked)
    words = cell_words(asked.say, matrix, *parts[2:]) if len(parts) == 4 else _title(asked, terms[parts[1]], parts[2])
    rows = [_graded(asked, matrix, one) for one in behind.itertuples()]
    return [panel(asked, words, list(behind.index), [listing(_head(asked.say), rows, asked.say)], subjects(asked.cut))]


# ---- all terms -------------------------------------------------------------------------------------------------------
def _ordered(worst: pd.DataFrame) -> list[str]:
    """The highest derived grade that nobody reported first, then how many patients differ, then how many are open."""
    ranks = {
        "grade": worst["low"].where(worst["verdict"] == "derived_higher").fillna(0),
        "differ": worst["verdict"].isin(_DIFFERS),
        "open": worst["verdict"] != "agree",
    }
    by_term = worst.assign(**ranks).groupby("term", sort=False).agg({"grade": "max", "differ": "sum", "open": "sum"})
    return list(by_term.sort_values(["grade", "differ", "open"], ascending=False, kind="stable").index)


def _overview(asked: Asked, found: Labs, terms: Sequence[str], chosen: str) -> list:
    """The terms that agree in every patient are folded away, after the others."""
    say = asked.say
    counts = Counter(found.worst.groupby(["term", "verdict"], sort=False).size().to_dict())
    alike = [one for one in terms if not any(counts[one, verdict] for verdict in VERDICTS if verdict != "agree")]
    rest = [one for one in terms if one not in alike]
    n = found.worst["usubjid"].nunique()
    differing = sum(any(counts[one, verdict] for verdict in _DIFFERS) for one in terms)
    caption = say("grading.lab_summary", terms=len(terms), n=n, differing=differing)
    table = _terms(asked, counts, rest, chosen, caption, "lab-terms") if rest else html.P(caption)
    if not alike:
        return [table, _export(asked)]
    fold = html.Summary(say("grading.lab_alike", count=len(alike)))
    inner = _terms(asked, counts, alike, chosen, say("grading.lab_alike_caption", n=n), "lab-terms-alike")
    return [table, _export(asked), html.Details([fold, inner], open=chosen in alike)]


def _export(asked: Asked) -> Element:
    query = asked.view.change(open="").search
    return export_link(f"/export/lab-grades.csv?{query}", asked.say)


def _terms(asked: Asked, counts: Counter, terms: Sequence[str], chosen: str, caption: str, name: str):
    say = asked.say
    head = [say("grading.lab_term"), *(say(f"grading.verdict_{one}") for one in VERDICTS)]
    rows = [
        [_term(asked, one, chosen), *(_count(asked, counts, one, verdict) for verdict in VERDICTS)] for one in terms
    ]
    return html_table(head, rows, caption=caption, stamp=stamp(asked), name=name)


def _term(asked: Asked, term: str, chosen: str) -> Element:
    here = {"aria-current": "true"} if term == chosen else {}
    href = asked.view.change(term=key_of(term), open="", zoom="").href
    return html.A(
        term_in(term, asked.view.lang), href=href, className="lab-term chosen" if here else "lab-term", **here
    )


def _count(asked: Asked, counts: Counter, term: str, verdict: str) -> Element:
    number = counts[term, verdict]
    if not number:
        return html.Span("–", className="quiet")
    href = asked.view.change(open=opened(KIND, key_of(term), verdict)).href
    kind = "count differs" if verdict in _DIFFERS else "count"
    return count_link(f"{number}", href, number, _title(asked, term, verdict), kind=kind)


def _title(asked: Asked, term: str, verdict: str) -> str:
    return f"{term_in(term, asked.view.lang)}: {asked.say(f'grading.verdict_{verdict}')}"


# ---- one term --------------------------------------------------------------------------------------------------------
def _matrix(asked: Asked, found: Labs, term: str) -> Matrix:
    own = found.worst[found.worst["term"] == term].set_index("usubjid")
    name = term_in(term, asked.view.lang)
    return Matrix(
        (KIND, key_of(term)), name, found.scale, own, lambda missing: lacking_words(missing, asked.say), _PLAIN
    )


def _matrix_of(asked: Asked, found: Labs, term: str) -> list:
    say, matrix = asked.say, _matrix(asked, found, term)
    counts = matrix.worst["verdict"].value_counts()
    caption = say("grading.lab_caption", n=len(matrix.worst), **{one: int(counts.get(one, 0)) for one in VERDICTS})
    possible = {f"{grade}" for grade in range(ctcae.reachable(term, found.scale.rpartition(" ")[2]) + 1)}
    table = matrix_table(asked, matrix, possible, caption, "grades-lab")
    title = html.H3(say("grading.scale", name=matrix.name, scale=found.scale))
    return [title, html.Div(table, className="grade-matrix")]


# ---- what a count opens ----------------------------------------------------------------------------------------------
def _head(say: Say) -> list[str]:
    columns = ("reported", "derived", "lab_highest", "lab_why")
    return [say("word.patient"), *(say(f"grading.{one}") for one in columns), say("word.source")]


def _graded(asked: Asked, matrix: Matrix, row) -> list:
    say = asked.say
    reported, derived = both_words(say, matrix, row)
    if pd.isna(row.low):
        return [named(asked, row.Index), reported, derived, say("grading.lab_no_result"), "–", ""]
    day = say("patient.day", day=int(row.rel_day))
    source = f"{row.source_file} {int(row.source_row)}"
    return [named(asked, row.Index), reported, derived, f"{_value(row)} ({day})", why_words(say, row) or "–", source]


def _value(row) -> str:
    sign = row.qualifier if isinstance(row.qualifier, str) else ""
    return f"{row.code} {sign}{digits(row.value)} {row.unit}".strip()


def why_words(say: Say, row) -> str:
    """Why the difference is expected, or what would decide."""
    said = say(f"grading.expected_{row.why}") if row.why else lacking_words(row.missing, say)
    return ", ".join(one for one in (said, say("grades.corrected") if row.code == "CA" else "") if one)


def export(asked: Asked) -> Iterable[Iterable]:
    """reported: 0 is no event, blank an event without a grade."""
    yield ["scale", "term", "usubjid", "reported", "derived_low", "derived_high", "lacking", "verdict", "expected",
           "code", "value", "unit", "qualifier", "rel_day", "source_file", "source_row"]  # fmt: skip
    found = labs(asked.cut).result()
    for one in found.worst.astype(object).itertuples():
        grades = ("" if pd.isna(each) else int(each) for each in (one.reported, one.low, one.high))
        result = (one.code, one.value, one.unit, one.qualifier, one.rel_day, one.source_file, one.source_row)
        yield [found.scale, one.term, one.usubjid, *grades, " ".join(one.missing), one.verdict, one.why,
               *("" if pd.isna(each) else each for each in result)]  # fmt: skip
