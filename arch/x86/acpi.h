/*
 * Finds a firmware table, if the tables are where a BIOS puts them. Pure: it
 * reads only what its caller lets it read.
 *
 * ACPI Specification 6.4, 5.2.5 to 5.2.8
 */
#ifndef ARCH_X86_ACPI_H
#define ARCH_X86_ACPI_H

#include "lib/types.h"

/* @size bytes of physical memory to read, or NULL: not there. */
typedef const void *(*acpi_read_fn)(u64 address, u64 size);

/*
 * The table called @signature (four letters), complete, with a valid checksum
 * and at least @size bytes; NULL: there is none.
 */
const void *acpi_find(acpi_read_fn read, const char *signature, u32 size);

#endif
