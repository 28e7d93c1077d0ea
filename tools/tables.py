"""The tables that people read: per workload what each policy cost, and for a
single workload where, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from tools.results import CAUGHT, Phase, Results, Run, summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

INVEPT = ("invept_single", "invept_global",
          "tlb_control_single", "tlb_control_all")


def count(counters: dict[str, int], *names: str) -> int:
    """Sum of counters; one that was never counted is 0."""
    return sum(counters.get(name, 0) for name in names)


def spurious(run: Run) -> str:
    """Measured, and the bound where the hardware may not show them."""
    seen = count(run.counters, "pf_spurious")
    bound = run.predicted.get("pf_spurious_max", 0)
    return f"{seen}≤{bound}" if bound > seen else str(seen)


# Heading, what stands in the column, and whether a narrow terminal shows it.
COLUMNS = (
    ("requests", lambda r: count(r.counters, "remote_tlb_flush_requests"),
     True),
    ("least", lambda r: r.ideal.get("remote_tlb_flush_requests", ""), True),
    ("primary", lambda r: count(r.counters, "primary_flush_requests"), False),
    ("kicks", lambda r: count(r.counters, "kicks"), True),
    ("flushes", lambda r: count(r.counters, *INVEPT), True),
    ("faults", lambda r: count(r.counters, "pf_taken"), True),
    ("refaults", lambda r: count(r.counters, "pf_refault"), True),
    ("spurious", lambda r: spurious(r), True),
    ("stale", lambda r: r.stale_reads, False),
    ("verdict", lambda r: verdict(r), True),
)
WIDE = 118      # columns of a terminal that shows everything

LEGEND = ("requests: remote TLB flushes asked for; least: what the "
          "transitions allow; primary: the same for the host's own TLB; "
          "kicks: IPIs to running vCPUs; flushes: INVEPT or TLB_CONTROL; "
          "faults: guest faults; refaults: of them on a mapping that was "
          "zapped in vain; spurious, ≤ what hardware may show; "
          "stale: guest reads of a wrong byte.")


def verdict(run: Run) -> str:
    """The verdict, as it counts: a mutant is there to be caught."""
    if not run.mutant:
        return run.verdict
    return f"caught ({run.verdict})" if run.verdict in CAUGHT else run.verdict


def label(run: Run) -> str:
    """Names the row: the policy, or the mutant over its base."""
    return f"{run.mutant} (mutant)" if run.mutant else run.policy


def workloads(results: Results) -> list[tuple[str, list[Run]]]:
    """Runs by workload, both in the order in which they were made."""
    order: dict[str, list[Run]] = {}
    for run in results.runs:
        order.setdefault(run.workload, []).append(run)
    return list(order.items())


def head_line(results: Results) -> str:
    """What was run, on what."""
    machine = results.machine_text or f"{results.machine} machine"
    return (f"tandem {results.version} on {results.backend} "
            f"({machine}), {results.secondary.upper()}, "
            f"{several(results.cpus, 'CPU')}")


def subtitle(runs: list[Run]) -> str:
    """The size of the experiment."""
    run = runs[0]
    return f"{several(run.pages, 'page')}, {several(run.vcpus, 'vCPU')}, " \
        f"seed {run.seed}"


def several(n: int, what: str) -> str:
    """Two pages, but one page."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _style(run: Run) -> str:
    if run.mutant:
        return "dim" if run.verdict in ("coherent", *CAUGHT) else "bold red"
    return "" if run.verdict == "coherent" else "bold red"


def by_guest(runs: list[Run]) -> list[tuple[str, list[Run]]]:
    """Runs of one workload, apart by what the guest did."""
    return [(guest, [run for run in runs if run.guest == guest])
            for guest in dict.fromkeys(run.guest for run in runs)]


def print_tables(results: Results, console: Console) -> None:
    """A table for each workload, and its phases if there is only one."""
    groups = workloads(results)
    for name, runs in groups:
        parts = by_guest(runs)
        if console.width >= WIDE:
            console.print(f"{name}: {subtitle(runs)}", style="bold")
            table = _new_table()
            _fill(table, parts, COLUMNS, with_guest=True)
            console.print(table, "")
        else:
            for guest, group in parts:
                console.print(f"{name}, guest {guest}: {subtitle(group)}",
                              style="bold")
                table = _new_table(space=0)
                _fill(table, [(guest, group)],
                      [column for column in COLUMNS if column[2]],
                      with_guest=False)
                console.print(table, "")
        if len(groups) == 1:
            _print_phases(parts, console)
    console.print(LEGEND, style="dim")
    console.print(summary(results.runs))
    console.print(head_line(results))


def _new_table(space: int = 1) -> Table:
    from rich import box
    from rich.table import Table
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
                 padding=(0, space, 0, 0))


def _fill(table: Table, parts: list[tuple[str, list[Run]]],
          columns: Sequence[tuple], with_guest: bool) -> None:
    table.add_column("policy", no_wrap=True)
    if with_guest:
        table.add_column("guest", no_wrap=True)
    for heading, *_ in columns:
        table.add_column(heading, no_wrap=True, justify="left"
                         if heading == "verdict" else "right")
    for guest, runs in parts:
        for run in runs:
            cells = [str(value(run)) for _, value, _ in columns]
            table.add_row(label(run), *([guest] if with_guest else []),
                          *cells, style=_style(run))
        table.add_section()


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


def _print_phases(parts: list[tuple[str, list[Run]]],
                  console: Console) -> None:
    for guest, group in parts:
        console.print(f"by phase, guest {guest}: requests / refaults / "
                      "faults", style="bold")
        table = _new_table()
        table.add_column("phase", no_wrap=True)
        for run in group:
            table.add_column(label(run), justify="right")
        for row in phase_rows(group):
            table.add_row(*row)
        console.print(table, "")
