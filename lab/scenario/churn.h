/*
 * The workload churn: a seeded mix of everything that a host does to memory,
 * while the guest reads and writes.
 */
#ifndef LAB_SCENARIO_CHURN_H
#define LAB_SCENARIO_CHURN_H

#include "lab/experiment/run.h"

/*
 * As many operations as operations= says, on CPU 0, in an order that the seed
 * gives; CPUs that have no vCPU merge and migrate meanwhile. All pages were
 * written before. Returns the first error.
 */
int churn(struct run *run);

#endif
