"""The browser that prints: where it is, and one page of HTML through it.

It opens a file, never this server: no session, no port and no host name is between them, and nothing of it reaches the
network. Nothing that a patient's data say is in its command line.
"""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.paper import keeper

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
GRACE = 20  # s that the keeper has to end a browser whose time is over
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is often smaller than a few figures
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=600000",  # ms of its own clock, which runs on when a page has nothing left to do
    "--no-pdf-header-footer",
)
# Why there is no PDF.
ENGLISH = {
    "timed_out": "the browser was not ready after {seconds} s and was ended",
    "ended": "the browser ended without a PDF (exit code {status})",
    "unreadable": "the browser's PDF cannot be read",
    "pages": "a sheet is one page, and they are not as many: sheets {sheets}, pages {pages}",
    "figure": "the figure of sheet {number} is not whole",
}

log = logging.getLogger(__name__)


class NotPrinted(RuntimeError):
    """There is no PDF; `code`, of ENGLISH, and `values` say why."""

    def __init__(self, code: str, **values: object):
        super().__init__(ENGLISH[code].format(**values))
        self.code, self.values = code, values


def find(named: str) -> str | None:
    """The program: the one that the settings name, else the first of NAMES. None where it is not there."""
    return next((found for one in ([named] if named else NAMES) if (found := shutil.which(one))), None)


def pdf_of(page: str, browser: str, seconds: float) -> bytes:
    """A page of HTML printed. seconds: that it may take. NotPrinted where there is no PDF.

    Its folder, the browser's profile in it, is this user's alone and is removed whatever happens.
    """
    with TemporaryDirectory(prefix="sheets-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "sheets.html").write_text(page, encoding="utf-8")
        code = _run(folder, browser, seconds)
        printed = folder / "sheets.pdf"
        if code or not printed.is_file():
            log.error("the browser printed nothing: code %s, %s", code, _said(folder))
            if code == keeper.TIMED_OUT:
                raise NotPrinted("timed_out", seconds=round(seconds))
            raise NotPrinted("ended", status=code)
        return printed.read_bytes()


def _run(folder: Path, browser: str, seconds: float) -> int:
    kept = [sys.executable, "-I", keeper.__file__, str(folder), str(seconds), *_command(folder, browser)]
    with subprocess.Popen(kept, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            return process.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            return keeper.TIMED_OUT


def _command(folder: Path, browser: str) -> list[str]:
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    files = [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'sheets.pdf'}"]
    return [browser, *FLAGS, *as_root, *files, (folder / "sheets.html").as_uri()]


def _said(folder: Path) -> str:
    """The end of what the browser said, for the log."""
    said = folder / "said"
    return said.read_text(errors="replace")[-800:] if said.is_file() else ""
