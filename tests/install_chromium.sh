#!/bin/sh
# Finds the browser of the browser tests, or installs it where that can be done without a question.
set -eu

find_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

if browser=$(find_browser); then
    echo "Browser of the tests: $browser"
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    as_root=""
fi

if [ -n "$as_root" ] && command -v apt-get >/dev/null; then
    $as_root DEBIAN_FRONTEND=noninteractive apt-get update
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y chromium
    echo "Browser of the tests: $(find_browser)"
else
    echo "The browser tests need Chromium or Google Chrome on PATH. Install the package 'chromium'" >&2
    echo "(Debian: sudo apt-get install chromium) and run this again." >&2
    exit 1
fi
