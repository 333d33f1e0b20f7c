"""ICAHT, early and late, as a ladder a patient, with the spells of low counts and what leaves a grade open."""

from collections.abc import Iterable, Sequence

from flask import current_app

from clinical.grading.icaht import SCALE, Spell
from clinical.haematotoxicity import CODE, Haematotoxicity, haematotoxicity
from clinical.sentence import Sentence
from dashboard import elements as html
from dashboard.drill import listing, named
from dashboard.jobs import Job
from dashboard.labels import Say
from dashboard.once import OnceACut
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.still import Element
from dashboard.tables import export_link
from data.store import Cut
from queries.cytokines import cancer_therapies
from queries.measurements import measurements
from queries.subjects import subjects

GRADES = range(5)
Bounds = tuple[int, int] | None  # lowest and highest grade it can be; None: nothing can be said


def icaht(cut: Cut) -> Job:
    """`icaht_of` beside what readers ask meanwhile."""
    return current_app.config["JOBS"].of(("icaht", cut.id), lambda told: icaht_of(cut))


@OnceACut
def icaht_of(cut: Cut) -> tuple[Haematotoxicity, ...]:
    labs, responses = measurements(cut, ("lab",), codes=(CODE,)), measurements(cut, ("response",))
    return haematotoxicity(subjects(cut), labs, responses, cancer_therapies(cut), cut.protocol, cut.cutoff)


def icaht_card(asked: Asked, found: Sequence[Haematotoxicity]) -> Element:
    say, infused = asked.say, int((subjects(asked.cut)["day0"] <= asked.cut.cutoff).sum())
    title = html.H2(say("ladder.title", scale=SCALE))
    if not found:
        return html.Section([title, html.P(say("ladder.no_counts", count=infused))], className="card", id="icaht")
    provisional = sum(one.icaht.early_provisional for one in found)
    counts = {"n": len(found), "infused": infused, "provisional": provisional}
    summary = html.P(say("ladder.summary", **counts), className="summary")
    about = html.P(say("ladder.about"), className="quiet")
    rows = listing(_head(say), [_row(asked, one) for one in sorted(found, key=_gravest)], say)
    query = asked.view.change(open="").search
    export = export_link(f"/export/icaht.csv?{query}", say)
    identity = html.Div(stamp(asked), className="stamp")
    return html.Section([title, summary, about, rows, identity, export], className="card", id="icaht")


def early(one: Haematotoxicity) -> Bounds:
    said = one.icaht
    return None if said.early_high is None else (said.early or 0, said.early_high)


def late(one: Haematotoxicity) -> Bounds:
    return None if one.icaht.late is None else (one.icaht.late, one.icaht.late)


def _gravest(one: Haematotoxicity) -> tuple:
    """What is sure first, then what is possible."""
    low, high = early(one) or (0, 0)
    return -max(low, one.icaht.late or 0), -low, -high, one.usubjid


# ---- rows ------------------------------------------------------------------------------------------------------------
def _head(say: Say) -> list[str]:
    words = say("ladder.early"), say("ladder.late"), say("ladder.spells"), say("ladder.counts"), say("ladder.open")
    return [say("word.patient"), *words]


def _row(asked: Asked, one: Haematotoxicity) -> list:
    say, said = asked.say, one.icaht
    spells = _lines(spell_words(say, said.spells), say("ladder.no_spell"))
    notes = _lines(note_words(say, one), "–")
    counted = say("ladder.counted", count=one.counts, day=one.followed)
    ladders = (
        _ladder(say, early(one), provisional=said.early_provisional),
        _ladder(say, late(one), provisional=said.late_provisional),
    )
    return [named(asked, one.usubjid), *ladders, spells, counted, notes]


def _lines(told: Sequence[str], nothing: str) -> Element:
    return Element("div", {"className": "as-lines"}, "\n".join(told) or nothing)


def _ladder(say: Say, bounds: Bounds, *, provisional: bool) -> Element:
    """A step a grade: full up to what it surely is, dashed up to what it can be."""
    if bounds is None:
        return Element("span", {"className": "quiet"}, say("grading.cannot_tell"))
    steps = [Element("span", {"className": _step(grade, *bounds)}, f"{grade}") for grade in GRADES]
    told = {"className": "ladder", "role": "img", "aria-label": bounds_words(say, bounds)}
    open_ = Element("span", {"className": "ci"}, say("ladder.provisional") if provisional else "")
    return Element("span", {}, [Element("span", told, steps), open_])


def _step(grade: int, low: int, high: int) -> str:
    if (grade == low and low == high) or 0 < grade <= low:
        return f"step sure g{grade}"
    return "step possible" if low < grade <= high or (grade == low < high) else "step"


def bounds_words(say: Say, bounds: Bounds) -> str:
    if bounds is None:
        return say("grading.cannot_tell")
    low, high = bounds
    return f"G{low}" if low == high else f"G{low}–{high}"


def spell_words(say: Say, spells: Sequence[Spell]) -> list[str]:
    return [
        say("ladder.spell", limit=one.limit, first=one.first, last=one.last, days=one.days)
        if one.days > 1
        else say("ladder.one_day", limit=one.limit, day=one.first)
        for one in spells
    ]


def note_words(say: Say, one: Haematotoxicity) -> list[str]:
    """What leaves the grades open, the early one's first."""
    of = ((say("ladder.early"), one.icaht.early_notes), (say("ladder.late"), one.icaht.late_notes))
    return [say("ladder.note", window=window, notes=_said(say, notes)) for window, notes in of if notes]


def _said(say: Say, notes: Iterable[Sentence]) -> str:
    return "; ".join(one.say(Sentences("icaht", say)) for one in notes)


def export(asked: Asked) -> Iterable[Iterable]:
    yield ["scale", "usubjid", "early_low", "early_high", "early_provisional", "late", "late_provisional", "counts",
           "followed_to_day", "spells", "open"]  # fmt: skip
    for one in icaht(asked.cut).result():
        said = one.icaht
        low, high = early(one) or ("", "")
        answers = ("Y" if each else "N" for each in (said.early_provisional, said.late_provisional))
        words = "; ".join(spell_words(asked.say, said.spells)), "; ".join(note_words(asked.say, one))
        yield [said.scale, one.usubjid, low, high, next(answers), "" if said.late is None else said.late, next(answers),
               one.counts, one.followed, *words]  # fmt: skip
