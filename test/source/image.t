#!/bin/sh
# The kernel image stays under 1 MiB, and the build refuses a larger one.
# test/source/image.t [DIRECTORY]: where the image was built.
cd "$(dirname "$0")/../.." || exit 1
build=${1:-${BUILD:-build}}
limit=1048576

echo 1..2
size=$(stat -c %s "$build/tandem.bin")
if [ "${size:-$limit}" -lt $limit ]; then
	echo "ok 1 - the image has less than $limit bytes"
else
	echo "not ok 1 - the image has less than $limit bytes"
fi
echo "# it has ${size:-no} bytes"

# A build directory in which only the last step is left to do.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -pr "$build/." "$copy"
rm -f "$copy/tandem.bin"
if make -s BUILD="$copy" MAX_IMAGE_SIZE=$((size - 1)) "$copy/tandem.bin" \
	>"$copy/out" 2>&1 || ! grep -q "more than" "$copy/out"; then
	echo "not ok 2 - a larger image than the limit is refused"
	sed 's/^/# /' "$copy/out"
else
	echo "ok 2 - a larger image than the limit is refused"
fi
