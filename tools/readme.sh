#!/bin/bash
# What README.md prints of this machine: its tables, then how long its commands
# take from a clean clone. test/boot/readme.t compares the idle rows.
#
#	tools/readme.sh [tables]
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
./tandem compare --backend bochs-vmx --workload cow-host,takeover,merge \
	--quiet "${@:2}" | sed '/^requests: /,$d' || exit 1
[ "${1:-}" != tables ] || exit 0

clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone -q . "$clone/tandem" && cd "$clone/tandem" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD
for goal in compare check test; do
	start=$SECONDS
	TIMEFORMAT='%U %S'
	cpu=$({ time make "$goal" >"$clone/log" 2>&1; } 2>&1)
	printf 'make %s: %d s, %.0f s of CPU; %s\n' "$goal" \
		$((SECONDS - start)) "$(awk '{ print $1 + $2 }' <<<"$cpu")" \
		"$(grep -E '^All |passed,' "$clone/log" | tail -n 1)"
done
