/*
 * explore: every litmus test, under every policy, in every interleaving within
 * a bound on preemptions; and for each mutant the shortest interleaving that
 * shows it. One line for each on standard output, as the kernel prints them.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test/explore/files.h"
#include "test/explore/memory.h"
#include "test/explore/schedule.h"
#include "test/explore/trace.h"
#include "test/explore/world.h"

enum { STATUS_BAD = 1, STATUS_USAGE = 2, STATUS_DIED = 4 };

static struct {
	const char *tests, *policies;
	bool mutants, unreduced;
	u32 preemptions, jobs;
	const char *replay, *trace;
} options = { .tests = "all", .preemptions = 3 };

/* A trial of its own, in processes of its own; shared with them. */
struct job {
	struct trial trial;
	struct explore_result result;
	u32 preemptions;	/* the bound that it ended with */
};

static void usage(void)
{
	fputs("usage: explore [--test T,..|FILE.litmus|all] [--policy P,..|all|none] "
	      "[--mutants]\n"
	      "               [--preemptions N] [--unreduced] [--jobs N] "
	      "[--trace DIR]\n"
	      "       explore --replay FILE\n", stderr);
	exit(STATUS_USAGE);
}

/* In a child: it ends when its parent does. */
static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* --- One trial. */

static bool in_child(void (*fn)(struct job *job), struct job *job)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child < 0) {
		perror("explore: fork");
		exit(STATUS_DIED);
	}
	if (!child) {
		end_with_parent();
		fn(job);
		fflush(NULL);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void explore_here(struct job *job)
{
	struct exploration what = world_make(&job->trial);

	what.preemptions = job->preemptions;
	what.reduce = !options.unreduced;
	explore(&what, &job->result);
}

static bool explore_within(struct job *job, u32 preemptions)
{
	job->preemptions = preemptions;
	return in_child(explore_here, job);
}

/* The fewest preemptions that find something, or all. */
static bool explore_upwards(struct job *job)
{
	u32 n;

	for (n = 0; n <= options.preemptions; n++) {
		if (!explore_within(job, n))
			return false;
		if (explore_found_any(&job->result))
			break;
	}
	return true;
}

#define MANY_PAGES	64

static bool has(const struct litmus_test *test, enum verb_id verb)
{
	u32 actor, i;

	for (actor = 0; actor < litmus_actor_count(test); actor++)
		for (i = 0; i < LITMUS_OPS; i++)
			if (test->actors[actor].ops[i].verb == verb)
				return true;
	return false;
}

/*
 * A table full of pages makes a schedule long. A third actor multiplies the
 * schedules, and most where brackets stand around each change, where a whole
 * address space goes, or where pages are discarded. One preemption less keeps the time within bounds; each
 * line says which bound it was. (For mutants it is the full one: most end
 * early.)
 */
static u32 bound_of(const struct trial *trial)
{
	const struct litmus_test *test = trial->test;
	u32 n = options.preemptions;
	bool is_big = test->pages > MANY_PAGES ||
		      (litmus_actor_count(test) > 2 &&
		       (has(test, VERB_CHILD_EXIT) ||
			has(test, VERB_DISCARD) || has(test, VERB_PIN) ||
			trial->policy->start->zaps));

	return n && is_big ? n - 1 : n;
}

static bool run_trial(struct job *job)
{
	if (job->trial.mutant)
		return explore_upwards(job);
	if (!explore_within(job, bound_of(&job->trial)))
		return false;
	return !explore_found_any(&job->result) || explore_upwards(job);
}

static const char *mutant_name(const struct trial *trial)
{
	return trial->mutant ? trial->mutant->name : "none";
}

/* What the schedule did, in columns; returns what it found. */
static const char *trace_schedule_of(const struct trial *trial,
				     const struct schedule *schedule, FILE *to)
{
	struct exploration what = world_make(trial);
	const char *found;
	u32 i;

	for (i = 0; i < what.count; i++)
		fprintf(to, "%-*s", TRACE_WIDTH, world_actor(i));
	fprintf(to, "\n");
	trace_to(to, world_name);
	found = explore_replay(&what, schedule);
	fprintf(to, "=> %s\n", found ? found : "nothing");
	return found;
}

static void trace_here(struct job *job)
{
	const struct trial *trial = &job->trial;
	char path[300], *text;
	size_t size;
	FILE *body = open_memstream(&text, &size), *file;

	snprintf(path, sizeof(path), "%s/%s-%s.trace", options.trace,
		 trial->test->name, trial->mutant ? trial->mutant->name
						  : trial->policy->name);
	file = fopen(path, "w");
	if (!file || !body) {
		perror(path);
		exit(STATUS_DIED);
	}
	trace_schedule_of(trial, &job->result.shortest, body);
	fclose(body);
	schedule_write(file, trial, trace_schedule(), &job->result.shortest);
	fputs(text, file);
	fclose(file);
}

static const char *verdict_of(const struct explore_result *r, bool lived)
{
	if (!lived || r->found[FOUND_DEATH])
		return "died";
	if (r->found[FOUND_OUTCOME])
		return "forbidden-seen";
	return r->found[FOUND_VIOLATION] ? "violation" : "ok";
}

/* Of a processor, by the children. */
static double seconds_used(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
}

static void report(const struct job *job, bool lived)
{
	const struct explore_result *r = &job->result;

	/* Where progress stands, if that is the same terminal. */
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	printf("explore test=%s policy=%s mutant=%s preemptions=%u "
	       "states=%llu schedules=%llu pruned=%llu words=%u "
	       "ends=%llu:%llx seen=%llu "
	       "violations=%llu seconds=%.1f verdict=%s\n",
	       job->trial.test->name, job->trial.policy->name,
	       mutant_name(&job->trial), job->preemptions,
	       (unsigned long long)r->states,
	       (unsigned long long)r->schedules,
	       (unsigned long long)r->pruned, r->words,
	       (unsigned long long)r->ends, (unsigned long long)r->ends_hash,
	       (unsigned long long)r->found[FOUND_OUTCOME],
	       (unsigned long long)r->found[FOUND_VIOLATION], seconds_used(),
	       verdict_of(r, lived));
	if (lived && explore_found_any(r))
		printf("found test=%s policy=%s mutant=%s preemptions=%u "
		       "points=%u why: %s\n", job->trial.test->name,
		       job->trial.policy->name, mutant_name(&job->trial),
		       r->shortest.preemptions, r->shortest.points,
		       r->shortest.why);
	fflush(stdout);
}

/* Returns whether all is as it should be. */
static bool do_job(struct job *job)
{
	bool lived = run_trial(job), found;

	report(job, lived);
	found = lived && explore_found_any(&job->result);
	if (found && options.trace)
		lived = in_child(trace_here, job);
	return lived && found == !!job->trial.mutant;
}

/* --- All trials, a few at a time. */

typedef void (*trial_fn)(const struct trial *trial);

static bool is_named(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *at = list;

	if (!strcmp(list, "all"))
		return true;
	while ((at = strstr(at, name))) {
		if ((at == list || at[-1] == ',') &&
		    (!at[length] || at[length] == ','))
			return true;
		at += length;
	}
	return false;
}

/* Each name of @list, which may be "all" or "none", is one that @find knows. */
static void check_names(const char *list, bool (*find)(const char *name))
{
	char copy[1024], *name;

	snprintf(copy, sizeof(copy), "%s", list);
	for (name = strtok(copy, ","); name; name = strtok(NULL, ",")) {
		if (!strcmp(name, "all") || !strcmp(name, "none") || find(name))
			continue;
		fprintf(stderr, "explore: '%s' is unknown: ./tandem list has "
			"the names\n", name);
		exit(STATUS_USAGE);
	}
}

static bool is_test(const char *name)
{
	return litmus_find(name);
}

static bool is_policy(const char *name)
{
	return policy_find(name);
}

/*
 * How far it is, for a terminal. A third actor makes a trial so many times as
 * long, about; for mutants, that of few preemptions.
 */
#define WEIGHT_THREE	40

static struct {
	u32 trials, weight;	/* of all */
	u32 ended, weight_ended;
	u32 bad;
} progress;

static u32 weight_of(const struct trial *trial)
{
	return litmus_actor_count(trial->test) > 2 && !trial->mutant
	       ? WEIGHT_THREE : 1;
}

static void plan_job(const struct trial *trial)
{
	progress.trials++;
	progress.weight += weight_of(trial);
}

static void show_progress(void)
{
	double used = seconds_used();

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%u of %u trials, %.0f s of CPU",
		progress.ended, progress.trials, used);
	if (progress.weight_ended && progress.ended < progress.trials)
		fprintf(stderr, ", about %.0f s to go", used *
			(progress.weight - progress.weight_ended) /
			progress.weight_ended);
	if (progress.ended == progress.trials)
		fputc('\n', stderr);
}

static struct {
	pid_t child;
	u32 weight;
} *running;
static u32 running_count;

static void wait_for_one(void)
{
	int status;
	pid_t child = wait(&status);
	u32 i;

	for (i = 0; i < running_count && running[i].child != child; i++)
		;
	if (child < 0 || i == running_count)
		return;
	progress.ended++;
	progress.weight_ended += running[i].weight;
	progress.bad += !WIFEXITED(status) || WEXITSTATUS(status);
	running[i] = running[--running_count];
	show_progress();
}

static void start_job(const struct trial *trial)
{
	struct job *job;
	pid_t child;

	while (running_count >= options.jobs)
		wait_for_one();
	fflush(NULL);
	child = fork();
	if (child < 0) {
		perror("explore: fork");
		exit(STATUS_DIED);
	}
	if (child) {
		running[running_count].child = child;
		running[running_count++].weight = weight_of(trial);
		return;
	}
	end_with_parent();
	job = mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job == MAP_FAILED)
		exit(STATUS_DIED);
	job->trial = *trial;
	exit(do_job(job) ? 0 : STATUS_BAD);
}

static void each_policy(const struct litmus_test *test, trial_fn fn)
{
	u32 i;

	for (i = 0; i < policy_count; i++)
		if (is_named(options.policies, policies[i].name))
			fn(&(struct trial){ test, &policies[i], NULL, true });
}

static void each_mutant(const struct litmus_test *test, trial_fn fn)
{
	u32 i;

	for (i = 0; i < mutant_count; i++)
		if (litmus_reached_by(test, mutants[i].name))
			fn(&(struct trial){
				test, policy_find(mutants[i].base),
				&mutants[i], false,
			});
}

static void each_trial(trial_fn fn)
{
	u32 i;

	for (i = 0; i < litmus_test_count; i++) {
		if (!is_named(options.tests, litmus_tests[i].name))
			continue;
		each_policy(&litmus_tests[i], fn);
		if (options.mutants)
			each_mutant(&litmus_tests[i], fn);
	}
}

static int explore_all(void)
{
	check_names(options.tests, is_test);
	check_names(options.policies, is_policy);
	running = calloc(options.jobs, sizeof(*running));
	if (!running)
		return STATUS_DIED;
	each_trial(plan_job);
	show_progress();
	each_trial(start_job);
	while (running_count)
		wait_for_one();
	printf("explored trials=%u bad=%u seconds=%.1f\n", progress.trials,
	       progress.bad, seconds_used());
	return progress.bad ? STATUS_BAD : 0;
}

static int replay(void)
{
	static struct schedule schedule;
	struct trial trial;

	if (!schedule_read(options.replay, &trial, &schedule))
		return STATUS_USAGE;
	return trace_schedule_of(&trial, &schedule, stdout) ? STATUS_BAD : 0;
}

static u32 number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !*text || n > 1000)
		usage();
	return n;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "test", required_argument, NULL, 't' },
		{ "policy", required_argument, NULL, 'p' },
		{ "mutants", no_argument, NULL, 'm' },
		{ "preemptions", required_argument, NULL, 'n' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "unreduced", no_argument, NULL, 'u' },
		{ "replay", required_argument, NULL, 'r' },
		{ "trace", required_argument, NULL, 'o' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 't': options.tests = optarg; break;
		case 'p': options.policies = optarg; break;
		case 'm': options.mutants = true; break;
		case 'n': options.preemptions = number(optarg); break;
		case 'u': options.unreduced = true; break;
		case 'j': options.jobs = number(optarg); break;
		case 'r': options.replay = optarg; break;
		case 'o': options.trace = optarg; break;
		default: usage();
		}
	}
	if (optind != argc)
		usage();
	/* As the front end has it: all policies, or the mutants. */
	if (!options.policies)
		options.policies = options.mutants ? "none" : "all";
	if (!options.jobs)
		options.jobs = sysconf(_SC_NPROCESSORS_ONLN);
	litmus_add_built_in();
	options.tests = files_read(options.tests, STATUS_USAGE);
	return options.replay ? replay() : explore_all();
}
