#!/bin/sh
# Builds the front end that Backstage's template makes into <directory>/dist, from npm packages alone, or only says whether it is
# there (--check). <directory> is target/app unless given.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
check=
if [ "${1:-}" = --check ]; then check=1; shift; fi
app=${1:-${CARGO_TARGET_DIR:-$here/../../target}/app}
# Backstage 1.55: what create-app makes follows later than what it is made of.
create_app=0.9.2
node=24.21.0
yarn=1.22.22

stamp() { cat "$here/build.sh" "$here/pins.js" "$here/yarn.lock" | cksum; }
if [ "$(cat "$app/built" 2>/dev/null || true)" = "$(stamp)" ] && [ -f "$app/dist/index.html.tmpl" ]; then exit 0; fi
if [ -n "$check" ]; then exit 1; fi

mkdir -p "$app/tools"
app=$(CDPATH= cd -- "$app" && pwd)
rm -rf "$app/built" "$app/dist" "$app/project"
cd "$app/tools"
[ -f package.json ] || echo '{"private": true}' > package.json
npm install --no-audit --no-fund --loglevel=error "node@$node" "yarn@$yarn" "@backstage/create-app@$create_app"
PATH=$app/tools/node_modules/node/bin:$app/tools/node_modules/.bin:$PATH
export PATH
# Without a name it asks for one. It looks for a lock on GitHub, and goes on without: ours is put in its place.
echo app | backstage-create-app --skip-install --path "$app/project" > "$app/create-app.log" 2>&1 ||
    { cat "$app/create-app.log"; exit 1; }
cd "$app/project"
rm -rf .git packages/backend packages/app/e2e-tests playwright.config.ts
node "$here/pins.js"
cp "$here/yarn.lock" yarn.lock
yarn install --immutable
yarn workspace app build
cp -R packages/app/dist "$app/dist"
cp app-config.yaml "$app/project.yaml"
stamp > "$app/built"
