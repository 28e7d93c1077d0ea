/*
 * What the machine was made to do, counted by the machine: the counters of the
 * code say how much that was, and must say the truth, on the CPU that did it.
 */
#include "test/fake/fake.h"

#include <stdio.h>
#include <string.h>
#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "test/fake/internal.h"

static const char *const counter_names[FAKE_DEED_COUNT] = {
	[FAKE_SECONDARY_FLUSH] = "remote_tlb_flush",
	[FAKE_PRIMARY_FLUSH] = "primary_tlb_flush",
	[FAKE_KICK] = "kicks",
	[FAKE_PRIMARY_IPI] = "primary_ipis",
	[FAKE_REQUEST] = "remote_tlb_flush_requests",
	[FAKE_PRIMARY_REQUEST] = "primary_flush_requests",
	[FAKE_MAP] = "spte_map",
	[FAKE_ZAP] = "spte_zap",
	[FAKE_CHANGE] = "spte_change",
	[FAKE_WRPROTECT] = "spte_wrprotect",
	[FAKE_UPGRADE] = "spte_upgrade",
};

#define REQUESTS_BY "requests_by."

/* Of each CPU since fake_reset(): deeds, and what the counters had then. */
static u64 deeds[MAX_CPUS][FAKE_DEED_COUNT];
static u64 counted[MAX_CPUS][FAKE_DEED_COUNT];

/* Each is its own CPU's: no two of them count at once. */
__attribute__((no_sanitize_thread)) void fake_did(enum fake_deed deed)
{
	deeds[cpu_id()][deed]++;
}

/* What a leaf lost or gained; FAKE_DEED_COUNT: nothing that is counted. */
static enum fake_deed leaf_deed(const struct spte_format *f, u64 old, u64 new)
{
	bool was = old & f->present, is = new & f->present;

	if (was != is)
		return is ? FAKE_MAP : FAKE_ZAP;
	if (was && (old ^ new) & SPTE_ADDR)
		return FAKE_CHANGE;
	if (was && (old ^ new) & f->write)
		return new & f->write ? FAKE_UPGRADE : FAKE_WRPROTECT;
	return FAKE_DEED_COUNT;
}

static void hear_leaf(const struct step_event *event)
{
	const struct ept *ept = event->object;
	enum fake_deed deed = leaf_deed(ept->format, event->from, event->to);

	if (deed != FAKE_DEED_COUNT)
		fake_did(deed);
}

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	(void)listener;
	if (event->step == STEP_OWED)
		fake_did(FAKE_REQUEST);
	if (event->step == STEP_SPTE)
		hear_leaf(event);
	if (event->step == STEP_PFLUSH)
		fake_did(FAKE_PRIMARY_REQUEST);
}

static struct step_listener listener = { .hear = hear };

static u64 count_of(enum fake_deed deed, u32 id)
{
	static const struct counter *known[FAKE_DEED_COUNT];

	if (!known[deed])
		for (known[deed] = __start_counters;
		     strcmp(known[deed]->name, counter_names[deed]);
		     known[deed]++)
			;
	return known[deed]->n[id];
}

static u64 requests_by_reason(u32 id)
{
	u64 sum = 0;

	for (struct counter *c = __start_counters; c < __stop_counters; c++)
		if (!strncmp(c->name, REQUESTS_BY, strlen(REQUESTS_BY)))
			sum += c->n[id];
	return sum;
}

void fake_counters_start(void)
{
	u32 id, deed;

	step_unlisten(&listener);
	step_listen(&listener);
	memset(deeds, 0, sizeof(deeds));
	for (id = 0; id < MAX_CPUS; id++)
		for (deed = 0; deed < FAKE_DEED_COUNT; deed++)
			counted[id][deed] = count_of(deed, id);
}

static bool agrees(const char *name, u32 id, u64 says, u64 did)
{
	if (says != did)
		fprintf(stderr, "# CPU %u: %s says %llu, executed were %llu\n",
			id, name, (unsigned long long)says,
			(unsigned long long)did);
	return says == did;
}

bool fake_counters_agree(void)
{
	bool agreed = true;
	u32 id, deed;

	for (id = 0; id < MAX_CPUS; id++) {
		for (deed = 0; deed < FAKE_DEED_COUNT; deed++)
			agreed &= agrees(counter_names[deed], id,
					 count_of(deed, id) -
					 counted[id][deed], deeds[id][deed]);
		agreed &= agrees(REQUESTS_BY "*", id, requests_by_reason(id),
				 count_of(FAKE_REQUEST, id));
	}
	return agreed;
}
