/*
 * The litmus tests' verbs, one by one over the fake machine; and each test,
 * its actors one after the other, under each policy: nothing forbidden comes
 * out when nothing runs at once, and no round leaves anything behind.
 */
#include "test/host/vm.h"

#include "lab/litmus/tests.h"
#include "vmm/litmus_abi.h"

static u64 flags[PARTY_FLAGS];

static int host_read(struct player *player, u32 page, u32 word,
		     u64 *value)
{
	return fake_read((hva_t){ (u64)party_word(player->party, page, word) },
			 value);
}

static int host_write(struct player *player, u32 page, u32 word,
		      u64 value)
{
	return fake_write((hva_t){ (u64)party_word(player->party, page,
						    word) }, value);
}

/* Nobody else plays. */
static bool give_up(struct player *player)
{
	(void)player;
	return false;
}

static const struct access host_access = {
	.read = host_read, .write = host_write, .wait = give_up,
};

static gpa_t gpa_of(u32 page, u32 word)
{
	u64 gfn = page & VERB_ALIAS ? ALIAS_GFN : DATA_GFN;
	gpa_t gpa = gfn_to_gpa((gfn_t){ gfn + (page & ~VERB_ALIAS) });

	gpa.v += word * sizeof(u64);
	return gpa;
}

static int guest_read(struct player *player, u32 page, u32 word,
		      u64 *value)
{
	(void)player;
	return fake_guest_read(&vcpus[0], gpa_of(page, word), value);
}

static int guest_write(struct player *player, u32 page, u32 word,
		       u64 value)
{
	(void)player;
	return fake_guest_write(&vcpus[0], gpa_of(page, word), value);
}

static const struct access guest_access = {
	.read = guest_read, .write = guest_write, .wait = give_up,
};

static struct party party;

/* As vm_start(), with a party over all of the area. */
static void party_start(const struct policy *policy)
{
	vm_start(policy, AREA_PAGES);
	party = (struct party){
		.mm = mm, .flags = flags,
		.area = pages(0, AREA_PAGES),
	};
	assert_int_equal(party_init(&party), 0);
}

static u64 host_does(enum verb_id verb, u8 page, u64 value, u64 other)
{
	struct player player = { .party = &party, .access = &host_access };
	struct action op = {
		.verb = verb, .page = page, .value = value, .other = other,
		.count = (u32)value, .into = (u32)other,
	};
	u64 reg = 12345;

	assert_int_equal(verb_perform(&player, &op, &reg), 0);
	return reg;
}

/* --- Verbs. */

static void test_child_keeps_the_old(void **state)
{
	(void)state;
	party_start(policy_find("change-pte"));
	assert_int_equal(host_does(VERB_CHILD_READ, 0, 0, 0),
			 VERB_NOTHING);
	host_does(VERB_WRITE, 0, 1, 0);
	host_does(VERB_FORK, 0, 0, 0);
	host_does(VERB_WRITE, 0, 2, 0);
	assert_int_equal(host_does(VERB_CHILD_READ, 0, 0, 0), 1);
	host_does(VERB_CHILD_WRITE, 0, 3, 0);
	assert_int_equal(host_does(VERB_CHILD_READ, 0, 0, 0), 3);
	assert_int_equal(host_does(VERB_READ, 0, 0, 0), 2);
	host_does(VERB_CHILD_EXIT, 0, 0, 0);
	assert_int_equal(host_does(VERB_CHILD_READ, 0, 0, 0),
			 VERB_NOTHING);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_pin_keeps_the_frame(void **state)
{
	(void)state;
	party_start(policy_find("change-pte"));
	assert_int_equal(host_does(VERB_PIN_READ, 0, 0, 0), VERB_NOTHING);
	host_does(VERB_WRITE, 0, 1, 0);
	assert_int_equal(host_does(VERB_PIN, 0, 0, 0), 1);
	host_does(VERB_WRITE, 0, 2, 0);
	assert_int_equal(host_does(VERB_PIN_READ, 0, 0, 0), 2);
	assert_int_equal(host_does(VERB_MIGRATE, 0, 0, 0), 0);
	host_does(VERB_DISCARD, 0, 1, 0);
	assert_int_equal(host_does(VERB_READ, 0, 0, 0), 0);
	assert_int_equal(host_does(VERB_PIN_READ, 0, 0, 0), 2);
	host_does(VERB_UNPIN, 0, 0, 0);
	assert_int_equal(host_does(VERB_PIN_READ, 0, 0, 0), VERB_NOTHING);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_merge_shares_equal_pages(void **state)
{
	(void)state;
	party_start(policy_find("change-pte"));
	host_does(VERB_WRITE, 0, 1, 0);
	host_does(VERB_WRITE, 1, 2, 0);
	assert_int_equal(host_does(VERB_MERGE, 1, 0, 0), 0);
	host_does(VERB_WRITE, 1, 1, 0);
	host_does(VERB_PIN, 1, 0, 0);
	assert_int_equal(host_does(VERB_MERGE, 1, 0, 0), 0);
	host_does(VERB_UNPIN, 1, 0, 0);
	assert_int_equal(host_does(VERB_MERGE, 1, 0, 0), 1);
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, 1));
	host_does(VERB_WRITE, 1, 2, 0);
	assert_int_equal(host_does(VERB_READ, 0, 0, 0), 1);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_denied_write_did_not_happen(void **state)
{
	(void)state;
	party_start(policy_find("change-pte"));
	host_does(VERB_WRITE, 0, 1, 0);
	host_does(VERB_PROTECT_RO, 0, 0, 0);
	host_does(VERB_WRITE, 0, 2, 0);
	assert_int_equal(host_does(VERB_READ, 0, 0, 0), 1);
	assert_int_equal(party_reset(&party), 0);
	host_does(VERB_WRITE, 0, 2, 0);
	assert_int_equal(host_does(VERB_READ, 0, 0, 0), 2);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_reuse_takes_what_was_freed(void **state)
{
	struct frame *next;

	(void)state;
	party_start(policy_find("change-pte"));
	host_does(VERB_WRITE, 0, 1, 0);
	host_does(VERB_DISCARD, 0, 1, 0);
	next = frame_alloc();
	frame_put(next);
	fake_log_clear();
	host_does(VERB_REUSE, 0, 7, 0);
	assert_int_equal(fake_log_count("FREE"), 8);
	/* Everything is in place again: the same one is taken next. */
	assert_ptr_equal(frame_alloc(), next);
	frame_put(next);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_leak_is_told(void **state)
{
	struct frame *frame;

	(void)state;
	party_start(policy_find("change-pte"));
	frame = frame_alloc();
	assert_int_equal(party_reset(&party), 1);
	frame_put(frame);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_watch_judges(void **state)
{
	static const struct {
		const char *what;
		u64 told, value;
	} reads[] = {
		{ "old before it is told", 0, 1 },
		{ "new before it is told", 0, 2 },
		{ "old again", 0, 1 },
		{ "neither", 0, 3 },
		{ "old though it was told", 1, 1 },
	};
	static const u64 wrong[] = { 0, 0, 1, 2, 3 };
	struct watch watch = { .old = 1, .new = 2 };
	u32 i;

	(void)state;
	for (i = 0; i < array_count(reads); i++) {
		watch_judge(&watch, reads[i].told, reads[i].value);
		assert_int_equal(watch.wrong, wrong[i]);
	}
}

/* --- The rows. */

static void play_initially(const struct action *ops, u64 *regs)
{
	u32 i;

	for (i = 0; ops[i].verb != VERB_END; i++) {
		bool is_host = ops[i].who == LITMUS_HOST;
		struct player player = {
			.party = &party, .index = 0,
			.access = is_host ? &host_access : &guest_access,
		};
		u32 self = fake_cpu(is_host ? 0 : 1);
		u64 reg;

		assert_int_equal(verb_perform(&player, &ops[i], &reg), 0);
		fake_guest_leave();
		if (regs && verb_sets_register(ops[i].verb))
			*regs++ = reg;
		fake_cpu(self);
	}
}

static void play_actors(const struct litmus_test *test,
			struct litmus_outcome *outcome)
{
	u32 i;

	party_begin(&party);
	for (i = 0; i < litmus_actor_count(test); i++) {
		bool is_host = test->actors[i].who == LITMUS_HOST;
		struct player player = {
			.party = &party, .index = i,
			.access = is_host ? &host_access : &guest_access,
		};
		u32 self = fake_cpu(is_host ? 0 : 1);
		int err = verb_play(&player, test->actors[i].ops, LITMUS_OPS,
				    outcome->reg[i]);

		/* -EBUSY: it waits for somebody who comes later. */
		assert_true(!err || err == -EBUSY);
		fake_guest_leave();
		fake_cpu(self);
	}
}

static void play(const struct litmus_test *test, const struct policy *policy)
{
	struct litmus_outcome outcome = { 0 };

	party_start(policy);
	play_initially(test->initially, NULL);
	play_actors(test, &outcome);
	play_initially(test->finally, outcome.reg[LITMUS_FINALLY]);
	if (!test->allowed && litmus_seen(test, &outcome))
		fail_msg("%s under %s: %s", test->name, policy->name,
			 test->outcome);
	assert_int_equal(party_reset(&party), 0);
	vm_stop();
}

static void test_actors_one_after_the_other(void **state)
{
	u32 i, p;

	(void)state;
	for (i = 0; i < litmus_test_count; i++)
		for (p = 0; p < policy_count; p++)
			play(&litmus_tests[i], &policies[p]);
}

static void check_ops(const struct litmus_test *test,
		      const struct action *ops, enum litmus_who who)
{
	u32 i;

	for (i = 0; ops[i].verb != VERB_END; i++) {
		u32 page = ops[i].page & ~VERB_ALIAS;

		if (page >= test->pages ||
		    ops[i].flag >= PARTY_FLAGS)
			fail_msg("%s: op %u is out of range", test->name, i);
		if (who != LITMUS_HOST && verbs[ops[i].verb].by == BY_HOST)
			fail_msg("%s: op %u is not for a vCPU", test->name, i);
		if (who == LITMUS_HOST && (ops[i].page & VERB_ALIAS ||
					   verbs[ops[i].verb].by == BY_VCPU))
			fail_msg("%s: op %u is for a vCPU", test->name, i);
	}
}

static void test_rows_are_sound(void **state)
{
	u32 i, a, b;

	(void)state;
	for (i = 0; i < litmus_test_count; i++) {
		const struct litmus_test *test = &litmus_tests[i];

		assert_ptr_equal(litmus_find(test->name), test);
		assert_true(test->rules[0] && test->what[0] &&
			    test->reach[0] && test->outcome[0] &&
			    test->term_count);
		assert_true(litmus_actor_count(test) >= 1);
		for (a = 0; a < litmus_actor_count(test); a++) {
			check_ops(test, test->actors[a].ops,
				  test->actors[a].who);
			for (b = 0; b < a; b++)
				assert_false(test->actors[a].who != LITMUS_HOST
					     && test->actors[a].who ==
					     test->actors[b].who);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_child_keeps_the_old),
		TEST(test_pin_keeps_the_frame),
		TEST(test_merge_shares_equal_pages),
		TEST(test_denied_write_did_not_happen),
		TEST(test_reuse_takes_what_was_freed),
		TEST(test_leak_is_told),
		cmocka_unit_test(test_watch_judges),
		TEST(test_actors_one_after_the_other),
		cmocka_unit_test(test_rows_are_sound),
	};

	litmus_add_built_in();
	return RUN(tests);
}
