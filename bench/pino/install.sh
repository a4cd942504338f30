#!/bin/sh
# Installs a pretty printer of Node's lines, beside which ours is measured, into target/pino; or only says whether it is there
# (--check).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}/pino

stamp() { cat "$here/package.json" "$here/package-lock.json" | cksum; }
if [ "$(cat "$target/installed" 2>/dev/null || true)" = "$(stamp)" ]; then exit 0; fi
if [ "${1:-}" = --check ]; then exit 1; fi

mkdir -p "$target"
rm -f "$target/installed"
cp "$here/package.json" "$here/package-lock.json" "$target/"
cd "$target"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
stamp > installed
