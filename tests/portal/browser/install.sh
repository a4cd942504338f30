#!/bin/sh
# Installs what drives the browser, and Datadog's SDK in three versions, into target/portal; or only says whether that and the
# browser are there (--check).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../../target}/portal

stamp() { cat "$here/package.json" "$here/package-lock.json" | cksum; }
is_installed() { [ "$(cat "$target/installed" 2>/dev/null || true)" = "$(stamp)" ]; }

missing=
command -v chromium > /dev/null || missing=chromium
# Any version: the browser is driven by the Node that built the front end.
command -v npm > /dev/null || missing="$missing npm"
if [ -n "$missing" ]; then
    if [ "${1:-}" = --check ]; then exit 1; fi
    apt-get update --quiet
    # Words of one list.
    # shellcheck disable=SC2086
    apt-get install --yes --no-install-recommends $missing
fi
if is_installed; then exit 0; fi
if [ "${1:-}" = --check ]; then exit 1; fi

mkdir -p "$target"
rm -f "$target/installed"
cp "$here/package.json" "$here/package-lock.json" "$target/"
cd "$target"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
# As an operator gets it who has no registry at hand.
npm pack --silent "@datadog/browser-rum@$(node -p 'require("datadog-rum-7/package.json").version')" > /dev/null
stamp > installed
