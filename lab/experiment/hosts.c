#include "lab/experiment/hosts.h"

#include "lab/experiment/driver.h"

/* What one thread does: every @thread_count-th page, beginning with @first. */
struct share {
	struct run *run;
	const struct phase *phase;
	u32 first, thread_count, stride;
	int err;
};

static u32 gcd(u32 a, u32 b)
{
	while (b) {
		u32 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* A step from page to page that meets each of them once. */
static u32 stride_of(const struct run *run)
{
	u32 stride = run->options->seed % run->options->pages;

	while (gcd(stride, run->options->pages) != 1)
		stride++;
	return stride;
}

static void do_share(struct share *share)
{
	u32 pages = share->run->options->pages;
	u64 i;

	for (i = share->first; i < pages; i += share->thread_count) {
		share->err = guest_pace(share->run);
		if (!share->err)
			share->err = share->phase->page(share->run,
						i * share->stride % pages);
		if (share->err)
			return;
		cpu_progress();
	}
}

static void host_thread(void *arg)
{
	struct share *share = arg;

	mm_switch(share->run->vm.mm);
	do_share(share);
	mm_switch(NULL);
}

int hosts_each_page(struct run *run, const struct phase *phase)
{
	struct share shares[MAX_CPUS];
	u32 first_cpu = 1 + run->vm.vcpu_count;
	u32 count = cpu_count > first_cpu ? 1 + cpu_count - first_cpu : 1;
	int err = 0;
	u32 i;

	for (i = 0; i < count; i++)
		shares[i] = (struct share){
			run, phase, i, count, stride_of(run), 0,
		};
	for (i = 1; i < count; i++)
		cpu_start(first_cpu + i - 1, host_thread, &shares[i]);
	do_share(&shares[0]);
	for (i = 1; i < count; i++)
		cpu_join(first_cpu + i - 1, "a host thread");
	for (i = 0; i < count && !err; i++)
		err = shares[i].err;
	return err;
}
