"""Plots, drawn by gnuplot: for each workload a group of bars, one a policy."""

from __future__ import annotations

import subprocess
from typing import Callable

from tools.errors import STATUS_NO_BACKEND, Stop
from tools.report.results import Results, Run
from tools.report.tables import count, workloads

# Okabe and Ito's colours, told apart by colour-blind eyes as well.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
           "#f0e442")
LEAST = "#777777"

Value = Callable[[Run], int]


def requests(run: Run) -> int:
    """Flushes asked for."""
    return count(run.counters, "remote_tlb_flush_requests")


def faults(run: Run) -> int:
    """Guest faults."""
    return count(run.counters, "pf_taken")


# Title, measured value, and the name of the ideal beside it.
PLOTS = (("Flush requests per page", requests, "remote_tlb_flush_requests"),
         ("Guest faults per page", faults, "pf_taken"))


def per_page(n: int | None, run: Run) -> str:
    """A bar's height for gnuplot; what is unknown has none."""
    return "NaN" if n is None else f"{n / run.pages:.4f}"


def script(results: Results, guest: str, title: str, value: Value,
           ideal: str) -> str:
    """The gnuplot program for one plot; empty if there is nothing to show."""
    groups = [(name, [r for r in runs if r.guest == guest and not r.mutant])
              for name, runs in workloads(results)]
    groups = [(name, runs) for name, runs in groups if runs]
    policies = list(dict.fromkeys(r.policy for _, runs in groups
                                  for r in runs))
    if not policies:
        return ""
    rows = []
    for name, runs in groups:
        of = {run.policy: run for run in runs}
        cells = [per_page(value(of[p]), of[p]) if p in of else "NaN"
                 for p in policies]
        known = [r.ideal[ideal] for r in runs if ideal in r.ideal]
        least = per_page(min(known) if known else None, runs[0])
        rows.append([f'"{name}"', *cells, least])
    return _program(title, [*policies, "least possible"], rows)


def _program(title: str, columns: list[str], rows: list[list[str]]) -> str:
    bars = []
    for number, name in enumerate(columns, 2):
        # gnuplot refuses a column in which nothing is known.
        if all(row[number - 1] == "NaN" for row in rows):
            continue
        colour = LEAST if number == len(columns) + 1 \
            else COLOURS[(number - 2) % len(COLOURS)]
        bars.append(f'$data using {number}:xtic(1) title "{name}" '
                    f'linecolor rgb "{colour}"')
    return "\n".join([
        'set terminal svg size 1000,380 dynamic font "sans-serif,13" '
        'background "#ffffff"',
        "$data << EOD", *map(" ".join, rows), "EOD",
        f'set title "{title}" font ",15"',
        "set style data histograms", "set style histogram clustered gap 1",
        "set style fill solid 1.0 noborder", "set boxwidth 0.9",
        "set yrange [0:*]", "set offsets 0, 0, 0.05, 0",
        "set grid ytics linecolor rgb '#dddddd'", "set border 3",
        "set tics nomirror", "set xtics scale 0 rotate by -25 noenhanced",
        "set key outside below horizontal noenhanced",
        "plot " + ", \\\n     ".join(bars)]) + "\n"


def draw(program: str) -> bytes:
    """The SVG that @program makes. Stop if gnuplot does not like it."""
    done = subprocess.run(["gnuplot", "-"], input=program.encode(),
                          capture_output=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise Stop(STATUS_NO_BACKEND, "gnuplot failed: "
                   + done.stderr.decode(errors="replace").strip())
    return done.stdout
