#!/bin/sh
# Installs Debian's packages for the parts that need a real DaCHS: on Debian or Ubuntu, as root. Elsewhere it says what
# is left out and ends well: the tests of those parts are then skipped by name.
# Usage: debian.sh [PACKAGE ...]
set -eu
wanted="$*"
if [ -z "$wanted" ] && command -v dachs >/dev/null && command -v stilts >/dev/null &&
   command -v chromium >/dev/null && { command -v mariadbd || command -v /usr/sbin/mariadbd; } >/dev/null && command -v my_print_defaults >/dev/null &&
   ls /usr/lib/*/odbc/libsqlite3odbc.so /usr/lib/*/libodbc.so.2 >/dev/null 2>&1 &&
   ls /usr/lib/postgresql/*/lib/pg_sphere.so >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Not root on Debian: ${wanted:-DaCHS, PostgreSQL with pgsphere, STILTS and Chromium} cannot be installed here and are left out."
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
if [ -z "$wanted" ]; then
    pgsphere=$(apt-cache search --names-only '^postgresql-[0-9]+-pgsphere$' | cut -d' ' -f1 | sort -V | tail -n 1)
    # gavodachs2-server would want a running PostgreSQL while it is installed; python3-gavo is DaCHS without that.
    # MariaDB's programs alone start no server; it and the ODBC driver are databases that rows are read from.
    databases="mariadb-server-core mariadb-client-core libodbc2 libsqliteodbc"
    wanted="python3-gavo python3-astropy stilts chromium $databases $pgsphere $(echo "$pgsphere" | sed 's/pgsphere/q3c/')"
fi
echo "Installing Debian's $wanted"
# shellcheck disable=SC2086 -- a list of words
apt-get install -y -qq --no-install-recommends $wanted </dev/null >/dev/null
