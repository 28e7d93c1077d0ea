# make            the kernel, a multiboot image: build/tandem.bin
# make compare    every workload under every policy: tables, and build/report/
# make test       everything that can fail; ends with "N passed, N failed"
# make test-random  100 million random operations on the host: minutes
# make test-churn  100,000 random operations in the kernel on each backend
# make fuzz       three libFuzzer targets, a minute each: FUZZ_SECONDS=60
# make test-nested  the kernel under KVM with nesting, on Bochs and on QEMU
# make explore    every litmus test in every interleaving, on the host
# make iso        a GRUB image with one menu entry per preset, for BIOS and
#                 UEFI: build/tandem.iso
# make docs       docs/litmus.md anew, from the litmus tests themselves
# make clean      remove build/
# make help       this text
#
# compare, iso and the tests install what is missing first, and name it
# (tools/setup.sh).
# BUILD=DIR builds elsewhere.

BUILD ?= build
MAX_IMAGE_SIZE := 262144

CC := gcc
OBJCOPY := objcopy

FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -I. -MMD -MP \
	-ffreestanding -fno-stack-protector -fno-pic -no-pie \
	-mno-red-zone -mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -mcmodel=small
LINK_FLAGS := -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

KERNEL_FOLDERS := boot arch/x86 mm ept vmm lab test/boot
KERNEL_SOURCES := $(sort $(filter-out boot/rom.S boot/guest_image.S, \
	$(foreach folder,$(KERNEL_FOLDERS), \
		$(wildcard $(folder)/*.c $(folder)/*.S))))
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(BUILD)/kernel/%.o) \
	$(BUILD)/kernel/boot/guest_image.S.o
GUEST_SOURCES := $(sort $(wildcard guest/*.c guest/*.S))
GUEST_OBJECTS := $(GUEST_SOURCES:%=$(BUILD)/guest/%.o)

.PHONY: kernel compare test test-random test-churn test-nested iso clean help compiler FORCE
.DELETE_ON_ERROR:

kernel: $(BUILD)/tandem.bin $(BUILD)/bochs.rom

compare:
	@tools/setup.sh compare
	@BUILD=$(BUILD) ./tandem compare --out $(BUILD)/report

test:
	@tools/setup.sh test
	@BUILD=$(BUILD) test/run

# TANDEM_SEED, TANDEM_OPERATIONS: see test/host/random.c.
test-random:
	@tools/setup.sh test
	@$(MAKE) --no-print-directory $(BUILD)/host/random.t
	@TANDEM_OPERATIONS=$${TANDEM_OPERATIONS:-100000000} \
		CMOCKA_MESSAGE_OUTPUT=TAP $(BUILD)/host/random.t

# 7200 operations, 7 policies, an idle and a running guest: 100,800.
test-churn:
	@tools/setup.sh test
	@for backend in bochs-vmx bochs-svm qemu-svm; do \
		BUILD=$(BUILD) ./tandem compare --backend $$backend --workload \
			churn --pages 64 --operations 7200 || exit $$?; \
	done

test-nested: kernel
	@tools/setup.sh test-nested
	@BUILD=$(BUILD) prove --timer --verbose test/boot/nested.t \
		:: KvmOnTcg KvmOnBochs

clean:
	rm -rf $(BUILD)

help:
	@sed -n '/^# \{0,1\}/!q; s/^# \{0,1\}//p' Makefile

compiler:
	@for tool in $(CC) $(OBJCOPY); do \
		command -v $$tool >/dev/null || { echo "$$tool is missing:" \
			"apt-get install gcc libc6-dev binutils," \
			"or make compare, which installs them" >&2; exit 3; }; \
	done

# --- The kernel. Objects also depend on this file: the flags are here.

$(BUILD)/kernel/%.c.o: %.c Makefile | compiler
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<

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

$(BUILD)/tandem.elf: $(KERNEL_OBJECTS) $(BUILD)/objects.list boot/kernel.lds
	$(CC) $(LINK_FLAGS) -T boot/kernel.lds -o $@ $(KERNEL_OBJECTS)

$(BUILD)/tandem.bin: $(BUILD)/tandem.elf
	$(OBJCOPY) -O binary $< $@
	@size=$$(stat -c %s $@); if [ $$size -gt $(MAX_IMAGE_SIZE) ]; then \
		echo "$@ has $$size bytes, more than $(MAX_IMAGE_SIZE)" >&2; \
		exit 1; \
	fi

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
	$(OBJCOPY) -O binary -j .text $(BUILD)/rom.o $@

# --- For real hardware: BIOS and UEFI, from a CD or from a stick.

iso:
	@tools/setup.sh iso
	@$(MAKE) --no-print-directory $(BUILD)/tandem.iso

$(BUILD)/tandem.iso: $(BUILD)/tandem.bin boot/grub.cfg
	rm -rf $(BUILD)/iso
	mkdir -p $(BUILD)/iso/boot/grub
	cp $(BUILD)/tandem.bin $(BUILD)/iso/boot/
	cp boot/grub.cfg $(BUILD)/iso/boot/grub/
	grub-mkrescue --fonts= --themes= --locales= -o $@ $(BUILD)/iso

# --- Documents that are printed from the source.

$(BUILD)/litmus_doc: tools/litmus_doc.c lab/litmus.c lab/litmus_tests.c \
		lab/litmus.h Makefile | compiler
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -Wall -Wextra -Werror -I. -o $@ $(filter %.c,$^)

docs: $(BUILD)/litmus_doc
	$(BUILD)/litmus_doc >docs/litmus.md

-include $(KERNEL_OBJECTS:.o=.d) $(GUEST_OBJECTS:.o=.d) $(BUILD)/rom.d
-include test/host/build.mk
-include test/fuzz/build.mk
-include test/explore/build.mk
