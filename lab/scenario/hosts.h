/*
 * Host threads: the page-by-page actions of a phase, shared out between CPU 0
 * and every CPU that has no vCPU. With 1 + vcpus CPUs there is CPU 0 alone.
 */
#ifndef LAB_SCENARIO_HOSTS_H
#define LAB_SCENARIO_HOSTS_H

#include "lab/scenario/driver.h"
#include "lab/scenario/selection.h"

/*
 * Call @fn(@arg, page) once for each of @pages, each thread waiting for the
 * running @guest before each of its pages. Returns the first error of any
 * thread.
 */
__must_check int hosts_each_page(struct guest *guest,
				 const struct selected *pages,
				 int (*fn)(void *arg, u32 page), void *arg);

#endif
