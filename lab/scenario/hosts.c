#include "lab/scenario/hosts.h"

/* What one thread does: every @thread_count-th page, beginning with @first. */
struct share {
	struct guest *guest;
	const struct selected *pages;
	int (*fn)(void *arg, u32 page);
	void *arg;
	u32 first, thread_count;
	int err;
};

static void do_share(struct share *share)
{
	u64 i;

	for (i = share->first; i < share->pages->count;
	     i += share->thread_count) {
		share->err = guest_pace(share->guest);
		if (!share->err)
			share->err = share->fn(share->arg,
				selected_page(share->pages, (u32)i));
		if (share->err)
			return;
		cpu_progress();
	}
}

static void host_thread(void *arg)
{
	struct share *share = arg;

	mm_switch(share->guest->vm->mm);
	do_share(share);
	mm_switch(NULL);
}

int hosts_each_page(struct guest *guest, const struct selected *pages,
		    int (*fn)(void *arg, u32 page), void *arg)
{
	struct share shares[MAX_CPUS];
	u32 first_cpu = 1 + guest->vm->vcpu_count;
	u32 count = cpu_count > first_cpu ? 1 + cpu_count - first_cpu : 1;
	int err = 0;
	u32 i = 0;

	do {		/* the first one for certain: it is CPU 0's */
		shares[i] = (struct share){
			guest, pages, fn, arg, i, count, 0,
		};
	} while (++i < count);
	for (i = 1; i < count; i++)
		cpu_start(first_cpu + i - 1, host_thread, &shares[i]);
	do_share(&shares[0]);
	for (i = 1; i < count; i++)
		cpu_join(first_cpu + i - 1, "a host thread");
	for (i = 0; i < count && !err; i++)
		err = shares[i].err;
	return err;
}
