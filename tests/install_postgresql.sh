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

if server=$(find_server); then
    echo "PostgreSQL of the campaigns: $server"
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
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql
    echo "PostgreSQL of the campaigns: $(find_server)"
else
    echo "The campaigns need PostgreSQL. Install the package 'postgresql' (Debian: sudo apt-get install postgresql)" >&2
    echo "or give the address of a server in POSTGRES_URL, and run this again." >&2
    exit 1
fi
