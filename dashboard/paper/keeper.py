"""Keeps one run of the browser: ends it when its time is over or the server is gone, whichever way that ended.

A program of its own, of the standard library alone: `keeper.py FOLDER SECONDS COMMAND...`. Its standard input stays
open as long as the server lives; when it closes, the folder goes too.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

TIMED_OUT = 124


def main(folder: str, seconds: str, *command: str) -> int:
    """The browser's exit code, or TIMED_OUT. What it says goes to FOLDER/said."""
    with (Path(folder) / "said").open("wb") as said:
        browser = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True, cwd=folder
        )
    threading.Thread(target=_end_with_the_server, args=(browser, folder), daemon=True).start()
    try:
        return browser.wait(float(seconds))
    except subprocess.TimeoutExpired:
        return TIMED_OUT
    finally:
        _kill(browser)


def _end_with_the_server(browser: subprocess.Popen, folder: str) -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing is ever sent: what comes is the end
    _kill(browser)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _kill(browser: subprocess.Popen) -> None:
    """With its helpers, where the system knows groups; elsewhere they end with it."""
    if browser.poll() is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(browser.pid, signal.SIGKILL)
            else:
                browser.kill()
        browser.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
