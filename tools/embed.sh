#!/bin/sh
# Prints assembly that carries text files as an array of struct text_file
# (lib/scan.h) that is called SYMBOL; the last one has no name.
#
#	tools/embed.sh SYMBOL FILE...
set -eu

symbol=$1
shift
printf '\t.data\n\t.balign 8\n\t.globl %s\n%s:\n' "$symbol" "$symbol"
n=0
for file; do
	n=$((n + 1))
	printf '\t.quad .Lname%d, .Ltext%d, .Lend%d - .Ltext%d\n' $n $n $n $n
done
printf '\t.quad 0, 0, 0\n\t.section .rodata\n'
n=0
for file; do
	n=$((n + 1))
	printf '.Lname%d:\n\t.asciz "%s"\n' $n "${file##*/}"
	printf '.Ltext%d:\n\t.incbin "%s"\n.Lend%d:\n' $n "$file" $n
done
printf '\t.section .note.GNU-stack,"",@progbits\n'
