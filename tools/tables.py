"""The tables that people read: per workload what each policy cost, and for a
single workload where, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.results import Phase, Results, Run

if TYPE_CHECKING:
    from rich.console import Console

INVEPT = ("invept_single", "invept_global",
          "tlb_control_single", "tlb_control_global")


def count(counters: dict[str, int], *names: str) -> int:
    """Sum of counters; one that was never counted is 0."""
    return sum(counters.get(name, 0) for name in names)


def spurious(run: Run) -> str:
    """Measured, and the bound where the hardware may not show them."""
    seen = count(run.counters, "pf_spurious")
    bound = run.predicted.get("pf_spurious_max", 0)
    return f"{seen} (≤{bound})" if bound > seen else str(seen)


# Heading, and what stands in the column.
COLUMNS = (
    ("flush req", lambda r: count(r.counters, "remote_tlb_flush_requests")),
    ("least", lambda r: r.ideal.get("remote_tlb_flush_requests", "")),
    ("primary", lambda r: count(r.counters, "primary_flush_requests")),
    ("kicks", lambda r: count(r.counters, "kicks")),
    ("flushes", lambda r: count(r.counters, *INVEPT)),
    ("faults", lambda r: count(r.counters, "pf_taken")),
    ("refaults", lambda r: count(r.counters, "pf_refault")),
    ("spurious", spurious),
    ("stale", lambda r: r.stale_reads),
    ("verdict", lambda r: verdict(r)),
)

LEGEND = ("flush req: remote TLB flushes asked for; least: what the "
          "transitions allow; primary: the same for the host's own TLB; "
          "kicks: IPIs to running vCPUs; flushes: INVEPT or TLB_CONTROL; "
          "faults: guest faults; refaults: of them on a mapping that was "
          "zapped in vain; spurious (≤ bound that hardware may show); "
          "stale: guest reads of a wrong byte.")


def verdict(run: Run) -> str:
    """The verdict, as it counts: a mutant is there to be caught."""
    if not run.mutant:
        return run.verdict
    if run.verdict in ("stale", "violation"):
        return f"{run.verdict}: caught"
    return run.verdict


def label(run: Run) -> str:
    """Names the row: the policy, or the mutant over its base."""
    return f"{run.mutant} [mutant]" if run.mutant else run.policy


def workloads(results: Results) -> list[tuple[str, list[Run]]]:
    """Runs by workload, both in the order in which they were made."""
    order: dict[str, list[Run]] = {}
    for run in results.runs:
        order.setdefault(run.workload, []).append(run)
    return list(order.items())


def head_line(results: Results) -> str:
    """What was run, on what."""
    return (f"tandem {results.version} on {results.backend} "
            f"({results.machine} machine), {results.secondary.upper()}, "
            f"{results.cpus} CPUs")


def subtitle(runs: list[Run]) -> str:
    """The size of the experiment."""
    run = runs[0]
    return f"{run.pages} pages, {run.vcpus} vCPU, seed {run.seed}"


def _style(run: Run) -> str:
    if run.mutant:
        return "dim" if run.verdict in ("coherent", "stale", "violation") \
            else "bold red"
    return "" if run.verdict == "coherent" else "bold red"


def print_tables(results: Results, console: Console) -> None:
    """All of it: a table for each workload, phases if there is only one."""
    from rich.table import Table
    from rich import box

    groups = workloads(results)
    for name, runs in groups:
        table = Table(title=f"{name}: {subtitle(runs)}", box=box.SIMPLE_HEAD,
                      title_justify="left", pad_edge=False, title_style="bold",
                      padding=(0, 1))
        table.add_column("policy", no_wrap=True)
        table.add_column("guest", no_wrap=True)
        for heading, _ in COLUMNS:
            table.add_column(heading, justify="left" if heading == "verdict"
                             else "right", no_wrap=True)
        guest = runs[0].guest
        for run in runs:
            if run.guest != guest:
                table.add_section()
                guest = run.guest
            table.add_row(label(run), run.guest,
                          *(str(value(run)) for _, value in COLUMNS),
                          style=_style(run))
        console.print(table)
        if len(groups) == 1:
            _print_phases(runs, console)
    console.print(LEGEND, style="dim")
    console.print(head_line(results))


def phase_cell(phase: Phase) -> str:
    """Requests / refaults / faults of one phase."""
    counters = phase.counters
    return " / ".join(str(count(counters, name)) for name in
                      ("remote_tlb_flush_requests", "pf_refault", "pf_taken"))


def phase_rows(runs: list[Run]) -> list[list[str]]:
    """A row for each phase, a cell for each run; runs that ended early have
    empty cells."""
    longest = max(runs, key=lambda run: len(run.phases))
    rows = []
    for number, phase in enumerate(longest.phases):
        cells = [phase_cell(run.phases[number])
                 if number < len(run.phases) else "" for run in runs]
        rows.append([phase.name, *cells])
    return rows


def _print_phases(runs: list[Run], console: Console) -> None:
    from rich.table import Table
    from rich import box

    for guest in dict.fromkeys(run.guest for run in runs):
        group = [run for run in runs if run.guest == guest]
        table = Table(title=f"by phase, guest {guest}: "
                      "requests / refaults / faults", box=box.SIMPLE_HEAD,
                      title_justify="left", pad_edge=False, title_style="bold")
        table.add_column("phase", no_wrap=True)
        for run in group:
            table.add_column(label(run), justify="right")
        for row in phase_rows(group):
            table.add_row(*row)
        console.print(table)
