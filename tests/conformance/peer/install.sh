#!/bin/sh
# Installs the peer into target/peer, or only says whether it is there (--check).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../../target}/peer
stamp=$(cat "$here/package.json" "$here/package-lock.json" | cksum)

# The Node to run: the one that was installed, else one on the path.
node() {
    if [ -x "$target/node_modules/.bin/node" ]; then "$target/node_modules/.bin/node" "$@"; else command node "$@"; fi
}
recent() { node -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' 2>/dev/null; }

if [ "${1:-}" = --check ]; then
    [ "$(cat "$target/installed" 2>/dev/null || true)" = "$stamp" ] && recent
    exit
fi
mkdir -p "$target/keys"
rm -f "$target/installed"
cp "$here/package.json" "$here/package-lock.json" "$target/"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
# Node's backend looks for config schemas of the package that it runs in, by its name.
ln -sfn .. "$target/node_modules/greenroom-conformance-peer"
recent || { echo "the peer needs Node 22 or newer" >&2; exit 1; }
node "$here/keys.js" "$target/keys"
echo "$stamp" > "$target/installed"
