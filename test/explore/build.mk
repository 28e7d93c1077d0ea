# The explorer: the kernel's own files, each access of which is seen, over the
# fake machine. GCC calls a function at each access (-fsanitize=thread); these
# functions are those of access.c, not the sanitizer's.
#
# make explore		every litmus test, policy and mutant, in every
#			interleaving with EXPLORE_PREEMPTIONS (3); traces of
#			what was found are in $(BUILD)/explore/traces/

EXPLORE_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Itest/explore/fake \
	-Itest/fake -I. -MMD -MP
EXPLORE_SEE := -fsanitize=thread -Wno-tsan \
	--param tsan-instrument-func-entry-exit=0
# Locks as one access: see there.
EXPLORE_LOCKS := -Itest/explore/locks

# What actors run. arch/x86/spinlock.c is explored by engine.t alone.
EXPLORE_SEEN := $(wildcard mm/*.c ept/*.c) lib/tree.c $(addprefix arch/x86/,counter.c \
		handshake.c wait.c) \
	$(filter-out lab/verb/read.c lab/verb/verb.c,$(wildcard lab/verb/*.c)) \
	lab/mutant/primary.c lab/mutant/secondary.c \
	$(addprefix test/fake/,machine.c tlb.c)
# What watches them, or prepares.
EXPLORE_UNSEEN := lib/format.c lib/rule.c lib/step.c $(wildcard lab/check/*.c) \
	lib/scan.c lab/verb/read.c lab/verb/verb.c $(addprefix lab/litmus/,condition.c litmus.c \
	read.c read_action.c tests.c) lab/mutant/mutant.c \
	test/fake/executed.c
EXPLORE_ENGINE := $(addprefix test/explore/,access.c checkpoint.c coarse.c \
	context.S engine.c memory.c order.c output.c seen.c trace.c turn.c)
EXPLORE_PROGRAM := $(addprefix test/explore/,explore.c files.c schedule.c world.c) \
	tools/text_file.c

# Of the explorer itself, with the kernel's own locks.
EXPLORE_TEST := test/explore/engine_test.c arch/x86/spinlock.c

# Tests of races, a program each.
EXPLORE_RACES := $(wildcard test/explore/*_races.c)
EXPLORE_RACE := test/explore/race.c test/fake/second_level.c

EXPLORE_DIR := $(BUILD)/explore
EXPLORE_SEEN_OBJECTS := $(EXPLORE_SEEN:%=$(EXPLORE_DIR)/%.o)
EXPLORE_OBJECTS := $(EXPLORE_SEEN_OBJECTS) \
	$(EXPLORE_UNSEEN:%=$(EXPLORE_DIR)/%.o) \
	$(EXPLORE_ENGINE:%=$(EXPLORE_DIR)/%.o) $(EMBEDDED)
EXPLORE_RACE_OBJECTS := $(EXPLORE_RACE:%=$(EXPLORE_DIR)/%.o) \
	$(EXPLORE_RACES:%=$(EXPLORE_DIR)/%.o)
EXPLORE_RACE_PROGRAMS := $(EXPLORE_RACES:test/explore/%.c=$(EXPLORE_DIR)/%.t)

.PHONY: explore-tests explore-races
.SECONDARY: $(EXPLORE_OBJECTS) $(EXPLORE_RACE_OBJECTS)

explore-tests: $(EXPLORE_DIR)/explore $(EXPLORE_DIR)/engine.t explore-races
explore-races: $(EXPLORE_RACE_PROGRAMS)

$(EXPLORE_OBJECTS) $(EXPLORE_PROGRAM:%=$(EXPLORE_DIR)/%.o) \
		$(EXPLORE_RACE_OBJECTS): \
	EXPLORE_FLAGS := $(EXPLORE_LOCKS) $(EXPLORE_FLAGS)
$(EXPLORE_SEEN_OBJECTS) $(EXPLORE_TEST:%=$(EXPLORE_DIR)/%.o) \
		$(EXPLORE_RACES:%=$(EXPLORE_DIR)/%.o): \
	EXPLORE_FLAGS += $(EXPLORE_SEE)

# Pages are copied all the time: by the library, which is faster than what the
# compiler puts in its place.
$(EXPLORE_DIR)/test/explore/memory.c.o: EXPLORE_FLAGS += -fno-builtin-memcpy

$(EXPLORE_DIR)/%.c.o: %.c test/explore/build.mk
	@mkdir -p $(@D)
	$(CC) $(EXPLORE_FLAGS) -c -o $@ $<

$(EXPLORE_DIR)/%.S.o: %.S test/explore/build.mk
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

# Nothing is resolved while a schedule runs.
$(EXPLORE_DIR)/explore: $(EXPLORE_PROGRAM:%=$(EXPLORE_DIR)/%.o) \
		$(EXPLORE_OBJECTS)
	$(CC) -Wl,-z,now -o $@ $^

$(EXPLORE_DIR)/engine.t: $(EXPLORE_TEST:%=$(EXPLORE_DIR)/%.o) \
		$(EXPLORE_OBJECTS)
	$(CC) -Wl,-z,now -o $@ $^

$(EXPLORE_DIR)/%_races.t: $(EXPLORE_DIR)/test/explore/%_races.c.o \
		$(EXPLORE_RACE:%=$(EXPLORE_DIR)/%.o) $(EXPLORE_OBJECTS)
	$(CC) -Wl,-z,now -o $@ $^

-include $(EXPLORE_OBJECTS:.o=.d) $(EXPLORE_RACE_OBJECTS:.o=.d) $(EXPLORE_PROGRAM:%=$(EXPLORE_DIR)/%.d) \
	$(EXPLORE_TEST:%=$(EXPLORE_DIR)/%.d)
