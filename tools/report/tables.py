"""The tables that people read: per workload what each policy cost, and for a
single workload where, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple, Sequence

from tools.report.results import CAUGHT, Phase, Results, Run, \
    policy_lines, summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GUEST = len("running")
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


class Column(NamedTuple):
    """A column of the tables."""

    heading: str
    short: str              # the heading where there is little room
    value: Callable[[Run], object]
    text: str = ""          # what it means
    leave_out: int = 0      # where room is short 1 goes first; 0 stays


COLUMNS = (
    Column("requests", "req", lambda r: count(
        r.counters, "remote_tlb_flush_requests"),
        "remote TLB flushes asked for"),
    Column("least", "least", lambda r: r.ideal.get(
        "remote_tlb_flush_requests", ""), "what the transitions allow"),
    Column("primary", "prim", lambda r: count(
        r.counters, "primary_flush_requests"),
        "the same for the host's own TLB", 2),
    Column("kicks", "kicks", lambda r: count(r.counters, "kicks"),
           "IPIs to running vCPUs", 3),
    Column("flushes", "flush", lambda r: count(r.counters, *INVEPT),
           "INVEPT or TLB_CONTROL", 5),
    Column("faults", "fault", lambda r: count(r.counters, "pf_taken"),
           "guest faults"),
    Column("refaults", "refault", lambda r: count(r.counters, "pf_refault"),
           "of them on a mapping that was zapped in vain"),
    Column("spurious", "spur", lambda r: spurious(r),
           "of them on an entry that was right, ≤ what hardware may show", 4),
    Column("stale", "stale", lambda r: r.stale_reads,
           "guest reads of a wrong byte", 1),
    Column("verdict", "verdict", lambda r: verdict(r)),
)


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
    wide = all(_width(runs, COLUMNS, "heading", 2) + 2 + GUEST
               <= console.width for _, runs in groups)
    left_out: list[str] = []
    for name, runs in groups:
        parts = by_guest(runs)
        if wide:
            console.print(f"{name}: {subtitle(runs)}", style="bold")
            table = _new_table()
            _fill(table, parts, COLUMNS, with_guest=True)
            console.print(table, "")
        else:
            columns = fitting(runs, console.width)
            left_out += [c.heading for c in COLUMNS if c not in columns]
            _print_apart(name, parts, columns, console)
        if len(groups) == 1:
            _print_phases(parts, console)
    console.print(legend("heading" if wide else "short"), style="dim")
    if left_out:
        console.print("Left out for want of room: "
                      + ", ".join(dict.fromkeys(left_out)) + ".", style="dim")
    for line in policy_lines(results.policies):
        console.print(line)
    console.print(summary(results.runs))
    for text in results.faults:
        console.print(text, style="bold red")
    console.print(head_line(results))


def legend(heading: str) -> str:
    """What the columns mean, each by its "heading" or its "short" one."""
    return "; ".join(f"{getattr(column, heading)}: {column.text}"
                     for column in COLUMNS if column.text) + "."


def fitting(runs: list[Run], width: int) -> list[Column]:
    """The columns for a table of @width, without the least important ones if
    it has no room for all."""
    columns = list(COLUMNS)
    for column in sorted(COLUMNS, key=lambda column: column.leave_out):
        if _width(runs, columns, "short", 1) <= width:
            break
        if column.leave_out:
            columns.remove(column)
    return columns


def _width(runs: list[Run], columns: Sequence[Column], heading: str,
           space: int) -> int:
    """Of a table with these columns, @space apart."""
    cells = [[getattr(column, heading),
              *(str(column.value(run)) for run in runs)]
             for column in columns]
    return max(len(label(run)) for run in runs) \
        + sum(space + max(map(len, column)) for column in cells)


def _print_apart(name: str, parts: list[tuple[str, list[Run]]],
                 columns: Sequence[Column], console: Console) -> None:
    """A table for each guest."""
    for guest, group in parts:
        console.print(f"{name}, guest {guest}: {subtitle(group)}",
                      style="bold")
        table = _new_table(space=0)
        _fill(table, [(guest, group)], columns, with_guest=False)
        console.print(table, "")


def _new_table(space: int = 1) -> Table:
    from rich import box
    from rich.table import Table
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
                 padding=(0, space, 0, 0))


def _fill(table: Table, parts: list[tuple[str, list[Run]]],
          columns: Sequence[Column], with_guest: bool) -> None:
    table.add_column("policy", no_wrap=True)
    if with_guest:
        table.add_column("guest", no_wrap=True)
    for column in columns:
        table.add_column(column.heading if with_guest else column.short,
                         no_wrap=True, justify="left"
                         if column.heading == "verdict" else "right")
    for guest, runs in parts:
        for run in runs:
            cells = [str(column.value(run)) for column in columns]
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
    longest = max(runs, key=lambda run: len(run.phases)).phases
    rows = []
    for number, phase in enumerate(longest):
        cells = [phase_cell(run.phases[number])
                 if number < len(run.phases) else "" for run in runs]
        before = sum(p.name == phase.name for p in longest[:number])
        again = f" ({before + 1})" if before else ""
        rows.append([phase.name + again, *cells])
    return rows


def _print_phases(parts: list[tuple[str, list[Run]]],
                  console: Console) -> None:
    for guest, group in parts:
        console.print(f"by phase, guest {guest}: requests / refaults / "
                      "faults", style="bold")
        first, *columns = zip(["phase", *map(label, group)],
                              *phase_rows(group))
        while columns:
            columns = _print_phases_of(first, columns, console)


def _print_phases_of(first: Sequence[str], columns: list[Sequence[str]],
                     console: Console) -> list[Sequence[str]]:
    """Print as many @columns beside @first as there is room for; returns the
    others."""
    table = _new_table()
    width = max(map(len, first))
    fit = 0
    for column in columns:
        width += 2 + max(map(len, column))
        if fit and width > console.width:
            break
        fit += 1
    for heading, *_ in [first, *columns[:fit]]:
        table.add_column(heading, no_wrap=True,
                         justify="left" if heading == "phase" else "right")
    for row in list(zip(first, *columns[:fit]))[1:]:
        table.add_row(*row)
    console.print(table, "")
    return columns[fit:]
