# For gdb on Tandem, see docs/debugging.md:
#
#	gdb build/tandem.elf -x tools/tandem.gdb
#
#	tandem-gfn EPT GFN	a guest page through both MMUs
#	tandem-hva MM HVA	a host page, and every guest page that mirrors it
#	tandem-slots EPT	which guest pages stand for which host addresses
#
# EPT is a struct ept *, MM a struct mm *: variables of the frame, as a rule.
# Tables are read where they are: the kernel maps memory one to one.

set pagination off
set confirm off
set print pretty on

# A space ends an argument, so the arguments below are single variables.

# tandem-leaf ROOT ADDRESS PRESENT: $leaf is the last entry of the walk, $level
# its level; 0 and a level above 1 where the walk ends early.
define tandem-leaf
	set $table = (unsigned long long *)($arg0)
	set $address = (unsigned long long)($arg1)
	set $present = (unsigned long long)($arg2)
	set $level = 4
	set $leaf = $table[($address >> 39) & 511]
	while $level > 1 && ($leaf & $present) && !($level < 4 && ($leaf & 0x80))
		set $table = (unsigned long long *)($leaf & 0x000ffffffffff000)
		set $level = $level - 1
		set $leaf = $table[($address >> (12 + 9 * ($level - 1))) & 511]
	end
end

# tandem-entry PRESENT WRITE: the rest of the line about $leaf.
define tandem-entry
	printf ": level %d entry 0x%llx, ", $level, $leaf
	if !($leaf & $arg0)
		echo absent\n
	else
		printf "frame 0x%llx, ", ($leaf & 0x000ffffffffff000) >> 12
		if $leaf & $arg1
			echo writable\n
		else
			echo read-only\n
		end
	end
end

define tandem-p
	set $p_mm = (struct mm *)($arg0)
	set $p_root = $p_mm->root
	tandem-leaf $p_root $arg1 1
	echo P
	tandem-entry 1 2
	set $p = $leaf
end

define tandem-s
	set $s_ept = (struct ept *)($arg0)
	set $s_gpa = (unsigned long long)($arg1) << 12
	set $s_root = $s_ept->root
	set $s_present = $s_ept->format->present
	set $s_write = $s_ept->format->write
	tandem-leaf $s_root $s_gpa $s_present
	echo S
	tandem-entry $s_present $s_write
	set $s = $leaf
	if $s & $s_present
		if ($p & 1) && (($p ^ $s) & 0x000ffffffffff000)
			printf "   P and S map different frames\n"
		end
		if ($s & $s_write) && !($p & 2)
			printf "   S grants more than P\n"
		end
	end
end

define tandem-gfn
	set $ept = (struct ept *)($arg0)
	set $gfn = (unsigned long long)($arg1)
	set $hva = 0
	set $i = 0
	while $i < $ept->slots.count
		set $slot = &$ept->slots.slots[$i]
		if $gfn - $slot->gfn.n < $slot->page_count
			set $hva = $slot->hva.v + (($gfn - $slot->gfn.n) << 12)
		end
		set $i = $i + 1
	end
	printf "gfn 0x%llx, hva 0x%llx\n", $gfn, $hva
	if $hva
		set $mm = $ept->mm
		tandem-p $mm $hva
		tandem-s $ept $gfn
	else
		printf "   no memslot\n"
	end
end
document tandem-gfn
tandem-gfn EPT GFN: the host's entry P and the second-level entry S of a page.
end

# Listeners are secondary MMUs: struct ept contains the notifier.
define tandem-hva
	set $mm_of_hva = (struct mm *)($arg0)
	set $hva_asked = (unsigned long long)($arg1)
	printf "hva 0x%llx\n", $hva_asked
	tandem-p $mm_of_hva $hva_asked
	set $notifier = $mm_of_hva->notifiers
	while $notifier
		set $ept = (struct ept *)((char *)$notifier - \
			(unsigned long)&((struct ept *)0)->notifier)
		set $i = 0
		while $i < $ept->slots.count
			set $slot = &$ept->slots.slots[$i]
			set $n = ($hva_asked - $slot->hva.v) >> 12
			if $hva_asked >= $slot->hva.v && $n < $slot->page_count
				set $gfn = $slot->gfn.n + $n
				printf "gfn 0x%llx of ept %p\n", $gfn, $ept
				tandem-s $ept $gfn
			end
			set $i = $i + 1
		end
		set $notifier = $notifier->next
	end
end
document tandem-hva
tandem-hva MM HVA: the host's entry P, and each second-level entry S behind it.
end

define tandem-slots
	set $ept = (struct ept *)($arg0)
	set $i = 0
	while $i < $ept->slots.count
		set $slot = &$ept->slots.slots[$i]
		printf "gfn 0x%llx to 0x%llx: hva 0x%llx\n", $slot->gfn.n, \
			$slot->gfn.n + $slot->page_count, $slot->hva.v
		set $i = $i + 1
	end
end
document tandem-slots
tandem-slots EPT: the memslots of a VM.
end
