#!/bin/sh
# Make or refresh .venv and install Tether into it, editable: `sh tools/venv.sh .venv run|dev`.
# Says what the machine lacks, with the command that installs it. POSIX sh: it runs before anything is installed.
set -eu

venv=$1
what=$2

say() { printf '%s\n' "$@" >&2; }

new_enough() {
    "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

how_to_install() {
    sudo=
    [ "$(id -u 2>/dev/null)" = 0 ] || sudo='sudo '
    if command -v apt-get >/dev/null 2>&1; then say "Install it: ${sudo}apt install $1"
    elif command -v dnf >/dev/null 2>&1; then say "Install it: ${sudo}dnf install $2"
    elif [ "$(uname -s)" = Darwin ]; then say "Install it: brew install python@3.13 (or from https://www.python.org/downloads/)"
    else say "Install it with your system's package manager"
    fi
}

find_python() {
    # An interpreter without ensurepip (Debian's python3 without python3-venv) is taken only when there is no other.
    first=
    for name in ${PYTHON:-} python3.13 python3.14 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then
            [ -n "$first" ] || first=$name
            if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
                printf '%s' "$name"
                return
            fi
        fi
    done
    if [ -n "$first" ]; then
        version=$("$first" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "$first is here, but it can't make virtual environments (the module ensurepip is missing)."
        how_to_install "python$version-venv" "python3-pip"
    elif command -v python3 >/dev/null 2>&1; then
        say "python3 is $(python3 -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || echo 'broken'); Tether needs Python 3.11 or newer."
        how_to_install "python3.11 python3.11-venv (Debian 12, Ubuntu 24.04 and newer have it)" "python3.12"
    else
        say "There is no python3 on the PATH; Tether needs Python 3.11 or newer."
        how_to_install "python3 python3-venv" "python3.12"
    fi
    exit 1
}

if ! { [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    python=$(find_python)
    say "Making $venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

say "Installing (a minute or two the first time) ..."
if [ "$what" = dev ]; then
    # `--group` came with pip 25.1; a new environment brings the pip of its Python, which may be older.
    pip install --quiet --upgrade 'pip>=25.1'
    pip install --quiet --editable . --group dev
    "$venv/bin/python" tests/screen/oracle.py  # npm packages; without them a few tests are skipped
else
    pip install --quiet --editable .
fi
