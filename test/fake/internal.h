/*
 * Between the files of test/fake/.
 */
#ifndef TEST_FAKE_INTERNAL_H
#define TEST_FAKE_INTERNAL_H

void fake_tlb_reset(void);

#endif
