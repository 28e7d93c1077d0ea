"""What operations cost, beside what they cost Linux and the goal."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Iterable

from tools.image import ROOT
from tools.report.results import Results, Run, policy_lines

if TYPE_CHECKING:
    from rich.console import Console

LINUX = ROOT / "lab" / "bench" / "linux.csv"
COLUMNS = ("operation", "policy", "count", "min", "median", "max", "linux",
           "goal")
SIZE = ("pages", "hosts")       # of all rows
LEGEND = "Instructions per operation, one CPU; ratio: median / Linux; goal: " \
    "about a tenth of Linux, ! is above it. What is timed as a whole has " \
    "count 1, and is per page."
CROWD = "Ticks per operation of the CPU of thread 0, one of {hosts} host " \
    "threads, each on a CPU of its own: its waits are in them. No ratio, no " \
    "goal: Linux was measured with one thread on one CPU."
PARTIAL = "The sums are of what is above, not of all that was asked for."


@dataclass(frozen=True)
class Linux:
    """What an operation costs Linux, and the goal: about a tenth of that
    (docs/performance.md)."""

    cost: int
    goal: int
    goal_changing: int      # of a policy that changes S and does not zap it


@dataclass(frozen=True)
class Cost:
    """An operation under a policy, in instructions."""

    operation: str
    policy: str
    count: int
    min: int
    median: int
    max: int
    linux: int = 0          # 0: not known, or not comparable
    goal: int = 0

    @property
    def figures(self) -> tuple[int, int, int, int]:
        return self.count, self.min, self.median, self.max


def linux_costs() -> dict[str, Linux]:
    """By operation."""
    rows = csv.DictReader(line for line in LINUX.read_text().splitlines()
                          if not line.startswith("#"))
    return {row["operation"]: Linux(
        int(row["linux"]), int(row["goal"]),
        int(row["goal_changing"] or row["goal"])) for row in rows}


def _changes(policy: str, runs: Iterable[Run]) -> bool:
    """Does @policy change S where others zap it? Then a guest does not fault
    on a page that the host has broken."""
    return any(run.policy == policy and run.counters.get("spte_change", 0) +
               run.counters.get("spte_wrprotect", 0) for run in runs)


def costs_of(runs: list[Run], hosts: int = 1) -> list[Cost]:
    """One for each run, in their order. Linux was measured with one thread:
    what several take is not compared with it."""
    known = linux_costs() if hosts == 1 else {}
    found = []
    for run in runs:
        ticks = run.ticks.get(run.workload)
        if not ticks:
            continue
        linux = known.get(run.workload, Linux(0, 0, 0))
        found.append(Cost(
            run.workload, run.policy, ticks["count"], ticks["min"],
            ticks["median"], ticks["max"], linux.cost,
            linux.goal_changing if _changes(run.policy, runs)
            else linux.goal))
    return found


def grouped(costs: list[Cost]) -> list[tuple[str, list[Cost]]]:
    """Operations whose figures are the same under several policies stand
    once: the policies' names, and one of them."""
    groups: dict[tuple, list[Cost]] = {}
    for cost in costs:
        groups.setdefault((cost.operation, cost.figures), []).append(cost)
    return [(", ".join(cost.policy for cost in group), group)
            for group in groups.values()]


@dataclass
class Costs(Results):
    """Finished runs of the bench, with the head that every output carries."""

    costs: list[Cost] = field(default_factory=list)
    pages: int = 0
    hosts: int = 1

    def as_json(self) -> str:
        head = self.head()
        head.update((name, getattr(self, name)) for name in SIZE)
        head["operations"] = [
            {name: getattr(cost, name) for name in COLUMNS}
            for cost in self.costs]
        return json.dumps(head, indent=1) + "\n"

    def as_csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS + SIZE)
        size = [getattr(self, name) for name in SIZE]
        for cost in self.costs:
            writer.writerow([getattr(cost, name) for name in COLUMNS] + size)
        return text.getvalue()


def sums(costs: list[Cost]) -> list[tuple[str, int, int]]:
    """Of each policy: all medians, and all figures of Linux."""
    return [(policy, sum(c.median for c in costs if c.policy == policy),
             sum(c.linux for c in costs if c.policy == policy))
            for policy in dict.fromkeys(cost.policy for cost in costs)]


def ratio(cost: int, linux: int) -> str:
    """What part of Linux's cost it is."""
    return f"{cost / linux:.3f}" if linux else ""


def _beside_linux(cost: Cost) -> tuple[str, str, str]:
    """Linux's cost, the ratio and the goal. An access that does not fault
    costs 3, itself: no goal is missed by so little."""
    if not cost.linux:
        return "", "", ""
    missed = "" if cost.median <= cost.goal + 3 else " !"
    return str(cost.linux), ratio(cost.median, cost.linux), \
        f"{cost.goal}{missed}"


def print_costs(results: Costs, console: Console) -> None:
    """A line for each operation and each of its costs."""
    from tools.report.litmus_tables import new_table
    from tools.report.tables import head_line
    alone = results.hosts == 1
    table = new_table()
    for name in ("operation", "policy"):
        table.add_column(name, no_wrap=name == "operation")
    for name in ("count", "min", "median", "max",
                 *(("Linux", "ratio", "goal") if alone else ())):
        table.add_column(name, justify="right", no_wrap=True)
    last = ""
    for policies, (cost, *_) in grouped(results.costs):
        table.add_row(
            "" if cost.operation == last else cost.operation, policies,
            *map(str, cost.figures), *(_beside_linux(cost) if alone else ()))
        last = cost.operation
    if not alone:
        console.print(CROWD.format(hosts=results.hosts))
    console.print(table)
    if alone:
        console.print(LEGEND)
    for policy, ours, linux in sums(results.costs):
        console.print(f"{policy}: {ours} in all" + (
            f", {ratio(ours, linux)} of Linux's {linux}" if linux else ""),
            soft_wrap=True)
    for text in [*results.faults, *([PARTIAL] if results.faults else [])]:
        console.print(text, style="bold red", soft_wrap=True)
    for line in policy_lines(results.policies):
        console.print(line)
    console.print(head_line(results))
