/*
 * Host threads: the page-by-page actions of a phase, shared out between CPU 0
 * and every CPU that has no vCPU. With 1 + vcpus CPUs there is CPU 0 alone.
 */
#ifndef LAB_EXPERIMENT_HOSTS_H
#define LAB_EXPERIMENT_HOSTS_H

#include "lab/experiment/run.h"

/*
 * Perform @phase->page on each data page once, in the order that the seed
 * gives (seed=1: ascending), each thread waiting for the running guest before
 * each of its pages. Returns the first error of any thread.
 */
__must_check int hosts_each_page(struct run *run, const struct phase *phase);

#endif
