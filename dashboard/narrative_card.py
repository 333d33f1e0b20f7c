"""The draft narrative of a patient: its sentences with their records, to be copied, and to be checked later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from dash import html

from clinical.course import Course
from clinical.narrative import CHARACTERISTICS, narrative
from clinical.narrative_check import Compared, Draft, Record, compare, draft, read
from clinical.narrative_told import SPOKEN, Cite, Dossier, Told, speak
from dashboard.courses import course as course_of
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked, NotUnderstood, stamp, store
from data.store import CutError
from queries.characteristics import of_subject, recorded
from queries.records import records

PLAIN = "narrative-plain"  # what is copied
EARLIER = 8  # cuts that are looked through for a draft known by its fingerprint alone
NAMED = 12  # records named in the answer of a check; more are counted


@dataclass(frozen=True, eq=False)
class Drafted:
    """paragraphs: of `clinical.narrative`. known: where a row came from -> the record it is; a row of a wide file is
    several."""

    paragraphs: tuple[tuple[Told, ...], ...]
    known: dict[Cite, tuple[Record, ...]]

    @cached_property
    def draft(self) -> Draft:
        cited = {cite for some in self.paragraphs for told in some for cite in told.cites}
        return draft(record for cite in cited for record in self.known[cite])

    @cached_property
    def digests(self) -> dict[tuple[str, str], str]:
        return {(one.table, one.key): one.digest for some in self.known.values() for one in some}

    @cached_property
    def places(self) -> dict[tuple[str, str], Cite]:
        return {(one.table, one.key): cite for cite, some in self.known.items() for one in some}


def drafted(asked: Asked, course: Course) -> Drafted:
    usubjid = course.who["usubjid"]
    known: dict[Cite, list[Record]] = {}
    for one in records(asked.cut, usubjid).itertuples():
        cite = Cite(one.table, one.source_file, one.source_row)
        known.setdefault(cite, []).append(Record(one.table, one.key, one.digest))
    told = narrative(_dossier(asked, course, list(known)))
    return Drafted(told, {cite: tuple(some) for cite, some in known.items()})


def _dossier(asked: Asked, course: Course, rows: Sequence[Cite]) -> Dossier:
    cut, usubjid, state = asked.cut, course.who["usubjid"], asked.board()
    window = state.window(usubjid)
    return Dossier(
        course=course,
        characteristics={one: of_subject(cut, usubjid, one) for one in CHARACTERISTICS if recorded(cut, one)},
        rows={table: tuple(some) for table, some in groupby(rows, key=lambda one: one.table)},
        window=window.state if window else None,
        candidates=state.candidates.get(usubjid, ()),
    )


# ---- the draft -------------------------------------------------------------------------------------------------------
def content(asked: Asked, course: Course) -> list:
    """The way to the draft; where the reader asked for it, the draft, and whether an earlier one still stands."""
    say, view = asked.say, asked.view
    if view.draft == "hidden" and not view.narrative:
        return [html.A(say("draft.show"), href=view.change(draft="shown", open="", zoom="").href, className="noprint")]
    made = drafted(asked, course)
    hide = html.A(say("draft.hide"), href=view.change(draft="hidden", narrative="", open="", zoom="").href)
    return [
        html.Div(
            [html.Span(say("draft.badge"), className="badge expanding"), _copy(say), hide], className="draft-head"
        ),
        *_standing(asked, made),
        *(_paragraph(one, asked) for one in made.paragraphs),
        html.Pre(plain(asked, course, made), id=PLAIN, hidden=True),
        html.P([say("draft.fingerprint", id=made.draft.fingerprint), " ", _link(asked, made)], className="quiet"),
        html.Div(stamp(asked), className="stamp"),
    ]


def _copy(say: Say) -> html.Button:
    told = {"data-copies": PLAIN, "data-done": say("draft.copied"), "data-failed": say("draft.not_copied")}
    return html.Button(say("draft.copy"), className="button copy noprint", **told)


def _paragraph(some: Sequence[Told], asked: Asked) -> html.P:
    parts: list = []
    for one in some:
        refs = html.Span(f" {references(one, asked)} ", className="refs")
        parts += [html.Span([said(one, asked), refs], className="sentence")]
    return html.P(parts, className="narrative")


def said(told: Told, asked: Asked) -> str:
    return speak(told.sentence, {name: Sentences(name, asked.say) for name in SPOKEN}, asked.view.lang)


def references(told: Told, asked: Asked) -> str:
    """Files and rows; what says that something is not in the data rests on the cut as a whole."""
    if not told.cites:
        return f"[{asked.say('stamp.cut', id=asked.cut.short)}]"
    by_file = groupby(sorted({(one.source_file, one.source_row) for one in told.cites}), key=lambda one: one[0])
    return f"[{'; '.join(f'{name} {_ranges([row for _, row in rows])}' for name, rows in by_file)}]"


def _ranges(rows: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1–3, 7"."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][-1] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def plain(asked: Asked, course: Course, made: Drafted) -> str:
    """As it is copied: marked a draft, with its identity and the line by which it is checked."""
    say, who = asked.say, course.who
    lines = [say("draft.title", subjid=who["subjid"], usubjid=who["usubjid"]), stamp(asked), ""]
    for some in made.paragraphs:
        lines += [" ".join(f"{said(one, asked)} {references(one, asked)}" for one in some), ""]
    return "\n".join([*lines, say("draft.unreviewed"), made.draft.line])


def _link(asked: Asked, made: Drafted) -> html.A:
    view = asked.view.change(narrative=made.draft.fingerprint, draft="hidden", open="", zoom="")
    return html.A(asked.say("draft.link"), href=view.href, className="noprint")


# ---- whether it still stands -----------------------------------------------------------------------------------------
def check(asked: Asked, pasted: str) -> list:
    """pasted: a copied draft, or its line of records."""
    course = course_of(asked.cut, asked.view.usubjid, asked.head)
    if course is None:
        raise NotUnderstood(asked.view.usubjid)
    before = read(pasted)
    if before is None:
        return [html.P(asked.say("draft.unreadable"), className="alarm-line")]
    return _answer(asked, before, drafted(asked, course))


def _standing(asked: Asked, made: Drafted) -> list:
    """Of the draft whose fingerprint the address names."""
    wanted = asked.view.narrative
    if not wanted:
        return []
    if wanted == made.draft.fingerprint:
        return _answer(asked, made.draft, made)
    before = next((one for one in _earlier(asked) if one.fingerprint == wanted), None)
    if before is None:
        return [html.P(asked.say("draft.unknown", id=wanted), className="alarm-line", role="status")]
    return _answer(asked, before, made)


def _earlier(asked: Asked) -> Iterator[Draft]:
    """What drafts from the other cuts cite, the latest first."""
    others = [one for one in reversed(store().ids()) if one != asked.cut.id]
    for one in others[:EARLIER]:
        try:
            then = Asked(asked.view, store().open(one), asked.head)
        except CutError:
            continue  # the list of cuts says so
        course = course_of(then.cut, asked.view.usubjid, asked.head)
        if course is not None:
            yield drafted(then, course).draft


def _answer(asked: Asked, before: Draft, made: Drafted) -> list:
    say, found = asked.say, compare(before, made.draft, made.digests)
    if found.same:
        words = say("draft.same", count=len(before.records))
        return [html.P(words, className="draft-stands", role="status")]
    lists = [(say("draft.changed"), found.changed), (say("draft.gone"), found.gone), (say("draft.added"), found.added)]
    lines = [html.Li(f"{title}: {_named(asked, some, made)}") for title, some in lists if some]
    return [html.P(_stale(found, say), className="alarm-line", role="status"), html.Ul(lines)]


def _stale(found: Compared, say: Say) -> str:
    return say("draft.stale") if found.changed or found.gone else say("draft.more")


def _named(asked: Asked, some: Sequence[Record], made: Drafted) -> str:
    more = [asked.say("due.more", count=len(some) - NAMED)] if len(some) > NAMED else []
    return ", ".join([*(_record(asked, one, made) for one in some[:NAMED]), *more])


def _record(asked: Asked, one: Record, made: Drafted) -> str:
    name, place = asked.say(f"data.table_{one.table}"), made.places.get((one.table, one.key))
    where = f" [{place.source_file} {place.source_row}]" if place else ""
    return f"{name} {one.key.removesuffix('.0')}{where}"
