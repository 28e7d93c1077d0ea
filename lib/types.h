/*
 * The kinds of address, frame number and size that the whole kernel shares.
 *
 * Each kind of address is its own struct, so that the compiler rejects a gpa
 * where an hpa is meant. Conversions name both ends. Pure: host tests compile
 * this file as it is.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

typedef struct { u64 v; } gva_t;	/* guest virtual address */
typedef struct { u64 v; } gpa_t;	/* guest physical address */
typedef struct { u64 v; } hva_t;	/* host virtual address of a process */
typedef struct { u64 v; } hpa_t;	/* host physical address */
typedef struct { u64 n; } gfn_t;	/* guest frame number */
typedef struct { u64 n; } pfn_t;	/* host frame number */

/* Physical memory, half open. */
struct memory_range {
	hpa_t start, end;
};

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1ull << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_WORDS	(PAGE_SIZE / sizeof(u64))

/* Page-table geometry, the same for host tables, EPT and NPT. */
#define TABLE_BITS	9
#define TABLE_ENTRIES	(1u << TABLE_BITS)
#define ROOT_LEVEL	4	/* level 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB */

#define MAX_CPUS	16

static inline gfn_t gpa_to_gfn(gpa_t gpa)
{
	return (gfn_t){ gpa.v >> PAGE_SHIFT };
}

static inline gpa_t gfn_to_gpa(gfn_t gfn)
{
	return (gpa_t){ gfn.n << PAGE_SHIFT };
}

static inline pfn_t hpa_to_pfn(hpa_t hpa)
{
	return (pfn_t){ hpa.v >> PAGE_SHIFT };
}

static inline hpa_t pfn_to_hpa(pfn_t pfn)
{
	return (hpa_t){ pfn.n << PAGE_SHIFT };
}

static inline hva_t hva_add(hva_t hva, u64 bytes)
{
	return (hva_t){ hva.v + bytes };
}

static inline hva_t hva_page(hva_t hva)
{
	return (hva_t){ hva.v & PAGE_MASK };
}

/* Index of @address in a table of @level (1 = the table of 4 KiB leaves). */
static inline unsigned table_index(u64 address, int level)
{
	return (address >> (PAGE_SHIFT + TABLE_BITS * (level - 1))) &
	       (TABLE_ENTRIES - 1);
}

/* Bytes that an entry of a table of @level translates. */
static inline u64 entry_size(int level)
{
	return PAGE_SIZE << (TABLE_BITS * (level - 1));
}

#endif
