#!/bin/sh
# Installs a whole Node backend into target/portal-node, or only says whether it is there (--check).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../../target}/portal-node

stamp() { cat "$here/package.json" "$here/package-lock.json" | cksum; }
recent() {
    node=$target/node_modules/.bin/node
    [ -x "$node" ] || node=node
    "$node" -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' 2>/dev/null
}
if [ "$(cat "$target/installed" 2>/dev/null || true)" = "$(stamp)" ] && recent; then exit 0; fi
if [ "${1:-}" = --check ]; then exit 1; fi

mkdir -p "$target"
rm -f "$target/installed"
cp "$here/package.json" "$here/package-lock.json" "$target/"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
# The front end that is served: what `cargo xtask app` builds.
ln -sfn ../../app/project/packages/app "$target/node_modules/app"
# Node's backend looks for config schemas of the package that it runs in, by its name.
ln -sfn .. "$target/node_modules/greenroom-portal-node"
recent || { echo "the Node backend needs Node 22 or newer" >&2; exit 1; }
stamp > "$target/installed"
