/*
 * The release, as the kernel's first line says it.
 */
#ifndef BOOT_VERSION_H
#define BOOT_VERSION_H

#define TANDEM_VERSION	"0.1.0"

#endif
