"""CRS and ICANS, reported against derived: a matrix of patients each, what it opens, and where the two differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from dashboard import elements as html
from dashboard.drill import Opened, listing, named, nothing_opened, opened, panel
from dashboard.grading_toxicity import SCALES, Toxicity
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.still import Element
from dashboard.tables import count_link, export_link, html_table
from queries.subjects import subjects

NOT_RECORDED, NOT_DERIVED = "not_recorded", "not_derived"
COLUMNS = ("0", "1", "2", "3", "4", "5", NOT_RECORDED)
KIND = "grades"


@dataclass(frozen=True, eq=False)
class Matrix:
    """What is graded twice. worst: by usubjid, reported, low, high, missing, verdict, as of
    `clinical.grade_matrix.worst_grades`; address: what of an opened count comes before its row and column."""

    address: tuple[str, ...]
    name: str  # in words
    scale: str
    worst: pd.DataFrame
    missing: Callable[[Sequence[str]], str]  # in words
    plain: frozenset[str] = frozenset({"same"})  # verdicts that need no mark

    def verdicts(self, row: str, column: str) -> list[str]:
        """Of each patient of a cell."""
        return [one.verdict for one in self._cells.get((row, column), [])]

    def behind(self, row: str, column: str) -> pd.DataFrame:
        return self.worst.loc[[one.Index for one in self._cells.get((row, column), [])]]

    @cached_property
    def rows(self) -> dict[str, set[str]]:
        """The derived grades that there are, with what would decide each."""
        found: dict[str, set[str]] = {}
        for one in self.worst.itertuples():
            found.setdefault(row_key(one), set()).update(one.missing)
        return found

    @cached_property
    def _cells(self) -> dict[tuple[str, str], list]:
        """Rows of `worst` by row and column."""
        found: dict[tuple[str, str], list] = {}
        for one in self.worst.itertuples():
            found.setdefault((row_key(one), column_key(one)), []).append(one)
        return found


def toxicity_card(asked: Asked, found: Sequence[Toxicity]) -> Element:
    """Both matrices, and beside them the discrepancies."""
    say = asked.say
    left = html.Div([_toxicity(asked, one) for one in found])
    right = html.Div([html.H3(say("grading.discrepancies")), _discrepancies(asked, found)])
    about = html.P(say("grading.about"), className="quiet")
    return html.Section(
        [html.H2(say("grading.toxicity")), about, html.Div([left, right], className="columns")], className="card"
    )


def toxicity_panel(asked: Asked, found: Sequence[Toxicity]) -> list:
    """The patients of one count, how each is graded, and the differences that are theirs."""
    what = Opened.read(asked.view.open)
    shown = next((one for one in found if what.kind == KIND and what.parts[1:2] == (one.kind,)), None)
    matrix = shown and _matrix(asked, shown)
    if matrix is None or len(what.parts) != 4 or (own := matrix.behind(*what.parts[2:])).empty:
        return nothing_opened(asked)
    graded = listing(_graded_head(asked.say), [_graded(asked, matrix, row) for row in own.itertuples()], asked.say)
    differing = [one for one in shown.discrepancies if one.usubjid in own.index]
    below = [graded, html.H3(asked.say("grading.discrepancies")), _differing(asked, differing)]
    title = cell_words(asked.say, matrix, *what.parts[2:])
    return [panel(asked, title, list(own.index), below, subjects(asked.cut))]


def _matrix(asked: Asked, found: Toxicity) -> Matrix:
    words = lambda missing: missing_words(asked.say, found.kind, missing)  # noqa: E731
    name = asked.say(f"grading.{found.kind}")
    return Matrix((KIND, found.kind), name, SCALES[found.kind], found.worst, words)


def _toxicity(asked: Asked, found: Toxicity) -> Element:
    say = asked.say
    name = say(f"grading.{found.kind}")
    if not found.assessments:
        title = html.H3(name)  # reported grades alone may be of another scale
        read = asked.cut.protocol.toxicity is not None
        never = say(f"grading.no_assessment_{found.kind}") if read else say("grading.no_settings")
        reported = int((found.worst["reported"] != 0).fillna(True).sum())
        if not reported:
            return html.Div([title, html.P(f"{never} {say('grading.none_reported_at_all')}")])
        return html.Div([title, html.P(never), _counted(asked, found)])
    title = html.H3(say("grading.scale", name=name, scale=SCALES[found.kind]))
    return html.Div([title, _counted(asked, found)])


def _counted(asked: Asked, found: Toxicity) -> Element:
    counts = found.worst["verdict"].value_counts()
    numbers = {one: int(counts.get(one, 0)) for one in ("same", "differs", "open")}
    caption = asked.say("grading.caption", n=len(found.worst), **numbers)
    possible = {"0", "1", "2", "3", "4"} if found.assessments else set()
    table = matrix_table(asked, _matrix(asked, found), possible, caption, f"grades-{found.kind}")
    query = asked.view.change(open="").search
    export = export_link(f"/export/{found.kind}-grades.csv?{query}", asked.say)
    return html.Div([table, export], className="grade-matrix")


# ---- the matrix ------------------------------------------------------------------------------------------------------
def row_key(row) -> str:
    """Of a row of `worst_grades`: its derived grade or range, written into the address."""
    if pd.isna(row.low):
        return NOT_DERIVED
    return f"{row.low}" if row.low == row.high else f"{row.low}-{row.high}"


def column_key(row) -> str:
    return NOT_RECORDED if pd.isna(row.reported) else f"{row.reported}"


def matrix_table(asked: Asked, found: Matrix, possible: set[str], caption: str, name: str) -> Element:
    """Derived grades down, reported ones across; possible: rows that stand there without a patient too."""
    say = asked.say
    keys = {*found.rows, *possible}
    rows = [[_row_head(say, found, key), *(_cell(asked, found, key, one) for one in COLUMNS)] for key in sorted(keys)]
    head = [say("grading.derived_by_reported"), *(column_words(say, one) for one in COLUMNS)]
    return html_table(head, rows, caption=caption, stamp=stamp(asked), name=name)


def _row_head(say: Say, found: Matrix, key: str) -> list:
    if "-" not in key:
        return [row_words(say, key)]
    return [row_words(say, key), html.Span(found.missing(sorted(found.rows[key])), className="ci")]


def row_words(say: Say, key: str) -> str:
    if key == NOT_DERIVED:
        return say("grading.not_derived")
    return say("grading.grade", grade=key.replace("-", "–"))


def column_words(say: Say, key: str) -> str:
    if key == "0":
        return say("grading.none_reported")
    return say("grading.not_recorded") if key == NOT_RECORDED else say("grading.grade", grade=key)


def missing_words(say: Say, kind: str, missing: Sequence[str]) -> str:
    sentences = Sentences(kind, say)
    return "; ".join(sentences[one] for one in missing)


def _cell(asked: Asked, found: Matrix, row: str, column: str) -> Element:
    verdicts = found.verdicts(row, column)
    if not verdicts:
        return html.Span("–", className="quiet")
    href = asked.view.change(open=opened(*found.address, row, column)).href
    kind = "count" if set(verdicts) <= found.plain else "count differs"
    return count_link(f"{len(verdicts)}", href, len(verdicts), cell_words(asked.say, found, row, column), kind=kind)


def cell_words(say: Say, found: Matrix, row: str, column: str) -> str:
    return say("grading.cell", name=found.name, derived=row_words(say, row), reported=column_words(say, column))


# ---- what a cell opens -----------------------------------------------------------------------------------------------
def _graded_head(say: Say) -> list[str]:
    return [say("word.patient"), say("grading.reported"), say("grading.derived"), say("grading.undecided_by")]


def _graded(asked: Asked, found: Matrix, row) -> list:
    reported, derived = both_words(asked.say, found, row)
    return [named(asked, row.Index), reported, derived, found.missing(row.missing)]


def both_words(say: Say, found: Matrix, row) -> tuple[str, str]:
    """The reported grade, and the derived one with its scale."""
    derived = row_words(say, row_key(row))
    return column_words(say, column_key(row)), derived if pd.isna(row.low) else f"{derived} ({found.scale})"


# ---- where the two differ --------------------------------------------------------------------------------------------
def _discrepancies(asked: Asked, found: Sequence[Toxicity]) -> Element:
    compared = [one for one in found if one.assessments]
    if not compared:
        return html.P(asked.say("grading.nothing_compared"), className="quiet")
    every = [one for some in compared for one in some.discrepancies]
    if not every:
        return html.P(asked.say("grading.no_discrepancy"), className="quiet")
    query = asked.view.change(open="").search
    identity = html.Div(stamp(asked), className="stamp")
    export = export_link(f"/export/discrepancies.csv?{query}", asked.say)
    return html.Div([_differing(asked, every), identity, export], id="grading-discrepancies")


def _differing(asked: Asked, every: Sequence) -> object:
    say = asked.say
    head = [say("word.patient"), say("grading.what"), say("grading.why"), say("word.source")]
    return listing(head, [_difference(asked, one) for one in every], say)


def _difference(asked: Asked, one) -> list:
    say = asked.say
    what = f"{say(f'grading.{one.kind}')}: {one.said.say(Sentences('discrepancy', say))}"
    source = ", ".join(f"{file}:{row}" for file, row in one.reported)
    return [named(asked, one.usubjid), what, decision_words(say, one), source or say("grading.no_source")]


def decision_words(say: Say, one) -> str:
    """What the derived grade rests on, and what is missing to decide it."""
    rests = say("grading.rests_on", parts=", ".join(say(f"grading.part_{part}") for part in one.deciding))
    told = ([rests] if one.deciding else []) + ([missing_words(say, one.kind, one.missing)] if one.missing else [])
    return "; ".join(told) or "–"
