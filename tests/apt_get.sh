#!/bin/sh
# Installs Debian packages where that can be done without a question; fails where it cannot.
set -eu

if [ "$(id -u)" = 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    exit 1
fi

command -v apt-get >/dev/null
$as_root DEBIAN_FRONTEND=noninteractive apt-get update
$as_root DEBIAN_FRONTEND=noninteractive apt-get install -y "$@"
