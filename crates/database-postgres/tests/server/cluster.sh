# A PostgreSQL server of a test's own, on 127.0.0.1:$PORT. Obeys words on stdin, answers each with a line, and is gone when stdin ends.
# Nobody runs a server as root: root becomes the user `postgres`, or `nobody`.
set -e
if [ "$(id -u)" = 0 ]; then
  user=nobody
  id postgres >/dev/null 2>&1 && user=postgres
  exec runuser -u "$user" -- env PORT="$PORT" CERT="$CERT" KEY="$KEY" CA="$CA" sh "$0"
fi
for bin in /usr/lib/postgresql/*/bin; do PATH="$PATH:$bin"; done
cd /
dir=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || { resume; kill -QUIT "$server" && wait "$server" || true; }
  server=
}
# All processes of the server but the one that listens, and that one.
backends() { pgrep -P "$server" || true; }
# One that has just ended is no fault.
pause() {
  kill -STOP "$server"
  kill -STOP $(backends) 2>/dev/null || true
}
resume() { kill -CONT $(backends) "$server" 2>/dev/null || true; }
trap 'stop; rm -rf "$dir"' EXIT
start() {
  postgres -D "$dir/data" -k "$dir" -p "$PORT" -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on \
    -c ssl_cert_file="$dir/cert.pem" -c ssl_key_file="$dir/key.pem" -c ssl_ca_file="$dir/ca.pem" \
    -c max_connections=60 >"$dir/log" 2>&1 </dev/null &
  server=$!
  tries=0
  until pg_isready -q -h 127.0.0.1 -p "$PORT"; do
    tries=$((tries + 1))
    { kill -0 "$server" && [ "$tries" -lt 1200 ]; } || { cat "$dir/log" >&2; exit 1; }
    sleep 0.05
  done
}
umask 077
printf '%s' secret >"$dir/password"
printf '%s' "$CERT" >"$dir/cert.pem"
printf '%s' "$KEY" >"$dir/key.pem"
printf '%s' "$CA" >"$dir/ca.pem"
initdb -D "$dir/data" -U admin -A scram-sha-256 --pwfile "$dir/password" --no-sync --locale=C -E UTF8 >"$dir/log" 2>&1 || {
  cat "$dir/log" >&2
  exit 1
}
# Who has a certificate of that name needs no password, and gets nowhere without one.
printf 'hostssl all by_certificate all cert\nhost all by_certificate all reject\n' >"$dir/hba"
cat "$dir/data/pg_hba.conf" >>"$dir/hba"
cp "$dir/hba" "$dir/data/pg_hba.conf"
start
echo ready
while read -r word; do
  "$word"
  echo done
done
