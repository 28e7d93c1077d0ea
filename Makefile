# make            the kernel, a multiboot image: build/tandem.bin
# make compare    every workload under every policy: tables, and build/report/
# make check      what each commit passes: two to four minutes
# make test       everything that can fail; ends with "N passed, N failed"
# make test-random  100 million random operations on the host: minutes
# make test-churn  100,000 random operations in the kernel on each backend
# make fuzz       five libFuzzer targets, a minute each: FUZZ_SECONDS=60
# make test-fresh  compare and test on a Debian that was just installed; root,
#                 and SUITE=bookworm or trixie
# make test-nested  the kernel under KVM with nesting, on Bochs and on QEMU
# make mutate     random slips in FILE=mm/gup.c, and which test notices each
# make explore    every litmus test in every interleaving, on the host
# make iso        a GRUB image with one menu entry per preset, for BIOS and
#                 UEFI: build/tandem.iso
# make docs       docs/litmus.md and docs/performance.md anew, from the files
#                 that they are about
# make mail       docs/mail.md anew: its figures and its interleavings
# make readme     README's tables anew, and how long its commands take
# make clean      remove build/
# make help       this text
#
# compare, iso and the tests install what is missing first, and name it
# (tools/setup.sh).
# BUILD=DIR builds elsewhere.

BUILD ?= build
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := options multiboot exits scenario litmus
EXPLORE_PREEMPTIONS ?= 3
SUITE ?= bookworm
MAX_IMAGE_SIZE := 1048576

CC := gcc
OBJCOPY := objcopy

FLAGS := -std=gnu11 -O3 -g -Wall -Wextra -Werror -I. -MMD -MP \
	-ffreestanding -fno-stack-protector -fno-pic -no-pie \
	-mno-red-zone -mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -mcmodel=small
LTO_FLAGS := -flto -flto-partition=one -fno-fat-lto-objects
LINK_FLAGS := -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

KERNEL_FOLDERS := boot lib arch/x86 mm ept vmm lab $(wildcard lab/*) test/boot
KERNEL_SOURCES := $(sort $(filter-out boot/rom.S boot/guest_image.S, \
	$(foreach folder,$(KERNEL_FOLDERS), \
		$(wildcard $(folder)/*.c $(folder)/*.S))))
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(BUILD)/kernel/%.o) \
	$(BUILD)/kernel/boot/guest_image.S.o
GUEST_SOURCES := $(sort $(wildcard guest/*.c guest/*.S))
GUEST_OBJECTS := $(GUEST_SOURCES:%=$(BUILD)/guest/%.o)

EMBEDDED := $(BUILD)/embedded/litmus_files.o \
	$(BUILD)/embedded/scenario_files.o $(BUILD)/embedded/bench_files.o

comma := ,

# What may be set on make's command line.
SETTINGS := BUILD CC OBJCOPY MAX_IMAGE_SIZE SUITE FUZZ_SECONDS \
	EXPLORE_PREEMPTIONS TANDEM_SEED TANDEM_OPERATIONS LOCKED FILE SEED \
	COUNT DEAREST LTO_FLAGS
SET := $(foreach name,$(.VARIABLES),\
	$(if $(findstring command line,$(origin $(name))),$(name)))
ifneq ($(filter-out $(SETTINGS),$(SET)),)
$(error '$(filter-out $(SETTINGS),$(SET))' is not accepted: accepted are \
	$(filter-out LOCKED,$(SETTINGS)). ./tandem compare --help has what \
	compare can be told)
endif

# Where this folder is does not matter: no name in here leads there.
ODD := $(foreach character,: ; % & | < > ( ) [ ] { } * ? ! ~ ^ ` ' " = $$ \ \
	$(comma),$(findstring $(character),$(BUILD)))
ifneq ($(words $(BUILD))$(strip $(ODD)),1)
$(error BUILD='$(BUILD)' is not accepted: accepted is a name of letters, \
	digits and . _ - + / @)
endif

# Goals that run something; all others build.
RUNS := compare check test test-random test-churn test-fresh test-nested iso \
	fuzz mutate explore docs mail readme clean help

.PHONY: kernel $(RUNS) compiler FORCE
.DEFAULT_GOAL := kernel
.DELETE_ON_ERROR:

# --- Goals that run something. What make starts takes its place in the
# process that make knows (exec), and ends when make does, however that ends.

WITH_MAKE := exec $(if $(shell command -v setpriv),setpriv --pdeathsig TERM) \
	env BUILD=$(BUILD) TANDEM_WITH_PARENT=1

compare:
	@tools/setup.sh compare
	@$(WITH_MAKE) ./tandem compare --out $(BUILD)/report

check:
	@tools/setup.sh test
	@$(WITH_MAKE) test/run check

test:
	@tools/setup.sh test
	@$(WITH_MAKE) test/run

# TANDEM_SEED, TANDEM_OPERATIONS: see test/host/random.c.
test-random:
	@tools/setup.sh test
	@$(MAKE) --no-print-directory $(BUILD)/host/random.t
	@$(WITH_MAKE) CMOCKA_MESSAGE_OUTPUT=TAP \
		TANDEM_OPERATIONS=$${TANDEM_OPERATIONS:-100000000} \
		$(BUILD)/host/random.t

# 7200 operations, 7 policies, an idle and a running guest: 100,800.
test-churn:
	@tools/setup.sh test
	@$(WITH_MAKE) sh -c 'for backend in bochs-vmx bochs-svm qemu-svm; do \
		./tandem compare --backend $$backend --workload churn \
			--pages 64 --operations 7200 || exit $$?; \
	done'

# Not part of make test: it needs root, and downloads a Debian.
test-fresh:
	@tools/setup.sh test-fresh
	@$(WITH_MAKE) test/fresh $(SUITE)

test-nested:
	@tools/setup.sh test-nested
	@$(WITH_MAKE) prove --timer --verbose test/boot/nested.t \
		:: KvmOnTcg KvmOnBochs

iso:
	@tools/setup.sh iso
	@$(MAKE) --no-print-directory $(BUILD)/tandem.iso

# Every litmus test in every interleaving: test/explore/build.mk.
explore:
	@tools/setup.sh explore
	@$(MAKE) --no-print-directory $(BUILD)/explore/explore
	@mkdir -p $(BUILD)/explore/traces
	$(WITH_MAKE) $(BUILD)/explore/explore --policy all --mutants \
		--preemptions $(EXPLORE_PREEMPTIONS) --jobs $$(nproc) \
		--trace $(BUILD)/explore/traces

fuzz:
	@tools/setup.sh fuzz
	@$(MAKE) --no-print-directory fuzz-programs
	@$(WITH_MAKE) test/fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# FILE=mm/gup.c, or a folder; SEED=1, COUNT=10; tests that take over DEAREST=30
# seconds of CPU time are left out.
mutate:
	@tools/setup.sh test
	@$(WITH_MAKE) tools/mutate.py --file "$(FILE)" --build "$(BUILD)" \
		$(if $(SEED),--seed "$(SEED)") \
		$(if $(COUNT),--count "$(COUNT)") \
		$(if $(DEAREST),--dearest "$(DEAREST)")

readme:
	@tools/setup.sh test
	@$(WITH_MAKE) tools/readme.sh

# Documents that are printed from the source.
docs:
	@mkdir -p $(BUILD)
	@tools/litmus_doc.py >$(BUILD)/litmus.md
	@mv $(BUILD)/litmus.md docs/litmus.md
	@tools/performance_doc.py >$(BUILD)/performance.md
	@mv $(BUILD)/performance.md docs/performance.md

mail:
	@tools/setup.sh compare
	@mkdir -p $(BUILD)
	@$(WITH_MAKE) tools/mail_doc.py >$(BUILD)/mail.md
	@mv $(BUILD)/mail.md docs/mail.md
	@sed -n '/^## /p; /^|/p' docs/mail.md

clean:
	rm -rf $(BUILD)

help:
	@sed -n '/^# \{0,1\}/!q; s/^# \{0,1\}//p' Makefile

# --- Goals that build. One build at a time in a folder: whoever comes second
# waits, and then finds everything built. What only runs holds no lock: it
# calls make to build. That make, inside, has LOCKED=1 and all the rules.

ifndef LOCKED

BUILDS := $(filter-out $(RUNS),$(or $(MAKECMDGOALS),kernel))

.PHONY: locked $(BUILDS)

$(BUILDS): locked
	@:

locked:
	@mkdir -p $(BUILD)
	+@exec $(if $(shell command -v flock),flock --no-fork $(BUILD)/lock) \
		$(MAKE) --no-print-directory LOCKED=1 $(BUILDS)

else

kernel: $(BUILD)/tandem.bin $(BUILD)/bochs.rom $(BUILD)/reader

compiler:
	@for tool in $(CC) $(OBJCOPY); do \
		command -v $$tool >/dev/null || { echo "$$tool is missing:" \
			"apt-get install gcc libc6-dev binutils," \
			"or make compare, which installs them" >&2; exit 3; }; \
	done

# --- The kernel. Objects also depend on this file: the flags are here.

$(BUILD)/kernel/%.c.o: %.c Makefile | compiler
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(LTO_FLAGS) -c -o $@ $<

# The compiler calls these by itself, later than it looks for who is called.
$(BUILD)/kernel/lib/string.c.o: LTO_FLAGS := -fno-lto

$(BUILD)/kernel/%.S.o: %.S Makefile | compiler
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<

$(BUILD)/kernel/boot/guest_image.S.o: boot/guest_image.S $(BUILD)/guest.bin \
		Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -DGUEST_IMAGE='"$(BUILD)/guest.bin"' -c -o $@ $<

# Changes when a source appears or goes: then the kernel is linked again.
$(BUILD)/objects.list: FORCE
	@mkdir -p $(@D)
	@echo $(KERNEL_SOURCES) | cmp -s - $@ || echo $(KERNEL_SOURCES) >$@

# What a machine may be booting just now is replaced, not changed.
$(BUILD)/tandem.elf: $(KERNEL_OBJECTS) $(EMBEDDED) $(BUILD)/objects.list \
		linker.ld
	$(CC) $(filter-out -MMD -MP,$(FLAGS)) $(LTO_FLAGS) $(LINK_FLAGS) \
		-T linker.ld -o $@.new $(KERNEL_OBJECTS) \
		$(EMBEDDED)
	@mv $@.new $@

$(BUILD)/tandem.bin: $(BUILD)/tandem.elf
	$(OBJCOPY) -O binary $< $@.new
	@size=$$(stat -c %s $@.new); if [ $$size -gt $(MAX_IMAGE_SIZE) ]; then \
		echo "$@ has $$size bytes, more than $(MAX_IMAGE_SIZE)" >&2; \
		exit 1; \
	fi
	@mv $@.new $@

# --- Text files that the kernel carries, and the programs of the host.

$(BUILD)/embedded/litmus_files.S: $(wildcard lab/litmus/*.litmus) lab/litmus \
		tools/embed.sh
	@mkdir -p $(@D)
	tools/embed.sh litmus_files $(sort $(filter %.litmus,$^)) >$@

$(BUILD)/embedded/scenario_files.S: $(wildcard lab/scenario/*.scn) \
		lab/scenario tools/embed.sh
	@mkdir -p $(@D)
	tools/embed.sh scenario_files $(sort $(filter %.scn,$^)) >$@

$(BUILD)/embedded/bench_files.S: $(wildcard lab/bench/*.scn) lab/bench \
		tools/embed.sh
	@mkdir -p $(@D)
	tools/embed.sh bench_files $(sort $(filter %.scn,$^)) >$@

$(BUILD)/embedded/%.o: $(BUILD)/embedded/%.S | compiler
	$(CC) -c -o $@ $<

# --- The same readers for the host.

READER := tools/reader.c tools/text_file.c $(addprefix lab/scenario/,read.c read_do.c) \
	$(addprefix lab/verb/,read.c verb.c) \
	$(addprefix lab/litmus/,condition.c litmus.c read.c read_action.c) \
	$(addprefix lib/,format.c scan.c)

$(BUILD)/reader: $(READER) $(wildcard lib/*.h lab/*/*.h vmm/*_abi.h tools/*.h) Makefile \
		| compiler
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -Wall -Wextra -Werror -I. -o $@.new $(READER)
	@mv $@.new $@

# --- The guest, which the kernel carries.

$(BUILD)/guest/guest/%.o: guest/% Makefile | compiler
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<

$(BUILD)/guest.elf: $(GUEST_OBJECTS) guest/guest.lds
	$(CC) $(LINK_FLAGS) -T guest/guest.lds -o $@ $(GUEST_OBJECTS)

$(BUILD)/guest.bin: $(BUILD)/guest.elf
	$(OBJCOPY) -O binary $< $@

# --- The firmware that boots the kernel on Bochs.

$(BUILD)/bochs.rom: boot/rom.S Makefile | compiler
	@mkdir -p $(@D)
	$(CC) -I. -MMD -MP -MF $(BUILD)/rom.d -c -o $(BUILD)/rom.o $<
	$(OBJCOPY) -O binary -j .text $(BUILD)/rom.o $@.new
	@mv $@.new $@

# --- For real hardware: BIOS and UEFI, from a CD or from a stick.

$(BUILD)/tandem.iso: $(BUILD)/tandem.bin boot/grub.cfg
	rm -rf $(BUILD)/iso
	mkdir -p $(BUILD)/iso/boot/grub
	cp $(BUILD)/tandem.bin $(BUILD)/iso/boot/
	cp boot/grub.cfg $(BUILD)/iso/boot/grub/
	grub-mkrescue --fonts= --themes= --locales= -o $@ $(BUILD)/iso

-include $(KERNEL_OBJECTS:.o=.d) $(GUEST_OBJECTS:.o=.d) $(BUILD)/rom.d
-include test/host/build.mk
-include test/fuzz/build.mk
-include test/explore/build.mk

endif
