/*
 * The litmus tests, row by row: docs/contract.md, section 9. docs/litmus.md is
 * printed from them.
 *
 * vcpu0 is actor 1 where there is no other host thread before it. A page that
 * nobody has written holds zeroes. What a vCPU has read initially its CPU may
 * hold when the actors begin, all of them outside of the guest.
 */
#include "lab/litmus/litmus.h"

/* Ops in short. */
#define READ(p)		{ VERB_READ, .page = p }
#define READ_WORD(p, w)	{ VERB_READ, .page = p, .word = w }
#define WRITE(p, v)	{ VERB_WRITE, .page = p, .value = v }
#define WRITE_WORD(p, w, v) { VERB_WRITE, .page = p, .word = w, .value = v }
#define WATCH(p, was, is) { VERB_WATCH, .page = p, .value = was, .other = is }
#define RAISE		{ VERB_RAISE }
#define LOOK		{ VERB_LOOK }
#define AWAIT		{ VERB_AWAIT }
#define OUT_READ(p)	{ VERB_OUT_READ, .page = p }
#define OUT_WRITE(p, w, v) { VERB_OUT_WRITE, .page = p, .word = w, .value = v }
#define FORK		{ VERB_FORK }
#define CHILD_READ(p, w) { VERB_CHILD_READ, .page = p, .word = w }
#define CHILD_WRITE(p, v) { VERB_CHILD_WRITE, .page = p, .value = v }
#define CHILD_EXIT	{ VERB_CHILD_EXIT }
#define PIN(p)		{ VERB_PIN, .page = p }
#define PIN_SAME(p)	{ VERB_PIN_SAME, .page = p }
#define MERGE(p, q)	{ VERB_MERGE, .page = p, .into = q }
#define PROTECT_RO	{ VERB_PROTECT_RO }
#define PROTECT_RW	{ VERB_PROTECT_RW }
#define DISCARD(p, n)	{ VERB_DISCARD, .page = p, .count = n }
#define MIGRATE(p)	{ VERB_MIGRATE, .page = p }
#define REUSE(v)	{ VERB_REUSE, .value = v }

/* Initially and finally: a vCPU does it. */
#define GUEST_READ(p)	{ VERB_READ, .page = p, .who = LITMUS_VCPU0 }
#define GUEST_WRITE(p, v) { VERB_WRITE, .page = p, .value = v,	\
			    .who = LITMUS_VCPU0 }
#define GUEST1_READ(p)	{ VERB_READ, .page = p, .who = LITMUS_VCPU1 }
#define GUEST_OUT_WRITE(p, v) { VERB_OUT_WRITE, .page = p, .value = v, \
				.who = LITMUS_VCPU0 }

#define ALIAS_OF(p)	((p) | VERB_ALIAS)
#define FREED		0x66
#define A_TABLE		512	/* pages that one leaf table maps */

/* What the registers say; LAST are those of finally. */
#define LAST		LITMUS_FINALLY

static bool watch_1_wrong(const struct litmus_outcome *o)
{
	return o->reg[1][0] != 0;
}

static bool watch_1_wrong_or_not_7(const struct litmus_outcome *o)
{
	return o->reg[1][0] != 0 || o->reg[LAST][0] != 7;
}

/* It has read the page before it looks. */
static bool told_then_1(const struct litmus_outcome *o)
{
	return o->reg[1][1] == 1 && o->reg[1][2] == 1;
}

static bool host_waits_then_1(const struct litmus_outcome *o)
{
	return o->reg[2][1] == 1;
}

static bool vcpu_told_then_5(const struct litmus_outcome *o)
{
	return o->reg[2][1] == 1 && o->reg[2][2] == 5;
}

static bool told_and_last_7(const struct litmus_outcome *o)
{
	return o->reg[2][0] == 1 && o->reg[LAST][0] == 7;
}

static bool told_and_1(const struct litmus_outcome *o)
{
	return o->reg[2][0] == 1 && o->reg[2][1] == 1;
}

static bool told_and_5(const struct litmus_outcome *o)
{
	return o->reg[2][0] == 1 && o->reg[2][1] == 5;
}

static bool host_told_and_not_8(const struct litmus_outcome *o)
{
	return o->reg[1][0] == 1 && o->reg[1][1] != 8;
}

static bool relayed_and_1(const struct litmus_outcome *o)
{
	return o->reg[1][0] == 2 && told_and_1(o);
}

static bool not_7(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] != 7;
}

static bool not_7_and_8(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] != 7 || o->reg[LAST][1] != 8;
}

static bool mixed_up(const struct litmus_outcome *o)
{
	return watch_1_wrong(o) || o->reg[LAST][0] != 2 ||
	       o->reg[LAST][1] != 3;
}

static bool not_5_and_5(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] != 5 || o->reg[LAST][1] != 5;
}

static bool differ(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] != o->reg[LAST][1];
}

/* The child has what vcpu0 wrote when it knew of the fork, or has the second
 * write without the first. */
static bool child_is_younger(const struct litmus_outcome *o)
{
	return (o->reg[1][0] == 1 && o->reg[LAST][1] == 8) ||
	       (o->reg[LAST][0] != 7 && o->reg[LAST][1] == 8);
}

static bool pinned_is_not_mapped(const struct litmus_outcome *o)
{
	return o->reg[1][0] == 1 && o->reg[LAST][0] != 1;
}

static bool pin_is_left(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] == 0;
}

/* Or a write of the owner's, or of vcpu0's, is lost. */
static bool pin_is_left_or_write_lost(const struct litmus_outcome *o)
{
	return (o->reg[1][0] == 1 && pin_is_left(o)) ||
	       o->reg[LAST][1] != 7 || o->reg[LAST][2] != 8;
}

static bool more_than_one(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] > 1;
}

static bool more_than_three(const struct litmus_outcome *o)
{
	return o->reg[LAST][0] > 3;
}

static bool reads_5(const struct litmus_outcome *o)
{
	return o->reg[1][0] == 5;
}

const struct litmus_test litmus_tests[] = {
	/* --- T1: a copy. */
	{
		.name = "COW-MP",
		.rules = "O2 O12",
		.what = "The host's write copies a shared page, then it raises "
			"a flag: a vCPU that sees the flag up never reads the "
			"old value again.",
		.reach = "all, if a flush were not complete before N5",
		.mutants = "no-flush kick-nowait",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { READ(0), LOOK, READ(0) } },
		},
		.outcome = "vcpu0 sees the flag, then reads 1",
		.seen = told_then_1,
	}, {
		.name = "COW-XIAO",
		.rules = "O2 O12",
		.what = "One host thread's write copies a shared page, another "
			"one writes to the copy as soon as P allows it: who "
			"knows of that write reads it.",
		.reach = "all that rewrite S, if P were set before S",
		.mutants = "set-first flush-late",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE_WORD(0, 1, 5) } },
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { LOOK, READ(0) } },
		},
		.outcome = "vcpu0 sees the flag, then reads 1",
		.seen = told_and_1,
	}, {
		.name = "COW-WRC",
		.rules = "O2 O12",
		.what = "The host's write copies a shared page; vcpu0 reads it "
			"and tells vcpu1, which reads it too.",
		.reach = "all, if one CPU of two were flushed before N5",
		.mutants = "no-flush",
		.initially = { WRITE(0, 1), FORK, GUEST1_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2) } },
			{ LITMUS_VCPU0, { READ(0), RAISE } },
			{ LITMUS_VCPU1, { LOOK, READ(0) } },
		},
		.outcome = "vcpu0 reads 2 and raises the flag, vcpu1 sees it "
			   "and reads 1",
		.seen = relayed_and_1,
	}, {
		.name = "REFILL",
		.rules = "O1",
		.what = "The host's write copies a shared page while a fault "
			"of vcpu0 looks P up: it finds nothing between N2 and "
			"N5, and waits.",
		.reach = "all that rewrite S, if seq did not move after N2",
		.mutants = "seq-none",
		.initially = { WRITE(0, 1), FORK },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 2) } },
		},
		.outcome = "vcpu0 reads 1 after the host wrote 2",
		.seen = watch_1_wrong,
	}, {
		.name = "SEQ-EARLY",
		.rules = "O1",
		.what = "S is absent at N4, a fault is in flight and has "
			"snapshotted seq: it is refused at F4.",
		.reach = "all that rewrite S, if seq moved before N2 only",
		.mutants = "seq-early",
		.initially = { WRITE(0, 1), FORK },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 2) } },
		},
		.outcome = "vcpu0 reads 1 after the host wrote 2",
		.seen = watch_1_wrong,
	}, {
		.name = "SEQ-NONE",
		.rules = "O1",
		.what = "Two vCPUs fault on an absent S while the host's write "
			"copies the page: neither installs the old frame.",
		.reach = "all that rewrite S, if seq did not move",
		.mutants = "seq-none",
		.initially = { WRITE(0, 1), FORK },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { READ(0), READ(0) } },
			{ LITMUS_VCPU1, { LOOK, READ(0) } },
		},
		.outcome = "vcpu1 sees the flag, then reads 1",
		.seen = told_and_1,
	}, {
		.name = "FLUSH-LATE",
		.rules = "O2",
		.what = "A host write breaks a merged page, another host "
			"thread writes to the copy: S points to it, and is "
			"flushed, before P does.",
		.reach = "all that rewrite S, if the flush came after N5",
		.mutants = "flush-late set-first",
		.initially = { WRITE(0, 5), WRITE(1, 5), MERGE(0, 1),
			       GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE_WORD(0, 1, 4) } },
			{ LITMUS_HOST, { WRITE(0, 6), RAISE } },
			{ LITMUS_VCPU0, { LOOK, READ(0) } },
		},
		.outcome = "vcpu0 sees the flag, then reads 5",
		.seen = told_and_5,
	}, {
		.name = "NO-CLEAR",
		.rules = "O3",
		.what = "The host's write copies a page; vcpu0 writes to the "
			"copy as soon as S allows it: a host thread that knows "
			"of it reads it.",
		.reach = "all that rewrite S, if P kept old while S changes",
		.mutants = "no-clear",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE_WORD(0, 1, 7) } },
			{ LITMUS_HOST, { LOOK, READ_WORD(0, 2) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 2, 8), RAISE } },
		},
		.outcome = "the host thread sees the flag, and reads 0",
		.seen = host_told_and_not_8,
	}, {
		.name = "DOUBLE-COW",
		.rules = "O1 N1",
		.what = "Host and guest write to the same shared page: it is "
			"copied once, and both writes are in the copy.",
		.reach = "all, if N1 did not look at P again",
		.mutants = "",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE_WORD(0, 1, 7) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 2, 8) } },
		},
		.finally = { READ_WORD(0, 1), READ_WORD(0, 2) },
		.outcome = "a write is lost",
		.seen = not_7_and_8,
	}, {
		.name = "GUEST-COW",
		.rules = "O2 O16",
		.what = "A guest write copies a shared page: the other vCPU, "
			"which has read the page before, reads the copy.",
		.reach = "all, if the flush left out the vCPU that did not "
			 "fault",
		.mutants = "no-flush kick-nowait",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0),
			       GUEST1_READ(0) },
		.actors = {
			{ LITMUS_VCPU0, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU1, { WATCH(0, 1, 2) } },
		},
		.outcome = "vcpu1 reads 1 after vcpu0 wrote 2",
		.seen = watch_1_wrong,
	}, {
		.name = "ZERO-BREAK",
		.rules = "O2",
		.what = "The guest reads a page that nobody has written, the "
			"host writes it: the zero frame is left in both MMUs.",
		.reach = "all, if the flush were not complete before N5",
		.mutants = "no-flush kick-nowait",
		.initially = { GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 0, 2) } },
		},
		.outcome = "vcpu0 reads 0 after the host wrote 2",
		.seen = watch_1_wrong,
	}, {
		.name = "ALIAS-2GFN",
		.rules = "O16",
		.what = "Two gfns stand for one hva: the host's copy reaches "
			"both.",
		.reach = "all that rewrite S, if N4 stopped at the first",
		.mutants = "one-alias",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0),
			       GUEST_READ(ALIAS_OF(0)) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { WATCH(ALIAS_OF(0), 1, 2) } },
		},
		.outcome = "vcpu0 reads 1 through the alias after the host "
			   "wrote 2",
		.seen = watch_1_wrong,
	},
	/* --- Entry, exit, flush. */
	{
		.name = "NOWAIT",
		.rules = "O12",
		.what = "vcpu0 is inside and holds the old translation: the "
			"flusher goes on when it has left, not when it was "
			"kicked.",
		.reach = "all, if nobody waited for the kick",
		.mutants = "kick-nowait no-flush",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 2) } },
		},
		.outcome = "vcpu0 reads 1 after the host wrote 2",
		.seen = watch_1_wrong,
	}, {
		.name = "ENTRY-LATE",
		.rules = "O12",
		.what = "vcpu0 enters while a discard flushes: it is seen "
			"inside and kicked, or reads the request. (A change's "
			"own N2 would wait for it before S is touched.)",
		.reach = "all, if the request were read before mode is set",
		.mutants = "entry-late",
		.initially = { WRITE(0, 1), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 0) } },
		},
		.outcome = "vcpu0 reads 1 after the discard",
		.seen = watch_1_wrong,
	}, {
		.name = "ENTRY-BARRIER",
		.rules = "O12",
		.what = "vcpu0 enters while a migration flushes: mode is "
			"visible before the request is read.",
		.reach = "all, on a machine with store buffers, without E2",
		.mutants = "entry-nobarrier",
		.initially = { WRITE(0, 1), GUEST_WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { MIGRATE(0) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7) } },
		},
		.finally = { READ_WORD(0, 1) },
		.outcome = "the write is lost",
		.seen = not_7,
	}, {
		.name = "EXIT-BARRIER",
		.rules = "O12",
		.what = "vcpu0 leaves while the host moves a page that its CPU "
			"may still write to through the host's own TLB.",
		.reach = "all, on a machine with store buffers, without X2",
		.mutants = "exit-nobarrier",
		.initially = { WRITE(0, 1), GUEST_OUT_WRITE(0, 2),
			       GUEST_READ(1) },
		.actors = {
			{ LITMUS_HOST, { MIGRATE(0) } },
			{ LITMUS_VCPU0, { READ(1), OUT_WRITE(0, 1, 7) } },
		},
		.finally = { READ_WORD(0, 1) },
		.outcome = "the write is lost",
		.seen = not_7,
	},
	/* --- T2, T4: rights. */
	{
		.name = "UPGRADE-SPURIOUS",
		.rules = "T2",
		.what = "The last sharer takes a page over, W is added to S: "
			"vcpu0, which holds it read-only, faults on it once "
			"at most.",
		.reach = "those that add W without a flush, if a violation "
			 "did not drop the translation that caused it",
		.mutants = "",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0), CHILD_EXIT },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7),
					  WRITE_WORD(0, 2, 8) } },
		},
		.finally = { { VERB_SPURIOUS } },
		.outcome = "more than one spurious fault",
		.seen = more_than_one,
	}, {
		.name = "UPGRADE-LOOP",
		.rules = "T2",
		.what = "The last sharer takes a page over while vcpu0 writes "
			"to it: its write gets through.",
		.reach = "all, if a fault on an entry that is right already "
			 "were not the end of it",
		.mutants = "",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0), CHILD_EXIT },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7) } },
		},
		.finally = { { VERB_FAULTS } },
		.outcome = "more than three faults for one write",
		.seen = more_than_three,
	}, {
		.name = "FORK-STORM",
		.rules = "O6 T4 INV-WRITE",
		.what = "The host forks while vcpu0 writes: what vcpu0 writes "
			"when it knows of the child is not the child's.",
		.reach = "all, if fork returned before S was write-protected "
			 "and flushed",
		.mutants = "no-flush kick-nowait",
		.initially = { WRITE(0, 1), GUEST_WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { FORK, RAISE } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7), LOOK,
					  WRITE_WORD(0, 2, 8) } },
		},
		.finally = { CHILD_READ(0, 1), CHILD_READ(0, 2) },
		.outcome = "the child has the second write, and vcpu0 knew of "
			   "it, or the first is not there",
		.seen = child_is_younger,
	}, {
		.name = "FORK-FAULT",
		.rules = "O8 T4 INV-WRITE",
		.what = "The host forks while a write fault of vcpu0 on an "
			"absent S is in flight.",
		.reach = "all, if F4 did not compare seq",
		.mutants = "",
		.initially = { WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { FORK, RAISE } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7), LOOK,
					  WRITE_WORD(0, 2, 8) } },
		},
		.finally = { CHILD_READ(0, 1), CHILD_READ(0, 2) },
		.outcome = "the child has the second write, and vcpu0 knew of "
			   "it, or the first is not there",
		.seen = child_is_younger,
	}, {
		.name = "PROTECT",
		.rules = "T4 T2",
		.what = "The area becomes read-only and writable again, then "
			"the host writes: vcpu0 reads that.",
		.reach = "all, if rights that come back brought a frame back",
		.mutants = "",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { PROTECT_RO, PROTECT_RW, WRITE(0, 2),
					 RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 2) } },
		},
		.outcome = "vcpu0 reads 1 after the host wrote 2",
		.seen = watch_1_wrong,
	}, {
		.name = "UNSHARE-LAST",
		.rules = "O6 T2",
		.what = "Parent and child write to the page that they share: "
			"the first one copies, the last one takes over, and "
			"neither sees the other.",
		.reach = "all, if the map count decided who is the last",
		.mutants = "",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 2) } },
			{ LITMUS_HOST, { CHILD_WRITE(0, 3) } },
		},
		.finally = { READ(0), CHILD_READ(0, 0) },
		.outcome = "the parent does not have 2, or the child not 3, or "
			   "vcpu0 reads 3, or 1 after the host wrote 2",
		.seen = mixed_up,
	}, {
		.name = "CHILD-TAKEOVER",
		.rules = "O6",
		.what = "The parent copies a shared page, the child takes the "
			"old frame over: vcpu0 never reads the child's write.",
		.reach = "all, if the old reference went before the flush",
		.mutants = "no-flush",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), CHILD_WRITE(0, 3),
					 RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 2) } },
		},
		.outcome = "vcpu0 reads 3, or 1 after the host wrote 2",
		.seen = watch_1_wrong,
	},
	/* --- T3a: merging. */
	{
		.name = "RW-NEWFRAME",
		.rules = "O4",
		.what = "Two equal pages are merged while vcpu0 writes to one "
			"of them through a writable S.",
		.reach = "all, if S went from writable to another frame",
		.mutants = "merge-unprotected",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_WRITE(0, 5) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7) } },
		},
		.finally = { READ_WORD(0, 1) },
		.outcome = "the write is lost",
		.seen = not_7,
	}, {
		.name = "MERGE-RACE",
		.rules = "O5",
		.what = "A page is written while it is compared for a merge: "
			"by vcpu0, and by a host thread.",
		.reach = "all, if the compare came before the protection",
		.mutants = "compare-early",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_WRITE(0, 5) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1) } },
			{ LITMUS_HOST, { WRITE_WORD(0, 2, 8) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7) } },
		},
		.finally = { READ_WORD(0, 1), READ_WORD(0, 2) },
		.outcome = "a write is lost",
		.seen = not_7_and_8,
	}, {
		.name = "FREE-EARLY",
		.rules = "O6",
		.what = "A merge frees the old frame, somebody else fills it: "
			"vcpu0, which may hold it, reads what was merged.",
		.reach = "all, if the frame went before the flush",
		.mutants = "free-early no-flush",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1), REUSE(FREED), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 5, 5) } },
		},
		.outcome = "vcpu0 reads anything but 5",
		.seen = watch_1_wrong,
	}, {
		.name = "TAKEOVER-EARLY",
		.rules = "O6",
		.what = "A page that is shared with a child is merged away, "
			"the child takes the old frame over and writes.",
		.reach = "all, if the child did so before the flush",
		.mutants = "takeover-early no-flush",
		.initially = { WRITE(0, 5), WRITE(1, 5), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1), CHILD_WRITE(0, 9),
					 RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 5, 5) } },
		},
		.outcome = "vcpu0 reads anything but 5",
		.seen = watch_1_wrong,
	}, {
		.name = "MERGE-DEFER",
		.rules = "T3a",
		.what = "Two equal pages are merged: vcpu0 may read either "
			"frame, they say the same.",
		.reach = "defer, batch: the old translation lives on",
		.mutants = "",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1) } },
			{ LITMUS_VCPU0, { READ(0) } },
		},
		.outcome = "vcpu0 reads 5",
		.seen = reads_5,
		.allowed = true,
	}, {
		.name = "DEFER-UPGRADE",
		.rules = "O6 T3a",
		.what = "A page is merged, its flush may be pending; then it "
			"is the last sharer of the new frame, which becomes "
			"writable, and is written.",
		.reach = "defer, batch, if T2 did not flush what is pending",
		.mutants = "no-flush",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1), WRITE(1, 8), WRITE(0, 9),
					 RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 5, 9) } },
		},
		.outcome = "vcpu0 reads 5 after the host wrote 9",
		.seen = watch_1_wrong,
	}, {
		.name = "MERGE-BREAK",
		.rules = "O2 O6",
		.what = "A page is merged and written again at once.",
		.reach = "defer, batch, if T1 did not flush what is pending",
		.mutants = "no-flush",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1), WRITE(0, 7), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 5, 7) } },
		},
		.finally = { READ(0) },
		.outcome = "vcpu0 reads 5 after the host wrote 7",
		.seen = watch_1_wrong_or_not_7,
	}, {
		.name = "PIN-RACE",
		.rules = "O17",
		.what = "Somebody pins a page while it is merged: if he has "
			"the old frame, the merge gives up.",
		.reach = "all, if N3 did not count references",
		.mutants = "pin-ignored",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1) } },
			{ LITMUS_HOST, { PIN(0) } },
		},
		.finally = { PIN_SAME(0) },
		.outcome = "he has a frame that P does not map",
		.seen = pinned_is_not_mapped,
	}, {
		.name = "RESTORE-P",
		.rules = "O17",
		.what = "A merge meets a pin and stops at N3: P comes back as "
			"it was.",
		.reach = "all, if P stayed empty",
		.mutants = "restore-lost",
		.initially = { WRITE(0, 5), WRITE(1, 5), GUEST_READ(0),
			       PIN(0) },
		.actors = {
			{ LITMUS_HOST, { MERGE(0, 1) } },
			{ LITMUS_VCPU0, { READ(0), READ(0) } },
		},
		.finally = { READ(0), GUEST_READ(0) },
		.outcome = "host or vcpu0 read anything but 5",
		.seen = not_5_and_5,
	}, {
		.name = "PIN-FORK",
		.rules = "T1 T2",
		.what = "A page that is pinned for a device is forked and "
			"written by its owner: the device's frame stays behind "
			"it, and the child has a copy.",
		.reach = "all, if fork shared a pinned page, or the owner's "
			 "write did not take it over",
		.mutants = "",
		.initially = { WRITE(0, 5), PIN(0) },
		.actors = {
			{ LITMUS_HOST, { FORK, WRITE(0, 7) } },
			{ LITMUS_HOST, { READ(0) } },
		},
		.finally = { PIN_SAME(0) },
		.outcome = "the owner's page has another frame than the device",
		.seen = pin_is_left,
	}, {
		.name = "PIN-FORK-RACE",
		.rules = "T1 T2 O17",
		.what = "A page is pinned while it is forked, then written by "
			"host and guest: whoever came first, the pin is of the "
			"frame that the page has.",
		.reach = "all, if a pin were not settled under PTL",
		.mutants = "",
		.initially = { WRITE(0, 5) },
		.actors = {
			{ LITMUS_HOST, { FORK, WRITE(0, 7) } },
			{ LITMUS_HOST, { PIN(0) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 8) } },
		},
		.finally = { PIN_SAME(0), READ(0), READ_WORD(0, 1) },
		.outcome = "the owner's page has another frame than the "
			   "device, or a write is lost",
		.seen = pin_is_left_or_write_lost,
	},
	/* --- T6, T7, T13: brackets. */
	{
		.name = "NEST-INVAL",
		.rules = "O8",
		.what = "A discard runs, a fault of vcpu0 is in flight: what "
			"the discard has zapped stays absent until it ends.",
		.reach = "all, if F4 did not ask for running invalidations",
		.mutants = "ignore-inprog",
		.initially = { WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1), RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 0) } },
		},
		.outcome = "vcpu0 reads 1 after the discard",
		.seen = watch_1_wrong,
	}, {
		.name = "DISCARD-TOUCH",
		.rules = "T7 T8",
		.what = "A page is discarded, another host thread fills it "
			"again and raises a flag: a third one, which has read "
			"the page before, does not read the old word after.",
		.reach = "all, if T8 did not flush while T7's flush is owed",
		.mutants = "touch-early",
		.initially = { WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1) } },
			{ LITMUS_HOST, { WRITE(0, 7), RAISE } },
			{ LITMUS_HOST, { READ(0), AWAIT, READ(0) } },
		},
		.outcome = "the third one reads 1 after the flag",
		.seen = host_waits_then_1,
	}, {
		.name = "DISCARD-MP",
		.rules = "T7 T8",
		.what = "The same; the third one is a vCPU's CPU, which reads "
			"through P outside of the guest.",
		.reach = "all, if T8 did not flush while T7's flush is owed",
		.mutants = "touch-early",
		.initially = { WRITE(0, 5) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1) } },
			{ LITMUS_HOST, { WRITE(0, 7), RAISE } },
			{ LITMUS_VCPU0, { OUT_READ(0), LOOK, OUT_READ(0) } },
		},
		.outcome = "it sees the flag, then reads 5",
		.seen = vcpu_told_then_5,
	}, {
		.name = "DISCARD-LOST",
		.rules = "T7 T8",
		.what = "The same; the third one writes, and the write goes to "
			"the frame that the page has now.",
		.reach = "all, if T8 did not flush while T7's flush is owed",
		.mutants = "touch-early",
		.initially = { WRITE(0, 5) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1) } },
			{ LITMUS_HOST, { WRITE(0, 7), RAISE } },
			{ LITMUS_HOST, { WRITE(0, 6), LOOK, WRITE(0, 9) } },
		},
		.finally = { READ(0) },
		.outcome = "it sees the flag and writes 9, and 7 stays",
		.seen = told_and_last_7,
	}, {
		.name = "NEST-CREATE",
		.rules = "O7 O8",
		.what = "A discard runs while a host write copies the same "
			"page: change_pte leaves alone what was zapped.",
		.reach = "all that rewrite S, if change_pte created an S",
		.mutants = "change-creates",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1) } },
			{ LITMUS_HOST, { WRITE(0, 2) } },
		},
		.finally = { READ(0), GUEST_READ(0) },
		.outcome = "host and vcpu0 read different words",
		.seen = differ,
	}, {
		.name = "MIGRATE-RACE",
		.rules = "T6",
		.what = "A page moves to another frame while vcpu0 writes to "
			"it.",
		.reach = "all, if the copy began before the flush",
		.mutants = "no-flush kick-nowait",
		.initially = { WRITE(0, 1), GUEST_WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { MIGRATE(0) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 1, 7) } },
		},
		.finally = { READ_WORD(0, 1) },
		.outcome = "the write is lost",
		.seen = not_7,
	}, {
		.name = "PIN-MIGRATE",
		.rules = "T6 O17",
		.what = "Somebody pins a page while it moves to another frame: "
			"if he has the old one, it stays.",
		.reach = "all, if a migration did not count references when P "
			 "is gone",
		.mutants = "",
		.initially = { WRITE(0, 5), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { MIGRATE(0) } },
			{ LITMUS_HOST, { PIN(0) } },
		},
		.finally = { PIN_SAME(0) },
		.outcome = "he has a frame that P does not map",
		.seen = pinned_is_not_mapped,
	}, {
		.name = "TABLE-FREE",
		.rules = "O15",
		.what = "A discard of all that a table maps gives the table "
			"back, somebody else fills it: vcpu0, whose CPU may "
			"walk it, reads zeroes.",
		.reach = "all, if the table went before the flush",
		.mutants = "",
		.heard = "table-free-early",
		.pages = A_TABLE,
		.initially = { WRITE(0, 1), GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, A_TABLE), REUSE(FREED),
					 RAISE } },
			{ LITMUS_VCPU0, { WATCH(0, 1, 0) } },
		},
		.outcome = "vcpu0 reads 1 after the discard, or anything else",
		.seen = watch_1_wrong,
	},
	/* --- The same value again. */
	{
		.name = "ABA-FRAME",
		.rules = "O1 O6",
		.what = "A page is discarded and written again, its frame is "
			"freed and allocated again, while a fault is in "
			"flight.",
		.reach = "all, if equal entries were taken for the same one",
		.mutants = "",
		.initially = { WRITE(0, 1) },
		.actors = {
			{ LITMUS_HOST, { DISCARD(0, 1), WRITE(0, 7) } },
			{ LITMUS_VCPU0, { READ(0) } },
		},
		.finally = { GUEST_READ(0) },
		.outcome = "vcpu0 reads anything but 7 in the end",
		.seen = not_7,
	}, {
		.name = "ABA-P",
		.rules = "N0 N1",
		.what = "A host write copies a shared page; meanwhile the child "
			"exits, and vcpu0 writes to the page, taking it over "
			"if it can: P must not come back to the same value "
			"with other content.",
		.reach = "all, if N0's reference were not held to N1",
		.mutants = "",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE_WORD(0, 1, 7) } },
			{ LITMUS_VCPU0, { WRITE_WORD(0, 2, 8) } },
			{ LITMUS_HOST, { CHILD_EXIT } },
		},
		.finally = { READ_WORD(0, 1), READ_WORD(0, 2) },
		.outcome = "a write is lost",
		.seen = not_7_and_8,
	},
};

const u32 litmus_test_count = array_count(litmus_tests);
