"""The one entry: `python app.py demo | load | watch | serve | cuts | verify | config`."""

import argparse
import json
import signal
import sys
import threading
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from data import protocol as protocols
from data.logs import log_to_stderr
from data.protocol_base import ProtocolError
from data.readers import ENCODINGS
from data.settings import Settings, SettingsError
from data.state import State, StateError, existing
from data.store import CutError, SourceChanged, Store, StoreBusy, StoreUnwritable
from data.watch import Watcher, WatchError, apart, check

PUBLISHED, REFUSED, USAGE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    given = {
        name: value for name, value in vars(arguments).items() if name in Settings.model_fields and value is not None
    }
    try:
        settings = Settings(**given)
        log_to_stderr(settings.log_level)
        return arguments.run(arguments, settings)
    except ValidationError as error:
        for one in error.errors():
            print(f"setting {'.'.join(map(str, one['loc']))}: {one['msg']}", file=sys.stderr)
        return USAGE
    except (ProtocolError, SettingsError, UnreadableSetting, WatchError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except (CutError, StateError, StoreBusy, StoreUnwritable, SourceChanged) as error:
        print(error, file=sys.stderr)
        return REFUSED


def demo(arguments: argparse.Namespace, settings: Settings) -> int:
    """Writes the simulated trial as SDTM files and imports its cuts, one after the other."""
    from data import importing, simulate

    store, protocol = Store(settings.folder), protocols.load(settings.protocol)
    out = arguments.out or settings.folder / "simulated"
    try:
        folders = simulate.write(
            out, arguments.anchor or date.today(), subjects=arguments.subjects, form=arguments.form
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    if importing.already(folders[-1:], store, protocol):
        folders = []  # the demonstration of this very day is there already
    for folder in folders:
        receipt = importing.load([folder], store, protocol)
        print(f"{folder.name}: {receipt.to_text().splitlines()[0]}")
        if receipt.outcome == "refused":
            print(receipt.to_text())
            return REFUSED
    print(f"store: {store.root}")
    return PUBLISHED


def load(arguments: argparse.Namespace, settings: Settings) -> int:
    """Imports files, folders or zips and prints the receipt."""
    from data import importing, reshape

    protocol = protocols.load(settings.protocol)
    mapping = reshape.load(settings.mapping) if settings.mapping else None
    told = {"cutoff": arguments.cutoff, "encoding": arguments.encoding, "accept": arguments.accept}
    told["limit"] = settings.largest_file_mb * 1024**2
    receipt = importing.load(arguments.paths, Store(settings.folder), protocol, mapping=mapping, **told)
    print(receipt.to_json() if arguments.json else receipt.to_text())
    return REFUSED if receipt.outcome in ("refused", "held") else PUBLISHED


def watch(arguments: argparse.Namespace, settings: Settings) -> int:
    """Imports what is dropped into a folder until it is ended; an import that runs is finished first."""
    watcher, stop = _watcher(settings), threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    with watcher.alone():
        print(f"watching {watcher.folder}; store: {settings.folder}", flush=True)
        watcher.run(stop)
    return PUBLISHED


def _watcher(settings: Settings) -> Watcher:
    from data import reshape

    folder = settings.watch.expanduser().absolute()
    protocols.load(settings.protocol)  # a broken file is told now, not at the first delivery
    check(folder, settings.folder)
    if settings.mapping:
        reshape.load(settings.mapping)
    return Watcher(folder, apart(settings))


def serve(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serves the screens until it is ended; with --watch it also imports what is dropped into a folder."""
    from waitress import serve as serve_forever

    from dashboard import ahead, guard, server, warming

    refused = guard.refuse_host(settings.host)
    if refused:
        print(refused, file=sys.stderr)
        return USAGE
    watching = nullcontext()
    if settings.watch:
        watching = _watcher(settings).in_background()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(PUBLISHED))  # as Ctrl-C: the import that runs is finished
    state = State(settings.state_url)
    with watching:
        kept = Store(settings.folder)
        app = server.create(kept, state, settings.host_names, settings.stale_days, settings.browser).server
        print(f"Nectin-4 CAR-T Safety Monitor: http://{settings.host}:{settings.port}", flush=True)
        beside = warming.in_background(app, settings) if settings.beside else nullcontext()
        with beside, ahead.in_background(app):
            serve_forever(app, host=settings.host, port=settings.port, threads=settings.threads, ident=None)
    return PUBLISHED


def cuts(arguments: argparse.Namespace, settings: Settings) -> int:
    """Lists the cuts, the oldest first; a star marks the current one."""
    store = Store(settings.folder)
    for one in store.ids():
        mark = "*" if one == store.current() else " "
        try:
            cut = store.open(one)
        except CutError as error:
            print(f"{mark} {one[:12]}  {error}")
            continue
        kind = "  simulated" if cut.simulated else ""
        moments = f"cut-off {cut.cutoff:%Y-%m-%d %H:%M}  published {cut.published:%Y-%m-%d %H:%M} UTC"
        print(f"{mark} {one[:12]}  {moments}{kind}")
    if not store.current():
        print(f"no cut in {store.root}; import one with: python app.py load FOLDER")
    return PUBLISHED


def verify(arguments: argparse.Namespace, settings: Settings) -> int:
    """Checks every cut against its name, every source file against its hash, and the chain of what people wrote."""
    store = Store(settings.folder)
    written, wrong = _verified_state(settings.state_url)
    problems = store.verify() + wrong
    for one in problems:
        print(one)
    print(f"{len(store.ids())} cuts{written} checked, {len(problems)} problem{'s' if len(problems) != 1 else ''}")
    return REFUSED if problems else PUBLISHED


def _verified_state(url: str) -> tuple[str, list[str]]:
    """What was checked and what is wrong with it; who keeps the last hash sees later whether the end was cut off."""
    try:
        state = existing(url)
        if state is None:
            return "", []
        wrong = state.verify()
        return (" and the state" if wrong else f" and the state up to event {state.head()}"), wrong
    except StateError as error:
        return "", [str(error)]


def config(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints the settings in force as JSON."""
    print(json.dumps(settings.shown(), indent=1, ensure_ascii=False))
    return PUBLISHED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--store", type=Path, help="folder of the data cuts (default: the user's data folder, by trial)"
    )
    common.add_argument("--protocol", type=Path, help="protocol file (default: xkdct293.toml)")
    common.add_argument("--log-level", dest="log_level", help="DEBUG, INFO, WARNING or ERROR")
    parser = argparse.ArgumentParser(prog="app.py", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(run.__name__, help=about, description=about, parents=[common])
        made.set_defaults(run=run)
        return made

    made = command(demo, "write the simulated trial as SDTM files and import its three cuts")
    made.add_argument("--out", type=Path, help="where the files go (default: beside the cuts)")
    made.add_argument("--anchor", type=date.fromisoformat, help="the day the trial is seen on (default: today)")
    made.add_argument("--form", choices=("xpt", "json", "ndjson"), default="xpt", help="SAS XPORT or Dataset-JSON")
    made.add_argument("--subjects", type=int, help="treated subjects in all, those beyond the story drawn at random")
    made = command(load, "import files, folders or zips as one cut, all or nothing")
    made.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    made.add_argument("--json", action="store_true", help="print the receipt as JSON")
    made.add_argument("--mapping", type=Path, help="mapping file (TOML) for tables that are not SDTM")
    made.add_argument("--accept", action="store_true", help="publish what was held: you have looked at its receipt")
    made.add_argument(
        "--cutoff", type=date.fromisoformat, help="clinical data cut-off, YYYY-MM-DD (default: TS.DCUTDTC)"
    )
    made.add_argument(
        "--encoding", choices=ENCODINGS, default="", help="of the text in the files, where it is not found by itself"
    )
    made = command(watch, "import what is dropped into a folder, and put it away with its receipt")
    made.add_argument("watch", type=Path, metavar="DIR")
    made = command(serve, "serve the screens on this machine")
    made.add_argument("--watch", type=Path, metavar="DIR", help="also import what is dropped into this folder")
    made.add_argument("--host", help="127.0.0.1 or localhost")
    made.add_argument("--port", type=int)
    command(cuts, "list the data cuts")
    command(verify, "check every cut and source against its hash, and the chain of what people wrote")
    command(config, "print the settings in force")
    return parser


if __name__ == "__main__":
    sys.exit(main())
