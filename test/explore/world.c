#include "test/explore/world.h"

#include <stdio.h>
#include "ept/walk.h"
#include "lab/check/check.h"
#include "lab/litmus/litmus.h"
#include "lib/print.h"
#include "mm/hpt.h"
#include "test/explore/guest_fault.h"
#include "test/fake/fake.h"
#include "vmm/litmus_abi.h"

#define DATA_GFN	0x200ull
#define ALIAS_GFN	0x10000ull

static struct trial trial;

static struct mm *mm;
static struct ept vm;
static struct policy policy;
static struct vcpu_tlb vcpus[LITMUS_VCPUS];
static u64 flags[PARTY_FLAGS];
static struct party party;
static struct litmus_outcome outcome;

/* Of each actor, and of what is done initially and finally. */
static struct player players[LITMUS_ACTORS + 1];
static u32 waits[LITMUS_ACTORS + 1];	/* in the op that is under way */

/* --- How an actor gets at memory. */

static int host_read(struct player *player, u32 page, u32 word,
		     u64 *value)
{
	(void)player;
	return fake_read((hva_t){ (u64)party_word(&party, page, word) },
			 value);
}

static int host_write(struct player *player, u32 page, u32 word,
		      u64 value)
{
	(void)player;
	return fake_write((hva_t){ (u64)party_word(&party, page, word) },
			  value);
}

static gpa_t gpa_of(u32 page, u32 word)
{
	u64 first = page & VERB_ALIAS ? ALIAS_GFN : DATA_GFN;

	return (gpa_t){ gfn_to_gpa((gfn_t){ first + (page & ~VERB_ALIAS) }).v +
			word * sizeof(u64) };
}

/* vCPU n is on CPU n + 1. */
static struct vcpu_tlb *vcpu_here(void)
{
	return &vcpus[cpu_id() - 1];
}

static int guest_read(struct player *player, u32 page, u32 word,
		      u64 *value)
{
	(void)player;
	return fake_guest_read(vcpu_here(), gpa_of(page, word), value);
}

static int guest_write(struct player *player, u32 page, u32 word,
		       u64 value)
{
	(void)player;
	return fake_guest_write(vcpu_here(), gpa_of(page, word), value);
}

/* A watch looks a few times in any case; nothing changes for waiting. */
static bool wait_a_while(struct player *player)
{
	if (++waits[player->index] >= WATCH_READS_MIN)
		explore_yield();
	return true;
}

static const struct access host_access = {
	.read = host_read, .write = host_write, .wait = wait_a_while,
};
static const struct access guest_access = {
	.read = guest_read, .write = guest_write, .wait = wait_a_while,
};

static int on_guest_fault(gpa_t gpa, u32 access)
{
	return explore_guest_fault(&vm, gpa, access);
}

/* --- What an actor does. */

static bool is_outside(enum litmus_who who, enum verb_id verb)
{
	return who == LITMUS_HOST || verbs[verb].by == BY_VCPU;
}

static void perform(u32 index, enum litmus_who who, const struct action *op,
		    u64 *reg)
{
	struct player *player = &players[index];
	int err;

	if (is_outside(who, op->verb)) {
		fake_guest_leave();
		player->access = &host_access;
	} else {
		player->access = &guest_access;
	}
	waits[index] = 0;
	err = verb_perform(player, op, reg);
	if (err)
		explore_found(FOUND_DEATH, "%s: error %d", verbs[op->verb].name, err);
}

static void play(u32 index)
{
	const struct litmus_actor *actor = &trial.test->actors[index];
	u64 *regs = outcome.reg[index];
	u32 i;

	for (i = 0; i < LITMUS_OPS && actor->ops[i].verb != VERB_END; i++) {
		u64 reg = 0;

		perform(index, actor->who, &actor->ops[i], &reg);
		if (verb_sets_register(actor->ops[i].verb))
			*regs++ = reg;
	}
	fake_guest_leave();
}

static u32 cpu_of(enum litmus_who who)
{
	return who == LITMUS_HOST ? 0 : 1 + who - LITMUS_VCPU0;
}

/* One after the other, each on its CPU. */
static void play_alone(const struct action *ops, u32 count, u64 *regs)
{
	u32 i;

	for (i = 0; i < count && ops[i].verb != VERB_END; i++) {
		u32 self = fake_cpu(cpu_of(ops[i].who));
		u64 reg = 0;

		perform(LITMUS_FINALLY, ops[i].who, &ops[i], &reg);
		fake_guest_leave();
		fake_cpu(self);
		if (regs && verb_sets_register(ops[i].verb))
			*regs++ = reg;
	}
}

/* --- CPUs. */

static bool has_vcpu1(const struct action *ops, u32 count)
{
	u32 i;

	for (i = 0; i < count && ops[i].verb != VERB_END; i++)
		if (ops[i].who == LITMUS_VCPU1)
			return true;
	return false;
}

static u32 count_vcpus(const struct litmus_test *test)
{
	u32 i;

	for (i = 0; i < litmus_actor_count(test); i++)
		if (test->actors[i].who == LITMUS_VCPU1)
			return 2;
	return has_vcpu1(test->initially, array_count(test->initially)) ||
	       has_vcpu1(test->finally, array_count(test->finally)) ? 2 : 1;
}

/* CPU 0 is a host thread's, then come those of vCPUs, then other threads'. */
static u32 count_cpus(const struct litmus_test *test)
{
	u32 i, hosts = 0;

	for (i = 0; i < litmus_actor_count(test); i++)
		hosts += test->actors[i].who == LITMUS_HOST;
	return count_vcpus(test) + (hosts ? hosts : 1);
}

/* --- Beginning and end. */

static void expect(bool holds, const char *what)
{
	if (!holds)
		panic("%s", what);
}

static void complete(struct party *of)
{
	(void)of;
	ept_complete(&vm);
}

static void make_vm(void)
{
	u32 pages = trial.test->pages, i;
	struct memslot slot = { { DATA_GFN }, pages, { HVA_START } };

	policy = trial.mutant ? mutant_policy(trial.mutant) : *trial.policy;
	expect(!ept_init(&vm, mm, &policy, spte_format(HVM_EPT, true)) &&
	       !ept_add_slot(&vm, slot), "no secondary MMU");
	slot.gfn.n = ALIAS_GFN;
	expect(!ept_add_slot(&vm, slot), "no second memslot");
	for (i = 0; i < count_vcpus(trial.test); i++)
		ept_add_vcpu(&vm, &vcpus[i]);
	fake_guest_fault = on_guest_fault;
	if (trial.mutant)
		mutant_arm(trial.mutant, &vm);
	if (trial.checked) {
		check_start();
		check_watch(&vm);
	}
}

static void build(void)
{
	const struct litmus_test *test = trial.test;
	struct hva_range area = {
		{ HVA_START },
		{ HVA_START + test->pages * PAGE_SIZE },
	};
	u32 i;

	fake_ram_init();
	fake_reset(count_cpus(test));
	expect(!trial.checked || !check_init(1, 2 * test->pages),
	       "no memory for the checker");
	mm = mm_create();
	expect(mm && !mm_mmap(mm, area, VMA_WRITE | VMA_MERGEABLE),
	       "no address space");
	for (i = 0; i < cpu_count; i++) {
		fake_cpu(i);
		mm_switch(mm);
	}
	fake_cpu(0);
	make_vm();
	party = (struct party){
		.mm = mm, .area = area, .flags = flags,
		.complete = complete,
	};
	for (i = 0; i <= LITMUS_ACTORS; i++)
		players[i] = (struct player){ .party = &party, .index = i };
	expect(!party_init(&party), "no memory for the test");
	play_alone(test->initially, array_count(test->initially), NULL);
	party_begin(&party);
}

static void serve_interrupts(void)
{
	u32 i;

	for (i = 0; i < cpu_count; i++) {
		u32 self = fake_cpu(i);

		fake_interrupts();
		fake_cpu(self);
	}
}

static void judge(void)
{
	s64 leaked;

	serve_interrupts();
	play_alone(trial.test->finally, array_count(trial.test->finally),
		   outcome.reg[LITMUS_FINALLY]);
	if (!trial.test->allowed && litmus_seen(trial.test, &outcome))
		explore_found(FOUND_OUTCOME, "forbidden: %s",
			      trial.test->outcome);
	leaked = party_reset(&party);
	if (leaked && !trial.mutant)
		explore_found(FOUND_DEATH, "INV-FREE: %lld frames",
			      (long long)leaked);
}

/* The checker has heard what there was to hear. */
static void watch(void)
{
	char text[120];

	if (!trial.checked || !check_total())
		return;
	check_format(check_report(0), text, sizeof(text));
	explore_found(FOUND_VIOLATION, "violation %s", text);
}

static void play_0(void)
{
	play(0);
}

static void play_1(void)
{
	play(1);
}

static void play_2(void)
{
	play(2);
}

static void play_3(void)
{
	play(3);
}

struct exploration world_make(const struct trial *which)
{
	static void (*const plays[LITMUS_ACTORS])(void) = {
		play_0, play_1, play_2, play_3,
	};
	struct exploration what = {
		.build = build, .judge = judge, .watch = watch,
		.count = litmus_actor_count(which->test),
	};
	u32 next_host = 0, i;

	trial = *which;
	for (i = 0; i < what.count; i++) {
		enum litmus_who who = trial.test->actors[i].who;

		what.actors[i].run = plays[i];
		what.actors[i].cpu = cpu_of(who);
		if (who != LITMUS_HOST)
			continue;
		if (next_host)
			what.actors[i].cpu = count_vcpus(trial.test) + next_host;
		next_host++;
	}
	return what;
}

/* --- Names. */

const char *world_actor(u32 i)
{
	static const char *const names[] = {
		[LITMUS_HOST] = "host", [LITMUS_VCPU0] = "vcpu0",
		[LITMUS_VCPU1] = "vcpu1",
	};
	const struct litmus_actor *actor = &trial.test->actors[i];
	static char text[120];
	u32 k, n;

	n = snprintf(text, sizeof(text), "%s:", names[actor->who]);
	for (k = 0; k < LITMUS_OPS && actor->ops[k].verb != VERB_END; k++)
		n += snprintf(text + n, sizeof(text) - n, " %s",
			      verbs[actor->ops[k].verb].name);
	return text;
}

static const char *name_of_cpu(const volatile void *p)
{
	static char text[32];
	u32 i;

	for (i = 0; i < cpu_count; i++) {
		const char *field = p == &cpus[i].mode ? "mode" :
			p == &cpus[i].primary_requested ? "p-requested" :
			p == &cpus[i].primary_taken ? "p-taken" : NULL;

		if (field) {
			snprintf(text, sizeof(text), "%s%u", field, i);
			return text;
		}
	}
	for (i = 0; i < LITMUS_VCPUS; i++) {
		const char *field = p == &vcpus[i].requested ? "requested" :
			p == &vcpus[i].taken ? "taken" :
			p == &vcpus[i].cpu ? "vcpu.cpu" : NULL;

		if (field) {
			snprintf(text, sizeof(text), "%s%u", field, i);
			return text;
		}
	}
	return NULL;
}

/* Its walks leave no hint behind: an actor may be in the middle of leaving
 * one, under ML. */
static const char *name_of_leaf(const volatile void *p, u32 i)
{
	spte_t *recent = vm.recent;
	u64 recent_gfn = vm.recent_gfn;
	const char *kind =
		p == ept_walk(&vm, (gfn_t){ DATA_GFN + i }) ? "S" :
		p == ept_walk(&vm, (gfn_t){ ALIAS_GFN + i }) ? "alias-S" : NULL;

	vm.recent = recent;
	vm.recent_gfn = recent_gfn;
	return kind;
}

static const char *name_of_entry(const volatile void *p)
{
	static char text[32];
	u32 i, pages = trial.test->pages;

	if (pages > 4)
		pages = 4;
	for (i = 0; i < pages; i++) {
		hva_t hva = { HVA_START + i * PAGE_SIZE };
		const char *kind =
			p == hpt_walk(mm, hva) ? "P" :
			party.child && p == hpt_walk(party.child, hva) ?
				"child-P" : name_of_leaf(p, i);

		if (kind) {
			snprintf(text, sizeof(text), "%s%u", kind, i);
			return text;
		}
	}
	return NULL;
}

static const char *name_of_memory(const volatile void *p)
{
	static char text[64];
	u64 at = (const volatile char *)p - (const char *)frames, pfn;

	if (at < frame_pfn_end() * sizeof(struct frame)) {
		pfn = at / sizeof(struct frame);
		at %= sizeof(struct frame);
		if (at == offsetof(struct frame, refcount))
			snprintf(text, sizeof(text), "count(%llx)",
				 (unsigned long long)pfn);
		else
			return NULL;
		return text;
	}
	at = ptr_to_hpa((const void *)p).v;
	if (at >= FAKE_RAM_END)
		return NULL;
	snprintf(text, sizeof(text), "word %llu of %llx",
		 (unsigned long long)(at & ~PAGE_MASK) / sizeof(u64),
		 (unsigned long long)at >> PAGE_SHIFT);
	return text;
}

const char *world_name(const volatile void *p)
{
	static char text[16];
	const char *name = name_of_cpu(p);

	if (p == &vm.seq)
		return "seq";
	if (p == &vm.inprog)
		return "inprog";
	if (p >= (void *)flags && p < (void *)&flags[PARTY_FLAGS]) {
		snprintf(text, sizeof(text), "flag%u",
			 (u32)((const volatile u64 *)p - flags));
		return text;
	}
	if (!name)
		name = name_of_entry(p);
	return name ? name : name_of_memory(p);
}
