/*
 * Stands in for what arch/x86/page.h does to whole pages: by access.c, one word
 * after the other where another actor uses that word by itself, at once where
 * nobody does.
 */
#ifndef EXPLORE_PAGE_H
#define EXPLORE_PAGE_H

#define page_fill	page_fill_unseen
#define page_copy	page_copy_unseen
#define page_same	page_same_unseen
#include_next <arch/x86/page.h>
#undef page_fill
#undef page_copy
#undef page_same

void page_fill(void *page, u64 word);
void page_copy(void *to, const void *from);
bool page_same(const void *a, const void *b);

#endif
