# Host tests: each test/host/*.c is a program $(BUILD)/host/NAME.t that prints
# TAP, linked with all of the kernel that is pure and with the fake machine.
#
# make host-tests	builds them
# make host-check	runs them

HOST_FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Itest/fake -I. -MMD -MP \
	-fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -pthread
HOST_LIBS := -lcmocka -pthread

# Everything here compiles as it is: only arch/x86/insn.h is another file, in
# test/fake/.
HOST_PURE := $(wildcard mm/*.c ept/*.c) $(wildcard lab/check/*.c) \
	$(wildcard lab/mutant/*.c) \
	$(wildcard lab/verb/*.c) $(addprefix lab/litmus/,condition.c litmus.c read.c \
	read_action.c tests.c) \
	$(addprefix lab/scenario/,least.c page_array.c read.c read_do.c \
	scenarios.c selection.c) boot/multiboot.c boot/framebuffer.c \
	boot/command.c boot/usable.c boot/modules.c \
	$(addprefix arch/x86/,acpi.c clock_measure.c counter.c font.c \
		framebuffer.c handshake.c processor.c spinlock.c wait.c) \
	$(addprefix lib/,format.c rule.c scan.c step.c tree.c)
HOST_FAKE := $(wildcard test/fake/*.c)
HOST_SUPPORT := $(addprefix test/host/,support.c vm.c pair.c history.c \
	model.c operations.c)
HOST_TESTS := $(filter-out $(HOST_SUPPORT),$(wildcard test/host/*.c))
HOST_SHARED := $(HOST_PURE) $(HOST_FAKE) $(HOST_SUPPORT)
HOST_OBJECTS := $(HOST_SHARED:%=$(BUILD)/host/%.o) $(EMBEDDED)
HOST_PROGRAMS := $(HOST_TESTS:test/host/%.c=$(BUILD)/host/%.t)

.PHONY: host-tests host-check
.SECONDARY: $(HOST_OBJECTS) $(HOST_TESTS:%=$(BUILD)/host/%.o)

host-tests: $(HOST_PROGRAMS)

host-check: host-tests
	CMOCKA_MESSAGE_OUTPUT=TAP prove --exec '' --jobs 2 $(HOST_PROGRAMS)

$(BUILD)/host/%.c.o: %.c test/host/build.mk
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) -c -o $@ $<

$(BUILD)/host/%.t: $(BUILD)/host/test/host/%.c.o $(HOST_OBJECTS)
	$(CC) $(HOST_FLAGS) -o $@ $^ $(HOST_LIBS)

HOST_OPTIONS := $(addprefix lab/,experiment/options.c experiment/own_policy.c \
	experiment/reading.c bench/options.c litmus/options.c scenario/options.c \
	words.c)
$(BUILD)/host/options.t: $(HOST_OPTIONS:%=$(BUILD)/host/%.o)

$(BUILD)/host/samples.t: $(BUILD)/host/vmm/samples.c.o

# Calls that fail: each row of the list is led through the test's hands.
HOST_FALLIBLE := $(sort $(shell \
	sed -n 's/^\tROW.\([a-z0-9_]*\),.*/\1/p' test/host/fallible.h))
$(BUILD)/host/fallible.t: $(BUILD)/host/vmm/vm.c.o \
	$(BUILD)/host/vmm/loader.c.o
$(BUILD)/host/fallible.t: HOST_LIBS += \
	$(HOST_FALLIBLE:%=-Wl$(comma)--wrap=%)

# The back ends of hvm.h, over a CPU whose instructions are test/cpu/'s.
HOST_SVM := $(addprefix arch/x86/,svm.c svm_vmcb.c) \
	$(addprefix test/cpu/,cpu.c svm_model.c)
HOST_VMX := $(addprefix arch/x86/,vmx.c vmx_vmcs.c) \
	$(addprefix test/cpu/,cpu.c vmx_model.c)
HOST_SVM_TESTS := $(wildcard test/host/svm*.c)
HOST_VMX_TESTS := $(wildcard test/host/vmx*.c)
HOST_BACKEND_OBJECTS := $(patsubst %,$(BUILD)/host/%.o,$(sort $(HOST_SVM) \
	$(HOST_VMX)) $(HOST_SVM_TESTS) $(HOST_VMX_TESTS))
$(HOST_BACKEND_OBJECTS): HOST_FLAGS := -Itest/cpu $(HOST_FLAGS)
$(HOST_SVM_TESTS:test/host/%.c=$(BUILD)/host/%.t): \
	$(HOST_SVM:%=$(BUILD)/host/%.o)
$(HOST_VMX_TESTS:test/host/%.c=$(BUILD)/host/%.t): \
	$(HOST_VMX:%=$(BUILD)/host/%.o)

-include $(HOST_BACKEND_OBJECTS:.o=.d)
-include $(HOST_OBJECTS:.o=.d) $(HOST_OPTIONS:%=$(BUILD)/host/%.d) \
	$(BUILD)/host/vmm/vm.c.d \
	$(HOST_TESTS:%=$(BUILD)/host/%.d)
