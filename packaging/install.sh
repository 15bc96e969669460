#!/bin/sh
# Install the edge agent, and say what to do next: docs/jetson.md. Running it again repairs or upgrades.
set -eu

FOLDER=/opt/evosplit
CONFIGURATION=/etc/evosplit
UNIT=/etc/systemd/system/evosplit-edge.service
OS_RELEASE=${EVOSPLIT_OS_RELEASE:-/etc/os-release}
SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

usage() {
    cat << 'END'
Install the edge agent of EvoSplit.

  sudo sh packaging/install.sh evosplit_VERSION_ARCH.deb   by apt, on Debian, Ubuntu and JetPack
  sudo sh packaging/install.sh --venv                      from this source, into /opt/evosplit

  --dry-run   only say what would be done
  --help      this text

`make deb ARCH=arm64` makes the package, which needs no network where it is installed; --venv fetches from the
package index that pip knows.
END
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# Run a command, or say that it would be.
run() {
    if [ "$dry" = yes ]; then echo "would run: $*"; else "$@"; fi
}

# Write standard input to a file with a mode, or say that it would be.
put() {
    if [ "$dry" = yes ]; then
        echo "would write: $2"
        cat > /dev/null
    else
        cat > "$2.new"
        chmod "$1" "$2.new"
        mv "$2.new" "$2"
    fi
}

is_debian() {
    [ -r "$OS_RELEASE" ] && grep -Eq '^ID(_LIKE)?=.*(debian|ubuntu)' "$OS_RELEASE"
}

check_machine() {
    case $(uname -s)/$(uname -m) in
        Linux/x86_64 | Linux/aarch64) ;;
        *) fail "there are wheels for 64-bit x86 and Arm under Linux, not for $(uname -s) on $(uname -m)" ;;
    esac
}

# Architecture and Python of the package against those of this system.
check_package() {
    [ -f "$1" ] || fail "there is no file $1: 'make deb' writes it to dist/"
    is_debian || fail "this is not Debian or one of its kin, so that it takes no .deb: use --venv"
    field=$(dpkg-deb --field "$1" Package 2> /dev/null) || fail "$1 is not a Debian package"
    [ "$field" = evosplit ] || fail "$1 is the package $field, not evosplit"
    theirs=$(dpkg-deb --field "$1" Architecture)
    ours=$(dpkg --print-architecture)
    [ "$theirs" = "$ours" ] || fail "the package is for $theirs, this system is $ours: make deb ARCH=$ours"
    python=$(dpkg-deb --field "$1" Depends | grep -Eo 'python3\.[0-9]+' | head -n 1)
    if ! command -v "$python" > /dev/null && ! apt-cache show "$python" > /dev/null 2>&1; then
        fail "the package needs $python, which this system does not have: make deb DEB_PYTHON=3.N, with its own"
    fi
}

install_package() {
    run apt-get install --yes --reinstall "$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")"
}

# The newest Python that is new enough and makes virtual environments.
find_python() {
    for name in python3.13 python3.12 python3.11 python3.10 python3; do
        if "$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))' 2> /dev/null; then
            echo "$name"
            return
        fi
    done
    fail "needs Python 3.10 or newer with venv (Debian: apt install python3-venv)"
}

install_venv() {
    [ -f "$SOURCE/pyproject.toml" ] || fail "--venv installs from the source around it, which is not in $SOURCE"
    python=$(find_python)
    [ -x "$FOLDER/bin/python" ] || run "$python" -m venv "$FOLDER"
    run "$FOLDER/bin/python" -m pip install --disable-pip-version-check --upgrade \
        --constraint "$SOURCE/constraints.txt" "${SOURCE}[edge,video]"
    run ln -sfn "$FOLDER/bin/evosplit" /usr/local/bin/evosplit
    add_user
    run mkdir -p "$CONFIGURATION"
    if [ ! -e "$CONFIGURATION/edge.yaml" ]; then
        if [ "$dry" = yes ]; then example=""; else
            example=$("$FOLDER/bin/evosplit" config show --example --tier edge)
        fi
        printf '%s\n' "$example" | put 0640 "$CONFIGURATION/edge.yaml"
    fi
    run chown root:evosplit "$CONFIGURATION" "$CONFIGURATION/edge.yaml"
    run chmod 0750 "$CONFIGURATION"
    add_unit
}

add_user() {
    if ! id evosplit > /dev/null 2>&1; then
        run useradd --system --user-group --home-dir /var/lib/evosplit --shell /usr/sbin/nologin evosplit
    fi
}

add_unit() {
    if [ ! -d /run/systemd/system ]; then
        echo "systemd does not run here: start the agent by your own means, or --venv again where it does"
        return
    fi
    sed -e "s|/usr/bin/evosplit|$FOLDER/bin/evosplit|" -e '/^Documentation=/d' \
        "$SOURCE/packaging/deb/evosplit-edge.service" | put 0644 "$UNIT"
    run systemctl daemon-reload
    run systemctl try-restart evosplit-edge.service
}

say_next() {
    cat << END

Next:
  1. the cloud's address and the model:   sudoedit $CONFIGURATION/edge.yaml
  2. the token, for root alone:           sudo install -m 600 TOKEN-FILE $CONFIGURATION/token
  3. whether all is well:                 sudo evosplit edge --config $CONFIGURATION/edge.yaml \\
                                            --token-file $CONFIGURATION/token --data /var/lib/evosplit --doctor
  4. now, and at each start:              sudo systemctl enable --now evosplit-edge
Then its page is at http://localhost:9000, and its log in journalctl -u evosplit-edge.
END
}

dry=no
venv=no
package=""
for argument; do
    case $argument in
        -h | --help)
            usage
            exit 0
            ;;
        --dry-run) dry=yes ;;
        --venv) venv=yes ;;
        -*) fail "no option $argument: see --help" ;;
        *)
            [ -z "$package" ] || fail "one package at a time: see --help"
            package=$argument
            ;;
    esac
done

check_machine
if [ -n "$package" ] && [ "$venv" = yes ]; then fail "either a package or --venv: see --help"; fi
if [ -n "$package" ]; then check_package "$package"; fi
if [ -z "$package" ] && [ "$venv" = no ] && is_debian; then
    fail "give it the package ('make deb' makes it), or --venv: see --help"
fi
if [ "$dry" = no ] && [ "$(id -u)" != 0 ]; then fail "only root may install: sudo sh $0 ..."; fi
if [ -n "$package" ]; then install_package "$package"; else install_venv; fi
say_next
