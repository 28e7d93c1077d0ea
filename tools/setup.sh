#!/bin/sh
# Install what a goal of the Makefile needs and this machine lacks.
#
#	tools/setup.sh compare|explore|fuzz|iso|test|test-fresh|test-nested
#
# On Debian and its relatives packages come through apt-get, as root or with
# sudo, each named before it is installed. Elsewhere what is missing is
# printed, and the status is 3. Only a shell is needed: Python may be missing.
set -u

usage() {
	echo "setup.sh: '${1:-}' is unknown: accepted are compare explore fuzz" \
		iso test test-fresh test-nested >&2
	exit 2
}

# need PACKAGES COMMAND...: these packages, unless COMMAND succeeds.
missing=
need() {
	packages=$1
	shift
	case $missing in *" $packages"*) return ;; esac
	if ! "$@" >/dev/null 2>&1; then
		missing="$missing $packages"
	fi
}

have() {
	command -v "$1"
}

have_module() {
	/usr/bin/python3 -c "import $1"
}

# With whichever clang there is.
has_fuzzer() {
	test -e "$(clang -print-file-name=libclang_rt.fuzzer-x86_64.a)" ||
	test -e "$(clang -print-resource-dir)/lib/linux/libclang_rt.fuzzer-x86_64.a"
}

# Real hardware: then QEMU is worth its size.
can_nest() {
	[ -e /dev/kvm ] &&
	cat /sys/module/kvm_*/parameters/nested | grep -q '[Y1]'
}

need_to_build() {
	need gcc have gcc
	need libc6-dev test -e /usr/include/assert.h
	need make have make
	need binutils have objcopy
}

need_to_run() {
	need python3 test -x /usr/bin/python3
	need python3-rich have_module rich
	need "bochs bochs-term" have bochs-bin
	if can_nest 2>/dev/null; then
		need qemu-system-x86 have qemu-system-x86_64
	fi
	need gnuplot-nox have gnuplot
}

need_to_test() {
	need perl have prove
	need python3-tap have_module tap
	need libcmocka-dev test -e /usr/include/cmocka.h
	need git have git
	need gdb have gdb
	need qemu-system-x86 have qemu-system-x86_64
	need zstd have zstd
	need chromium have chromium
	need ovmf test -e /usr/share/ovmf/OVMF.fd
}

need_to_make_iso() {
	need grub-common have grub-mkrescue
	need grub-pc-bin test -e /usr/lib/grub/i386-pc/cdboot.img
	need grub-efi-amd64-bin test -e /usr/lib/grub/x86_64-efi/efi_gop.mod
	need xorriso have xorriso
	need mtools have mformat
}

need_to_nest() {
	need bochsbios test -e /usr/share/bochs/BIOS-bochs-latest
	need vgabios test -e /usr/share/bochs/VGABIOS-lgpl-latest
}

need_to_fuzz() {
	need clang have clang
	need libclang-rt-14-dev has_fuzzer
}

need_to_install_debian() {
	need debootstrap have debootstrap
	need git have git
}

case ${1:-} in
test-fresh) need_to_install_debian ;;
explore) need_to_build ;;
fuzz) need_to_build; need_to_fuzz ;;
compare) need_to_build; need_to_run ;;
iso) need_to_build; need_to_make_iso ;;
test) need_to_build; need_to_run; need_to_test; need_to_make_iso ;;
test-nested)
	need_to_build
	need_to_run
	need_to_test
	need_to_make_iso
	need_to_nest
	;;
*) usage "${1:-}" ;;
esac

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "Missing, by the names of Debian's packages:$missing" >&2
	echo "Install them, then run this again." >&2
	exit 3
fi

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "Missing; as root: apt-get install$missing" >&2
		exit 3
	fi
	as_root=sudo
fi

for package in $missing; do
	echo "installing $package" >&2
done

# shellcheck disable=SC2086	# a list of names, split on purpose
install() {
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends $missing </dev/null
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists may be missing or old: then fetch them and try once more.
if ! install >"$log" 2>&1; then
	if ! { $as_root apt-get update -qq && install; } >"$log" 2>&1; then
		cat "$log" >&2
		echo "Cannot install; as root: apt-get install$missing" >&2
		exit 3
	fi
fi
