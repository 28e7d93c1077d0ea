/*
 * Prints docs/litmus.md from the rows of lab/litmus/tests.c. A program of the
 * host: make docs.
 */
#include <stdio.h>
#include <string.h>

#include "lab/litmus/litmus.h"

static const char head[] =
"# The litmus tests\n"
"\n"
"Printed from `lab/litmus/tests.c` by `make docs`; a test keeps it so. Each test\n"
"has an initial state, actors that run at once (host threads work through P,\n"
"vcpu0 and vcpu1 through S), and an outcome. `./tandem litmus` plays them on real\n"
"CPUs, build/explore/explore in every interleaving within its bound;\n"
"docs/results.md says what comes out.\n"
"\n"
"`p0` is word 0 of page 0, `p0.1` its word 1, `p0'` the same through the second\n"
"memslot. Pages begin as zeroes; `f0` and `f1` are flags. `watch p0: 1, 2 until\n"
"f0` reads until the flag was up before a read: the word is 1, later 2, never\n"
"back, and 2 for certain in that last read. `reuse-frames` takes the frames that\n"
"were freed last, fills them and gives them back.\n";

/* Where a page and a word are, as people write it. */
static void print_place(const struct action *op)
{
	printf("p%u", op->page & ~VERB_ALIAS);
	if (op->page & VERB_ALIAS)
		printf("'");
	if (op->word)
		printf(".%u", op->word);
}

static void print_read(const struct action *op)
{
	printf(" ");
	print_place(op);
}

static void print_write(const struct action *op)
{
	print_read(op);
	printf(" := %llu", (unsigned long long)op->value);
}

static void print_flag(const struct action *op)
{
	printf(" f%u", op->flag);
}

static void print_watch(const struct action *op)
{
	print_read(op);
	printf(": %llu, %llu until f%u", (unsigned long long)op->value,
	       (unsigned long long)op->other, op->flag);
}

static void print_merge(const struct action *op)
{
	printf(" p%u into p%u", op->page, op->into);
}

static void print_page(const struct action *op)
{
	printf(" p%u", op->page);
}

static void print_pages(const struct action *op)
{
	printf(" p%u", op->page);
	if (op->count > 1)
		printf("..p%u", op->page + op->count - 1);
}

static void print_value(const struct action *op)
{
	printf(" with 0x%llx", (unsigned long long)op->value);
}

/* What stands behind a verb; none: nothing. */
static void (*const arguments[VERB_COUNT])(const struct action *) = {
	[VERB_READ] = print_read,
	[VERB_WRITE] = print_write,
	[VERB_RAISE] = print_flag,
	[VERB_LOOK] = print_flag,
	[VERB_AWAIT] = print_flag,
	[VERB_WATCH] = print_watch,
	[VERB_OUT_READ] = print_read,
	[VERB_OUT_WRITE] = print_write,
	[VERB_CHILD_READ] = print_read,
	[VERB_CHILD_WRITE] = print_write,
	[VERB_PIN] = print_page,
	[VERB_PIN_READ] = print_read,
	[VERB_PIN_SAME] = print_page,
	[VERB_UNPIN] = print_page,
	[VERB_MERGE] = print_merge,
	[VERB_DISCARD] = print_pages,
	[VERB_MIGRATE] = print_page,
	[VERB_REUSE] = print_value,
};

static void print_op(const struct action *op)
{
	printf("%s", verbs[op->verb].name);
	if (arguments[op->verb])
		arguments[op->verb](op);
}

static const char *who_name(enum litmus_who who)
{
	static const char *const names[] = {
		[LITMUS_HOST] = "host", [LITMUS_VCPU0] = "vcpu0",
		[LITMUS_VCPU1] = "vcpu1",
	};

	return names[who];
}

/* One line: @title, then the ops; with @names, who does each that is not the
 * host's. */
static void print_ops(const char *title, const struct action *ops,
		      unsigned int count, bool names)
{
	unsigned int i;

	if (ops[0].verb == VERB_END)
		return;
	printf("    %-10s", title);
	for (i = 0; i < count && ops[i].verb != VERB_END; i++) {
		printf("%s", i ? "; " : "");
		if (names && ops[i].who != LITMUS_HOST)
			printf("%s ", who_name(ops[i].who));
		print_op(&ops[i]);
	}
	printf("\n");
}

static void print_test(const struct litmus_test *test)
{
	unsigned int i;

	printf("\n## %s\n\n%s\n\n", test->name, test->what);
	print_ops("initially", test->initially, array_count(test->initially),
		  true);
	for (i = 0; i < litmus_actor_count(test); i++)
		print_ops(who_name(test->actors[i].who), test->actors[i].ops,
			  LITMUS_OPS, false);
	print_ops("finally", test->finally, array_count(test->finally), true);
	printf("    %-10s%s\n", test->allowed ? "allowed" : "forbidden",
	       test->outcome);
	printf("\nRules: %s. Reachable: %s.", test->rules, test->reach);
	if (test->mutants[0])
		printf(" Mutants: %s.", test->mutants);
	if (test->heard)
		printf(" Heard by the checker only: %s.", test->heard);
	printf("\n");
}

int main(void)
{
	u32 i;

	printf("%s", head);
	for (i = 0; i < litmus_test_count; i++)
		print_test(&litmus_tests[i]);
	return 0;
}
