# shellcheck shell=bash
# Installs what the other scripts need and is not there yet. To be sourced.
#
# Debian packages come through apt, as root or with sudo, and start no service. Everything else is
# kept below target/tools, in the versions named by the callers.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/target/tools
export PATH="$tools/bin:$tools/python/bin:$PATH"

heading() { printf '\n== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# apt_packages NAME...
apt_packages() {
    local name missing=()
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "needed, and installed by this script on Debian only: ${missing[*]}" >&2
        return 1
    fi
    heading "installing ${missing[*]}"
    # Packages of servers would start them: Debian's way to say no is this file.
    local policy=/usr/sbin/policy-rc.d ours=no status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        ours=yes
    fi
    { as_root apt-get update -q=2 && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q=2 -y --no-install-recommends "${missing[@]}"; } || status=$?
    [ "$ours" = no ] || as_root rm -f "$policy"
    return "$status"
}

# python_tool NAME VERSION [EXTRA]: a command from PyPI.
python_tool() {
    local home=$tools/python python=python3
    ! compgen -G "$home/lib/python3*/site-packages/$1-$2.dist-info" >/dev/null || return 0
    heading "installing $1 $2"
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        apt_packages python3 python3-venv || return
        python=/usr/bin/python3
    fi
    { [ -x "$home/bin/pip" ] || "$python" -m venv "$home"; } &&
        "$home/bin/pip" install --quiet "$1${3:+[$3]}==$2"
}

# cargo_tool NAME VERSION [OPTION...]: a command from crates.io, built here. Its speed matters
# seldom, so callers choose how long to spend on building it.
cargo_tool() {
    local name=$1 version=$2
    [ "$("$tools/bin/$name" --version 2>/dev/null)" != "$name $version" ] || return 0
    heading "building $name $version"
    cargo install "$name" --version "=$version" --locked --quiet \
        --root "$tools" --target-dir "$tools/build" "${@:3}" && rm -rf "$tools/build"
}
