"""The rounds as a table of groups: a row a patient, on a phone a card; what is shown, in which order, and why."""

from collections.abc import Iterator

from clinical.rounds import HOSPITAL, POSSIBLE_FOR, RANKS, Round, assessed_hours
from dashboard import elements as html
from dashboard import sheets_card
from dashboard.choices import choice, chosen_cohort, cohort_choice
from dashboard.figures.panels import unit_words
from dashboard.grades_said import reported_scales
from dashboard.grading_toxicity import SCALES
from dashboard.rounds import Found
from dashboard.rounds_cells import Cells
from dashboard.session import Asked, stamp
from dashboard.still import Element, Still
from dashboard.tables import export_link

LENGTH = 60  # patients that a long list begins with
COLUMNS = (
    "patient", "day", "crs", "icans", "temp", "oxygen", "neut", "plat", "crp", "ferritin", "copies", "open", "age",
    "due",
)  # fmt: skip
ON_A_PHONE = ("temp", "oxygen", "neut", "plat")  # columns whose units stand once over the cards
UNITS = {"temp": "C", "oxygen": "%", "neut": "10^9/L", "plat": "10^9/L", "crp": "mg/L", "ferritin": "ug/L"}


def choices(asked: Asked) -> list:
    """Where the patients are, their cohort, their population; all of them are in the address."""
    say, protocol = asked.say, asked.cut.protocol
    wards = [("all", say("choice.all"))]
    wards += [("hospital", say("rounds.who_hospital"))] if _has_hospital(asked) else []
    wards += [("window", say("rounds.who_window", days=protocol.dlt.window_days))] if protocol.dlt else []
    steps = [("", say("rounds.everyone"))]
    steps += [(one.id, one.label.in_(asked.view.lang)) for one in protocol.populations if one.step != "consented"]
    return [
        choice(say("rounds.who"), asked.view, "who", wards),
        cohort_choice(asked, [one.id for one in protocol.cohort.levels]),
        choice(say("rounds.population"), asked.view, "population", steps),
    ]


def filters(asked: Asked) -> str:
    """What narrows the list, for its stamp; "" where nothing does."""
    say, protocol, view = asked.say, asked.cut.protocol, asked.view
    told = []
    if view.who != "all":
        told.append(say(f"rounds.who_{view.who}", days=protocol.dlt.window_days if protocol.dlt else ""))
    if cohort := chosen_cohort(asked):
        told.append(protocol.level(cohort).label.in_(view.lang))
    told += [one.label.in_(view.lang) for one in protocol.populations if one.id == view.population]
    return "; ".join(told)


def card(asked: Asked, found: Found) -> Still:
    say = asked.say
    parts = [
        html.P(_summary(asked, found), className="summary"),
        html.P(_state(asked, found), className=_tone(found), role="status"),
        html.P(" · ".join(_head(name, asked)[0] for name in ON_A_PHONE), className="units quiet"),
        _table(asked, found) if found.count else html.P(say("rounds.nobody"), className="empty-words"),
        *_rest(asked, found),
        html.Div([html.P(one, className="quiet") for one in _legend(asked)], className="legend"),
        html.Div(stamp(asked, filters(asked)), className="stamp"),
        export_link(f"/export/rounds.csv?{asked.view.change(open='', length='first', paper='').search}", say),
        sheets_card.link(asked),
    ]
    return Still(html.Div(parts))


def _summary(asked: Asked, found: Found) -> str:
    moment = f"{asked.cut.cutoff:%Y-%m-%d %H:%M}"
    return asked.say("rounds.summary", count=found.count, all=len(asked.numbers), moment=moment)


def _state(asked: Asked, found: Found) -> str:
    """Whether the order is the whole of it: when something comes later, that is said before a row moves."""
    say = asked.say
    if found.failed:
        return say("rounds.failed")
    if not found.whole:
        return say("rounds.waiting_for")
    return say("rounds.whole") if asked.cut.protocol.alerts else say("rounds.whole_without_alerts")


def _tone(found: Found) -> str:
    return "alarm-line" if found.failed else "quiet" if found.whole else "later"


# ---- the table -------------------------------------------------------------------------------------------------------
def _table(asked: Asked, found: Found) -> Element:
    heads = {name: _head(name, asked) for name in COLUMNS}
    head = html.Tr([html.Th(full, scope="col", className=f"col-{name}") for name, (full, _) in heads.items()])
    cells, bodies, left = Cells(asked, found.known), [], _length(asked, found)
    for rank, own in found.groups:
        if left > 0:
            bodies.append(_group(rank, own, own[:left], cells, heads, asked))
            left -= len(own)
    return html.Div(html.Table([html.Thead(head), *bodies], className="rounds", id="table-rounds"), className="table")


def _rank_words(asked: Asked, rank: str) -> str:
    hours = f"{assessed_hours(asked.cut.protocol):g}"
    return asked.say(f"rounds.rank_{rank}", hours=hours, days=POSSIBLE_FOR.days)


def _group(rank: str, own: tuple[Round, ...], shown: tuple[Round, ...], cells: Cells, heads: dict, asked: Asked):
    words = [_rank_words(asked, rank), f" · {len(own)}"]
    head = html.Tr(html.Th(words, colSpan=len(COLUMNS), scope="rowgroup"), className="group")
    return html.Tbody([head, *(_row(one, cells, heads) for one in shown)], className=f"rank-{rank}")


def _row(one: Round, cells: Cells, heads: dict[str, tuple[str, str]]) -> Element:
    said = _cells(one, cells)
    first = html.Th(next(said), scope="row", className="col-patient")
    return html.Tr([first, *(_cell(part, name, heads) for name, part in zip(COLUMNS[1:], said, strict=True))])


def _cell(part: object, name: str, heads: dict[str, tuple[str, str]]) -> Element:
    """With what stands over it, for a screen that has no room for a head."""
    full, short = heads[name]
    return html.Td(part, className=f"col-{name}", **{"data-label": full, "data-short": short})


def _cells(one: Round, cells: Cells) -> Iterator[object]:
    """In the order of COLUMNS."""
    assay = cells.asked.cut.protocol.kinetics
    yield cells.patient(one)
    yield cells.day(one)
    yield cells.toxicity(one, "crs")
    yield cells.toxicity(one, "icans")
    yield cells.result(one, "TEMP", UNITS["temp"])
    yield cells.oxygen(one)
    for name in ("neut", "plat", "crp", "ferritin"):
        yield cells.result(one, name.upper(), UNITS[name], line=True)
    yield cells.result(one, assay.code, assay.unit) if assay else cells.nothing("no_assay")
    yield cells.open_questions(one)
    yield cells.age(one)
    yield cells.due(one)


def _head(name: str, asked: Asked) -> tuple[str, str]:
    """With its unit, and without."""
    text, assay = asked.say(f"rounds.head_{name}"), asked.cut.protocol.kinetics
    unit = UNITS.get(name, assay.unit if name == "copies" and assay else "")
    return (f"{text}, {unit_words(unit)}" if unit else text), text


def _length(asked: Asked, found: Found) -> int:
    return found.count if asked.view.length == "whole" else min(LENGTH, found.count)


def _rest(asked: Asked, found: Found) -> list[Element]:
    shown = _length(asked, found)
    if shown == found.count:
        return []
    every = html.A(asked.say("rounds.show_all", count=found.count), href=asked.view.change(length="whole").href)
    return [html.P([asked.say("rounds.first", count=shown, all=found.count), " ", every], className="noprint")]


# ---- what it means ---------------------------------------------------------------------------------------------------
def _legend(asked: Asked) -> Iterator[str]:
    say, protocol = asked.say, asked.cut.protocol
    ranks = " → ".join(_rank_words(asked, one) for one in RANKS)
    yield say("rounds.order", ranks=ranks)
    scale = reported_scales(protocol, say)
    graded = say("patient.scale", scale=scale) if scale else say("patient.no_scale")
    yield f"{graded} {say('rounds.legend_derived', scales=', '.join(dict.fromkeys(SCALES.values())))}"
    yield say("rounds.legend_results", ctcae=f"CTCAE {protocol.adverse_events.ctcae_version}")
    yield (
        say("rounds.legend_hospital", hours=f"{assessed_hours(protocol):g}")
        if _has_hospital(asked)
        else say("rounds.no_hospital")
    )


def _has_hospital(asked: Asked) -> bool:
    return any(one.id == HOSPITAL for one in asked.cut.protocol.periods)
