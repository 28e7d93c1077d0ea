/*
 * A fuzz target: one function that takes any bytes, and aborts if what it
 * calls does what it must not. Two mains drive it: libFuzzer's (make fuzz), and
 * replay.c, which needs no clang and runs with every make test.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stddef.h>

#include "lib/compiler.h"
#include "lib/print.h"

extern const char fuzz_name[];		/* its folder in test/fuzz/corpus/ */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* What must hold; also says where, and what not. */
#define FUZZ_EXPECT(condition) BUG_ON(!(condition))

#endif
