/*
 * A store for which there is no frame fails; the machine goes on, and the same
 * store succeeds when there is one again.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/user.h"
#include "mm/mm.h"

static int store_without_memory(struct mm *mm)
{
	struct hva_range range = { { HVA_START }, { HVA_START + PAGE_SIZE } };
	u64 *word = (u64 *)HVA_START;

	EXPECT_EQUAL(mm_mmap(mm, range, VMA_WRITE), 0);
	mm_switch(mm);
	EXPECT(user_store(word + 1, 2));	/* the tables are there now */
	mm_discard(mm, range);

	frame_fail_at(1);
	EXPECT(!user_store(word, 1));
	EXPECT(user_store(word, 1));
	EXPECT_EQUAL(word[0], 1);
	EXPECT_EQUAL(word[1], 0);
	EXPECT(!user_store((u64 *)HVA_END - 1, 1));	/* no area there */
	return BOOT_TEST_PASS;
}

BOOT_TEST(no_memory)
{
	u64 free_before = frame_free_count();
	struct mm *mm = mm_create();
	int result;

	EXPECT(mm);
	result = store_without_memory(mm);
	mm_switch(NULL);
	mm_put(mm);
	EXPECT_EQUAL(frame_free_count(), free_before);	/* INV-FREE */
	return result;
}
