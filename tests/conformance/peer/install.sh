#!/bin/sh
# Installs each locked peer into target/peer/<version>, or only says whether all are there (--check).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
peers=${CARGO_TARGET_DIR:-$here/../../../target}/peer

stamp() { cat "$here/$1/package.json" "$here/$1/package-lock.json" | cksum; }
# The Node to run: the one that was installed, else one on the path.
node() {
    version=$1
    shift
    own=$peers/$version/node_modules/.bin/node
    if [ -x "$own" ]; then "$own" "$@"; else command node "$@"; fi
}
recent() { node "$1" -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' 2>/dev/null; }
is_installed() {
    [ "$(cat "$peers/$1/installed" 2>/dev/null || true)" = "$(stamp "$1")" ] && recent "$1" && [ -d "$peers/keys" ]
}
install() {
    target=$peers/$1
    mkdir -p "$target"
    rm -f "$target/installed"
    cp "$here/$1/package.json" "$here/$1/package-lock.json" "$target/"
    (cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    # Node's backend looks for config schemas of the package that it runs in, by its name.
    ln -sfn .. "$target/node_modules/greenroom-conformance-peer"
    recent "$1" || { echo "the peer needs Node 22 or newer" >&2; exit 1; }
    if [ ! -d "$peers/keys" ]; then
        mkdir "$peers/keys"
        node "$1" "$here/keys.js" "$peers/keys"
    fi
    stamp "$1" > "$target/installed"
}

versions=$(cd "$here" && ls -d [0-9]*.[0-9]* | sort -V)
for version in $versions; do
    if is_installed "$version"; then continue; fi
    if [ "${1:-}" = --check ]; then exit 1; fi
    install "$version"
done
# The benchmark measures this one.
if [ "${1:-}" != --check ]; then ln -sfn "$version" "$peers/newest"; fi
