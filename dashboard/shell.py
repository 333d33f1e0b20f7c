"""What surrounds every page: whose and how old the data are, notices, and the one callback that reads the address."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from dash import (
    ALL,
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    ctx,
    dcc,
    html,
    no_update,
    set_props,
)

from dashboard import pages
from dashboard.drill import opened
from dashboard.labels import LANGUAGES, Say, speaker, t
from dashboard.receipts import Listed, cuts, name_of
from dashboard.session import NotUnderstood, age_hours, offered, read_view, serving, state_head, store
from dashboard.statements import WRITTEN
from dashboard.still import Still
from dashboard.view import View
from data.receipt import Receipt
from data.store import Cut, CutError

ADDRESS, HEADER, NOTICES, MAIN, FOOTER = "address", "header", "notices", "main", "footer"
SHOWN, RENDERED, LIVE, NEWER, SHOW_NEWER = "shown", "rendered", "live", "newer", "show-newer"
COMING = "newer-coming"
STOPPED, STOPPED_SINCE = "stopped", "stopped-since"  # the refused or held import on the screen; the one there is now
FAILURE = "failure"
POLL = 3000  # ms; a new cut is announced within 5 s

log = logging.getLogger(__name__)


def layout() -> html.Div:
    """The frame. It asks nothing of the store: what it shows comes by `route`."""
    return html.Div(
        [
            dcc.Location(id=ADDRESS, refresh=False),
            dcc.Store(id=SHOWN),
            dcc.Store(id=RENDERED),
            dcc.Store(id=LIVE),
            dcc.Store(id=WRITTEN),
            dcc.Store(id=STOPPED),
            dcc.Store(id=STOPPED_SINCE),
            dcc.Interval(id="clock", interval=POLL),
            html.Header(id=HEADER),
            html.Div(
                [html.Span(id="newer-text"), html.Span(id=COMING), html.Button(id=SHOW_NEWER, className="button")],
                id=NEWER,
                className="notice newer noprint",
                hidden=True,
                role="status",
            ),
            html.Div(id=FAILURE, hidden=True, className="notice alarm", role="alert"),
            html.Div(id=NOTICES, role="status"),
            html.Main(id=MAIN),
            html.Footer(id=FOOTER),
        ]
    )


clientside_callback(
    ClientsideFunction("live", "poll"), Output(LIVE, "data"), Input("clock", "n_intervals"), prevent_initial_call=True
)
clientside_callback(
    ClientsideFunction("live", "announce"),
    Output(NEWER, "hidden"),
    Output(COMING, "hidden"),
    Output(SHOW_NEWER, "hidden"),
    Input(LIVE, "data"),
    Input(SHOWN, "data"),
)
clientside_callback(ClientsideFunction("live", "look"), Input(RENDERED, "data"))
clientside_callback(
    ClientsideFunction("live", "renew"),
    Output(WRITTEN, "data", allow_duplicate=True),
    Input(LIVE, "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("live", "stopped"),
    Output(STOPPED_SINCE, "data"),
    Input(LIVE, "data"),
    State(STOPPED, "data"),
    prevent_initial_call=True,
)


@callback(
    output={
        "header": Output(HEADER, "children"),
        "notices": Output(NOTICES, "children"),
        "newer": Output("newer-text", "children"),
        "coming": Output(COMING, "children"),
        "button": Output(SHOW_NEWER, "children"),
        "main": Output(MAIN, "children"),
        "footer": Output(FOOTER, "children"),
        "views": Output({"view": ALL}, "data"),
        "panels": Output({"panel": ALL}, "data"),
        "shown": Output(SHOWN, "data"),
        "stopped": Output(STOPPED, "data"),
        "rendered": Output(RENDERED, "data"),
        "failure": Output(FAILURE, "hidden"),
    },
    inputs={
        "pathname": Input(ADDRESS, "pathname"),
        "search": Input(ADDRESS, "search"),
        "show_newer": Input(SHOW_NEWER, "n_clicks"),
        "written": Input(WRITTEN, "data"),
        "shown": State(SHOWN, "data"),
        "rendered": State(RENDERED, "data"),
        "views": State({"view": ALL}, "data"),
        "panels": State({"panel": ALL}, "data"),
    },
)
def route(pathname, search, show_newer, written, shown, rendered, views, panels) -> dict:
    """Address to screen. The page is laid out anew when it is another page; otherwise only its view changes, and when
    a count is opened or closed only the panel: tables and figures keep the reader's place.

    A reader keeps the cut the screen began with until "show now" is pressed: a page never mixes two cuts.
    """
    view = _view(pathname, search)
    kept = "" if ctx.triggered_id == SHOW_NEWER else shown
    found = find_cut(view, kept)
    say = speaker(view.lang)
    look = laid_out(view, bool(found.cut))
    cut = found.cut.id if found.cut else ""
    head = state_head()
    own = view.own()
    request = {"pathname": pathname, "search": own.search, "cut": cut, "state": head}
    closed = request | {"search": own.change(open="").search}
    again = isinstance(rendered, list) and rendered == look
    return {
        "header": [] if view.is_sheet else Still(header(view, found, say)),
        "notices": notices(view, found, head, say),
        "newer": say("shell.newer"),
        "coming": say("shell.coming"),
        "button": say("shell.show_newer"),
        "main": no_update if again else screen(own, closed, request, found, say),
        "footer": [] if view.is_sheet else Still(footer(found.cut, say)),
        "views": [closed if again and not _alike(closed, old) else no_update for old in views],
        "panels": [request if again and request != old else no_update for old in panels],
        "shown": followed(view, found, kept),
        "stopped": stopped_at(),
        "rendered": look,
        "failure": True,
    }


def laid_out(view: View, has_cut: bool) -> list:
    """What a page is laid out by: where it is another one, the page is made anew."""
    return [view.page, view.usubjid, view.lang, view.theme, view.is_sheet, has_cut]


def _alike(request: dict, before: object) -> bool:
    """Whether a page shows this already: where the axes stand is the figure's own doing, and no reason to draw anew."""
    if before is None:
        return False
    same = read_view(request).change(zoom="") == read_view(before).change(zoom="")
    return same and all(request[name] == before.get(name) for name in ("cut", "state"))


@callback(
    output={
        "notices": Output(NOTICES, "children", allow_duplicate=True),
        "stopped": Output(STOPPED, "data", allow_duplicate=True),
    },
    inputs={"since": Input(STOPPED_SINCE, "data")},
    state={
        "pathname": State(ADDRESS, "pathname"),
        "search": State(ADDRESS, "search"),
        "shown": State(SHOWN, "data"),
    },
    prevent_initial_call=True,
)
def renew_notices(since, pathname, search, shown) -> dict:
    """An import that was refused or held while a reader looks is said at once: nobody stands at a watched folder."""
    view = _view(pathname, search)
    found = find_cut(view, shown)
    return {"notices": notices(view, found, state_head(), speaker(view.lang)), "stopped": stopped_at()}


def stopped_at() -> str:
    stopped = store().last_refused()
    return stopped.at if stopped else ""


def _view(pathname: object, search: object) -> View:
    try:
        return View.parse(pathname, search or "")
    except KeyError as error:
        raise NotUnderstood(str(error)) from error


@dataclass(frozen=True)
class Found:
    cut: Cut | None
    problem: str = ""
    older: bool = False  # a cut that the address asks for and that is not the current one


def find_cut(view: View, shown: object) -> Found:
    """The cut the address names, else the one this screen began with, else the current one (or the last good one)."""
    shown_to_all = serving()
    if view.cut:
        named = [one for one in store().ids() if one.startswith(view.cut)]
        if len(named) == 1:
            try:
                return Found(store().open(named[0]), shown_to_all.problem, older=named[0] != store().current())
            except CutError as error:
                return Found(shown_to_all.cut, str(error))
        return Found(shown_to_all.cut, f"no cut begins with {view.cut}")
    if isinstance(shown, str) and shown and not shown_to_all.problem:
        try:
            return Found(store().open(shown))
        except CutError:
            log.warning("the cut on a reader's screen cannot be opened any more; the current one is shown")
    return Found(shown_to_all.cut, shown_to_all.problem)


def followed(view: View, found: Found, shown: object) -> str | None:
    """The cut that this reader follows. One that the address names is visited only: the way back leads here."""
    if view.cut:
        return shown if isinstance(shown, str) and shown else offered() or None
    return found.cut.id if found.cut else None


def screen(view: View, closed: dict, request: dict, found: Found, say: Say) -> html.Div:
    """The page; without a cut only the one that holds the receipts has something to show."""
    if found.cut:
        return pages.layout(view, closed, request)
    receipts = [pages.layout(view, closed, request)] if view.page == "data" else []
    return html.Div([nothing_yet(say), *receipts])


def nothing_yet(say: Say) -> html.Div:
    return html.Div([html.H1(say("shell.no_cut")), html.P(say("shell.no_cut_do"))], className="empty")


def footer(cut: Cut | None, say: Say) -> list:
    """The one disclaimer, and every setting that the public registration does not settle."""
    assumed = _assumed(cut) if cut else ()
    if not assumed:
        return [html.P(say("shell.disclaimer"))]
    head = html.Summary(say("shell.assumed", count=len(assumed), version=cut.protocol.trial.version))
    return [html.P(say("shell.disclaimer")), html.Details([head, html.P(", ".join(assumed))], id="assumed")]


@lru_cache(maxsize=16)
def _assumed(cut: Cut) -> tuple[str, ...]:
    return tuple(cut.protocol.assumed())


# ---- header and notices ----------------------------------------------------------------------------------------------
def header(view: View, found: Found, say: Say) -> list:
    return [
        html.Div(
            [
                html.Span(found.cut.protocol.trial.title.in_(view.lang) if found.cut else "", className="trial"),
                *(_identity(view, found, say) if found.cut else []),
                html.Div(_switches(view, say), className="switches noprint"),
            ],
            className="bar",
        ),
        html.Nav(
            [_tab(view, page, say) for page in pages.NAVIGATION],
            className="noprint",
            **{"aria-label": say("shell.pages")},
        ),
    ]


def _identity(view: View, found: Found, say: Say) -> list:
    cut = found.cut
    about = say("shell.cut_about", id=cut.id, moment=cut.published.strftime("%Y-%m-%d %H:%M UTC"))
    return [
        _cuts(view, found, html.Summary(say("shell.cut", day=_moment(cut.cutoff), id=cut.short), title=about), say),
        _fictional(cut, say) if cut.fictional_day0 else _age(cut, say),
        *([html.Span(say("shell.simulated"), className="chip simulated")] if cut.simulated else []),
    ]


def _age(cut: Cut, say: Say) -> html.Span:
    hours = age_hours(cut)
    age = say("shell.age_hours", count=round(hours)) if hours < 72 else say("shell.age_days", count=round(hours / 24))
    return html.Span(age, className="chip", title=say("shell.age_about", zone=cut.protocol.trial.timezone))


def _moment(cutoff: datetime) -> str:
    return f"{cutoff:%Y-%m-%d %H:%M}"


def _cuts(view: View, found: Found, summary: html.Summary, say: Say) -> html.Details:
    """As known on: every cut that can be read, the latest first, but for one that is not offered yet; where the reader
    chooses another, it closes."""
    current = offered()
    coming = {store().current()} - {current}
    listed = [one for one in cuts(store()) if one.manifest and one.id not in coming]
    links = [html.Li(_cut(view, one, current, found.cut, say)) for one in listed]
    menu = html.Ul(links, className="cut-list", **{"aria-label": say("shell.as_known_on")})
    kind = "chip cuts older" if found.older else "chip cuts"
    return html.Details([summary, menu], className=kind, key=f"{found.cut.id}{view.cut}")


def _cut(view: View, one: Listed, current: str, shown: Cut, say: Say) -> list:
    words = say("shell.cut", day=_moment(datetime.fromisoformat(one.manifest["cutoff"])), id=one.id[:7])
    href = view.change(cut="" if one.id == current else one.id[:12], open="", zoom="").href
    here = {"aria-current": "true"} if one.id == shown.id else {}
    badge = [html.Span(say("data.current"), className="badge mark current")] if one.id == current else []
    return [html.A(words, href=href, className="cut-choice", **here), *badge]


def _fictional(cut: Cut, say: Say) -> html.Span:
    """In the place of an age, which made-up dates do not have."""
    about = say("shell.fictional_about", day=cut.fictional_day0)
    return html.Span(say("shell.fictional"), className="chip simulated", title=about)


def _switches(view: View, say: Say) -> list:
    other = "dark" if view.theme == "light" else "light"
    languages = [
        html.A(
            name,
            href=view.change(lang=lang).href,
            lang=lang,
            className="switch" + (" chosen" if view.lang == lang else ""),
            **({"aria-current": "true"} if view.lang == lang else {}),
        )
        for lang, name in (("en", "EN"), ("zh", "中文"))
    ]
    theme = html.A(say(f"shell.theme_{other}"), href=view.change(theme=other).href, className="switch")
    return [*languages, theme, html.Span(say("shell.single_user"), className="quiet")]


def _tab(view: View, page: str, say: Say) -> html.A:
    here = {"aria-current": "page"} if view.page == page else {}
    return html.A(say(f"shell.page_{page}"), href=view.to(page), className="nav-link", **here)


def notices(view: View, found: Found, head: str, say: Say) -> list:
    """head: of what people wrote; "" where it cannot be read."""
    lines = []
    if not head:
        lines.append(html.Div(say("shell.state_unreadable"), className="notice alarm", role="alert"))
    if found.problem:
        lines.append(html.Div(say("shell.last_good", why=found.problem), className="notice alarm", role="alert"))
    if found.older and found.cut:
        moment = f"{found.cut.cutoff:%Y-%m-%d}"
        back = html.A(say("shell.to_current"), href=view.change(cut="").href)
        lines.append(html.Div([say("shell.older", moment=moment), " ", back], className="notice older"))
    if view.problems:
        lines.append(html.Div(say("shell.ignored", what="; ".join(view.problems)), className="notice"))
    stopped = store().last_refused()
    if stopped:
        lines.append(_stopped(stopped, view, found.cut, say))
    return lines


def _stopped(receipt: Receipt, view: View, cut: Cut | None, say: Say) -> html.Div:
    """The line that stays until an import succeeds: what refused it or holds it, what was seen in its files, and the
    way to its receipt."""
    held = receipt.outcome == "held"
    why = [one for one in receipt.findings if one.severity == ("hold" if held else "error")]
    told = {"moment": receipt.at[:16].replace("T", " "), "shown": f"{cut.cutoff:%Y-%m-%d}" if cut else "-"}
    head = (
        say("shell.held", why=why[0].message if why else "-", **told)
        if held
        else say("shell.refused", count=len(why), **told)
    )
    seen = receipt.not_validated
    full = view.change(page="data", usubjid="", zoom="", open=opened("receipt", name_of(receipt))).href
    details = html.Details(
        [
            html.Summary(head + (f" {say('shell.not_validated_head', count=len(seen))}" if seen else "")),
            html.Ul([html.Li(one.line(), lang="en") for one in why[:50]]),
            *([html.P(say("shell.not_validated")), html.Ul([html.Li(one) for one in seen])] if seen else []),
        ]
    )
    link = html.A(say("shell.receipt"), href=full, className="noprint")
    return html.Div([details, link], className="notice held" if held else "notice alarm", id="refused")


def report_error(error: Exception) -> None:
    """Dash calls this for a callback that raised: the reader sees that a panel may be stale, the log has the cause."""
    if isinstance(error, NotUnderstood):
        log.warning("a request was not understood")
        key = "shell.not_understood"
    else:
        log.error("callback failed", exc_info=error)
        key = "shell.stale"
    # Which language the reader chose may be the very thing that was not understood: both are said.
    set_props(FAILURE, {"children": " ".join(t(key, lang) for lang in LANGUAGES), "hidden": False})
