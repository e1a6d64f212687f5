#!/usr/bin/env bash
# Tests the stock clients against bin/weir: the mariadb command line client,
# go-sql-driver and node's mysql2, each with a little application of its own
# whose every answer is checked. The server listens on free ports of the
# loopback interface; only what is started here is ended here.
#
#   run.sh              all of them
#   run.sh -rewrite     writes mariadb's golden files anew, to be reviewed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
weir=${WEIR_BINARY:-$root/bin/weir}
unset WEIR_BINARY # to weir itself it means nothing
rewrite=${1:-}

work=$(mktemp -d)
server=
cleanup() {
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap cleanup EXIT

say() { printf 'clients: %s\n' "$*"; }

# start runs the server over $work/data and sets host, port.
start() {
	: >"$work/ready"
	"$weir" serve --data "$work/data" --mysql 127.0.0.1:0 --http 127.0.0.1:0 >"$work/ready" 2>>"$work/log" &
	server=$!
	for _ in $(seq 200); do
		if grep -q '^weir: ready' "$work/ready"; then
			host=127.0.0.1
			port=$(sed -n 's/^weir: ready mysql=[^ ]*:\([0-9]*\) .*/\1/p' "$work/ready")
			return
		fi
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	say "the server does not start:"
	cat "$work/log"
	exit 1
}

# stop ends the server as an operator would and wants exit code 0.
stop() {
	kill -TERM "$server"
	if ! wait "$server"; then
		say "the server ended with an error:"
		cat "$work/log"
		server=
		exit 1
	fi
	server=
}

# have_mariadb looks for the client and installs it where that is possible.
have_mariadb() {
	command -v mariadb >/dev/null && return
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		(apt-get install -y -q mariadb-client || { apt-get update -q && apt-get install -y -q mariadb-client; }) >"$work/apt" 2>&1 || true
	fi
	command -v mariadb >/dev/null
}

# mariadb_script NAME runs a script and compares all that the client prints.
mariadb_script() {
	sed "s#@DIR@#$here/mariadb#g" "$here/mariadb/$1.sql" |
		mariadb --no-defaults -h "$host" -P "$port" -u root --local-infile=1 --default-character-set=utf8mb4 \
			--batch --unbuffered --force >"$work/$1.out" 2>&1 || true
	# Some versions print a failing statement between two lines of dashes.
	sed -i -e "s#$here/mariadb#@DIR@#g" -e '/^-\{14\}$/,/^-\{14\}$/d' -e '/^$/d' -e 's/ (Errcode: .*//' "$work/$1.out"
	if [ "$rewrite" = -rewrite ]; then
		cp "$work/$1.out" "$here/mariadb/$1.golden"
	fi
	diff -u "$here/mariadb/$1.golden" "$work/$1.out"
}

run_mariadb() {
	if ! have_mariadb; then
		say "SKIP mariadb: the client is not installed and cannot be (apt-get install mariadb-client)"
		return
	fi
	mariadb_script app
	if [ "$rewrite" = "" ]; then # what was committed is there after a restart
		stop
		start
		got=$(mariadb --no-defaults -h "$host" -P "$port" -u root -N -e 'SELECT COUNT(*) FROM clients_mariadb.big_spenders')
		[ "$got" = 2 ] || { say "after a restart there are $got big spenders, not 2"; exit 1; }
	fi
	mariadb_script load
	say "ok: $(mariadb --version)"
}

run_driver() {
	(cd "$root" && CLIENTS_MYSQL="$host:$port" go test -count=1 ./internal/clients)
	say "ok: go-sql-driver"
}

run_node() {
	if ! command -v npm >/dev/null; then
		say "SKIP mysql2: node and npm are not installed"
		return
	fi
	cache="$root/.cache/clients-node"
	mkdir -p "$cache"
	if ! cmp -s "$here/node/package-lock.json" "$cache/installed.json"; then
		cp "$here/node/package.json" "$here/node/package-lock.json" "$cache/"
		if ! (cd "$cache" && npm ci --no-audit --no-fund --ignore-scripts) >"$work/npm" 2>&1; then
			say "SKIP mysql2: npm cannot install it:"
			tail -5 "$work/npm"
			return
		fi
		cp "$here/node/package-lock.json" "$cache/installed.json"
	fi
	NODE_PATH="$cache/node_modules" node "$here/node/app.js" "$host" "$port"
	say "ok: mysql2"
}

start
run_mariadb
run_driver
run_node
stop
say "all is well"
