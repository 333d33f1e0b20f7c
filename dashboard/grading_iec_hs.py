"""IEC-HS screening: the flags for a medical review beside the CRS they follow, and the panel in which a person
acknowledges one with a reason."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

import pandas as pd
from dash import html

from clinical.acknowledgements import later
from clinical.grading.iec_hs import SCALE
from clinical.iec_hs_course import Flag, Screening
from dashboard.acknowledging import KIND, Flagged, find, flagged
from dashboard.drill import listing, named, nothing_opened, opened, panel
from dashboard.forms import form
from dashboard.grading_screening import crs_episodes, screened
from dashboard.grading_toxicity import SCALES
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.still import Element, Still
from dashboard.tables import export_link
from data.store import Cut
from queries.measurements import measurements
from queries.subjects import subjects


def iec_hs_card(asked: Asked, found: Screening) -> html.Section:
    say = asked.say
    title = html.H2(say("screening.title", scale=SCALE))
    if not found.screened:
        why = say("screening.no_settings") if asked.cut.protocol.toxicity is None else say("screening.no_ferritin")
        return html.Section([title, html.P(why)], className="card", id="iec-hs")
    every = flagged(asked)
    review, unsure = ([one for one in every if one.flag.sure == sure] for sure in (True, False))
    infused = int((subjects(asked.cut)["day0"] <= asked.cut.cutoff).sum())
    counts = {
        "count": len(review),
        "patients": len({one.flag.usubjid for one in review}),
        "screened": len(found.screened),
        "infused": infused,
        "acknowledged": sum(one.is_acknowledged for one in review),
    }
    summary = html.P(say("screening.summary", **counts), className="summary")
    about = html.P(say("screening.about"), className="quiet")
    query = asked.view.change(open="").search
    export = export_link(f"/export/iec-hs.csv?{query}", say)
    identity = html.Div(stamp(asked), className="stamp")
    rows = _table(asked, review) if review else html.P(say("screening.none"))
    parts = [title, summary, about, rows, *_folded(asked, unsure), identity, export]
    return html.Section(parts, className="card", id="iec-hs")


def _folded(asked: Asked, unsure: Sequence[Flagged]) -> Iterable:
    """Haemophagocytosis is never in the data: nearly everyone with a high ferritin is among these."""
    if unsure:
        head = asked.say("screening.unsure", count=len(unsure))
        yield html.Details([html.Summary(head), _table(asked, unsure)], className="folded")


# ---- rows ------------------------------------------------------------------------------------------------------------
def _table(asked: Asked, some: Sequence[Flagged]) -> object:
    say = asked.say
    head = [
        say("word.patient"),
        say("screening.days"),
        say("screening.ferritin"),
        say("screening.shows"),
        say("screening.lacks"),
        say("screening.crs"),
        say("screening.said"),
    ]
    return listing(head, [_row(asked, one) for one in some], say)


def _row(asked: Asked, one: Flagged) -> list:
    say, flag = asked.say, one.flag
    highest = say("screening.highest", value=f"{flag.highest:g}", count=len(flag.samples))
    told = [named(asked, flag.usubjid), days_words(asked, flag), highest, shows_words(say, flag.showed)]
    return [*told, lacks_words(say, flag), crs_words(asked, flag), _said(asked, one)]


def days_words(asked: Asked, flag: Flag) -> str:
    last = flag.day + (flag.last.date() - flag.began.date()).days
    if last == flag.day:
        return asked.say("patient.day", day=flag.day)
    return asked.say("screening.from_to", first=flag.day, last=last)


def shows_words(say: Say, showed: str) -> str:
    """Of `Flag.showed`: its features, or that it cannot be told."""
    _, *features = showed.split(" ")
    sentences = Sentences("screening", say)
    return ", ".join(sentences[f"feature_{one}"] for one in features) or say("grading.cannot_tell")


def lacks_words(say: Say, flag: Flag) -> str:
    """What would decide, or leaves open whether something else explains it."""
    sentences, codes = Sentences("screening", say), Sentences("iec_hs", say)
    told = [sentences[f"missing_{one}"] for one in flag.missing]
    told += [codes["not_assessed"]] if "not_assessed" in flag.codes else []
    return "; ".join(told) or "–"


def crs_words(asked: Asked, flag: Flag) -> str:
    """The last CRS, as derived, that had begun when the flag did."""
    say = asked.say
    own = [one for one in _sure_crs(asked.cut).get(flag.usubjid, ()) if one.onset <= flag.began]
    if not own:
        return say("screening.no_crs")
    one = own[-1]
    low, high = int(one.peak_low), int(one.peak_high)
    grade = say("grading.grade", grade=low if low == high else f"{low}–{high}")
    day0 = flag.began.date().toordinal() - flag.day
    onset, last = (moment.date().toordinal() - day0 for moment in (one.onset, one.last))
    told = say("screening.crs_course", grade=grade, scale=SCALES["crs"], first=onset, last=last)
    if pd.isna(one.improved):
        return told
    return f"{told}; {say('screening.crs_better', day=one.improved.date().toordinal() - day0)}"


@lru_cache(maxsize=16)
def _sure_crs(cut: Cut) -> dict[str, list]:
    """usubjid -> rows of `crs_episodes` that are sure, by onset."""
    every, found = crs_episodes(cut), defaultdict(list)
    for one in every[every["sure"].astype(bool)].itertuples():
        found[one.usubjid].append(one)
    return dict(found)


def _said(asked: Asked, one: Flagged) -> list:
    """Who acknowledged it and why, and the way to its panel."""
    say = asked.say
    href = asked.view.change(open=opened(KIND, one.flag.key)).href
    link = Element("a", {"href": href, "className": "judge noprint"}, say("screening.open"))
    if one.said is None:
        return [Element("span", {"className": "badge expanding"}, say("screening.not_acknowledged")), " ", link]
    told = say("screening.acknowledged", actor=one.said.actor, reason=one.said.reason)
    changed = [html.Div(changed_words(say, one), className="alarm-line")] if one.has_changed else []
    return [told, *changed, " ", link]


def changed_words(say: Say, one: Flagged) -> str:
    was, now = (shows_words(say, each) for each in (one.said.showed, one.flag.showed))
    return say("screening.changed", was=was, now=now)


# ---- one flag --------------------------------------------------------------------------------------------------------
def iec_hs_panel(asked: Asked) -> list:
    """What it rests on, what was said of it, and the form in which a person acknowledges it or takes that back."""
    one = find(asked)
    if one is None:
        return nothing_opened(asked)
    say, flag = asked.say, one.flag
    reason = "; ".join(Sentences("iec_hs", say)[code] for code in flag.codes)
    parts = [
        html.P(reason, className="summary"),
        html.P(say("screening.about"), className="quiet"),
        listing([say("screening.shows"), say("screening.lacks"), say("screening.crs")],
                [[shows_words(say, flag.showed), lacks_words(say, flag), crs_words(asked, flag)]], say),
        html.H3(say("screening.ferritin")),
        listing([say("word.date"), say("screening.value"), say("word.source")], _samples(asked, flag), say),
        *([html.P(changed_words(say, one), className="alarm-line", role="alert")] if one.has_changed else []),
        html.H3(say("screening.said")),
        Still(html.Div(list(_history(asked, flag)))),
        form(say, "flag", flag.key, _buttons(say, one)),
    ]  # fmt: skip
    title = say("screening.panel", days=days_words(asked, flag))
    return [panel(asked, title, [flag.usubjid], parts, subjects(asked.cut))]


def _samples(asked: Asked, flag: Flag) -> Iterable[list]:
    rows = measurements(asked.cut, ("lab",), codes=("FERRITIN",))
    rows = rows[rows["usubjid"] == flag.usubjid]
    for one in rows.itertuples():
        if (one.source_file, one.source_row) in flag.samples:
            yield [one.dtc.replace("T", " "), f"{one.value:g} {one.unit}", f"{one.source_file} {one.source_row}"]


def _buttons(say: Say, one: Flagged) -> dict[str, str]:
    """A flag that shows something else now is opened again before it is acknowledged anew."""
    if one.said:
        return {"reopen": say("screening.take_back", number=one.said.event)}
    return {"acknowledge": say("screening.acknowledge")}


def _history(asked: Asked, flag: Flag) -> Iterable:
    """Everything that was said of it, taken back or not."""
    say, events, mine = asked.say, asked.written(), set()
    for event in (event for event in events if event.subject == flag.usubjid):
        said = event.payload
        told = {"at": _utc(event.at), "actor": event.actor, "reason": said["reason"]}
        if event.action == "flag.acknowledged" and said["flag"] == flag.key:
            mine.add(event.id)
            told |= {"number": event.id, "cut": said["cut"][:7], "showed": shows_words(say, said["showed"])}
            yield html.P(say("screening.history", **told))
        if event.action == "flag.reopened" and said["event"] in mine:
            yield html.P(say("screening.taken_back", number=said["event"], **told))
    if not mine:
        yield html.P(say("screening.nobody"), className="quiet")
    after = [one for one in later(events, asked.cut.cutoff) if (one.usubjid, one.flag) == (flag.usubjid, flag.key)]
    if after:
        yield html.P(say("screening.later", count=len(after)), className="quiet")


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def export(asked: Asked) -> Iterable[Iterable]:
    yield ["scale", "usubjid", "review", "began", "last", "day", "highest_ug_per_l", "features", "lacking", "crs",
           "acknowledged_by", "reason", "source"]  # fmt: skip
    screened(asked.cut).result()
    for one in flagged(asked):
        flag, said = one.flag, one.said
        source = " ".join(f"{file}:{row}" for file, row in flag.samples)
        person = (said.actor, said.reason) if said else ("", "")
        yield [SCALE, flag.usubjid, "Y" if flag.sure else "", flag.began, flag.last, flag.day, flag.highest,
               " ".join(flag.features), " ".join(flag.missing), crs_words(asked, flag), *person, source]  # fmt: skip
