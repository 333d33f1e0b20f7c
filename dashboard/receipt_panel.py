"""The panel of one receipt: what came of the import, what it found and where, and the account of every row."""

from collections.abc import Iterable

from dash import html

from dashboard.drill import Opened, listing
from dashboard.labels import Say
from dashboard.receipts import Account, Group, account, find, groups, overdrawn
from dashboard.session import store
from dashboard.still import Still
from dashboard.view import View
from data.receipt import FileRead, Finding, Receipt


def as_written(text: str) -> html.Span:
    """What the importer or the sender wrote, in English or as it came."""
    return html.Span(text, lang="en")


def moment(at: str) -> str:
    """A moment of a receipt, to the minute, UTC."""
    return at[:16].replace("T", " ")


def outcome_badge(receipt: Receipt, say: Say) -> html.Span:
    name = receipt.outcome.replace(" ", "_")
    return html.Span(say(f"data.outcome_{name}"), className=f"badge outcome {name}")


def receipt_panel(view: View, say: Say) -> list[html.Aside]:
    """The receipt that the address opens; words where it opens something this screen does not have."""
    if not view.open:
        return []
    match Opened.read(view.open).parts:
        case ("receipt", name) if receipt := find(store(), name):
            title = say("data.receipt_of", moment=moment(receipt.at))
            return [_aside(view, title, _opened(receipt, name, say), say)]
    return [_aside(view, say("data.no_receipt"), [], say)]


def _aside(view: View, title: str, content: list, say: Say) -> html.Aside:
    close = html.A("×", href=view.change(open="").href, className="close", title=say("drill.close"))
    head = html.Div([html.H2(title), close], className="panel-head")
    named = {"aria-label": title, "data-opened": view.open}
    return html.Aside([head, *content], id="opened", className="opened receipt", **named)


def _opened(receipt: Receipt, name: str, say: Say) -> list:
    return [
        html.P([outcome_badge(receipt, say), " ", _came_of_it(receipt, say)], className="summary"),
        _facts(receipt, say),
        _downloads(name, say),
        *_not_validated(receipt, say),
        html.H3(say("data.findings")),
        *_findings(receipt, say),
        html.H3(say("data.account")),
        reconciliation(receipt.files, say),
    ]


def _came_of_it(receipt: Receipt, say: Say) -> str:
    name = receipt.outcome.replace(" ", "_")
    problems = len(receipt.errors)
    words = say(f"data.said_{name}", id=receipt.cut[:7] or "-", count=problems)
    return f"{words} {say('data.said_accepted')}" if receipt.accepted else words


def _facts(receipt: Receipt, say: Say) -> html.Dl:
    cutoff = f"{receipt.cutoff[:10]} ({receipt.cutoff_from})" if receipt.cutoff else say("data.not_told")
    facts = [
        ("trial", receipt.trial),
        ("cutoff", as_written(cutoff)),
        ("protocol", html.Span(receipt.protocol[:7], title=receipt.protocol)),
        ("mapping", html.Span(receipt.mapping[:7], title=receipt.mapping) if receipt.mapping else say("data.none")),
    ]
    return html.Dl(
        [html.Div([html.Dt(say(f"data.{key}")), html.Dd(value)]) for key, value in facts], className="steps-list"
    )


def _downloads(name: str, say: Say) -> html.P:
    links = [
        html.A(say(f"data.download_{kind}"), href=f"/receipt/{name}.{kind}", className="quiet-link", download="")
        for kind in ("txt", "json", "csv")
    ]
    return html.P(links, className="noprint")


def _not_validated(receipt: Receipt, say: Say) -> list:
    if not receipt.not_validated:
        return []
    seen = html.Ul([html.Li(as_written(one)) for one in receipt.not_validated])
    return [html.Div([html.P(say("data.not_validated", count=len(receipt.not_validated))), seen], className="seen")]


# ---- findings --------------------------------------------------------------------------------------------------------
def _findings(receipt: Receipt, say: Say) -> list:
    found = groups(receipt.findings)
    if not found:
        return [html.P(say("data.no_findings"), className="quiet")]
    return [_group(one, say) for one in found]


def _group(group: Group, say: Say) -> html.Section:
    badge = html.Span(say(f"data.severity_{group.severity}"), className=f"badge severity {group.severity}")
    head = [badge, html.B(as_written(group.rule)), html.Span(f"× {group.count}", className="quiet-count")]
    parts: list = [html.P(head, className="rule")]
    if group.message:
        parts.append(html.P(as_written(group.message)))
    rows = [_finding(one, say, with_message=not group.message) for one in group.shown]
    placed = [row for row in rows if any(row)]
    if placed:
        names = ("file", "row", "column", "value") + (() if group.message else ("message",))
        parts.append(listing([say(f"data.{name}") for name in names], placed, say))
    if group.more:
        parts.append(html.P(say("data.more_rows", count=f"{group.more:,}", where=group.where), className="quiet"))
    return html.Section(parts, className="finding")


def _finding(one: Finding, say: Say, *, with_message: bool) -> list:
    cells = [one.file, str(one.row or ""), one.column, one.value]
    return [*cells, as_written(one.message)] if with_message else cells


# ---- the account -----------------------------------------------------------------------------------------------------
def reconciliation(files: Iterable[FileRead], say: Say) -> Still | html.P:
    """Per file: read = used + refused + kept, and the rows of the store it made; the sums below."""
    files = tuple(files)
    if not files:
        return html.P(say("data.no_files"), className="quiet")
    head = [say(f"data.{name}") for name in ("file", "domain", "read", "used", "refused", "kept", "into")]
    numbers = ("rows", "used", "refused", "kept")
    body = [
        html.Tr(
            [
                html.Th(one.name, scope="row"),
                html.Td(one.domain or say("data.no_domain")),
                *(html.Td(f"{getattr(one, name):,}", className="number") for name in numbers),
                html.Td(loaded(one.loaded, say)),
            ]
        )
        for one in files
    ]
    total = account(files)
    sums = [html.Td(f"{getattr(total, name):,}", className="number") for name in numbers]
    last = html.Tr(
        [
            html.Th(say("data.sum"), scope="row"),
            html.Td(say("data.file_count", count=len(files))),
            *sums,
            html.Td(made(total, say)),
        ],
        className="sums",
    )
    wrong = overdrawn(files)
    alarm = [html.P(say("data.overdrawn", files=", ".join(wrong)), className="alarm-line")] if wrong else []
    heads = [html.Th(one, scope="col", className="number" if 2 <= at <= 5 else "") for at, one in enumerate(head)]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody([*body, last])], className="reconciled")
    return Still(html.Div([*alarm, table], className="table listing whole"))


def loaded(counts: dict[str, int], say: Say) -> html.Span:
    """Rows of the store by table, each table by its name in the store."""
    text = ", ".join(f"{table} {count:,}" for table, count in counts.items())
    return as_written(text) if text else html.Span(say("data.none"), className="none")


def made(total: Account, say: Say) -> str:
    return say("data.made", rows=f"{sum(total.loaded.values()):,}", tables=len(total.loaded))
