#!/bin/sh
# Finds the PostgreSQL that the campaigns start for themselves, or installs it where that can be done without a question.
set -eu

find_server() {
    for folder in /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    return 1
}

if [ -n "${POSTGRES_URL:-}" ]; then
    echo "PostgreSQL of the campaigns: the server that POSTGRES_URL names"
    exit 0
fi

if ! find_server >/dev/null && ! sh "$(dirname "$0")/apt_get.sh" postgresql; then
    echo "The campaigns need PostgreSQL. Install the package 'postgresql' (Debian: sudo apt-get install postgresql)" >&2
    echo "or give the address of a server in POSTGRES_URL, and run this again." >&2
    exit 1
fi
echo "PostgreSQL of the campaigns: $(find_server)"
