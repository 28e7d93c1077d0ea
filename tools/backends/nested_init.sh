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
$b insmod /modules/irqbypass.ko
[ $vendor = intel ] || $b insmod /modules/ccp.ko
$b insmod /modules/kvm.ko
$b insmod /modules/kvm-$vendor.ko nested=1
read -r nested </sys/module/kvm_$vendor/parameters/nested
read -r _ _ version _ </proc/version
echo "nested: Linux $version, kvm_$vendor nested=$nested"

$b sh /machine
status=$?
echo "nested: QEMU ended with status $status"
# 0 and 1 are not the kernel's: then KVM may know more.
[ $status -gt 1 ] || $b dmesg | $b grep -i -e kvm -e bug | $b tail -n 8
$b poweroff -f
