"""The tables that people read: per workload what each policy cost, and for a
single workload where, phase by phase."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Callable, NamedTuple, Sequence

from tools.report import rows, wins
from tools.report.results import Phase, Results, Run, policy_lines, \
    summary
from tools.report.rows import Row, Spread, by_guest, count, rows_of, \
    workloads

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GUEST = len("running")


class Column(NamedTuple):
    """A column of the tables."""

    heading: str
    short: str              # the heading where there is little room
    value: Callable[[Run], int | None]      # None: nobody knows
    text: str = ""          # what it means
    leave_out: int = 0      # where room is short 1 goes first; 0 stays
    bound: str = ""         # of what hardware may show, as it is predicted

    def spread(self, row: Row) -> Spread | None:
        """The value over the seeds of @row."""
        values = [n for n in map(self.value, row.runs) if n is not None]
        return Spread.of(values) if len(values) == len(row.runs) else None

    def cell(self, row: Row) -> str:
        """What the table says."""
        spread = self.spread(row)
        if spread is None:
            return ""
        bound = max(run.predicted.get(self.bound, 0) for run in row.runs)
        return f"{spread}≤{bound}" if bound > spread.high else str(spread)


COLUMNS = (
    Column("requests", "req", rows.requests, "remote TLB flushes asked for"),
    Column("least", "least", lambda run: run.ideal.get(
        "remote_tlb_flush_requests"),
        "what the transitions allow, empty if not known"),
    Column("primary", "prim", lambda run: count(
        run.counters, "primary_flush_requests"),
        "the same for the host's own TLB", 2),
    Column("kicks", "kicks", rows.kicks, "IPIs to running vCPUs", 3),
    Column("flushes", "flush", rows.flushes, "INVEPT or TLB_CONTROL", 5),
    Column("faults", "fault", rows.faults, "guest faults"),
    Column("refaults", "refault", lambda run: count(
        run.counters, "pf_refault"),
        "of them on a mapping that was zapped in vain"),
    Column("spurious", "spur", lambda run: count(
        run.counters, "pf_spurious"),
        "of them on an entry that was right, ≤ what hardware may show", 4,
        "pf_spurious_max"),
    Column("stale", "stale", lambda run: run.stale_reads,
           "guest reads of a wrong byte", 1),
)


def head_line(results: Results) -> str:
    """What was run, on what."""
    machine = results.machine_text or f"{results.machine} machine"
    return (f"tandem {results.version} on {results.backend} "
            f"({machine}), {results.secondary.upper()}, "
            f"{several(results.cpus, 'CPU')}")


def subtitle(runs: list[Run]) -> str:
    """The size of the experiment."""
    run = runs[0]
    seeds = sorted({run.seed for run in runs})
    text = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 \
        else f"seed {run.seed}"
    return f"{several(run.pages, 'page')}, {several(run.vcpus, 'vCPU')}, " \
        f"{text}"


def several(n: int, what: str) -> str:
    """Two pages, but one page."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def varying(parts: list[tuple[str, list[Row]]]) -> list[str]:
    """A line for each row whose figures depend on the seed."""
    lines = []
    for guest, group in parts:
        for row in group:
            texts = [f"{column.heading} {spread.whole}" for column in COLUMNS
                     if (spread := column.spread(row)) and spread.varies]
            if texts:
                lines.append(f"{row.label}, {guest}: {', '.join(texts)}")
    return lines


STYLES = {"bad": "bold red", "mutant": "dim", "": ""}


def print_tables(results: Results, console: Console) -> None:
    """A table for each workload, and its phases if there is only one."""
    groups = workloads(results)
    wide = all(_width(rows_of(runs), COLUMNS, "heading", 2) + 2 + GUEST
               <= console.width for _, runs in groups)
    left_out: list[str] = []
    for name, runs in groups:
        parts = by_guest(runs)
        if wide:
            console.print(f"{name}: {subtitle(runs)}", style="bold")
            table = new_table()
            _fill(table, parts, COLUMNS, with_guest=True)
            console.print(table, "")
        else:
            columns = fitting(rows_of(runs), console.width)
            left_out += [c.heading for c in COLUMNS if c not in columns]
            _print_apart(name, parts, columns, console)
        _print_varying(parts, console)
        if len(groups) == 1:
            _print_phases(parts, console)
    console.print(legend("heading" if wide else "short"), style="dim")
    if left_out:
        console.print("Left out for want of room: "
                      + ", ".join(dict.fromkeys(left_out)) + ".", style="dim")
    for line in policy_lines(results.policies):
        console.print(line)
    _print_wins(results, console)
    console.print(summary(results.runs))
    for text in results.faults:
        console.print(text, style="bold red")
    console.print(head_line(results))


def _print_item(text: str, console: Console) -> None:
    """A line of a list; what does not fit is indented below it."""
    console.print(fill(text, console.width, initial_indent="  ",
                       subsequent_indent="    ", break_on_hyphens=False))


def _print_wins(results: Results, console: Console) -> None:
    """Who wins in each workload, where there is something to win."""
    if len({(run.policy, run.mutant) for run in results.runs}) < 2:
        return
    console.print()
    console.print(wins.heading(results), style="bold")
    for name, text in wins.sentences(results):
        _print_item(f"{name}: {text}", console)
    console.print()


def _print_varying(parts: list[tuple[str, list[Row]]],
                   console: Console) -> None:
    """Where there are several seeds: which rows depend on them."""
    seeds = max(len(row.runs) for _, group in parts for row in group)
    if seeds == 1:
        return
    lines = varying(parts)
    console.print(f"~ varies over {seeds} seeds, median (range):" if lines
                  else f"No row varies over {seeds} seeds.")
    for line in lines:
        _print_item(line, console)
    console.print()


def legend(heading: str) -> str:
    """What the columns mean, each by its "heading" or its "short" one."""
    return "; ".join(f"{getattr(column, heading)}: {column.text}"
                     for column in COLUMNS if column.text) + "."


def fitting(group: list[Row], width: int) -> list[Column]:
    """The columns for a table of @width, without the least important ones if
    it has no room for all."""
    columns = list(COLUMNS)
    for column in sorted(COLUMNS, key=lambda column: column.leave_out):
        if _width(group, columns, "short", 1) <= width:
            break
        if column.leave_out:
            columns.remove(column)
    return columns


def _width(group: list[Row], columns: Sequence[Column], heading: str,
           space: int) -> int:
    """Of a table with these columns and the verdict, @space apart."""
    cells = [[getattr(column, heading), *map(column.cell, group)]
             for column in columns]
    cells.append(["verdict", *(row.verdict for row in group)])
    return max(len(row.label) for row in group) \
        + sum(space + max(map(len, column)) for column in cells)


def _print_apart(name: str, parts: list[tuple[str, list[Row]]],
                 columns: Sequence[Column], console: Console) -> None:
    """A table for each guest."""
    for guest, group in parts:
        runs = [run for row in group for run in row.runs]
        console.print(f"{name}, guest {guest}: {subtitle(runs)}",
                      style="bold")
        table = new_table(space=0)
        _fill(table, [(guest, group)], columns, with_guest=False)
        console.print(table, "")


def new_table(space: int = 1) -> Table:
    """An empty table as all of them look."""
    from rich import box
    from rich.table import Table
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
                 padding=(0, space, 0, 0))


def _fill(table: Table, parts: list[tuple[str, list[Row]]],
          columns: Sequence[Column], with_guest: bool) -> None:
    table.add_column("policy", no_wrap=True)
    if with_guest:
        table.add_column("guest", no_wrap=True)
    for column in columns:
        table.add_column(column.heading if with_guest else column.short,
                         no_wrap=True, justify="right")
    table.add_column("verdict", no_wrap=True)
    for guest, group in parts:
        for row in group:
            cells = [column.cell(row) for column in columns]
            table.add_row(row.label, *([guest] if with_guest else []),
                          *cells, row.verdict, style=STYLES[row.kind])
        table.add_section()


def phase_cell(phases: list[Phase]) -> str:
    """Requests / refaults / faults of one phase, over the seeds."""
    return " / ".join(
        str(Spread.of(count(phase.counters, name) for phase in phases))
        for name in ("remote_tlb_flush_requests", "pf_refault", "pf_taken"))


def phase_rows(group: list[Row]) -> list[list[str]]:
    """A row for each phase, a cell for each row; runs that ended early have
    empty cells."""
    runs = [run for row in group for run in row.runs]
    longest = max(runs, key=lambda run: len(run.phases)).phases
    found = []
    for number, phase in enumerate(longest):
        cells = []
        for row in group:
            phases = [run.phases[number] for run in row.runs
                      if number < len(run.phases)]
            cells.append(phase_cell(phases) if phases else "")
        before = sum(p.name == phase.name for p in longest[:number])
        again = f" ({before + 1})" if before else ""
        found.append([phase.name + again, *cells])
    return found


def _print_phases(parts: list[tuple[str, list[Row]]],
                  console: Console) -> None:
    for guest, group in parts:
        console.print(f"by phase, guest {guest}: requests / refaults / "
                      "faults", style="bold")
        first, *columns = zip(["phase", *(row.label for row in group)],
                              *phase_rows(group))
        while columns:
            columns = _print_phases_of(first, columns, console)


def _print_phases_of(first: Sequence[str], columns: list[Sequence[str]],
                     console: Console) -> list[Sequence[str]]:
    """Print as many @columns beside @first as there is room for; returns the
    others."""
    table = new_table()
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
