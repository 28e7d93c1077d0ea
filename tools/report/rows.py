"""Rows of the tables: the runs of one policy or mutant, one for each seed."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low
from typing import Callable, Iterable, NamedTuple

from tools.report.results import CAUGHT, Results, Run

INVEPT = ("invept_single", "invept_global",
          "tlb_control_single", "tlb_control_all")


def count(counters: dict[str, int], *names: str) -> int:
    """Sum of counters; one that was never counted is 0."""
    return sum(counters.get(name, 0) for name in names)


def flushes(run: Run) -> int:
    """Flushes that CPUs really executed."""
    return count(run.counters, *INVEPT)


def kicks(run: Run) -> int:
    """Interrupts to running vCPUs."""
    return count(run.counters, "kicks")


def requests(run: Run) -> int:
    """Flushes asked for."""
    return count(run.counters, "remote_tlb_flush_requests")


def faults(run: Run) -> int:
    """Guest faults."""
    return count(run.counters, "pf_taken")


def retries(run: Run) -> int:
    """Those of them that were sent back, as the page was changing."""
    return count(run.counters, "pf_retry")


class Spread(NamedTuple):
    """A figure over all seeds; the median is one of them."""

    low: int
    median: int
    high: int

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Spread:
        """Of at least one number."""
        found = list(numbers)
        return cls(min(found), median_low(found), max(found))

    @property
    def varies(self) -> bool:
        return self.low != self.high

    def __str__(self) -> str:
        return f"{self.median}{'~' if self.varies else ''}"

    @property
    def whole(self) -> str:
        """The median, and the range if there is one."""
        return f"{self.median} ({self.low} to {self.high})" \
            if self.varies else str(self.median)


def short(n: int) -> str:
    """At most five characters."""
    for unit, size in (("M", 10 ** 6), ("k", 10 ** 4)):
        if abs(n) >= size:
            return f"{n / (1000 if unit == 'k' else size):.0f}{unit}"
    return str(n)


@dataclass
class Row:
    """Runs that differ in their seed only."""

    runs: list[Run]

    @property
    def first(self) -> Run:
        return self.runs[0]

    @property
    def label(self) -> str:
        """The policy, or the mutant over its base."""
        run = self.first
        return f"{run.mutant} (mutant)" if run.mutant else run.policy

    @property
    def verdict(self) -> str:
        """The verdicts as they count, each once."""
        return " / ".join(dict.fromkeys(map(verdict, self.runs)))

    @property
    def is_coherent(self) -> bool:
        return all(run.verdict == "coherent" for run in self.runs)

    @property
    def kind(self) -> str:
        """How it is to look: "mutant", "bad" or neither."""
        fine = ("coherent", *CAUGHT) if self.first.mutant else ("coherent",)
        if any(run.verdict not in fine for run in self.runs):
            return "bad"
        return "mutant" if self.first.mutant else ""

    def spread(self, value: Callable[[Run], int]) -> Spread:
        """@value over the seeds."""
        return Spread.of(map(value, self.runs))

    def least(self, name: str) -> int | None:
        """The least of a counter, None if it is not known."""
        known = [run.ideal[name] for run in self.runs if name in run.ideal]
        return min(known) if len(known) == len(self.runs) else None


def verdict(run: Run) -> str:
    """The verdict, as it counts: a mutant is there to be caught."""
    if not run.mutant:
        return run.verdict
    return f"caught ({run.verdict})" if run.verdict in CAUGHT else run.verdict


def rows_of(runs: Iterable[Run]) -> list[Row]:
    """One for each policy and mutant, in the order of the runs."""
    found: dict[tuple, Row] = {}
    for run in runs:
        key = run.workload, run.guest, run.policy, run.mutant
        found.setdefault(key, Row([])).runs.append(run)
    return list(found.values())


def by_guest(runs: list[Run]) -> list[tuple[str, list[Row]]]:
    """Rows of one workload, apart by what the guest did."""
    return [(guest, rows_of(run for run in runs if run.guest == guest))
            for guest in dict.fromkeys(run.guest for run in runs)]


def workloads(results: Results) -> list[tuple[str, list[Run]]]:
    """Runs by workload, both in the order in which they were made."""
    order: dict[str, list[Run]] = {}
    for run in results.runs:
        order.setdefault(run.workload, []).append(run)
    return list(order.items())
