# Fuzz targets: test/fuzz/NAME.c with what it calls.
#
# make fuzz	each for FUZZ_SECONDS with libFuzzer; what it finds is left in
#		$(BUILD)/fuzz/
#
# With gcc and replay.c they are host tests: $(BUILD)/host/fuzz_NAME.t.

FUZZ_options := $(HOST_OPTIONS)
FUZZ_multiboot :=
FUZZ_scenario :=
FUZZ_litmus :=
FUZZ_exits := vmm/vcpu.c vmm/samples.c
FUZZ_SHARED := $(HOST_PURE) $(HOST_FAKE)

FUZZ_REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/host/fuzz_%.t)
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)

.PHONY: fuzz-programs
.SECONDARY: $(BUILD)/host/test/fuzz/replay.c.o $(foreach name,$(FUZZ_TARGETS),\
	$(patsubst %,$(BUILD)/host/%.o,test/fuzz/$(name).c $(FUZZ_$(name))))
.SECONDEXPANSION:

host-tests: $(FUZZ_REPLAYS)

$(BUILD)/host/fuzz_%.t: $(BUILD)/host/test/fuzz/%.c.o \
		$(BUILD)/host/test/fuzz/replay.c.o \
		$$(addsuffix .o,$$(addprefix $(BUILD)/host/,$$(FUZZ_$$*))) \
		$(FUZZ_SHARED:%=$(BUILD)/host/%.o) $(EMBEDDED)
	$(CC) $(HOST_FLAGS) -o $@ $^ -pthread

$(BUILD)/fuzz/%: test/fuzz/%.c $$(FUZZ_$$*) $(FUZZ_SHARED) $(EMBEDDED) \
		test/fuzz/build.mk
	@mkdir -p $(@D)
	clang -std=gnu11 -O1 -g -w -Itest/fake -I. -pthread \
		-fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $(filter %.c %.o,$^)

fuzz-programs: $(FUZZ_PROGRAMS)

-include $(FUZZ_TARGETS:%=$(BUILD)/host/test/fuzz/%.c.d) \
	$(BUILD)/host/test/fuzz/replay.c.d
