#!/bin/sh
# Finds the browser of the browser tests, or installs it where that can be done without a question.
set -eu

find_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

if ! find_browser >/dev/null && ! sh "$(dirname "$0")/apt_get.sh" chromium; then
    echo "The browser tests need Chromium or Google Chrome on PATH. Install the package 'chromium'" >&2
    echo "(Debian: sudo apt-get install chromium) and run this again." >&2
    exit 1
fi
echo "Browser of the tests: $(find_browser)"
