"""What the reader chooses of a patient's stack: the range, the panels, and the keys that do it."""

import re

from dash import html

from dashboard.figures.stack import FEW, Stack
from dashboard.labels import Say
from dashboard.view import View

PERIODS = ("hours", "month", "all")


def stack_choices(view: View, drawn: Stack, say: Say, *, others: bool) -> list:
    """others: whether the dose group has anything to be shown beside this patient."""
    return [
        _range(view, say),
        _panels(view, drawn, say, others),
        _keys(say),
        _sheet(view, say),
        *_folded(view, drawn, say),
    ]


def panel_name(panel: str, say: Say) -> str:
    """Without the unit, which stands behind the name."""
    return re.split(r" · |, |，", say(f"patient.panel_{panel}"))[0]


def _range(view: View, say: Say) -> html.Div:
    links = [
        html.A(
            say(f"patient.period_{one}"),
            href=view.change(period=one, open="", zoom="").href,
            className="option" + (" chosen" if one == view.period else ""),
            **{"aria-keyshortcuts": str(key)} | ({"aria-current": "true"} if one == view.period else {}),
        )
        for key, one in enumerate(PERIODS, start=1)
    ]
    label = say("patient.period")
    return html.Div(html.Div(links, className="options", role="group", **{"aria-label": label}), className="choice")


def _sheet(view: View, say: Say) -> html.A:
    href = view.change(paper="sheet", open="").href
    return html.A(say("patient.sheet"), href=href, className="quiet-link noprint")


# ---- panels ----------------------------------------------------------------------------------------------------------
def _panels(view: View, drawn: Stack, say: Say, others: bool) -> html.Details:
    """Every panel that has data, ticked or not, then the dose group. A tick is an address, as every choice."""
    names = [one for one in drawn.order if one != "periods"]
    away = _away(view, drawn)
    links = [html.Li(_tick(panel_name(one, say), one not in drawn.folded, view.folding(away ^ {one}))) for one in names]
    links += [html.Li(_tick_group(view, say), className="apart")] if others else []
    summary = html.Summary(say("patient.panels"), **{"aria-keyshortcuts": "p"})
    return html.Details([summary, html.Ul(links)], className="menu")


def _tick(name: str, is_drawn: bool, href: str) -> html.A:
    kind = "tick chosen" if is_drawn else "tick"
    return html.A(name, href=href, className=kind, role="checkbox", **{"aria-checked": str(is_drawn).lower()})


def _tick_group(view: View, say: Say) -> html.A:
    other = "hidden" if view.group == "shown" else "shown"
    return _tick(say("patient.group"), view.group == "shown", view.change(group=other, open="", zoom="").href)


def _folded(view: View, drawn: Stack, say: Say) -> list[html.Div]:
    """What is put away is named: nobody is to think that there is none of it."""
    if not drawn.folded:
        return []
    away = _away(view, drawn)
    links = [html.A(panel_name(one, say), href=view.folding(away - {one}), className="unfold") for one in drawn.folded]
    every = html.A(say("patient.unfold_all"), href=view.folding(()), className="quiet-link")
    return [
        html.Div([html.Span(say("patient.folded"), className="choice-name"), *links, every], className="folded-panels")
    ]


def _away(view: View, drawn: Stack) -> frozenset[str]:
    """Panels of which this patient has no data stay put away for the next."""
    return (view.folds - {FEW}) | frozenset(drawn.folded)


# ---- keys ------------------------------------------------------------------------------------------------------------
def _keys(say: Say) -> html.Details:
    keys = (
        ("← →", say("patient.key_neighbours")),
        ("1 2 3", say("patient.key_range")),
        ("p", say("patient.key_panels")),
        ("Esc", say("patient.key_free")),
        ("?", say("patient.key_keys")),
    )
    lines = [html.Li([html.Kbd(key), " ", words]) for key, words in keys]
    lines.append(html.Li(say("patient.key_pin")))
    summary = html.Summary(say("patient.keys"), **{"aria-keyshortcuts": "?"})
    return html.Details([summary, html.Ul(lines)], className="menu keys noprint")
