#!/bin/busybox sh
# The first process of the Linux between an emulator and the kernel under
# test: loads KVM with nesting and runs /machine, the command of the QEMU
# inside, on the serial line. Its own lines begin with "nested:".
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
$b stty -F /dev/ttyS0 115200 raw -echo
exec </dev/null >/dev/ttyS0 2>&1

vendor=intel
! $b grep -qw svm /proc/cpuinfo || vendor=amd
# Empty: a helper that this kernel has built in, or does not know.
[ ! -s /modules/irqbypass.ko ] || $b insmod /modules/irqbypass.ko
[ $vendor = intel ] || [ ! -s /modules/ccp.ko ] || $b insmod /modules/ccp.ko
$b insmod /modules/kvm.ko
$b insmod /modules/kvm-$vendor.ko nested=1
read -r nested </sys/module/kvm_$vendor/parameters/nested
read -r _ _ version _ </proc/version
echo "nested: Linux $version, kvm_$vendor nested=$nested"

# Where Linux began with one CPU, the others come now, behind the first
# machine: creating it makes KVM rewrite instructions in the scheduler, and
# QEMU before 8.1 (TCG) can keep the old ones on a CPU that executes them at
# that moment, which then hangs. One that never starts, and stays, makes sure
# that no other is the first.
set -- /sys/devices/system/cpu/cpu[1-9]*/online
if [ -e "$1" ] && read -r online <"$1" && [ "$online" = 0 ]; then
	$b mount -t debugfs debugfs /sys/kernel/debug
	/bin/qemu -L /firmware -nodefaults -no-user-config -display none \
		-machine pc -accel kvm -cpu host -m 16 -S &
	looks=0
	until [ -e "$(echo /sys/kernel/debug/kvm/*/vcpu0)" ] ||
			[ $((looks += 1)) -gt 6000 ]; do
		$b usleep 10000
	done
	for online; do
		echo 1 >"$online"
	done
fi

$b sh /machine
status=$?
echo "nested: QEMU ended with status $status"
# 0 and 1 are not the kernel's: then KVM may know more.
[ $status -gt 1 ] || $b dmesg | $b grep -i -e kvm -e bug | $b tail -n 8
$b poweroff -f
