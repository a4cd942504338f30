#!/bin/sh
# Installs the collector of tests/rotel into target/rotel, or only says whether it is there (--check).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}/rotel
version=0.0.1a15

if [ "$(cat "$target/installed" 2>/dev/null || true)" = "$version" ] && "$target/rotel-agent" --version >/dev/null 2>&1; then
    exit 0
fi
if [ "${1:-}" = --check ]; then exit 1; fi
rm -rf "$target"
python3 -m venv "$target/python"
"$target/python/bin/pip" install --quiet --disable-pip-version-check "rotel==$version"
ln -s "$("$target/python/bin/python" -c 'import os, rotel; print(os.path.dirname(rotel.__file__))')/rotel-agent" "$target/rotel-agent"
"$target/rotel-agent" --version
echo "$version" > "$target/installed"
