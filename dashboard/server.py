"""The web application: Dash on Flask, behind the guard, with the few routes that are no screen."""

import gc
import json
import logging

import plotly.io
from dash import Dash
from flask import Response, current_app, g, jsonify, request
from flask_compress import Compress

from dashboard import exports, guard, packed, pages, remembered, shell, whole
from dashboard.jobs import Jobs
from dashboard.session import offered, state_head, the_store, today
from dashboard.view import told_by_path
from data.state import State, StateError
from data.store import Store

POLYFILL = "/dash/deps/polyfill@"
FIRST = ("NotoSans", "NotoSans-SemiBold", "NotoSansMath", "NotoSansSymbols2")  # the fonts of every screen

_PRELOAD = '<link rel="preload" as="font" type="font/woff2" href="{href}" crossorigin>'

log = logging.getLogger(__name__)


class Monitor(Dash):
    """Asks for the fonts before all else: plotly measures a text once, and a figure that is drawn before they are there
    has its words where those of another font would stand. And leaves out Babel's polyfill, of which only the generators
    are needed (`assets/regenerator-runtime.js`).

    The polyfill puts `trim`, `parseInt` and `parseFloat` of its own, made of regular expressions, in the place of the
    browser's, for the sake of one character that was a space in older Unicode: plotly asks them of every attribute that
    it draws.
    """

    def interpolate_index(self, **parts: str) -> str:
        scripts = [one for one in parts["scripts"].splitlines() if POLYFILL not in one]
        fonts = [_PRELOAD.format(href=self.get_asset_url(f"fonts/{name}.woff2")) for name in FIRST]
        return super().interpolate_index(
            **parts | {"scripts": "\n".join(scripts), "css": "\n".join([*fonts, parts["css"]])}
        )


def create(store: Store, state: State, names: tuple[str, ...] = (), stale_days: int = 14, browser: str = "") -> Dash:
    """The application over one store and what people write about it. Once per process: Dash's callbacks belong to the
    first that is made. names: further host names that it answers to. stale_days: how old the data may be that are
    advised on. browser: the program that prints PDF; "": what is found."""
    app = Monitor(
        "dashboard",
        assets_folder="assets",
        title="Nectin-4 CAR-T Safety Monitor",
        update_title=None,
        on_error=shell.report_error,
        enable_mcp=False,
        meta_tags=[{"name": "told-by-path", "content": json.dumps(told_by_path())}],
        add_log_handler=False,
    )
    plotly.io.json.config.default_engine = "json"  # the other one would copy each component before it encodes it
    app.layout = shell.layout
    app.validation_layout = [shell.layout(), *pages.all_layouts()]
    server = app.server
    server.config.update(
        STORE=store, STATE=state, STALE_DAYS=stale_days, BROWSER=browser, OFFERED="", SEND_FILE_MAX_AGE_DEFAULT=3600
    )
    server.config.update(JOBS=Jobs(), JOBS_ARE_AWAITED=False, AHEAD=None)
    server.add_url_rule("/version", "version", version)
    server.add_url_rule("/health", "health", health)
    server.add_url_rule("/ready", "ready", ready)
    server.add_url_rule("/export/<name>.csv", "export", export)
    server.add_url_rule("/export/sheets.pdf", "sheets", sheets)
    server.add_url_rule("/receipt/<name>.<kind>", "receipt", exports.receipt)
    app._setup_server()  # moves the registered callbacks into the app, so that the guard knows them all
    guard.install(server, names, app.csp_hashes(), app.callback_map)
    server.config["ANSWERS"] = remembered.install(server)
    server.config["FILLS"] = whole.install(server, app._callback_list)
    Compress(server)
    packed.install(server)
    server.after_request(_logged)
    # What the program is made of is never garbage: every full collection would look through it, a third of the time
    # that it takes to judge the laboratory values of a large trial.
    gc.freeze()
    return app


def version() -> Response:
    """Which cut readers are shown, which is coming, and what else an answer depends on, for the live indicator."""
    shown, current, refused = offered(), the_store().current(), the_store().last_refused()
    told = {
        "cut": shown,
        "coming": current if current != shown else "",
        "refused": refused.at if refused else "",
        "said": f"{state_head()} {today(shown)}",
    }
    response = jsonify(told)
    response.set_etag(" ".join(told.values()))
    return response.make_conditional(request)


def health() -> Response:
    return jsonify(status="alive")


def ready() -> tuple[Response, int]:
    """503 unless the cut that CURRENT names is whole and the state can be written."""
    serving = current_app.config["STORE"].serving()
    try:
        current_app.config["STATE"].check()
    except StateError as error:
        return jsonify(status="not ready", why=str(error)), 503
    if serving.cut is None or serving.problem:
        return jsonify(status="not ready", why=serving.problem or "no data yet: import a cut first"), 503
    return jsonify(status="ready", cut=serving.cut.id), 200


def export(name: str) -> Response:
    return exports.csv(name, request.query_string.decode("ascii", "replace"))


def sheets() -> Response:
    return exports.sheets(request.query_string.decode("ascii", "replace"))


def _logged(response: Response) -> Response:
    """One line a request, without values of patients: the path of a patient page is cut to its kind."""
    kind = request.url_rule.rule if request.url_rule else "unknown"
    fields = {
        "request_id": g.get("request_id", ""),
        "method": request.method,
        "route": kind,
        "status": response.status_code,
    }
    log.info("request", extra=fields)
    return response
