"""Data: can I trust how these data came in? What each cut was made of, what was understood, how far it reaches."""

from collections.abc import Iterable
from enum import StrEnum

import pandas as pd
from dash import Input, Output, callback, dcc, html

from dashboard.drill import listing, opened
from dashboard.labels import Say, speaker
from dashboard.receipt_panel import as_written, loaded, made, moment, outcome_badge, receipt_panel
from dashboard.receipts import Filed, Listed, account, by_domain, cuts, filed, name_of, overdrawn
from dashboard.session import Asked, present, read_view, stamp, store
from dashboard.tables import export_link, html_table
from dashboard.view import View
from data.receipt import FileRead, Receipt
from data.schema import study_tables
from queries.provenance import LAG_DAYS, NEEDS, Need, coverage, freshness, lagging


class Id(StrEnum):
    VERDICT = "data-verdict"
    CUTS = "data-cuts"
    RECEIPTS = "data-receipts"
    COVERAGE = "data-coverage"
    FRESHNESS = "data-freshness"
    UNDERSTOOD = "data-understood"
    FILES = "data-files"
    PANEL = "data-panel"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    """Without a cut there are only the receipts: why nothing came in is the more to be seen."""
    say = speaker(view.lang)
    title = html.H1(say("data.title"), className="visually-hidden")
    panel = [dcc.Store(id={"panel": "data"}, data=opened), html.Div(id=Id.PANEL)]
    if request and not request["cut"]:
        return html.Div([title, _card(say, "receipts", Id.RECEIPTS), *panel], className="page data-page")
    return html.Div(
        [
            dcc.Store(id={"view": "data"}, data=request),
            title,
            html.Section(id=Id.VERDICT, className="card verdict-card"),
            html.Div([_card(say, "cuts", Id.CUTS), _card(say, "receipts", Id.RECEIPTS)], className="columns"),
            _card(say, "coverage", Id.COVERAGE),
            _card(say, "freshness", Id.FRESHNESS),
            _card(say, "understood", Id.UNDERSTOOD),
            _card(say, "files", Id.FILES),
            *panel,
        ],
        className="page data-page",
    )


def _card(say: Say, name: str, content: Id) -> html.Section:
    return html.Section([html.H2(say(f"data.{name}")), html.Div(id=content)], className="card")


@callback(
    output={
        "verdict": Output(Id.VERDICT, "children"),
        "cuts": Output(Id.CUTS, "children"),
        "coverage": Output(Id.COVERAGE, "children"),
        "freshness": Output(Id.FRESHNESS, "children"),
        "understood": Output(Id.UNDERSTOOD, "children"),
        "files": Output(Id.FILES, "children"),
    },
    inputs={"stored": Input({"view": "data"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    return {
        "verdict": verdict(asked, store().last_refused()),
        "cuts": cut_rows(asked, cuts(store()), store().current()),
        "coverage": covered(asked),
        "freshness": reach(asked),
        "understood": understood(asked),
        "files": file_rows(asked),
    }


@callback(
    output={"receipts": Output(Id.RECEIPTS, "children"), "panel": Output(Id.PANEL, "children")},
    inputs={"stored": Input({"panel": "data"}, "data")},
    prevent_initial_call=True,
)
def show_receipts(stored: object) -> dict:
    view = read_view(stored)
    say = speaker(view.lang)
    return {"receipts": receipt_rows(view, filed(store()), say), "panel": receipt_panel(view, say)}


def _query(view: View) -> str:
    return "?" + view.change(open="").search


# ---- the verdict -----------------------------------------------------------------------------------------------------
def verdict(asked: Asked, stopped: Receipt | None) -> list:
    """Which cut this is, the account of its rows, and whether a later import did not get in."""
    cut, say = asked.cut, asked.say
    total = account(cut.receipt.files)
    warnings = sum(one.severity == "warning" for one in cut.receipt.findings)
    numbers = {name: f"{getattr(total, name):,}" for name in ("rows", "used", "refused", "kept")}
    lines = [
        html.P(
            say(
                "data.verdict",
                id=cut.short,
                cutoff=f"{cut.cutoff:%Y-%m-%d}",
                moment=f"{cut.published:%Y-%m-%d %H:%M}",
                files=len(cut.receipt.files),
            ),
            className="verdict",
        ),
        html.P(say("data.verdict_account", warnings=warnings, **numbers), className="verdict-account"),
    ]
    wrong = overdrawn(cut.receipt.files)
    if wrong:
        lines.append(html.P(say("data.overdrawn", files=", ".join(wrong)), className="alarm-line"))
    if cut.receipt.accepted:
        lines.append(html.P(say("data.said_accepted")))
    return [*lines, _later(asked, stopped)]


def _later(asked: Asked, stopped: Receipt | None) -> html.P:
    say = asked.say
    if stopped is None:
        return html.P(say("data.none_stopped"), className="quiet")
    kind = "hold" if stopped.outcome == "held" else "error"
    why = next((one.line() for one in stopped.findings if one.severity == kind), "-")
    words = say(f"data.later_{stopped.outcome}", moment=moment(stopped.at))
    link = html.A(say("data.open_receipt"), href=_receipt_href(asked.view, name_of(stopped)))
    return html.P([html.B(words), " ", as_written(why), " ", link], className=f"later {stopped.outcome}")


def _receipt_href(view: View, name: str) -> str:
    return view.change(open=opened("receipt", name)).href


# ---- cuts ------------------------------------------------------------------------------------------------------------
def cut_rows(asked: Asked, listed: list[Listed], current: str) -> html.Div:
    say = asked.say
    head = [say(f"data.{name}") for name in ("cut", "cutoff", "published", "parent", "made_with", "remarks")]
    rows = [_cut(asked, one, current) for one in listed]
    caption = say("data.cuts_summary", count=len(listed))
    return html.Div(
        html_table(head, rows, caption=caption, stamp=stamp(asked), name="data-cuts"), className="listing whole"
    )


def _cut(asked: Asked, one: Listed, current: str) -> list:
    say, view = asked.say, asked.view
    here = {"aria-current": "true"} if one.id == asked.cut.id else {}
    cut = "" if one.id == current else one.id[:12]
    link = html.A(one.id[:7], href=view.change(cut=cut, open="").href, title=one.id, className="cut-link", **here)
    name = [link, *_marks(one, asked, current)]
    if one.receipt is None:
        return [name, "", "", "", "", html.Span(as_written(one.problem), className="alarm-line")]
    told, receipt = one.manifest, one.receipt
    return [
        name,
        [told["cutoff"][:10], html.Span(as_written(told["cutoff_from"]), className="under")],
        moment(told["published"]),
        told["parent"][:7] or say("data.first"),
        _made_with(told, receipt, say),
        _remarks(told, receipt, say),
    ]


def _marks(one: Listed, asked: Asked, current: str) -> list:
    marks = [("current", one.id == current), ("viewed", one.id == asked.cut.id)]
    return [html.Span(asked.say(f"data.{name}"), className=f"badge mark {name}") for name, holds in marks if holds]


def _made_with(told: dict[str, str], receipt: Receipt, say: Say) -> list:
    """What besides the files decides the rows of a cut."""
    parts = [say("stamp.protocol", id=receipt.protocol[:7])]
    if receipt.mapping:
        parts.append(say("data.with_mapping", id=receipt.mapping[:7]))
    versions = [say("stamp.software", version=told["software"]), say("data.schema", version=told["schema_version"])]
    return [", ".join(parts), html.Span(", ".join(versions), className="under")]


def _remarks(told: dict[str, str], receipt: Receipt, say: Say) -> list:
    """Simulated, accepted over a hold, warnings; and the way to the receipt."""
    total, warnings = account(receipt.files), sum(one.severity == "warning" for one in receipt.findings)
    parts = [say("data.file_count", count=len(receipt.files)), say("data.row_count", count=f"{total.rows:,}")]
    if warnings:
        parts.append(say("data.warning_count", count=warnings))
    marks = [("simulated", told["simulated"] == "yes"), ("accepted", receipt.accepted)]
    flags = [html.Span(say(f"data.is_{name}"), className=f"badge flag {name}") for name, holds in marks if holds]
    return [html.Span(", ".join(parts)), *flags]


# ---- receipts --------------------------------------------------------------------------------------------------------
def receipt_rows(view: View, found: list[Filed], say: Say) -> html.Div | html.P:
    head = [say(f"data.{name}") for name in ("moment", "outcome", "of_files", "found")]
    block = listing(head, [_receipt(view, one, say) for one in found], say)
    return html.Div([html.P(_receipts_summary(found, say), className="summary"), block])


def _receipts_summary(found: list[Filed], say: Say) -> str:
    outcomes = [one.receipt.outcome if one.receipt else "" for one in found]
    return say(
        "data.receipts_summary",
        count=len(outcomes),
        published=outcomes.count("published"),
        refused=outcomes.count("refused"),
        held=outcomes.count("held"),
    )


def _receipt(view: View, one: Filed, say: Say) -> list:
    if one.receipt is None:
        return [one.id, html.Span(say("data.unreadable"), className="alarm-line"), "", ""]
    receipt = one.receipt
    here = {"aria-current": "true"} if view.open == opened("receipt", one.id) else {}
    link = html.A(moment(receipt.at), href=_receipt_href(view, one.id), className="receipt-link", **here)
    return [
        link,
        outcome_badge(receipt, say),
        [str(len(receipt.files)), html.Span(f" → {receipt.cut[:7]}" if receipt.cut else "", className="quiet-count")],
        _counts(receipt, say),
    ]


def _counts(receipt: Receipt, say: Say) -> str:
    counts = {
        kind: sum(one.severity == kind for one in receipt.findings) for kind in ("error", "hold", "warning", "note")
    }
    return ", ".join(say(f"data.{kind}_count", count=count) for kind, count in counts.items() if count)


# ---- what was understood ---------------------------------------------------------------------------------------------
def understood(asked: Asked) -> list:
    say = asked.say
    head = [
        say(f"data.{name}")
        for name in ("domain", "tables", "mapped_columns", "ignored_columns", "kept", "refused", "derived")
    ]
    domains = by_domain(asked.cut.receipt.files)
    rows = [_domain(name, files, say) for name, files in domains.items()]
    ignored = sum(any(one.ignored_columns for one in files) for files in domains.values())
    caption = say("data.understood_summary", domains=len(rows), ignored=ignored)
    return [html_table(head, rows, caption=caption, stamp=stamp(asked), name="data-understood")]


def _domain(name: str, files: list[FileRead], say: Say) -> list:
    total = account(files)
    return [
        name or say("data.no_domain"),
        loaded(total.loaded, say),
        _columns(one for file in files for one in file.mapped_columns),
        as_written(", ".join(sorted({one for file in files for one in file.ignored_columns}))),
        f"{total.kept:,}",
        f"{total.refused:,}",
        _derived(files, say),
    ]


def _columns(names: Iterable[str]) -> html.Details | str:
    """How many; which ones when asked for."""
    names = sorted(set(names))
    if not names:
        return "0"
    return html.Details([html.Summary(str(len(names))), as_written(", ".join(names))])


def _derived(files: list[FileRead], say: Say) -> str:
    counts: dict[str, int] = {}
    for file in files:
        for key, count in file.derived.items():
            counts[key] = counts.get(key, 0) + count
    return "; ".join(say(f"data.derived_{key}", count=f"{count:,}") for key, count in counts.items())


# ---- files -----------------------------------------------------------------------------------------------------------
def file_rows(asked: Asked) -> list:
    say, files = asked.say, asked.cut.receipt.files
    head = [
        say(f"data.{name}")
        for name in ("file", "domain", "format", "size", "sha256", "read", "used", "refused", "kept", "into")
    ]
    total = account(files)
    numbers = [f"{number:,}" for number in (total.rows, total.used, total.refused, total.kept)]
    sums = [say("data.sum"), say("data.file_count", count=len(files)), "", "", "", *numbers, made(total, say)]
    caption = say("data.files_summary", id=asked.cut.short)
    rows = [*(_file(one, say) for one in files), sums]
    block = html_table(head, rows, caption=caption, stamp=stamp(asked), name="data-files")
    return [block, export_link(f"/export/files.csv{_query(asked.view)}", say)]


def _file(one: FileRead, say: Say) -> list:
    how = ", ".join(part for part in (one.format, one.encoding) if part)
    more = [as_written(part) for part in (one.dialect, " | ".join(one.decoded)) if part]
    return [
        one.name,
        one.domain or say("data.no_domain"),
        [as_written(how), *(html.Span(part, className="under") for part in more)],
        say("data.bytes", count=f"{one.size:,}"),
        html.Span(one.sha256[:7], title=one.sha256),
        *(f"{number:,}" for number in (one.rows, one.used, one.refused, one.kept)),
        loaded(one.loaded, say),
    ]


# ---- freshness -------------------------------------------------------------------------------------------------------
def reach(asked: Asked) -> list:
    say, found = asked.say, freshness(asked.cut)
    head = [say(f"data.{name}") for name in ("table", "domain", "rows", "subjects", "last_date", "days_before")]
    block = html_table(
        head,
        [_reached(row, say) for row in found.itertuples()],
        caption=_age(asked),
        stamp=stamp(asked),
        name="data-freshness",
    )
    empty = [one.name for one in study_tables() if one.name not in set(found["name"])]
    names = say("data.comma").join(say(f"data.table_{name}") for name in empty)
    without = [html.P(say("data.empty_tables", names=names), className="quiet")] if empty else []
    return [_behind(found, say), block, *without, export_link(f"/export/freshness.csv{_query(asked.view)}", say)]


def _age(asked: Asked) -> str:
    return asked.say(
        "data.age",
        cutoff=f"{asked.cut.cutoff:%Y-%m-%d %H:%M}",
        days=f"{present(asked.cut)[1]:.1f}",
        zone=asked.cut.protocol.trial.timezone,
    )


def _reached(row, say: Say) -> list:
    dated = pd.notna(row.last)
    return [
        say(f"data.table_{row.name}"),
        row.domain,
        f"{row.rows:,}",
        f"{row.subjects:,}" if row.subjects else say("data.no_subjects"),
        f"{row.last:%Y-%m-%d}" if dated else say("data.no_date"),
        f"{row.days:,}" if dated else "",
    ]


def _behind(found: pd.DataFrame, say: Say) -> html.P:
    """The tables that end early, each named; or the rule by which none does."""
    newest, late = lagging(found)
    if newest is None:
        return html.P(say("data.no_mark", limit=LAG_DAYS), className="later")
    if not late:
        return html.P(say("data.none_behind", day=f"{newest:%Y-%m-%d}", limit=LAG_DAYS), className="quiet")
    names = say("data.comma").join(
        say("data.behind_by", table=say(f"data.table_{name}"), count=days) for name, days in late
    )
    words = say("data.behind", names=names, day=f"{newest:%Y-%m-%d}", limit=LAG_DAYS)
    return html.P(words, className="later")


# ---- coverage --------------------------------------------------------------------------------------------------------
def covered(asked: Asked) -> list:
    say = asked.say
    infused, met = coverage(asked.cut)
    head = [say("data.screen"), say("data.has", n=infused), say("data.missing")]
    rows = [_screen(screen, [one for one in needs if one in met], met, infused, say) for screen, needs in NEEDS.items()]
    lacking = sum(any(not met[one] for one in needs if one in met) for needs in NEEDS.values())
    caption = say("data.coverage_summary" if infused else "data.coverage_nobody", count=lacking, of=len(NEEDS))
    block = html_table(head, rows, caption=caption, stamp=stamp(asked), name="data-coverage")
    return [block, export_link(f"/export/coverage.csv{_query(asked.view)}", say)]


def _screen(screen: str, needs: list[Need], met: dict[Need, int], infused: int, say: Say) -> list:
    has = [one for one in needs if met[one]]
    missing = [one for one in needs if not met[one]]
    return [
        say(f"data.screen_{screen}"),
        html.Ul([html.Li(_has(one, met[one], infused, say)) for one in has], className="needs"),
        html.Ul([html.Li(say(f"data.missing_{one.name}"), title=_source(one)) for one in missing], className="missing")
        if missing
        else html.Span(say("data.nothing_missing"), className="none"),
    ]


def _has(need: Need, patients: int, infused: int, say: Say) -> html.Span:
    return html.Span([say(f"data.need_{need.name}"), " ", html.B(f"{patients}/{infused}")], title=_source(need))


def _source(need: Need) -> str:
    """The table and column of the store that is looked at."""
    column = f".{need.column}" if need.column else ""
    return f"{need.table}{column}" + (f" = {', '.join(need.codes)}" if need.codes else "")
